//! Decimal numbers and dates as signatures write them.

/// Reads decimal digits and nothing else: no sign, no space.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The UTC date of a UNIX time as `YYYY-MM-DD`. Years above 9999 do not fit the form and are shown
/// by their last four digits; the window of five minutes around now keeps them out.
pub(crate) fn utc_date(seconds: u64) -> [u8; 10] {
    // Days are counted from 0000-03-01, so that the leap day is the last of its year; an era is the
    // 400 years after which the calendar repeats.
    let days = seconds / 86_400 + 719_468;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = (months_since_march + 2) % 12 + 1;
    let year = days / 146_097 * 400 + year_of_era + u64::from(month <= 2);

    let mut date = *b"0000-00-00";
    write_decimal(&mut date[0..4], year);
    write_decimal(&mut date[5..7], month);
    write_decimal(&mut date[8..10], day);
    date
}

fn write_decimal(place: &mut [u8], mut number: u64) {
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
        utc_date(u64::MAX);
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
