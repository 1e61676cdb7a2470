//! The order of a run: load the servers, measure in alternating rounds, and turn figures into ratios.

use crate::{
    against::{self, Pair},
    fleet,
    logins::{OpenSsh, Visitor},
    moto::Moto,
    options::Options,
    program::Program,
    report::{self, Better, Row, median},
    server::{Bare, Cost, Server},
    start::{self, Candidate, Contents, Loading},
};
use anyhow::Context;
use std::path::Path;

/// The yardstick is cheap: it gets more requests, so that its figure is as stable.
const BARE_TIMES: usize = 4;
/// Requests of each kind before the first round.
const WARM_UP: usize = 1_000;
const LOGINS: usize = 1_500;
/// Logins at OpenSSH, which is ten times slower.
const LOGINS_OPENSSH: usize = 150;
const MOTO_PAIRS: usize = 150;

/// A server, the older one with a state of the same size, and their measurements.
struct Subject {
    server: Server,
    older: Option<Server>,
    /// Its name in the table.
    name: String,
    unbind: Vec<Costs>,
    describe: Vec<Costs>,
}

/// What a number of requests cost in one round.
struct Costs {
    bare: Cost,
    ours: Cost,
    older: Option<Cost>,
}

impl Subject {
    fn new(server: Server, older: Option<Server>, name: String) -> Subject {
        Subject { server, older, name, unbind: Vec::new(), describe: Vec::new() }
    }

    fn pairs(&self) -> Vec<Pair> {
        let both = |costs: &[Costs]| -> Vec<(Cost, Cost)> {
            costs.iter().filter_map(|costs| Some((costs.older?, costs.ours))).collect()
        };
        let unbind = against::of_requests(&format!("unbind until SUCCESS, {}", self.name), &both(&self.unbind));
        let named = format!("DescribeInstances by id, {}", self.name);
        unbind.into_iter().chain(against::of_requests(&named, &both(&self.describe))).collect()
    }
}

/// The measurements of one size of the state.
struct Loaded {
    ours: Loading,
    older: Option<Loading>,
    contents: Contents,
}

/// Where and with which programs servers are started.
struct Ground<'a> {
    options: &'a Options,
    path: &'a Path,
    visitor: Visitor,
    program: Program,
    older: Option<Program>,
}

/// Measures everything that the options ask for. The pairs are the comparisons with an older binary.
pub(crate) async fn run(options: &Options) -> anyhow::Result<(Vec<Row>, Vec<Pair>)> {
    let directory = tempfile::Builder::new().prefix("cvmd-bench-").tempdir()?;
    let ground = prepare(options, directory.path()).await?;
    let (mut subjects, mut loadings) = (Vec::new(), Vec::new());
    for instances in &options.instances {
        let (subject, loaded) = load(&ground, *instances).await?;
        subjects.push(subject);
        loadings.push(loaded);
    }
    subjects.push(default_log(&ground, options.instances[0]).await?);
    let mut bare = Bare::start().await?;
    warm_up(&mut bare, &mut subjects).await?;
    for round in 1..=options.rounds {
        report::line(&format!("round {round} of {}", options.rounds))?;
        for subject in &mut subjects {
            measure(options, &mut bare, subject, round).await?;
        }
    }
    figures(&subjects)?;
    let mut rows = Vec::new();
    rows.extend(subjects.iter().filter_map(unbind_row));
    rows.push(moto(options, &ground.visitor, &mut subjects[0]).await);
    rows.extend(subjects.iter().filter_map(describe_row));
    for large in 1..options.instances.len() {
        rows.extend(scale_rows(&subjects[0], &subjects[large]));
        rows.extend(memory_rows(&loadings[0], &loadings[large]));
    }
    if options.wants("start") {
        rows.extend(loadings.iter().map(start_row));
    }
    rows.push(logins(options, &ground, &mut subjects[0].server).await);
    let pairs = pairs(options, &ground, &mut subjects, &loadings).await;
    for subject in subjects {
        subject.server.stop().await?;
        if let Some(older) = subject.older {
            older.stop().await?;
        }
    }
    Ok((rows, pairs))
}

async fn prepare<'a>(options: &'a Options, path: &'a Path) -> anyhow::Result<Ground<'a>> {
    let visitor = Visitor::new()?;
    let beside = std::env::current_exe()?.with_file_name("cvmd");
    let binary = options.binary.as_ref().unwrap_or(&beside);
    let mut program = Program::copy(binary, path.join("cvmd")).context("cargo build --release")?;
    let older = match &options.against {
        Some(binary) => Some(against::program(options, binary, &mut program, path, &visitor).await?),
        None => None,
    };
    Ok(Ground { options, path, visitor, program, older })
}

