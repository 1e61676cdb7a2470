//! The command line.

use anyhow::{Context, bail};
use std::path::PathBuf;

pub(crate) const HELP: &str = "\
cargo xtask bench [OPTIONS]     the table of numbers that count
  --instances A,B,...           sizes of the state; the first is what the others are compared with [1000,100000]
  --rounds N                    alternating rounds [5]
  --requests N                  measured requests of a case in a round, at least [6000]
  --only WORD,...               some of: start, unbind, describe, logins, moto [all]
  --quick                       small counts, to see that it works: the figures mean nothing
  --binary FILE                 the cvmd to measure [CVMD_BINARY, or the one beside this program]
  --against FILE                an older cvmd: measured in the same rounds by turns, and both printed side by side
  --sshd FILE                   the sshd to compare with [/usr/sbin/sshd]";

/// What this process does.
#[derive(Debug)]
pub(crate) enum Role {
    Bench(Options),
    /// Runs the yardstick.
    Bare,
    /// Holds a state in memory until its input ends.
    Hold(PathBuf),
    Help,
}

#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// In the order given.
    pub(crate) instances: Vec<usize>,
    pub(crate) rounds: usize,
    pub(crate) requests: usize,
    pub(crate) quick: bool,
    pub(crate) binary: PathBuf,
    pub(crate) against: Option<PathBuf>,
    pub(crate) sshd: PathBuf,
    only: Vec<String>,
}

impl Options {
    pub(crate) fn wants(&self, what: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == what)
    }
}

/// Reads the words after the program's name.
///
/// # Errors
/// A word that is not known, or a number that makes no sense.
pub(crate) fn read(words: impl Iterator<Item = String>) -> anyhow::Result<Role> {
    let mut words = words.peekable();
    let mut options = Options {
        instances: vec![1_000, 100_000],
        rounds: 5,
        requests: 6_000,
        quick: false,
        binary: binary()?,
        against: None,
        sshd: "/usr/sbin/sshd".into(),
        only: Vec::new(),
    };
    match words.peek().map(String::as_str) {
        Some("bare") => return Ok(Role::Bare),
        Some("hold") => return Ok(Role::Hold(words.nth(1).context("hold what?")?.into())),
        _ => {}
    }
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--instances" => options.instances = numbers(&value()?)?,
            "--rounds" => options.rounds = number(&value()?)?,
            "--requests" => options.requests = number(&value()?)?,
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            "--binary" => options.binary = value()?.into(),
            "--against" => options.against = Some(value()?.into()),
            "--sshd" => options.sshd = value()?.into(),
            "--quick" => {
                options.quick = true;
                (options.instances, options.rounds, options.requests) = (vec![100, 1_000], 2, 500);
            }
            "--help" | "-h" => return Ok(Role::Help),
            other => bail!("{other} is not known\n{HELP}"),
        }
    }
    if options.instances.iter().any(|count| !(50..=4_000_000).contains(count)) {
        bail!("--instances takes numbers from 50 to 4000000");
    }
    Ok(Role::Bench(options))
}

fn numbers(text: &str) -> anyhow::Result<Vec<usize>> {
    text.split(',').map(number).collect()
}

fn number(text: &str) -> anyhow::Result<usize> {
    let number = text.parse().with_context(|| format!("{text} is not a number"))?;
    if number == 0 {
        bail!("0 of something is too few");
    }
    Ok(number)
}

fn binary() -> anyhow::Result<PathBuf> {
    if let Ok(binary) = std::env::var("CVMD_BINARY") {
        return Ok(binary.into());
    }
    Ok(std::env::current_exe()?.with_file_name("cvmd"))
}
