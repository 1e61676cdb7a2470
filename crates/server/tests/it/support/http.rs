//! A small blocking HTTP client that signs for both dialects, and can also send arbitrary bytes.

use ::http::Method;
use cvmd_clock::Clock;
use cvmd_wire::sign;
use serde_json::Value;
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicU64, Ordering},
};

pub(crate) const LEGACY: &str = "/v2/index.php";
const JSON: &str = "application/json";

/// One credential at one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    pub(crate) secret_id: String,
    pub(crate) secret_key: String,
    /// The host to call and to sign for, if it is not the address.
    pub(crate) host: Option<String>,
}

/// One HTTP answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// A refusal, as in the envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) request: String,
}

pub(crate) type Answer = Result<Value, Refused>;

pub(crate) fn now_seconds() -> u64 {
    Clock::System.now_ms() / 1000
}

impl Client {
    /// The same server, another credential.
    pub(crate) fn with(&self, secret_id: &str, secret_key: &str) -> Client {
        Client { secret_id: secret_id.into(), secret_key: secret_key.into(), ..self.clone() }
    }

    /// Calls an API 3.0 action that must succeed; returns the content of `Response`.
    #[track_caller]
    pub(crate) fn call(&self, action: &str, parameters: Value) -> Value {
        match self.answer(action, parameters) {
            Ok(answer) => answer,
            Err(refused) => panic!("{action}: {refused:?}"),
        }
    }

    /// The code with which API 3.0 refuses an action.
    #[track_caller]
    pub(crate) fn refusal(&self, action: &str, parameters: Value) -> String {
        match self.answer(action, parameters) {
            Ok(answer) => panic!("{action} was not refused: {answer}"),
            Err(refused) => refused.code,
        }
    }

    pub(crate) fn answer(&self, action: &str, parameters: Value) -> Answer {
        self.send(&self.tc3(action, &parameters.to_string(), &Tc3::default())).unwrap().answer()
    }

    /// Calls an action in the legacy dialect.
    pub(crate) fn legacy(&self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        self.send(&self.signed_query(LEGACY, &self.v1(action, parameters))).unwrap().answer()
    }

    pub(crate) fn get(&self, path: &str) -> io::Result<Reply> {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address).as_bytes())
    }

    /// The bytes of a POST that is signed with TC3.
    pub(crate) fn tc3(&self, action: &str, body: &str, with: &Tc3<'_>) -> Vec<u8> {
        let (host, method) = (self.host(), Method::POST);
        let content_type = with.content_type.unwrap_or(JSON);
        let at = with.timestamp_seconds.unwrap_or_else(now_seconds);
        let (id, key) = (&self.secret_id, &self.secret_key);
        let authorization =
            sign::tc3(id, key, with.service.unwrap_or("cvm"), &host, content_type, at, &method, "", body.as_bytes());
        let mut headers = vec![
            ("host", host),
            ("content-type", content_type.into()),
            ("authorization", authorization),
            ("x-tc-action", action.into()),
            ("x-tc-version", with.version.unwrap_or("2017-03-12").into()),
            ("x-tc-timestamp", at.to_string()),
        ];
        if let Some(region) = with.region {
            headers.push(("x-tc-region", region.into()));
        }
        request("POST", with.path.unwrap_or("/"), &headers, body.as_bytes())
    }

    /// All parameters of a v1 request except the signature.
    pub(crate) fn v1(&self, action: &str, parameters: &[(&str, &str)]) -> Vec<(String, String)> {
        static NONCE: AtomicU64 = AtomicU64::new(1);
        let nonce = NONCE.fetch_add(1, Ordering::Relaxed);
        let common = [
            ("Action", action),
            ("Version", "2017-03-12"),
            ("Region", "ap-guangzhou"),
            ("SecretId", &self.secret_id),
            ("SignatureMethod", "HmacSHA256"),
        ];
        let given = common.iter().filter(|(name, _)| !parameters.iter().any(|(given, _)| given == name));
        let mut all: Vec<_> =
            given.chain(parameters).map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        for (name, value) in [("Nonce", nonce), ("Timestamp", now_seconds())] {
            if !all.iter().any(|(given, _)| given == name) {
                all.push((name.into(), value.to_string()));
            }
        }
        all
    }

    /// The bytes of a GET with signature v1.
    pub(crate) fn signed_query(&self, path: &str, parameters: &[(String, String)]) -> Vec<u8> {
        let form = self.signed_form(&Method::GET, path, parameters);
        request("GET", &format!("{path}?{form}"), &[("host", self.host())], b"")
    }

    /// The bytes of a POST form with signature v1.
    pub(crate) fn signed_post(&self, path: &str, parameters: &[(String, String)]) -> Vec<u8> {
        let form = self.signed_form(&Method::POST, path, parameters);
        let kind = "application/x-www-form-urlencoded".into();
        request("POST", path, &[("host", self.host()), ("content-type", kind)], form.as_bytes())
    }

    fn host(&self) -> String {
        self.host.clone().unwrap_or_else(|| self.address.to_string())
    }

    fn signed_form(&self, method: &Method, path: &str, parameters: &[(String, String)]) -> String {
        let pairs: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let sha256 = pairs.contains(&("SignatureMethod", "HmacSHA256"));
        let signature = sign::v1(method, &self.host(), path, &pairs, &self.secret_key, sha256);
        let all = pairs.into_iter().chain([("Signature", signature.as_str())]);
        all.map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect::<Vec<_>>().join("&")
    }

    /// Sends bytes and reads one answer until the server closes.
    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<Reply> {
        let mut stream = self.connect()?;
        // The server may answer and close before it has read everything; its answer counts.
        let sent = stream.write_all(bytes);
        let reply = read_reply(&mut stream);
        if reply.is_err() {
            sent?
        }
        reply
    }

    pub(crate) fn connect(&self) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(super::LIMIT))?;
        stream.set_write_timeout(Some(super::LIMIT))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// How a TC3 request differs from the usual.
