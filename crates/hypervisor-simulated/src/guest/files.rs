//! The files of a guest that are only in memory: below `/tmp` and in its user's home, until its userland ends. Pure.
//!
//! `~/.ssh/authorized_keys` is not one of them: it is on the disk, and writing it writes the disk.

use crate::{
    bounds::Bound,
    machine::Machine,
    memory::{Memory, Share},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The maximum of files and directories of one guest.
const ENTRIES_MAX: usize = 64;
pub(crate) const PATH_BYTES_MAX: usize = 4096;
/// The maximum bytes of one file.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;
/// The maximum bytes of all files of one guest.
pub(crate) const BYTES_MAX: usize = 4 << 20;

/// Files of the system that can be read.
const SYSTEM: [&str; 6] = [
    "/dev/null",
    "/etc/hostname",
    "/etc/os-release",
    "/etc/passwd",
    "/proc/meminfo",
    "/proc/sys/kernel/random/boot_id",
];

/// The files of a guest by absolute path.
#[derive(Debug)]
pub(crate) struct Files {
    entries: BTreeMap<String, Entry>,
    memory: Arc<Memory>,
    /// The memory that the entries take.
    share: Share,
}

/// A file, or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    Directory { changed_ms: u64 },
    File { mode: u32, body: Vec<u8>, changed_ms: u64 },
}

/// Why a path cannot be read or written, as the system words it.
pub(crate) type Why = String;

