//! A key as a line holds it, and the one form of it: two lines are about the same key when these agree.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The algorithms that sshd knows, by the word that begins a line, and a key's own first field.
///
/// sshd compares kinds of keys: the names of signatures and its own short names stand for the kind.
const KINDS: [(&str, Kind); 15] = [
    ("ssh-ed25519", Kind::Ed25519),
    ("ssh-rsa", Kind::Rsa),
    ("rsa-sha2-256", Kind::Rsa),
    ("rsa-sha2-512", Kind::Rsa),
    ("ssh-dss", Kind::Dss),
    ("ecdsa-sha2-nistp256", Kind::Ecdsa("nistp256")),
    ("ecdsa-sha2-nistp384", Kind::Ecdsa("nistp384")),
    ("ecdsa-sha2-nistp521", Kind::Ecdsa("nistp521")),
    ("sk-ssh-ed25519@openssh.com", Kind::SkEd25519),
    ("sk-ecdsa-sha2-nistp256@openssh.com", Kind::SkEcdsa),
    ("webauthn-sk-ecdsa-sha2-nistp256@openssh.com", Kind::SkEcdsa),
    // Only inside a key, and in any case of letters.
    ("ed25519", Kind::Ed25519),
    ("rsa", Kind::Rsa),
    ("dsa", Kind::Dss),
    ("ed25519-sk", Kind::SkEd25519),
];
/// How many of them may begin a line.
const LINE_KINDS: usize = 11;
/// Bits of RSA keys that sshd takes.
const RSA_BITS_MIN: usize = 1024;
/// Bytes of a number that sshd reads.
const NUMBER_BYTES_MAX: usize = 2048;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ed25519,
    Rsa,
    Dss,
    Ecdsa(&'static str),
    SkEd25519,
    SkEcdsa,
}

impl Kind {
    fn of_line(word: &str) -> Option<Kind> {
        KINDS[..LINE_KINDS].iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
    }

    fn of_field(field: &[u8]) -> Option<Kind> {
        let (line, short) = KINDS.split_at(LINE_KINDS);
        let line = line.iter().find(|(name, _)| name.as_bytes() == field);
        line.or_else(|| short.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(field)))
            .map(|(_, kind)| *kind)
    }

    fn name(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// The one form of a key of that algorithm; `None` where sshd reads none.
pub(super) fn key(algorithm: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let kind = Kind::of_line(algorithm)?;
    let (found, key) = read(bytes)?;
    (found == kind).then_some(key)
}

/// Whether two blobs are one key, of which `key` has the form that [`super::Entry`] gives: sshd reads several forms of one.
#[must_use]
pub fn same_key(key: &[u8], blob: &[u8]) -> bool {
    key == blob || read(blob).is_some_and(|(_, form)| form == key)
}

fn read(bytes: &[u8]) -> Option<(Kind, Vec<u8>)> {
    let mut fields = Fields(bytes);
    let kind = Kind::of_field(fields.text()?)?;
    let mut form = Vec::with_capacity(bytes.len());
    put(&mut form, kind.name().as_bytes());
    match kind {
        Kind::Ed25519 | Kind::SkEd25519 => put(&mut form, fields.field().filter(|point| point.len() == 32)?),
        Kind::Rsa => {
            put_number(&mut form, fields.number()?);
            let modulus = fields.number()?;
            let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
            if bits < RSA_BITS_MIN {
                return None;
            }
            put_number(&mut form, modulus);
        }
        Kind::Dss => {
            for _ in 0..4 {
                put_number(&mut form, fields.number()?);
            }
        }
        Kind::Ecdsa(_) | Kind::SkEcdsa => {
            let curve = if let Kind::Ecdsa(curve) = kind { curve } else { "nistp256" };
            put(&mut form, fields.text().filter(|name| *name == curve.as_bytes())?);
            // Points are not compressed; of one that is not on its curve nobody has the key.
            put(&mut form, fields.field().filter(|point| point.first() == Some(&4))?);
        }
    }
    if matches!(kind, Kind::SkEd25519 | Kind::SkEcdsa) {
        put(&mut form, fields.text()?);
    }
    fields.0.is_empty().then_some((kind, form))
}

/// What of a key is still to be read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_at_checked(4)?;
        let (field, rest) = rest.split_at_checked(u32::from_be_bytes(length.try_into().ok()?) as usize)?;
        self.0 = rest;
        Some(field)
    }

    /// A string of C, whose zero byte may have been sent along.
    fn text(&mut self) -> Option<&'a [u8]> {
        let field = self.field()?;
        let text = field.strip_suffix(&[0]).unwrap_or(field);
        (!text.contains(&0)).then_some(text)
    }

    /// A number that is not negative, without the zeros before it.
    fn number(&mut self) -> Option<&'a [u8]> {
        let field = self.field()?;
        let fits = match field {
            [first, ..] if first & 0x80 != 0 => false,
            [0, ..] => field.len() <= NUMBER_BYTES_MAX + 1,
            _ => field.len() <= NUMBER_BYTES_MAX,
        };
        let zeros = field.iter().take_while(|byte| **byte == 0).count();
        fits.then_some(&field[zeros..])
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is part of a line of a file that is bounded")]
fn put(form: &mut Vec<u8>, field: &[u8]) {
    form.extend((field.len() as u32).to_be_bytes());
    form.extend(field);
}

fn put_number(form: &mut Vec<u8>, digits: &[u8]) {
    let high = digits.first().is_some_and(|first| first & 0x80 != 0);
    put(form, &if high { [&[0], digits].concat() } else { digits.to_vec() });
}

/// Base64 as the C library reads it: white space is skipped anywhere, and the padding is exact.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    // Most lines have none: each write of a login reads every line a few times.
    STANDARD.decode(text).ok().or_else(|| {
        let letters: Vec<u8> = text.iter().copied().filter(|byte| !is_space(*byte)).collect();
        STANDARD.decode(letters).ok()
    })
}

/// C's `isspace`.
#[must_use]
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn white_space_is_skipped_anywhere() {
        assert_eq!(decode(b" A\tAAA\r").as_deref(), Some(&[0, 0, 0][..]));
        assert_eq!(decode(b"AA =\n="), Some(vec![0]));
        for text in ["AA=", "AAA", "AA==A", "AB==", "AA=A", "A", "====", "AA-_"] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
