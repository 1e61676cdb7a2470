//! What the server logged while a folder's checks ran: a warning that nobody expects fails the folder.

use std::{fs, path::Path};

/// The log's WARN and ERROR lines, but for those that hold a line of the folder's allow list.
pub fn complaints(log: &Path, allowed: &Path) -> Vec<String> {
    let allowed = fs::read_to_string(allowed).unwrap_or_default();
    let log = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&log).lines().map(without_colour).filter(|line| is_complaint(line, &allowed)).collect()
}

/// Escape sequences would separate a level from the spaces around it.
fn without_colour(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

fn is_complaint(line: &str, allowed: &str) -> bool {
    let loud = [" WARN ", " ERROR ", "\"level\":\"WARN\"", "\"level\":\"ERROR\"", "panicked at "];
    let pardons = || allowed.lines().filter(|text| !text.trim().is_empty() && !text.starts_with('#'));
    loud.iter().any(|mark| line.contains(mark)) && !pardons().any(|text| line.contains(text))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_warning_is_a_complaint_unless_allowed() {
        let allowed = "# 22 is taken where another sshd runs\nport 22 is taken\n";
        assert!(is_complaint("2026-11-24T10:00:00Z  WARN cvmd: disk is slow", allowed));
        assert!(is_complaint(r#"{"timestamp":"x","level":"ERROR","fields":{}}"#, allowed));
        assert!(is_complaint("thread 'main' panicked at src/main.rs:1:1:", allowed));
        assert!(is_complaint(&without_colour("\u{1b}[2mnow\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m cvmd: slow"), allowed));
        assert!(!is_complaint("2026-11-24T10:00:00Z  WARN cvmd: port 22 is taken", allowed));
        assert!(!is_complaint("2026-11-24T10:00:00Z  INFO cvmd: a WARNING in a text", allowed));
    }
}
