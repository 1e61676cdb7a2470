//! The data directory: its lock while a server runs, and the names of its files.

use crate::{lock::lock, master_key::write_private, plain_words, waiting};
use anyhow::{Context, bail};
use nix::fcntl::OFlag;
use parking_lot::Mutex;
use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{Error, ErrorKind, Read, Write},
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    time::Duration,
};

/// The number of bytes read from a file to recognise it: more than the two lines of a credential.
const KNOWN_BY_BYTES: u64 = 1_024;
/// Bytes of a text of ours that are read: the process id, or why a server ended.
const SMALL_BYTES: u64 = 1 << 16;
/// How often a running server checks that its directory still exists.
const GONE_LOOKS_EVERY: Duration = Duration::from_secs(1);

/// How long a start waits for a server that accepts no questions any more.
const STOPS_WITHIN: Duration = Duration::from_secs(10);
/// How long a start waits for a server that still accepts questions.
const SEES_SIGNAL_WITHIN: Duration = Duration::from_millis(500);

/// A Unix socket's path has at most 107 bytes on Linux, 103 elsewhere.
const SOCKET_PATH_MAX: usize = 103;

/// The maximum of failing starts that one more start waits for.
const GIVEN_UP_MAX: usize = 100;

/// The device and inode of a file.
type Identity = (u64, u64);

/// The directories of the state and of the machines.
pub(crate) const TRUTHS: [&str; 2] = ["state", "machines"];
/// The files that earlier versions had instead, which are taken over.
pub(crate) const EARLIER: [&str; 2] = ["state.db", "machines.db"];
/// The database in each of the directories, and what SQLite makes beside it.
const DATABASE: [&str; 3] = ["log.db", "log.db-wal", "log.db-shm"];

/// All files that a start makes beside them.
const FILES: [&str; 7] = ["lock", "master.key", "credential", "ca.pem", "ca.key", "endpoint", "cvmd.sock"];
/// Those of them that hold a secret, or go with one.
pub(crate) const KEYS: [&str; 4] = ["master.key", "credential", "ca.pem", "ca.key"];

/// A file that marks what a backup is making.
pub(crate) const MARK: &str = "unfinished-backup";
/// What the mark says once all of it is there.
pub(crate) const COMPLETE: &[u8] = b"complete\n";

/// A data directory that we have locked; dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    _lock: File,
    /// Files and directories that this start has made in one without a state, until others may rely on them.
    made: Mutex<Vec<PathBuf>>,
    /// Those of them that were there, with nothing in them.
    were_empty: Vec<PathBuf>,
}

