//! A request with a known sender.

use crate::{language::Language, params::Params, raw::Dialect, replay::ReplayKey};

/// What [`authenticate`](crate::authenticate()) returns: who asks for what.
#[derive(Debug)]
pub struct Request {
    pub dialect: Dialect,
    /// The account that the credential belongs to.
    pub owner: u32,
    pub secret_id: Box<str>,
    pub action: Box<str>,
    /// Always present in the legacy dialect.
    pub version: Option<Box<str>>,
    pub region: Option<Box<str>>,
    pub language: Language,
    pub timestamp_seconds: u64,
    /// The service in the scope of a TC3 signature, unchecked: some clients derive it from the first label of the host
    /// name.
    pub service: Option<Box<str>>,
    /// The host that the request names, lower-cased, without port; empty where it names none. Its first label is the
    /// product if the client uses a product's host: `vpc.tencentcloudapi.com`.
    pub host: Box<str>,
    /// Only in the legacy dialect, which must refuse the same signed request a second time.
    pub replay: Option<ReplayKey>,
    /// The action's own parameters, without the common ones. Their values are not printed.
    pub params: Params,
}
