//! Edits the text: whole lines are added at the end or removed, and every other byte stays as it is.

use super::{Entry, same_key};
use cvmd_model::{KeyBlob, PublicKey};

/// The text with a line for each key of `wanted` and none for each of `gone`.
///
/// A wanted key needs a line without options: one that a person has restricted (`command="..."`) is not the access that
/// was asked for. Keys that are named by neither list stay: the caller names what goes. A key that both name stays.
#[must_use]
pub fn rewrite(text: &str, wanted: &[PublicKey], gone: &[KeyBlob]) -> String {
    let stays = |line: &&str| !gone.iter().any(|blob| is_about(line, blob));
    let mut text: String = text.split_inclusive('\n').filter(stays).collect();
    for key in wanted {
        if !has_plain_line(&text, key.blob()) {
            append_line(&mut text, &key.to_string());
        }
    }
    text
}

/// Checks that a text is a result of [`rewrite`].
///
/// # Errors
/// The first key that is missing or still there, in words for a person.
pub fn check(text: &str, wanted: &[PublicKey], gone: &[KeyBlob]) -> Result<(), String> {
    if let Some(key) = wanted.iter().find(|key| !has_plain_line(text, key.blob())) {
        return Err(format!("the key {key} is not there"));
    }
    let unwanted = |blob: &&KeyBlob| !wanted.iter().any(|key| key.blob() == *blob);
    let stands = |blob: &&KeyBlob| text.split('\n').any(|line| is_about(line, blob));
    match gone.iter().filter(unwanted).find(stands) {
        Some(blob) => Err(format!("the key {blob:?} is still there")),
        None => Ok(()),
    }
}

/// Appends a line, after a newline if a person's editor left none at the end.
fn append_line(text: &mut String, line: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(line);
    text.push('\n');
}

/// Whether a line holds a key: the one that sshd reads, or, in a line that sshd cannot read, anything that looks like it.
fn is_about(line: &str, blob: &KeyBlob) -> bool {
    match Entry::read(line) {
        Some(entry) => same_key(&entry.key, blob.as_bytes()),
        None => KeyBlob::of_line(line).as_ref() == Some(blob),
    }
}

/// Whether a key has a line without options.
fn has_plain_line(text: &str, blob: &KeyBlob) -> bool {
    Entry::all(text).any(|entry| entry.options.is_empty() && same_key(&entry.key, blob.as_bytes()))
}

#[cfg(test)]
mod test {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};

    /// The key of an Ed25519 blob with 32 equal bytes.
    fn key(number: u8) -> PublicKey {
        let blob = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(), &[number; 32]].concat();
        PublicKey::parse(&format!("ssh-ed25519 {}", STANDARD.encode(blob))).unwrap()
    }

    #[test]
    fn wanted_keys_are_appended_once_and_other_lines_stay_byte_for_byte() {
        let by_hand = format!("# mine\r\n\n  {} somebody\nno newline at the end", key(1));
        let after = rewrite(&by_hand, &[key(2)], &[]);
        assert_eq!(after, format!("{by_hand}\n{}\n", key(2)));
        assert_eq!(rewrite(&after, &[key(2)], &[]), after);
        assert_eq!(check(&after, &[key(2)], &[]), Ok(()));
        assert!(check(&by_hand, &[key(2)], &[]).is_err());
    }

    #[test]
    fn gone_keys_leave_whatever_their_options_and_comment() {
        let text = format!(
            "keep this\nfrom=\"10.0.0.0/8\",command=\"say \\\"hello you\\\"\" {} a b c\n{}\n\t{}",
            key(1),
            key(2),
            key(1)
        );
        let gone = [key(1).blob().clone()];
        assert_eq!(rewrite(&text, &[], &gone), format!("keep this\n{}\n", key(2)));
        assert!(check(&text, &[], &gone).is_err());
        assert_eq!(check(&text, &[key(2)], &[]), Ok(()));
    }

    #[test]
    fn a_key_that_is_wanted_and_gone_stays() {
        let gone = [key(1).blob().clone()];
        let after = rewrite(&format!("{} by hand\n", key(1)), &[key(1)], &gone);
        assert_eq!(after, format!("{}\n", key(1)));
        assert_eq!(check(&after, &[key(1)], &gone), Ok(()));
    }

    #[test]
    fn a_key_quoted_in_another_keys_command_is_not_that_lines_key() {
        let text = format!("command=\"echo {}\" {}\n", key(1), key(2));
        assert_eq!(rewrite(&text, &[], &[key(1).blob().clone()]), text);
        assert_eq!(rewrite(&text, &[], &[key(2).blob().clone()]), "");
    }

    #[test]
    fn a_restricted_line_is_not_the_access_that_was_wanted() {
        let text = format!("command=\"uptime\" {}\n", key(1));
        assert_eq!(rewrite(&text, &[key(1)], &[]), format!("{text}{}\n", key(1)));
    }
}
