//! Signature v1 (HmacSHA1, HmacSHA256), in both dialects.
//! <https://cloud.tencent.com/document/api/213/15693>

use crate::{
    credential::HmacSha256,
    credentials::{Credentials, find_in_window},
    denied::{Denied, excerpt},
    digits,
    form::{self, Pair},
    host,
    language::Language,
    params::Params,
    raw::{Dialect, RawRequest},
    replay::ReplayKey,
    request::Request,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use sha1::Sha1;
use std::borrow::Cow;
use subtle::ConstantTimeEq;

type HmacSha1 = Hmac<Sha1>;

/// Common parameters, which every action accepts; sorted. They are signed like the others.
const COMMON: [&str; 11] = [
    "Action",
    "Language",
    "Nonce",
    "Region",
    "RequestClient",
    "SecretId",
    "Signature",
    "SignatureMethod",
    "Timestamp",
    "Token",
    "Version",
];

/// Authenticates a query (GET) or a form (POST).
pub(crate) fn authenticate(
    raw: &RawRequest<'_>,
    dialect: Dialect,
    credentials: &dyn Credentials,
    now_seconds: u64,
) -> Result<Request, Denied> {
    refuse_formless(raw, dialect)?;
    let signed = Signed::read(raw, dialect)?;
    let secret_id = signed.required("SecretId")?;
    let timestamp_seconds = signed.required_number("Timestamp")?;
    let nonce = signed.required_number("Nonce")?;
    let signature = signed.required("Signature")?;
    let action = signed.required("Action")?;

    let credential = find_in_window(credentials, secret_id, timestamp_seconds, now_seconds)?;
    let signature = STANDARD.decode(signature).map_err(|_| Denied::SignatureMismatch)?;
    let secret_key = credential.secret_key().as_bytes();
    let matches = if signed.optional("SignatureMethod") == Some("HmacSHA256") {
        signed.matches(raw, &keyed::<HmacSha256>(secret_key), &signature)
    } else {
        signed.matches(raw, &keyed::<HmacSha1>(secret_key), &signature)
    };
    if !matches {
        return Err(Denied::SignatureMismatch);
    }
    if signed.optional("Token").is_some() {
        return Err(Denied::UnknownToken { name: "Token" });
    }

    Ok(Request {
        dialect,
        owner: credential.owner(),
        secret_id: secret_id.into(),
        action: action.into(),
        version: signed.optional("Version").map(Box::from),
        region: signed.optional("Region").map(Box::from),
        language: Language::requested(raw),
        timestamp_seconds,
        service: None,
        host: host::named(raw.head()),
        replay: (dialect == Dialect::Legacy).then(|| ReplayKey::new(secret_id, timestamp_seconds, nonce, &signature)),
        params: signed.into_params()?,
    })
}

/// The pairs that the signature is over.
// Invariant: sorted by the bytes of the name, no name occurs twice.
struct Signed<'a> {
    pairs: Vec<Pair<'a>>,
}

impl<'a> Signed<'a> {
    fn read(raw: &RawRequest<'a>, dialect: Dialect) -> Result<Signed<'a>, Denied> {
        let (encoded, place) = encoded(raw);
        let mut pairs = match form::pairs(encoded, place) {
            Ok(pairs) => pairs,
            Err(_) if dialect == Dialect::Legacy && !has_value(encoded, b"Version=") => {
                return Err(Denied::LegacyWithoutVersion);
            }
            // For example `curl -d '{}'`: not meant as a form, and v1 signs nothing else.
            Err(denied) => {
                let is_form = matches!(denied, Denied::TooManyParameters { .. }) || has_value(encoded, b"Signature=");
                return Err(if dialect == Dialect::Api3 && !is_form { Denied::MissingAuthorization } else { denied });
            }
        };
        pairs.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let signed = Signed { pairs };
        if dialect == Dialect::Legacy && signed.optional("Version").is_none() {
            return Err(Denied::LegacyWithoutVersion);
        }
        if let Some(pair) = signed.pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Denied::DuplicateParameter { name: excerpt(&pair[0].0) });
        }
        if dialect == Dialect::Api3 && signed.optional("Signature").is_none() {
            return Err(Denied::MissingAuthorization);
        }
        Ok(signed)
    }

    /// A common parameter. One with an empty value counts as absent, because clients send empty ones.
    fn optional(&self, name: &str) -> Option<&str> {
        let position = self.pairs.binary_search_by(|(pair, _)| (**pair).cmp(name)).ok()?;
        Some(&*self.pairs[position].1).filter(|value| !value.is_empty())
    }

    fn required(&self, name: &'static str) -> Result<&str, Denied> {
        self.optional(name).ok_or(Denied::MissingParameter { name })
    }

    /// Some clients send nonces up to 2^63.
    fn required_number(&self, name: &'static str) -> Result<u64, Denied> {
        let value = self.required(name)?;
        digits::decimal(value).ok_or_else(|| Denied::MalformedParameter { name, value: excerpt(value) })
    }

    /// Whether any string that the client may have signed has this signature.
    fn matches<M: Mac + Clone>(&self, raw: &RawRequest<'_>, keyed: &M, signature: &[u8]) -> bool {
        let path = raw.target.path();
        let is = |signed: &[(Cow<'_, str>, &str)]| {
            host::candidates(raw.head()).any(|host| {
                let code = code(keyed.clone(), raw.method.as_str(), host, path, signed);
                bool::from(code.as_ref().ct_eq(signature))
            })
        };
        let is_spelled = |verbatim: &[(Cow<'_, str>, &str)]| {
            // Unlike upstream: the documents replace `_` in names by `.`, and most clients do so; the Node SDK does
            // not. Without a `_` both are the same.
            with_dots(verbatim).is_some_and(|dotted| is(&dotted)) || is(verbatim)
        };
        let all = to_sign(&self.pairs);
        if is_spelled(&all) {
            return true;
        }
        // The oldest SDK leaves file markers out of the signed string of a POST. Others know no file markers, and a
        // password may begin with `@` as well.
        let has_marker = raw.method == Method::POST && all.iter().any(|(_, value)| value.starts_with('@'));
        has_marker && is_spelled(&without_markers(all))
    }

    fn into_params(self) -> Result<Params, Denied> {
        let mut pairs = self.pairs;
        pairs.retain(|(name, _)| COMMON.binary_search(&&**name).is_err());
        Params::from_pairs(pairs)
    }
}

/// GET takes parameters only from the query, POST only from the body.
fn encoded<'a>(raw: &RawRequest<'a>) -> (&'a [u8], &'static str) {
    if raw.method == Method::GET { (raw.head().query().as_bytes(), "query") } else { (raw.body, "form") }
}

