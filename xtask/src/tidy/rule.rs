//! What a rule is, what it reads and what it reports.

use super::source::SourceFile;
use crate::{ground, shell};
use std::{fmt, fs, process::Command};

pub(crate) struct Workspace {
    /// The files that git tracks or would track, in git's order; binary files are left out.
    pub files: Vec<SourceFile>,
    /// The output of `cargo metadata`, dependencies included.
    pub metadata: serde_json::Value,
}

pub(crate) struct Rule {
    pub name: &'static str,
    /// One sentence that convinces somebody who wants to break the rule.
    pub why: &'static str,
    pub find: fn(&Workspace) -> Vec<Finding>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    pub what_to_do: String,
}

impl Finding {
    pub fn at(file: &SourceFile, line: usize, what_to_do: impl Into<String>) -> Finding {
        Finding { path: file.path.clone(), line, what_to_do: what_to_do.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what_to_do)
    }
}

impl Workspace {
    pub fn read() -> Result<Workspace, String> {
        let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let list = shell::read(Command::new("git").args(words).current_dir(ground::root()))?;
        let metadata = shell::read(&mut shell::cargo(&["metadata", "--format-version", "1", "--quiet"]))?;
        let files = list.split('\0').filter(|path| !path.is_empty()).filter_map(|path| {
            // A file that is deleted but not yet committed, or is not text: no rule reads it.
            let text = fs::read_to_string(ground::root().join(path)).ok()?;
            Some(SourceFile::new(path, &text))
        });
        Ok(Workspace {
            files: files.collect(),
            metadata: serde_json::from_str(&metadata).map_err(|error| error.to_string())?,
        })
    }
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;

    /// A workspace of only these files.
    pub(crate) fn workspace(files: &[(&str, &str)]) -> Workspace {
        let files = files.iter().map(|(path, text)| SourceFile::new(path, text)).collect();
        Workspace { files, metadata: serde_json::Value::Null }
    }

    /// The findings of a rule in one file, as `line: what to do`.
    pub(crate) fn found(rule: &Rule, path: &str, text: &str) -> Vec<String> {
        (rule.find)(&workspace(&[(path, text)])).iter().map(|f| format!("{}: {}", f.line, f.what_to_do)).collect()
    }
}
