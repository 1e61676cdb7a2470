//! The packets of SFTP, version 3 (draft-ietf-secsh-filexfer-02): requests and replies.

use crate::guest::metadata::Metadata;

/// The maximum bytes of one packet, as in OpenSSH.
pub(super) const PACKET_MAX: usize = 256 << 10;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening(u32);

impl Opening {
    pub(super) const READ: u32 = 1;
    pub(super) const WRITE: u32 = 2;
    pub(super) const APPEND: u32 = 4;
    pub(super) const CREATE: u32 = 8;
    pub(super) const TRUNCATE: u32 = 16;
    /// With `CREATE`: the file must be new.
    pub(super) const EXCLUSIVE: u32 = 32;

    /// Whether all these flags are set.
    pub(super) const fn has(self, flags: u32) -> bool {
        self.0 & flags == flags
    }
}

/// The attributes that a client sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) bytes: Option<u64>,
    pub(super) mode: Option<u32>,
    pub(super) changed_seconds: Option<u32>,
}

/// What names an open file or directory.
type Handle<'a> = &'a [u8];

/// A client's request; a text is a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request<'a> {
    Open(&'a str, Opening, Attributes),
    Close(Handle<'a>),
    Read {
        handle: Handle<'a>,
        offset: u64,
        length: u32,
    },
    Write {
        handle: Handle<'a>,
        offset: u64,
        bytes: &'a [u8],
    },
    Stat(&'a str),
    StatOfHandle(Handle<'a>),
    Change(&'a str, Attributes),
    ChangeOfHandle(Handle<'a>, Attributes),
    OpenDirectory(&'a str),
    ReadDirectory(Handle<'a>),
    Remove(&'a str),
    MakeDirectory(&'a str),
    RemoveDirectory(&'a str),
    RealPath(&'a str),
    Rename {
        from: &'a str,
        to: &'a str,
        replaces: bool,
    },
    /// Sent by OpenSSH's clients for a path that begins with `~`.
    ExpandPath(&'a str),
    Unknown,
}

/// The status of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    Ok = 0,
    Eof = 1,
    NoSuchFile = 2,
    PermissionDenied = 3,
    Failure = 4,
    BadMessage = 5,
    Unsupported = 8,
}

pub(super) const INIT: u8 = 1;
const VERSION: u8 = 2;
const EXTENSIONS: [(&str, &str); 2] = [("posix-rename@openssh.com", "1"), ("expand-path@openssh.com", "1")];

/// The unread part of a packet.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn u32(&mut self) -> Option<u32> {
        let (number, rest) = self.0.split_at_checked(4)?;
        self.0 = rest;
        Some(u32::from_be_bytes(number.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from(self.u32()?) << 32 | u64::from(self.u32()?))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()? as usize;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn attributes(&mut self) -> Option<Attributes> {
        let flags = self.u32()?;
        let mut attributes = Attributes::default();
        if flags & 1 != 0 {
            attributes.bytes = Some(self.u64()?);
        }
        if flags & 2 != 0 {
            self.u64()?;
        }
        if flags & 4 != 0 {
            attributes.mode = Some(self.u32()?);
        }
        if flags & 8 != 0 {
            self.u32()?;
            attributes.changed_seconds = Some(self.u32()?);
        }
        Some(attributes)
    }
}

/// The number of a request, which its reply repeats, and the request; `None` if it is none.
pub(super) fn request(kind: u8, body: &[u8]) -> Option<(u32, Option<Request<'_>>)> {
    let mut fields = Fields(body);
    let number = fields.u32()?;
    Some((number, read(kind, &mut fields)))
}

fn read<'a>(kind: u8, fields: &mut Fields<'a>) -> Option<Request<'a>> {
    Some(match kind {
        3 => Request::Open(fields.text()?, Opening(fields.u32()?), fields.attributes()?),
        4 => Request::Close(fields.bytes()?),
        5 => Request::Read { handle: fields.bytes()?, offset: fields.u64()?, length: fields.u32()? },
        6 => Request::Write { handle: fields.bytes()?, offset: fields.u64()?, bytes: fields.bytes()? },
        // There are no links here, so `stat` and `lstat` are the same.
        7 | 17 => Request::Stat(fields.text()?),
        8 => Request::StatOfHandle(fields.bytes()?),
        9 => Request::Change(fields.text()?, fields.attributes()?),
        10 => Request::ChangeOfHandle(fields.bytes()?, fields.attributes()?),
        11 => Request::OpenDirectory(fields.text()?),
        12 => Request::ReadDirectory(fields.bytes()?),
        13 => Request::Remove(fields.text()?),
        14 => Request::MakeDirectory(fields.text()?),
        15 => Request::RemoveDirectory(fields.text()?),
        16 => Request::RealPath(fields.text()?),
        18 => Request::Rename { from: fields.text()?, to: fields.text()?, replaces: false },
        200 => match fields.text()? {
            "posix-rename@openssh.com" => Request::Rename { from: fields.text()?, to: fields.text()?, replaces: true },
            "expand-path@openssh.com" => Request::ExpandPath(fields.text()?),
            _ => Request::Unknown,
        },
        _ => Request::Unknown,
    })
}

/// A reply while it is built.
struct Reply(Vec<u8>);

impl Reply {
    fn new(kind: u8, number: u32) -> Reply {
        Reply(vec![0, 0, 0, 0, kind]).u32(number)
    }

    fn u32(mut self, number: u32) -> Reply {
        self.0.extend(number.to_be_bytes());
        self
    }

    fn bytes(self, bytes: &[u8]) -> Reply {
        let mut reply = self.u32(length(bytes));
        reply.0.extend(bytes);
        reply
    }

    fn attributes(self, metadata: &Metadata) -> Reply {
        let mut reply = self.u32(1 | 2 | 4 | 8);
        reply.0.extend((metadata.bytes as u64).to_be_bytes());
        let owner = if metadata.owner == "root" { 0 } else { 1000 };
        let seconds = u32::try_from(metadata.changed_ms / 1000).unwrap_or(u32::MAX);
        reply.u32(owner).u32(owner).u32(metadata.mode).u32(seconds).u32(seconds)
    }

    fn finished(mut self) -> Vec<u8> {
        let length = length(&self.0[4..]);
        self.0[..4].copy_from_slice(&length.to_be_bytes());
        self.0
    }
}

#[expect(clippy::cast_possible_truncation, reason = "all that is sent is far shorter")]
const fn length<T>(all: &[T]) -> u32 {
    all.len() as u32
}

pub(super) fn version() -> Vec<u8> {
    let add = |reply: Reply, (name, value): (&str, &str)| reply.bytes(name.as_bytes()).bytes(value.as_bytes());
    EXTENSIONS.into_iter().fold(Reply::new(VERSION, 3), add).finished()
}

pub(super) fn status(number: u32, code: Code, why: &str) -> Vec<u8> {
    Reply::new(101, number).u32(code as u32).bytes(why.as_bytes()).bytes(b"en").finished()
}

pub(super) fn handle(number: u32, handle: Handle<'_>) -> Vec<u8> {
    Reply::new(102, number).bytes(handle).finished()
}

pub(super) fn data(number: u32, bytes: &[u8]) -> Vec<u8> {
    Reply::new(103, number).bytes(bytes).finished()
}

/// A reply with one path.
pub(super) fn path(number: u32, path: &str) -> Vec<u8> {
    Reply::new(104, number).u32(1).bytes(path.as_bytes()).bytes(path.as_bytes()).u32(0).finished()
}

/// A reply with entries of a directory: the name, the line of `ls -l`, and the attributes.
pub(super) fn names(number: u32, entries: &[(String, String, Metadata)]) -> Vec<u8> {
    let mut reply = Reply::new(104, number).u32(length(entries));
    for (name, line, metadata) in entries {
        reply = reply.bytes(name.as_bytes()).bytes(line.as_bytes()).attributes(metadata);
    }
    reply.finished()
}

pub(super) fn attributes(number: u32, metadata: &Metadata) -> Vec<u8> {
    Reply::new(105, number).attributes(metadata).finished()
}
