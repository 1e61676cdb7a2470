//! A cvmd that is measured: started, called, and watched until the work is done.

use crate::{
    client::{self, Connection, Reply},
    fleet,
    process::{self, Cpu, Process},
    program::Program,
    random::Random,
    signer,
};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs::File,
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Enough for a million machines on a slow computer.
const READY_WITHIN: Duration = Duration::from_secs(1800);
/// Time limit for the work that requests started.
const DONE_WITHIN: Duration = Duration::from_secs(120);
/// A connection that was quiet for so long is replaced: the server closes it after 30 seconds.
const QUIET_MAX: Duration = Duration::from_secs(10);
/// A server that used hardly any CPU for so long has settled.
const SETTLED_FOR: Duration = Duration::from_millis(200);
const ASK_EVERY: Duration = Duration::from_millis(2);
/// The maximum of ids in one request.
const BATCH: usize = 100;
/// The gauge of operations that have not ended.
const UNDER_WAY: &str = "cvmd_operations_under_way";
/// Unbinds between two reads of the clock: fits the smallest state, and is the same for the largest.
const PASS: usize = 999;

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) instances: usize,
    address: SocketAddr,
    host: String,
    connections: Vec<Connection>,
    opened: Instant,
    random: Random,
    /// The key pair bound to each instance now.
    bound: Vec<usize>,
    /// Whether the metrics show when operations have ended; else the API is asked.
    counts_operations: bool,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Cost {
    pub(crate) requests: usize,
    pub(crate) elapsed: Duration,
    pub(crate) server: Duration,
    /// The server's CPU by the names of its threads.
    pub(crate) threads: BTreeMap<String, Duration>,
    pub(crate) generator: Duration,
    pub(crate) groups: f64,
    pub(crate) commits: f64,
    pub(crate) persist_seconds: f64,
}

impl Cost {
    /// Microseconds of CPU that one request took.
    pub(crate) fn us(&self) -> f64 {
        self.server.as_secs_f64() * 1e6 / self.requests as f64
    }

    pub(crate) fn generator_us(&self) -> f64 {
        self.generator.as_secs_f64() * 1e6 / self.requests as f64
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }
}

struct Meter {
    server: Cpu,
    ours: Cpu,
    begun: Instant,
}

impl Meter {
    fn begin(process: &Process) -> anyhow::Result<Meter> {
        Ok(Meter { server: process.cpu()?, ours: Cpu::ours()?, begun: Instant::now() })
    }

    fn end(&self, process: &Process, cost: &mut Cost) -> anyhow::Result<()> {
        cost.elapsed += self.begun.elapsed();
        let server = process.cpu()?;
        cost.server += server.since(&self.server);
        for (name, time) in server.by_thread(&self.server) {
            *cost.threads.entry(name).or_default() += time;
        }
        cost.generator += Cpu::ours()?.since(&self.ours);
        Ok(())
    }
}

/// The running yardstick.
#[derive(Debug)]
pub(crate) struct Bare {
    process: Process,
    host: String,
    connections: Vec<Connection>,
}

impl Bare {
    pub(crate) async fn start() -> anyhow::Result<Bare> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        let (process, line) = Process::start_and_hear("the bare handler", command, Duration::from_secs(10))?;
        let address = process::address(&line)?;
        Ok(Bare { process, host: address.to_string(), connections: Connection::open_all(address).await? })
    }

    pub(crate) async fn measure(&mut self, bodies: &[String]) -> anyhow::Result<Cost> {
        let requests = bodies.iter().map(|body| client::post(&self.host, "", body)).collect();
        let mut cost = Cost { requests: bodies.len(), ..Cost::default() };
        let meter = Meter::begin(&self.process)?;
        client::drive(&mut self.connections, requests, |reply| reply.status == 200).await?;
        meter.end(&self.process, &mut cost)?;
        Ok(cost)
    }
}

/// A server that is healthy and that nobody is connected to.
pub(crate) struct Started {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// From its start until it was healthy.
    pub(crate) took: Duration,
}

