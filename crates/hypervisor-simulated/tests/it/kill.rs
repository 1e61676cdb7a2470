//! `kill -9` in the middle of many writes: whatever was answered `Ok` is stored afterwards.

use crate::support;
use cvmd_clock::Clock;
use cvmd_hypervisor::{Definition, Hypervisor};
use cvmd_hypervisor_simulated::SimulatedHypervisor;
use cvmd_model::{InstanceId, Login};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

/// Passes the directory to the child; without it the child's test does nothing.
const DIRECTORY: &str = "CVMD_TEST_KILLED_IN";
const MACHINES: u64 = 64;
/// Each round kills at another moment of a group; one round alone could miss the dangerous ones.
const ROUNDS: usize = 25;
/// The number of answers that a round reads before it kills.
const ANSWERS: usize = 500;

fn numbered(number: u64) -> Login {
    Login { password_hash: Some(number.to_string().into()), ..support::login(&[], None) }
}

#[tokio::test(flavor = "multi_thread")]
async fn child_that_writes_until_it_is_killed() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let ssh = cvmd_hypervisor_simulated::SshSettings { listen: false, ..Default::default() };
    let settings = cvmd_hypervisor_simulated::Settings { data: directory.into(), clock: Clock::System, ssh };
    let driver = SimulatedHypervisor::open(settings).unwrap();
    let mut writers = Vec::new();
    for machine in 0..MACHINES {
        let driver = driver.clone();
        writers.push(tokio::spawn(async move {
            let id = InstanceId::from_random(machine);
            let definition = Definition { id, network_cards: vec![], ..support::definition("") };
            driver.define(&definition).await.unwrap();
            for number in 1.. {
                driver.write_login(id, &numbered(number), &[]).await.unwrap();
                // One write, so that lines of different tasks do not mix.
                std::io::stdout().write_all(format!("\nanswered {machine} {number}\n").as_bytes()).unwrap();
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_kill_9() {
    for round in 0..ROUNDS {
        kill_after(ANSWERS + 37 * round).await;
    }
}

async fn kill_after(answers: usize) {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child_that_writes_until_it_is_killed", "--nocapture"])
        .env(DIRECTORY, directory.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answered = BTreeMap::new();
    let mut count = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let mut words = line.split(' ');
        // The last line may be incomplete, and then is no answer.
        if words.next() == Some("answered")
            && let (Some(machine), Some(number)) = (words.next(), words.next())
        {
            answered.insert(machine.parse::<u64>().unwrap(), number.parse::<u64>().unwrap());
            count += 1;
            if count == answers {
                child.kill().unwrap();
            }
        }
    }
    assert!(!child.wait().unwrap().success());
    assert!(count >= answers);
    let driver = SimulatedHypervisor::open(support::settings(&directory, Clock::System)).unwrap();
    for (machine, number) in answered {
        let id = InstanceId::from_random(machine);
        let row = support::on_disk(&directory, id);
        let stored: u64 = row["disk"]["password_hash"].as_str().unwrap().parse().unwrap();
        assert_eq!(driver.read_login(id).await.unwrap().password_hash.unwrap().parse(), Ok(stored));
        // One more may have been written whose answer was not read.
        assert!(
            stored == number || stored == number + 1,
            "machine {machine}: {number} was answered, {stored} is there"
        );
    }
}
