//! Measures what a durable row costs in processor time: `cost DIRECTORY [ROWS [PAGE_BYTES [CHECKPOINT_BYTES]]]`.
//!
//! Groups of 40 random rows of 0.8 kB with 6 kB of a stream, as a busy server commits them; snapshots as they come.

use cvmd_rows::{Engine, Entry, Group, Keep, Options, SqliteEngine, StreamSpec, parse_all};
use nix::sys::resource::{UsageWho, getrusage};
use std::path::PathBuf;

const ROWS_A_GROUP: u64 = 40;

/// Processor time of the whole process, in microseconds.
fn used_us() -> Result<i64, nix::Error> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let [user, system] = [usage.user_time(), usage.system_time()];
    Ok((user.tv_sec() + system.tv_sec()) * 1_000_000 + user.tv_usec() + system.tv_usec())
}

#[expect(clippy::print_stdout, reason = "its only output")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("cost DIRECTORY [ROWS [PAGE_BYTES [CHECKPOINT_BYTES]]]")?);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (rows, page_bytes, checkpoint_bytes) = (number(1_000)?, number(8192)?, number(4 << 20)?);
    let streams = vec![StreamSpec::new("lines", Keep { bytes: 64 << 20, ..Keep::ALL })];
    let mut options = Options::new(streams);
    options.page_bytes = u32::try_from(page_bytes)?;
    options.checkpoint_bytes = checkpoint_bytes;
    let mut engine = SqliteEngine::open(&directory, options.clone())?;
    let body = "x".repeat(800);
    for first in (0..rows).step_by(1_000) {
        let mut group = Group::new();
        (first..rows.min(first + 1_000)).for_each(|sequence| group.put("rows", sequence, body.as_bytes()));
        engine.append(engine.revision() + 1, &group)?;
    }
    engine.snapshot()?;
    let groups = (rows / ROWS_A_GROUP).clamp(5_000, 25_000);
    let (mut random, begun) = (1_u64, used_us()?);
    for _ in 0..groups {
        let mut group = Group::new();
        for _ in 0..ROWS_A_GROUP {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            group.put("rows", (random >> 33) % rows, body.as_bytes());
        }
        for _ in 0..20 {
            let (key, body) = (random.to_be_bytes().to_vec(), body.as_bytes()[..300].to_vec());
            group.append(Entry { stream: "lines".into(), part: 0, time: 0, key, body });
        }
        engine.append(engine.revision() + 1, &group)?;
    }
    let appended = used_us()? - begun;
    let begun = used_us()?;
    engine.snapshot()?;
    let snapshot = used_us()? - begun;
    drop(engine);
    let begun = used_us()?;
    parse_all(&mut SqliteEngine::open(&directory, options)?, |chunk| Ok(chunk.len()))?;
    let loaded = used_us()? - begun;
    #[expect(clippy::cast_precision_loss, reason = "printed with two digits")]
    let each = |us: i64, rows: u64| us as f64 / rows as f64;
    println!(
        "{rows} rows, pages of {page_bytes}, checkpoints of {checkpoint_bytes}: append {:.2} us a row with its snapshots, a snapshot {:.2} us a row, load {:.2} us a row",
        each(appended, groups * ROWS_A_GROUP),
        each(snapshot, rows),
        each(loaded, rows),
    );
    Ok(())
}
