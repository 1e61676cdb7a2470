//! Files `authorized_keys` as people, programs and attackers write them, from a seed.

use cvmd_model::KeyBlob;
use russh::keys::PublicKey;

/// The keys in the files, and the blob of each; the first one is unbound.
pub(super) struct Pool {
    pub(super) keys: Vec<(PublicKey, Vec<u8>)>,
}

/// One file.
pub(super) struct Case {
    pub(super) text: String,
}

const fn names() -> [&'static str; 4] {
    ["ssh-ed25519", "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]
}

/// The generator of the curve P-256, a point that is on it.
const POINT: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn blob(fields: &[&[u8]]) -> Vec<u8> {
    let mut blob = Vec::new();
    for field in fields {
        blob.extend((field.len() as u32).to_be_bytes());
        blob.extend(*field);
    }
    blob
}

fn point() -> Vec<u8> {
    (0..POINT.len()).step_by(2).map(|at| u8::from_str_radix(&POINT[at..at + 2], 16).unwrap()).collect()
}

fn modulus() -> Vec<u8> {
    let mut modulus = vec![0xc5; 256];
    modulus[255] = 0x4b;
    modulus
}

impl Pool {
    pub(super) fn new() -> Pool {
        let [first, second, ecdsa, rsa] = names();
        let modulus = [&[0], &*modulus()].concat();
        let blobs = [
            blob(&[first.as_bytes(), &[7; 32]]),
            blob(&[second.as_bytes(), &[0x91; 32]]),
            blob(&[ecdsa.as_bytes(), b"nistp256", &point()]),
            blob(&[rsa.as_bytes(), &[1, 0, 1], &modulus]),
        ];
        let keys = blobs.map(|blob| (PublicKey::from_bytes(&blob).unwrap(), blob));
        Pool { keys: keys.into() }
    }

    /// The key that is unbound.
    pub(super) fn gone(&self) -> KeyBlob {
        KeyBlob::of_line(&self.keys[0].0.to_openssh().unwrap()).unwrap()
    }
}

/// Random numbers from a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }

    /// True with a probability of one in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }
}

/// Before a line: spaces, and what looks like them.
const LEADS: &[&str] =
    &[" ", "\t", "  \t ", "\u{a0}", "\x0c", "\x0b", "\r", "\u{feff}", "\u{2003}", "\0", "#", " # ", "\\", "\"", ","];
