//! The sftp subsystem of a guest: its files in memory and the disk's `authorized_keys`, by SFTP version 3. Pure:
//! packets in, packets out.
//!
//! What is written into `authorized_keys` is gathered, and goes to the disk as a whole when its handle is closed.

mod packets;

use crate::{
    bounds::Bound,
    guest::{
        files::{FILE_BYTES_MAX, PATH_BYTES_MAX, Why, absolute},
        metadata::Metadata,
        moving,
        process::{Guest, Keys},
    },
};
use packets::{Attributes, Code, Opening, PACKET_MAX, Request};
use std::collections::HashMap;

/// The maximum of files and directories that one session has open.
const HANDLES_MAX: usize = 64;
/// The maximum bytes that one answer reads of a file, and the maximum entries that it lists.
const READ_MAX: usize = 64 << 10;
const NAMES_MAX: usize = 100;

/// One session.
#[derive(Debug, Default)]
pub(super) struct Server {
    received: Vec<u8>,
    handles: HashMap<u32, Handle>,
    opened: u32,
    /// The message that the guest is full was sent.
    has_reported_full: bool,
}

#[derive(Debug)]
enum Handle {
    File {
        path: String,
        opening: Opening,
    },
    /// The new content of `authorized_keys`, if it was changed.
    Keys {
        body: Vec<u8>,
        opening: Opening,
        changed: bool,
    },
    Directory {
        path: String,
        left: Vec<String>,
    },
}

/// The result of one packet.
#[derive(Debug, Default)]
pub(super) struct Step {
    pub(super) reply: Vec<u8>,
    /// The new `authorized_keys` to write on the disk; afterwards [`Server::written`] answers that request.
    pub(super) keys: Option<(u32, Keys)>,
    /// The session ends.
    pub(super) ends: bool,
    /// A message for people: of a reply's text OpenSSH's client shows only `Failure`.
    pub(super) message: Option<String>,
}

/// Why a request is refused.
struct Refused(Code, Why);

impl From<Why> for Refused {
    fn from(why: Why) -> Refused {
        let code = match &*why {
            "No such file or directory" => Code::NoSuchFile,
            why if why.starts_with("only /tmp") || why.ends_with("in a simulated guest") => Code::PermissionDenied,
            _ => Code::Failure,
        };
        Refused(code, why)
    }
}

impl From<&str> for Refused {
    fn from(why: &str) -> Refused {
        why.to_owned().into()
    }
}

type Outcome<T> = Result<T, Refused>;

/// The answer to a request that succeeded.
enum Answer {
    Done,
    Reply(Vec<u8>),
    /// Success, after the disk's keys were replaced by these.
    Keys(Keys),
}

impl From<String> for Answer {
    fn from(text: String) -> Answer {
        Answer::Keys(Keys { text, moved: None })
    }
}

