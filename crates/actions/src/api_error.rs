//! What the caller of an action gets that is refused.

use cvmd_state::Decision;

/// What a caller gets: a code, and a message that names what to mend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub code: &'static str,
    pub message: String,
    /// The set of actions before 2017 has an envelope of its own.
    pub numeric: Option<u32>,
}

impl Decision for ApiError {
    fn decision(&self) -> &str {
        self.code
    }

    fn message(&self) -> Option<&str> {
        Some(&self.message)
    }
}
