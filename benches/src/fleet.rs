//! What the servers are loaded with: stopped instances with one key pair each, and one running instance to enter.

use anyhow::Context;
use serde_json::json;
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

/// The instance that runs and admits our key; all others are stopped.
pub(crate) const RUNNING: usize = 0;
const INSTANCES_PER_KEY: usize = 10;
const CHARACTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// The number of ids of eight characters.
const IDS: u64 = 36_u64.pow(8);

pub(crate) fn instance_id(index: usize) -> String {
    format!("ins-{}", characters(index))
}

pub(crate) fn key_id(index: usize) -> String {
    format!("skey-{}", characters(index))
}

/// The key pair that an instance has in the seed.
pub(crate) fn first_key(instance: usize) -> usize {
    if instance == RUNNING { 0 } else { 1 + instance / INSTANCES_PER_KEY }
}

/// Spreads the ids, so that neighbours in the seed are not neighbours in an index. No two are the same: the factor and
/// the number of ids have no common divisor.
fn characters(index: usize) -> String {
    let mut rest = (index as u64 + 1) * 1_000_003 % IDS;
    let mut text = [0; 8];
    for place in text.iter_mut().rev() {
        // Invariant: the remainder is below 36.
        *place = CHARACTERS[(rest % 36) as usize];
        rest /= 36;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

pub(crate) fn write_seed(path: &Path, instances: usize, public_key: &str) -> anyhow::Result<()> {
    let mut file = BufWriter::new(File::create(path).context("the seed cannot be written")?);
    write!(file, "{{\"KeyPairs\":[{}", json!({ "KeyId": key_id(0), "KeyName": "ours", "PublicKey": public_key }))?;
    for key in 1..=first_key(instances - 1) {
        write!(file, ",\n{}", json!({ "KeyId": key_id(key), "KeyName": format!("team_{key}") }))?;
    }
    write!(file, "],\n\"Instances\":[")?;
    for index in 0..instances {
        let state = if index == RUNNING { "RUNNING" } else { "STOPPED" };
        let comma = if index == 0 { "" } else { ",\n" };
        let row = json!({
            "InstanceId": instance_id(index),
            "InstanceState": state,
            "InstanceName": format!("web-{index}"),
            "LoginSettings": { "KeyIds": [key_id(first_key(index))] },
        });
        write!(file, "{comma}{row}")?;
    }
    file.write_all(b"]}\n")?;
    file.flush()?;
    Ok(())
}
