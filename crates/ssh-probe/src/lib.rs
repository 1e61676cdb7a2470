//! Asks an sshd which public keys it would let a user in with, and which methods it offers, without any private key.
//!
//! The questions are publickey requests without a signature ([RFC 4252, section 7]). An sshd answers each with "sign this"
//! (`USERAUTH_PK_OK`) or with `USERAUTH_FAILURE`. Nobody logs in, because nothing is ever signed.
//!
//! What an answer is worth:
//! - [`Verdict::Refused`] is **firm**: at that moment this key let nobody in as this user who came from where we asked
//!   and showed it first, whatever the reason (not listed, the user may not log in, the method is off). Somebody
//!   who comes from elsewhere may be judged otherwise, where a `from=` or a `Match Address` says so.
//! - [`Verdict::Accepted`] is only **necessary**: the key is listed and its options fit. The login may still fail, because
//!   sshd looks at `PermitRootLogin`, the account's expiry and PAM only after the signature. A server that lies is
//!   believed, in both directions: what it says it would do is all that can be learnt from outside.
//! - [`Verdict::NotAnswered`] is neither, and must never be counted as a refusal: [`Answer::why`] tells what was missing.
//! - [`Answer::methods`] are what is offered, not what succeeds: sshd lists `password` for root also where
//!   `PermitRootLogin prohibit-password` refuses every password. Passwords are off only when both `password` and
//!   `keyboard-interactive` are absent.
//! - [`Answer::host_key`] is proven: the server signed the key exchange with it.
//!
//! Whatever the other end does, asking takes no longer than [`Limits::in_all_ms`] and holds no more than about a megabyte.
//!
//! [RFC 4252, section 7]: https://www.rfc-editor.org/rfc/rfc4252#section-7

mod answer;
mod ask;
mod connection;
mod greeting;
mod offer;
mod question;
mod stream;

pub use answer::{Answer, Stage, Unanswered, Verdict};
pub use ask::ask;
pub use question::{AskedKey, Expected, Limits, Question};
