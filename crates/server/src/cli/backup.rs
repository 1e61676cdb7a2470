//! `cvmd backup`: copies the data directory as it is at one moment, beside a running server or without one.
//!
//! ```text
//! hold effects ─> note the state's revision ─> note the machines' ─> let effects go on ─> copy both to DIR.partial ─> DIR
//! ```
//!
//! The command copies; of the server it asks only to start no effect while the two are noted. So the machines are as a crash
//! at the state's revision could have left them, and what was under way goes on in the copy (decision 31).

use crate::{
    bounded_file,
    cli::{arguments::Data, ask::Conversation, directory},
    data::{self, COMPLETE, KEYS, MARK, TRUTHS},
    lock,
    operator::question::Question,
    print,
};
use anyhow::{Context as _, bail};
use cvmd_rows::Moment;
use nix::{fcntl::OFlag, unistd::geteuid};
use serde_json::{Value, json};
use std::{
    fs::{DirBuilder, DirEntry, File, Metadata, OpenOptions, TryLockError},
    io::{ErrorKind, Write as _},
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
};

/// A backup that was made.
pub(crate) struct Made {
    /// Where it is, and which revisions it has.
    pub(crate) about: Value,
    /// What does not agree with its checksum in it, one line each, as it does not in what was copied.
    pub(crate) faults: Vec<String>,
}

/// Copies the data directory to `to`, and reads the copy.
///
/// # Errors
/// When it cannot be made; then nothing is left of it.
pub(crate) fn make(data: &Data, to: &Path, with_keys: bool) -> anyhow::Result<Made> {
    let data = &directory::found(data)?;
    let missing = directory::faults(data);
    if !missing.is_empty() {
        bail!("{}", missing.join("; "));
    }
    let parent = std::path::absolute(to)?.parent().and_then(|parent| parent.canonicalize().ok());
    if parent.is_some_and(|parent| data.canonicalize().is_ok_and(|data| parent.starts_with(data))) {
        bail!("{} is in the data directory itself: name one elsewhere", to.display());
    }
    let left_out: Vec<_> = KEYS.into_iter().filter(|key| !with_keys && data.join(key).exists()).collect();
    let keys = KEYS.iter().filter(|key| with_keys && data.join(key).exists());
    let (to, [state, machines]) = Partial::begin(data, to)?.fill(|partial| {
        let moments = noted(data)?;
        let revisions = moments.each_ref().map(Moment::revision);
        for (truth, moment) in TRUTHS.iter().zip(moments) {
            moment.copy_to(&partial.join(truth))?;
        }
        keys.map(|key| (data.join(key), partial.join(key))).try_for_each(|(from, to)| copy_key(&from, &to))?;
        Ok(revisions)
    })?;
    if !left_out.is_empty() {
        let left_out = left_out.join(", ");
        print::remark(&format!(
            "left out, as whoever has them can read every SecretKey: {left_out}. Keep a copy of master.key elsewhere: no server starts \
             on the backup without it. --with-keys copies them too."
        ));
    }
    // Damage is copied as it is. The earlier backups are what the operator needs then.
    let check =
        |truth| cvmd_rows::check_unused(&to.join(truth)).unwrap_or_else(|unreadable| vec![unreadable.to_string()]);
    let faults = TRUTHS.into_iter().flat_map(check).collect();
    let about = json!({"Directory": to, "StateRevision": state, "MachinesRevision": machines, "LeftOut": left_out});
    Ok(Made { about, faults })
}

/// One moment of the state and the machines, while no effect is started.
fn noted(data: &Path) -> anyhow::Result<[Moment; 2]> {
    if UnixStream::connect(data::socket(data)).is_err() {
        let lock = lock::without_server(data).with_context(|| format!("cannot lock {}", data.display()))?;
        if lock.is_some() {
            return note(data);
        }
    }
    let mut server = Conversation::begin(data)?;
    server.say(&Question::HoldEffects)?;
    server.answer()?;
    let moments = note(data)?;
    server.say(&"noted")?;
    server.answer().context("the server has gone on before everything was noted: ask for the backup again")?;
    Ok(moments)
}

/// The state first: the machines may then be later than it by what effects under way have done, as after a crash, and
/// never earlier than what the state says of them.
fn note(data: &Path) -> anyhow::Result<[Moment; 2]> {
    let [state, machines] = TRUTHS.map(|truth| data.join(truth));
    let state = Moment::of(&state)?;
    Ok([state, Moment::of(&machines)?])
}