impl DataDirectory {
    /// Creates and locks the directory.
    pub(crate) fn open(path: &Path) -> anyhow::Result<DataDirectory> {
        let describe = || cannot_use(path);
        let longest = socket(path).as_os_str().len();
        if longest > SOCKET_PATH_MAX {
            bail!(
                "the data directory's path is too long for a socket in it: at most {SOCKET_PATH_MAX} bytes, here {longest}"
            );
        }
        if std::fs::metadata(path).is_ok_and(|found| !found.is_dir()) {
            bail!("{} is a file: the data directory is one that is there, or one that can be made", path.display());
        }
        refuse_dangling(path)?;
        DirBuilder::new().recursive(true).mode(0o700).create(path).with_context(describe)?;
        let mode = std::fs::metadata(path).with_context(describe)?.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!(path = %path.display(), "others on this machine can look into the data directory; 0700 is safer");
        }
        refuse_foreign(path)?;
        if is_unfinished(path) {
            bail!("a backup into {} broke off: ask for it again, and serve that", path.display());
        }
        // A start that failed removes its lock: whoever waited for it makes a new one.
        for _ in 0..GIVEN_UP_MAX {
            if let Some(data) = DataDirectory::locked(path)? {
                return Ok(data);
            }
        }
        bail!("one start after another gave up {}: start again", path.display())
    }

    /// Locks it; `None` when the file that was locked is no longer the directory's lock.
    fn locked(path: &Path) -> anyhow::Result<Option<DataDirectory>> {
        // What comes first is removed last: the lock, and before it what the keys are made for.
        let all = FILES[..1].iter().chain(&TRUTHS).chain(&FILES[1..]).map(|name| path.join(name));
        let missing: Vec<PathBuf> = all.filter(|file| is_unused(file)).collect();
        let were_empty = missing.iter().filter(|file| file.is_dir()).cloned().collect();
        let lock = lock(path).with_context(|| cannot_use(path))?;
        match lock_when_stopped(&lock, path) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => match process(path) {
                Process::Of(pid) | Process::Stopped(pid) => {
                    bail!("another cvmd is running on {} (process {pid})", path.display())
                }
                Process::Unknown => bail!("another cvmd is running on {}", path.display()),
            },
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| cannot_use(path)),
        }
        if identity(&path.join("lock")) != lock.metadata().ok().map(|found| (found.dev(), found.ino())) {
            return Ok(None);
        }
        // From now on it is no backup's any more.
        let _ = std::fs::remove_file(path.join(MARK));
        // For commands that get no answer. If it cannot be written, only a hint is lost.
        let _ = lock.set_len(0).and_then(|()| (&lock).write_all(std::process::id().to_string().as_bytes()));
        let data = DataDirectory { path: path.to_path_buf(), _lock: lock, made: Mutex::default(), were_empty };
        // A process that held the lock until now may have made some of them: they are not ours.
        let is_missing: Vec<_> = (TRUTHS.iter().zip(EARLIER))
            .filter(|(directory, earlier)| [*directory, earlier].iter().all(|name| is_unused(&path.join(name))))
            .map(|(directory, _)| path.join(directory))
            .collect();
        let is_new = is_missing.len() == TRUTHS.len();
        // A missing one beside an existing one is created before the start is refused.
        let is_of_missing = |file: &Path| is_missing.iter().any(|missing| missing == file);
        let made = missing.into_iter().filter(|file| is_unused(file) || file.ends_with("lock"));
        // What was made for a state that is missing must not be taken for its own once that is put back.
        let is_without_state = is_of_missing(&path.join(TRUTHS[0]));
        let is_file = |file: &Path| !TRUTHS.iter().any(|truth| file.ends_with(truth));
        *data.made.lock() =
            made.filter(|file| is_new || is_of_missing(file) || is_without_state && is_file(file)).collect();
        // The holder of the lock is the only cvmd there, except for one that was killed at this moment.
        let is_silent = || UnixStream::connect(data.socket()).is_err().then_some(());
        if waiting::within(SEES_SIGNAL_WITHIN, is_silent).is_none() {
            data.remove_made();
            bail!("another program listens at {}: choose another data directory", data.socket().display());
        }
        Ok(Some(data))
    }

    /// From now on others may rely on the files.
    pub(crate) fn keep(&self) {
        self.made.lock().clear();
    }

    /// A start that failed removes everything it has made, and leaves only a note with the reason, which `cvmd env`
    /// prints. Older files stay, and so does everything once there is a state.
    pub(crate) fn give_up(&self, why: &anyhow::Error) {
        self.note_failure(why);
        self.remove_made();
    }

    /// The lock is removed last: from then on another start may make the others.
    fn remove_made(&self) {
        for file in self.made.lock().drain(..).rev() {
            let _ = std::fs::remove_file(&file).or_else(|_| std::fs::remove_dir_all(&file));
        }
        for directory in &self.were_empty {
            let _ = DirBuilder::new().mode(0o700).create(directory);
        }
    }

    /// Returns when the directory, or a necessary file in it, is no longer the one that was opened, because replies
    /// would then be lost. Returns the reason, for the log.
    pub(crate) async fn gone(&self) -> anyhow::Error {
        let mut looks = tokio::time::interval(GONE_LOOKS_EVERY);
        // A file that was deleted before the first check counts as gone too.
        let of_truths = |name: &str| TRUTHS.map(|directory| self.path.join(directory).join(name));
        let files: Vec<_> = of_truths(DATABASE[0]).into_iter().chain([self.path.join("lock")]).collect();
        // The last commits may be only in these. They exist after the first change at the latest.
        let logs = of_truths(DATABASE[1]);
        let mut opened: Vec<_> = files.iter().chain(&logs).map(|file| (file, identity(file))).collect();
        let is_gone = |file: &PathBuf, opened: &mut Option<Identity>| {
            let found = identity(file);
            let is_gone = if opened.is_none() { files.contains(file) } else { found != *opened };
            *opened = found;
            is_gone
        };
        loop {
            looks.tick().await;
            let gone = opened.iter_mut().find_map(|(file, opened)| is_gone(file, opened).then_some(file));
            if let Some(file) = gone {
                tracing::error!(file = %file.display(), "deleted or replaced under the running server: it ends, because nothing lasts any more");
                return anyhow::anyhow!(
                    "{} was deleted or replaced under the running server, so nothing that it does would last: put it back, or start \
                     on an empty directory",
                    file.display()
                );
            }
        }
    }

    /// Writes down why this server ended, for commands that find no server.
    fn note_failure(&self, why: &anyhow::Error) {
        // The log has it too. On a full disk there is none, rather than an empty one.
        let _ = write_private(&failure(&self.path), &plain_words::chain(why));
    }

    pub(crate) fn forget_failure(&self) {
        let _ = std::fs::remove_file(failure(&self.path));
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the state is, or was before a start of this version.
    pub(crate) fn state(&self) -> PathBuf {
        let [directory, earlier] = [TRUTHS[0], EARLIER[0]].map(|name| self.path.join(name));
        if !directory.exists() && earlier.exists() { earlier } else { directory }
    }

    /// Whether there are keys that a first start makes only once the state has the directory's id.
    pub(crate) fn has_keys(&self) -> bool {
        [self.master_key(), self.credential()].iter().any(|file| file.exists())
    }

    pub(crate) fn master_key(&self) -> PathBuf {
        self.path.join("master.key")
    }

    pub(crate) fn credential(&self) -> PathBuf {
        self.path.join("credential")
    }

    pub(crate) fn ca_certificate(&self) -> PathBuf {
        ca_certificate(&self.path)
    }

    pub(crate) fn ca_key(&self) -> PathBuf {
        self.path.join("ca.key")
    }

    pub(crate) fn endpoint(&self) -> PathBuf {
        self.path.join("endpoint")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        socket(&self.path)
    }
}

