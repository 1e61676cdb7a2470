//! The rules of the tag product: allowed keys and values, their maximum, and the refusals.

use crate::{
    Context, Parameters, Reason, TagRefusal,
    reasons::tag::{
        ATTACHED_MAX, FILTER_VALUES_MAX, FILTERS_MAX, KEY_CHARACTERS_MAX, PAGE_MAX, RESOURCES_MAX, TAGS_MAX,
        VALUE_CHARACTERS_MAX,
    },
    shorten,
};
use cvmd_model::{Behaviour, GUEST_TAG, Tag};
use cvmd_state::View;

/// Keys with these beginnings are reserved for the system.
const RESERVED: [&str; 3] = ["qcloud", "tencent", "project"];

/// Refuses an invalid tag key.
pub(crate) fn key(text: &str) -> Result<(), TagRefusal> {
    let value = || shorten(text).into();
    match () {
        () if text.is_empty() => Err(TagRefusal::KeyEmpty),
        () if text.chars().count() > KEY_CHARACTERS_MAX => Err(TagRefusal::KeyTooLong { value: value() }),
        () if !text.chars().all(is_legal) => Err(TagRefusal::KeyIllegal { value: value() }),
        () if RESERVED.iter().any(|word| text.starts_with(word)) => Err(TagRefusal::KeyReserved { value: value() }),
        () => Ok(()),
    }
}

/// Refuses an invalid tag.
pub(crate) fn tag(tag: &Tag) -> Result<(), TagRefusal> {
    key(&tag.key)?;
    let key = || tag.key.clone();
    match () {
        () if tag.value.is_empty() => Err(TagRefusal::ValueEmpty { key: key() }),
        () if tag.value.chars().count() > VALUE_CHARACTERS_MAX => Err(TagRefusal::ValueTooLong { key: key() }),
        () if !tag.value.chars().all(is_legal) => Err(TagRefusal::ValueIllegal { key: key() }),
        () => guest(&tag.key, &tag.value),
    }
}

/// Refuses a value of the guest tag that is unknown or out of bounds.
pub(crate) fn guest(key: &str, value: &str) -> Result<(), TagRefusal> {
    match Behaviour::misunderstood(value).filter(|_| key == GUEST_TAG) {
        Some(word) => Err(TagRefusal::Guest { word: shorten(&word).into() }),
        None => Ok(()),
    }
}

/// Letters of any script, because the vendor's users write Chinese; brackets of both widths.
fn is_legal(character: char) -> bool {
    character.is_alphanumeric() || "+-=._:/@() （）【】".contains(character)
}

/// A list of tags; no key twice.
pub(crate) fn tags(parameters: &mut Parameters, name: &str) -> Result<Vec<Tag>, Reason> {
    let mut tags: Vec<Tag> = Vec::new();
    let given = parameters.structures(name)?;
    few_tags(name, given.len())?;
    for mut given in given {
        let new =
            Tag { key: given.text("TagKey")?.unwrap_or_default(), value: given.text("TagValue")?.unwrap_or_default() };
        given.finish()?;
        tag(&new)?;
        if tags.iter().any(|tag| tag.key == new.key) {
            return Err(TagRefusal::KeyTwice { value: new.key }.into());
        }
        tags.push(new);
    }
    Ok(tags)
}

/// `TagKey` and `TagValue`.
pub(crate) fn one_tag(parameters: &mut Parameters) -> Result<Tag, Reason> {
    let key = parameters.text("TagKey")?.unwrap_or_default();
    let new = Tag { key, value: parameters.text("TagValue")?.unwrap_or_default() };
    tag(&new)?;
    Ok(new)
}

/// A key to remove. Keys that could not be set are accepted: any tag of a resource may be removed.
pub(crate) fn carried_key(parameters: &mut Parameters, name: &str) -> Result<Box<str>, Reason> {
    let key = parameters.text(name)?.filter(|key| !key.is_empty());
    Ok(key.ok_or(TagRefusal::KeyEmpty)?)
}

pub(crate) fn is_attached(resource: &str, tags: &[Tag], key: &str) -> Result<(), TagRefusal> {
    if tags.iter().any(|tag| &*tag.key == key) {
        return Ok(());
    }
    Err(TagRefusal::NotAttached { key: key.into(), resource: resource.into() })
}

/// Refuses more tags than one request may have.
pub(crate) fn few_tags(name: &str, given: usize) -> Result<(), TagRefusal> {
    if given > TAGS_MAX { Err(TagRefusal::TooManyTags { name: name.into(), given }) } else { Ok(()) }
}

/// `ResourceIds`, at most 50.
pub(crate) fn resource_ids(parameters: &mut Parameters) -> Result<Vec<Box<str>>, Reason> {
    let ids = parameters.texts("ResourceIds")?;
    if ids.len() > RESOURCES_MAX {
        let (name, given) = ("ResourceIds".into(), ids.len());
        return Err(TagRefusal::TooManyResources { name, given, limit: RESOURCES_MAX }.into());
    }
    Ok(ids)
}

