//! Terms paid in advance: `InstanceChargePrepaid`, and the end of such a term.

use crate::{Parameters, Reason};
use cvmd_model::{Prepaid, RenewFlag};
use jiff::{Timestamp, ToSpan, tz::Offset};

/// The numbers of months that can be paid for at once.
const PERIODS: &[i64] = &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 24, 36, 48, 60];

/// A number of months, and what happens after them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Term {
    months: i64,
    renew: Option<RenewFlag>,
}

impl Term {
    fn read(parameters: &mut Parameters) -> Result<Option<Term>, Reason> {
        let Some(mut spec) = parameters.structure("InstanceChargePrepaid")? else { return Ok(None) };
        let value = spec.integer("Period")?.unwrap_or_default();
        let months = i64::try_from(value).ok().filter(|months| PERIODS.contains(months));
        let months = months.ok_or(Reason::Period { value })?;
        let renew = renew_flag(&mut spec)?;
        spec.finish()?;
        Ok(Some(Term { months, renew }))
    }

    /// The term of something that is paid in advance; otherwise it may be given, and is ignored.
    pub(crate) fn if_prepaid(parameters: &mut Parameters, prepaid: bool) -> Result<Option<Term>, Reason> {
        if prepaid { Term::required(parameters).map(Some) } else { Ok(Term::read(parameters)?.and(None)) }
    }

    /// The term of something paid in advance; the vendor's description calls it optional, but its text does not.
    pub(crate) fn required(parameters: &mut Parameters) -> Result<Term, Reason> {
        Term::read(parameters)?.ok_or_else(|| Reason::Missing { name: "InstanceChargePrepaid".into() })
    }

    pub(crate) fn months(self) -> u32 {
        // Invariant: the months are one of `PERIODS`.
        u32::try_from(self.months).unwrap_or_default()
    }

    /// A first term, beginning now.
    pub(crate) fn begun(self, now_seconds: u64) -> Prepaid {
        let expires_seconds = after_months(now_seconds, self.months);
        Prepaid { renew: self.renew.unwrap_or_default(), expires_seconds }
    }

    /// One more term, from the end of the present one, or from now on if that is over.
    pub(crate) fn added(self, prepaid: Prepaid, now_seconds: u64) -> Prepaid {
        let expires_seconds = after_months(prepaid.expires_seconds.max(now_seconds), self.months);
        Prepaid { renew: self.renew.unwrap_or(prepaid.renew), expires_seconds }
    }
}

pub(crate) fn renew_flag(parameters: &mut Parameters) -> Result<Option<RenewFlag>, Reason> {
    parameters.word("RenewFlag", &RenewFlag::ALL.map(|flag| (flag.name(), flag)))
}

/// The same day and time in a later month, or that month's last day. Stays within the calendar's range.
fn after_months(seconds: u64, months: i64) -> u64 {
    let later = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .and_then(|now| Offset::UTC.to_datetime(now).checked_add(months.months()).ok())
        .and_then(|later| Offset::UTC.to_timestamp(later).ok());
    later.and_then(|later| u64::try_from(later.as_second()).ok()).unwrap_or(seconds)
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::time;

    fn seconds(text: &str) -> u64 {
        text.parse::<Timestamp>().unwrap().as_second().try_into().unwrap()
    }

    #[test]
    fn a_term_ends_on_the_same_day_or_on_the_last_of_a_shorter_month() {
        for (from, months, to) in [
            ("2026-11-24T10:00:00Z", 1, "2026-12-24T10:00:00Z"),
            ("2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"),
            ("2028-02-29T10:00:00Z", 12, "2029-02-28T10:00:00Z"),
            ("9999-12-01T10:00:00Z", 60, "9999-12-01T10:00:00Z"),
        ] {
            assert_eq!(time(after_months(seconds(from), months)), to);
        }
    }

    #[test]
    fn a_term_is_added_to_what_is_left_or_begins_now() {
        let term = Term { months: 1, renew: None };
        let renew = RenewFlag::NotifyAndAutoRenew;
        let prepaid = Prepaid { renew, expires_seconds: seconds("2026-12-24T10:00:00Z") };
        let added = term.added(prepaid, seconds("2026-11-30T00:00:00Z"));
        assert_eq!((&*time(added.expires_seconds), added.renew), ("2027-01-24T10:00:00Z", renew));
        let late = term.added(prepaid, seconds("2027-03-01T00:00:00Z"));
        assert_eq!(time(late.expires_seconds), "2027-04-01T00:00:00Z");
        assert_eq!(term.begun(0).renew, RenewFlag::NotifyAndManualRenew);
    }
}
