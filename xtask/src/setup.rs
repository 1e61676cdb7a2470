//! `cargo xtask setup`: installs what the lanes need. System packages only as root, else it prints the command to run
//! first; the vendor's packages go unmodified under `target/`: Python's as pinned in `clients/requirements.txt`, Node's
//! as locked in `clients/node-sdk/`. What the bench compares with is pinned in `benches/requirements.txt`. Programs that
//! are in no registry are skipped.

use crate::{ground, packages, shell, tally::Tally};
use std::{fs, path::Path, process::Command};

pub fn run() -> Tally {
    let mut missing = packages::missing(packages::FOR_THE_LANES);
    if !python_makes_environments() {
        missing.push("python3-venv");
    }
    let mut tally = packages::install(&missing);
    tally.add(if python_makes_environments() {
        let mut both = Tally::of(python("clients/requirements.txt", &ground::venv()));
        both.add(Tally::of(python("benches/requirements.txt", &ground::bench_venv())));
        both
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

/// A Python environment with the packages that a file pins, rebuilt when the file has changed.
fn python(requirements: &str, venv: &Path) -> Result<(), String> {
    let from = ground::root().join(requirements);
    let wanted = fs::read_to_string(&from).map_err(|error| format!("{requirements}: {error}"))?;
    let stamp = venv.join("installed.txt");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && works(&venv.join("bin/python")) {
        println!("the packages of {requirements} are there");
        return Ok(());
    }
    // An incomplete or moved environment is not repaired but made again.
    let _ = fs::remove_dir_all(venv);
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
    thrice(|| pip_install(&from, venv))?;
    fs::write(stamp, wanted).map_err(|error| error.to_string())
}

/// A registry that fails once must not fail the run.
fn thrice(install: impl Fn() -> Result<(), String>) -> Result<(), String> {
    install().or_else(|_| install()).or_else(|_| install())
}

fn pip_install(requirements: &Path, venv: &Path) -> Result<(), String> {
    let mut pip = Command::new(venv.join("bin/python"));
    // The vendor's package has thousands of modules, of which we import three: compiling them all takes a minute.
    pip.args(["-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check", "--requirement"]);
    shell::run(pip.arg(requirements))
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
    shell::run(&mut npm)
}

fn works(python: &Path) -> bool {
    Command::new(python).arg("--version").output().is_ok_and(|output| output.status.success())
}

fn python_makes_environments() -> bool {
    shell::is_there("python3")
        && Command::new("python3")
            .args(["-c", "import venv, ensurepip"])
            .output()
            .is_ok_and(|output| output.status.success())
}
