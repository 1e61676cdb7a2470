//! A `multipart/form-data` body: each parameter a part, a value under its flattened name or a JSON value.
//! <https://www.rfc-editor.org/rfc/rfc7578>
//!
//! The vendor's Java SDK flattens names, as in a form; its Python SDK sends lists and structures as JSON parts.

use crate::denied::{Denied, MultipartFault};
use crate::params::{Map, VALUES_MAX};
use crate::{form, json};

pub(crate) const MEDIA_TYPE: &str = "multipart/form-data";

/// RFC 2046, section 5.1.1.
const BOUNDARY_BYTES_MAX: usize = 70;

/// What precedes the content of a part is a few short lines.
const PART_HEAD_BYTES_MAX: usize = 4096;

/// One part: what its head tells, and what it holds.
struct Part<'a> {
    name: &'a str,
    is_json: bool,
    content: &'a [u8],
}

/// Reads the parameters of a body whose `Content-Type` is `content_type`.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Result<Map, Denied> {
    let boundary = boundary(content_type).ok_or_else(|| malformed(MultipartFault::Boundary))?;
    let delimiter = format!("\r\n--{boundary}");
    let (mut pairs, mut entries, mut values) = (Vec::new(), Vec::new(), 0);
    // The first delimiter has no line before it.
    let mut rest = body.strip_prefix(&delimiter.as_bytes()[2..]).ok_or_else(|| malformed(MultipartFault::Beginning))?;
    // Two hyphens after a delimiter end the body.
    while !rest.starts_with(b"--") {
        let (part, after) = part(rest, delimiter.as_bytes())?;
        rest = after;
        if part.is_json {
            if part.name.contains('.') || part.name.is_empty() {
                return Err(malformed(MultipartFault::JsonName));
            }
            entries.push((part.name.into(), json::value(part.content, &mut values)?));
        } else {
            let text = std::str::from_utf8(part.content).map_err(|_| Denied::InvalidUtf8 { place: "form" })?;
            pairs.push((part.name, text));
            values += 1;
        }
        if values > VALUES_MAX {
            return Err(Denied::TooManyParameters { limit: VALUES_MAX });
        }
    }
    entries.extend(form::unflatten(pairs)?);
    Map::from_entries(entries)
}

fn malformed(what: MultipartFault) -> Denied {
    Denied::MalformedMultipart { what }
}

/// The parameter `boundary` of a media type, in quotes or not.
fn boundary(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim_end().eq_ignore_ascii_case("boundary"))?;
    let value = value.trim_start();
    let value = value.strip_prefix('"').map_or(Some(value), |quoted| quoted.strip_suffix('"'))?;
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    let fits = (1..=BOUNDARY_BYTES_MAX).contains(&value.len()) && !value.ends_with(' ');
    (fits && value.bytes().all(legal)).then_some(value)
}

/// The part that begins behind a delimiter, and what stands behind the next one.
fn part<'a>(rest: &'a [u8], delimiter: &[u8]) -> Result<(Part<'a>, &'a [u8]), Denied> {
    // Some implementations put spaces behind a delimiter.
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let rest = rest[blanks..].strip_prefix(b"\r\n").ok_or_else(|| malformed(MultipartFault::Delimiter))?;
    let near = &rest[..rest.len().min(PART_HEAD_BYTES_MAX)];
    let head_end = find(near, b"\r\n\r\n").ok_or_else(|| malformed(MultipartFault::Head))?;
    let (name, is_json) = head(&rest[..head_end])?;
    let content = &rest[head_end + 4..];
    let end = find(content, delimiter).ok_or_else(|| malformed(MultipartFault::End))?;
    Ok((Part { name, is_json, content: &content[..end] }, &content[end + delimiter.len()..]))
}

/// The name that a part's head gives, and whether the part holds JSON.
fn head(head: &[u8]) -> Result<(&str, bool), Denied> {
    let head = std::str::from_utf8(head).map_err(|_| Denied::InvalidUtf8 { place: "form" })?;
    let (mut name, mut is_json) = (None, false);
    for line in head.split("\r\n") {
        let (header, value) = line.split_once(':').ok_or_else(|| malformed(MultipartFault::Head))?;
        let (kind, parameters) = value.split_once(';').unwrap_or((value, ""));
        if header.eq_ignore_ascii_case("content-disposition") {
            if !kind.trim().eq_ignore_ascii_case("form-data") {
                return Err(malformed(MultipartFault::Disposition));
            }
            name = quoted_name(parameters);
        } else if header.eq_ignore_ascii_case("content-type") {
            is_json = kind.trim().eq_ignore_ascii_case("application/json");
        }
    }
    Ok((name.ok_or_else(|| malformed(MultipartFault::Disposition))?, is_json))
}

/// The value of `name="..."` among a header's parameters. No parameter's name needs an escape or a semicolon.
fn quoted_name(parameters: &str) -> Option<&str> {
    let mut parameters = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let (_, value) = parameters.find(|(name, _)| name.trim_end().eq_ignore_ascii_case("name"))?;
    value.trim_start().strip_prefix('"')?.strip_suffix('"')
}

/// Where `needle` first stands.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}
