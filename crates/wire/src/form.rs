//! Queries and forms: bytes to pairs, and pairs with flattened names to a tree.

use crate::{
    denied::{Denied, NameFault, excerpt},
    hash::from_hex,
    value::{DEPTH_MAX, Map, VALUES_MAX, Value},
};
use std::borrow::Cow;

/// A decoded name and a decoded value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Decodes `application/x-www-form-urlencoded` bytes, in the order received. Both `+` and `%20` are a space, because
/// clients differ; an empty piece between two `&` is ignored.
pub(crate) fn pairs<'a>(encoded: &'a [u8], place: &'static str) -> Result<Vec<Pair<'a>>, Denied> {
    let mut pairs = Vec::new();
    for piece in encoded.split(|byte| *byte == b'&').filter(|piece| !piece.is_empty()) {
        if pairs.len() == VALUES_MAX {
            return Err(Denied::TooManyParameters { limit: VALUES_MAX });
        }
        let equals = piece
            .iter()
            .position(|byte| *byte == b'=')
            .ok_or_else(|| Denied::PairWithoutEquals { pair: excerpt(&String::from_utf8_lossy(piece)) })?;
        let name = decode(&piece[..equals], &piece[..equals], place)?;
        let value = decode(&piece[equals + 1..], &piece[..equals], place)?;
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// `name` is the parameter's name for a refusal.
fn decode<'a>(encoded: &'a [u8], name: &[u8], place: &'static str) -> Result<Cow<'a, str>, Denied> {
    let invalid = |_| Denied::InvalidUtf8 { place };
    let Some(first) = encoded.iter().position(|byte| matches!(byte, b'%' | b'+')) else {
        return std::str::from_utf8(encoded).map(Cow::Borrowed).map_err(invalid);
    };
    let mut decoded = Vec::with_capacity(encoded.len());
    decoded.extend_from_slice(&encoded[..first]);
    let mut rest = &encoded[first..];
    while let [byte, tail @ ..] = rest {
        rest = tail;
        decoded.push(match (byte, rest) {
            (b'+', _) => b' ',
            (b'%', _) => {
                let digits = rest.split_first_chunk::<2>();
                let Some((byte, tail)) = digits.and_then(|(digits, tail)| Some((from_hex::<1>(digits)?, tail))) else {
                    let pair = excerpt(&String::from_utf8_lossy(name));
                    return Err(Denied::MalformedEscape { pair });
                };
                rest = tail;
                byte[0]
            }
            _ => *byte,
        });
    }
    String::from_utf8(decoded).map(Cow::Owned).map_err(|error| invalid(error.utf8_error()))
}

/// Makes a tree of flattened names. Children whose names are all numbers become a list in the order of the numbers,
/// whatever the first number is and whatever numbers are missing.
pub(crate) fn unflatten<Name, Text>(pairs: Vec<(Name, Text)>) -> Result<Map, Denied>
where
    Name: AsRef<str>,
    Text: Into<Box<str>>,
{
    if pairs.len() > VALUES_MAX {
        return Err(Denied::TooManyParameters { limit: VALUES_MAX });
    }
    for (name, _) in &pairs {
        refuse_malformed(name.as_ref())?;
    }
    let mut pairs: Vec<(Name, Box<str>)> = pairs.into_iter().map(|(name, value)| (name, value.into())).collect();
    // Sorted by segments and not by bytes, so that `A` and everything under `A.` are neighbours.
    pairs.sort_unstable_by(|(left, _), (right, _)| left.as_ref().split('.').cmp(right.as_ref().split('.')));
    Map::from_entries(children(&mut pairs, 0)?)
}

fn refuse_malformed(name: &str) -> Result<(), Denied> {
    let mut segments = 0;
    for segment in name.split('.') {
        if segment.is_empty() {
            return Err(Denied::MalformedName { name: excerpt(name), what: NameFault::EmptyPart });
        }
        if is_index(segment) && segment.parse::<u32>().is_err() {
            return Err(Denied::MalformedName { name: excerpt(name), what: NameFault::LargeIndex });
        }
        segments += 1;
    }
    if segments > DEPTH_MAX {
        return Err(Denied::NestedTooDeep { limit: DEPTH_MAX });
    }
    Ok(())
}

/// Groups sorted pairs, whose names are equal up to `start`, by the segment that begins there.
fn children<Name: AsRef<str>>(
    mut pairs: &mut [(Name, Box<str>)],
    start: usize,
) -> Result<Vec<(Box<str>, Value)>, Denied> {
    let mut entries = Vec::new();
    while let Some((first, _)) = pairs.first() {
        let segment: Box<str> = segment_at(first.as_ref(), start).into();
        let count = pairs.iter().take_while(|(name, _)| segment_at(name.as_ref(), start) == &*segment).count();
        let (group, rest) = pairs.split_at_mut(count);
        pairs = rest;
        let end = start + segment.len();
        entries.push((segment, value(group, end)?));
    }
    Ok(entries)
}

fn segment_at(name: &str, start: usize) -> &str {
    let rest = &name[start..];
    &rest[..rest.find('.').unwrap_or(rest.len())]
}

/// The value of pairs whose names are equal up to `end`, where a name or a segment ends.
fn value<Name: AsRef<str>>(group: &mut [(Name, Box<str>)], end: usize) -> Result<Value, Denied> {
    let ends_here = |(name, _): &(Name, Box<str>)| name.as_ref().len() == end;
    if ends_here(&group[0]) {
        return match group {
            [(_, text)] => Ok(Value::Text(std::mem::take(text))),
            [_, second, ..] if ends_here(second) => Err(Denied::DuplicateParameter { name: common_name(group, end) }),
            _ => Err(Denied::ConflictingParameter { name: common_name(group, end) }),
        };
    }
    let entries = children(group, end + 1)?;
    match entries.iter().filter(|(segment, _)| is_index(segment)).count() {
        0 => Map::from_entries(entries).map(Value::Map),
        indices if indices == entries.len() => list(entries).map_err(|index| Denied::DuplicateParameter {
            name: format!("{}.{index}", common_name(group, end)).into(),
        }),
        _ => Err(Denied::ConflictingParameter { name: common_name(group, end) }),
    }
}

fn common_name<Name: AsRef<str>>(group: &[(Name, Box<str>)], end: usize) -> Box<str> {
    excerpt(&group[0].0.as_ref()[..end])
}

/// Orders elements by index; fails with an index that occurs twice, as in `A.0` and `A.00`.
fn list(entries: Vec<(Box<str>, Value)>) -> Result<Value, u32> {
    let mut elements: Vec<(u32, Value)> = entries
        .into_iter()
        // Every index was checked to be a small number before.
        .map(|(index, value)| (index.parse().unwrap_or(u32::MAX), value))
        .collect();
    elements.sort_by_key(|(index, _)| *index);
    match elements.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(pair[0].0),
        None => Ok(Value::List(elements.into_iter().map(|(_, value)| value).collect())),
    }
}

fn is_index(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_digit())
}
