//! The order of a run: load the servers, measure in alternating rounds, and turn figures into ratios.

use crate::{
    fleet,
    logins::{Door, OpenSsh, Visitor},
    moto::Moto,
    options::Options,
    report::{self, Better, Row, median},
    server::{Bare, Cost, Server},
    start::{self, Loading},
};
use anyhow::Context;
use serde_json::json;
use std::path::Path;

/// The yardstick is cheap: it gets more requests, so that its figure is as steady.
const BARE_TIMES: usize = 4;
/// Before the first round, of each kind.
const WARM_UP: usize = 1_000;
const LOGINS: usize = 1_500;
/// OpenSSH is an order slower.
const LOGINS_OPENSSH: usize = 150;
const MOTO_PAIRS: usize = 150;

/// A server and what was measured at it.
struct Subject {
    server: Server,
    /// As the table calls it.
    name: String,
    /// The bare handler's and ours, of each round.
    unbind: Vec<(Cost, Cost)>,
    describe: Vec<(Cost, Cost)>,
}

impl Subject {
    fn new(server: Server, name: String) -> Subject {
        Subject { server, name, unbind: Vec::new(), describe: Vec::new() }
    }
}

/// Measures everything that is asked for.
pub(crate) async fn run(options: &Options) -> anyhow::Result<Vec<Row>> {
    let ground = tempfile::Builder::new().prefix("cvmd-bench-").tempdir()?;
    // A copy: a build meanwhile does not change what is measured.
    let binary = ground.path().join("cvmd");
    std::fs::copy(&options.binary, &binary)
        .with_context(|| format!("no {}: cargo build --release", options.binary.display()))?;
    let visitor = Visitor::new()?;
    let (mut subjects, mut loadings) = (Vec::new(), Vec::new());
    for instances in &options.instances {
        let (server, loading) = load(options, ground.path(), &binary, &visitor, *instances).await?;
        subjects.push(Subject::new(server, format!("{instances} instances")));
        loadings.push(loading);
    }
    let told = default_log(ground.path(), &binary, &visitor, options.instances[0]).await?;
    subjects.push(told);
    let mut bare = Bare::start().await?;
    warm_up(&mut bare, &mut subjects).await?;
    for round in 1..=options.rounds {
        report::line(&format!("round {round} of {}", options.rounds))?;
        for subject in &mut subjects {
            measure(options, &mut bare, subject).await?;
        }
    }
    figures(&subjects)?;
    let mut rows = Vec::new();
    rows.extend(subjects.iter().filter_map(unbind_row));
    rows.push(moto(options, &visitor, &mut subjects[0]).await);
    rows.extend(subjects.iter().filter_map(describe_row));
    for large in 1..options.instances.len() {
        rows.extend(scale_rows(&subjects[0], &subjects[large]));
        rows.extend(memory_rows(&loadings[0], &loadings[large]));
    }
    if options.wants("start") {
        rows.extend(loadings.iter().map(start_row));
    }
    rows.push(logins(options, ground.path(), &visitor, &mut subjects[0].server).await);
    for subject in subjects {
        subject.server.stop().await?;
    }
    Ok(rows)
}

async fn load(
    options: &Options,
    ground: &Path,
    binary: &Path,
    visitor: &Visitor,
    instances: usize,
) -> anyhow::Result<(Server, Loading)> {
    let (data, seed) = (ground.join(format!("data-{instances}")), ground.join("seed.json"));
    fleet::write_seed(&seed, instances, &visitor.public_key()?)?;
    start::measure(options, binary, &data, &seed, instances).await
}

/// The smallest state once more, with a line in the log for each request, as cvmd runs when nobody says otherwise.
async fn default_log(ground: &Path, binary: &Path, visitor: &Visitor, instances: usize) -> anyhow::Result<Subject> {
    let seed = ground.join("seed.json");
    fleet::write_seed(&seed, instances, &visitor.public_key()?)?;
    let (server, _) = Server::start(binary, &ground.join("data-told"), "info", Some(&seed), instances).await?;
    Ok(Subject::new(server, format!("{instances} instances, default log")))
}

async fn warm_up(bare: &mut Bare, subjects: &mut [Subject]) -> anyhow::Result<()> {
    for subject in subjects {
        subject.server.settle().await?;
        let bodies = subject.server.describe_bodies(WARM_UP);
        bare.measure(&bodies).await?;
        subject.server.describe(WARM_UP).await?;
        subject.server.unbind(WARM_UP).await?;
    }
    Ok(())
}