/// Whether a backup into it broke off before all of it was there.
pub(crate) fn is_unfinished(data: &Path) -> bool {
    let mark = data.join(MARK);
    let found = mark.symlink_metadata();
    found.is_ok_and(|found| !(found.is_file() && std::fs::read(mark).is_ok_and(|text| text == COMPLETE)))
}

/// Whether there is no file of that name, or one that begins as cvmd's own.
fn is_ours_or_free(file: &Path, is_ours: fn(&[u8]) -> bool) -> std::io::Result<bool> {
    let mut text = Vec::new();
    match File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        file => file?.take(KNOWN_BY_BYTES).read_to_end(&mut text)?,
    };
    Ok(is_ours(&text))
}

/// Refuses files that cannot be used or belong to another program, before anything is opened: opening a pipe would
/// block, a link's target would be created, and a file that a start overwrites would be lost.
fn refuse_foreign(path: &Path) -> anyhow::Result<()> {
    let files = FILES.map(|name| path.join(name));
    let is_unusable = |file: &PathBuf| *file != socket(path) && std::fs::metadata(file).is_ok_and(|at| !at.is_file());
    let databases = || TRUTHS.iter().flat_map(|directory| DATABASE.map(|name| path.join(directory).join(name)));
    let earlier = || {
        EARLIER.iter().flat_map(|file| ["", "-wal", "-shm", "-journal"].map(|end| path.join(format!("{file}{end}"))))
    };
    let all = files.iter().cloned().chain(databases()).chain(earlier()).chain([failure(path)]);
    if let Some(file) = all.clone().find(is_unusable) {
        bail!("{} is in the way: it is no file; is that directory another program's?", file.display());
    }
    let is_no_directory = |truth: &PathBuf| std::fs::metadata(truth).is_ok_and(|at| !at.is_dir());
    if let Some(truth) = TRUTHS.map(|name| path.join(name)).iter().find(|truth| is_no_directory(truth)) {
        bail!("{} is in the way: it is no directory; is that directory another program's?", truth.display());
    }
    let socket = socket(path);
    if std::fs::symlink_metadata(&socket).is_ok_and(|found| !found.file_type().is_socket()) {
        bail!("{} is in the way: it is no socket; is that directory another program's?", socket.display());
    }
    // SQLite would create the other files as unwritable as the database, and they would make the next start fail too.
    for file in databases().chain(earlier()) {
        match OpenOptions::new().write(true).open(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot write {}", file.display()));
            }
            _ => {}
        }
    }
    type IsOurs = fn(&[u8]) -> bool;
    let forms: [(&str, IsOurs); 3] = [
        ("lock", |text| text.iter().all(u8::is_ascii_digit)),
        ("endpoint", |text| {
            text.is_empty() || [&b"http://"[..], b"https://"].iter().any(|scheme| text.starts_with(scheme))
        }),
        ("credential", |text| text.is_empty() || text.trim_ascii().split(|byte| *byte == b'\n').count() == 2),
    ];
    for (name, is_ours) in forms {
        let file = path.join(name);
        // A dangling link would create a file elsewhere.
        let is_link = name == "lock" && std::fs::symlink_metadata(&file).is_ok_and(|found| found.is_symlink());
        if is_link || !is_ours_or_free(&file, is_ours).with_context(|| cannot_use(path))? {
            bail!("{} is another program's: choose another data directory", file.display());
        }
    }
    all.chain(TRUTHS.map(|name| path.join(name))).try_for_each(|file| refuse_dangling(&file))
}

