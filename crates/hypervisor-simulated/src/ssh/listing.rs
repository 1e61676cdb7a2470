//! `ls`, as coreutils print it: one name a line, as for a pipe.

use super::{
    commands::{Done, Guest, OUTPUT_MAX, fails},
    dates,
    files::absolute,
};
use crate::bounds::Bound;
use std::{cmp::Reverse, collections::BTreeSet};

/// Which options were given.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    hidden: bool,
    /// `.` and `..` too.
    own: bool,
    long: bool,
    /// A directory itself, not what is in it.
    directory: bool,
    /// What changed last comes first.
    newest: bool,
}

/// One line of it.
struct Line<'a> {
    name: &'a str,
    mode: String,
    links: usize,
    owner: &'a str,
    bytes: usize,
    changed_ms: u64,
}

/// Runs `ls`; `paths` and options may stand in any order.
pub(super) fn ls(arguments: &[&str], guest: &Guest<'_>) -> Done {
    let mut asked = Asked::default();
    let (options, mut paths): (Vec<&str>, Vec<&str>) =
        arguments.iter().copied().partition(|word: &&str| word.len() > 1 && word.starts_with('-'));
    for letter in options.iter().flat_map(|word| word[1..].chars()) {
        match letter {
            'a' => (asked.hidden, asked.own) = (true, true),
            'A' => asked.hidden = true,
            'l' => asked.long = true,
            'd' => asked.directory = true,
            't' => asked.newest = true,
            '1' => {}
            _ => return fails(&format!("ls: only -a, -A, -d, -l, -t and -1 are known here, not -{letter}"), 2),
        }
    }
    if paths.is_empty() {
        paths.push(".");
    }
    let (mut done, mut out) = (Done::default(), String::new());
    let (directories, files): (Vec<&str>, Vec<&str>) =
        paths.iter().copied().partition(|path| !asked.directory && guest.is_directory(path));
    let (there, missing): (Vec<&str>, Vec<&str>) =
        files.into_iter().partition(|path| guest.is_directory(path) || guest.read(&guest.place(path)).is_ok());
    for path in missing {
        done.status = 2;
        done.err.push_str(&format!("ls: cannot access '{path}': No such file or directory\n"));
    }
    show(&mut out, there.iter().map(|path| (*path, guest.place(path))).collect(), asked, guest);
    for path in directories {
        if paths.len() > 1 {
            out.push_str(&format!("{}{path}:\n", if out.is_empty() { "" } else { "\n" }));
        }
        let at = guest.place(path);
        let names = names(&at, asked, guest);
        let entries: Vec<_> = names.iter().map(|name| (&**name, absolute(name, &at))).collect();
        if asked.long {
            let blocks = |path: &String| line("", path, guest).bytes.div_ceil(4096) * 4;
            out.push_str(&format!("total {}\n", entries.iter().map(|(_, path)| blocks(path)).sum::<usize>()));
        }
        show(&mut out, entries, asked, guest);
        if out.len() > OUTPUT_MAX {
            guest.files.memory().bounds.reached(Bound::Output);
            return fails(&format!("ls: one command prints no more than {OUTPUT_MAX} bytes here"), 2);
        }
    }
    done.out = out.into_bytes();
    done
}

fn names(directory: &str, asked: Asked, guest: &Guest<'_>) -> BTreeSet<String> {
    let mut names = guest.files.names(directory, guest.machine);
    if !asked.hidden {
        names.retain(|name| !name.starts_with('.'));
    }
    if asked.own {
        names.extend([".".to_owned(), "..".to_owned()]);
    }
    names
}

fn show(out: &mut String, mut entries: Vec<(&str, String)>, asked: Asked, guest: &Guest<'_>) {
    if asked.newest {
        entries.sort_by_key(|(_, path)| Reverse(changed_ms(path, guest)));
    }
    if !asked.long {
        return entries.iter().for_each(|(name, _)| out.push_str(&format!("{name}\n")));
    }
    let lines: Vec<_> = entries.iter().map(|(name, path)| line(name, path, guest)).collect();
    let widest = |width: fn(&Line<'_>) -> usize| lines.iter().map(width).max().unwrap_or_default();
    let links = widest(|line| line.links.to_string().len());
    let (owner, bytes) = (widest(|line| line.owner.len()), widest(|line| line.bytes.to_string().len()));
    for line in lines {
        let Line { name, mode, links: count, owner: who, bytes: size, changed_ms } = line;
        let time = dates::of_files(changed_ms / 1000, guest.now_ms / 1000);
        out.push_str(&format!("{mode} {count:links$} {who:owner$} {who:owner$} {size:bytes$} {time} {name}\n"));
    }
}

/// What stands in every guest has no time of its own: the boot made it, and nothing is older.
fn changed_ms(path: &str, guest: &Guest<'_>) -> u64 {
    guest.files.changed_ms(path).unwrap_or(guest.machine.booted_ms)
}

fn line<'a>(name: &'a str, path: &str, guest: &'a Guest<'_>) -> Line<'a> {
    let machine = guest.machine;
    let keys = machine.keys_path();
    let (home, keys_directory) = (machine.home(), keys.rsplit_once('/').map_or("", |(parent, _)| parent));
    let changed_ms = changed_ms(path, guest);
    let inside = |directory: &str| path == directory || path.starts_with(&format!("{directory}/"));
    let owner = if inside(&home) || path.starts_with("/tmp/") { &*machine.entrance().user } else { "root" };
    if guest.files.is_directory(path, machine) {
        let mode = match path {
            "/tmp" => "drwxrwxrwt",
            path if path == home || path == keys_directory => "drwx------",
            _ => "drwxr-xr-x",
        };
        let inner = guest.files.names(path, machine);
        let directories = inner.iter().filter(|name| guest.files.is_directory(&absolute(name, path), machine)).count();
        return Line { name, mode: mode.into(), links: 2 + directories, owner, bytes: 4096, changed_ms };
    }
    let bits = if path == keys { 0o600 } else { guest.files.file(path).map_or(0o644, |(mode, _)| mode) };
    let letters = ['r', 'w', 'x'].iter().cycle().zip((0..9).rev());
    let mode = letters.map(|(letter, bit)| if bits >> bit & 1 == 1 { *letter } else { '-' });
    let bytes = guest.read(path).map_or(0, |body| body.len());
    Line { name, mode: std::iter::once('-').chain(mode).collect(), links: 1, owner, bytes, changed_ms }
}
