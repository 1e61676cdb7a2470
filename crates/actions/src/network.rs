//! Parameters that the actions on networks share: ids, ranges, names, tags, filters, and pages that arrive as text.

use crate::{Batch, Context, Filter, Parameters, Reason, batch::BatchId, filters, names, shorten};
use cvmd_model::{Cidr, Refusal, RegionId, SecurityGroupId, Tag, ZoneId};
use cvmd_state::{Transaction, View};
use std::str::FromStr;

const NAME_MAX: usize = 60;
const PAGE_MAX: i64 = 100;

/// A required value with a form of its own: an id or a range.
pub(crate) fn required<T: FromStr>(parameters: &mut Parameters, name: &str) -> Result<T, Reason> {
    let text = parameters.text(name)?.ok_or_else(|| Reason::Missing { name: parameters.path(name) })?;
    text.parse().map_err(|_| Reason::Malformed { name: parameters.path(name), value: shorten(&text).into() })
}

/// The requested range. There is no IPv6 here.
pub(crate) fn cidr(parameters: &mut Parameters) -> Result<Cidr, Reason> {
    required(parameters, "CidrBlock")
}

/// A name of 1 to 60 characters.
pub(crate) fn name(parameters: &mut Parameters, name: &str) -> Result<Option<Box<str>>, Reason> {
    let text = names::bounded_text(parameters, name, NAME_MAX)?;
    match &text {
        Some(text) if text.is_empty() => Err(parameters.wrong_length(name, "", 1, NAME_MAX)),
        _ => Ok(text),
    }
}

/// `true` or `false` as text, in any case.
pub(crate) fn text_flag(parameters: &mut Parameters, name: &str) -> Result<Option<bool>, Reason> {
    let Some(text) = parameters.text(name)? else { return Ok(None) };
    match () {
        () if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        () if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        () => Err(parameters.no_such_word(name, &text, ["true", "false"].into_iter())),
    }
}

/// `Tags`; no key twice.
pub(crate) fn tags(parameters: &mut Parameters) -> Result<Box<[Tag]>, Reason> {
    let mut tags = Vec::new();
    let given = parameters.structures("Tags")?;
    names::few_tags(parameters, given.len())?;
    for mut tag in given {
        names::tag(&mut tag, &mut tags)?;
    }
    Ok(tags.into())
}

/// What the state has for that id, or the refusal.
pub(crate) fn found<T>(found: Option<T>, id: impl ToString) -> Result<T, Refusal> {
    found.ok_or_else(|| Refusal::NetworkNotFound(id.to_string().into()))
}

/// Refuses for the first group that does not exist.
pub(crate) fn exist(view: &View, context: &Context, groups: &[SecurityGroupId]) -> Result<(), Refusal> {
    let there = |group| view.security_group_of(context.account, context.region, group).is_some();
    match groups.iter().find(|group| !there(**group)) {
        Some(group) => Err(Refusal::SecurityGroupNotFound(*group)),
        None => Ok(()),
    }
}

/// The sequence of a row. A default network has no row, and no sequence, before its first change.
pub(crate) fn place(tx: &mut Transaction<'_>, sequence: u64) -> u64 {
    if sequence == 0 { tx.next_sequence() } else { sequence }
}

/// A zone of the request's region.
pub(crate) fn zone(parameters: &mut Parameters, region: RegionId) -> Result<ZoneId, Reason> {
    let text = parameters.text("Zone")?.unwrap_or_default();
    let zone = ZoneId::find(&text).filter(|zone| zone.region() == region && zone.get().is_open);
    zone.ok_or_else(|| Reason::ZoneUnavailable { value: shorten(&text).into(), region: region.name() })
}

/// The selection of a Describe action: ids or filters, and a page.
pub(crate) struct Wanted<Id> {
    pub ids: Option<Batch<Id>>,
    pub filters: Vec<Filter>,
    pub page: (usize, usize),
}

impl<Id: BatchId> Wanted<Id> {
    pub(crate) fn read(
        parameters: &mut Parameters,
        ids: &'static str,
        names: &'static str,
        known: &[&str],
    ) -> Result<Wanted<Id>, Reason> {
        let (ids, filters) = filters::read_or_ids(parameters, ids, names, known)?;
        Ok(Wanted { ids, filters, page: page(parameters)? })
    }

    /// The total number of selected rows, and those of the page.
    pub(crate) fn select<T>(
        &self,
        all: impl Iterator<Item = T>,
        id: impl Fn(&T) -> Id,
        passes: impl Fn(&Filter, &T) -> bool,
    ) -> (usize, Vec<T>) {
        let wanted = |value: &T| {
            self.ids.as_ref().is_none_or(|ids| ids.contains(&id(value)))
                && self.filters.iter().all(|filter| passes(filter, value))
        };
        let (offset, limit) = self.page;
        let mut total = 0;
        let mut page = Vec::new();
        for value in all.filter(wanted) {
            if total >= offset && page.len() < limit {
                page.push(value);
            }
            total += 1;
        }
        (total, page)
    }
}

/// `Offset` (0) and `Limit` (20, at most 100), both text.
fn page(parameters: &mut Parameters) -> Result<(usize, usize), Reason> {
    let mut number = |name: &str, usual, least: i64, most: i64| -> Result<usize, Reason> {
        let Some(text) = parameters.text(name)?.filter(|text| !text.is_empty()) else { return Ok(usual) };
        match text.parse().map_err(|_| parameters.bad_value(name, &text))? {
            number if (least..=most).contains(&number) => Ok(usize::try_from(number).unwrap_or(usize::MAX)),
            number => Err(parameters.out_of_range(name, number.into(), least, most)),
        }
    };
    let (offset, limit) = (number("Offset", 0, 0, i64::MAX)?, number("Limit", 20, 1, PAGE_MAX)?);
    Ok((offset, limit))
}
