//! The line that a person types at a terminal: echo, backspace, ctrl-C, ctrl-D, ctrl-U. Pure.

use crate::memory::Share;

const LINE_MAX: usize = 65536;

/// The results of typed bytes, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// To be shown on the screen.
    Echo(Vec<u8>),
    /// A finished line.
    Line(String),
    /// ctrl-C: the line is dropped.
    Interrupt,
    /// ctrl-D on an empty line.
    End,
}

/// The unfinished line.
#[derive(Debug)]
pub(crate) struct Terminal {
    line: Vec<u8>,
    /// The memory that it takes.
    share: Share,
    escape: Escape,
    after_return: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escape {
    No,
    Begun,
    Sequence,
}

impl Terminal {
    /// `share`: an empty one, of the guest's memory.
    pub(crate) fn new(share: Share) -> Terminal {
        Terminal { line: Vec::new(), share, escape: Escape::No, after_return: false }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut typed = Vec::new();
        for byte in bytes {
            self.key(*byte, &mut typed);
        }
        // To shrink always succeeds.
        let _ = self.share.resize(self.line.len());
        typed
    }

    fn key(&mut self, byte: u8, typed: &mut Vec<Typed>) {
        let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
        match (self.escape, byte) {
            (Escape::Begun, b'[' | b'O') => return self.escape = Escape::Sequence,
            (Escape::Begun, _) => return self.escape = Escape::No,
            // Sequences such as cursor keys end with a letter or a tilde.
            (Escape::Sequence, b'A'..=b'Z' | b'a'..=b'z' | b'~') => return self.escape = Escape::No,
            (Escape::Sequence, _) => return,
            (Escape::No, _) => {}
        }
        match byte {
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                echo(typed, b"\r\n");
                let line = std::mem::take(&mut self.line);
                typed.push(Typed::Line(String::from_utf8_lossy(&line).into_owned()));
            }
            0x7f | 0x08 => self.rub_out(typed),
            0x15 => {
                while !self.line.is_empty() {
                    self.rub_out(typed);
                }
            }
            0x03 => {
                self.line.clear();
                echo(typed, b"^C\r\n");
                typed.push(Typed::Interrupt);
            }
            0x04 if self.line.is_empty() => typed.push(Typed::End),
            0x1b => self.escape = Escape::Begun,
            // What has no room is lost.
            b' '.. if self.line.len() < LINE_MAX && self.share.resize(self.line.len() + 1) => {
                self.line.push(byte);
                echo(typed, &[byte]);
            }
            _ => {}
        }
    }

    fn rub_out(&mut self, typed: &mut Vec<Typed>) {
        // The continuation bytes of a character are removed with its first byte.
        while let Some(byte) = self.line.pop() {
            if byte & 0xc0 != 0x80 {
                return echo(typed, b"\x08 \x08");
            }
        }
    }
}

fn echo(typed: &mut Vec<Typed>, bytes: &[u8]) {
    match typed.last_mut() {
        Some(Typed::Echo(shown)) => shown.extend(bytes),
        _ => typed.push(Typed::Echo(bytes.to_vec())),
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::memory::Memory;

    fn terminal() -> Terminal {
        Terminal::new(Memory::all(std::sync::Arc::default()).share())
    }

    fn lines(keys: &str) -> Vec<String> {
        let typed = terminal().feed(keys.as_bytes());
        typed.into_iter().filter_map(|typed| if let Typed::Line(line) = typed { Some(line) } else { None }).collect()
    }

    #[test]
    fn a_line_is_edited_as_people_expect() {
        assert_eq!(lines("truf\x7fe\r"), ["true"]);
        assert_eq!(lines("wrong\x15right\r\n\r"), ["right", ""]);
        assert_eq!(lines("a\u{e9}\x7fb\x1b[A\x1bOBc\r"), ["abc"]);
        assert_eq!(lines("given up\x03ls\r"), ["ls"]);
    }

    #[test]
    fn a_line_is_counted_and_what_has_no_memory_is_lost() {
        let memory = Memory::all(std::sync::Arc::default()).of_machine();
        let (mut rest, mut terminal) = (memory.share(), Terminal::new(memory.share()));
        assert!(rest.resize((32 << 20) - 2));
        assert!(terminal.feed(b"abcd\r").contains(&Typed::Line("ab".into())));
        assert!(rest.grow(2), "the line was given back");
    }

    #[test]
    fn ctrl_d_ends_only_an_empty_line() {
        assert_eq!(terminal().feed(b"\x04"), [Typed::End]);
        assert_eq!(terminal().feed(b"a\x04"), [Typed::Echo(b"a".to_vec())]);
    }
}
