//! The times of `expiry-time="..."`: `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, in the guest's time, which is UTC.

use jiff::{
    civil::{Date, Time},
    tz::Offset,
};

/// Unix seconds; `None` for what sshd takes for no time.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let zone = [1, 3].into_iter().find_map(|length| {
        let (digits, zone) = text.split_at_checked(text.len().checked_sub(length)?)?;
        let is_utc = zone.eq_ignore_ascii_case(if length == 1 { "Z" } else { "UTC" });
        (is_utc && !digits.is_empty()).then_some(digits)
    });
    let digits = zone.unwrap_or(text);
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.is_ascii() {
        return None;
    }
    let year = field(&digits[..4], 0, 9999)?;
    let month = field(&digits[4..6], 1, 12)?;
    let day = field(&digits[6..8], 1, 31)?;
    let part = |at: usize, most| digits.get(at..at + 2).map_or(Some(0), |text| field(text, 0, most));
    let (hour, minute, second) = (part(8, 23)?, part(10, 59)?, part(12, 61)?);
    let month = Date::new(year.try_into().ok()?, month.try_into().ok()?, 1).ok()?.to_datetime(Time::midnight());
    let month = Offset::UTC.to_timestamp(month).ok()?.as_second();
    // A 31st of February is one of the first days of March.
    let seconds = month + (day - 1) * 86400 + hour * 3600 + minute * 60 + second;
    u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)
}

/// A number after spaces, as `strptime` reads it.
fn field(text: &str, least: i64, most: i64) -> Option<i64> {
    let digits = text.trim_start_matches(' ');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| is_number && (least..=most).contains(number))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn times_are_read_as_sshd_reads_them() {
        for (text, expected) in [
            ("20300101", Some(1_893_456_000)),
            ("20300101Z", Some(1_893_456_000)),
            ("202402291234utc", Some(1_709_210_040)),
            ("20240229123456", Some(1_709_210_096)),
            ("20230231", Some(1_677_801_600)),
            ("2030 1 1", Some(1_893_456_000)),
            ("19700101", None),
            ("19691231", None),
            ("00000101", None),
            ("99991231235961", Some(253_402_300_801)),
            ("20301301", None),
            ("20300100", None),
            ("2030010124", None),
            ("203001012400", None),
            ("203-0101", None),
            ("Z", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
