//! The order of a run: load the servers, measure in alternating rounds, and turn figures into ratios.

use crate::{
    against::{self, Pair},
    fleet,
    floors::Figure,
    idle, launch,
    logins::{OpenSsh, Visitor},
    moto::Moto,
    options::Options,
    program::Program,
    report::{self, Measured, Row, median},
    server::{Bare, Cost, Server},
    snapshots,
    start::{self, Candidate, Contents, Loading},
};
use anyhow::Context;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The yardstick is cheap: it gets more requests, so that its figure is as stable.
const BARE_TIMES: usize = 4;
/// Requests of each kind before the first round.
const WARM_UP: usize = 1_000;
const LOGINS: usize = 1_500;
/// Logins at OpenSSH, which is ten times slower.
const LOGINS_OPENSSH: usize = 150;
const MOTO_PAIRS: usize = 150;
/// Machines that are launched and asked for their banner.
const LAUNCHED: usize = 1_000;

/// A server, the older one with a state of the same size, and their measurements.
struct Subject {
    server: Server,
    older: Option<Server>,
    /// What distinguishes it from another one of the same size.
    note: &'static str,
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
    fn new(server: Server, older: Option<Server>, note: &'static str) -> Subject {
        Subject { server, older, note, unbind: Vec::new(), describe: Vec::new() }
    }

    fn name(&self) -> String {
        let comma = if self.note.is_empty() { "" } else { ", " };
        format!("{} instances{comma}{}", self.server.instances, self.note)
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        let kinds = [(Figure::Unbind, &self.unbind), (Figure::Describe, &self.describe)];
        kinds.into_iter().filter(|(_, rounds)| !rounds.is_empty()).map(|(figure, rounds)| {
            let ratios = rounds.iter().map(|costs| costs.bare.us() / costs.ours.us()).collect();
            Row::new(figure, self.server.instances, self.note, Ok(ratios))
        })
    }

    fn pairs(&self) -> Vec<Pair> {
        fn both(costs: &[Costs]) -> Vec<(&Cost, &Cost)> {
            costs.iter().filter_map(|costs| Some((costs.older.as_ref()?, &costs.ours))).collect()
        }
        let named = |figure: Figure| format!("{}, {}", figure.line().what, self.name());
        let unbind = against::of_requests(&named(Figure::Unbind), &both(&self.unbind));
        unbind.into_iter().chain(against::of_requests(&named(Figure::Describe), &both(&self.describe))).collect()
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
    let (mut rows, mut pairs) = (Vec::new(), Vec::new());
    if options.wants("idle") {
        let (idle, beside) = idle::measure(options.rounds, ground.path, &ground.program, ground.older.as_ref()).await?;
        rows.extend(idle);
        pairs.extend(beside);
    }
    if options.wants("launch") {
        let machines = if options.quick { LAUNCHED / 20 } else { LAUNCHED };
        rows.extend(launch::measure(options.rounds, machines, ground.path, &ground.program).await);
    }
    if options.wants_states() {
        let (of_states, beside) = states(&ground).await?;
        rows.extend(of_states);
        pairs.extend(beside);
    }
    if options.wants("proof") {
        rows.push(Row { measured: Measured::NotYet, ..Row::new(Figure::Proof, 0, "", Ok(Vec::new())) });
    }
    Ok((rows, pairs))
}

/// Everything that is measured on servers with a state.
async fn states(ground: &Ground<'_>) -> anyhow::Result<(Vec<Row>, Vec<Pair>)> {
    let options = ground.options;
    let (mut subjects, mut loadings) = (Vec::new(), Vec::new());
    for instances in &options.instances {
        let (subject, loaded) = load(ground, *instances).await?;
        subjects.push(subject);
        loadings.push(loaded);
    }
    let has_requests = options.wants("unbind") || options.wants("describe");
    if has_requests {
        subjects.push(default_log(ground, options.instances[0]).await?);
    }
    let mut bare = Bare::start().await?;
    if has_requests || options.wants("log") || options.wants("moto") {
        warm_up(&mut bare, &mut subjects).await?;
    }
    for round in (1..=options.rounds).filter(|_| has_requests) {
        report::line(&format!("round {round} of {}", options.rounds))?;
        for subject in &mut subjects {
            measure(options, &mut bare, subject, round).await?;
        }
    }
    figures(&subjects)?;
    let mut rows: Vec<Row> = subjects.iter().flat_map(Subject::rows).collect();
    for large in &subjects[1..options.instances.len()] {
        rows.extend(scale_rows(&subjects[0], large));
    }
    if options.wants("memory") {
        rows.extend(loadings.iter().flat_map(|loaded| memory_rows(&loadings[0], loaded)));
    }
    if options.wants("start") {
        rows.extend(loadings.iter().map(start_row));
    }
    if options.wants("moto") {
        rows.push(moto(options, &ground.visitor, &mut subjects[0]).await);
    }
    if options.wants("logins") {
        rows.push(logins(options, ground, &mut subjects[0].server).await);
    }
    if options.wants("log") {
        // Of the largest, where a snapshot takes longest.
        let largest = options.instances.len() - 1;
        let server = &mut subjects[largest].server;
        server.settle().await?;
        rows.extend(snapshots::measure(options, &mut bare, server, &ground.data(server.instances)).await);
    }
    let pairs = pairs(ground, &mut subjects, &loadings).await;
    for subject in subjects {
        subject.server.stop().await?;
        if let Some(older) = subject.older {
            older.stop().await?;
        }
    }
    Ok((rows, pairs))
}

impl Ground<'_> {
    /// The data directory of our server with so many instances.
    fn data(&self, instances: usize) -> PathBuf {
        self.path.join(format!("data-{instances}"))
    }
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
    let mut ours = Candidate::seed(&ground.program, ground.data(instances), &seed, instances).await?;
    let mut older = match &ground.older {
        Some(older) => {
            Some(Candidate::seed(older, ground.path.join(format!("older-{instances}")), &seed, instances).await?)
        }
        None => None,
    };
    let contents = start::measure(ground.options, &mut ours, older.as_mut()).await?;
    let (server, ours) = ours.running()?;
    let (older_server, older) = older.map(Candidate::running).transpose()?.unzip();
    let subject = Subject::new(server, older_server, "");
    Ok((subject, Loaded { ours, older, contents }))
}