/// A backup that is being made, under a name that is none of a backup.
struct Partial {
    to: PathBuf,
    path: PathBuf,
    /// Of one backup at a time; it becomes the lock of the data directory.
    _lock: File,
}

impl Partial {
    fn begin(data: &Path, to: &Path) -> anyhow::Result<Partial> {
        let to = std::path::absolute(to)?;
        let (Some(name), Some(parent)) = (to.file_name(), to.parent()) else {
            bail!("{} cannot be made anew: name a directory that is not there yet", to.display());
        };
        let mut partial = name.to_owned();
        partial.push(".partial");
        let path = parent.join(partial);
        refuse_used(&to, parent)?;
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => refuse_others(data, &path)?,
            Err(error) => return Err(error).with_context(|| format!("cannot make {}", path.display())),
        }
        let at = path.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            // Another name of a file elsewhere is not followed, and a pipe not waited for.
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&at);
        let lock = lock.with_context(|| format!("cannot write {}", at.display()))?;
        let is_there = || Some(identity(lock.metadata().ok()?) == identity(at.metadata().ok()?));
        match lock.try_lock() {
            // The other backup may have ended between the two.
            Ok(()) if is_there() == Some(true) => {}
            Ok(()) | Err(TryLockError::WouldBlock) => bail!("another backup to {} is being made", to.display()),
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", at.display()));
            }
        }
        let is_own = |found: Metadata| found.is_file() && found.nlink() == 1 && found.uid() == geteuid().as_raw();
        if !lock.metadata().is_ok_and(is_own) {
            bail!("{} is no lock of a backup's: move it away", at.display());
        }
        // Another backup may have made something of them meanwhile.
        refuse_used(&to, parent)?;
        refuse_others(data, &path)?;
        let partial = Partial { to, path, _lock: lock };
        partial.mark(b"")?;
        // One that was broken off has left it.
        partial
            .clear()
            .with_context(|| format!("cannot delete what a backup has left in {}", partial.path.display()))?;
        Ok(partial)
    }

    /// Marks it as a backup's: nothing without a mark is ever deleted. Another name of the mark is not written to.
    fn mark(&self, text: &[u8]) -> anyhow::Result<()> {
        let mark = self.path.join(MARK);
        let new = self.new_mark();
        let write = || -> std::io::Result<()> {
            if new.symlink_metadata().is_ok() {
                std::fs::remove_file(&new)?;
            }
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(text)?;
            file.sync_all()?;
            std::fs::rename(&new, &mark)?;
            File::open(&self.path)?.sync_all()
        };
        write().with_context(|| format!("cannot write {}", mark.display()))
    }

    /// Deletes what a backup makes in it, but the lock and the mark. A directory that holds something else stays.
    fn clear(&self) -> std::io::Result<()> {
        for truth in TRUTHS.map(|truth| self.path.join(truth)) {
            if truth.symlink_metadata().is_ok_and(|found| found.is_dir()) {
                for entry in std::fs::read_dir(&truth)? {
                    let entry = entry?;
                    if cvmd_rows::is_ours(&entry.file_name()) {
                        std::fs::remove_file(entry.path())?;
                    }
                }
                std::fs::remove_dir(&truth)?;
            }
        }
        let files = KEYS.map(|key| self.path.join(key)).into_iter().chain([self.new_mark()]);
        files.filter(|file| file.symlink_metadata().is_ok()).try_for_each(std::fs::remove_file)
    }

    fn new_mark(&self) -> PathBuf {
        self.path.join(MARK).with_extension("new")
    }

    /// Deletes it, the mark last, so that it is known as a backup's if that is broken off.
    fn discard(&self) {
        let _ = self.clear();
        let _ = std::fs::remove_file(self.path.join("lock"));
        let _ = std::fs::remove_file(self.path.join(MARK));
        let _ = std::fs::remove_dir(&self.path);
    }

    /// Gives it its name once everything is in it and synced. After an error it is gone.
    fn fill<T>(self, copy: impl FnOnce(&Path) -> anyhow::Result<T>) -> anyhow::Result<(PathBuf, T)> {
        let name = || {
            let copied = copy(&self.path)?;
            self.mark(COMPLETE)?;
            std::fs::rename(&self.path, &self.to).with_context(|| format!("cannot make {}", self.to.display()))?;
            self.to.parent().map_or(Ok(()), sync)?;
            // A complete one is served with the mark too.
            let _ = std::fs::remove_file(self.to.join(MARK));
            Ok(copied)
        };
        match name() {
            Ok(copied) => Ok((self.to, copied)),
            Err(error) => {
                self.discard();
                Err(in_words(error))
            }
        }
    }
}

