//! SIGKILL at random moments of a load of every kind of command, with snapshots written all the time: after each restart
//! everything that was acknowledged is there, nothing is half there, the directory adds up, and machines admit whom they should.
//!
//! Workers send commands side by side, each about what it has made itself, so that each knows exactly what must be there.
//! A request whose connection died before the reply was carried out as a whole or not at all. `CVMD_KILLS` is the number
//! of kills, if another one is wanted.

mod guests;
mod worker;
mod world;

use crate::support::{Chance, Home, rows, ssh::Key};
use rusqlite::Connection;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};
use worker::Worker;

const KILLS: usize = 40;
const WORKERS: u64 = 5;
/// Keys that each worker imports, again and again.
const KEYS: usize = 4;
const SEED: u64 = 20_261_129;

#[test]
fn whatever_was_acknowledged_survives_sigkill_at_any_moment_as_a_whole() {
    let kills = std::env::var("CVMD_KILLS").map_or(KILLS, |kills| kills.parse().expect("CVMD_KILLS is a number"));
    let mut chance = Chance(SEED);
    let home = Home::new().flag("--snapshot-kib", "1");
    let keys = |worker| (0..KEYS).map(|key| Key::new(&home, &format!("key-{worker}-{key}"))).collect();
    let mut workers: Vec<_> = (0..WORKERS).map(|worker| Worker::new(worker, keys(worker))).collect();
    let mut snapshots: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut revision = 0;
    let mut server = home.start();
    for kill in 0..kills {
        let kill_at = Instant::now() + Duration::from_millis(chance.between(20, 1_500));
        let client = server.client.clone();
        std::thread::scope(|scope| {
            for worker in &mut workers {
                scope.spawn(|| worker.run(&client));
            }
            cvmd_testkit::at(kill_at);
            server.kill();
        });
        for truth in ["state", "machines"] {
            snapshots.entry(truth).or_default().extend(snapshot(&home.data().join(truth)));
        }
        revision = directory_adds_up(&home, revision, workers.iter().flat_map(|worker| &worker.answered));
        if kill % 4 == 3 {
            kill_while_starting(&home, chance.between(5, 250));
        }
        server = home.start();
        let found = world::observe(&server.client);
        workers.iter().for_each(|worker| worker.compare(&worker.own(&found), &["state"]));
        if kill % 2 == 1 {
            // Beside a server that brings to an end what was under way.
            is_whole(&home, &home.data());
        }
        guests::settle(&server.client);
        let found = world::observe(&server.client);
        workers.iter_mut().for_each(|worker| worker.decide(&worker.own(&found)));
        guests::check(&home, &server.client, &workers, &mut chance);
    }
    server.stop();
    is_whole(&home, &home.data());
    tell(&workers, &snapshots, kills);
}

/// What the load was, and whether it was one.
fn tell(workers: &[Worker], snapshots: &BTreeMap<&str, BTreeSet<String>>, kills: usize) {
    let mut counts: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for (action, [accepted, refused]) in workers.iter().flat_map(|worker| &worker.counts) {
        let count = counts.entry(action).or_default();
        *count = [count[0] + accepted, count[1] + refused];
    }
    let accepted: u64 = counts.values().map(|[accepted, _]| accepted).sum();
    let snapshots: BTreeMap<_, _> = snapshots.iter().map(|(truth, seen)| (truth, seen.len())).collect();
    let unknown =
        workers.iter().fold([0; 2], |[all, done], worker| [all + worker.unknown[0], done + worker.unknown[1]]);
    eprintln!(
        "{kills} kills, {accepted} commands accepted; without an answer, and carried out: {unknown:?}; snapshots met: {snapshots:?}; {counts:?}"
    );
    assert!(snapshots.values().all(|seen| seen * 4 >= kills), "too few snapshots: {snapshots:?}");
    assert!(accepted >= 5 * kills as u64, "too few commands: {counts:?}");
}

/// The name of the newest snapshot's file.
fn snapshot(directory: &Path) -> Option<String> {
    let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    files.filter(|file| file.starts_with("snapshot-") && file.ends_with(".db")).max()
}

/// Checks a copy of what a kill has left, so that the next start meets it untouched: each request that was answered has its line
/// in the journal. Returns the last revision.
fn directory_adds_up<'a>(home: &Home, revision: i64, answered: impl Iterator<Item = &'a String>) -> i64 {
    let copy = tempfile::tempdir().unwrap();
    for truth in ["state", "machines"] {
        rows::copy_files(&home.data().join(truth), &copy.path().join(truth));
    }
    is_whole(home, copy.path());
    let log = Connection::open(copy.path().join("state/log.db")).unwrap();
    let query = "SELECT key FROM stream_journal WHERE revision > ?1 UNION ALL SELECT key FROM stream_refused WHERE revision > ?1";
    let mut lines = log.prepare(query).unwrap();
    let lines = lines.query_map([revision], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let lines: BTreeSet<_> = lines.map(|key| uuid::Uuid::from_slice(&key.unwrap()).unwrap().to_string()).collect();
    let lost: Vec<_> = answered.filter(|request| !lines.contains(*request)).collect();
    assert!(lost.is_empty(), "answered, and without a line in the journal: {lost:?}");
    log.query_row("SELECT max(revision) FROM stream_journal", [], |row| row.get(0)).unwrap()
}

fn is_whole(home: &Home, data: &Path) {
    let checked = home.cvmd(&["state", "check"]).arg("--data").arg(data).output().unwrap();
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success() && said.contains("is whole"), "{said}{checked:?}");
}

/// A start that dies too, while it reads or resumes.
fn kill_while_starting(home: &Home, after_ms: u64) {
    let mut starting = home.serve().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    cvmd_testkit::at(Instant::now() + Duration::from_millis(after_ms));
    starting.kill().unwrap();
    starting.wait().unwrap();
}