/// The smallest state again, with the default log: a line for each request.
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
    Ok(Subject::new(server, older, "default log"))
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
                subject.name(),
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
            report::line(&format!("  by thread: {}", by_thread(rounds)))?;
        }
    }
    Ok(())
}

/// The CPU of a request by the names of the server's threads, the most first.
fn by_thread(rounds: &[Costs]) -> String {
    let names: BTreeSet<&String> = rounds.iter().flat_map(|costs| costs.ours.threads.keys()).collect();
    let us = |name: &str, Costs { ours, .. }: &Costs| {
        ours.threads.get(name).map_or(0.0, |time| time.as_secs_f64() * 1e6 / ours.requests as f64)
    };
    let middle = |name: &String| median(&rounds.iter().map(|costs| us(name, costs)).collect::<Vec<_>>());
    let mut parts: Vec<(f64, &String)> = names.into_iter().map(|name| (middle(name), name)).collect();
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown = parts.iter().filter(|(us, _)| *us >= 0.05).map(|(us, name)| format!("{name} {us:.1} us"));
    shown.collect::<Vec<_>>().join(", ")
}

async fn pairs(ground: &Ground<'_>, subjects: &mut [Subject], loadings: &[Loaded]) -> Vec<Pair> {
    let options = ground.options;
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

/// CPU of the small state over CPU of the large one, of the same round.
fn scale_rows(small: &Subject, large: &Subject) -> impl Iterator<Item = Row> {
    let kinds = [
        (Figure::UnbindBesideSmallest, &small.unbind, &large.unbind),
        (Figure::DescribeBesideSmallest, &small.describe, &large.describe),
    ];
    kinds.into_iter().filter(|(_, small, _)| !small.is_empty()).map(|(figure, small, large_rounds)| {
        let ratios = small.iter().zip(large_rounds).map(|(small, large)| small.ours.us() / large.ours.us()).collect();
        Row::new(figure, large.server.instances, "", Ok(ratios))
    })
}

/// Both sides are differences from the smallest state, so that the memory of an empty process does not count. The
/// smallest itself is compared with an empty state.
fn memory_rows(small: &Loaded, loaded: &Loaded) -> Vec<Row> {
    let is_smallest = loaded.ours.instances <= small.ours.instances;
    let grown = |of: &dyn Fn(&Loaded) -> f64| of(loaded) - if is_smallest { 0.0 } else { of(small) };
    let row = |figure, memory: f64, rows: f64| {
        let each = memory / grown(&|loaded| loaded.ours.instances as f64);
        Row::new(figure, loaded.ours.instances, format!("{each:.0} B each"), Ok(vec![memory / rows]))
    };
    let state = grown(&|loaded| loaded.contents.dumped.state as f64);
    let mut rows = vec![row(Figure::Memory, grown(&|loaded| loaded.contents.state_bytes as f64), state)];
    if !is_smallest {
        let machines = grown(&|loaded| loaded.contents.dumped.machines as f64);
        rows.push(row(Figure::ServerMemory, grown(&|loaded| loaded.ours.server_bytes as f64), state + machines));
    }
    rows
}

fn start_row(loaded: &Loaded) -> Row {
    let Loaded { ours: loading, contents, .. } = loaded;
    let rounds = loading.ready.iter().zip(&contents.reading);
    let ratios = rounds.map(|(ready, reading)| ready.as_secs_f64() / reading.as_secs_f64()).collect();
    let ready: Vec<f64> = loading.ready.iter().map(std::time::Duration::as_secs_f64).collect();
    Row::new(Figure::Start, loading.instances, format!("{:.2} s", median(&ready)), Ok(ratios))
}

/// The unbind's throughput against an emulator's key-pair calls.
async fn moto(options: &Options, visitor: &Visitor, subject: &mut Subject) -> Row {
    let mut rates_text = String::new();
    let measured = async {
        let mut moto = Moto::start(&options.moto).await?;
        let key = visitor.public_key()?;
        let pairs = if options.quick { 10 } else { MOTO_PAIRS };
        moto.calls_per_second(10, &key).await?;
        let (mut ratios, mut rates) = (Vec::new(), Vec::new());
        for _ in 0..options.rounds {
            let theirs = moto.calls_per_second(pairs, &key).await?;
            ratios.push(subject.server.unbind(options.requests / 2).await?.per_second() / theirs);
            rates.push(theirs);
        }
        rates_text = format!("moto {:.0} a second", median(&rates));
        Ok(ratios)
    };
    let ratios = measured.await;
    Row::new(Figure::Throughput, subject.server.instances, rates_text, ratios)
}

async fn logins(options: &Options, ground: &Ground<'_>, server: &mut Server) -> Row {
    let visitor = &ground.visitor;
    let mut rates_text = String::new();
    let measured = async {
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
                rates_text = format!("{:.0} a second", median(&ours));
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
        rates_text = format!("{:.0}, OpenSSH {:.0}", median(&ours), median(&rates));
        Ok(ratios)
    };
    let ratios = measured.await;
    Row::new(Figure::Logins, 0, rates_text, ratios)
}
