//! A cvmd that can be started: a copy of a binary, with the flags that both sides of a comparison know.

use anyhow::{Context, bail};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Without these two servers cannot be started and loaded alike.
const NEEDED: [&str; 3] = ["--listen", "--data", "--seed"];
/// Used where both sides know them: fixed ports for the machines, and a log of the same length.
const OPTIONAL: [&str; 2] = ["--ssh-ports", "--log"];

#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    flags: BTreeSet<String>,
    /// Whether its metrics count operations under way, so that their end is seen without the API.
    pub(crate) counts_operations: bool,
}

impl Program {
    /// Copies the binary, so that a build in the meantime does not change what is measured.
    ///
    /// # Errors
    /// There is no such file, it does not run, or it is no cvmd that can be loaded.
    pub(crate) fn copy(binary: &Path, to: PathBuf) -> anyhow::Result<Program> {
        fs::copy(binary, &to).with_context(|| format!("no {}", binary.display()))?;
        let help = Command::new(&to).args(["serve", "--help"]).output();
        let help = help.with_context(|| format!("{} does not run", binary.display()))?;
        let flags = flags(&String::from_utf8_lossy(&help.stdout));
        if let Some(lacking) = NEEDED.iter().find(|flag| !flags.contains(**flag)) {
            bail!("{}: `serve --help` names no {lacking}, with which servers are started alike", binary.display());
        }
        Ok(Program { path: to, flags, counts_operations: true })
    }

    /// Drops the flags that only one of the two knows.
    pub(crate) fn agree(&mut self, other: &mut Program) {
        let both: BTreeSet<String> = self.flags.intersection(&other.flags).cloned().collect();
        (self.flags, other.flags) = (both.clone(), both);
        let both_count = self.counts_operations && other.counts_operations;
        (self.counts_operations, other.counts_operations) = (both_count, both_count);
    }

    /// The arguments for `--ssh-ports` and `--log`, as far as they are known.
    pub(crate) fn settings(&self, level: &str) -> Vec<String> {
        let known = OPTIONAL.iter().zip(["0", level]).filter(|(flag, _)| self.flags.contains(**flag));
        known.flat_map(|(flag, value)| [(*flag).to_owned(), value.to_owned()]).collect()
    }
}

/// The words in a help text that begin with two dashes.
fn flags(help: &str) -> BTreeSet<String> {
    let words = help.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

#[cfg(test)]
mod test {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn program(script: &str) -> anyhow::Result<Program> {
        let directory = tempfile::tempdir()?;
        let binary = directory.path().join("given");
        fs::write(&binary, script)?;
        fs::set_permissions(&binary, fs::Permissions::from_mode(0o755))?;
        Program::copy(&binary, directory.path().join("copy"))
    }

    fn why(script: &str) -> String {
        format!("{:#}", program(script).unwrap_err())
    }

    #[test]
    fn a_binary_that_cannot_be_used_is_reported_with_the_reason() {
        let none = Program::copy(Path::new("/nowhere/cvmd"), std::env::temp_dir().join("cvmd-bench-none"));
        assert!(format!("{:#}", none.unwrap_err()).contains("no /nowhere/cvmd"));
        assert!(why("this is no program").contains("does not run"), "{}", why("this is no program"));
        let without_seed = why("#!/bin/sh\necho '--listen A --data DIR [--seedling]'\n");
        assert!(without_seed.contains("names no --seed"), "{without_seed}");
    }

    #[test]
    fn flags_that_one_side_does_not_know_are_used_on_neither() {
        let old = "#!/bin/sh\necho '--listen A, --data=DIR, --seed[=FILE] --log <LEVEL>'\n";
        let new = "#!/bin/sh\necho '--listen --data --seed --log --ssh-ports'\n";
        let (mut old, mut new) = (program(old).unwrap(), program(new).unwrap());
        assert_eq!(new.settings("warn"), ["--ssh-ports", "0", "--log", "warn"]);
        new.agree(&mut old);
        assert_eq!(new.settings("warn"), ["--log", "warn"]);
        assert_eq!(old.settings("warn"), new.settings("warn"));
    }
}
