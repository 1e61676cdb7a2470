//! Files and scripts in a guest, copied there and back by OpenSSH's own scp.

use super::{Harness, good};
use crate::support::{Key, login};
use cvmd_hypervisor::Hypervisor;
use cvmd_model::InstanceId;

struct Guest {
    harness: Harness,
    key: Key,
    id: InstanceId,
}

impl Guest {
    async fn new() -> Guest {
        let harness = Harness::new();
        let key = harness.key("mine");
        let id = harness.machine("", &login(&[&key], None)).await;
        Guest { harness, key, id }
    }

    /// A file of the test.
    fn file(&self, name: &str, body: &[u8]) -> String {
        let path = self.harness.directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, body).unwrap();
        path.to_str().unwrap().to_owned()
    }

    async fn copy(&self, options: &[&str], paths: &[&str]) -> crate::support::Seen {
        self.harness.ssh(self.id).copy(&self.key, options, paths).await
    }

    async fn run(&self, text: &str) -> crate::support::Seen {
        self.harness.ssh(self.id).with_key(&self.key, &[text]).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_back_as_it_was_sent_and_is_gone_at_the_next_boot() {
    let guest = Guest::new().await;
    let body: Vec<u8> = (0..1_000_000_u32).flat_map(|number| number.to_le_bytes()).take(1 << 20).collect();
    let (sent, empty) = (guest.file("sent", &body), guest.file("empty", b""));
    assert_eq!(guest.copy(&["-p"], &[&sent, &empty, ":/tmp"]).await, good(""));
    let back = guest.file("back/none", b"");
    let directory = back.trim_end_matches("/none");
    for name in [":/tmp/sent", ":/tmp/empty"] {
        assert_eq!(guest.copy(&[], &[name, directory]).await, good(""));
    }
    assert_eq!(std::fs::read(format!("{directory}/sent")).unwrap(), body);
    assert_eq!(std::fs::read(format!("{directory}/empty")).unwrap(), b"");
    assert_eq!(guest.run("ls /tmp; test -f /tmp/sent && test ! -d /tmp/sent").await, good("empty\nsent\n"));
    guest.harness.stop(guest.id).await;
    guest.harness.start(guest.id).await;
    assert_eq!(guest.run("ls /tmp").await, good(""));
    let seen = guest.copy(&[], &[":/tmp/sent", directory]).await;
    assert!(seen.status == Some(1) && seen.err.contains("/tmp/sent: No such file or directory"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_copied_in_and_out() {
    let guest = Guest::new().await;
    guest.file("tree/a", b"one");
    let inner = guest.file("tree/inner/b", b"two");
    let tree = inner.trim_end_matches("/inner/b");
    assert_eq!(guest.copy(&["-r"], &[tree, ":"]).await, good(""));
    assert_eq!(guest.run("ls ~; ls tree; cat tree/inner/b ~/tree/a").await, good("tree\na\ninner\ntwoone"));
    let back = guest.harness.directory.path().join("back");
    assert_eq!(guest.copy(&["-r"], &[":tree", back.to_str().unwrap()]).await, good(""));
    assert_eq!(std::fs::read(back.join("inner/b")).unwrap(), b"two");
    assert_eq!(std::fs::read(back.join("a")).unwrap(), b"one");
    assert_eq!(guest.run("rm -rf tree; test -e tree || ls ~").await, good(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_are_too_large_or_elsewhere_are_refused_with_a_message() {
    let guest = Guest::new().await;
    let (large, small) = (guest.file("large", &vec![0; (1 << 20) + 1]), guest.file("small", b"small"));
    let whole = guest.file("whole", &vec![0; 1 << 20]);
    for (from, to, why) in [
        (&large, ":/tmp/large", "File too large"),
        (&small, ":/etc/small", "only /tmp, /root and /root/.ssh/authorized_keys can be written"),
        (&small, ":/tmp/none/small", "No such file or directory"),
    ] {
        let seen = guest.copy(&[], &[from, to]).await;
        assert!(seen.status == Some(1) && seen.err.contains(why), "{to}: {seen:?}");
    }
    for name in [":a", ":b", ":c", ":d"] {
        assert_eq!(guest.copy(&[], &[&whole, name]).await, good(""));
    }
    let seen = guest.copy(&[], &[&small, ":e"]).await;
    assert!(seen.status == Some(1) && seen.err.contains("No space left on device"), "{seen:?}");
    // Removing a file makes room, and the rest of the refused copy is accepted.
    assert_eq!(guest.run("rm a").await, good(""));
    let seen = guest.copy(&[], &[&large, &small, ":/tmp"]).await;
    assert_eq!((seen.status, guest.run("cat /tmp/small").await), (Some(1), good("small")));
}

#[tokio::test(flavor = "multi_thread")]
async fn authorized_keys_by_scp_are_on_the_disk() {
    let guest = Guest::new().await;
    let other = guest.harness.key("other");
    let keys = guest.file("keys", format!("{}\n", other.public).as_bytes());
    assert!(guest.harness.ssh(guest.id).with_key(&other, &["true"]).await.refused());
    assert_eq!(guest.copy(&[], &[&keys, ":.ssh/authorized_keys"]).await, good(""));
    guest.harness.stop(guest.id).await;
    guest.harness.start(guest.id).await;
    assert!(guest.run("true").await.refused());
    assert_eq!(guest.harness.ssh(guest.id).with_key(&other, &["whoami"]).await, good("root\n"));
    assert!(guest.harness.driver.observe(guest.id).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_runs_as_provisioners_run_it() {
    let guest = Guest::new().await;
    let script = guest.file("script.sh", b"#!/bin/sh -e\nwhoami\necho \"$BUILD of $0\"\nfalse\necho never\n");
    assert_eq!(guest.run("test -d \"/tmp/script.sh\"\n").await.status, Some(1));
    assert_eq!(guest.copy(&["-v"], &[&script, ":/tmp/script.sh"]).await.status, Some(0));
    let refused = guest.run("/tmp/script.sh").await;
    assert!(refused.status == Some(126) && refused.err.contains("Permission denied"), "{refused:?}");
    assert_eq!(guest.run("chmod 0755 /tmp/script.sh\n").await, good(""));
    let seen = guest.run("chmod +x /tmp/script.sh; BUILD='my image' OTHER=''  /tmp/script.sh").await;
    assert_eq!((seen.status, &*seen.out), (Some(1), "root\nmy image of /tmp/script.sh\n"));
    assert_eq!(guest.run("sh -e /tmp/script.sh || echo \"$? $BUILD.\"").await.out.lines().last(), Some("1 ."));
    assert_eq!(guest.run("rm -f /tmp/script.sh").await, good(""));
    assert_eq!(guest.run("rm -f ").await, good(""));
    assert_eq!(guest.run("/tmp/script.sh").await.status, Some(127));
    assert_eq!(guest.run("apt-get update").await.status, Some(127));
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_call_scripts_and_what_they_set_ends_with_them() {
    let guest = Guest::new().await;
    let text = "mkdir -p a/b; echo 'A=2; set -e; export A; sh a/c $A; echo never' > a/b/d
        echo 'echo \"$1 $A\"; exit 7' > a/c; A=1; sh a/b/d; echo $? $A; . a/b/d; echo never";
    assert_eq!(guest.run(text).await, crate::support::Seen { status: Some(7), ..good("2 2\n7 1\n2 2\n") });
    // A script that calls itself is ended.
    let endless = guest.run("echo 'sh me' > me; sh me").await;
    assert!(endless.status == Some(2) && endless.err.contains("nested"), "{endless:?}");
    let twice = guest.run("echo 'echo a; sh me; sh me' > me; sh me").await;
    assert!(twice.status == Some(2) && twice.err.contains("ended"), "{:?}", twice.status);
    let doubled = format!("A=0123456789; {} echo $A", "A=$A$A; ".repeat(40));
    let doubled = guest.run(&doubled).await;
    assert!(doubled.err.contains("too long") && doubled.out.len() < 1 << 20, "{:?}", doubled.status);
    let grammar = guest.run("echo 'case a in b)\npoweroff\nesac' > me; sh me; echo $?").await;
    assert_eq!((&*grammar.out, grammar.err.contains("`case` is not known here")), ("2\n", true));
}