/// Between its parts.
const GAPS: &[&str] = &["  ", "\t", " \t ", "\u{a0}", "\x0c", "\x0b", "\r", "\u{3000}", "\0", ",", "=", " \\\" "];
const ALGORITHMS: &[&str] = &[
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "rsa-sha2-256",
    "rsa-sha2-512",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "sk-ssh-ed25519@openssh.com",
    "ssh-ed25519-cert-v01@openssh.com",
    "SSH-ED25519",
    "Ssh-Rsa",
    "ed25519",
    "RSA",
    "ssh-ed25519\r",
    "\"ssh-ed25519\"",
];
/// Names that begin a key's own bytes.
const INNER: &[&str] = &[
    "ED25519",
    "ed25519",
    "ssh-ed25519\0",
    "ssh-ed25519\0\0",
    "RSA",
    "rsa-sha2-512",
    "ssh-rsa\0",
    "SSH-RSA",
    "ECDSA",
    "",
];
const TAILS: &[&str] = &[
    "",
    "",
    " somebody@somewhere",
    "\tmine",
    " with several  words ",
    " # no comment",
    "\r",
    " \r",
    "\0",
    " \0 behind",
    "#",
    "\x0c",
    "\u{a0}mine",
    "  ",
    " \"",
    " ssh-ed25519 AAAA",
];
/// Options, valid and invalid.
const OPTIONS: &[&str] = &[
    "restrict",
    "no-restrict",
    "restricted",
    "RESTRICT",
    "pty",
    "no-pty",
    "No-Pty",
    "no-no-pty",
    "pt",
    "port-forwarding",
    "no-port-forwarding",
    "agent-forwarding",
    "no-agent-forwarding",
    "x11-forwarding",
    "no-X11-forwarding",
    "user-rc",
    "no-user-rc",
    "touch-required",
    "no-touch-required",
    "verify-required",
    "no-verify-required",
    "cert-authority",
    "CERT-authority",
    "no-cert-authority",
    "no-such-option",
    "",
    "command=\"true\"",
    "command=\"echo \\\"a, b\\\" \\\\ c\"",
    "command=\"a\\\\\"",
    "command=\"\"",
    "command=true",
    "command=\"true",
    "command=",
    "command",
    "COMMAND=\"x y\"",
    "command=\"a\"b",
    "principals=\"root\"",
    "principals=",
    "environment=\"A=1\"",
    "environment=\"A_b1=\"",
    "environment=\"A\"",
    "environment=\"=1\"",
    "environment=\"A-B=1\"",
    "environment=\"\u{e9}=1\"",
    "permitopen=\"host:80\"",
    "permitopen=\"host:*\"",
    "permitopen=\"[::1]:80\"",
    "permitopen=\"[::1\"",
    "permitopen=\"[::1]80\"",
    "permitopen=\"host\"",
    "permitopen=\"host:0\"",
    "permitopen=\"host:65535\"",
    "permitopen=\"host:65536\"",
    "permitopen=\"host/80\"",
    "permitopen=\":80\"",
    "permitopen=\"a:b:80\"",
    "permitopen=\"host:+80\"",
    "permitopen=\"host: 80\"",
    "permitopen=\"host:80 \"",
    "permitlisten=\"80\"",
    "permitlisten=\"host:80\"",
    "permitlisten=\"x\"",
    "permitlisten=\"*\"",
    "permitlisten=\"\"",
    "tunnel=\"0\"",
    "tunnel=\"any\"",
    "tunnel=\"ANY\"",
    "tunnel=\"2147483645\"",
    "tunnel=\"2147483646\"",
    "tunnel=\"-1\"",
    "tunnel=\"\"",
    "tunnel=1",
    "expiry-time=\"20370101\"",
    "expiry-time=\"20200101\"",
    "expiry-time=\"203701011200\"",
    "expiry-time=\"20370101120000Z\"",
    "expiry-time=\"20200101120000Z\"",
    "expiry-time=\"20370101utc\"",
    "expiry-time=\"2037 1 1\"",
    "expiry-time=\"20370231\"",
    "expiry-time=\"20371301\"",
    "expiry-time=\"2037010\"",
    "expiry-time=\"203701012400\"",
    "expiry-time=\"20370101120061\"",
    "expiry-time=\"20370101120062\"",
    "expiry-time=\"19700101\"",
    "expiry-time=\"+0370101\"",
    "expiry-time=\"Z\"",
    "expiry-time=\"\"",
    "expiry-time=20370101",
    "EXPIRY-TIME=\"20370101\"",
];
/// Values of `from=`; the client is at 127.0.0.1.
const PATTERNS: &[&str] = &[
    "127.0.0.1",
    "127.0.0.0/8",
    "127.0.0.1/8",
    "127.0.0.1/32",
    "127.0.0.1/33",
    "127.0.0.1/",
    "127.0.0.1/x",
    "0.0.0.0/0",
    "10.0.0.0/8",
    "127.*",
    "127.0.0.?",
    "*",
    "**",
    "?",
    "*.example.com",
    "localhost",
    "LOCALHOST",
    "127.1",
    "0x7f000001",
    "0177.0.0.1",
    "2130706433",
    "127.0.0.256",
    "127.0.0.01",
    "::1",
    "::1/128",
    "::ffff:127.0.0.1",
    "::/0",
    "fe80::1%1",
    "!127.0.0.1",
    "!10.0.0.0/8",
    "!*",
    "!",
    "!!127.0.0.1",
    "",
    " 127.0.0.1",
    "127.0.0.1 ",
    "127.0.0.1\\\"",
];

impl Case {
    pub(super) fn of(number: u64, pool: &Pool) -> Case {
        let mut chance = Chance(number.wrapping_mul(0x1234_5678_9abc_def1));
        let mut text = String::new();
        let lines = 1 + chance.below(4);
        for line in 0..lines {
            let mut line_text = line_of(&mut chance, pool);
            if chance.once_in(12) {
                line_text = bent(&mut chance, &line_text);
            }
            text.push_str(&line_text);
            if line + 1 < lines || !chance.once_in(3) {
                text.push_str(if chance.once_in(5) { "\r\n" } else { "\n" });
            }
        }
        Case { text }
    }
}