async fn load(ground: &Ground<'_>, instances: usize) -> anyhow::Result<(Subject, Loaded)> {
    let seed = ground.path.join("seed.json");
    fleet::write_seed(&seed, instances, &ground.visitor.public_key()?)?;
    let data = |name: &str| ground.path.join(format!("{name}-{instances}"));
    let mut ours = Candidate::seed(&ground.program, data("data"), &seed, instances).await?;
    let mut older = match &ground.older {
        Some(older) => Some(Candidate::seed(older, data("older"), &seed, instances).await?),
        None => None,
    };
    let contents = start::measure(ground.options, &mut ours, older.as_mut()).await?;
    let (server, ours) = ours.running()?;
    let (older_server, older) = older.map(Candidate::running).transpose()?.unzip();
    let subject = Subject::new(server, older_server, format!("{instances} instances"));
    Ok((subject, Loaded { ours, older, contents }))
}

/// The smallest state again, with a line in the log for each request, which is the default.
async fn default_log(ground: &Ground<'_>, instances: usize) -> anyhow::Result<Subject> {
    let seed = ground.path.join("seed.json");
    fleet::write_seed(&seed, instances, &ground.visitor.public_key()?)?;
    let start = async |program: &Program, name: &str| {
        let (server, _) = Server::start(program, &ground.path.join(name), "info", Some(&seed), instances).await?;
        anyhow::Ok(server)
    };
    let server = start(&ground.program, "data-logged").await?;
    let older = match &ground.older {
        Some(older) => Some(start(older, "older-logged").await?),
        None => None,
    };
    Ok(Subject::new(server, older, format!("{instances} instances, default log")))
}

async fn warm_up(bare: &mut Bare, subjects: &mut [Subject]) -> anyhow::Result<()> {
    for subject in subjects {
        for server in subject.older.iter_mut().chain([&mut subject.server]) {
            server.settle().await?;
            let bodies = server.describe_bodies(WARM_UP);
            bare.measure(&bodies).await?;
            server.describe(WARM_UP).await?;
            server.unbind(WARM_UP).await?;
        }
    }
    Ok(())
}

async fn measure(options: &Options, bare: &mut Bare, subject: &mut Subject, round: usize) -> anyhow::Result<()> {
    let Subject { server, older, .. } = subject;
    if options.wants("unbind") {
        let (_, bodies) = server.unbind_bodies(server.instances);
        let bodies: Vec<String> = bodies.into_iter().cycle().take(options.requests * BARE_TIMES).collect();
        let bare = bare.measure(&bodies).await?;
        let unbind = async |server: &mut Server| server.unbind(options.requests).await;
        let (older, ours) = against::alternate(round, older.as_mut(), server, unbind).await?;
        subject.unbind.push(Costs { bare, ours, older });
    }
    if options.wants("describe") {
        let requests = options.requests * BARE_TIMES;
        let bare = bare.measure(&server.describe_bodies(requests)).await?;
        let describe = async |server: &mut Server| server.describe(requests).await;
        let (older, ours) = against::alternate(round, older.as_mut(), server, describe).await?;
        subject.describe.push(Costs { bare, ours, older });
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
            let middle = |figure: &dyn Fn(&Costs) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
            let mut text = format!(
                "{what}, {}: {:.1} us CPU a request, {:.0} a second (bare {:.1} us, {:.0} a second); generator {:.1} us",
                subject.name,
                middle(&|costs| costs.ours.us()),
                middle(&|costs| costs.ours.per_second()),
                middle(&|costs| costs.bare.us()),
                middle(&|costs| costs.bare.per_second()),
                middle(&|costs| costs.ours.generator_us()),
            );
            if what == "unbind" {
                text += &format!(
                    "; state's groups of {:.1} commits, {:.2} ms each, {:.1} commits a request",
                    middle(&|Costs { ours, .. }| ours.commits / ours.groups),
                    middle(&|Costs { ours, .. }| 1e3 * ours.persist_seconds / ours.groups),
                    middle(&|Costs { ours, .. }| ours.commits / ours.requests as f64),
                );
            }
            report::line(&text)?;
        }
    }
    Ok(())
}

async fn pairs(options: &Options, ground: &Ground<'_>, subjects: &mut [Subject], loadings: &[Loaded]) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = subjects.iter().flat_map(Subject::pairs).collect();
    for Loaded { ours, older, .. } in loadings {
        pairs.extend(older.iter().flat_map(|older| against::of_loading(options, older, ours)));
    }
    let Subject { server, older, .. } = &mut subjects[0];
    if let Some(older) = older.as_mut().filter(|_| options.wants("logins")) {
        let count = if options.quick { LOGINS / 10 } else { LOGINS };
        pairs.extend(against::of_logins(options, count, &ground.visitor, older, server).await);
    }
    pairs
}