/// Refuses a link to what is not there, as on a disk that is not mounted: what a start made in its place would hide it.
fn refuse_dangling(file: &Path) -> anyhow::Result<()> {
    let is_missing = std::fs::metadata(file).is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_missing && file.is_symlink() {
        bail!("{} is a link that leads nowhere: mount or put back what it led to, or remove it", file.display());
    }
    Ok(())
}

fn cannot_use(path: &Path) -> String {
    format!("cannot use the data directory {}", path.display())
}

/// Locks it, and waits for a server that is stopping: people stop one server and start the next right away.
fn lock_when_stopped(lock: &File, path: &Path) -> Result<(), TryLockError> {
    let decided = || match lock.try_lock() {
        Err(TryLockError::WouldBlock) => None,
        outcome => Some(outcome),
    };
    // A server that still answers has perhaps not seen the signal yet.
    let answers = || UnixStream::connect(socket(path)).is_ok();
    if let Some(outcome) = waiting::within(SEES_SIGNAL_WITHIN, decided) {
        return outcome;
    }
    if !answers() {
        tracing::info!(path = %path.display(), "another cvmd is stopping there, or starting: waiting for it");
        let look = || decided().or_else(|| answers().then_some(Err(TryLockError::WouldBlock)));
        return waiting::within(STOPS_WITHIN, look).unwrap_or(Err(TryLockError::WouldBlock));
    }
    Err(TryLockError::WouldBlock)
}

