//! Filters and pages of the Describe actions: at most 10 filters with at most 5 values each; one of a filter's values
//! must match, and all filters must.

use crate::{Batch, Parameters, Reason, Untaken, batch::BatchId, bounds::TEXT_BYTES_MAX, shorten};
use cvmd_model::Tag;

const FILTERS_MAX: usize = 10;
const VALUES_MAX: usize = 5;

/// One filter: a name and the values that match.
#[derive(Debug)]
pub(crate) struct Filter {
    pub name: Box<str>,
    pub values: Vec<Box<str>>,
}

impl Filter {
    pub(crate) fn has(&self, value: &str) -> bool {
        self.values.iter().any(|wanted| &**wanted == value)
    }

    /// Whether it has this value, in any case.
    pub(crate) fn has_word(&self, word: &str) -> bool {
        self.values.iter().any(|value| value.eq_ignore_ascii_case(word))
    }

    /// Whether it has this value, as `TRUE` or `false`.
    pub(crate) fn has_flag(&self, flag: bool) -> bool {
        self.has_word(if flag { "true" } else { "false" })
    }

    /// Whether the text contains one of its values.
    pub(crate) fn has_part_of(&self, text: &str) -> bool {
        self.values.iter().any(|part| text.contains(&**part))
    }

    /// Whether the tags match a filter `tag-key`, `tag-value` or `tag:KEY`.
    pub(crate) fn has_tag(&self, tags: &[Tag]) -> bool {
        match &*self.name {
            "tag-key" => tags.iter().any(|tag| self.has(&tag.key)),
            "tag-value" => tags.iter().any(|tag| self.has(&tag.value)),
            name => name
                .strip_prefix("tag:")
                .is_some_and(|key| tags.iter().any(|tag| &*tag.key == key && self.has(&tag.value))),
        }
    }
}

/// The filters of an action, each with what it matches: the names for [`read`] in `FILTERS`, and the function. The last row is that of tags.
macro_rules! filters {
    ($visibility:vis fn $passes:ident($filter:ident, $($value:ident: $type:ty),+) {
        $($($name:literal)|+ => $holds:expr,)*
        $([$($tag:literal),+] => $tags:expr,)?
    }) => {
        $visibility const FILTERS: &[&str] = &[$($($name,)+)* $($($tag),+)?];

        $visibility fn $passes($filter: &$crate::Filter, $($value: $type),+) -> bool {
            match &*$filter.name {
                $($($name)|+ => $holds,)*
                _ => filters!(@tags $filter $($tags)?),
            }
        }
    };
    (@tags $filter:ident $tags:expr) => { $filter.has_tag($tags) };
    (@tags $filter:ident) => { false };
}

/// Reads `Filters`; `known` lists the names that this action supports, beside `tag:KEY`.
pub(crate) fn read(parameters: &mut Parameters, known: &[&str]) -> Result<Vec<Filter>, Reason> {
    let filters = read_all(parameters, known)?;
    if filters.len() > FILTERS_MAX || filters.iter().any(|filter| filter.values.len() > VALUES_MAX) {
        return Err(Reason::FilterTooLarge);
    }
    Ok(filters)
}

/// The same without limits, for products that have none.
pub(crate) fn read_all(parameters: &mut Parameters, known: &[&str]) -> Result<Vec<Filter>, Reason> {
    let structures = parameters.structures("Filters")?;
    structures
        .into_iter()
        .map(|mut filter| {
            let name = filter.text("Name")?.unwrap_or_default();
            let values = filter.texts("Values")?;
            let tag = known.contains(&"tag-key") && name.starts_with("tag:");
            if !tag && !known.contains(&&*name) {
                return Err(Reason::Filter { name: shorten(&name).into() });
            }
            Ok(Filter { name, values })
        })
        .collect()
}

/// Reads ids, or filters: both together are refused, as `names` says.
pub(crate) fn read_or_ids<Id: BatchId>(
    parameters: &mut Parameters,
    ids: &'static str,
    names: &'static str,
    known: &[&str],
) -> Result<(Option<Batch<Id>>, Vec<Filter>), Reason> {
    if parameters.has(ids) && parameters.has("Filters") {
        return Err(Reason::Exclusive { names });
    }
    let ids = parameters.has(ids).then(|| Batch::read(parameters, ids)).transpose()?;
    Ok((ids, read(parameters, known)?))
}

/// Refuses an empty value in any filter except those for tags, whose values may be empty.
pub(crate) fn refuse_empty(filters: &[Filter]) -> Result<(), Reason> {
    let is_for_tags = |filter: &Filter| &*filter.name == "tag-value" || filter.name.starts_with("tag:");
    match filters.iter().position(|filter| filter.has("") && !is_for_tags(filter)) {
        None => Ok(()),
        Some(index) => {
            let name = format!("Filters.{index}.Values").into();
            Err(Untaken::Length { name, value: "".into(), least: 1, most: TEXT_BYTES_MAX }.into())
        }
    }
}

/// `Offset` (0) and `Limit` (20, at most 100).
pub(crate) fn page(parameters: &mut Parameters) -> Result<(usize, usize), Reason> {
    let offset = parameters.integer("Offset")?.unwrap_or(0);
    let limit = parameters.integer("Limit")?.unwrap_or(20);
    let offset = usize::try_from(offset).map_err(|_| Reason::Offset { value: offset })?;
    let within = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
    Ok((offset, within.ok_or(Reason::Limit { value: limit })?))
}