fn line_of(chance: &mut Chance, pool: &Pool) -> String {
    // Mostly the key that will be unbound.
    let at = if chance.once_in(2) { 0 } else { chance.below(pool.keys.len()) };
    let mut line = String::new();
    if chance.once_in(5) {
        line.push_str(chance.of(LEADS));
    }
    if chance.once_in(2) {
        line.push_str(&options(chance));
        line.push_str(if chance.once_in(8) { chance.of(GAPS) } else { " " });
    }
    line.push_str(if chance.once_in(14) { chance.of(ALGORITHMS) } else { names()[at] });
    line.push_str(if chance.once_in(10) { chance.of(GAPS) } else { " " });
    line.push_str(&base64_of(chance, at, &pool.keys[at].1));
    line.push_str(chance.of(TAILS));
    if chance.once_in(60) {
        line.push(' ');
        line.push_str(&"long ".repeat(1 + chance.below(8000)));
    }
    line
}

fn options(chance: &mut Chance) -> String {
    let mut options: Vec<String> = Vec::new();
    for _ in 0..1 + chance.below(2) {
        options.push(match chance.below(8) {
            0..5 => chance.of(OPTIONS).to_owned(),
            5 => format!("command=\"{}\"", "long ".repeat(chance.below(2000))),
            _ => {
                let patterns: Vec<&str> = (0..1 + chance.below(2)).map(|_| chance.of(PATTERNS)).collect();
                format!("from=\"{}\"", patterns.join(","))
            }
        });
    }
    let mut text = options.join(",");
    if chance.once_in(12) {
        text.push(',');
    }
    text
}

/// A key in base64, sometimes in a form that only some parsers accept.
fn base64_of(chance: &mut Chance, at: usize, blob_as_it_is: &[u8]) -> String {
    let modulus = modulus();
    let bytes = if !chance.once_in(8) {
        blob_as_it_is.to_vec()
    } else if at == 3 {
        match chance.below(4) {
            0 => blob(&[b"ssh-rsa", &[0, 0, 1, 0, 1], &[&[0, 0, 0], &*modulus].concat()]),
            1 => blob(&[b"ssh-rsa", &[1, 0, 1], &modulus]),
            2 => blob(&[b"ssh-rsa", &[1, 0, 1], &[&[0], &modulus[..64]].concat()]),
            _ => blob(&[chance.of(INNER).as_bytes(), &[1, 0, 1], &[&[0], &*modulus].concat()]),
        }
    } else if at == 2 {
        match chance.below(3) {
            0 => blob(&[b"ecdsa-sha2-nistp256", b"nistp256\0", &point()]),
            1 => blob(&[b"ecdsa-sha2-nistp256", b"nistp384", &point()]),
            _ => blob(&[chance.of(INNER).as_bytes(), b"nistp256", &point()]),
        }
    } else {
        let point = &blob_as_it_is[blob_as_it_is.len() - 32..];
        match chance.below(4) {
            0 => blob(&[b"ssh-ed25519", &point[..31]]),
            1 => [blob_as_it_is, &[0]].concat(),
            _ => blob(&[chance.of(INNER).as_bytes(), point]),
        }
    };
    let mut text = base64(&bytes);
    match chance.below(30) {
        0 => text.push('='),
        1 => text.push_str("=="),
        2 => text = text.trim_end_matches('=').to_owned(),
        3 => text.insert(chance.below(text.len()), ['\r', '\x0c', '\x0b', '\u{a0}', '-', '=', '\0'][chance.below(7)]),
        4 => text.truncate(chance.below(text.len())),
        // The bits behind the last byte.
        5 => {
            let padding = text.len() - text.trim_end_matches('=').len();
            text.truncate(text.len() - padding);
            text.pop();
            text.push_str(["B", "h", "9"][chance.below(3)]);
            text.push_str(&"=".repeat(padding));
        }
        _ => {}
    }
    text
}

/// A line in which a character was lost, doubled or changed.
fn bent(chance: &mut Chance, line: &str) -> String {
    let mut characters: Vec<char> = line.chars().collect();
    let at = chance.below(characters.len().min(40));
    match chance.below(3) {
        0 => _ = characters.remove(at),
        1 => characters.insert(at, characters[at]),
        _ => characters[at] = ['"', '\\', ',', ' ', '=', 'x', '\t', '#', '!'][chance.below(9)],
    }
    characters.into_iter().collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for index in 0..=group.len() {
            text.push(LETTERS[(word >> (18 - 6 * index) & 63) as usize] as char);
        }
        text.extend(std::iter::repeat_n('=', 3 - group.len()));
    }
    text
}
