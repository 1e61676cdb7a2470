//! Many machines launched by one client that waits for each answer, until each of them answers on SSH.

use crate::{
    client::Connection,
    floors::Figure,
    program::Program,
    report::Row,
    server::{self, Started},
    signer,
};
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};
use tokio::{io::AsyncReadExt, net::TcpStream};

/// The maximum of instances in one reply.
const PAGE: usize = 100;
const ANSWER_WITHIN: Duration = Duration::from_secs(120);
const ASK_EVERY: Duration = Duration::from_millis(2);
const BANNER: &[u8; 4] = b"SSH-";

pub(crate) async fn measure(rounds: usize, machines: usize, ground: &Path, program: &Program) -> Vec<Row> {
    let (mut seconds, mut memory) = (Vec::new(), Vec::new());
    let mut failed = None;
    for round in 1..=rounds {
        match launch(machines, &ground.join(format!("launch-{round}")), program).await {
            Ok((took, bytes)) => {
                seconds.push(took.as_secs_f64());
                memory.push(bytes as f64 / f64::from(1 << 20));
            }
            Err(error) => failed = Some(format!("{error:#}")),
        }
    }
    let of = |figure, rounds| {
        let rounds = failed.clone().map_or(Ok(rounds), |why| Err(anyhow::anyhow!(why)));
        Row::new(figure, machines, "one request at a time", rounds)
    };
    vec![of(Figure::LaunchTime, seconds), of(Figure::LaunchMemory, memory)]
}

/// A request for each machine, then their addresses page by page, then each machine's banner.
async fn launch(machines: usize, data: &Path, program: &Program) -> anyhow::Result<(Duration, u64)> {
    let Started { process, address, .. } = server::start(program, data, "warn", None).await?;
    let mut caller = Caller { connection: Connection::open(address).await?, host: address.to_string() };
    let begun = Instant::now();
    for _ in 0..machines {
        caller
            .call("RunInstances", &json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5"}))
            .await?;
    }
    let mut entrances = Vec::new();
    for page in 0..machines.div_ceil(PAGE) {
        let seen = caller.call("DescribeInstances", &json!({"Limit": PAGE, "Offset": page * PAGE})).await?;
        for row in seen["InstanceSet"].as_array().context("no InstanceSet")? {
            entrances.push(entrance(row)?);
        }
    }
    if entrances.len() != machines {
        bail!("{machines} machines were launched, and {} are seen", entrances.len());
    }
    for entrance in entrances {
        while !answers(entrance).await {
            if begun.elapsed() > ANSWER_WITHIN {
                bail!("{entrance} does not answer with a banner");
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }
    let took = begun.elapsed();
    let bytes = process.resident_bytes()?;
    process.stop().await?;
    Ok((took, bytes))
}

/// Where an instance's machine is entered.
///
/// # Errors
/// When the reply does not say it.
pub(crate) fn entrance(row: &Value) -> anyhow::Result<SocketAddr> {
    let ip = row["PrivateIpAddresses"][0].as_str().context("no address")?;
    let port = row["DefaultLoginPort"].as_u64().context("no port")?;
    Ok(format!("{ip}:{port}").parse()?)
}

async fn answers(entrance: SocketAddr) -> bool {
    let mut banner = [0; BANNER.len()];
    let read = async { TcpStream::connect(entrance).await?.read_exact(&mut banner).await };
    read.await.is_ok() && banner == *BANNER
}

struct Caller {
    connection: Connection,
    host: String,
}

impl Caller {
    async fn call(&mut self, action: &str, body: &Value) -> anyhow::Result<Value> {
        let reply = self.connection.exchange(&signer::request(&self.host, action, &body.to_string())).await?;
        let mut answer: Value = serde_json::from_str(reply.body)?;
        let answer = answer["Response"].take();
        if reply.status != 200 || !answer["Error"].is_null() {
            bail!("{action} was answered {answer}");
        }
        Ok(answer)
    }
}