impl Server {
    /// Receives bytes, which [`Server::advance`] then handles.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.received.extend(bytes);
    }

    /// Bytes that it holds in memory.
    pub(super) fn held(&self) -> usize {
        let held = |handle: &Handle| match handle {
            Handle::Keys { body, .. } => body.capacity(),
            Handle::Directory { left, .. } => left.iter().map(String::capacity).sum(),
            Handle::File { .. } => 0,
        };
        self.received.capacity() + self.handles.values().map(held).sum::<usize>()
    }

    /// Answers the next complete request; `None` when there is none.
    pub(super) fn advance(&mut self, guest: &mut Guest<'_>) -> Option<Step> {
        let length = u32::from_be_bytes(self.received.get(..4)?.try_into().ok()?) as usize;
        if length == 0 || length > PACKET_MAX {
            guest.reached(Bound::Sftp);
            return Some(Step { ends: true, ..Step::default() });
        }
        if self.received.len() < 4 + length {
            return None;
        }
        let packet: Vec<u8> = self.received.drain(..4 + length).skip(4).collect();
        if self.received.is_empty() {
            self.received = Vec::new();
        }
        Some(self.packet(packet[0], &packet[1..], guest))
    }

    fn packet(&mut self, kind: u8, body: &[u8], guest: &mut Guest<'_>) -> Step {
        if kind == packets::INIT {
            return Step { reply: packets::version(), ..Step::default() };
        }
        let Some((number, request)) = packets::request(kind, body) else {
            return Step { ends: true, ..Step::default() };
        };
        let answered = match request {
            Some(request) => self.answer(number, request, guest),
            None => Err(Refused(Code::BadMessage, "Bad message".into())),
        };
        match answered {
            Ok(Answer::Done) => Step { reply: packets::status(number, Code::Ok, "Success"), ..Step::default() },
            Ok(Answer::Reply(reply)) => Step { reply, ..Step::default() },
            Ok(Answer::Keys(keys)) => Step { keys: Some((number, keys)), ..Step::default() },
            Err(Refused(code, why)) => {
                let message = self.message_once(&why);
                Step { reply: packets::status(number, code, &why), message, ..Step::default() }
            }
        }
    }

    /// The message that a guest is full, sent once.
    fn message_once(&mut self, why: &str) -> Option<String> {
        let is_full = ["File too large", "No space left on device", "Cannot allocate memory"].contains(&why);
        (is_full && !std::mem::replace(&mut self.has_reported_full, true)).then(|| {
            format!(
                "sftp-server: {why}: a simulated guest keeps files of up to {FILE_BYTES_MAX} bytes, {} together; what was written of this one stays",
                crate::guest::files::BYTES_MAX
            )
        })
    }

    /// The outcome of writing [`Step::keys`] to the disk.
    pub(super) fn written(number: u32, outcome: Result<(), String>) -> Vec<u8> {
        match outcome {
            Ok(()) => packets::status(number, Code::Ok, "Success"),
            Err(why) => packets::status(number, Code::Failure, &why),
        }
    }

    fn answer(&mut self, number: u32, request: Request<'_>, guest: &mut Guest<'_>) -> Outcome<Answer> {
        Ok(match request {
            Request::Open(path, opening, attributes) => {
                let path = place(path, guest)?;
                Answer::Reply(packets::handle(number, &self.open(path, opening, attributes, guest)?))
            }
            Request::Close(handle) => return self.close(handle),
            Request::Read { handle, offset, length } => {
                Answer::Reply(packets::data(number, &self.read(handle, offset, length, guest)?))
            }
            Request::Write { handle, offset, bytes } => return self.write(handle, offset, bytes, guest),
            Request::Stat(path) => Answer::Reply(packets::attributes(number, &stat(&place(path, guest)?, guest)?)),
            Request::StatOfHandle(handle) => {
                Answer::Reply(packets::attributes(number, &self.stat_of_handle(handle, guest)?))
            }
            Request::Change(path, attributes) => return change(&place(path, guest)?, attributes, guest),
            Request::ChangeOfHandle(handle, attributes) => return self.change(handle, attributes, guest),
            Request::OpenDirectory(path) => {
                let path = place(path, guest)?;
                if !stat(&path, guest)?.is_directory() {
                    return Err("Not a directory".into());
                }
                let names = guest.files.names(&path, guest.machine).into_iter();
                let left = [".".to_owned(), "..".to_owned()].into_iter().chain(names).rev().collect();
                Answer::Reply(packets::handle(number, &self.keep(Handle::Directory { path, left }, guest)?))
            }
            Request::ReadDirectory(handle) => Answer::Reply(self.list(number, handle, guest)?),
            Request::Remove(path) => return remove(&place(path, guest)?, guest),
            Request::MakeDirectory(path) => {
                let path = place(path, guest)?;
                if Metadata::of(&path, guest).is_some() {
                    return Err("File exists".into());
                }
                guest.files.make_directory(&path, guest.machine, guest.now_ms)?;
                Answer::Done
            }
            Request::RemoveDirectory(path) => return remove_directory(&place(path, guest)?, guest),
            Request::RealPath(path) => Answer::Reply(packets::path(number, &place(path, guest)?)),
            Request::ExpandPath(path) => {
                let inside = path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
                let inside = inside.map_or(path, |rest| rest.trim_start_matches('/'));
                Answer::Reply(packets::path(number, &place(inside, guest)?))
            }
            Request::Rename { from, to, replaces } => {
                let (from, to) = (place(from, guest)?, place(to, guest)?);
                if !replaces && Metadata::of(&to, guest).is_some() {
                    return Err("File exists".into());
                }
                moving::rename(&from, &to, guest)?.map_or(Answer::Done, Answer::Keys)
            }
            Request::Unknown => return Err(Refused(Code::Unsupported, "Operation unsupported".into())),
        })
    }

    fn open(
        &mut self,
        path: String,
        opening: Opening,
        attributes: Attributes,
        guest: &mut Guest<'_>,
    ) -> Outcome<[u8; 4]> {
        let before = Metadata::of(&path, guest);
        if before.as_ref().is_some_and(Metadata::is_directory) {
            return Err("Is a directory".into());
        }
        if before.is_some() && opening.has(Opening::CREATE | Opening::EXCLUSIVE) {
            return Err("File exists".into());
        }
        if before.is_none() && !opening.has(Opening::CREATE) {
            return Err("No such file or directory".into());
        }
        if path == guest.machine.keys_path() {
            let emptied = opening.has(Opening::WRITE | Opening::TRUNCATE);
            let body = if emptied { Vec::new() } else { guest.read(&path)? };
            return self.keep(Handle::Keys { body, opening, changed: emptied }, guest);
        }
        if opening.has(Opening::WRITE) {
            let body = match guest.files.file(&path) {
                Some((_, body)) if !opening.has(Opening::TRUNCATE) => body.to_vec(),
                _ => Vec::new(),
            };
            let mode = attributes.mode.map(|mode| mode & 0o755).filter(|_| before.is_none());
            guest.files.put(&path, (mode, body), guest.machine, guest.now_ms)?;
        }
        self.keep(Handle::File { path, opening }, guest)
    }

    fn keep(&mut self, handle: Handle, guest: &Guest<'_>) -> Outcome<[u8; 4]> {
        if self.handles.len() >= HANDLES_MAX {
            guest.reached(Bound::Sftp);
            return Err(format!("{HANDLES_MAX} files are open already").into());
        }
        self.opened = self.opened.wrapping_add(1);
        self.handles.insert(self.opened, handle);
        Ok(self.opened.to_be_bytes())
    }

    fn handle(&mut self, handle: &[u8]) -> Outcome<&mut Handle> {
        let number = handle.try_into().map(u32::from_be_bytes).map_err(|_| Refused::from("this handle is not open"))?;
        self.handles.get_mut(&number).ok_or_else(|| "this handle is not open".into())
    }

    fn close(&mut self, handle: &[u8]) -> Outcome<Answer> {
        self.handle(handle)?;
        let number = handle.try_into().map(u32::from_be_bytes).unwrap_or_default();
        match self.handles.remove(&number) {
            Some(Handle::Keys { body, changed: true, .. }) => {
                String::from_utf8(body).map(Answer::from).map_err(|_| "this is not text".into())
            }
            _ => Ok(Answer::Done),
        }
    }

    fn read(&mut self, handle: &[u8], offset: u64, length: u32, guest: &Guest<'_>) -> Outcome<Vec<u8>> {
        let part = |body: &[u8]| {
            let begin = usize::try_from(offset).unwrap_or(usize::MAX).min(body.len());
            let end = begin.saturating_add((length as usize).min(READ_MAX)).min(body.len());
            body[begin..end].to_vec()
        };
        let read = match self.handle(handle)? {
            Handle::Keys { body, opening, .. } if opening.has(Opening::READ) => part(body),
            Handle::File { path, opening } if opening.has(Opening::READ) => match guest.files.file(path) {
                Some((_, body)) => part(body),
                None => part(&guest.read(path)?),
            },
            _ => return Err("this handle is not open for reading".into()),
        };
        if read.is_empty() { Err(Refused(Code::Eof, "End of file".into())) } else { Ok(read) }
    }

    fn write(&mut self, handle: &[u8], offset: u64, bytes: &[u8], guest: &mut Guest<'_>) -> Outcome<Answer> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        match self.handle(handle)? {
            Handle::Keys { body, opening, changed } if opening.has(Opening::WRITE) => {
                let offset = if opening.has(Opening::APPEND) { body.len() } else { offset };
                let end = offset.saturating_add(bytes.len());
                if end > FILE_BYTES_MAX {
                    return Err("File too large".into());
                }
                body.resize(body.len().max(end), 0);
                body[offset..end].copy_from_slice(bytes);
                *changed = true;
            }
            Handle::File { path, opening } if opening.has(Opening::WRITE) => {
                let offset = if opening.has(Opening::APPEND) { None } else { Some(offset) };
                guest.files.write_at(path, offset, bytes, guest.machine, guest.now_ms)?;
            }
            _ => return Err("this handle is not open for writing".into()),
        }
        Ok(Answer::Done)
    }

    fn stat_of_handle(&mut self, handle: &[u8], guest: &Guest<'_>) -> Outcome<Metadata> {
        match self.handle(handle)? {
            Handle::Keys { body, .. } => {
                let bytes = body.len();
                Ok(Metadata { bytes, ..stat(&guest.machine.keys_path(), guest)? })
            }
            Handle::File { path, .. } | Handle::Directory { path, .. } => stat(path, guest),
        }
    }

    fn change(&mut self, handle: &[u8], attributes: Attributes, guest: &mut Guest<'_>) -> Outcome<Answer> {
        match self.handle(handle)? {
            Handle::Keys { body, changed, .. } => {
                if let Some(bytes) = attributes.bytes {
                    body.resize(length_of_file(bytes)?, 0);
                    *changed = true;
                }
                Ok(Answer::Done)
            }
            Handle::File { path, .. } | Handle::Directory { path, .. } => change(path, attributes, guest),
        }
    }

    fn list(&mut self, number: u32, handle: &[u8], guest: &Guest<'_>) -> Outcome<Vec<u8>> {
        let Handle::Directory { path, left } = self.handle(handle)? else { return Err("Not a directory".into()) };
        let mut entries = Vec::new();
        while entries.len() < NAMES_MAX
            && let Some(name) = left.pop()
        {
            // An entry that was removed meanwhile is left out.
            if let Some(metadata) = Metadata::of(&absolute(&name, path), guest) {
                entries.push((name.clone(), metadata.line(&name, guest.now_ms, (1, 1, 1)), metadata));
            }
        }
        if entries.is_empty() {
            return Err(Refused(Code::Eof, "End of file".into()));
        }
        Ok(packets::names(number, &entries))
    }
}

