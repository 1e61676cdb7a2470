//! What is typed at a prompt: a command of one line, or one that goes on in the next lines. Pure.

use crate::{
    bounds::Bound,
    guest::{
        going::Refused,
        grammar::{self, Lines},
        parsed::Parsed,
    },
    memory::Share,
};

/// How often one command is read while it goes on: with each line that may end it.
const READS_MAX: usize = 200;
const BYTES_MAX: usize = 64 << 10;

/// What a shell shows when it waits for the rest of a command.
pub(super) const GOES_ON: &str = "> ";

/// The lines of a command that is not finished.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) text: String,
    reads: usize,
    /// The line that ends the here-document in which it is.
    here_end: Option<String>,
    /// The memory that the text takes.
    share: Share,
}

/// What a line has made of the command.
#[derive(Debug)]
pub(super) enum Added {
    GoesOn,
    /// A command, or what is said instead of running it.
    Whole(Result<Parsed, Refused>),
    /// It goes on for longer than it may, so the shell ends.
    Ended(Refused),
}

impl Entry {
    /// `share`: an empty one, of the guest's memory.
    pub(super) fn new(share: Share) -> Entry {
        Entry { text: String::new(), reads: 0, here_end: None, share }
    }

    pub(super) fn add(&mut self, line: &str) -> Added {
        let too_long = || Refused::bound(Bound::Line, "ended: a command goes on over too many lines");
        let line = line.strip_suffix('\n').unwrap_or(line);
        if !self.share.resize(self.text.len() + line.len() + 1) {
            return Added::Ended(Refused::no_memory());
        }
        self.text.push_str(line);
        self.text.push('\n');
        if self.text.len() > BYTES_MAX && (self.reads > 0 || self.here_end.is_some()) {
            return Added::Ended(too_long());
        }
        // The text of a here-document is read when it ends, or it would be read with each of its lines.
        if self.here_end.as_ref().is_some_and(|end| line.trim_start_matches('\t') != end) {
            return Added::GoesOn;
        }
        match grammar::lines(&self.text) {
            Lines::Whole(read) => {
                let Entry { text, share, .. } = self.take();
                Added::Whole(Parsed::of(read, &text, share))
            }
            Lines::Begun(_) if self.reads >= READS_MAX => Added::Ended(too_long()),
            Lines::Begun(here_end) => {
                self.reads += 1;
                self.here_end = here_end;
                Added::GoesOn
            }
        }
    }

    /// What there is of it, as if no more came.
    pub(super) fn take(&mut self) -> Entry {
        let empty = Entry::new(self.share.another());
        std::mem::replace(self, empty)
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::memory::Memory;
    use std::sync::Arc;

    fn entry() -> Entry {
        Entry::new(Memory::all(Arc::default()).of_machine().share())
    }

    /// The syntax error of a whole command, empty if it has none; `None` if it goes on.
    fn whole(added: Added) -> Option<String> {
        match added {
            Added::GoesOn => None,
            Added::Whole(Ok(_)) => Some(String::new()),
            Added::Whole(Err(refused)) | Added::Ended(refused) => Some(refused.words),
        }
    }

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
            let mut entry = entry();
            let (last, before) = lines.split_last().unwrap();
            for line in before {
                assert_eq!(whole(entry.add(line)), None, "{lines:?}");
            }
            let Added::Whole(Ok(parsed)) = entry.add(last) else { panic!("{lines:?}") };
            assert_eq!(parsed.commands, grammar::parse(&(lines.join("\n") + "\n")).unwrap());
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
            assert!(whole(entry().add(line)).is_some_and(|why| why.contains("syntax error")), "{line}");
        }
    }

    #[test]
    fn a_command_has_a_bound_and_a_here_document_is_read_once() {
        let ends = |added| matches!(added, Added::Ended(Refused { bound: Some(Bound::Line), .. }));
        let mut entry = entry();
        assert_eq!(whole(entry.add("if true; then")), None);
        assert_eq!((1..=READS_MAX).find(|_| ends(entry.add("echo a"))), Some(READS_MAX));
        entry.take();
        assert_eq!(whole(entry.add("cat << E")), None);
        assert!((0..4 * READS_MAX).all(|_| whole(entry.add("a")).is_none()));
        assert_eq!(whole(entry.add("E")), Some(String::new()));
        entry.add("cat << E");
        assert!(ends(entry.add(&"a".repeat(BYTES_MAX))));
    }

    #[test]
    fn text_and_commands_are_counted_until_they_have_run() {
        let memory = Memory::all(Arc::default()).of_machine();
        let is_used = |bytes| !memory.share().resize((32 << 20) - bytes);
        let mut entry = Entry::new(memory.share());
        entry.add("cat << E");
        entry.add(&"a".repeat(10_000));
        assert!(is_used(9_999) && !is_used(10_100));
        entry.take();
        assert!(!is_used(0));
        let parsed = entry.add(&"a;".repeat(10_000));
        assert!(
            matches!(parsed, Added::Whole(Ok(_))) && is_used(10_000 * size_of::<crate::guest::syntax_tree::Command>())
        );
        drop(parsed);
        assert!(!is_used(0));
        let mut rest = memory.share();
        assert!(rest.resize((32 << 20) - 100));
        let refused = entry.add(&"a;".repeat(50));
        assert!(matches!(&refused, Added::Ended(why) if why.words.contains("memory")), "{refused:?}");
    }
}
