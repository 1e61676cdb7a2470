//! Why bytes are not a valid request: reasons, not wire codes.

/// The reason why a request was refused before its action was looked at. Its text is for the caller and names what to
/// correct, in the vendor's words where they are known; it never repeats a value that may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("The path `{path}` is not found. API 3.0 answers at `/`, the legacy API at `/v2/index.php`.")]
    UnknownPath { path: Box<str> },

    #[error("The request method `{method}` is not allowed. Use `GET` or `POST`.")]
    MethodNotAllowed { method: Box<str> },

    #[error("The query has {bytes} bytes, which exceeds the limit of {limit_bytes} bytes. Use `POST`.")]
    QueryTooLarge { bytes: usize, limit_bytes: usize },

    /// The limit depends on the signature: v1 has the smaller one.
    #[error("The request has {bytes} bytes, which exceeds the request size limit of {limit_bytes} bytes{}", smaller_hint(*limit_bytes))]
    BodyTooLarge { bytes: usize, limit_bytes: usize },

    /// The vendor's words. The vendor has actions that take `multipart/form-data`, for files; none of them is here.
    #[error("this action not support Content-Type=`{found}`. Use `{expected}`.")]
    UnsupportedContentType { found: Box<str>, expected: &'static str },

    #[error("Url key and value should be splited by `=`.")]
    PairWithoutEquals { pair: Box<str> },

    #[error("The parameter `{pair}` holds `%` without two hexadecimal digits after it.")]
    MalformedEscape { pair: Box<str> },

    #[error("The parameter name `{name}` is not valid: {what}.")]
    MalformedName { name: Box<str>, what: NameFault },

    /// `place` is `body`, `query` or `form`.
    #[error("The {place} is not valid UTF-8.")]
    InvalidUtf8 { place: &'static str },

    #[error("The request body is not valid JSON: {what}.")]
    MalformedJson { what: Box<str> },

    #[error("The request body must be a JSON object.")]
    JsonNotAnObject,

    #[error("The parameters are nested deeper than {limit} levels.")]
    NestedTooDeep { limit: usize },

    #[error("The request holds more than {limit} parameter values.")]
    TooManyParameters { limit: usize },

    /// A JSON member, a query key or a form field that occurs twice.
    #[error("The parameter `{name}` is given more than once.")]
    DuplicateParameter { name: Box<str> },

    /// A header that is signed or that decides something: two readers could each use a different one.
    #[error("The header `{name}` is given more than once.")]
    DuplicateHeader { name: Box<str> },

    /// `A=1&A.0=2`, or `A.0=1&A.Name=2`: `name` is `A`.
    #[error("The parameter `{name}` is given in two forms: a value, a list and a structure exclude one another.")]
    ConflictingParameter { name: Box<str> },

    /// A common parameter or, with TC3, its header.
    #[error("The request is missing a required parameter `{name}`.")]
    MissingParameter { name: &'static str },

    /// A common parameter or, with TC3, its header.
    #[error("The value `{value}` specified in the parameter `{name}` is not valid.")]
    MalformedParameter { name: &'static str, value: Box<str> },

    /// API 3.0 with neither an `Authorization` header nor a `Signature` parameter.
    #[error("The request is missing the `Authorization` header (or, with signature v1, the parameter `Signature`).")]
    MissingAuthorization,

    #[error("The request `Authorization` header does not conform to tencentcloud standards: {what}.")]
    MalformedAuthorization { what: AuthorizationFault },

    #[error("The signature algorithm `{algorithm}` is not supported. Use `TC3-HMAC-SHA256`.")]
    UnsupportedAlgorithm { algorithm: Box<str> },

    /// Usually the client wrote its local date.
    #[error("The date `{date}` in Credential is not the UTC date of `X-TC-Timestamp`, which is `{expected}`.")]
    ScopeDateMismatch { date: Box<str>, expected: Box<str> },

    #[error("The SecretId is not found, please ensure that your SecretId is correct.")]
    SecretIdNotFound { secret_id: Box<str> },

    /// Too old or too far in the future.
    #[error(
        "The signature has expired: the timestamp {timestamp_seconds} is {skew_seconds} seconds away from the server's time {now_seconds}; at most {limit_seconds} are allowed."
    )]
    SignatureExpired { timestamp_seconds: u64, now_seconds: u64, skew_seconds: u64, limit_seconds: u64 },

    #[error("The provided credentials could not be validated. Please check your signature is correct.")]
    SignatureMismatch,

    /// Temporary credentials are not issued here, and a token is part of one.
    #[error("The token is not valid: there are no temporary credentials here. Leave `{name}` out.")]
    UnknownToken { name: &'static str },

    /// A request for the action set before 2017, whatever else it holds.
    #[error("The API version before 2017 is not supported here. Pass `Version=2017-03-12`.")]
    LegacyWithoutVersion,
}

/// What is wrong with a flattened parameter name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    #[error("it is empty, or has an empty part beside a `.`")]
    EmptyPart,
    #[error("a list index is too large")]
    LargeIndex,
}

/// What is wrong with an `Authorization` header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationFault {
    #[error("it is not text")]
    NotText,
    #[error("a field is not of the form `Name=value`")]
    FieldForm,
    #[error("a field is none of `Credential`, `SignedHeaders`, `Signature`")]
    UnknownField,
    #[error("a field is given more than once")]
    DuplicateField,
    #[error("`{field}` is missing")]
    MissingField { field: &'static str },
    #[error("`Signature` is not 64 hexadecimal digits")]
    SignatureForm,
    #[error("`Credential` is not of the form `SecretId/date/service/tc3_request`")]
    CredentialForm,
    #[error("`SecretId` in Credential is empty")]
    EmptySecretId,
    /// In the vendor's words.
    #[error("`Service` in Credential not valid")]
    EmptyService,
    #[error("`SignedHeaders` holds what is no header name")]
    HeaderName,
    #[error("`SignedHeaders` names a header more than once")]
    DuplicateHeader,
    #[error("`SignedHeaders` names too many headers")]
    TooManyHeaders,
    #[error("`SignedHeaders` must name `{header}`")]
    UnsignedHeader { header: &'static str },
    #[error("`SignedHeaders` names `{header}`, which the request does not have")]
    AbsentHeader { header: Box<str> },
}

fn smaller_hint(limit_bytes: usize) -> &'static str {
    if limit_bytes < crate::bounds::TC3_BODY_BYTES_MAX {
        " of this signature method. Use `TC3-HMAC-SHA256` for larger requests."
    } else {
        "."
    }
}

/// The part of a received text that a message may repeat.
pub(crate) fn excerpt(text: &str) -> Box<str> {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}
