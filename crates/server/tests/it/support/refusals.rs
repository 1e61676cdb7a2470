//! Refusals in each dialect, and lists of bad requests that must all be refused.

use super::{
    Server,
    http::{Answer, Client, Refused, request},
};
use std::time::{Duration, Instant};

/// Codes of the other dialect.
const NEVER_LEGACY: &[&str] = &[
    "AuthFailure",
    "UnsupportedOperation.",
    "OperationDenied.",
    "MutexOperation.",
    "InternalError",
    "NoSuchVersion",
    "RequestSizeLimitExceeded",
];
const NEVER_API3: &[&str] = &[
    "InvalidInstance.NotSupported",
    "InvalidParameter.SignatureFailure",
    "InvalidParameter.SecretIdNotFound",
    "InvalidRequest.ReplayAttack",
    "InvalidRequest.Forbidden",
    "InternalServerError",
    "InvalidPassword",
];

/// The dialect of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Api3,
    Legacy,
}
use Dialect::{Api3, Legacy};

/// One bad request: its description, its dialect, its code.
#[derive(Debug)]
pub(crate) struct Bad {
    pub(crate) what: &'static str,
    pub(crate) dialect: Dialect,
    pub(crate) code: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// The code of a refusal, which must belong to this dialect and have a message.
#[track_caller]
pub(crate) fn code(what: &str, dialect: Dialect, answer: Answer) -> String {
    let Refused { code, message, request } = match answer {
        Err(refused) => refused,
        Ok(answer) => panic!("{what} was not refused: {answer}"),
    };
    assert!(!message.is_empty() && !message.contains("panick"), "{what}: {message:?} names what to mend");
    let (never, cased) = match dialect {
        Legacy => (NEVER_LEGACY, request.to_uppercase()),
        Api3 => (NEVER_API3, request.to_lowercase()),
    };
    assert!(!never.iter().any(|other| code.starts_with(other)), "{what}: {code} is the other dialect's");
    assert_eq!(request, cased, "{what}: the RequestId in the case of its dialect");
    code
}

/// Checks that each is answered with its code, quickly, and that the server still runs.
pub(crate) fn refused_all(server: &Server, all: Vec<Bad>) {
    for Bad { what, dialect, code: wanted, bytes } in all {
        let begun = Instant::now();
        let reply = server.client.send(&bytes).unwrap_or_else(|error| panic!("{what}: no answer: {error}"));
        assert_eq!(code(what, dialect, reply.answer()), wanted, "{what}: {}", String::from_utf8_lossy(&reply.body));
        assert!(begun.elapsed() < Duration::from_secs(10), "{what} took {:?}", begun.elapsed());
    }
    assert!(server.is_healthy());
}

/// A POST to API 3.0 with only these headers.
pub(crate) fn api3(client: &Client, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut all = vec![("host", client.address.to_string())];
    all.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
    request("POST", "/", &all, body)
}