/// Refuses what no backup has left behind.
fn refuse_others(data: &Path, path: &Path) -> anyhow::Result<()> {
    if path.canonicalize().is_ok_and(|path| data.canonicalize().is_ok_and(|data| path == data)) {
        bail!("{} is the data directory itself: name another backup", path.display());
    }
    // Whoever may write to it could put something else into the backup.
    let is_private = |found: Metadata| found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o077 == 0;
    let is_directory = std::fs::symlink_metadata(path).is_ok_and(is_private);
    let is_lock = |entry: std::io::Result<DirEntry>| entry.is_ok_and(|entry| entry.file_name() == "lock");
    let has_begun = || std::fs::read_dir(path).is_ok_and(|mut entries| entries.all(is_lock));
    if !is_directory || !(path.join(MARK).is_file() || has_begun()) {
        bail!("{} is there, and was not left by a backup that broke off: move it away", path.display());
    }
    let other = other_in(path).with_context(|| format!("cannot look into {}", path.display()))?;
    other.map_or(Ok(()), |other| bail!("{} is there, and no backup makes it: move it away", other.display()))
}

/// Something in it that no backup makes.
fn other_in(path: &Path) -> std::io::Result<Option<PathBuf>> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_ours = match entry.file_type()?.is_dir() {
            true if TRUTHS.iter().any(|truth| name == *truth) => {
                for entry in std::fs::read_dir(entry.path())? {
                    let entry = entry?;
                    if !cvmd_rows::is_ours(&entry.file_name()) || entry.file_type()?.is_dir() {
                        return Ok(Some(entry.path()));
                    }
                }
                true
            }
            true => false,
            false => {
                let new_mark = format!("{MARK}.new");
                KEYS.into_iter().chain(["lock", MARK, &new_mark]).any(|ours| name == ours)
            }
        };
        if !is_ours {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// Refuses a directory that holds something, or that cannot be replaced by another one.
fn refuse_used(to: &Path, parent: &Path) -> anyhow::Result<()> {
    let of_parent = std::fs::metadata(parent).with_context(|| format!("there is no directory {}", parent.display()))?;
    let found = match std::fs::symlink_metadata(to) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.with_context(|| format!("cannot look at {}", to.display()))?,
    };
    if !found.is_dir() {
        bail!("{} is there, and is no directory: name one that is not there yet", to.display());
    }
    let is_empty = std::fs::read_dir(to).map(|mut entries| entries.next().is_none());
    if !is_empty.with_context(|| format!("cannot look into {}", to.display()))? {
        bail!("{} is there, and not empty: name a directory that is not there yet", to.display());
    }
    if found.dev() != of_parent.dev() {
        bail!("{0} is a file system of its own: name a directory in it, such as {0}/1", to.display());
    }
    Ok(())
}

fn identity(found: Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

fn copy_key(from: &Path, to: &Path) -> anyhow::Result<()> {
    let key = bounded_file::read(from, "the key", bounded_file::SMALL_BYTES_MAX)?;
    let copy = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        file.write_all(&key)?;
        file.sync_all()
    };
    copy().with_context(|| format!("cannot write {}", to.display()))
}

fn sync(directory: &Path) -> anyhow::Result<()> {
    File::open(directory)
        .and_then(|file| file.sync_all())
        .with_context(|| format!("cannot sync {}", directory.display()))
}

fn in_words(error: anyhow::Error) -> anyhow::Error {
    let is_full = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::StorageFull);
        io || matches!(cause.downcast_ref(), Some(cvmd_rows::Error::Full { .. }))
    };
    if error.chain().any(is_full) {
        return anyhow::anyhow!(
            "the disk is full: no backup was made, and nothing is left of it; make room, and ask again"
        );
    }
    error.context("no backup was made, and nothing is left of it")
}
