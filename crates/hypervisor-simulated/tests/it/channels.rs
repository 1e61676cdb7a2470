//! What one client can do to its own connection, to its guest and to others: channels, signals, and bounds.

use crate::support::{
    LIMIT,
    harness::{Ended, Harness, Trusting, begin, ended, run},
    keys_on_disk,
};
use cvmd_hypervisor::Hypervisor;
use russh::{
    Channel, ChannelMsg, ChannelOpenFailure, Error, Sig,
    client::{Handle, Msg},
};
use tokio::time::timeout;

/// Reads what a terminal shows until it ends with `end`.
async fn shown(channel: &mut Channel<Msg>, end: &str) -> String {
    let mut text = String::new();
    timeout(LIMIT, async {
        while !text.ends_with(end) {
            if let ChannelMsg::Data { data } = channel.wait().await.expect("the channel is open") {
                text.push_str(&String::from_utf8_lossy(&data));
            }
        }
    })
    .await
    .unwrap_or_else(|_| panic!("`{end}` is shown, not only {text:?}"));
    text
}

/// A shell at a terminal, at its prompt.
async fn terminal(client: &Handle<Trusting>) -> Channel<Msg> {
    let mut terminal = client.channel_open_session().await.unwrap();
    terminal.request_pty(true, "xterm", 80, 24, 0, 0, &[]).await.unwrap();
    terminal.request_shell(true).await.unwrap();
    shown(&mut terminal, "# ").await;
    terminal
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_holds_up_no_other_channel_and_a_signal_ends_it() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let (slow, given_up) = (begin(&client, "sleep 60; echo done").await, begin(&client, "sleep 60").await);
    assert_eq!(run(&client, "hostname").await.out, "VM-1-2\n");
    given_up.close().await.unwrap();
    slow.signal(Sig::INT).await.unwrap();
    assert_eq!(ended(slow).await, Ended { status: Some(130), out: String::new(), err: String::new() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_ten_channels_and_another_when_one_has_ended() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(begin(&client, "sleep 60").await);
    }
    assert!(client.channel_open_session().await.is_err());
    assert_eq!(harness.reached("ssh_channels"), 1);
    let first = open.remove(0);
    first.signal(Sig::TERM).await.unwrap();
    assert_eq!(ended(first).await.status, Some(143));
    assert_eq!(run(&client, "whoami").await.out, "root\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_at_a_terminal_ends_the_command_and_not_the_shell() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let mut terminal = terminal(&client).await;
    terminal.data(&b"sleep 60\recho typed ahead\r"[..]).await.unwrap();
    shown(&mut terminal, "sleep 60\r\n").await;
    terminal.data(&b"\x03"[..]).await.unwrap();
    assert_eq!(shown(&mut terminal, "# ").await, "^C\r\nroot@VM-1-2:~# ");
    terminal.data(&b"echo $?\r"[..]).await.unwrap();
    assert_eq!(shown(&mut terminal, "# ").await, "echo $?\r\n130\r\nroot@VM-1-2:~# ");
    // A line dropped at the prompt.
    terminal.data(&b"given up\x03"[..]).await.unwrap();
    shown(&mut terminal, "^C\r\nroot@VM-1-2:~# ").await;
    terminal.data(&b"exit 3\r"[..]).await.unwrap();
    assert_eq!(ended(terminal).await.status, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_goes_on_in_the_next_line() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let mut terminal = terminal(&client).await;
    terminal.data(&b"cat << E\rexit 7\rE\r"[..]).await.unwrap();
    let text = shown(&mut terminal, "# ").await;
    assert_eq!(text, "cat << E\r\n> exit 7\r\n> E\r\nexit 7\r\nroot@VM-1-2:~# ");
    // Given up by ctrl-C; and by ctrl-D, which says what is missing.
    terminal.data(&b"echo 'a\r"[..]).await.unwrap();
    shown(&mut terminal, "> ").await;
    terminal.data(&b"\x03"[..]).await.unwrap();
    assert_eq!(shown(&mut terminal, "# ").await, "^C\r\nroot@VM-1-2:~# ");
    terminal.data(&b"if true\r\x04"[..]).await.unwrap();
    let text = shown(&mut terminal, "# ").await;
    assert!(text.starts_with("if true\r\n> ") && text.contains("syntax error: it ends too early"), "{text:?}");
    terminal.data(&b"exit 3\r"[..]).await.unwrap();
    assert_eq!(ended(terminal).await.status, Some(3));

    let shell = client.channel_open_session().await.unwrap();
    shell.request_shell(true).await.unwrap();
    shell.data(&b"for i in 1 2\ndo\n  echo $i\ndone\ncat <<E\nexit 7\nE\necho 'cut"[..]).await.unwrap();
    shell.eof().await.unwrap();
    let seen = ended(shell).await;
    assert_eq!((seen.status, &*seen.out), (Some(2), "1\n2\nexit 7\n"));
    assert!(seen.err.contains("a quote is not closed"), "{seen:?}");
    // What follows a text that is not understood may belong to it.
    for (text, why) in [
        ("cleanup() {\necho never\n}\n".to_owned(), "has no functions"),
        (format!("if false; then\n{}echo never\nfi\n", "# a\n".repeat(400)), "over too many lines"),
    ] {
        let shell = client.channel_open_session().await.unwrap();
        shell.request_shell(true).await.unwrap();
        shell.data(text.as_bytes()).await.unwrap();
        shell.eof().await.unwrap();
        let seen = ended(shell).await;
        assert_eq!((seen.status, &*seen.out), (Some(2), ""), "{seen:?}");
        assert!(seen.err.contains(why), "{seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_end_is_ended() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let shell = client.channel_open_session().await.unwrap();
    shell.request_shell(true).await.unwrap();
    shell.data(&b"echo before\n"[..]).await.unwrap();
    // It is closed meanwhile.
    let _ = timeout(LIMIT, shell.data(&vec![b'a'; 1 << 20][..])).await;
    let seen = ended(shell).await;
    assert_eq!((seen.status, &*seen.out), (Some(2), "before\n"));
    assert!(seen.err.contains("a line has more than 131072 bytes"), "{seen:?}");
    assert_eq!(harness.reached("guest_line"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn input_that_no_command_takes_ends_it() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let shell = client.channel_open_session().await.unwrap();
    shell.request_shell(true).await.unwrap();
    shell.data(&b"sleep 60\n"[..]).await.unwrap();
    let _ = timeout(LIMIT, shell.data(&b"true\n".repeat(100_000)[..])).await;
    let seen = ended(shell).await;
    assert_eq!((seen.status, &*seen.err), (Some(1), "cvmd-guest: ended: too much input waits for a command\n"));
    assert_eq!(run(&client, "whoami").await.out, "root\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sessions_gather_has_one_bound_for_a_machine() {
    let harness = Harness::new().await;
    let mebibyte = vec![b'a'; 1 << 20];
    let (mut clients, mut gathering) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let client = harness.client().await;
        for _ in 0..9 {
            let channel = begin(&client, "cat > /tmp/f").await;
            let _ = timeout(LIMIT, channel.data(&mebibyte[..])).await;
            gathering.push(channel);
        }
        clients.push(client);
    }
    let mut refused = 0;
    for channel in gathering {
        let _ = channel.eof().await;
        let seen = ended(channel).await;
        // Either the command that gathers input, or the connection that passes it on, may reach the bound.
        refused += u32::from(seen.err.contains("Cannot allocate memory") || seen.err.contains("too much input"));
    }
    assert!(refused >= 4, "of 36 MiB at most 32 are held: {refused} were refused");
    assert!(harness.reached("guest_memory") >= 4);
    // All of it was given back.
    let channel = begin(&clients[0], "cat > /tmp/f; ls /tmp").await;
    channel.data(&mebibyte[..]).await.unwrap();
    channel.eof().await.unwrap();
    assert_eq!(ended(channel).await, Ended { status: Some(0), out: "f\n".into(), err: String::new() });
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_prints_or_holds_more_than_a_guest_has() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let channel = begin(&client, "cat > /tmp/f").await;
    channel.data(&vec![b'a'; 1 << 20][..]).await.unwrap();
    channel.eof().await.unwrap();
    assert_eq!(ended(channel).await.status, Some(0));
    let many = format!("cat{}", " /tmp/f".repeat(1000));
    let seen = run(&client, &many).await;
    assert_eq!((seen.status, seen.out.len()), (Some(1), 4 << 20), "{}", seen.err);
    let many = format!("scp -f{}", " /tmp/f".repeat(1000));
    let channel = begin(&client, &many).await;
    for _ in 0..20 {
        channel.data(&b"\0"[..]).await.unwrap();
    }
    let seen = ended(channel).await;
    assert!(seen.out.len() < 6 << 20 && seen.out.contains("too much for one copy"), "{} bytes", seen.out.len());
    let seen = run(&client, &"sudo ".repeat(20_000)).await;
    assert!(seen.err.contains("too many words"), "{}", seen.err);
    let seen = run(&client, &"a;".repeat(40_000)).await;
    assert!(seen.err.contains("more than 32768 words"), "{}", seen.err);
    let grown =
        "echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa >> ~/.ssh/authorized_keys;".repeat(1100);
    let seen = run(&client, &grown).await;
    assert!(seen.err.contains("authorized_keys has at most 65536 bytes"), "{}", seen.err);
    assert!(keys_on_disk(&harness.directory, harness.id).len() <= 65536);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_a_bound_counts_as_one() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let all = || harness.driver.bounds_reached().into_iter().map(|(_, count)| count).sum::<u64>();
    for (text, status) in [("for a; do c; done", 2), ("echo 'open", 2), ("a < b", 2), ("nothing", 127), ("cat /no", 1)]
    {
        assert_eq!(run(&client, text).await.status, Some(status), "{text}");
    }
    assert_eq!(run(&client, "echo 'echo $(true' > /tmp/s; sh /tmp/s > /tmp/out").await.status, Some(2));
    assert_eq!(all(), 0, "{:?}", harness.driver.bounds_reached());
    let words = format!("echo{}", " a".repeat(5_000));
    let wc = format!("echo {} > f; wc{}", "a".repeat(30_000), " f".repeat(80));
    let cp = format!("mkdir to; cp{} to", " f".repeat(300));
    let tee = format!("cat f | tee{}", " g".repeat(300));
    let many = (0..70).map(|number| format!("echo > /tmp/{number};")).collect::<String>();
    for (text, bound, message) in [
        (&*words, "guest_line", "too many words"),
        (&"a;".repeat(40_000), "guest_line", "more than 32768 words"),
        ("echo 'sh /tmp/again' > /tmp/again; sh /tmp/again", "guest_line", "nested so deep"),
        (&wc, "guest_reading", "wc: one command reads no more than"),
        (&wc.replace("wc", "grep -q z"), "guest_reading", "grep: one command reads no more than"),
        (&wc.replace("wc", "tail -n 0"), "guest_reading", "tail: one command reads no more than"),
        (&cp, "guest_reading", "one command copies no more than"),
        (&tee, "guest_reading", "one command copies no more than"),
        (&many, "guest_memory", "No space left on device"),
    ] {
        let before = harness.reached(bound);
        let seen = run(&client, text).await;
        assert!(seen.err.contains(message), "{}", seen.err);
        assert!(harness.reached(bound) > before && harness.reached("guest_output") == 0, "{message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_forwards_nothing_and_says_so() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let refused = client.channel_open_direct_tcpip("127.0.0.1", 22, "127.0.0.1", 1).await.map(drop);
    let prohibited = ChannelOpenFailure::AdministrativelyProhibited;
    assert!(matches!(refused, Err(Error::ChannelOpenFailure(ref why)) if *why == prohibited), "{refused:?}");
    assert!(client.tcpip_forward("127.0.0.1", 0).await.is_err());
    assert_eq!(run(&client, "whoami").await.out, "root\n");
}
