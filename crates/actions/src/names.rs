//! Names and texts with their own rules: key pairs, instances, hosts, tags, user data.

use crate::{KeyNameReason, Parameters, Reason, Words, shorten, tag_words};
use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_model::Tag;

const KEY_NAME_MAX: usize = 25;
const USER_DATA_BYTES_MAX: usize = 16 * 1024;
/// The maximum of tags of one resource: the vendor's limit.
const TAGS_MAX: usize = 50;
const HOST_NAME_LENGTH: Words =
    Words::new("2 to 60 characters, Windows 2 to 15", "长度为 2 至 60 个字符，Windows 为 2 至 15 个");

/// What is wrong with a key pair's name: it has 1 to 25 of `[A-Za-z0-9_]`.
pub(crate) fn key_name_fault(name: &str) -> Option<KeyNameReason> {
    match name {
        "" => Some(KeyNameReason::Empty),
        _ if name.chars().count() > KEY_NAME_MAX => Some(KeyNameReason::TooLong),
        _ if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') => Some(KeyNameReason::Illegal),
        _ => None,
    }
}

/// Refuses a key pair's name that is none.
pub(crate) fn key_name(name: &str) -> Result<(), Reason> {
    key_name_fault(name).map_or(Ok(()), |fault| Err(fault.into()))
}

/// A text of at most so many characters.
pub(crate) fn bounded_text(parameters: &mut Parameters, name: &str, limit: usize) -> Result<Option<Box<str>>, Reason> {
    parameters.text_within(name, limit, Reason::TextTooLong { name: parameters.path(name), limit })
}

/// `HostName`, checked only for its length.
pub(crate) fn given_host_name(parameters: &mut Parameters) -> Result<Option<Box<str>>, Reason> {
    parameters.text_within("HostName", usize::MAX, Reason::HostName(HOST_NAME_LENGTH))
}

/// Checks a host name: 2 to 60 characters (Windows 15) of letters, digits, `-` and `.`, neither doubled nor at the
/// ends.
pub(crate) fn host_name(name: &str, windows: bool) -> Result<(), Reason> {
    let most = if windows { 15 } else { 60 };
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || (byte == b'.' && !windows);
    let mark = |byte: u8| byte == b'-' || byte == b'.';
    let bytes = name.as_bytes();
    let illegal = |english, chinese| Err(Reason::HostName(Words::new(english, chinese)));
    match () {
        () if !(2..=most).contains(&bytes.len()) => Err(Reason::HostName(HOST_NAME_LENGTH)),
        () if !bytes.iter().all(|byte| legal(*byte)) => {
            illegal("letters, digits, `-` and `.` only", "只能包含字母、数字、`-` 和 `.`")
        }
        () if mark(bytes[0]) || mark(bytes[bytes.len() - 1]) => {
            illegal("no `-` or `.` at the ends", "`-` 和 `.` 不能位于首尾")
        }
        () if bytes.windows(2).any(|pair| mark(pair[0]) && mark(pair[1])) => {
            illegal("no `-` or `.` twice in a row", "不能有连续的 `-` 或 `.`")
        }
        () => Ok(()),
    }
}

/// A base64 text of at most 16 KiB once decoded.
pub(crate) fn user_data(parameters: &mut Parameters) -> Result<Option<Box<str>>, Reason> {
    let Some(text) = parameters.text_within("UserData", usize::MAX, Reason::UserData)? else { return Ok(None) };
    if text.is_empty() {
        return Ok(None);
    }
    match STANDARD.decode(text.as_bytes()) {
        Ok(bytes) if bytes.len() <= USER_DATA_BYTES_MAX => Ok(Some(text)),
        _ => Err(Reason::UserData),
    }
}

/// The tags of `TagSpecification`, which must be for that kind of resource only; no key twice.
pub(crate) fn tags(parameters: &mut Parameters, resource: &str) -> Result<Box<[Tag]>, Reason> {
    tags_in(parameters, "TagSpecification", resource)
}

/// The same, from a parameter with another name.
pub(crate) fn tags_in(parameters: &mut Parameters, name: &str, resource: &str) -> Result<Box<[Tag]>, Reason> {
    let [tags] = tags_by_resource(parameters, name, [resource])?;
    Ok(tags)
}

/// The tags of an instance, and those of each of its disks.
pub(crate) fn instance_tags(parameters: &mut Parameters) -> Result<[Box<[Tag]>; 2], Reason> {
    tags_by_resource(parameters, "TagSpecification", ["instance", "volume"])
}

/// The tags by kind of resource, in the order of `resources`; other kinds are refused.
fn tags_by_resource<const N: usize>(
    parameters: &mut Parameters,
    name: &str,
    resources: [&str; N],
) -> Result<[Box<[Tag]>; N], Reason> {
    let mut all: [Vec<Tag>; N] = std::array::from_fn(|_| Vec::new());
    for mut specification in parameters.structures(name)? {
        let kind = specification.text("ResourceType")?.unwrap_or_default();
        let Some(place) = resources.iter().position(|resource| *resource == &*kind) else {
            return Err(specification.no_such_word("ResourceType", &kind, resources.into_iter()));
        };
        let tags = &mut all[place];
        let given = specification.structures("Tags")?;
        few_tags(&specification, tags.len() + given.len())?;
        for mut given in given {
            tag(&mut given, tags)?;
        }
    }
    Ok(all.map(Vec::into_boxed_slice))
}

/// Refuses more tags than one resource may have.
pub(crate) fn few_tags(holder: &Parameters, given: usize) -> Result<(), Reason> {
    if given > TAGS_MAX { Err(holder.list_too_long("Tags", given, TAGS_MAX)) } else { Ok(()) }
}

/// Adds a tag; its key must be new.
pub(crate) fn tag(given: &mut Parameters, tags: &mut Vec<Tag>) -> Result<(), Reason> {
    let path = given.path("Key");
    let key = given.text("Key")?.unwrap_or_default();
    let value = given.text("Value")?.unwrap_or_default();
    if key.is_empty() || key.chars().count() > 127 || value.chars().count() > 255 {
        return Err(Reason::BadValue { name: path, value: shorten(&key).into() });
    }
    if tags.iter().any(|tag| tag.key == key) {
        return Err(Reason::DuplicateTag { key });
    }
    tag_words::guest(&key, &value)?;
    tags.push(Tag { key, value });
    Ok(())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn host_names_follow_the_rules() {
        for name in ["web-1", "a.b.c", "ab"] {
            assert_eq!(host_name(name, false), Ok(()), "{name}");
        }
        for name in ["a", "-web", "web.", "we--b", "we.-b", "we_b", &"x".repeat(61)] {
            assert!(host_name(name, false).is_err(), "{name}");
        }
        assert!(host_name("sixteencharacter", true).is_err());
    }
}
