//! `ls`, as coreutils print it into a pipe: one name per line.

use super::{
    files::absolute,
    metadata::Metadata,
    process::{Done, Guest, OUTPUT_MAX, fails},
};
use std::{cmp::Reverse, collections::BTreeSet};

/// The options.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    hidden: bool,
    /// Lists `.` and `..` too.
    own: bool,
    long: bool,
    /// Lists a directory itself, not its content.
    directory: bool,
    /// Sorts by time, the newest first.
    newest: bool,
}

/// Runs `ls`; paths and options may come in any order.
pub(crate) fn ls(arguments: &[&str], guest: &Guest<'_>) -> Done {
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
    let (there, missing): (Vec<&str>, Vec<&str>) = files.into_iter().partition(|path| guest.exists(path));
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
            let bytes = |path: &String| Metadata::of(path, guest).map_or(0, |metadata| metadata.bytes);
            let blocks = |path: &String| bytes(path).div_ceil(4096) * 4;
            out.push_str(&format!("total {}\n", entries.iter().map(|(_, path)| blocks(path)).sum::<usize>()));
        }
        show(&mut out, entries, asked, guest);
        if out.len() > OUTPUT_MAX {
            return fails(&guest.prints_too_much("ls"), 2);
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
    let lines: Vec<(&str, Metadata)> =
        entries.iter().filter_map(|(name, path)| Some((*name, Metadata::of(path, guest)?))).collect();
    let widest = |width: fn(&Metadata) -> usize| lines.iter().map(|(_, line)| width(line)).max().unwrap_or_default();
    let links = widest(|line| line.links.to_string().len());
    let (owner, bytes) = (widest(|line| line.owner.len()), widest(|line| line.bytes.to_string().len()));
    for (name, line) in lines {
        out.push_str(&line.line(name, guest.now_ms, (links, owner, bytes)));
        out.push('\n');
    }
}

/// Files that every guest has get the time of the boot, and nothing is older.
fn changed_ms(path: &str, guest: &Guest<'_>) -> u64 {
    guest.files.changed_ms(path).unwrap_or(guest.machine.booted_ms)
}
