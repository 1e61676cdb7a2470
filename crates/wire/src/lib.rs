//! Turns bytes into requests and replies into bytes: signatures, forms, JSON, envelope. No IO.
//!
//! [`authenticate()`] turns the bytes of one HTTP request into a [`Request`] with a known sender, or into the reason
//! for refusing it ([`Denied`]). Where the body arrives later than the head, [`check_head`] comes first. [`envelope`]
//! writes replies. Wire codes do not exist here; the caller chooses one for each reason.
//!
//! Protocol: <https://cloud.tencent.com/document/api/213/30654> (TC3-HMAC-SHA256),
//! <https://cloud.tencent.com/document/api/213/15693> (HmacSHA1, HmacSHA256).

mod authenticate;
mod bounds;
pub mod compact;
mod credential;
mod credentials;
mod denied;
mod digits;
pub mod envelope;
mod form;
mod hash;
mod host;
mod json;
mod language;
mod params;
mod raw;
mod replay;
mod request;
pub mod sign;
mod tc3;
mod v1;
mod value;

pub use authenticate::{Checked, authenticate, check_head};
pub use credential::Credential;
pub use credentials::Credentials;
pub use denied::{AuthorizationFault, Denied, NameFault};
pub use language::Language;
pub use params::Params;
pub use raw::{Dialect, RawHead, RawRequest};
pub use replay::{MalformedReplayKey, ReplayKey};
pub use request::Request;
pub use value::{Map, Value};
