//! Times as a guest prints them, always in UTC and in English: `date`, `uptime`, and the times of files.

use super::process::{Done, fails, prints};
use jiff::{Timestamp, fmt::strtime};

/// Letters after `%` that are supported.
const LETTERS: &str = "%AaBbdeFHMmnRSsTYyZz";
/// Half a year: coreutils print the year of older times, and the time of day of younger ones.
const RECENT_SECONDS: u64 = 31_556_952 / 2;

/// The time in a format of `date`.
///
/// # Errors
/// The letter that is not supported.
fn text(seconds: u64, format: &str) -> Result<String, char> {
    let (mut supported, mut letters) = (String::new(), format.chars());
    while let Some(letter) = letters.next() {
        supported.push(letter);
        if letter == '%' {
            // At the end it stands for itself.
            let letter = letters.next().unwrap_or('%');
            supported.push(Some(letter).filter(|letter| LETTERS.contains(*letter)).ok_or(letter)?);
        }
    }
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    // Invariant: jiff supports all these letters.
    Ok(strtime::format(supported, time.unwrap_or(Timestamp::MAX)).unwrap_or_default())
}

/// `date`, and `date +FORMAT`. The guest's own time is UTC, so `-u` changes nothing.
pub(crate) fn date(arguments: &[&str], now: u64) -> Done {
    let arguments: Vec<_> = arguments.iter().filter(|word| !["-u", "--utc"].contains(word)).collect();
    let format = match *arguments {
        [] => "%a %b %e %H:%M:%S %Z %Y",
        [format] if format.starts_with('+') => &format[1..],
        _ => return fails("date: only -u and a format such as +%Y-%m-%d are known here", 1),
    };
    match text(now, format) {
        Ok(text) => prints(&text),
        Err(letter) => fails(&format!("date: %{letter} is not known here"), 1),
    }
}

/// The time of a file, as `ls -l` prints it.
pub(crate) fn of_files(moment: u64, now: u64) -> String {
    let is_recent = moment <= now && moment + RECENT_SECONDS > now;
    text(moment, if is_recent { "%b %e %R" } else { "%b %e  %Y" }).unwrap_or_default()
}

pub(crate) fn uptime(arguments: &[&str], booted: u64, now: u64) -> Done {
    match arguments {
        ["-s"] => prints(&text(booted, "%F %T").unwrap_or_default()),
        [] => prints(&up(booted, now)),
        _ => fails("uptime: only `uptime` and `uptime -s`, the time of the boot, are known here", 1),
    }
}

/// As procps prints it; the caller is the only user, and nothing else runs here.
fn up(booted: u64, now: u64) -> String {
    let minutes = now.saturating_sub(booted) / 60;
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    let days = match days {
        0 => String::new(),
        1 => "1 day, ".to_owned(),
        days => format!("{days} days, "),
    };
    let hours = if hours == 0 { format!("{minutes} min") } else { format!("{hours:2}:{minutes:02}") };
    let time = text(now, "%T").unwrap_or_default();
    format!(" {time} up {days}{hours},  1 user,  load average: 0.00, 0.00, 0.00")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_uptime_is_printed_as_procps_does() {
        let now = 951_782_399;
        for (up, printed) in [
            (59, "up 0 min,"),
            (61 * 60, "up  1:01,"),
            (86_400 + 60, "up 1 day, 1 min,"),
            (2 * 86_400 + 13 * 3600, "up 2 days, 13:00,"),
        ] {
            assert_eq!(
                super::up(now - up, now),
                format!(" 23:59:59 {printed}  1 user,  load average: 0.00, 0.00, 0.00")
            );
        }
    }

    /// The output of GNU's date for the same seconds, with TZ=UTC and LC_ALL=C.
    #[test]
    fn a_time_is_printed_as_gnu_date_does() {
        for (now, printed) in [
            (0, "Thu Jan  1 00:00:00 UTC 1970"),
            (951_782_399, "Mon Feb 28 23:59:59 UTC 2000"),
            (951_782_400, "Tue Feb 29 00:00:00 UTC 2000"),
            (1_795_478_400, "Tue Nov 24 00:00:00 UTC 2026"),
        ] {
            assert_eq!(date(&[], now), prints(printed));
        }
        let formatted = date(&["-u", "+%F %T %s %A %B %y %R%z 100%%"], 951_782_399);
        assert_eq!(formatted, prints("2000-02-28 23:59:59 951782399 Monday February 00 23:59+0000 100%"));
        assert_eq!(date(&["+%q"], 0).status, 1);
        assert_eq!(date(&["-s", "x"], 0).status, 1);
    }

    #[test]
    fn what_is_old_has_its_year() {
        assert_eq!(of_files(951_782_399, 951_782_400), "Feb 28 23:59");
        assert_eq!(of_files(951_782_399, 951_782_399 + RECENT_SECONDS), "Feb 28  2000");
    }
}