async fn measure(options: &Options, bare: &mut Bare, subject: &mut Subject) -> anyhow::Result<()> {
    let server = &mut subject.server;
    if options.wants("unbind") {
        let (_, bodies) = server.unbind_bodies(server.instances);
        let bodies: Vec<String> = bodies.into_iter().cycle().take(options.requests * BARE_TIMES).collect();
        let yardstick = bare.measure(&bodies).await?;
        subject.unbind.push((yardstick, server.unbind(options.requests).await?));
    }
    if options.wants("describe") {
        let bodies = server.describe_bodies(options.requests * BARE_TIMES);
        let yardstick = bare.measure(&bodies).await?;
        subject.describe.push((yardstick, server.describe(options.requests * BARE_TIMES).await?));
    }
    Ok(())
}

/// Everything that the ratios are made of, medians over the rounds.
fn figures(subjects: &[Subject]) -> anyhow::Result<()> {
    for subject in subjects {
        for (what, rounds) in [("unbind", &subject.unbind), ("describe", &subject.describe)] {
            if rounds.is_empty() {
                continue;
            }
            let middle = |figure: &dyn Fn(&(Cost, Cost)) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
            let mut text = format!(
                "{what}, {}: {:.1} us CPU a request, {:.0} a second (bare {:.1} us, {:.0} a second); generator {:.1} us",
                subject.name,
                middle(&|(_, ours)| ours.us()),
                middle(&|(_, ours)| ours.per_second()),
                middle(&|(bare, _)| bare.us()),
                middle(&|(bare, _)| bare.per_second()),
                middle(&|(_, ours)| ours.generator_us()),
            );
            if what == "unbind" {
                text += &format!(
                    "; state's groups of {:.1} commits, {:.2} ms each, {:.1} commits a request",
                    middle(&|(_, ours)| ours.commits / ours.groups),
                    middle(&|(_, ours)| 1e3 * ours.persist_seconds / ours.groups),
                    middle(&|(_, ours)| ours.commits / ours.requests as f64),
                );
            }
            report::line(&text)?;
        }
    }
    Ok(())
}

fn cpu_ratios(rounds: &[(Cost, Cost)]) -> Vec<f64> {
    rounds.iter().map(|(bare, ours)| bare.us() / ours.us()).collect()
}

fn unbind_row(subject: &Subject) -> Option<Row> {
    let what = format!("unbind until SUCCESS, {}", subject.name);
    higher(what, "bare axum, CPU", (0.15, 0.30), cpu_ratios(&subject.unbind))
}

fn describe_row(subject: &Subject) -> Option<Row> {
    let what = format!("DescribeInstances by id, {}", subject.name);
    higher(what, "bare axum, CPU", (0.5, 0.7), cpu_ratios(&subject.describe))
}

fn higher(what: String, against: &'static str, goals: (f64, f64), ratios: Vec<f64>) -> Option<Row> {
    let goals = Some(goals);
    (!ratios.is_empty()).then_some(Row { what, against, goals, better: Better::Higher, ratios: Ok(ratios) })
}

/// CPU of the small state over CPU of the large one, of the same round.
fn scale_rows(small: &Subject, large: &Subject) -> Vec<Row> {
    let ratios = |small: &[(Cost, Cost)], large: &[(Cost, Cost)]| -> Vec<f64> {
        small.iter().zip(large).map(|((_, small), (_, large))| small.us() / large.us()).collect()
    };
    let row = |what: &str, ratios| higher(format!("{what}, {}", large.name), "the smallest, CPU", (0.5, 0.9), ratios);
    let unbind = row("unbind until SUCCESS", ratios(&small.unbind, &large.unbind));
    let describe = row("DescribeInstances by id", ratios(&small.describe, &large.describe));
    unbind.into_iter().chain(describe).collect()
}

