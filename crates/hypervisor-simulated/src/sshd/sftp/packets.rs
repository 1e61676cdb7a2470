//! The packets of SFTP, version 3 (draft-ietf-secsh-filexfer-02): requests and replies.

use crate::guest::metadata::Metadata;

/// The maximum bytes of one packet, as in OpenSSH.
pub(super) const PACKET_MAX: usize = 256 << 10;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening(u32);

impl Opening {
    pub(super) const fn reads(self) -> bool {
        self.0 & 1 != 0
    }
    pub(super) const fn writes(self) -> bool {
        self.0 & 2 != 0
    }
    pub(super) const fn appends(self) -> bool {
        self.0 & 4 != 0
    }
    pub(super) const fn creates(self) -> bool {
        self.0 & 8 != 0
    }
    pub(super) const fn truncates(self) -> bool {
        self.0 & 16 != 0
    }
    pub(super) const fn must_be_new(self) -> bool {
        self.0 & 32 != 0
    }
}

/// The attributes that a client sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) bytes: Option<u64>,
    pub(super) mode: Option<u32>,
    pub(super) changed_seconds: Option<u32>,
}

/// A client's request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request<'a> {
    Open {
        path: &'a str,
        opening: Opening,
        attributes: Attributes,
    },
    Close {
        handle: &'a [u8],
    },
    Read {
        handle: &'a [u8],
        offset: u64,
        length: u32,
    },
    Write {
        handle: &'a [u8],
        offset: u64,
        bytes: &'a [u8],
    },
    Stat {
        path: &'a str,
    },
    StatOfHandle {
        handle: &'a [u8],
    },
    Change {
        path: &'a str,
        attributes: Attributes,
    },
    ChangeOfHandle {
        handle: &'a [u8],
        attributes: Attributes,
    },
    OpenDirectory {
        path: &'a str,
    },
    ReadDirectory {
        handle: &'a [u8],
    },
    Remove {
        path: &'a str,
    },
    MakeDirectory {
        path: &'a str,
    },
    RemoveDirectory {
        path: &'a str,
    },
    RealPath {
        path: &'a str,
    },
    Rename {
        from: &'a str,
        to: &'a str,
        replaces: bool,
    },
    /// Sent by OpenSSH's clients for a path that begins with `~`.
    ExpandPath {
        path: &'a str,
    },
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
        3 => Request::Open { path: fields.text()?, opening: Opening(fields.u32()?), attributes: fields.attributes()? },
        4 => Request::Close { handle: fields.bytes()? },
        5 => Request::Read { handle: fields.bytes()?, offset: fields.u64()?, length: fields.u32()? },
        6 => Request::Write { handle: fields.bytes()?, offset: fields.u64()?, bytes: fields.bytes()? },
        // There are no links here, so `stat` and `lstat` are the same.
        7 | 17 => Request::Stat { path: fields.text()? },
        8 => Request::StatOfHandle { handle: fields.bytes()? },
        9 => Request::Change { path: fields.text()?, attributes: fields.attributes()? },
        10 => Request::ChangeOfHandle { handle: fields.bytes()?, attributes: fields.attributes()? },
        11 => Request::OpenDirectory { path: fields.text()? },
        12 => Request::ReadDirectory { handle: fields.bytes()? },
        13 => Request::Remove { path: fields.text()? },
        14 => Request::MakeDirectory { path: fields.text()? },
        15 => Request::RemoveDirectory { path: fields.text()? },
        16 => Request::RealPath { path: fields.text()? },
        18 => Request::Rename { from: fields.text()?, to: fields.text()?, replaces: false },
        200 => match fields.text()? {
            "posix-rename@openssh.com" => Request::Rename { from: fields.text()?, to: fields.text()?, replaces: true },
            "expand-path@openssh.com" => Request::ExpandPath { path: fields.text()? },
            _ => Request::Unknown,
        },
        _ => Request::Unknown,
    })
}

/// A reply while it is built.
struct Reply(Vec<u8>);

impl Reply {
    fn new(kind: u8, number: u32) -> Reply {
        let mut reply = Reply(vec![0, 0, 0, 0, kind]);
        reply.u32(number);
        reply
    }

    fn u32(&mut self, number: u32) {
        self.0.extend(number.to_be_bytes());
    }

    #[expect(clippy::cast_possible_truncation, reason = "all that is sent is far shorter")]
    fn bytes(&mut self, bytes: &[u8]) {
        self.u32(bytes.len() as u32);
        self.0.extend(bytes);
    }

    #[expect(clippy::cast_possible_truncation, reason = "all that is sent is far shorter")]
    fn finished(mut self) -> Vec<u8> {
        let length = (self.0.len() - 4) as u32;
        self.0[..4].copy_from_slice(&length.to_be_bytes());
        self.0
    }

    fn attributes(&mut self, metadata: &Metadata) {
        self.u32(1 | 2 | 4 | 8);
        self.0.extend((metadata.bytes as u64).to_be_bytes());
        let owner = if metadata.owner == "root" { 0 } else { 1000 };
        self.u32(owner);
        self.u32(owner);
        self.u32(metadata.mode);
        let seconds = u32::try_from(metadata.changed_ms / 1000).unwrap_or(u32::MAX);
        self.u32(seconds);
        self.u32(seconds);
    }
}

pub(super) fn version() -> Vec<u8> {
    let mut reply = Reply::new(VERSION, 3);
    for (name, value) in EXTENSIONS {
        reply.bytes(name.as_bytes());
        reply.bytes(value.as_bytes());
    }
    reply.finished()
}

pub(super) fn status(number: u32, code: Code, why: &str) -> Vec<u8> {
    let mut reply = Reply::new(101, number);
    reply.u32(code as u32);
    reply.bytes(why.as_bytes());
    reply.bytes(b"en");
    reply.finished()
}

pub(super) fn handle(number: u32, handle: &[u8]) -> Vec<u8> {
    let mut reply = Reply::new(102, number);
    reply.bytes(handle);
    reply.finished()
}

pub(super) fn data(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut reply = Reply::new(103, number);
    reply.bytes(bytes);
    reply.finished()
}

/// A reply with one path.
pub(super) fn path(number: u32, path: &str) -> Vec<u8> {
    let mut reply = Reply::new(104, number);
    reply.u32(1);
    reply.bytes(path.as_bytes());
    reply.bytes(path.as_bytes());
    reply.u32(0);
    reply.finished()
}

/// A reply with entries of a directory: the name, the line of `ls -l`, and the attributes.
#[expect(clippy::cast_possible_truncation, reason = "a guest has few entries")]
pub(super) fn names(number: u32, entries: &[(String, String, Metadata)]) -> Vec<u8> {
    let mut reply = Reply::new(104, number);
    reply.u32(entries.len() as u32);
    for (name, line, metadata) in entries {
        reply.bytes(name.as_bytes());
        reply.bytes(line.as_bytes());
        reply.attributes(metadata);
    }
    reply.finished()
}

pub(super) fn attributes(number: u32, metadata: &Metadata) -> Vec<u8> {
    let mut reply = Reply::new(105, number);
    reply.attributes(metadata);
    reply.finished()
}