/// Starts a server and waits until it is healthy.
pub(crate) async fn start(program: &Program, data: &Path, level: &str, seed: Option<&Path>) -> anyhow::Result<Started> {
    let mut command = Command::new(&program.path);
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(program.settings(level)).arg("--data").arg(data);
    if let Some(seed) = seed {
        command.arg("--seed").arg(seed);
    }
    // Nothing in the caller's environment may change how it runs.
    command.env_clear().env("CVMD_SECRET_ID", signer::SECRET_ID).env("CVMD_SECRET_KEY", signer::SECRET_KEY);
    // A log is written somewhere: to a file, as under a supervisor.
    command.stderr(File::create(data.with_extension("log"))?);
    let begun = Instant::now();
    let (process, line) = Process::start_and_hear("cvmd", command, READY_WITHIN)
        .with_context(|| std::fs::read_to_string(data.with_extension("log")).unwrap_or_default())?;
    let address = process::address(&line)?;
    let host = address.to_string();
    let mut connection = Connection::open(address).await?;
    while connection.exchange(&client::get(&host, "/_cvmd/health")).await?.status != 200 {
        if begun.elapsed() > READY_WITHIN {
            bail!("/_cvmd/health does not answer 200");
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    Ok(Started { process, address, took: begun.elapsed() })
}

impl Server {
    /// Starts it and waits until it answers; returns also how long that took.
    pub(crate) async fn start(
        program: &Program,
        data: &Path,
        level: &str,
        seed: Option<&Path>,
        instances: usize,
    ) -> anyhow::Result<(Server, Duration)> {
        let Started { process, address, took } = start(program, data, level, seed).await?;
        let connections = Connection::open_all(address).await?;
        let bound = (0..instances).map(fleet::first_key).collect();
        let server = Server {
            process,
            instances,
            address,
            host: address.to_string(),
            connections,
            opened: Instant::now(),
            random: Random(instances as u64),
            bound,
            counts_operations: program.counts_operations,
        };
        Ok((server, took))
    }

    /// Waits until it is idle: after a start the engine looks at every idle instance once.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let before = self.process.cpu()?;
            tokio::time::sleep(SETTLED_FOR).await;
            if self.process.cpu()?.since(&before) < SETTLED_FOR / 50 {
                return Ok(());
            }
            if begun.elapsed() > DONE_WITHIN {
                bail!("the server is still busy {DONE_WITHIN:?} after its start");
            }
        }
    }

    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        drop(self.connections);
        self.process.stop().await
    }

    /// New connections in place of those that may have been closed.
    async fn reconnect(&mut self) -> anyhow::Result<()> {
        if self.opened.elapsed() > QUIET_MAX {
            self.connections = Connection::open_all(self.address).await?;
            self.opened = Instant::now();
        }
        Ok(())
    }

    pub(crate) async fn call(&mut self, action: &str, body: &Value) -> anyhow::Result<Value> {
        self.reconnect().await?;
        let request = signer::request(&self.host, action, &body.to_string());
        let connection = self.connections.first_mut().context("no connection")?;
        let reply = connection.exchange(&request).await?;
        if !is_success(&reply) {
            bail!("{action} was answered {}", reply.body);
        }
        Ok(serde_json::from_str::<Value>(reply.body)?["Response"].take())
    }

    /// Bodies that name one instance each, chosen at random.
    pub(crate) fn describe_bodies(&mut self, count: usize) -> Vec<String> {
        let draw = |_| json!({ "InstanceIds": [fleet::instance_id(self.random.below(self.instances))] }).to_string();
        (0..count).map(draw).collect()
    }

    pub(crate) async fn describe(&mut self, count: usize) -> anyhow::Result<Cost> {
        let bodies = self.describe_bodies(count);
        let requests = bodies.iter().map(|body| signer::request(&self.host, "DescribeInstances", body)).collect();
        let mut cost = Cost { requests: count, ..Cost::default() };
        // After this call the connections are open and the server is idle, whatever went before.
        self.metrics().await?;
        let meter = Meter::begin(&self.process)?;
        client::drive(&mut self.connections, requests, |reply| {
            is_success(reply) && reply.body.contains("\"TotalCount\":1,")
        })
        .await?;
        meter.end(&self.process, &mut cost)?;
        Ok(cost)
    }

    /// Bodies that name one stopped instance and its key pair, chosen at random, no instance twice.
    pub(crate) fn unbind_bodies(&mut self, count: usize) -> (Vec<usize>, Vec<String>) {
        let sample = self.random.sample(fleet::RUNNING + 1, self.instances, count);
        let body = |instance: &usize| {
            let key = fleet::key_id(self.bound[*instance]);
            json!({ "InstanceIds": [fleet::instance_id(*instance)], "KeyIds": [key] }).to_string()
        };
        let bodies = sample.iter().map(body).collect();
        (sample, bodies)
    }

    /// Unbinds the key from one stopped instance per request; the clock runs until the last operation has ended. It
    /// works in passes: between them, with the clock stopped, every outcome is checked and the keys are bound again.
    pub(crate) async fn unbind(&mut self, at_least: usize) -> anyhow::Result<Cost> {
        let mut cost = Cost::default();
        while cost.requests < at_least {
            let (sample, bodies) = self.unbind_bodies(PASS);
            let sign = |body: &String| signer::request(&self.host, "DisassociateInstancesKeyPairs", body);
            let requests = bodies.iter().map(sign).collect();
            let before = self.metrics().await?;
            let meter = Meter::begin(&self.process)?;
            client::drive(&mut self.connections, requests, is_success).await?;
            self.done(&sample).await?;
            meter.end(&self.process, &mut cost)?;
            let after = self.metrics().await?;
            let grown = |name: &str| after.get(name).unwrap_or(&0.0) - before.get(name).unwrap_or(&0.0);
            cost.requests += sample.len();
            cost.groups += grown("cvmd_commit_groups_total");
            cost.commits += grown("cvmd_commits_total");
            cost.persist_seconds += grown("cvmd_persist_seconds_total");
            self.all_are(&sample, None).await?;
            self.bind(&sample).await?;
        }
        Ok(cost)
    }

    /// Binds a key pair to instances that have none.
    async fn bind(&mut self, sample: &[usize]) -> anyhow::Result<()> {
        for batch in sample.chunks(BATCH) {
            let key = fleet::first_key(batch[0]);
            let ids: Vec<_> = batch.iter().copied().map(fleet::instance_id).collect();
            self.call("AssociateInstancesKeyPairs", &json!({ "InstanceIds": ids, "KeyIds": [fleet::key_id(key)] }))
                .await?;
            batch.iter().for_each(|instance| self.bound[*instance] = key);
        }
        self.done(sample).await?;
        self.all_are(sample, Some("AssociateInstancesKeyPairs")).await
    }

    /// Checks that each of these instances has the expected key (none after an unbind) and that its operation has
    /// succeeded.
    async fn all_are(&mut self, sample: &[usize], bound_by: Option<&str>) -> anyhow::Result<()> {
        for batch in sample.chunks(BATCH) {
            let seen = self.seen(batch).await?;
            if seen.len() != batch.len() {
                bail!("{} instances were asked for, and {} seen", batch.len(), seen.len());
            }
            let keys = match bound_by {
                Some(_) => json!([fleet::key_id(self.bound[batch[0]])]),
                None => json!([]),
            };
            let operation = bound_by.unwrap_or("DisassociateInstancesKeyPairs");
            for row in seen {
                // An older cvmd answers an empty list where there is no key.
                let seen_keys = &row["LoginSettings"]["KeyIds"];
                let same_keys = *seen_keys == keys || (bound_by.is_none() && seen_keys.is_null());
                if !same_keys
                    || row["LatestOperation"] != operation
                    || row["LatestOperationState"] != "SUCCESS"
                    || row["InstanceState"] != "STOPPED"
                {
                    bail!("after {operation}, which should leave it with {keys}, an instance is {row}");
                }
            }
        }
        Ok(())
    }

    /// Waits until no operation is under way; only these instances have any.
    async fn done(&mut self, sample: &[usize]) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !self.is_done(sample).await? {
            if begun.elapsed() > DONE_WITHIN {
                bail!("operations are still under way after {DONE_WITHIN:?}");
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Ok(())
    }

    async fn is_done(&mut self, sample: &[usize]) -> anyhow::Result<bool> {
        if self.counts_operations {
            return Ok(self.metrics().await?.get(UNDER_WAY) == Some(&0.0));
        }
        for batch in sample.chunks(BATCH) {
            let seen = self.seen(batch).await?;
            if seen.iter().any(|row| row["LatestOperationState"] == "OPERATING") {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn seen(&mut self, batch: &[usize]) -> anyhow::Result<Vec<Value>> {
        let ids: Vec<_> = batch.iter().copied().map(fleet::instance_id).collect();
        let mut reply = self.call("DescribeInstances", &json!({ "InstanceIds": ids, "Limit": BATCH })).await?;
        serde_json::from_value(reply["InstanceSet"].take()).context("no InstanceSet")
    }

    /// Whether its metrics show how many operations are under way.
    pub(crate) async fn counts_operations(&mut self) -> anyhow::Result<bool> {
        self.counts_operations = self.metrics().await?.contains_key(UNDER_WAY);
        Ok(self.counts_operations)
    }

    async fn metrics(&mut self) -> anyhow::Result<BTreeMap<String, f64>> {
        self.reconnect().await?;
        let request = client::get(&self.host, "/_cvmd/metrics");
        let connection = self.connections.first_mut().context("no connection")?;
        let reply = connection.exchange(&request).await?;
        let lines = reply.body.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.rsplit_once(' '));
        Ok(pairs.filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?))).collect())
    }
}

fn is_success(reply: &Reply<'_>) -> bool {
    reply.status == 200 && reply.body.starts_with("{\"Response\":{") && !reply.body.contains("\"Error\":{")
}
