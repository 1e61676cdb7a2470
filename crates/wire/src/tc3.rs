//! Signature TC3-HMAC-SHA256, on API 3.0.
//! <https://cloud.tencent.com/document/api/213/30654>

use crate::{
    credential::{Credential, HmacSha256, derive_signing_key},
    credentials::{Credentials, find_in_window},
    denied::{AuthorizationFault, Denied, excerpt},
    digits, form, hash, host,
    language::Language,
    params::Params,
    raw::{Dialect, RawHead, RawRequest},
    request::Request,
};
use hmac::Mac;
use http::{
    HeaderName, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use subtle::ConstantTimeEq;

const ALGORITHM: &str = "TC3-HMAC-SHA256";
const JSON: &str = "application/json";
const FORM: &[u8] = b"application/x-www-form-urlencoded";

// Parsed names: a look-up by text would parse the text each time.
static ACTION: HeaderName = HeaderName::from_static("x-tc-action");
static CONTENT_SHA256: HeaderName = HeaderName::from_static("x-tc-content-sha256");
static LANGUAGE: HeaderName = HeaderName::from_static("x-tc-language");
static REGION: HeaderName = HeaderName::from_static("x-tc-region");
static TIMESTAMP: HeaderName = HeaderName::from_static("x-tc-timestamp");
static TOKEN: HeaderName = HeaderName::from_static("x-tc-token");
static VERSION: HeaderName = HeaderName::from_static("x-tc-version");

const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// Clients sign two or three headers. The limit bounds the cost of a forged list.
const SIGNED_HEADERS_MAX: usize = 32;

/// A head with a TC3 signature. Everything is checked that can be before the body arrives.
pub(crate) struct Head<'a> {
    authorization: Authorization<'a>,
    timestamp: &'a str,
    timestamp_seconds: u64,
    date: [u8; 10],
    credential: Arc<Credential>,
}

impl<'a> Head<'a> {
    /// Reads the head of a query (GET), or of a body in JSON (POST).
    pub(crate) fn read(
        raw: RawHead<'a>,
        authorization: &'a [u8],
        credentials: &dyn Credentials,
        now_seconds: u64,
    ) -> Result<Head<'a>, Denied> {
        let authorization = Authorization::read(authorization)?;
        refuse_doubled(raw, &authorization.names)?;
        if raw.method == Method::POST && !raw.media_type().eq_ignore_ascii_case(JSON) {
            let found = excerpt(raw.media_type());
            return Err(Denied::UnsupportedContentType { found, expected: JSON });
        }
        let timestamp = header(raw, "X-TC-Timestamp", &TIMESTAMP)?;
        let timestamp_seconds = digits::decimal(timestamp)
            .ok_or_else(|| Denied::MalformedParameter { name: "X-TC-Timestamp", value: excerpt(timestamp) })?;
        let credential = find_in_window(credentials, authorization.secret_id, timestamp_seconds, now_seconds)?;
        let date = digits::utc_date(timestamp_seconds);
        if authorization.date.as_bytes() != date {
            return Err(Denied::ScopeDateMismatch {
                date: excerpt(authorization.date),
                expected: String::from_utf8_lossy(&date).into(),
            });
        }
        refuse_incomplete(raw, &authorization.names)?;
        Ok(Head { authorization, timestamp, timestamp_seconds, date, credential })
    }

    /// The credential that the head names.
    pub(crate) fn credential(&self) -> &Arc<Credential> {
        &self.credential
    }

    /// Checks the signature, which covers the body too.
    pub(crate) fn authenticate(&self, raw: &RawRequest<'_>, credentials: &dyn Credentials) -> Result<Request, Denied> {
        let Head { authorization, timestamp, timestamp_seconds, date, credential } = self;
        // It may have been revoked while the body arrived.
        if !credentials.find(authorization.secret_id).is_some_and(|now| Arc::ptr_eq(&now, credential)) {
            return Err(Denied::SecretIdNotFound { secret_id: excerpt(authorization.secret_id) });
        }
        verify(raw, authorization, timestamp, date, credential)?;
        let head = raw.head();
        if head.headers.get(&TOKEN).is_some_and(|token| !token.is_empty()) {
            return Err(Denied::UnknownToken { name: "X-TC-Token" });
        }
        let optional = |spelling, name| {
            let value = text_of(head, spelling, name)?;
            Ok::<_, Denied>(Some(value).filter(|value| !value.is_empty()).map(Box::from))
        };
        Ok(Request {
            dialect: Dialect::Api3,
            owner: credential.owner(),
            secret_id: authorization.secret_id.into(),
            action: header(head, "X-TC-Action", &ACTION)?.into(),
            version: optional("X-TC-Version", &VERSION)?,
            region: optional("X-TC-Region", &REGION)?,
            language: Language::requested(raw),
            timestamp_seconds: *timestamp_seconds,
            service: Some(authorization.service.into()),
            host: host::named(head),
            replay: None,
            params: read_params(raw)?,
        })
    }
}

