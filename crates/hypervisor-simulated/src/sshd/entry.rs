//! What is typed at a prompt: a command of one line, or one that goes on in the next lines. Pure.

use crate::guest::grammar;

/// Lines of one command, at most: with each of them the command is read once more.
const LINES_MAX: usize = 1_000;
const BYTES_MAX: usize = 64 << 10;

/// What a shell shows when it waits for the rest of a command.
pub(super) const GOES_ON: &str = "> ";

/// The lines of a command that is not finished.
#[derive(Debug, Default)]
pub(super) struct Entry {
    text: String,
    lines: usize,
}

impl Entry {
    /// Adds a line: the text to run, or `None` while it goes on in the next one. What is longer than a command may be is
    /// run as it stands, which says what is missing.
    pub(super) fn add(&mut self, line: &str) -> Option<String> {
        self.text.push_str(line.strip_suffix('\n').unwrap_or(line));
        self.text.push('\n');
        self.lines += 1;
        let goes_on = self.lines < LINES_MAX && self.text.len() < BYTES_MAX && grammar::goes_on(&self.text);
        (!goes_on).then(|| self.take())
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
                assert_eq!(entry.add(line), None, "{lines:?}");
            }
            assert_eq!(entry.add(last), Some(lines.join("\n") + "\n"));
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
            assert_eq!(Entry::default().add(line), Some(format!("{line}\n")), "{line}");
        }
    }

    #[test]
    fn a_command_has_a_bound() {
        let mut entry = Entry::default();
        let added = (1..=LINES_MAX).map(|number| (number, entry.add(if number == 1 { "cat << E" } else { "a" })));
        assert_eq!(added.into_iter().find_map(|(number, text)| text.map(|_| number)), Some(LINES_MAX));
        assert_eq!(entry.add("cat << E"), None);
        assert!(entry.add(&"a".repeat(BYTES_MAX)).is_some());
    }
}
