//! What a client can do to its guest and to others by sftp, packet by packet.

use crate::support::{
    LIMIT,
    harness::{Ended, Harness, Trusting, ended, run},
};
use russh::{
    Channel, ChannelMsg,
    client::{Handle, Msg},
};
use tokio::time::timeout;

const OPEN: u8 = 3;
const CLOSE: u8 = 4;
const WRITE: u8 = 6;
const STAT: u8 = 17;
const REAL_PATH: u8 = 16;
const STATUS: u8 = 101;
const HANDLE: u8 = 102;
const NAME: u8 = 104;
const FAILURE: u32 = 4;
/// Opens for reading and writing, and creates the file.
const ALL: u32 = 1 | 2 | 8;

fn text(text: &[u8]) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes(), text].concat()
}

fn packet(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    text(&[&[kind], &*parts.concat()].concat())
}

fn asks(kind: u8, number: u32, parts: &[&[u8]]) -> Vec<u8> {
    packet(kind, &[&number.to_be_bytes(), &*parts.concat()])
}

fn open(number: u32, path: &str) -> Vec<u8> {
    asks(OPEN, number, &[&text(path.as_bytes()), &ALL.to_be_bytes(), &0_u32.to_be_bytes()])
}

fn write(number: u32, handle: u32, offset: u64, bytes: &[u8]) -> Vec<u8> {
    asks(WRITE, number, &[&text(&handle.to_be_bytes()), &offset.to_be_bytes(), &text(bytes)])
}

/// The subsystem, with received bytes that were not read yet.
struct Sftp {
    channel: Channel<Msg>,
    received: Vec<u8>,
}

impl Sftp {
    async fn new(client: &Handle<Trusting>) -> Sftp {
        let channel = client.channel_open_session().await.unwrap();
        channel.request_subsystem(true, "sftp").await.unwrap();
        let mut sftp = Sftp { channel, received: Vec::new() };
        sftp.send(&packet(1, &[&3_u32.to_be_bytes()])).await;
        assert_eq!(sftp.reply().await.0, 2);
        sftp
    }

    async fn send(&self, bytes: &[u8]) {
        self.channel.data(bytes).await.unwrap();
    }

    /// The next reply's kind, and its content after the number.
    async fn reply(&mut self) -> (u8, Vec<u8>) {
        let whole = |received: &[u8]| {
            let length = u32::from_be_bytes(received.get(..4)?.try_into().unwrap()) as usize;
            (received.len() >= 4 + length).then_some(4 + length)
        };
        timeout(LIMIT, async {
            loop {
                if let Some(end) = whole(&self.received) {
                    let reply: Vec<u8> = self.received.drain(..end).collect();
                    return (reply[4], reply.get(9..).unwrap_or_default().to_vec());
                }
                match self.channel.wait().await.expect("the session goes on") {
                    ChannelMsg::Data { data } => self.received.extend(&*data),
                    ChannelMsg::ExitStatus { exit_status } => panic!("it ended with {exit_status}"),
                    _ => {}
                }
            }
        })
        .await
        .expect("it is answered")
    }

    /// The code of a reply that is a status.
    async fn code(&mut self) -> u32 {
        let (kind, body) = self.reply().await;
        assert_eq!(kind, STATUS);
        u32::from_be_bytes(body[..4].try_into().unwrap())
    }

