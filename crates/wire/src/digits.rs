//! Decimal numbers and dates as signatures write them.

use jiff::{Timestamp, tz::Offset};

/// Reads decimal digits and nothing else: no sign, no space.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The UTC date of a UNIX time as `YYYY-MM-DD`. The last date of the calendar stands for all later ones; the window of five
/// minutes around now keeps them out.
pub(crate) fn utc_date(seconds: u64) -> [u8; 10] {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let day = Offset::UTC.to_datetime(time.unwrap_or(Timestamp::MAX)).date();
    let mut date = *b"0000-00-00";
    write_decimal(&mut date[0..4], day.year().unsigned_abs());
    write_decimal(&mut date[5..7], day.month().unsigned_abs().into());
    write_decimal(&mut date[8..10], day.day().unsigned_abs().into());
    date
}

fn write_decimal(place: &mut [u8], mut number: u16) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, date) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_551_113_065, "2019-02-25"),
            (1_735_689_599, "2024-12-31"),
            (1_735_689_600, "2025-01-01"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(std::str::from_utf8(&utc_date(seconds)), Ok(date), "{seconds}");
        }
        assert_eq!(utc_date(u64::MAX), *b"9999-12-30");
    }

    #[test]
    fn a_number_is_digits_only() {
        assert_eq!(decimal("9223372036854775807"), Some(i64::MAX as u64));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for text in ["", "+1", "-1", " 1", "1.0", "18446744073709551616", "1e3"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }
}
