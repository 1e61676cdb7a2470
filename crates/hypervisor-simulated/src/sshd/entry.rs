//! What is typed at a prompt: a command of one line, or one that goes on in the next lines. Pure.

use crate::guest::grammar::{self, Lines};

/// How often one command is read while it goes on: with each line that may end it.
const READS_MAX: usize = 200;
const BYTES_MAX: usize = 64 << 10;

/// What a shell shows when it waits for the rest of a command.
pub(super) const GOES_ON: &str = "> ";
/// What is printed when a shell ends because of [`Added::TooLong`].
pub(super) const TOO_LONG: &str = "cvmd-guest: ended: a command goes on over too many lines";

/// The lines of a command that is not finished.
#[derive(Debug, Default)]
pub(super) struct Entry {
    text: String,
    reads: usize,
    /// The line that ends the here-document in which it is.
    here_end: Option<String>,
}

/// What a line has made of the command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Added {
    GoesOn,
    Whole(String),
    /// Run, it says what is wrong.
    Wrong(String),
    /// It goes on for longer than it may.
    TooLong,
}

impl Entry {
    pub(super) fn add(&mut self, line: &str) -> Added {
        let line = line.strip_suffix('\n').unwrap_or(line);
        self.text.push_str(line);
        self.text.push('\n');
        if self.text.len() > BYTES_MAX && (self.reads > 0 || self.here_end.is_some()) {
            return Added::TooLong;
        }
        // The text of a here-document is read when it ends, or it would be read with each of its lines.
        if self.here_end.as_ref().is_some_and(|end| line.trim_start_matches('\t') != end) {
            return Added::GoesOn;
        }
        match grammar::lines(&self.text) {
            Lines::Whole => Added::Whole(self.take()),
            Lines::Wrong => Added::Wrong(self.take()),
            Lines::Begun(_) if self.reads >= READS_MAX => Added::TooLong,
            Lines::Begun(here_end) => {
                self.reads += 1;
                self.here_end = here_end;
                Added::GoesOn
            }
        }
    }

    /// What there is of it, as if no more came.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(self).text
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_command_goes_on_until_it_is_whole() {
        for lines in [
            &["true"][..],
            &["cat > f << E", "rm -rf /", "E"],
            &["cat <<A; cat <<B", "a", "A", "b", "B"],
            &["for i in 1 2", "do", "echo $i; done"],
            &["if true", "then echo a", "else echo b", "fi"],
            &["while false; do", "true", "done"],
            &["( a", "b )"],
            &["echo \"a", "b\""],
            &["echo 'a", "", "b'"],
            &["echo $(a", ")"],
            &["echo $((1 +", "2))"],
            &["echo ${A:-b", "}"],
            &["echo `a", "`"],
            &["a |", "b &&", "c"],
            &["echo a \\", "b\\", "c"],
        ] {
            let mut entry = Entry::default();
            let (last, before) = lines.split_last().unwrap();
            for line in before {
                assert_eq!(entry.add(line), Added::GoesOn, "{lines:?}");
            }
            assert_eq!(entry.add(last), Added::Whole(lines.join("\n") + "\n"));
            assert_eq!(entry.len(), 0);
        }
    }

    #[test]
    fn what_no_line_can_mend_is_run_at_once() {
        for line in [
            "echo >",
            "cat <",
            "cat <<",
            "fi",
            "done",
            ")",
            "a ;; b )",
            "| a",
            "a &",
            "for 1 in a; do",
            "echo $@",
            "a | | b",
        ] {
            assert_eq!(Entry::default().add(line), Added::Wrong(format!("{line}\n")), "{line}");
        }
    }

    #[test]
    fn a_command_has_a_bound_and_a_here_document_is_read_once() {
        let mut entry = Entry::default();
        assert_eq!(entry.add("if true; then"), Added::GoesOn);
        assert_eq!((1..=READS_MAX).find(|_| entry.add("echo a") == Added::TooLong), Some(READS_MAX));
        let mut entry = Entry::default();
        assert_eq!(entry.add("cat << E"), Added::GoesOn);
        assert!((0..4 * READS_MAX).all(|_| entry.add("a") == Added::GoesOn));
        assert!(matches!(entry.add("E"), Added::Whole(_)));
        entry.add("cat << E");
        assert_eq!(entry.add(&"a".repeat(BYTES_MAX)), Added::TooLong);
    }
}