/// Refuses a header that occurs twice if it is signed or decides something: two readers of the same bytes could use
/// different ones.
fn refuse_doubled(raw: RawHead<'_>, signed: &[HeaderName]) -> Result<(), Denied> {
    // Hardly any request has a header twice.
    if raw.headers.len() == raw.headers.keys_len() {
        return Ok(());
    }
    let deciding = [&ACTION, &VERSION, &REGION, &TIMESTAMP, &TOKEN, &CONTENT_SHA256, &LANGUAGE];
    let named = [&HOST, &AUTHORIZATION, &CONTENT_TYPE];
    let doubled = |name: &&HeaderName| raw.headers.get_all(*name).iter().nth(1).is_some();
    match deciding.into_iter().chain(named).chain(signed).find(doubled) {
        Some(name) => Err(Denied::DuplicateHeader { name: name.as_str().into() }),
        None => Ok(()),
    }
}

/// `spelling` is the header's name as the vendor writes it, for a refusal.
fn header<'a>(raw: RawHead<'a>, spelling: &'static str, name: &HeaderName) -> Result<&'a str, Denied> {
    match text_of(raw, spelling, name)? {
        "" => Err(Denied::MissingParameter { name: spelling }),
        value => Ok(value),
    }
}

/// The same, but empty where the header is absent. A value that is not ASCII is refused.
fn text_of<'a>(raw: RawHead<'a>, spelling: &'static str, name: &HeaderName) -> Result<&'a str, Denied> {
    match raw.headers.get(name).filter(|value| value.to_str().is_err()) {
        Some(value) => {
            let value = excerpt(&String::from_utf8_lossy(value.as_bytes()));
            Err(Denied::MalformedParameter { name: spelling, value })
        }
        None => Ok(raw.header(name)),
    }
}

fn read_params(raw: &RawRequest<'_>) -> Result<Params, Denied> {
    if raw.method == Method::GET {
        return Params::from_pairs(form::pairs(raw.head().query().as_bytes(), "query")?);
    }
    // An action without parameters needs no body.
    if raw.body.is_empty() {
        return Ok(Params::empty());
    }
    Params::from_json(raw.body)
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    secret_id: &'a str,
    date: &'a str,
    service: &'a str,
    /// As received: `content-type;host`.
    signed_headers: &'a str,
    /// In the order received.
    names: Vec<HeaderName>,
    signature: [u8; 32],
}

