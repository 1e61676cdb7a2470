//! `cargo xtask ci bare`: both commands of README in a fresh Debian that has Python, git and a C compiler, and nothing else.
//!
//! mmdebstrap makes the Debian from the packages of the host's own release, in a namespace where we are not root. Only
//! the Rust toolchain is taken from the host, read-only: no other can be fetched where this runs. The checkout's HEAD
//! is cloned. Access to registries is passed on: the variables of cargo, pip, npm and proxies, the configuration files,
//! and the files and directories that those variables name.
//!
//! `CVMD_BARE_LANES=setup,check` runs only those lanes and no demo, for a quick try without an hour of compiling.

use crate::{ground, packages, shell, tally::Tally};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const INCLUDED: &str = "python3,git,gcc,libc6-dev";
/// Variables with these prefixes configure access to a registry.
const HANDED_ON: [&str; 4] = ["CARGO_REGISTR", "CARGO_SOURCE", "PIP_", "NPM_CONFIG_"];
const HANDED_ON_WHOLE: [&str; 8] =
    ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "all_proxy", "ALL_PROXY"];
/// The host's certificate authorities, private ones included. The packages inside install a bundle of their own at this
/// path.
const BELIEVED: &str = "/etc/ssl/certs/ca-certificates.crt";
const BELIEVED_INSIDE: &str = "/opt/host-ca.crt";
/// Variables that name such a bundle, each for one of the programs that fetch packages.
const BELIEVERS: [&str; 6] =
    ["SSL_CERT_FILE", "PIP_CERT", "NODE_EXTRA_CA_CERTS", "NPM_CONFIG_CAFILE", "CARGO_HTTP_CAINFO", "CURL_CA_BUNDLE"];
/// Configuration files below the home directory, passed on to the new home directory.
const OF_A_HOME: [&str; 5] = [".cargo/config.toml", ".cargo/config", ".config/pip/pip.conf", ".pip/pip.conf", ".npmrc"];
const OF_THE_SYSTEM: [&str; 4] = ["/etc/pip.conf", "/etc/npmrc", "/etc/resolv.conf", "/etc/hosts"];

pub fn run() -> Tally {
    let missing = packages::missing(&[("mmdebstrap", "mmdebstrap"), ("unshare", "util-linux")]);
    if !missing.is_empty() {
        let installed = packages::install(&missing);
        if installed.passed == 0 || !installed.is_green() {
            return installed;
        }
    }
    let root = env::temp_dir().join(format!("cvmd-bare-{}", std::process::id()));
    let tally = make(&root).map_or_else(Tally::failed, |()| commands(&root));
    if let Err(why) = shell::run(&mut enter(&["rm", "-rf", &root.to_string_lossy()])) {
        println!("{} stays: {why}", root.display());
    }
    tally
}

/// Makes a Debian of the host's release, with the host's package sources.
fn make(root: &Path) -> Result<(), String> {
    let release = fs::read_to_string("/etc/os-release").map_err(|error| error.to_string())?;
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let suite = suite.ok_or("this host does not say which Debian it is")?.trim_matches('"').to_owned();
    let mut debootstrap = Command::new("mmdebstrap");
    debootstrap.arg(if packages::is_root() { "--mode=root" } else { "--mode=unshare" });
    debootstrap.args(["--variant=minbase", &format!("--include={INCLUDED}")]);
    for settings in files_in("/etc/apt/apt.conf.d", |text| text.contains("Acquire::")) {
        debootstrap.arg(format!("--aptopt={}", settings.display()));
    }
    debootstrap.arg(&suite).arg(root);
    let here = |text: &str| text.split_whitespace().any(|word| word == suite);
    let sources = files_in("/etc/apt/sources.list.d", here).into_iter();
    debootstrap.args(sources.chain(Some(PathBuf::from("/etc/apt/sources.list")).filter(|path| path.is_file())));
    shell::run(&mut debootstrap)
}

fn files_in(folder: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| fs::read_to_string(path).is_ok_and(|text| is_wanted(&text))).collect();
    files.sort();
    files
}

/// Runs both commands; the inner outcome counts as ours.
fn commands(root: &Path) -> Tally {
    let lanes = env::var("CVMD_BARE_LANES").unwrap_or_default().replace(',', " ");
    let demo = if lanes.is_empty() { "cargo run --release -- demo && " } else { "" };
    let script = root.with_extension("sh");
    let written = inside(root, &format!("{demo}cargo xtask ci {lanes}"))
        .and_then(|text| fs::write(&script, text).map_err(|error| format!("{}: {error}", script.display())));
    if let Err(why) = written {
        return Tally::failed(why);
    }
    let mut tally = Tally::default();
    let outcome =
        shell::watch(&mut enter(&["sh", "-e", &script.to_string_lossy()]), |line| read_line(line, &mut tally));
    let _ = fs::remove_file(script);
    if let Err(why) = outcome
        && tally.is_green()
    {
        tally.failed.push(why);
    }
    tally
}