/// A resource's tags after a change.
pub(crate) fn changed(
    resource: &str,
    tags: &[Tag],
    replace: &[Tag],
    delete: &[Box<str>],
) -> Result<Box<[Tag]>, TagRefusal> {
    let left = tags.iter().filter(|tag| !delete.contains(&tag.key));
    let mut tags: Vec<Tag> = left.cloned().collect();
    for new in replace {
        match tags.iter_mut().find(|tag| tag.key == new.key) {
            Some(tag) => tag.value.clone_from(&new.value),
            None => tags.push(new.clone()),
        }
    }
    if tags.len() > ATTACHED_MAX && !replace.is_empty() {
        return Err(TagRefusal::TooManyAttached { resource: resource.into() });
    }
    Ok(tags.into())
}

/// One of `TagFilters`: a key, and the values that match; without values, any.
#[derive(Debug)]
pub(crate) struct TagFilter {
    key: Box<str>,
    values: Vec<Box<str>>,
}

impl TagFilter {
    pub(crate) fn passes(&self, tags: &[Tag]) -> bool {
        tags.iter().any(|tag| tag.key == self.key && (self.values.is_empty() || self.values.contains(&tag.value)))
    }
}

/// `TagFilters`; all must match.
pub(crate) fn filters(parameters: &mut Parameters) -> Result<Vec<TagFilter>, Reason> {
    let structures = parameters.structures("TagFilters")?;
    if structures.len() > FILTERS_MAX {
        return Err(TagRefusal::TooManyFilters { given: structures.len() }.into());
    }
    let mut filters = Vec::new();
    for mut filter in structures {
        let key = filter.text("TagKey")?.unwrap_or_default();
        let values = filter.texts("TagValue")?;
        if values.len() > FILTER_VALUES_MAX {
            return Err(TagRefusal::FilterTooLarge { key: shorten(&key).into(), given: values.len() }.into());
        }
        filters.push(TagFilter { key, values });
    }
    Ok(filters)
}

/// `Offset` (0) and `Limit` (15, at most 1000).
pub(crate) fn page(parameters: &mut Parameters) -> Result<(usize, usize), Reason> {
    let offset: usize = parameters.bounded("Offset", 0, usize::MAX)?.unwrap_or(0);
    let limit = parameters.bounded("Limit", 1, PAGE_MAX)?.unwrap_or(15);
    if offset.is_multiple_of(limit) { Ok((offset, limit)) } else { Err(TagRefusal::Offset.into()) }
}

/// `PaginationToken`, which is the number of results before the page, and `MaxResults` (50).
pub(crate) fn token_page(parameters: &mut Parameters, most: usize) -> Result<(usize, usize), Reason> {
    let token = parameters.text("PaginationToken")?.filter(|token| !token.is_empty());
    let offset = token.map_or(Ok(0), |token| token.parse().map_err(|_| TagRefusal::PaginationToken))?;
    Ok((offset, parameters.bounded("MaxResults", 1, most)?.unwrap_or(50)))
}

/// The token of the next page; empty at the end.
pub(crate) fn next_token((offset, results): (usize, usize), total: usize) -> String {
    let next = offset.saturating_add(results);
    if next < total { next.to_string() } else { String::new() }
}

/// Whether custom tags are requested; all tags here are custom.
pub(crate) fn is_custom(parameters: &mut Parameters) -> Result<bool, Reason> {
    let words = [("", true), ("Custom", true), ("System", false), ("All", true)];
    Ok(parameters.word("Category", &words)?.unwrap_or(true))
}

/// Whether tags that this account has made are requested; it has made all of them.
pub(crate) fn is_creator(parameters: &mut Parameters, view: &View, context: &Context) -> Result<bool, Reason> {
    let uin = parameters.bounded("CreateUin", 0, u64::MAX)?.unwrap_or(0);
    Ok(uin == 0 || view.account(context.account).is_some_and(|account| account.uin == uin))
}

#[cfg(test)]
mod test {
    use super::*;

    fn of(key: &str, value: &str) -> Tag {
        Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn keys_and_values_follow_the_rules() {
        for good in ["team", "cvmd:other", "部门", "a b", "a+b=c_d.e/f@g(h)"] {
            assert_eq!(tag(&of(good, good)), Ok(()), "{good}");
        }
        for bad in ["", "a,b", "a*b", "qcloud-x", "tencentx", "project", &"k".repeat(128)] {
            assert!(key(bad).is_err(), "{bad}");
        }
        for bad in ["", "a,b", &"v".repeat(256)] {
            assert!(tag(&of("key", bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_change_keeps_the_order_replaces_in_place_and_adds_behind() {
        let before = [of("a", "1"), of("b", "2"), of("c", "3")];
        let after = changed("r", &before, &[of("d", "4"), of("c", "5")], &["a".into(), "z".into()]);
        assert_eq!(*after.unwrap(), [of("b", "2"), of("c", "5"), of("d", "4")]);
    }
}