#[derive(Debug, Clone)]
pub(crate) struct Tc3<'a> {
    /// By default cvm.
    pub(crate) service: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) timestamp_seconds: Option<u64>,
    pub(crate) version: Option<&'a str>,
    pub(crate) region: Option<&'a str>,
    pub(crate) path: Option<&'a str>,
}

impl Default for Tc3<'_> {
    fn default() -> Self {
        Tc3 {
            service: None,
            content_type: None,
            timestamp_seconds: None,
            version: None,
            region: Some("ap-guangzhou"),
            path: None,
        }
    }
}

/// The bytes of a request.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, String)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    if !body.is_empty() || method != "GET" {
        bytes.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
    }
    bytes.extend(b"connection: close\r\n\r\n");
    bytes.extend(body);
    bytes
}

/// Reads one answer with a content length.
pub(crate) fn read_reply(stream: &mut impl Read) -> io::Result<Reply> {
    let mut bytes = Vec::new();
    let mut part = [0; 16 * 1024];
    loop {
        if let Some(reply) = parse(&bytes) {
            return Ok(reply);
        }
        match stream.read(&mut part) {
            Ok(0) => {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("{} bytes of an answer", bytes.len()),
                ));
            }
            Ok(read) => bytes.extend(&part[..read]),
            // A read with a time limit ends so when the process was stopped and continued.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let header = |wanted: &str| {
        let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = header("content-length").map_or(Some(0), |length| length.parse().ok())?;
    let body = bytes.get(end + 4..end + 4 + length)?.to_vec();
    Some(Reply { status, content_type: header("content-type").unwrap_or_default(), body })
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        let text = || String::from_utf8_lossy(&self.body).into_owned();
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, text()))
    }

    /// The content of the envelope. Checks everything that holds for every reply.
    #[track_caller]
    pub(crate) fn answer(&self) -> Answer {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.content_type, JSON, "exactly this, without a charset");
        let mut response = self.json()["Response"].take();
        let request = response["RequestId"].as_str().unwrap_or_else(|| panic!("no RequestId: {response}")).to_owned();
        assert!(uuid::Uuid::parse_str(&request).is_ok(), "{request} is no UUID");
        match response["Error"].take() {
            Value::Null => {
                response.as_object_mut().unwrap().remove("Error");
                Ok(response)
            }
            error => {
                let text = |name: &str| error[name].as_str().unwrap_or_else(|| panic!("no {name}: {error}")).to_owned();
                Err(Refused { code: text("Code"), message: text("Message"), request })
            }
        }
    }
}

/// Percent-encodes everything that is not unreserved.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped += &format!("%{byte:02X}");
        }
    }
    escaped
}