/// Reads the inner run's closing line; its lanes print the same before, each for itself.
fn read_line(line: &str, tally: &mut Tally) {
    if let Some(why) = line.strip_prefix("skipped ") {
        tally.skipped.push(why.to_owned());
    } else if let Some(why) = line.strip_prefix("FAILED ") {
        tally.failed.push(why.to_owned());
    } else if let Some((passed, rest)) = line.split_once(" passed, ")
        && rest.ends_with(" skipped")
        && let Ok(passed) = passed.parse()
    {
        tally.passed = passed;
    }
}

/// Runs as root of a new namespace. Mounts are visible only there, and processes left in it are ended.
fn enter(words: &[&str]) -> Command {
    let mut unshare = Command::new("unshare");
    if !packages::is_root() {
        unshare.args(["--user", "--map-root-user", "--map-auto"]);
    }
    unshare.args(["--mount", "--pid", "--fork", "--kill-child"]).args(words);
    unshare
}

/// A script that mounts what is passed on, clones the checkout and runs the command. The values of variables may be
/// secrets, so they are passed by the environment and not written into it.
fn inside(root: &Path, command: &str) -> Result<String, String> {
    let variables: Vec<(String, String)> = env::vars().filter(|(name, _)| is_handed_on(name)).collect();
    let mut script = format!("root={}\n", quoted(root));
    // A mount namespace can only be made inside when the root is a mount.
    script += "mount --rbind \"$root\" \"$root\"\n";
    script += "mount -t proc proc \"$root/proc\"\nmount --rbind /dev \"$root/dev\"\n";
    for (to, from) in lent(&variables)? {
        let make = if from.is_dir() { "mkdir -p" } else { "touch" };
        let (from, place) = (quoted(&from), format!("\"$root\"{}", quoted(&to)));
        script += &format!("mkdir -p \"$(dirname {place})\"\n");
        // A copy, because the packages inside may change it.
        script += &if to.starts_with("/etc") || to.starts_with("/root") {
            format!("cp -rL --remove-destination {from} {place}\n")
        } else {
            format!("{make} {place}\nmount --bind {from} {place}\nmount -o remount,bind,ro {place}\n")
        };
    }
    let checkout = quoted(ground::root());
    script += &format!("git -c safe.directory='*' clone --quiet --no-hardlinks {checkout} \"$root/cvmd\"\n");
    let mut exports: String = variables.iter().map(|(name, _)| format!(" {name}=\"${name}\"")).collect();
    if Path::new(BELIEVED).exists() {
        exports.extend(BELIEVERS.map(|name| format!(" {name}={BELIEVED_INSIDE}")));
    }
    script += "exec chroot \"$root\" env -i HOME=/root PATH=/opt/rust/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    script += &format!(" TMPDIR=/tmp LC_ALL=C.UTF-8{exports} sh -c 'cd /cvmd && {command}'\n");
    Ok(script)
}

/// Maps the path inside to the path on the host. Paths below another path of the map are left out.
fn lent(variables: &[(String, String)]) -> Result<BTreeMap<PathBuf, PathBuf>, String> {
    let sysroot = shell::read(Command::new("rustc").args(["--print", "sysroot"]).current_dir(ground::root()))?;
    let toolchain = PathBuf::from(sysroot.trim());
    let home = PathBuf::from(env::var_os("HOME").unwrap_or_default());
    let mut lent = BTreeMap::from([(PathBuf::from("/opt/rust"), toolchain)]);
    lent.extend(OF_A_HOME.map(|name| (Path::new("/root").join(name), home.join(name))));
    lent.extend(OF_THE_SYSTEM.map(|name| (name.into(), name.into())));
    lent.insert(BELIEVED_INSIDE.into(), BELIEVED.into());
    lent.extend(variables.iter().map(|(_, value)| (value.into(), value.into())));
    lent.retain(|to, from| to.is_absolute() && from.exists());
    let places: Vec<PathBuf> = lent.keys().cloned().collect();
    lent.retain(|to, _| !places.iter().any(|place| place != to && to.starts_with(place)));
    Ok(lent)
}

fn is_handed_on(name: &str) -> bool {
    let upper = name.to_uppercase();
    let begins = HANDED_ON.iter().any(|begins| upper.starts_with(begins));
    (begins || HANDED_ON_WHOLE.contains(&name)) && !BELIEVERS.contains(&upper.as_str())
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_inner_outcome_is_the_last_one_printed() {
        let mut tally = Tally::default();
        for line in [
            "setup    ok      12 s  4 passed, 0 failed, 1 skipped",
            "skipped setup: packer",
            "7 passed, 0 failed, 1 skipped",
        ] {
            read_line(line, &mut tally);
        }
        assert_eq!(tally.passed, 7);
        assert_eq!(tally.skipped, ["setup: packer"]);
        assert!(tally.is_green());
    }

    #[test]
    fn only_what_leads_to_registries_is_handed_on() {
        assert!(
            ["PIP_INDEX_URL", "npm_config_registry", "CARGO_REGISTRIES_X_INDEX", "https_proxy"]
                .into_iter()
                .all(is_handed_on)
        );
        assert!(!["HOME", "CVMD_DATA", "CARGO", "AWS_PROFILE", "npm_config_cafile"].into_iter().any(is_handed_on));
    }
}