impl<'a> Authorization<'a> {
    /// The fields may come in any order and with spaces around them.
    fn read(header: &'a [u8]) -> Result<Authorization<'a>, Denied> {
        let header = std::str::from_utf8(header).map_err(|_| malformed(AuthorizationFault::NotText))?.trim();
        let (algorithm, fields) = split_once(header, b' ').unwrap_or((header, ""));
        if algorithm != ALGORITHM {
            return Err(Denied::UnsupportedAlgorithm { algorithm: excerpt(algorithm) });
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        let mut rest = Some(fields);
        while let Some(fields) = rest {
            let (field, others) =
                split_once(fields, b',').map_or((fields, None), |(field, others)| (field, Some(others)));
            rest = others;
            let field = field.trim();
            if field.is_empty() {
                continue;
            }
            let (name, value) = split_once(field, b'=').ok_or_else(|| malformed(AuthorizationFault::FieldForm))?;
            let place = match name.trim_end() {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => {
                    return Err(malformed(AuthorizationFault::UnknownField));
                }
            };
            if place.replace(value.trim_start()).is_some() {
                return Err(malformed(AuthorizationFault::DuplicateField));
            }
        }
        let missing = |field| move || malformed(AuthorizationFault::MissingField { field });
        let credential = credential.ok_or_else(missing("Credential"))?;
        let signed_headers = signed_headers.ok_or_else(missing("SignedHeaders"))?;
        let signature = signature.ok_or_else(missing("Signature"))?;
        let (secret_id, date, service) = read_credential(credential)?;
        Ok(Authorization {
            secret_id,
            date,
            service,
            signed_headers,
            names: read_names(signed_headers)?,
            signature: hash::from_hex(signature.as_bytes())
                .ok_or_else(|| malformed(AuthorizationFault::SignatureForm))?,
        })
    }
}

/// Like `str::split_once`, but several times as fast: it runs seven times per request.
fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(at, text.as_bytes())?;
    Some((&text[..at], &text[at + 1..]))
}

fn malformed(what: AuthorizationFault) -> Denied {
    Denied::MalformedAuthorization { what }
}

/// `<SecretId>/<date>/<service>/tc3_request`. Any service is accepted: some clients derive it from the first label of
/// their endpoint, which here is `127` or `localhost:8312`.
fn read_credential(credential: &str) -> Result<(&str, &str, &str), Denied> {
    let form = || malformed(AuthorizationFault::CredentialForm);
    let scope = credential.strip_suffix("/tc3_request").ok_or_else(form)?;
    let (secret_id, scope) = split_once(scope, b'/').ok_or_else(form)?;
    let (date, service) = split_once(scope, b'/').ok_or_else(form)?;
    if secret_id.is_empty() {
        return Err(malformed(AuthorizationFault::EmptySecretId));
    }
    if service.is_empty() {
        return Err(malformed(AuthorizationFault::EmptyService));
    }
    Ok((secret_id, date, service))
}

fn read_names(signed_headers: &str) -> Result<Vec<HeaderName>, Denied> {
    let mut names = Vec::with_capacity(2);
    for name in signed_headers.split(';') {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed(AuthorizationFault::HeaderName))?;
        if names.contains(&name) {
            return Err(malformed(AuthorizationFault::DuplicateHeader));
        }
        if names.len() == SIGNED_HEADERS_MAX {
            return Err(malformed(AuthorizationFault::TooManyHeaders));
        }
        names.push(name);
    }
    Ok(names)
}

/// Refuses a list of signed headers that omits a required one or names an absent one.
fn refuse_incomplete(raw: RawHead<'_>, names: &[HeaderName]) -> Result<(), Denied> {
    if !names.contains(&HOST) {
        return Err(malformed(AuthorizationFault::UnsignedHeader { header: "host" }));
    }
    // Some HTTP stacks drop the content type of a GET because it has no body.
    let bare = raw.method == Method::GET && !raw.headers.contains_key(CONTENT_TYPE);
    if !bare && !names.contains(&CONTENT_TYPE) {
        return Err(malformed(AuthorizationFault::UnsignedHeader { header: "content-type" }));
    }
    for name in names {
        let tolerated = *name == HOST || (bare && *name == CONTENT_TYPE);
        if !tolerated && !raw.headers.contains_key(name) {
            return Err(malformed(AuthorizationFault::AbsentHeader { header: name.as_str().into() }));
        }
    }
    Ok(())
}

/// Compares the signature with that of each request that the client may have signed.
fn verify(
    raw: &RawRequest<'_>,
    authorization: &Authorization<'_>,
    timestamp: &str,
    date: &[u8; 10],
    credential: &Credential,
) -> Result<(), Denied> {
    let cached = credential.cached_signing_key(date, authorization.service);
    let is_cached = cached.is_some();
    let keyed = cached.unwrap_or_else(|| derive_signing_key(credential.secret_key(), date, authorization.service));
    let payload = payload_hash(raw);
    let matches = |meaning: &Meaning<'_>| {
        let request = hash_as_meant(raw, authorization, meaning, &payload);
        let code = code(keyed.clone(), timestamp, date, authorization.service, &request);
        bool::from(code.ct_eq(&authorization.signature))
    };
    if !meanings(raw, authorization).any(|meaning| matches(&meaning)) {
        return Err(Denied::SignatureMismatch);
    }
    if !is_cached {
        credential.cache_signing_key(date, authorization.service, keyed);
    }
    Ok(())
}

/// The parts of a signed request in which clients differ.
#[derive(Clone, Copy)]
struct Meaning<'a> {
    host: &'a [u8],
    query: &'a str,
    lowered: bool,
    /// The content type that was signed but did not arrive.
    lost_content_type: &'static [u8],
}