/// An absolute path, relative to the home directory; `..` leads no further up than the guest's root.
fn place(path: &str, guest: &Guest<'_>) -> Outcome<String> {
    if path.len() > PATH_BYTES_MAX {
        return Err("File name too long".into());
    }
    Ok(absolute(path, &guest.machine.home()))
}

fn stat(path: &str, guest: &Guest<'_>) -> Outcome<Metadata> {
    Metadata::of(path, guest).ok_or_else(|| "No such file or directory".into())
}

fn length_of_file(bytes: u64) -> Outcome<usize> {
    usize::try_from(bytes).ok().filter(|bytes| *bytes <= FILE_BYTES_MAX).ok_or_else(|| "File too large".into())
}

/// A file in memory takes all attributes; for other files a mode and a time have no meaning here.
fn change(path: &str, attributes: Attributes, guest: &mut Guest<'_>) -> Outcome<Answer> {
    stat(path, guest)?;
    let mut keys = None;
    if let Some(bytes) = attributes.bytes {
        let bytes = length_of_file(bytes)?;
        let mut body = guest.read(path)?;
        body.resize(bytes, 0);
        if path == guest.machine.keys_path() {
            keys = Some(String::from_utf8(body).map_err(|_| "this is not text")?);
        } else {
            guest.files.put(path, (None, body), guest.machine, guest.now_ms)?;
        }
    }
    if let Some(mode) = attributes.mode {
        guest.files.set_mode(path, |_| mode & 0o777);
    }
    if let Some(seconds) = attributes.changed_seconds {
        guest.files.touch(path, u64::from(seconds) * 1000);
    }
    Ok(keys.map_or(Answer::Done, Answer::from))
}

fn remove(path: &str, guest: &mut Guest<'_>) -> Outcome<Answer> {
    if stat(path, guest)?.is_directory() {
        return Err("Is a directory".into());
    }
    if path == guest.machine.keys_path() {
        return Ok(String::new().into());
    }
    if guest.files.remove(path) { Ok(Answer::Done) } else { Err("this stays in a simulated guest".into()) }
}

fn remove_directory(path: &str, guest: &mut Guest<'_>) -> Outcome<Answer> {
    if !stat(path, guest)?.is_directory() {
        return Err("Not a directory".into());
    }
    if !guest.files.names(path, guest.machine).is_empty() {
        return Err("Directory not empty".into());
    }
    if guest.files.remove(path) { Ok(Answer::Done) } else { Err("this stays in a simulated guest".into()) }
}
