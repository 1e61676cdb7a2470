//! What people type first in a guest, compared with Debian 12's shell and coreutils.

use crate::support::harness::{Ended, Harness, run};
use russh::{ChannelMsg, client::Handle};

type Client = Handle<crate::support::harness::Trusting>;

/// Checks that a command printed this to stdout, nothing to stderr, and succeeded.
#[track_caller]
fn prints(seen: Ended, out: &str, text: &str) {
    assert_eq!(seen, Ended { status: Some(0), out: out.into(), err: String::new() }, "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_goes_into_directories_and_stays_there() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    for (text, out) in [
        ("cd /tmp && pwd", "/tmp\n"),
        ("cd /tmp; cd; pwd", "/root\n"),
        ("cd /tmp; cd - > /dev/null; pwd; echo $OLDPWD", "/root\n/tmp\n"),
        (
            "mkdir -p /tmp/a/b; cd /tmp/a; echo one > b/f; cat b/f; cd b; cat ./f ../b/f; echo $PWD",
            "one\none\none\n/tmp/a/b\n",
        ),
        ("cd /tmp/a; sh -c 'cd b; pwd'; pwd", "/tmp/a/b\n/tmp/a\n"),
        ("cd /etc; cat hostname", "VM-1-2\n"),
    ] {
        prints(run(&client, text).await, out, text);
    }
    for (text, why) in [("cd /nowhere", "No such file or directory"), ("cd /etc/hostname", "Not a directory")] {
        let seen = run(&client, &format!("{text} || pwd")).await;
        assert_eq!(seen.out, "/root\n", "{text}");
        assert!(seen.err.ends_with(&format!("{}: {why}\n", text.replace("cd ", "cd: "))), "{}", seen.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_go_where_they_are_sent() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    for (text, out) in [
        ("cat /no 2>&1 || true", "cat: /no: No such file or directory\n"),
        ("cat /no 2>/dev/null || true", ""),
        ("cat /etc/hostname /no > /tmp/both 2>&1 || cat /tmp/both", "VM-1-2\ncat: /no: No such file or directory\n"),
        ("cat /etc/hostname /no &> /tmp/both || cat /tmp/both", "VM-1-2\ncat: /no: No such file or directory\n"),
        ("cat /etc/hostname /no >/tmp/out 2>/tmp/err || cat /tmp/err", "cat: /no: No such file or directory\n"),
        ("cat /tmp/out; cat /no 2>> /tmp/out || cat /tmp/out", "VM-1-2\nVM-1-2\ncat: /no: No such file or directory\n"),
    ] {
        prints(run(&client, text).await, out, text);
    }
    let seen = run(&client, "echo wrong >&2").await;
    assert_eq!(seen, Ended { status: Some(0), out: String::new(), err: "wrong\n".into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_is_that_of_a_login() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    prints(run(&client, "echo $HOME $USER $SHELL $PATH").await, &format!("/root root /bin/bash {path}\n"), "echo");
    let environment = format!("HOME=/root\nLOGNAME=root\nPATH={path}\nPWD=/root\nSHELL=/bin/bash\nUSER=root\n");
    prints(run(&client, "env").await, &environment, "env");
    prints(run(&client, "export A=b; printenv A HOME; unset A; echo \"<$A>\"").await, "b\n/root\n<>\n", "printenv");
    assert_eq!(run(&client, "printenv NONE").await.status, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_listed_as_coreutils_list_them() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    prints(run(&client, "ls").await, "", "nothing is in a new home that is not hidden");
    prints(run(&client, "ls -A; ls -a; ls .ssh; ls -d .ssh").await, ".ssh\n.\n..\n.ssh\nauthorized_keys\n.ssh\n", "-A");
    prints(run(&client, "ls /").await, "dev\netc\nproc\nroot\ntmp\n", "/");
    assert_eq!(
        run(&client, "cd /tmp; echo hello > b; mkdir a; echo > .c; chmod 750 b; ls; ls a b").await.out,
        "a\nb\nb\n\na:\n"
    );
    let seen = run(&client, "ls -la /tmp").await.out;
    // Without the times, which are the boot's.
    let shape: Vec<_> = seen.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let shape: Vec<_> = shape.iter().map(|words| [words.first(), words.get(1), words.get(4), words.last()]).collect();
    let entry = |mode: &'static str, links: &'static str, bytes: &'static str, name: &'static str| {
        [mode, links, bytes, name].map(|word| word.to_owned())
    };
    let entry = [
        entry("drwxrwxrwt", "3", "4096", "."),
        entry("drwxr-xr-x", "7", "4096", ".."),
        entry("-rw-r--r--", "1", "1", ".c"),
        entry("drwxr-xr-x", "2", "4096", "a"),
        entry("-rwxr-x---", "1", "6", "b"),
    ];
    assert!(seen.starts_with("total 20\n"), "{seen}");
    assert_eq!(shape[1..].iter().map(|line| line.map(|word| (*word.unwrap()).to_owned())).collect::<Vec<_>>(), entry);
    let widths: Vec<_> = seen.lines().skip(1).map(|line| line.find(" root root ").unwrap()).collect();
    assert!(widths.iter().all(|at| *at == widths[0]), "columns: {seen}");
    let missing = run(&client, "ls /nowhere").await;
    assert_eq!((missing.status, &*missing.err), (Some(2), "ls: cannot access '/nowhere': No such file or directory\n"));
    assert_eq!(run(&client, "ls -R").await.status, Some(2), "what is not understood is refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_is_printed_and_the_prompt_shows_the_directory() {
    let harness = Harness::new().await;
    let client: Client = harness.client().await;
    let seen = run(&client, "date; date +%Y; uptime").await;
    let lines: Vec<_> = seen.out.lines().collect();
    assert!(
        lines[0].contains(" UTC 20") && lines[0].ends_with(lines[1]) && lines[2].contains(" up 0 min,"),
        "{}",
        seen.out
    );
    let mut terminal = client.channel_open_session().await.unwrap();
    terminal.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.unwrap();
    terminal.request_shell(true).await.unwrap();
    terminal.data(&b"cd /tmp\rmkdir ~/x\rcd ~/x\rexit\r"[..]).await.unwrap();
    let mut shown = String::new();
    let all = async {
        while let Some(message) = terminal.wait().await {
            if let ChannelMsg::Data { data } = message {
                shown.push_str(&String::from_utf8_lossy(&data));
            }
        }
    };
    tokio::time::timeout(crate::support::LIMIT, all).await.unwrap();
    for prompt in ["root@VM-1-2:~# ", "root@VM-1-2:/tmp# ", "root@VM-1-2:~/x# "] {
        assert!(shown.contains(prompt), "{prompt}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_command_prints_the_next_one_takes() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    for (text, out) in [
        ("echo one | cat", "one\n"),
        ("env | grep HOME | wc -l", "1\n"),
        ("cat /etc/os-release | head -n 1 | grep -c NAME", "1\n"),
        ("echo 'echo $1; exit 3' | sh -s word; echo $?", "word\n3\n"),
        ("false | true && echo good", "good\n"),
        ("false && echo a | cat; echo b |\n cat", "b\n"),
        ("cd /tmp | true; exit 4 | true; pwd", "/root\n"),
        ("echo line | sudo tee -a /tmp/t > /dev/null; echo more | tee -a /tmp/t; cat /tmp/t", "more\nline\nmore\n"),
        ("false | grep x || echo nothing", "nothing\n"),
        ("set -e; false | true; echo on", "on\n"),
    ] {
        prints(run(&client, text).await, out, text);
    }
    let seen = run(&client, "cat /none | wc -c").await;
    assert_eq!((seen.status, &*seen.out), (Some(0), "0\n"));
    assert!(seen.err.contains("/none: No such file or directory"), "{seen:?}");
    for text in ["echo a |", "| cat", "echo a | | cat", "echo a |& cat"] {
        let seen = run(&client, text).await;
        assert!(seen.status == Some(2) && seen.err.contains("syntax error"), "{text}: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_copied_and_moved_and_variables_are_lent() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    for (text, out) in [
        ("echo one > /tmp/a; cp /tmp/a /tmp/b; mv /tmp/b c; cat /tmp/a c; ls /tmp", "one\none\na\n"),
        (
            "mkdir -p d/e; echo two > d/e/f; cp -r d /tmp; mv d /tmp/moved; cat /tmp/d/e/f /tmp/moved/e/f; test ! -d d",
            "two\ntwo\n",
        ),
        ("cp /etc/hostname .; cat hostname", "VM-1-2\n"),
        ("A=1 env | grep ^A=; echo \"<$A>\"", "A=1\n<>\n"),
        ("env A=2 | grep ^A=; env A=3 sh -c 'echo $A'; A=4 printenv A", "A=2\n3\n4\n"),
        (
            "cp .ssh/authorized_keys keys; echo '# mine' >> keys; mv keys .ssh/authorized_keys; cat .ssh/authorized_keys; ls",
            "# mine\nc\nhostname\n",
        ),
        ("mv .ssh/authorized_keys old; cat .ssh/authorized_keys old", "# mine\n"),
    ] {
        prints(run(&client, text).await, out, text);
    }
    for (text, why) in [
        ("cp /none x", "No such file or directory"),
        ("cp /tmp/d x", "omitting directory"),
        ("mv /etc/hostname x", "this stays in a simulated guest"),
        ("mv /tmp/d /tmp/d/e", "Invalid argument"),
        ("cp a b c", "Not a directory"),
        ("cp /tmp/a /etc/a", "only /tmp, /root"),
    ] {
        let seen = run(&client, text).await;
        assert!(seen.status == Some(1) && seen.err.contains(why), "{text}: {seen:?}");
    }
}