/// All variants, the likeliest first. Nearly always the first one matches.
fn meanings<'a>(raw: &RawRequest<'a>, authorization: &Authorization<'_>) -> impl Iterator<Item = Meaning<'a>> {
    let wire_query = raw.target.query().unwrap_or_default();
    // A query on a POST is not part of the request, and most clients do not sign it.
    let no_query = (raw.method == Method::POST && !wire_query.is_empty()).then_some("");
    let queries = [Some(wire_query), no_query].into_iter().flatten();
    // The documents lower-case the values, the SDKs do not.
    let verbatim = has_upper_case(raw, authorization).then_some(false);
    let cases = [Some(true), verbatim].into_iter().flatten();
    let lost = authorization.names.contains(&CONTENT_TYPE) && !raw.headers.contains_key(CONTENT_TYPE);
    let lost_types = [Some(FORM), lost.then_some(&b""[..])].into_iter().flatten();

    host::candidates(raw.head()).flat_map(move |host| {
        let (cases, lost_types) = (cases.clone(), lost_types.clone());
        queries.clone().flat_map(move |query| {
            let lost_types = lost_types.clone();
            cases.clone().flat_map(move |lowered| {
                lost_types.clone().map(move |lost_content_type| Meaning { host, query, lowered, lost_content_type })
            })
        })
    })
}

fn has_upper_case(raw: &RawRequest<'_>, authorization: &Authorization<'_>) -> bool {
    let upper = |bytes: &[u8]| bytes.iter().any(u8::is_ascii_uppercase);
    let authority = raw.target.authority().map_or("", |authority| authority.as_str());
    upper(authorization.signed_headers.as_bytes())
        || upper(authority.as_bytes())
        || authorization.names.iter().any(|name| raw.headers.get(name).is_some_and(|value| upper(value.as_bytes())))
}

fn payload_hash(raw: &RawRequest<'_>) -> [u8; 64] {
    if raw.head().header(&CONTENT_SHA256) == UNSIGNED_PAYLOAD {
        hash::sha256_hex(UNSIGNED_PAYLOAD.as_bytes())
    } else if raw.method == Method::GET {
        *hash::OF_NOTHING
    } else {
        hash::sha256_hex(raw.body)
    }
}

fn hash_as_meant(
    raw: &RawRequest<'_>,
    authorization: &Authorization<'_>,
    meaning: &Meaning<'_>,
    payload: &[u8; 64],
) -> [u8; 64] {
    // A received name differs from the parsed one only in case.
    let lines = authorization.signed_headers.split(';').zip(&authorization.names).map(|(received, name)| {
        let value = if *name == HOST {
            meaning.host
        } else {
            raw.headers.get(name).map_or(meaning.lost_content_type, |value| value.as_bytes())
        };
        (received, value.trim_ascii())
    });
    let canonical = Canonical {
        method: raw.method,
        query: meaning.query,
        signed_headers: authorization.signed_headers,
        lowered: meaning.lowered,
        payload,
    };
    canonical.hash(lines)
}

/// The canonical request without its header lines.
struct Canonical<'a> {
    method: &'a Method,
    query: &'a str,
    signed_headers: &'a str,
    lowered: bool,
    payload: &'a [u8; 64],
}

impl Canonical<'_> {
    fn hash<'a>(&self, lines: impl Iterator<Item = (&'a str, &'a [u8])>) -> [u8; 64] {
        let mut text = Vec::with_capacity(256 + self.query.len());
        text.extend_from_slice(self.method.as_str().as_bytes());
        text.extend_from_slice(b"\n/\n");
        text.extend_from_slice(self.query.as_bytes());
        text.push(b'\n');
        let headers = text.len();
        for (name, value) in lines {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend_from_slice(value);
            text.push(b'\n');
        }
        text.push(b'\n');
        text.extend_from_slice(self.signed_headers.as_bytes());
        if self.lowered {
            text[headers..].make_ascii_lowercase();
        }
        text.push(b'\n');
        text.extend_from_slice(self.payload);
        hash::to_hex(&Sha256::digest(&text).into())
    }
}

fn code(mut keyed: HmacSha256, timestamp: &str, date: &[u8; 10], service: &str, request: &[u8; 64]) -> [u8; 32] {
    keyed.update(b"TC3-HMAC-SHA256\n");
    keyed.update(timestamp.as_bytes());
    keyed.update(b"\n");
    keyed.update(date);
    keyed.update(b"/");
    keyed.update(service.as_bytes());
    keyed.update(b"/tc3_request\n");
    keyed.update(request);
    keyed.finalize().into_bytes().into()
}

