//! `cargo xtask setup`: installs what the lanes need. System packages only as root, else it prints the command to run
//! first; the vendor's packages go unmodified under `target/`: Python's as pinned in `clients/requirements.txt`, Node's
//! as locked in `clients/node-sdk/`. Programs that are in no registry are skipped.

use crate::{ground, packages, shell, tally::Tally};
use std::{fs, process::Command};

pub fn run() -> Tally {
    let mut missing = packages::missing(packages::FOR_THE_LANES);
    if !python_makes_environments() {
        missing.push("python3-venv");
    }
    let mut tally = packages::install(&missing);
    tally.add(if python_makes_environments() {
        Tally::of(python())
    } else {
        Tally::skipped("Python packages: this Python cannot make an environment; install python3-venv")
    });
    tally.add(if shell::is_there("npm") {
        Tally::of(node())
    } else {
        Tally::skipped("Node packages: no npm here; install nodejs and npm")
    });
    tally
}

/// The Python environment of the clients, rebuilt when the pinned versions have changed.
fn python() -> Result<(), String> {
    let wanted = fs::read_to_string(ground::root().join("clients/requirements.txt")).map_err(|e| e.to_string())?;
    let stamp = ground::venv().join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && works("bin/python") {
        println!("the clients' Python packages are there");
        return Ok(());
    }
    // An incomplete or moved environment is not repaired but made again.
    let _ = fs::remove_dir_all(ground::venv());
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(ground::venv());
    shell::run(venv)?;
    thrice(pip_install)?;
    fs::write(stamp, wanted).map_err(|error| error.to_string())
}

/// A registry that fails once must not fail the run.
fn thrice(install: fn() -> Result<(), String>) -> Result<(), String> {
    install().or_else(|_| install()).or_else(|_| install())
}

fn pip_install() -> Result<(), String> {
    let mut pip = Command::new(ground::venv().join("bin/python"));
    // The vendor's package has thousands of modules, of which we import three: compiling them all takes a minute.
    pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--requirement"]);
    pip.arg(ground::root().join("clients/requirements.txt"));
    shell::run(pip)
}

/// The Node packages of the clients, reinstalled when their lock file has changed.
fn node() -> Result<(), String> {
    let from = ground::root().join("clients/node-sdk");
    let lock = fs::read_to_string(from.join("package-lock.json")).map_err(|error| error.to_string())?;
    let stamp = ground::node().join("installed.json");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        println!("the clients' Node packages are there");
        return Ok(());
    }
    let _ = fs::remove_dir_all(ground::node());
    fs::create_dir_all(ground::node()).map_err(|error| error.to_string())?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(from.join(name), ground::node().join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    thrice(npm_install)?;
    fs::write(stamp, lock).map_err(|error| error.to_string())
}

fn npm_install() -> Result<(), String> {
    let mut npm = Command::new("npm");
    // No test needs the packages' install scripts.
    npm.args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(ground::node());
    shell::run(npm)
}

fn works(python: &str) -> bool {
    Command::new(ground::venv().join(python)).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn python_makes_environments() -> bool {
    shell::is_there("python3")
        && Command::new("python3")
            .args(["-c", "import venv, ensurepip"])
            .output()
            .is_ok_and(|output| output.status.success())
}