/// Both sides are differences to the smallest state, so that what a process needs anyway counts on neither.
fn memory_rows(small: &Loading, large: &Loading) -> [Row; 2] {
    let grown = |of: &dyn Fn(&Loading) -> f64| of(large) - of(small);
    let state_rows = grown(&|loading| loading.state.bytes as f64);
    let machine_rows = grown(&|loading| loading.machines.bytes as f64);
    let state = grown(&|loading| loading.state_bytes as f64) / state_rows;
    let server = grown(&|loading| loading.server_bytes as f64) / (state_rows + machine_rows);
    let each = (large.instances - small.instances) as f64;
    let row = |what: String, against, goals, ratio| Row {
        what,
        against,
        goals,
        better: Better::Lower,
        ratios: Ok(vec![ratio]),
    };
    [
        row(
            format!("memory of the state, {} instances ({:.0} B each)", large.instances, state * state_rows / each),
            "their rows' JSON",
            Some((2.0, 1.5)),
            state,
        ),
        row(
            format!(
                "memory of the server with its simulated machines ({:.0} B each)",
                server * (state_rows + machine_rows) / each
            ),
            "both files' rows' JSON",
            None,
            server,
        ),
    ]
}

fn start_row(loading: &Loading) -> Row {
    let rounds = loading.ready.iter().zip(&loading.reading);
    let ratios = rounds.map(|(ready, reading)| ready.as_secs_f64() / reading.as_secs_f64()).collect();
    let ready: Vec<f64> = loading.ready.iter().map(std::time::Duration::as_secs_f64).collect();
    Row {
        what: format!("start to ready, {} instances ({:.2} s)", loading.instances, median(&ready)),
        against: "reading the state's rows",
        // Of a small state the start is all the rest.
        goals: (loading.instances >= 100_000).then_some((5.0, 3.0)),
        better: Better::Lower,
        ratios: Ok(ratios),
    }
}

/// The unbind's throughput against an emulator's key-pair calls.
async fn moto(options: &Options, visitor: &Visitor, subject: &mut Subject) -> Row {
    let mut told = String::new();
    let measured = async {
        if !options.wants("moto") {
            anyhow::bail!("not asked for");
        }
        let mut moto = Moto::start().await?;
        let key = visitor.public_key()?;
        let pairs = if options.quick { 10 } else { MOTO_PAIRS };
        moto.calls_per_second(10, &key).await?;
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let theirs = moto.calls_per_second(pairs, &key).await?;
            ratios.push(subject.server.unbind(options.requests / 2).await?.per_second() / theirs);
            rates.push(theirs);
        }
        told = format!(" (moto {:.0} a second)", median(&rates));
        Ok(ratios)
    };
    let ratios = measured.await.map_err(|error| format!("{error:#}"));
    Row {
        what: format!("unbind until SUCCESS, {}, throughput{told}", subject.name),
        against: "moto's key-pair calls",
        goals: Some((20.0, 100.0)),
        better: Better::Higher,
        ratios,
    }
}

async fn logins(options: &Options, ground: &Path, visitor: &Visitor, server: &mut Server) -> Row {
    let mut told = String::new();
    let measured = async {
        if !options.wants("logins") {
            anyhow::bail!("not asked for");
        }
        let running = json!({ "InstanceIds": [fleet::instance_id(fleet::RUNNING)] });
        let seen = server.call("DescribeInstances", &running).await?;
        let row = &seen["InstanceSet"][0];
        let ip = row["PrivateIpAddresses"][0].as_str().context("no address")?;
        let port = row["DefaultLoginPort"].as_u64().context("no port")?;
        let door = Door { address: format!("{ip}:{port}").parse()?, user: "root".into() };
        let shrink = if options.quick { 10 } else { 1 };
        visitor.logins_per_second(&door, LOGINS / 10).await?;
        let mut ours = vec![];
        let openssh = match OpenSsh::start(&options.sshd, ground, visitor).await {
            Ok(openssh) => openssh,
            Err(error) => {
                for _ in 0..options.rounds {
                    ours.push(visitor.logins_per_second(&door, LOGINS / shrink).await?);
                }
                told = format!(" ({:.0} a second)", median(&ours));
                return Err(error);
            }
        };
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let theirs = visitor.logins_per_second(&openssh.door, LOGINS_OPENSSH / shrink).await?;
            let rate = visitor.logins_per_second(&door, LOGINS / shrink).await?;
            ratios.push(rate / theirs);
            ours.push(rate);
            rates.push(theirs);
        }
        told = format!(" ({:.0} a second, OpenSSH {:.0})", median(&ours), median(&rates));
        Ok(ratios)
    };
    let ratios = measured.await.map_err(|error| format!("{error:#}"));
    Row {
        what: format!("logins a second{told}"),
        against: "OpenSSH's sshd",
        goals: Some((8.0, 12.0)),
        better: Better::Higher,
        ratios,
    }
}
