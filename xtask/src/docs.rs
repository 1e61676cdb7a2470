//! `cargo xtask docs`: generates pages from the code; `check` and `test` fail while they are out of date.
//! `cargo xtask facts`: generates the facts files from the vendor's description.

use crate::{ground, shell, tally::Tally};
use std::process::Command;

pub fn run() -> Tally {
    let packages = ["--package", "cvmd-actions", "--package", "cvmd-server"];
    let words = [&["test", "--release"][..], &packages, &["--lib", "--bins", "the_generated_"]].concat();
    Tally::of(shell::run(shell::cargo(&words).env("CVMD_WRITE_DOCS", "1")))
}

/// Run after a new version of tccli in `clients/requirements.txt`.
pub fn write_facts() -> Tally {
    let mut packages = Command::new(ground::venv().join("bin/python"));
    packages.args(["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]);
    let packages = match packages.output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => return Tally::failed("the clients' Python packages are not there: `cargo xtask setup`"),
    };
    let reader = ground::root().join("crates/actions/facts/read.py");
    Tally::of(shell::run(Command::new("python3").arg(reader).arg(packages)))
}
