//! What provisioners use of a guest's shell: substitution, subshells, defaults, `if`, `printf`, `command -v`; and what
//! it refuses.

use crate::support::harness::{Ended, Harness, begin, ended, run};

#[track_caller]
fn prints(seen: Ended, out: &str, text: &str) {
    assert_eq!(seen, Ended { status: Some(0), out: out.into(), err: String::new() }, "{text}");
}

/// The first request of Ansible's `sh` plugin, from its log.
const ANSIBLE: &str = r#"/bin/sh -c '( umask 77 && mkdir -p "` echo /root/.ansible/tmp `"&& mkdir "` echo /root/.ansible/tmp/ansible-tmp-1-2 `" && echo ansible-tmp-1-2="` echo /root/.ansible/tmp/ansible-tmp-1-2 `" ) && sleep 0'"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_provisioners_ask_is_answered_as_sh_answers_it() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    for (text, out) in [
        (ANSIBLE, "ansible-tmp-1-2=/root/.ansible/tmp/ansible-tmp-1-2\n"),
        ("echo $(whoami)@`hostname` \"$(echo 'a  b')\" $(echo 'a  b')", "root@VM-1-2 a  b a b\n"),
        ("echo `echo \\`echo deep\\``; echo \"$(echo \"$(echo deeper)\")\"", "deep\ndeeper\n"),
        ("A=$(echo one; echo two); echo \"$A\"; B=$(false) || echo failed; echo $?", "one\ntwo\nfailed\n0\n"),
        ("X=1; (X=2; cd /tmp; echo $X; exit 3); echo $? $X; pwd", "2\n3 1\n/root\n"),
        (
            "(echo a; echo b) | wc -l; (cat /no; echo c) > /tmp/c 2>&1; cat /tmp/c",
            "2\ncat: /no: No such file or directory\nc\n",
        ),
        (
            "echo ${NONE:-x} ${HOME:-x} \"${NONE:-a  b}\" ${NONE:-$(echo now)} ${HOME:-$(touch /tmp/never)}; ls /tmp",
            "x /root a  b now /root\nc\n",
        ),
        ("if [ -f /etc/hostname ]; then echo yes; else echo no; fi", "yes\n"),
        ("if test -d /no\nthen echo a\nelif ! command -v python3 > /dev/null\nthen echo b\nelse echo c\nfi", "b\n"),
        ("if false; then echo a; fi; echo $?; if true; then false; fi || echo last", "0\nlast\n"),
        (
            "set -e; if false; then echo a; fi; ! true; (false; echo on) || true; if ! false; then echo b; fi; echo c",
            "on\nb\nc\n",
        ),
        ("if true; then exit 0; fi; echo never", ""),
        ("set -euo pipefail; (false | true) || echo failed; set +o pipefail; false | true; echo on", "failed\non\n"),
        ("sh -c 'set -eo pipefail; false | true; echo never'; echo $?", "1\n"),
        ("bash -euo pipefail -c 'false | true; echo never'; echo $?", "1\n"),
        ("set -o pipefail; sh -c 'false | true'; echo $?; false | true || echo mine", "0\nmine\n"),
        (
            "printf '#!/bin/bash -eo pipefail\nfalse | true\necho never\n' > /tmp/s; chmod +x /tmp/s; /tmp/s; echo $?",
            "1\n",
        ),
        (
            "printf '%s is %d\\n' a 1 b 2; printf 'x%%\\t%s' ''; printf '%s\\n' \"$(printf no-newline)\"",
            "a is 1\nb is 2\nx%\tno-newline\n",
        ),
        (
            "command -v ls cd sh; command -v python3 || echo none; which cat; command echo hi",
            "/usr/bin/ls\ncd\n/usr/bin/sh\nnone\n/usr/bin/cat\nhi\n",
        ),
        ("umask; umask 77; umask; echo > /tmp/m; ls -l /tmp/m | grep -c '^-rw-------'", "0022\n0077\n1\n"),
        ("[ 2 -gt 1 ] && [ 1 -eq 1 ] && [ ! 3 -le 2 ] && echo right", "right\n"),
        (
            "echo 'if [ \"$1\" = go ]; then echo ran $(pwd); fi' > /tmp/s; sh /tmp/s go > /tmp/o; cat /tmp/o; sh /tmp/s go | cat",
            "ran /root\nran /root\n",
        ),
        ("echo line | (cat)", "line\n"),
        (
            "mkdir -p /tmp/d/e /tmp/t; echo 1 > /tmp/d/f; cp -r /tmp/d/. /tmp/t; cp -r /tmp/d/e/.. new; ls /tmp/t new",
            "/tmp/t:\ne\nf\n\nnew:\ne\nf\n",
        ),
    ] {
        prints(run(&client, text).await, out, text);
    }
    for (text, status, why) in [
        ("mv /tmp/d/. /tmp/t", 1, "mv: /tmp/d/.: Device or resource busy"),
        ("rm -rf /tmp/d/. ", 1, "refusing to remove '.' or '..'"),
        ("echo a $(cat /no) 2> /dev/null", 0, "cat: /no: No such file or directory"),
        ("printf %x 1", 2, "printf: %x: of these only"),
        ("for a; do touch /tmp/half; done", 2, "syntax error: of `for` only"),
        ("while true; do touch /tmp/half", 2, "`done` is missing"),
        ("echo $((1 / 0))", 2, "division by zero"),
        ("echo $((1 + ))", 2, "a number is missing in $(( ))"),
        ("cat < /no; touch /tmp/other", 0, "sh: 1: cannot open /no: No such file or directory"),
        ("cat << END\nnever", 2, "no line `END` ends the text"),
        ("sed y/a/b/ /etc/hostname", 1, "sed: `y` is not known here"),
        ("f() { touch /tmp/half; }", 2, "syntax error: a guest's shell has no functions"),
        ("function f { touch /tmp/half; }", 2, "syntax error: a guest's shell has no functions"),
        ("A=(touch /tmp/half)", 2, "syntax error: a guest's shell has no arrays"),
        ("touch /tmp/half;; echo b", 2, "syntax error: `;;` is not known here"),
        ("exit foo; touch /tmp/half", 2, "exit: Illegal number: foo"),
        ("for i in 1 2; do break foo; touch /tmp/half; done", 2, "break: Illegal number: foo"),
        ("sleep 1x", 1, "sleep: invalid time interval '1x'"),
        ("sleep", 1, "sleep: missing operand"),
        ("hostname foo", 1, "hostname: the name of a simulated guest is its instance's"),
        ("echo a | grep -E '[z-a]'", 2, "grep: Invalid range end"),
        ("sed 's/[z-a]/x/' /etc/hostname", 1, "sed: Invalid range end"),
        ("sed -i s/a/b/", 1, "sed: no input files"),
        ("touch /tmp/half; ( echo a", 2, "a `)`, `fi` or `done` is missing"),
        ("touch /tmp/half; echo a )", 2, "syntax error: `)` is not expected"),
        ("(a) b", 2, "syntax error"),
        ("if touch /tmp/half; then fi", 2, "syntax error"),
        ("echo ${A:=b}; touch /tmp/half", 2, "syntax error"),
    ] {
        let seen = run(&client, text).await;
        assert!(seen.status == Some(status) && seen.err.contains(why), "{text}: {seen:?}");
    }
    prints(run(&client, "ls /tmp/d; test ! -e /tmp/half").await, "e\nf\n", "what is refused has done nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_inside_itself_or_prints_without_end_is_ended() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    run(&client, "echo > /tmp/ends; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do cat /tmp/ends /tmp/ends > /tmp/e; cp /tmp/e /tmp/ends; done").await;
    let big = format!("echo {} > /tmp/big; ", "a".repeat(100_000));
    let deep = |open: &str, close: &str| format!("{}true{}", open.repeat(17), close.repeat(17));
    for (text, bound, why) in [
        (deep("( ", ")"), "guest_line", "inside each other"),
        (deep("echo $(", ")"), "guest_line", "inside each other"),
        (deep("if ", "; then true; fi"), "guest_line", "inside each other"),
        (deep("echo ${A:-", "}"), "guest_line", "inside each other"),
        ("echo '(sh /tmp/a)' > /tmp/a; sh /tmp/a || echo on".into(), "guest_line", "nested so deep"),
        ("echo 'echo $(sh /tmp/b) on' > /tmp/b; sh /tmp/b".into(), "guest_line", "nested so deep"),
        ("echo 'sh /tmp/c; sh /tmp/c; X=$(sh /tmp/c)' > /tmp/c; sh /tmp/c".into(), "guest_line", "nested so deep"),
        (format!("{big}X=$(cat /tmp/big /tmp/big); echo on"), "guest_line", "prints more than 131072 bytes"),
        // If the rest consists of newlines only, the stored output does not show that it was cut.
        (
            format!("X=$(echo a; {}); echo $?", "echo;".repeat(4) + &"cat /tmp/ends;".repeat(4)),
            "guest_line",
            "prints more",
        ),
        ("while true; do :; done".into(), "guest_output", "runs on and on"),
        ("X=$(until false; do echo x; done)".into(), "guest_output", "runs on and on"),
        (
            format!("for a in {}; do for b in 1 2 3 4 5 6 7 8 9; do true; done; done", "x ".repeat(4000)),
            "guest_output",
            "runs on",
        ),
        (
            format!("echo a{} | grep '{}b'", "a".repeat(200), "a*".repeat(100)),
            "guest_reading",
            "more than 2000000 steps",
        ),
        (format!("echo{}", " $(true)".repeat(10_000)), "guest_line", "more than 32768 words"),
        (format!("echo {}", "$A".repeat(300)), "guest_line", "more than 256 variables in a word"),
        (format!("{big}(cat{0}; cat{0}) | wc -c", " /tmp/big".repeat(30)), "guest_output", "handed on at once"),
        (
            format!(
                "{big}echo 'cat{0}; cat{0}' > /tmp/p; {1}",
                " /tmp/big".repeat(20),
                "(sh /tmp/p > /dev/null);".repeat(40)
            ),
            "guest_output",
            "runs on and on",
        ),
    ] {
        let before = harness.reached(bound);
        let seen = run(&client, &text).await;
        let start = &text[..text.len().min(60)];
        assert!(seen.err.contains(why), "{start}: {:?} {}", seen.status, &seen.err[..seen.err.len().min(300)]);
        assert!(harness.reached(bound) > before, "{start}");
        assert_eq!(seen.err.matches(why).count(), 1, "{start}: printed once");
    }
    prints(run(&client, "echo all was given back").await, "all was given back\n", "memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_what_stands_in_a_word_and_the_command_too() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let channel = begin(&client, "touch /tmp/begun$(sleep 60)").await;
    channel.signal(russh::Sig::INT).await.unwrap();
    let seen = ended(channel).await;
    assert_eq!(seen.status, Some(130), "{seen:?}");
    prints(run(&client, "ls /tmp").await, "", "nothing was touched");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_at_random_come_to_an_end() {
    const WORDS: [&str; 40] = [
        "echo", "a", "cat", "/tmp/f", "cd", "/tmp", "(", ")", "$(", "`", "\"", "'", "\\", "$A", "${A:-", "}", "if",
        "then", "else", "elif", "fi", "!", "|", "||", "&&", ";", "\n", ">", ">>", "2>&1", "/tmp/s", "sh", "-c",
        "printf", "%s", "test", "=", "A=b", "set -e", "exit 3",
    ];
    let harness = Harness::new().await;
    let client = harness.client().await;
    let mut seed: u64 = 20_261_128;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let mut good = 0;
    for _ in 0..400 {
        let line: Vec<&str> = (0..1 + next(12)).map(|_| WORDS[next(WORDS.len())]).collect();
        let line = line.join([" ", ""][next(2)]);
        let channel = begin(&client, &line).await;
        channel.eof().await.unwrap();
        let seen = ended(channel).await;
        assert!(seen.status.is_some(), "{line:?}: {seen:?}");
        good += u32::from(seen.status == Some(0));
    }
    assert!(good > 10, "some of them run: {good}");
}

/// The peak of this process's memory, in MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_path_before_each_line_costs_no_more_than_may_be_printed() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let twice = "cat /tmp/n /tmp/n > /tmp/m; cat /tmp/m /tmp/m > /tmp/n; ".repeat(8);
    prints(run(&client, &format!("echo > /tmp/n; {twice} wc -l /tmp/n")).await, "65536 /tmp/n\n", "a file of lines");
    let before = peak_mib();
    let path = format!("/tmp/{}n", "./".repeat(15_000));
    let seen = run(&client, &format!("grep -v zz {path} /tmp/n")).await;
    assert_eq!((seen.status, &*seen.out), (Some(2), ""));
    assert!(seen.err.contains("one command prints no more than 4194304 bytes"), "{}", seen.err);
    // All lines with their path would be 1,900 MiB.
    assert!(peak_mib() < before + 600, "{} MiB after {before}", peak_mib());
    prints(
        run(&client, &format!("grep -cv zz {path}; tail -n 1 {path} | wc -l; head -n 2 {path} | wc -l")).await,
        "65536\n1\n2\n",
        "",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bound_ends_inside_a_substitution_is_no_success() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    prints(run(&client, "echo 'echo $(sh /tmp/t)' > /tmp/t").await, "", "a script that calls itself");
    for text in [
        "X=$(sh /tmp/t); echo never",
        "X=$(sh /tmp/t) || exit 3",
        "(sh /tmp/t); echo never",
        "sh /tmp/t | cat; echo never",
    ] {
        let seen = run(&client, text).await;
        assert_eq!((seen.status, &*seen.out), (Some(2), ""), "{text}: {}", seen.err);
        assert!(seen.err.contains("not nested so deep"), "{text}: {}", seen.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn loops_and_input_are_as_in_sh() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    for (text, out) in [
        ("for i in a 'b c' $(echo d e); do echo \"<$i>\"; done", "<a>\n<b c>\n<d>\n<e>\n"),
        ("i=0; while [ $i -lt 3 ]; do i=$((i + 1)); echo $i; done; echo $i", "1\n2\n3\n3\n"),
        ("i=3; until [ $i -eq 0 ]\ndo\n  i=$((i-1))\ndone; echo $?", "0\n"),
        ("for i in 1 2 3 4; do if [ $i -eq 2 ]; then continue; fi; [ $i = 4 ] && break; echo $i; done", "1\n3\n"),
        ("for i in 1 2; do for j in a b; do break; done; echo $i$j; done", "1a\n2a\n"),
        (
            "for i in 1 2; do while true; do for j in a b; do break 99; done; echo no; done; echo no; done; echo $i$j",
            "1a\n",
        ),
        ("for i in 1 2; do for j in a b; do continue 2; done; echo no; done; echo $i$j", "2a\n"),
        ("for i in 1 2; do while break 2; do echo no; done; echo no; done; echo $i", "1\n"),
        ("(exit 256); echo $?; (exit -1); echo $?; sh -c 'exit 259' || echo $?", "0\n255\n3\n"),
        (
            "echo -e 'a\\tb\\x41\\0102\\q\\cnever'; echo; echo -ne 'x\\n'; echo -n; echo -eE '\\n' - -e",
            "a\tbAB\\q\nx\n\\n - -e\n",
        ),
        ("echo $((-9223372036854775808 / -1))", "-9223372036854775808\n"),
        ("while true; do echo x; done | head -2; echo $?", "x\nx\n0\n"),
        ("set -o pipefail; while true; do echo x; done | head -n 1 || echo $?", "x\n141\n"),
        ("set -o pipefail; (echo a; echo b) | head -1 && echo fast", "a\nfast\n"),
        ("while true; do echo y; sleep 0.2; done | sed -n '2p;2q' | cat; echo on", "y\non\n"),
        ("i=0; while :; do i=$((i+1)); echo n$i; done 2>&1 | grep -q n7 && echo found", "found\n"),
        ("until false; do echo a b; done | read x y; echo $?", "0\n"),
        (
            "cd /tmp; touch g1 g2 .g; echo g* '*' \"g*\" g\\* [g]? .g? no*; A='g?'; echo $A \"$A\"; B=g*; echo \"$B\"",
            "g1 g2 * g* g* g1 g2 .g? no*\ng1 g2 g?\ng*\n",
        ),
        (
            "cd /tmp; for f in g[1-2]; do echo $f; done; ls /tmp/g? | wc -l; rm g*; ls g* 2> /dev/null || echo gone",
            "g1\ng2\n2\ngone\n",
        ),
        ("sleep 0.01 0.01s && echo on; hostname -f", "on\nVM-1-2\n"),
        (
            "for i in 1 2; do echo $i; done > /tmp/f; while read line; do echo \"got $line\"; done < /tmp/f",
            "got 1\ngot 2\n",
        ),
        ("printf 'a b c\\nd\\n' | while read x y; do echo \"$x-$y\"; done", "a-b c\nd-\n"),
        ("set -e; for i in 1 2; do false || echo $i; done; echo on", "1\n2\non\n"),
        ("cat << END\n$HOME $((6 * 7)) \"q\"\nEND\ncat <<'END'\n$HOME\nEND", "/root 42 \"q\"\n$HOME\n"),
        ("cat > /tmp/g <<-X\n\tone\n\tX\ncat /tmp/g", "one\n"),
        ("wc -l < /tmp/f; n=$(( $(wc -l < /tmp/f) + 40 )); echo $n", "2\n42\n"),
        ("sed -i 's/^1$/one/' /tmp/f; sed -n '$p;1p' /tmp/f; echo k=v | sed 's/\\(.*\\)=.*/\\1/'", "one\n2\nk\n"),
        ("grep -c '^[a-z]*$' /tmp/f; grep -E 'o(n)e+' /tmp/f", "1\none\n"),
        ("grep -c ':/root:' /etc/passwd; df | grep -c '^/dev/vda1 '; df -h / | wc -l", "1\n1\n2\n"),
    ] {
        prints(run(&client, text).await, out, text);
    }
    // The client's input is read once, by the first reader.
    for (text, out) in [
        ("(cat; cat)", "1\n2\n3\n"),
        ("read a; cat; echo $a", "2\n3\n1\n"),
        ("cat > /tmp/first; cat; wc -c < /tmp/first", "6\n"),
        ("while read n; do echo \"n$n\"; done", "n1\nn2\nn3\n"),
    ] {
        let channel = begin(&client, text).await;
        channel.data_bytes(&b"1\n2\n3\n"[..]).await.unwrap();
        channel.eof().await.unwrap();
        prints(ended(channel).await, out, text);
    }
    // A line of the keys is removed as people do it.
    run(&client, "sed -i '/./d' ~/.ssh/authorized_keys").await;
    prints(run(&client, "cat ~/.ssh/authorized_keys | wc -c").await, "0\n", "no key is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_a_loop() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let channel = begin(&client, "while true; do sleep 60; done; touch /tmp/never").await;
    channel.signal(russh::Sig::INT).await.unwrap();
    assert_eq!(ended(channel).await.status, Some(130));
    prints(run(&client, "ls /tmp").await, "", "nothing was touched");
}
