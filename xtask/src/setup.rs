//! `cargo xtask setup`: what the real clients need and a bare machine lacks. System packages only when we are root; the
//! vendor's packages, unmodified, under `target/`: Python's as pinned in `clients/requirements.txt`, Node's as locked in
//! `clients/node-sdk/`.

use crate::{ground, shell, tally::Tally};
use std::{fs, process::Command};

/// Programs that the clients call, and the Debian package that brings each.
const PROGRAMS: &[(&str, &str)] =
    &[("ssh", "openssh-client"), ("ssh-keygen", "openssh-client"), ("python3", "python3")];

/// Programs without which one client is skipped, and nothing else suffers.
const SPARED: &[(&str, &str)] = &[("packer", "packer")];

pub fn run() -> Tally {
    let mut tally = Tally::default();
    tally.add(system());
    for (program, package) in SPARED.iter().filter(|(program, _)| !shell::is_there(program)) {
        let why = |why: String| Tally::skipped(format!("{program}: {why}"));
        tally.add(install(&[package]).map_or_else(why, |()| Tally::passed(1)));
    }
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

fn system() -> Tally {
    let mut missing: Vec<&str> =
        PROGRAMS.iter().filter(|(program, _)| !shell::is_there(program)).map(|&(_, package)| package).collect();
    if !python_makes_environments() {
        missing.push("python3-venv");
    }
    missing.dedup();
    if missing.is_empty() {
        return Tally::passed(1);
    }
    if !is_root() {
        return Tally::skipped(format!("system packages: {} missing, and only root installs them", missing.join(", ")));
    }
    Tally::of(install(&missing))
}

fn install(packages: &[&str]) -> Result<(), String> {
    if !is_root() {
        return Err("only root installs it".to_owned());
    }
    apt_get(&["update"])?;
    apt_get(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
}

/// The Python environment of the clients, made anew when the pinned versions changed.
fn python() -> Result<(), String> {
    let wanted = fs::read_to_string(ground::root().join("clients/requirements.txt")).map_err(|e| e.to_string())?;
    let stamp = ground::venv().join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && works("bin/python") {
        println!("the clients' Python packages are there");
        return Ok(());
    }
    // A half-made or moved environment is not repaired.
    let _ = fs::remove_dir_all(ground::venv());
    let mut venv = Command::new("python3");
    venv.args(["-m", "venv"]).arg(ground::venv());
    shell::run(venv)?;
    // A registry that hiccups once must not turn the run red.
    pip_install().or_else(|_| pip_install()).or_else(|_| pip_install())?;
    fs::write(stamp, wanted).map_err(|error| error.to_string())
}

fn pip_install() -> Result<(), String> {
    let mut pip = Command::new(ground::venv().join("bin/python"));
    // The vendor's package holds thousands of modules of which we import three: compiling them all takes a minute.
    pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--requirement"]);
    pip.arg(ground::root().join("clients/requirements.txt"));
    shell::run(pip)
}

/// The Node packages of the clients, installed anew when their lock file changed.
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
    npm_install().or_else(|_| npm_install()).or_else(|_| npm_install())?;
    fs::write(stamp, lock).map_err(|error| error.to_string())
}

fn npm_install() -> Result<(), String> {
    let mut npm = Command::new("npm");
    // The packages' own scripts are none that a test needs.
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

fn is_root() -> bool {
    let mut id = Command::new("id");
    id.arg("-u");
    shell::read(id).is_ok_and(|uid| uid.trim() == "0")
}

fn apt_get(words: &[&str]) -> Result<(), String> {
    let mut apt = Command::new("apt-get");
    apt.args(["--quiet", "--quiet"]).args(words).env("DEBIAN_FRONTEND", "noninteractive");
    shell::run(apt)
}
