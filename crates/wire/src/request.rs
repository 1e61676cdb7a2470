//! A request with a known sender.

use std::fmt;

use crate::language::Language;
use crate::params::Params;
use crate::raw::Dialect;
use crate::replay::ReplayKey;

/// What [`authenticate`](crate::authenticate()) returns: who asks for what.
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
    /// The action's own parameters, without the common ones.
    pub params: Params,
}

/// Leaves out the values of parameters, among which are passwords.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("dialect", &self.dialect)
            .field("owner", &self.owner)
            .field("secret_id", &self.secret_id)
            .field("action", &self.action)
            .field("version", &self.version)
            .field("region", &self.region)
            .field("language", &self.language)
            .field("timestamp_seconds", &self.timestamp_seconds)
            .field("service", &self.service)
            .field("host", &self.host)
            .field("replay", &self.replay)
            .field("params", &self.params)
            .finish()
    }
}
