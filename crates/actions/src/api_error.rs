//! What a caller gets for a refusal: a code and a message.

use cvmd_state::Decision;

/// A code, and a message that names what to correct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub code: &'static str,
    pub message: String,
    /// Set for the action set before 2017, which has an envelope of its own.
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
