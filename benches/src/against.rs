//! Compares an older binary with ours. Both are measured in the same rounds, taking turns at going first, each on a
//! data directory that it made itself.

use crate::{
    fleet, launch,
    logins::{Entrance, Visitor},
    options::Options,
    program::Program,
    report::{self, median},
    server::{Cost, Server},
    start::Loading,
};
use anyhow::Context;
use serde_json::json;
use std::path::Path;

/// Instances of the small state on which the older binary is tried out before the run.
const PROBE_INSTANCES: usize = 50;

/// What one thing costs on both sides. Less is always better.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// The older binary's cost and ours, by round; or why there are none.
    pub(crate) rounds: Result<Vec<(f64, f64)>, String>,
}

impl Pair {
    /// The older cost over ours, by round: above 1, ours is cheaper.
    pub(crate) fn ratios(&self) -> Vec<f64> {
        self.rounds.iter().flatten().map(|(older, ours)| older / ours).collect()
    }

    /// Rounds that disagree prove nothing.
    fn verdict(&self) -> &'static str {
        let ratios = self.ratios();
        match (ratios.iter().all(|ratio| *ratio > 1.0), ratios.iter().all(|ratio| *ratio < 1.0)) {
            _ if ratios.len() < 2 => "-",
            (true, _) => "cheaper in each round",
            (_, true) => "dearer in each round",
            _ => "as before",
        }
    }
}

/// Runs something on both sides; the older goes first in every second round. The older's outcome is always returned
/// first.
pub(crate) async fn alternate<T>(
    round: usize,
    older: Option<&mut Server>,
    ours: &mut Server,
    run: impl AsyncFn(&mut Server) -> anyhow::Result<T>,
) -> anyhow::Result<(Option<T>, T)> {
    let Some(older) = older else { return Ok((None, run(ours).await?)) };
    let at_older = async |older: &mut Server| run(older).await.context("the older binary");
    if round % 2 == 1 {
        let first = at_older(older).await?;
        return Ok((Some(first), run(ours).await?));
    }
    let first = run(ours).await?;
    Ok((Some(at_older(older).await?), first))
}

/// Copies the older binary and tries everything that a run asks of it on a small state, before any time is spent.
///
/// # Errors
/// Why it cannot be measured.
pub(crate) async fn program(
    options: &Options,
    binary: &Path,
    ours: &mut Program,
    ground: &Path,
    visitor: &Visitor,
) -> anyhow::Result<Program> {
    let cannot = || format!("{} cannot be measured beside ours", binary.display());
    let mut older = Program::copy(binary, ground.join("cvmd-older")).with_context(cannot)?;
    ours.agree(&mut older);
    let data = ground.join("probe");
    older.counts_operations = probe(options, &older, &data, visitor).await.with_context(cannot)?;
    ours.agree(&mut older);
    Ok(older)
}

/// Whether the older binary's metrics count its operations.
async fn probe(options: &Options, older: &Program, data: &Path, visitor: &Visitor) -> anyhow::Result<bool> {
    let seed = data.with_extension("json");
    fleet::write_seed(&seed, PROBE_INSTANCES, &visitor.public_key()?)?;
    let (mut server, _) = Server::start(older, data, "warn", Some(&seed), PROBE_INSTANCES).await?;
    let counts = server.counts_operations().await?;
    server.describe(1).await?;
    if options.wants("unbind") {
        server.unbind(1).await?;
    }
    if options.wants("logins") {
        let entrance = entrance(&mut server).await?;
        visitor.logins_per_second(&entrance, 1).await?;
    }
    server.stop().await?;
    Ok(counts)
}

/// The address and the user of the seed's running machine.
pub(crate) async fn entrance(server: &mut Server) -> anyhow::Result<Entrance> {
    let running = json!({ "InstanceIds": [fleet::instance_id(fleet::RUNNING)] });
    let seen = server.call("DescribeInstances", &running).await?;
    Ok(Entrance { address: launch::entrance(&seen["InstanceSet"][0])?, user: "root".into() })
}

/// CPU and time of each request; `rounds` are the older's costs and ours.
pub(crate) fn of_requests(what: &str, rounds: &[(&Cost, &Cost)]) -> Vec<Pair> {
    let pair = |unit, figure: fn(&Cost) -> f64| Pair {
        what: what.to_owned(),
        unit,
        rounds: Ok(rounds.iter().map(|(older, ours)| (figure(older), figure(ours))).collect()),
    };
    let pairs = [pair("us CPU", Cost::us), pair("us", |cost| 1e6 / cost.per_second())];
    pairs.into_iter().filter(|_| !rounds.is_empty()).collect()
}