/// Whether nothing has that name, not even a dangling link.
fn is_free(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// Whether there is nothing, or a directory with nothing in it.
fn is_unused(path: &Path) -> bool {
    is_free(path) || std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// The certificate that clients of the vendor's hosts must trust.
pub(crate) fn ca_certificate(data: &Path) -> PathBuf {
    data.join("ca.pem")
}

/// How long a command waits for a server that was just started.
const STARTS_WITHIN: Duration = Duration::from_secs(3);

/// Connects to the socket of the server on this directory. Waits for one that is still starting: people start a server
/// and use it right away.
///
/// # Errors
/// The reason why no server can be reached.
pub(crate) fn connect(data: &Path) -> anyhow::Result<UnixStream> {
    let path = socket(data);
    let mut trouble = None;
    let stream = waiting::within(STARTS_WITHIN, || match UnixStream::connect(&path) {
        Ok(stream) => Some(Ok(stream)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Some(Err(foreign(data, &path))),
        Err(error) => {
            trouble = Some(error);
            None
        }
    });
    stream.unwrap_or_else(|| {
        if let Process::Stopped(pid) = process(data) {
            return Err(stopped(pid));
        }
        if let Some(pid) = without_socket(data) {
            bail!(
                "the server there (process {pid}) takes no commands now: it is starting, perhaps with a seed, or stopping; its log says \
                 which. Ask again in a while"
            );
        }
        let why = read_small(&failure(data));
        if !why.trim().is_empty() {
            bail!("no cvmd is running on {}: the last one ended with: {}", data.display(), why.trim());
        }
        // The usual cases, for which the message says enough.
        let is_plain = |error: &Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused);
        let why = trouble.filter(|error| !is_plain(error)).map_or_else(String::new, |error| format!(": {error}"));
        bail!(
            "no cvmd is running there ({}), or it is still starting{why}; start `cvmd serve`, or say --data DIR if it runs on \
             another data directory",
            path.display()
        )
    })
}

/// Anybody can see the owner of the directory, unless directories above it are closed too.
fn foreign(data: &Path, path: &Path) -> anyhow::Error {
    let owner = std::fs::metadata(path).or_else(|_| std::fs::metadata(data)).map(|found| found.uid());
    let owner = owner.map_or_else(|_| "another user".into(), |uid| format!("another user (uid {uid})"));
    anyhow::anyhow!(
        "the cvmd there ({}) belongs to {owner}: run this as that user, say --data DIR for a server of your own, or reach \
         machines with --endpoint http://ADDR:PORT",
        path.display()
    )
}

/// The process that has locked a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    Of(u32),
    /// Stopped by a signal, for example by Ctrl-Z: it does nothing until it is continued.
    Stopped(u32),
    /// Of an earlier version, which does not write its process id.
    Unknown,
}

/// The process of the server on this directory. Only Linux shows whether it is stopped.
pub(crate) fn process(data: &Path) -> Process {
    let written = read_small(&data.join("lock"));
    let Ok(pid) = written.trim().parse() else { return Process::Unknown };
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in brackets, may contain anything.
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    if matches!(state, Some('T' | 't')) { Process::Stopped(pid) } else { Process::Of(pid) }
}

/// The process of a server that has the directory but no socket. Trying the lock would disturb a server that starts at
/// that moment. Only Linux shows it.
fn without_socket(data: &Path) -> Option<u32> {
    let Process::Of(pid) = process(data) else { return None };
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    (name.trim_end() == "cvmd").then_some(pid)
}

/// The message about a server that is stopped.
pub(crate) fn stopped(pid: u32) -> anyhow::Error {
    anyhow::anyhow!(
        "the server does not answer: it is there (process {pid}) but stopped, as by Ctrl-Z; `kill -CONT {pid}` lets it go on"
    )
}

/// A text of ours; nothing where it cannot be read. A pipe in its place is not waited for.
fn read_small(file: &Path) -> String {
    let mut text = String::new();
    if let Ok(file) = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(file) {
        let _ = file.take(SMALL_BYTES).read_to_string(&mut text);
    }
    text
}

/// The file with the reason why the last server on this directory failed.
fn failure(data: &Path) -> PathBuf {
    data.join("failure")
}

/// Whether a server runs, or has run, on this directory of this computer.
pub(crate) fn is_there(data: &Path) -> bool {
    TRUTHS[..1].iter().chain(&EARLIER[..1]).any(|name| data.join(name).exists()) || socket(data).exists()
}

/// The socket for the operator's commands.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join("cvmd.sock")
}

#[cfg(test)]
mod test {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_command_that_looks_for_a_server_keeps_none_from_starting() {
        let directory = tempfile::tempdir().unwrap();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    without_socket(directory.path());
                    process(directory.path());
                }
            });
            let refused: Vec<_> = (0..2_000).filter_map(|_| DataDirectory::open(directory.path()).err()).collect();
            is_over.store(true, Ordering::Relaxed);
            assert!(refused.is_empty(), "{} of 2000: {:#}", refused.len(), refused[0]);
        });
    }
}
