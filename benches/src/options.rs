//! The command line.

use crate::floors::Figure;
use clap::{Parser, Subcommand, builder::PossibleValuesParser};
use std::path::PathBuf;

/// The table of numbers that count.
#[derive(Debug, Clone, Parser)]
#[command(name = "cargo xtask bench")]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
    /// Sizes of the state, 50 to 4000000; the first is what the others are compared with.
    #[arg(long, value_name = "A,B,...", value_delimiter = ',', value_parser = size, default_value = "1000,100000")]
    #[arg(default_value_if("quick", "true", "100,1000"))]
    pub(crate) instances: Vec<usize>,
    /// Alternating rounds.
    #[arg(long, value_name = "N", value_parser = count, default_value = "5", default_value_if("quick", "true", "2"))]
    pub(crate) rounds: usize,
    /// Measured requests of a case in a round, at least.
    #[arg(long, value_name = "N", value_parser = count, default_value = "6000")]
    #[arg(default_value_if("quick", "true", "500"))]
    pub(crate) requests: usize,
    /// Some rows of the table alone.
    #[arg(long, value_name = "WORD,...", value_delimiter = ',', value_parser = PossibleValuesParser::new(words()))]
    only: Vec<String>,
    /// Small counts, to see that it works: the figures mean nothing.
    #[arg(long)]
    pub(crate) quick: bool,
    /// The cvmd to measure, by default the one beside this program.
    #[arg(long, value_name = "FILE", env = "CVMD_BINARY")]
    pub(crate) binary: Option<PathBuf>,
    /// An older cvmd: measured in the same rounds by turns, and both printed side by side.
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// The sshd to compare with.
    #[arg(long, value_name = "FILE", default_value = "/usr/sbin/sshd")]
    pub(crate) sshd: PathBuf,
    /// The moto server to compare with; `cargo xtask setup` installs one.
    #[arg(long, value_name = "FILE", env = "CVMD_BENCH_MOTO", default_value = "moto_server")]
    pub(crate) moto: PathBuf,
}

/// What this process is for others of it.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Role {
    /// Runs the yardstick.
    #[command(hide = true)]
    Bare,
    /// Holds a state in memory until its input ends.
    #[command(hide = true)]
    Hold { database: PathBuf },
}

impl Options {
    pub(crate) fn wants(&self, word: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == word)
    }

    /// Whether something is wanted that needs servers with a state.
    pub(crate) fn wants_states(&self) -> bool {
        words().any(|word| !STATELESS.contains(&word) && self.wants(word))
    }
}

/// Rows that start servers of their own, or none.
const STATELESS: [&str; 3] = ["idle", "launch", "proof"];

/// The words that name rows, each once.
fn words() -> impl Iterator<Item = &'static str> {
    let mut words = Figure::ALL.map(|figure| figure.line().word).to_vec();
    words.sort_unstable();
    words.dedup();
    words.into_iter()
}

fn size(text: &str) -> Result<usize, String> {
    count(text).ok().filter(|size| (50..=4_000_000).contains(size)).ok_or_else(|| "50 to 4000000".to_owned())
}

fn count(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "a whole number from 1 on".to_owned())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_quick_is_small_unless_it_was_said() {
        let read = |words: &[&str]| Options::parse_from(["bench"].iter().chain(words));
        let usual = read(&[]);
        assert_eq!((usual.instances, usual.rounds, usual.requests), (vec![1_000, 100_000], 5, 6_000));
        let quick = read(&["--quick", "--rounds", "3"]);
        assert_eq!((quick.instances, quick.rounds, quick.requests), (vec![100, 1_000], 3, 500));
        assert!(matches!(read(&["hold", "x.db"]).role, Some(Role::Hold { .. })));
    }

    #[test]
    fn rows_are_chosen_by_their_words_and_an_unknown_word_is_refused() {
        let read = |words: &[&str]| Options::try_parse_from(["bench"].iter().chain(words));
        let some = read(&["--only", "idle,launch"]).unwrap();
        assert!(some.wants("idle") && !some.wants("unbind") && !some.wants_states());
        assert!(read(&["--only", "idle,start"]).unwrap().wants_states());
        let all = read(&[]).unwrap();
        assert!(words().all(|word| all.wants(word)) && all.wants_states());
        assert!(STATELESS.iter().all(|word| words().any(|known| known == *word)));
        assert!(read(&["--only", "idel"]).unwrap_err().to_string().contains("idle"));
    }
}
