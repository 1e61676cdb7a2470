//! Requests as clients send them, valid until a test changes them.

use std::sync::{Arc, OnceLock};

use cvmd_wire::{Credential, Credentials, Denied, RawHead, RawRequest, Request, sign};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

pub(crate) const OWNER: u32 = 42;
pub(crate) const SECRET_ID: &str = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE";
pub(crate) const SECRET_KEY: &str = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE";
pub(crate) const NOW: u64 = 1_551_113_065;
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";
pub(crate) const HOST: &str = "127.0.0.1:8312";

/// The keys of the documents' examples, and one for all other tests.
pub(crate) struct Known(Vec<Arc<Credential>>);

impl Credentials for Known {
    fn find(&self, secret_id: &str) -> Option<Arc<Credential>> {
        self.0.iter().find(|credential| credential.secret_id() == secret_id).cloned()
    }
}

pub(crate) fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let credential = |id, key| Arc::new(Credential::new(OWNER, id, key));
        Known(vec![
            credential(SECRET_ID, SECRET_KEY),
            credential("AKIDstars7", "Gu5t9xGARNpq86cd98joQYCN3*******"),
            credential("AKIDstars32", "********************************"),
        ])
    })
}

/// A request as it is sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Sent {
    pub(crate) fn new(method: Method, target: &str, body: &str) -> Sent {
        let headers = HeaderMap::new();
        Sent { method, target: target.into(), headers, body: body.as_bytes().into() }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Sent {
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
        self
    }

    /// The same header once more.
    pub(crate) fn doubled(mut self, name: &'static str, value: &str) -> Sent {
        self.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Sent {
        self.headers.remove(name);
        self
    }

    pub(crate) fn arrive(&self) -> Result<Request, Denied> {
        self.arrive_at(NOW)
    }

    pub(crate) fn arrive_at(&self, now_seconds: u64) -> Result<Request, Denied> {
        let target: Uri = self.target.parse().unwrap();
        let (method, headers, body) = (&self.method, &self.headers, &self.body[..]);
        let raw = RawRequest { method, target: &target, headers, body };
        cvmd_wire::authenticate(&raw, known(), now_seconds)
    }

    /// Why the head alone is refused, when it announces a body of that many bytes.
    pub(crate) fn denied_by_head(&self, body_bytes: u64) -> Option<Denied> {
        let target: Uri = self.target.parse().unwrap();
        let head = RawHead { method: &self.method, target: &target, headers: &self.headers };
        cvmd_wire::check_head(head, body_bytes, known(), NOW).err()
    }

    /// The reason for refusing a request whose credential is revoked between its head and its body.
    pub(crate) fn denied_when_revoked(&self) -> Denied {
        let target: Uri = self.target.parse().unwrap();
        let raw = RawRequest { method: &self.method, target: &target, headers: &self.headers, body: &self.body };
        let checked = cvmd_wire::check_head(raw.head(), 0, known(), NOW).unwrap();
        checked.authenticate(raw.body, &Known(Vec::new()), NOW).unwrap_err()
    }

    pub(crate) fn denied(&self) -> Denied {
        self.arrive().expect_err("this request must be denied")
    }
}

/// What a TC3 client chooses. [`Tc3::send`] signs it.
#[derive(Clone, Debug)]
pub(crate) struct Tc3<'a> {
    pub(crate) method: Method,
    pub(crate) query: &'a str,
    pub(crate) body: &'a str,
    pub(crate) service: &'a str,
    pub(crate) signed_host: &'a str,
    pub(crate) sent_host: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) timestamp: u64,
}

impl Default for Tc3<'_> {
    fn default() -> Self {
        Tc3 {
            method: Method::POST,
            query: "",
            body: "{}",
            service: "cvm",
            signed_host: HOST,
            sent_host: HOST,
            content_type: JSON,
            timestamp: NOW,
        }
    }
}

impl Tc3<'_> {
    pub(crate) fn get(query: &str) -> Tc3<'_> {
        Tc3 { method: Method::GET, query, body: "", content_type: FORM, ..Tc3::default() }
    }

    pub(crate) fn authorization(&self) -> String {
        sign::tc3(
            SECRET_ID,
            SECRET_KEY,
            self.service,
            self.signed_host,
            self.content_type,
            self.timestamp,
            &self.method,
            self.query,
            self.body.as_bytes(),
        )
    }

    pub(crate) fn send(&self) -> Sent {
        let target = if self.query.is_empty() { "/".into() } else { format!("/?{}", self.query) };
        Sent::new(self.method.clone(), &target, self.body)
            .header("host", self.sent_host)
            .header("content-type", self.content_type)
            .header("x-tc-action", "DescribeInstances")
            .header("x-tc-version", "2017-03-12")
            .header("x-tc-region", "ap-guangzhou")
            .header("x-tc-timestamp", &self.timestamp.to_string())
            .header("authorization", &self.authorization())
    }
}

/// What a v1 client chooses. [`V1::send`] signs it.
#[derive(Clone, Debug)]
pub(crate) struct V1<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) signed_host: &'a str,
    pub(crate) sent_host: &'a str,
    pub(crate) sha256: bool,
    pub(crate) params: Vec<(&'a str, &'a str)>,
}

impl<'a> V1<'a> {
    pub(crate) fn new(method: Method, path: &'a str, business: &[(&'a str, &'a str)]) -> V1<'a> {
        let mut params = vec![
            ("Action", "DescribeInstances"),
            ("Version", "2017-03-12"),
            ("Region", "ap-guangzhou"),
            ("Nonce", "9223372036854775807"),
            ("Timestamp", "1551113065"),
            ("SecretId", SECRET_ID),
            ("RequestClient", "SDK_PYTHON_2.0.15"),
        ];
        params.extend_from_slice(business);
        V1 { method, path, signed_host: HOST, sent_host: HOST, sha256: false, params }
    }

    pub(crate) fn legacy(business: &[(&'a str, &'a str)]) -> V1<'a> {
        V1::new(Method::GET, "/v2/index.php", business)
    }

    /// Replaces or removes a parameter.
    pub(crate) fn with(mut self, name: &'a str, value: Option<&'a str>) -> V1<'a> {
        self.params.retain(|(other, _)| *other != name);
        self.params.extend(value.map(|value| (name, value)));
        self
    }

    pub(crate) fn signature(&self) -> String {
        let (host, params) = (self.signed_host, &self.params);
        sign::v1(&self.method, host, self.path, params, SECRET_KEY, self.sha256)
    }

    pub(crate) fn send(&self) -> Sent {
        self.send_signed(&self.signature())
    }

    pub(crate) fn send_signed(&self, signature: &str) -> Sent {
        let mut pairs = self.params.clone();
        pairs.push(("Signature", signature));
        self.send_encoded(&encode(&pairs))
    }

    pub(crate) fn send_encoded(&self, encoded: &str) -> Sent {
        let sent = if self.method == Method::GET {
            Sent::new(Method::GET, &format!("{}?{encoded}", self.path), "")
        } else {
            Sent::new(self.method.clone(), self.path, encoded).header("content-type", FORM)
        };
        sent.header("host", self.sent_host)
    }
}

/// `application/x-www-form-urlencoded` as Python writes it: space as `+`.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let mut encoded = String::new();
        for byte in text.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                    encoded.push(char::from(byte));
                }
                b' ' => encoded.push('+'),
                _ => encoded.push_str(&format!("%{byte:02X}")),
            }
        }
        encoded
    };
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}
