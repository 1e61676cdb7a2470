//! The metadata of a guest's file or directory: kind, mode, owner, size and time.

use super::{dates, files::absolute, process::Guest};

const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;

/// As `stat` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Includes the bits of the kind.
    pub(crate) mode: u32,
    pub(crate) links: usize,
    pub(crate) owner: String,
    pub(crate) bytes: usize,
    pub(crate) changed_ms: u64,
}

impl Metadata {
    /// `None` where nothing exists.
    pub(crate) fn of(path: &str, guest: &Guest<'_>) -> Option<Metadata> {
        let machine = guest.machine;
        let keys = machine.keys_path();
        let (home, keys_directory) = (machine.home(), keys.rsplit_once('/').map_or("", |(parent, _)| parent));
        // Files that every guest has get the time of the boot, and nothing is older.
        let changed_ms = guest.files.changed_ms(path).unwrap_or(machine.booted_ms);
        let inside = |directory: &str| path == directory || path.starts_with(&format!("{directory}/"));
        let is_users = inside(&home) || path.starts_with("/tmp/");
        let owner = if is_users { machine.entrance().user.to_string() } else { "root".to_owned() };
        if guest.files.is_directory(path, machine) {
            let mode = match path {
                "/tmp" => 0o1777,
                path if path == home || path == keys_directory => 0o700,
                _ => 0o755,
            };
            let inner = guest.files.names(path, machine);
            let is_directory = |name: &&String| guest.files.is_directory(&absolute(name, path), machine);
            let links = 2 + inner.iter().filter(is_directory).count();
            return Some(Metadata { mode: DIRECTORY | mode, links, owner, bytes: 4096, changed_ms });
        }
        let (mode, bytes) = match guest.files.file(path) {
            Some((mode, body)) => (mode, body.len()),
            None => (if path == keys { 0o600 } else { 0o644 }, guest.read(path).ok()?.len()),
        };
        Some(Metadata { mode: FILE | mode, links: 1, owner, bytes, changed_ms })
    }

    pub(crate) const fn is_directory(&self) -> bool {
        self.mode & DIRECTORY != 0
    }

    /// For example `drwxr-xr-x`.
    pub(crate) fn letters(&self) -> String {
        let kind = if self.is_directory() { 'd' } else { '-' };
        let bits = ['r', 'w', 'x'].iter().cycle().zip((0..9).rev());
        let mut letters: String =
            bits.map(|(letter, bit)| if self.mode >> bit & 1 == 1 { *letter } else { '-' }).collect();
        if self.mode & 0o1000 != 0 {
            letters.pop();
            letters.push('t');
        }
        format!("{kind}{letters}")
    }

    /// A line of `ls -l`, with the minimum widths of its columns.
    pub(crate) fn line(&self, name: &str, now_ms: u64, (links, owner, bytes): (usize, usize, usize)) -> String {
        let Metadata { links: count, owner: who, bytes: size, .. } = self;
        let time = dates::of_files(self.changed_ms / 1000, now_ms / 1000);
        format!("{} {count:links$} {who:owner$} {who:owner$} {size:bytes$} {time} {name}", self.letters())
    }
}
