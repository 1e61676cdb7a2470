//! The journal's streams, and what the log is opened with.

use super::Retention;
use cvmd_rows::{Keep, Options, StreamSpec};

/// Lines of accepted commands and of operations' outcomes. Time is in microseconds, a key is a request's id.
pub(super) const JOURNAL: &str = "journal";
/// Lines of refused commands, in parts by account: no account's refusals push out another's.
pub(super) const REFUSED: &str = "refused";
/// Replay keys. Time is in seconds.
pub(super) const REPLAYS: &str = "replays";

pub(super) fn options(retention: Retention) -> Options {
    let Retention { lines, bytes, refused_lines, replay_seconds } = retention;
    let mut options = Options::new(vec![
        StreamSpec::new(JOURNAL, Keep { entries: lines, bytes, ..Keep::ALL }),
        StreamSpec::in_parts(REFUSED, Keep { entries: refused_lines, ..Keep::ALL }),
        StreamSpec::new(REPLAYS, Keep { age: replay_seconds, ..Keep::ALL }),
    ]);
    // Nobody asks for one row: the view has them all.
    options.has_index = false;
    options
}
