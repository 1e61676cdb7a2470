//! The sftp subsystem, by OpenSSH's own sftp and scp.

use super::{Harness, good};
use crate::support::login;

#[tokio::test(flavor = "multi_thread")]
async fn sftp_puts_and_gets_and_moves_and_removes() {
    let harness = Harness::new();
    let key = harness.key("mine");
    let id = harness.machine("", &login(&[&key], None)).await;
    let directory = harness.directory.path();
    let body: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).take(1 << 20).collect();
    std::fs::write(directory.join("sent"), &body).unwrap();
    let (here, batch) = (directory.display(), directory.join("batch"));
    let run = async |text: &str| {
        std::fs::write(&batch, text).unwrap();
        harness.ssh(id).sftp(&key, &batch).await
    };
    let seen = run(&format!(
        "pwd\nput {here}/sent /tmp/x\nmkdir /tmp/d\nrename /tmp/x /tmp/d/y\nchmod 600 /tmp/d/y\nls -l /tmp/d\nget /tmp/d/y {here}/back\n"
    ))
    .await;
    assert_eq!(seen.status, Some(0), "{seen:?}");
    assert!(seen.out.contains("Remote working directory: /root"), "{seen:?}");
    assert!(seen.out.contains("-rw-------") && seen.out.contains("1048576"), "{seen:?}");
    assert_eq!(std::fs::read(directory.join("back")).unwrap(), body);
    let seen = harness.ssh(id).with_key(&key, &["ls /tmp /tmp/d; wc -c /tmp/d/y"]).await;
    assert_eq!(seen, good("/tmp:\nd\n\n/tmp/d:\ny\n1048576 /tmp/d/y\n"));
    for (text, why) in [
        ("rmdir /tmp/d", "Failure"),
        ("mkdir /tmp/d", "Failure"),
        ("rm /tmp/d/none", "No such file"),
        ("mkdir /etc/d", "Permission denied"),
        ("rm /etc/hostname", "Permission denied"),
        ("get /tmp/none", "not found"),
    ] {
        let seen = run(text).await;
        assert!(seen.status == Some(1) && format!("{}{}", seen.out, seen.err).contains(why), "{text}: {seen:?}");
    }
    let big = vec![0; (1 << 20) + 1];
    std::fs::write(directory.join("big"), big).unwrap();
    assert_eq!(run(&format!("put {here}/big /tmp/big")).await.status, Some(1));
    assert_eq!(run("rm /tmp/d/y\nrmdir /tmp/d\n").await.status, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn scp_without_the_old_protocol_copies_trees_and_the_keys_themselves() {
    let harness = Harness::new();
    let (key, other) = (harness.key("mine"), harness.key("other"));
    let id = harness.machine("", &login(&[&key], None)).await;
    let directory = harness.directory.path();
    std::fs::create_dir_all(directory.join("tree/inner")).unwrap();
    std::fs::write(directory.join("tree/inner/f"), "text\n").unwrap();
    let here = directory.display().to_string();
    assert_eq!(harness.ssh(id).scp(&key, &["-r"], &[&format!("{here}/tree"), ":"]).await, good(""));
    assert_eq!(harness.ssh(id).with_key(&key, &["cat ~/tree/inner/f"]).await, good("text\n"));
    assert_eq!(harness.ssh(id).scp(&key, &["-r"], &[":~/tree", &format!("{here}/back")]).await, good(""));
    assert_eq!(std::fs::read_to_string(directory.join("back/inner/f")).unwrap(), "text\n");
    let public = other.file.with_extension("pub");
    let copied = harness.ssh(id).scp(&key, &[], &[public.to_str().unwrap(), ":.ssh/authorized_keys"]).await;
    assert_eq!(copied, good(""));
    assert_eq!(harness.ssh(id).with_key(&other, &["true"]).await, good(""));
    assert!(harness.ssh(id).with_key(&key, &["true"]).await.refused());
}