/// Starts, memory and files. The rows of a file are its own program's format, so only the size is compared.
pub(crate) fn of_loading(options: &Options, older: &Loading, ours: &Loading) -> Vec<Pair> {
    let named = |what: &str| format!("{what}, {} instances", ours.instances);
    let starts = older.ready.iter().zip(&ours.ready);
    let starts = starts.map(|(older, ours)| (older.as_secs_f64() * 1e3, ours.as_secs_f64() * 1e3)).collect();
    let once = |what, older: u64, ours: u64| Pair {
        what: named(what),
        unit: "MiB",
        rounds: Ok(vec![(older as f64 / f64::from(1 << 20), ours as f64 / f64::from(1 << 20))]),
    };
    let start = options.wants("start").then(|| Pair { what: named("start to ready"), unit: "ms", rounds: Ok(starts) });
    let sizes = [
        once("memory of the server", older.server_bytes, ours.server_bytes),
        once("data directory, stopped", older.file_bytes, ours.file_bytes),
    ];
    start.into_iter().chain(sizes).collect()
}

/// Logins on both sides, by turns.
pub(crate) async fn of_logins(
    options: &Options,
    count: usize,
    visitor: &Visitor,
    older: &mut Server,
    ours: &mut Server,
) -> Vec<Pair> {
    let log_in = async |server: &mut Server| {
        let entrance = entrance(server).await?;
        let before = server.process.cpu()?;
        let rate = visitor.logins_per_second(&entrance, count).await?;
        let cpu = server.process.cpu()?.since(&before);
        Ok((cpu.as_secs_f64() * 1e6 / count as f64, 1e6 / rate))
    };
    let measured = async {
        let (mut cpu, mut time) = (Vec::new(), Vec::new());
        for round in 1..=options.rounds {
            let (older, ours) = alternate(round, Some(older), ours, log_in).await?;
            let older = older.context("no older one")?;
            cpu.push((older.0, ours.0));
            time.push((older.1, ours.1));
        }
        anyhow::Ok((cpu, time))
    };
    let pair = |unit, rounds| Pair { what: "login by key, `true`, exit status".to_owned(), unit, rounds };
    match measured.await {
        Ok((cpu, time)) => vec![pair("us CPU", Ok(cpu)), pair("us", Ok(time))],
        Err(error) => vec![pair("us", Err(format!("{error:#}")))],
    }
}

pub(crate) fn table(binary: &Path, pairs: &[Pair]) -> anyhow::Result<()> {
    report::line(&format!("\nbeside {}, older:ours, above 1 ours is cheaper", binary.display()))?;
    let head = ["what", "unit", "older", "ours", "min", "median", "max", "verdict"];
    let mut cells = vec![head.map(str::to_owned).to_vec()];
    cells.extend(pairs.iter().map(cells_of));
    report::grid(&cells)
}

fn cells_of(pair: &Pair) -> Vec<String> {
    let unit = pair.unit.to_owned();
    let rounds = match &pair.rounds {
        Ok(rounds) => rounds,
        Err(why) => {
            let nothing = String::new;
            return vec![pair.what.clone(), unit, nothing(), nothing(), format!("skipped: {why}")];
        }
    };
    let middle = |side: fn(&(f64, f64)) -> f64| format!("{:.1}", median(&rounds.iter().map(side).collect::<Vec<_>>()));
    let [low, median, high] = report::spread(&pair.ratios());
    let verdict = pair.verdict().to_owned();
    vec![pair.what.clone(), unit, middle(|(older, _)| *older), middle(|(_, ours)| *ours), low, median, high, verdict]
}

#[cfg(test)]
mod test {
    use super::*;

    fn pair(rounds: &[(f64, f64)]) -> Pair {
        Pair { what: "a login".into(), unit: "us", rounds: Ok(rounds.to_vec()) }
    }

    #[test]
    fn both_columns_and_their_ratios_stand_in_a_line() {
        let cells = cells_of(&pair(&[(100.0, 50.0), (120.0, 100.0), (90.0, 100.0)]));
        assert_eq!(cells, ["a login", "us", "100.0", "100.0", "0.900", "1.200", "2.000", "as before"]);
    }

    #[test]
    fn a_verdict_is_what_all_rounds_say() {
        assert_eq!(pair(&[(2.0, 1.0), (3.0, 2.9)]).verdict(), "cheaper in each round");
        assert_eq!(pair(&[(1.0, 2.0), (2.9, 3.0)]).verdict(), "dearer in each round");
        assert_eq!(pair(&[(1.0, 2.0)]).verdict(), "-");
    }

    #[test]
    fn what_could_not_be_measured_says_why() {
        let pair = Pair { rounds: Err("the key is refused".into()), ..pair(&[]) };
        assert_eq!(cells_of(&pair)[4], "skipped: the key is refused");
    }
}