/// The absolute path, without `.` and `..`, of a path as its user types it; relative to the home directory.
pub(crate) fn absolute(path: &str, home: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { home.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/").trim_start_matches('/'))
}

/// Whether `path` is `directory` or inside it.
fn is_in(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a file there would look like a key for the rescue system: no such file has an effect.
fn is_misleading(path: &str, home: &str) -> bool {
    path.strip_prefix(home) == Some("/.ssh/authorized_keys")
}

impl Files {
    /// No files; they count against a machine's memory.
    pub(crate) fn new(memory: Arc<Memory>) -> Files {
        Files { entries: BTreeMap::new(), share: memory.share(), memory }
    }

    pub(crate) fn memory(&self) -> Arc<Memory> {
        Arc::clone(&self.memory)
    }

    /// Whether it is a directory: one that was made, or one that every guest has.
    pub(crate) fn is_directory(&self, path: &str, machine: &Machine) -> bool {
        let keys = machine.keys_path();
        let parent = keys.rsplit_once('/').map_or("", |(parent, _)| parent);
        let above = |file: &&str| file.rsplit_once('/').is_some_and(|(parent, _)| is_in(parent, path));
        let standing = path == "/" || ["/tmp", &*machine.home(), parent].iter().any(|standing| is_in(standing, path));
        standing || SYSTEM.iter().any(above) || matches!(self.entries.get(path), Some(Entry::Directory { .. }))
    }

    pub(crate) fn file(&self, path: &str) -> Option<(u32, &[u8])> {
        match self.entries.get(path)? {
            Entry::File { mode, body, .. } => Some((*mode, body)),
            Entry::Directory { .. } => None,
        }
    }

    /// When a file or directory was changed, in unix milliseconds; `None` for what every guest has.
    pub(crate) fn changed_ms(&self, path: &str) -> Option<u64> {
        self.entries.get(path).map(|entry| match entry {
            Entry::Directory { changed_ms } | Entry::File { changed_ms, .. } => *changed_ms,
        })
    }

    /// Sets a file's time to now; returns whether the file exists.
    pub(crate) fn touch(&mut self, path: &str, now_ms: u64) -> bool {
        let Some(Entry::File { changed_ms, .. } | Entry::Directory { changed_ms }) = self.entries.get_mut(path) else {
            return false;
        };
        *changed_ms = now_ms;
        true
    }

    /// The names in a directory: what was created, and what every guest has.
    pub(crate) fn names(&self, directory: &str, machine: &Machine) -> BTreeSet<String> {
        let (home, keys) = (machine.home(), machine.keys_path());
        let standing = SYSTEM.into_iter().chain(["/tmp", &*home, &*keys]);
        let inside = |path: &str| {
            let rest = path.strip_prefix(directory.trim_end_matches('/'))?.strip_prefix('/')?;
            rest.split('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
        };
        self.entries.keys().map(String::as_str).chain(standing).filter_map(inside).collect()
    }

    /// Whether a file of that many bytes may be created at a path.
    ///
    /// # Errors
    /// The system's message.
    pub(crate) fn allows(&self, path: &str, bytes: usize, machine: &Machine) -> Result<(), Why> {
        if bytes > FILE_BYTES_MAX {
            return Err(self.full("File too large"));
        }
        if self.is_directory(path, machine) {
            return Err("Is a directory".into());
        }
        if path == machine.keys_path() {
            return Ok(());
        }
        self.has_place(path, machine)?;
        if self.bytes_beside(path) + bytes > BYTES_MAX { Err(self.full("No space left on device")) } else { Ok(()) }
    }

    /// The message that a bound of files was reached.
    fn full(&self, why: &str) -> Why {
        self.memory.bounds.reached(Bound::Memory);
        why.into()
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.values().map(Entry::bytes).sum()
    }

    /// Bytes of all files but one.
    fn bytes_beside(&self, path: &str) -> usize {
        self.entries.iter().filter(|(other, _)| *other != path).map(|(_, entry)| entry.bytes()).sum()
    }

    /// Whether there is room for an entry of that name.
    fn has_place(&self, path: &str, machine: &Machine) -> Result<(), Why> {
        self.has_name(path, machine)?;
        let is_new = !self.entries.contains_key(path);
        if is_new && self.entries.len() >= ENTRIES_MAX { Err(self.full("No space left on device")) } else { Ok(()) }
    }

    /// Whether an entry may have that name.
    fn has_name(&self, path: &str, machine: &Machine) -> Result<(), Why> {
        let (home, keys) = (machine.home(), machine.keys_path());
        if is_misleading(path, &home) || !(is_in(path, "/tmp") || is_in(path, &home)) {
            return Err(format!("only /tmp, {home} and {keys} can be written in a simulated guest"));
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or_default();
        if !self.is_directory(parent, machine) {
            return Err("No such file or directory".into());
        }
        if name.len() > 255 || path.len() > PATH_BYTES_MAX { Err("File name too long".into()) } else { Ok(()) }
    }

    /// Writes a file that [`Files::allows`]; without `mode` it keeps its mode.
    ///
    /// # Errors
    /// The system's message.
    pub(crate) fn put(
        &mut self,
        path: &str,
        (mode, body): (Option<u32>, Vec<u8>),
        machine: &Machine,
        now_ms: u64,
    ) -> Result<(), Why> {
        self.allows(path, body.len(), machine)?;
        if !self.share.resize(self.bytes_beside(path) + body.len()) {
            return Err("No space left on device".into());
        }
        let mode = mode.or(self.file(path).map(|(mode, _)| mode)).unwrap_or(0o644);
        self.entries.insert(path.to_owned(), Entry::File { mode, body, changed_ms: now_ms });
        Ok(())
    }

    /// Writes into a file, at an offset or at its end; a gap between its end and the offset becomes zeros.
    ///
    /// # Errors
    /// The system's message.
    pub(crate) fn write_at(
        &mut self,
        path: &str,
        offset: Option<usize>,
        bytes: &[u8],
        machine: &Machine,
        now_ms: u64,
    ) -> Result<(), Why> {
        let length = self.file(path).ok_or("No such file or directory")?.1.len();
        let offset = offset.unwrap_or(length);
        let end = offset.saturating_add(bytes.len());
        self.allows(path, end.max(length), machine)?;
        if !self.share.resize(self.bytes_beside(path) + end.max(length)) {
            return Err("No space left on device".into());
        }
        if let Some(Entry::File { body, changed_ms, .. }) = self.entries.get_mut(path) {
            body.resize(end.max(length), 0);
            body[offset..end].copy_from_slice(bytes);
            *changed_ms = now_ms;
        }
        Ok(())
    }

    /// Renames a file, or a directory with its content; an existing file is replaced.
    ///
    /// # Errors
    /// The system's message.
    pub(crate) fn rename(&mut self, from: &str, to: &str, machine: &Machine) -> Result<(), Why> {
        let is_directory = match self.entries.get(from) {
            Some(entry) => matches!(entry, Entry::Directory { .. }),
            None if self.is_directory(from, machine) || SYSTEM.contains(&from) => {
                return Err("this stays in a simulated guest".into());
            }
            None => return Err("No such file or directory".into()),
        };
        if is_in(to, from) {
            return Err("Invalid argument".into());
        }
        match self.entries.get(to) {
            Some(Entry::File { .. }) if is_directory => return Err("Not a directory".into()),
            Some(Entry::File { .. }) => {}
            _ if !self.is_directory(to, machine) => {}
            Some(Entry::Directory { .. }) if is_directory && self.names(to, machine).is_empty() => {}
            _ if is_directory => return Err("Directory not empty".into()),
            _ => return Err("Is a directory".into()),
        }
        self.has_name(to, machine)?;
        let moved: Vec<String> = self.entries.keys().filter(|path| is_in(path, from)).cloned().collect();
        let renamed: Vec<String> = moved.iter().map(|path| format!("{to}{}", &path[from.len()..])).collect();
        if renamed.iter().any(|path| path.len() > PATH_BYTES_MAX) {
            return Err("File name too long".into());
        }
        if renamed.iter().any(|path| is_misleading(path, &machine.home())) {
            return Err("no file here may be called as the keys are".into());
        }
        for (path, renamed) in moved.iter().zip(renamed) {
            if let Some(entry) = self.entries.remove(path) {
                self.entries.insert(renamed, entry);
            }
        }
        // The bytes of a replaced file are given back.
        let _ = self.share.resize(self.bytes_beside(""));
        Ok(())
    }

    /// Makes a directory; an existing one stays.
    ///
    /// # Errors
    /// The system's message.
    pub(crate) fn make_directory(&mut self, path: &str, machine: &Machine, now_ms: u64) -> Result<(), Why> {
        if self.is_directory(path, machine) {
            return Ok(());
        }
        if self.entries.contains_key(path) || path == machine.keys_path() {
            return Err("Not a directory".into());
        }
        self.has_place(path, machine)?;
        self.entries.insert(path.to_owned(), Entry::Directory { changed_ms: now_ms });
        Ok(())
    }

    pub(crate) fn set_mode(&mut self, path: &str, change: impl FnOnce(u32) -> u32) -> bool {
        let Some(Entry::File { mode, .. }) = self.entries.get_mut(path) else { return false };
        *mode = change(*mode);
        true
    }

    /// Removes a file, or a directory with everything below it; returns whether there was one.
    pub(crate) fn remove(&mut self, path: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|other, _| !is_in(other, path));
        // To shrink always succeeds.
        let _ = self.share.resize(self.bytes_beside(""));
        self.entries.len() < before
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        match self {
            Entry::Directory { .. } => 0,
            Entry::File { body, .. } => body.len(),
        }
    }
}
