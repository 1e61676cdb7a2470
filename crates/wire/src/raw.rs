//! One HTTP request as received, before it is authenticated.

use http::{HeaderMap, HeaderName, Method, Uri, header::CONTENT_TYPE};
use std::fmt;

/// A received request: borrowed, complete and untrusted.
pub struct RawRequest<'a> {
    pub method: &'a Method,
    /// In origin form (`/?a=b`) or, from clients that use cvmd as a proxy, in absolute form (`http://host/?a=b`).
    pub target: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// A received request without its body, which may not have arrived yet.
#[derive(Clone, Copy)]
pub struct RawHead<'a> {
    pub method: &'a Method,
    /// As in [`RawRequest`].
    pub target: &'a Uri,
    pub headers: &'a HeaderMap,
}

impl<'a> RawRequest<'a> {
    pub fn head(&self) -> RawHead<'a> {
        RawHead { method: self.method, target: self.target, headers: self.headers }
    }
}

impl<'a> RawHead<'a> {
    /// The whole request, when its body has arrived.
    pub fn with(self, body: &'a [u8]) -> RawRequest<'a> {
        RawRequest { method: self.method, target: self.target, headers: self.headers, body }
    }

    /// The undecoded query; empty where there is none.
    pub(crate) fn query(&self) -> &'a str {
        self.target.query().unwrap_or_default()
    }

    /// The value of a header, empty where it is absent or is not text.
    pub(crate) fn header(&self, name: &HeaderName) -> &'a str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().trim()
    }

    /// The media type without its parameters, as received.
    pub(crate) fn media_type(&self) -> &'a str {
        let content_type = self.header(&CONTENT_TYPE);
        let end = memchr::memchr(b';', content_type.as_bytes()).unwrap_or(content_type.len());
        content_type[..end].trim_end()
    }
}

/// Leaves out query, headers and body, which hold signatures and passwords.
impl fmt::Debug for RawRequest<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RawRequest")
            .field("method", self.method)
            .field("path", &self.target.path())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Leaves out query and headers.
impl fmt::Debug for RawHead<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path) = (self.method, self.target.path());
        formatter.debug_struct("RawHead").field("method", method).field("path", &path).finish_non_exhaustive()
    }
}

/// The vendor's two dialects of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `/v2/index.php`: forms and queries only, signature v1 only.
    Legacy,
    /// `/`: API 3.0.
    Api3,
}

pub(crate) const LEGACY_PATH: &str = "/v2/index.php";

impl Dialect {
    /// The dialect of a path. An unknown path counts as API 3.0 until the request is authenticated, so that its refusal
    /// has an envelope too.
    pub fn of_path(path: &str) -> Dialect {
        if path == LEGACY_PATH { Dialect::Legacy } else { Dialect::Api3 }
    }
}