/// Refuses a POST whose body is neither declared to be a form nor signed as one.
///
/// Unlike upstream's documents, but like upstream's gateway: npm's `@tencent-sdk/capi` sends its forms as
/// `application/json`.
fn refuse_formless(raw: &RawRequest<'_>, dialect: Dialect) -> Result<(), Denied> {
    const FORM: &str = "application/x-www-form-urlencoded";
    let media_type = raw.head().media_type();
    if raw.method == Method::GET || media_type.eq_ignore_ascii_case(FORM) || has_value(raw.body, b"Signature=") {
        return Ok(());
    }
    // In API 3.0 signature v1 has no other form of a POST, so the missing part is TC3's header.
    if dialect == Dialect::Api3 {
        return Err(Denied::MissingAuthorization);
    }
    Err(Denied::UnsupportedContentType { found: excerpt(media_type), expected: FORM })
}

/// Whether a query or form contains the pair with a value. The rest of it may be malformed.
fn has_value(encoded: &[u8], begin: &[u8]) -> bool {
    encoded.split(|byte| *byte == b'&').any(|piece| piece.strip_prefix(begin).is_some_and(|value| !value.is_empty()))
}

fn to_sign<'a>(pairs: &'a [Pair<'_>]) -> Vec<(Cow<'a, str>, &'a str)> {
    pairs
        .iter()
        .filter(|(name, _)| name != "Signature")
        .map(|(name, value)| (Cow::Borrowed(&**name), &**value))
        .collect()
}

fn without_markers<'a>(mut pairs: Vec<(Cow<'a, str>, &'a str)>) -> Vec<(Cow<'a, str>, &'a str)> {
    pairs.retain(|(_, value)| !value.starts_with('@'));
    pairs
}

/// The pairs with `_` in names replaced, sorted again; none if no name has one.
fn with_dots<'a>(pairs: &[(Cow<'a, str>, &'a str)]) -> Option<Vec<(Cow<'a, str>, &'a str)>> {
    if !pairs.iter().any(|(name, _)| name.contains('_')) {
        return None;
    }
    let mut dotted: Vec<(Cow<'_, str>, &str)> =
        pairs.iter().map(|(name, value)| (Cow::Owned(name.replace('_', ".")), *value)).collect();
    dotted.sort_by(|(left, _), (right, _)| left.cmp(right));
    Some(dotted)
}

fn keyed<M: Mac + KeyInit>(secret_key: &[u8]) -> M {
    <M as KeyInit>::new_from_slice(secret_key).expect("HMAC takes keys of any length")
}

/// HMAC over `METHODhost/path?name=value&...`, sorted by name, values not encoded.
fn code<M: Mac>(
    mut keyed: M,
    method: &str,
    host: &[u8],
    path: &str,
    sorted: &[(Cow<'_, str>, &str)],
) -> impl AsRef<[u8]> {
    keyed.update(method.as_bytes());
    keyed.update(host);
    keyed.update(path.as_bytes());
    for (position, (name, value)) in sorted.iter().enumerate() {
        keyed.update(if position == 0 { b"?" } else { b"&" });
        keyed.update(name.as_bytes());
        keyed.update(b"=");
        keyed.update(value.as_bytes());
    }
    keyed.finalize().into_bytes()
}

/// The signature that a client makes over `params`, which hold everything but `Signature`.
pub(crate) fn sign(
    method: &Method,
    host: &str,
    path: &str,
    params: &[(&str, &str)],
    secret_key: &str,
    sha256: bool,
) -> String {
    let mut pairs: Vec<Pair<'_>> = params.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    pairs.sort();
    let verbatim = to_sign(&pairs);
    let signed = with_dots(&verbatim).unwrap_or(verbatim);
    let (secret_key, host) = (secret_key.as_bytes(), host.as_bytes());
    if sha256 {
        let keyed = keyed::<HmacSha256>(secret_key);
        STANDARD.encode(code(keyed, method.as_str(), host, path, &signed))
    } else {
        let keyed = keyed::<HmacSha1>(secret_key);
        STANDARD.encode(code(keyed, method.as_str(), host, path, &signed))
    }
}
