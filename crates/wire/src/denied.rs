//! Why bytes are not a valid request: reasons, not wire codes.

/// The reason why a request was refused before its action was looked at. `cvmd-actions` has the
/// texts, which repeat what is in here: no value may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[rustfmt::skip] // A variant a line.
pub enum Denied {
    UnknownPath { path: Box<str> },
    MethodNotAllowed { method: Box<str> },
    QueryTooLarge { bytes: usize, limit_bytes: usize },
    /// The limit depends on the signature: v1 has the smaller one.
    BodyTooLarge { bytes: usize, limit_bytes: usize },
    /// The vendor has actions that take `multipart/form-data`, for files; none of them is here.
    UnsupportedContentType { found: Box<str>, expected: &'static str },
    PairWithoutEquals { pair: Box<str> },
    MalformedEscape { pair: Box<str> },
    MalformedName { name: Box<str>, what: NameFault },
    /// `place` is `body`, `query` or `form`.
    InvalidUtf8 { place: &'static str },
    MalformedJson { what: Box<str> },
    JsonNotAnObject,
    NestedTooDeep { limit: usize },
    TooManyParameters { limit: usize },
    /// A JSON member, a query key or a form field that occurs twice.
    DuplicateParameter { name: Box<str> },
    /// A header that is signed or that decides something: two readers could each use a different one.
    DuplicateHeader { name: Box<str> },
    /// `A=1&A.0=2`, or `A.0=1&A.Name=2`: `name` is `A`.
    ConflictingParameter { name: Box<str> },
    /// A common parameter or, with TC3, its header.
    MissingParameter { name: &'static str },
    /// A common parameter or, with TC3, its header.
    MalformedParameter { name: &'static str, value: Box<str> },
    /// API 3.0 with neither an `Authorization` header nor a `Signature` parameter.
    MissingAuthorization,
    MalformedAuthorization { what: AuthorizationFault },
    UnsupportedAlgorithm { algorithm: Box<str> },
    /// Usually the client wrote its local date.
    ScopeDateMismatch { date: Box<str>, expected: Box<str> },
    SecretIdNotFound { secret_id: Box<str> },
    /// The SecretId is known, but nobody can check what it signs.
    SecretKeyUnreadable { secret_id: Box<str> },
    /// Too old or too far in the future.
    SignatureExpired { timestamp_seconds: u64, now_seconds: u64, skew_seconds: u64, limit_seconds: u64 },
    SignatureMismatch,
    /// Temporary credentials are not issued here, and a token is part of one.
    UnknownToken { name: &'static str },
    /// A request for the action set before 2017, whatever else it holds.
    LegacyWithoutVersion,
}

/// What is wrong with a flattened parameter name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    EmptyPart,
    LargeIndex,
}

/// What is wrong with an `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationFault {
    NotText,
    FieldForm,
    UnknownField,
    DuplicateField,
    MissingField { field: &'static str },
    SignatureForm,
    CredentialForm,
    EmptySecretId,
    EmptyService,
    HeaderName,
    DuplicateHeader,
    TooManyHeaders,
    UnsignedHeader { header: &'static str },
    AbsentHeader { header: Box<str> },
}

/// The part of a received text that a message may repeat.
pub(crate) fn excerpt(text: &str) -> Box<str> {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}
