//! The wire codes of bytes that are no request, in each dialect.

use super::codes::{Codes, both};
use cvmd_wire::Denied;

pub(crate) fn denied_codes(denied: &Denied) -> Codes {
    match denied {
        Denied::UnknownPath { .. } | Denied::MethodNotAllowed { .. } | Denied::UnsupportedContentType { .. } => {
            ("InvalidRequest", "InvalidRequest.Forbidden")
        }
        Denied::QueryTooLarge { .. } | Denied::BodyTooLarge { .. } => {
            ("RequestSizeLimitExceeded", "InvalidParameterValue")
        }
        Denied::PairWithoutEquals { .. }
        | Denied::MalformedEscape { .. }
        | Denied::MalformedName { .. }
        | Denied::InvalidUtf8 { .. }
        | Denied::MalformedJson { .. }
        | Denied::JsonNotAnObject
        | Denied::NestedTooDeep { .. }
        | Denied::TooManyParameters { .. }
        | Denied::DuplicateParameter { .. }
        | Denied::DuplicateHeader { .. }
        | Denied::ConflictingParameter { .. } => ("InvalidParameter", "InvalidParameterValue"),
        Denied::MissingParameter { .. } => both("MissingParameter"),
        Denied::MalformedParameter { .. } => both("InvalidParameterValue"),
        Denied::MissingAuthorization | Denied::MalformedAuthorization { .. } | Denied::ScopeDateMismatch { .. } => {
            ("AuthFailure.InvalidAuthorization", "InvalidParameter.SignatureFailure")
        }
        Denied::UnsupportedAlgorithm { .. } => {
            ("AuthFailure.InvalidAuthorization", "InvalidParameter.SignatureFailure")
        }
        Denied::SecretIdNotFound { .. } => ("AuthFailure.SecretIdNotFound", "InvalidParameter.SecretIdNotFound"),
        Denied::SignatureExpired { .. } => ("AuthFailure.SignatureExpire", "InvalidRequest.ReplayAttack"),
        Denied::SignatureMismatch => ("AuthFailure.SignatureFailure", "InvalidParameter.SignatureFailure"),
        Denied::UnknownToken { .. } => ("AuthFailure.TokenFailure", "InvalidRequest.TokenCheckFailed"),
        Denied::LegacyWithoutVersion => both("UnsupportedVersion"),
    }
}
