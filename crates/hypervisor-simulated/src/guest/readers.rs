//! Ends the writer of a pipe whose reader has enough, as SIGPIPE does: `head`, `grep -q`, `sed 2q` and `read`.
//!
//! A command of a guest runs to its end before the next one reads what it has printed. So a loop without end would run to
//! its bound, and its reader would print nothing. Here the reader's command says beforehand how much it will read.

use super::expressions::Wanted;
use cvmd_clock::Clock;

/// What a pipe of Linux holds: so much may be written after the reader has ended, as the writer is faster.
const PIPE_BYTES: usize = 64 << 10;
/// The least that each later output counts.
const OUTPUT_COUNTS: usize = 256;
/// By then a reader that has enough has ended.
const ENDS_WITHIN_MS: u64 = 100;
/// Steps in which all output is searched; without any left the writer runs on.
const STEPS_MAX: usize = 100_000;

/// The status of a writer that was ended.
pub(crate) const BROKEN_PIPE: u8 = 141;

/// How much a command reads of its input, if it does not read all.
pub(crate) enum Need {
    Lines(usize),
    /// Up to a line that holds it, or with `true` one that does not.
    Match(Wanted, bool),
}

/// The reader at the other end of a pipe.
pub(crate) struct Reader {
    need: Need,
    clock: Clock,
    /// The bytes that were looked at.
    seen: usize,
    steps: usize,
    /// When it had enough.
    enough_ms: Option<u64>,
    /// What was written since.
    late: usize,
}

impl Reader {
    pub(crate) fn of(need: Need, clock: Clock) -> Reader {
        Reader { need, clock, seen: 0, steps: STEPS_MAX, enough_ms: None, late: 0 }
    }

    /// Whether so many more bytes are written in vain, and end the writer.
    pub(crate) fn ends(&mut self, bytes: usize) -> bool {
        let Some(enough_ms) = self.enough_ms.filter(|_| bytes > 0) else { return false };
        self.late += bytes.max(OUTPUT_COUNTS);
        self.late > PIPE_BYTES || self.clock.now_ms() > enough_ms + ENDS_WITHIN_MS
    }

    /// Looks at what there is to read.
    pub(crate) fn see(&mut self, written: &[u8]) {
        if self.enough_ms.is_some() {
            return;
        }
        let Some(end) = written[self.seen..].iter().rposition(|byte| *byte == b'\n') else { return };
        let lines = &written[self.seen..=self.seen + end];
        self.seen += lines.len();
        let has_enough = match &mut self.need {
            Need::Lines(left) => {
                *left = left.saturating_sub(lines.iter().filter(|byte| **byte == b'\n').count());
                *left == 0
            }
            Need::Match(wanted, inverted) => String::from_utf8_lossy(lines)
                .lines()
                .any(|line| wanted.is_in(line, &mut self.steps).is_some_and(|holds| holds != *inverted)),
        };
        self.enough_ms = has_enough.then(|| self.clock.now_ms());
    }
}
