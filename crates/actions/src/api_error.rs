//! What a caller gets for a reason: a code and a message, in the words of the dialect and of the language.

use crate::{
    Reason, chinese,
    error::{codes::pick, denied_codes},
};
use cvmd_state::Decision;
use cvmd_wire::{Denied, Dialect, Language};

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

/// The pre-2017 set's "version or action not supported here".
const NOT_SUPPORTED_HERE: u32 = 6100;

impl Reason {
    #[must_use]
    pub fn to_api_error(&self, dialect: Dialect, language: Language) -> ApiError {
        let message = match language {
            Language::English => self.to_string(),
            Language::Chinese => chinese::reason(self),
        };
        ApiError { code: self.code(dialect), message, numeric: None }
    }
}

/// What a request that was not believed gets.
#[must_use]
pub fn denied(denied: &Denied, dialect: Dialect, language: Language) -> ApiError {
    let numeric = matches!(denied, Denied::LegacyWithoutVersion).then_some(NOT_SUPPORTED_HERE);
    let message = match language {
        Language::English => denied.to_string(),
        Language::Chinese => chinese::denied(denied),
    };
    ApiError { code: pick(denied_codes(denied), dialect), message, numeric }
}