    async fn ended(self) -> Ended {
        ended(self.channel).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_has_so_many_files_open_and_another_when_one_is_closed() {
    let harness = Harness::new().await;
    let mut sftp = Sftp::new(&harness.client().await).await;
    for number in 1..=64 {
        sftp.send(&open(number, "/tmp/file")).await;
        assert_eq!(sftp.reply().await, (HANDLE, text(&number.to_be_bytes())));
    }
    sftp.send(&open(65, "/tmp/file")).await;
    assert_eq!(sftp.code().await, FAILURE);
    assert_eq!(harness.reached("guest_sftp"), 1);
    sftp.send(&asks(CLOSE, 66, &[&text(&7_u32.to_be_bytes())])).await;
    assert_eq!(sftp.code().await, 0);
    sftp.send(&open(67, "/tmp/file")).await;
    assert_eq!(sftp.reply().await.0, HANDLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gathered_for_the_keys_is_the_machines_memory() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let sftp = Sftp::new(&client).await;
    // All of it at once: nothing that follows would make the server count.
    let each =
        |number: u32| [open(number, ".ssh/authorized_keys"), write(number, number, (1 << 20) - 1, b"x")].concat();
    sftp.send(&(1..=40).flat_map(each).collect::<Vec<u8>>()).await;
    let seen = sftp.ended().await;
    assert_eq!((seen.status, &*seen.err), (Some(1), "sftp-server: Cannot allocate memory\n"));
    assert_eq!(harness.reached("guest_memory"), 1);
    assert_eq!(run(&client, "cat .ssh/authorized_keys; whoami").await.out, "root\n", "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_and_a_path_and_a_file_are_no_longer_than_they_may_be() {
    let harness = Harness::new().await;
    let client = harness.client().await;
    let mut sftp = Sftp::new(&client).await;
    let long = "a/../".repeat(1000);
    for kind in [REAL_PATH, STAT] {
        sftp.send(&asks(kind, 1, &[&text(long.as_bytes())])).await;
        assert_eq!(sftp.code().await, FAILURE);
    }
    sftp.send(&open(2, "/tmp/file")).await;
    assert_eq!(sftp.reply().await.0, HANDLE);
    for offset in [1 << 20, u64::from(u32::MAX), u64::MAX] {
        sftp.send(&write(3, 1, offset, b"x")).await;
        assert_eq!(sftp.code().await, FAILURE, "{offset}");
    }
    sftp.send(&write(4, 1, (1 << 20) - 1, b"x")).await;
    assert_eq!(sftp.code().await, 0);
    assert_eq!(run(&client, "wc -c /tmp/file").await.out, "1048576 /tmp/file\n");
    sftp.send(&((256_u32 << 10) + 1).to_be_bytes()).await;
    assert_eq!(sftp.ended().await.status, Some(11));
    assert_eq!(harness.reached("guest_sftp"), 1);
    let sftp = Sftp::new(&client).await;
    let large = [open(1, "/tmp/large"), write(2, 1, 1 << 20, b"x"), write(3, 1, 1 << 20, b"x")].concat();
    sftp.send(&[large, ((256_u32 << 10) + 1).to_be_bytes().to_vec()].concat()).await;
    let seen = sftp.ended().await;
    // OpenSSH's client shows only `Failure` of a reply's message.
    let message = "sftp-server: File too large: a simulated guest keeps files of up to 1048576 bytes, 4194304 together";
    assert_eq!(seen.err.matches(message).count(), 1, "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_guest() {
    let harness = Harness::new().await;
    let mut sftp = Sftp::new(&harness.client().await).await;
    for (path, real) in [("../../../../etc/shadow", "/etc/shadow"), ("/..", "/"), (".", "/root"), ("", "/root")] {
        sftp.send(&asks(REAL_PATH, 1, &[&text(path.as_bytes())])).await;
        let expected = [&1_u32.to_be_bytes()[..], &*text(real.as_bytes()), &*text(real.as_bytes()), &[0; 4]].concat();
        assert_eq!(sftp.reply().await, (NAME, expected), "{path}");
    }
    for (path, code) in [("/etc/group", 2), ("../../Cargo.toml", 2), ("/etc/cron.d/x", 3), ("/etc/hostname", 3)] {
        let flags: u32 = if code == 2 { 1 } else { ALL };
        sftp.send(&asks(OPEN, 2, &[&text(path.as_bytes()), &flags.to_be_bytes(), &0_u32.to_be_bytes()])).await;
        assert_eq!(sftp.code().await, code, "{path}");
    }
}