fn cpu_ratios(rounds: &[Costs]) -> Vec<f64> {
    rounds.iter().map(|costs| costs.bare.us() / costs.ours.us()).collect()
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
    let ratios = |small: &[Costs], large: &[Costs]| -> Vec<f64> {
        small.iter().zip(large).map(|(small, large)| small.ours.us() / large.ours.us()).collect()
    };
    let row = |what: &str, ratios| higher(format!("{what}, {}", large.name), "the smallest, CPU", (0.5, 0.9), ratios);
    let unbind = row("unbind until SUCCESS", ratios(&small.unbind, &large.unbind));
    let describe = row("DescribeInstances by id", ratios(&small.describe, &large.describe));
    unbind.into_iter().chain(describe).collect()
}

/// Both sides are differences from the smallest state, so that the memory of an empty process does not count.
fn memory_rows(small: &Loaded, large: &Loaded) -> [Row; 2] {
    let grown = |of: &dyn Fn(&Loaded) -> f64| of(large) - of(small);
    let state_rows = grown(&|loaded| loaded.contents.state.bytes as f64);
    let machine_rows = grown(&|loaded| loaded.contents.machines.bytes as f64);
    let state = grown(&|loaded| loaded.contents.state_bytes as f64) / state_rows;
    let server = grown(&|loaded| loaded.ours.server_bytes as f64) / (state_rows + machine_rows);
    let (small, large) = (&small.ours, &large.ours);
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

fn start_row(loaded: &Loaded) -> Row {
    let Loaded { ours: loading, contents, .. } = loaded;
    let rounds = loading.ready.iter().zip(&contents.reading);
    let ratios = rounds.map(|(ready, reading)| ready.as_secs_f64() / reading.as_secs_f64()).collect();
    let ready: Vec<f64> = loading.ready.iter().map(std::time::Duration::as_secs_f64).collect();
    Row {
        what: format!("start to ready, {} instances ({:.2} s)", loading.instances, median(&ready)),
        against: "reading the state's rows",
        // With a small state the start is dominated by everything else.
        goals: (loading.instances >= 100_000).then_some((5.0, 3.0)),
        better: Better::Lower,
        ratios: Ok(ratios),
    }
}

/// The unbind's throughput against an emulator's key-pair calls.
async fn moto(options: &Options, visitor: &Visitor, subject: &mut Subject) -> Row {
    let mut rates_text = String::new();
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
        rates_text = format!(" (moto {:.0} a second)", median(&rates));
        Ok(ratios)
    };
    let ratios = measured.await.map_err(|error| format!("{error:#}"));
    Row {
        what: format!("unbind until SUCCESS, {}, throughput{rates_text}", subject.name),
        against: "moto's key-pair calls",
        goals: Some((20.0, 100.0)),
        better: Better::Higher,
        ratios,
    }
}

async fn logins(options: &Options, ground: &Ground<'_>, server: &mut Server) -> Row {
    let visitor = &ground.visitor;
    let mut rates_text = String::new();
    let measured = async {
        if !options.wants("logins") {
            anyhow::bail!("not asked for");
        }
        let entrance = against::entrance(server).await?;
        let shrink = if options.quick { 10 } else { 1 };
        visitor.logins_per_second(&entrance, LOGINS / 10).await?;
        let mut ours = vec![];
        let openssh = match OpenSsh::start(&options.sshd, ground.path, visitor).await {
            Ok(openssh) => openssh,
            Err(error) => {
                for _ in 0..options.rounds {
                    ours.push(visitor.logins_per_second(&entrance, LOGINS / shrink).await?);
                }
                rates_text = format!(" ({:.0} a second)", median(&ours));
                return Err(error);
            }
        };
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let theirs = visitor.logins_per_second(&openssh.entrance, LOGINS_OPENSSH / shrink).await?;
            let rate = visitor.logins_per_second(&entrance, LOGINS / shrink).await?;
            ratios.push(rate / theirs);
            ours.push(rate);
            rates.push(theirs);
        }
        rates_text = format!(" ({:.0} a second, OpenSSH {:.0})", median(&ours), median(&rates));
        Ok(ratios)
    };
    let ratios = measured.await.map_err(|error| format!("{error:#}"));
    Row {
        what: format!("logins a second{rates_text}"),
        against: "OpenSSH's sshd",
        goals: Some((8.0, 12.0)),
        better: Better::Higher,
        ratios,
    }
}