/// Who signs, when, and for which service.
pub(crate) struct SigningScope<'a> {
    pub(crate) secret_id: &'a str,
    pub(crate) secret_key: &'a str,
    pub(crate) service: &'a str,
    pub(crate) timestamp_seconds: u64,
}

/// The `Authorization` header of a client that signs `lines`.
pub(crate) fn sign(
    scope: &SigningScope<'_>,
    method: &Method,
    query: &str,
    lines: &[(&str, &[u8])],
    body: &[u8],
) -> String {
    let SigningScope { secret_id, secret_key, service, timestamp_seconds } = scope;
    let date = digits::utc_date(*timestamp_seconds);
    let signed_headers = lines.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let payload = hash::sha256_hex(body);
    let canonical = Canonical { method, query, signed_headers: &signed_headers, lowered: true, payload: &payload };
    let request = canonical.hash(lines.iter().copied());
    let keyed = derive_signing_key(secret_key, &date, service);
    let signature = code(keyed, &timestamp_seconds.to_string(), &date, service, &request);
    let (date, signature) = (String::from_utf8_lossy(&date), hash::to_hex(&signature));
    let signature = String::from_utf8_lossy(&signature);
    format!(
        "{ALGORITHM} Credential={secret_id}/{date}/{service}/tc3_request, \
         SignedHeaders={signed_headers}, Signature={signature}"
    )
}

#[cfg(test)]
mod test {
    use super::*;

    const BODY: &[u8] = br#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;

    fn request_hash(lines: &[(&str, &str)], signed_headers: &str, lowered: bool) -> String {
        let payload = hash::sha256_hex(BODY);
        let method = &Method::POST;
        let canonical = Canonical { method, query: "", signed_headers, lowered, payload: &payload };
        let lines = lines.iter().map(|(name, value)| (*name, value.as_bytes()));
        String::from_utf8(canonical.hash(lines).to_vec()).unwrap()
    }

    #[test]
    fn intermediate_hashes_are_the_documented_ones() {
        let payload = String::from_utf8(hash::sha256_hex(BODY).to_vec()).unwrap();
        assert_eq!(payload, "35e9c5b0e3ae67532d3c9f17ead6c90222632e5b1ff7f6e89887f1398934f064");

        let mut lines = vec![("content-type", "application/json; charset=utf-8"), ("host", "cvm.tencentcloudapi.com")];
        assert_eq!(
            request_hash(&lines, "content-type;host", false),
            "5ffe6a04c0664d6b969fab9a13bdab201d63ee709638e2749d62a09ca18d7031"
        );

        lines.push(("x-tc-action", "DescribeInstances"));
        assert_eq!(
            request_hash(&lines, "content-type;host;x-tc-action", true),
            "7019a55be8395899b900fb5564e4200d984910f34794a27cb3fb7d10ff6a1e84"
        );
    }

    #[test]
    fn only_a_key_that_verified_is_cached() {
        let credential = Credential::new(1, "id", "key");
        let is_cached = || credential.cached_signing_key(b"2019-02-25", "cvm").is_some();
        let arrive = |signing_key| {
            let scope = SigningScope {
                secret_id: "id",
                secret_key: signing_key,
                service: "cvm",
                timestamp_seconds: 1_551_113_065,
            };
            let lines = [("content-type", JSON.as_bytes()), ("host", &b"h"[..])];
            let signed = sign(&scope, &Method::POST, "", &lines, BODY);
            let mut headers = http::HeaderMap::new();
            headers.insert(HOST, "h".parse().unwrap());
            headers.insert(CONTENT_TYPE, JSON.parse().unwrap());
            let (method, target) = (&Method::POST, &http::Uri::from_static("/"));
            let raw = RawRequest { method, target, headers: &headers, body: BODY };
            let authorization = Authorization::read(signed.as_bytes()).unwrap();
            verify(&raw, &authorization, "1551113065", b"2019-02-25", &credential)
        };
        assert_eq!(arrive("forged"), Err(Denied::SignatureMismatch));
        assert!(!is_cached());
        assert_eq!(arrive("key"), Ok(()));
        assert!(is_cached());
        assert_eq!(arrive("key"), Ok(()));
        assert_eq!(arrive("forged"), Err(Denied::SignatureMismatch));
    }

    #[test]
    fn the_hash_of_nothing_is_that_of_no_bytes() {
        assert_eq!(hash::sha256_hex(b""), *hash::OF_NOTHING);
    }
}
