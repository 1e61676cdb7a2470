//! A small blocking client: signs requests as any SDK does (TC3) and reads the reply. For the demo.

use crate::master_key::Secret;
use anyhow::{Context, bail};
use cvmd_clock::Clock;
use cvmd_wire::sign;
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Where to send requests, and how to sign them.
#[derive(Debug)]
pub(crate) struct ApiClient {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    pub(crate) secret_id: String,
    pub(crate) secret_key: Secret,
    pub(crate) region: String,
}

impl ApiClient {
    /// The reply's members, or the refusal as an error `Code: message`.
    pub(crate) fn call(&self, action: &str, parameters: &Value) -> anyhow::Result<Value> {
        let body = parameters.to_string();
        let seconds = Clock::System.now_ms() / 1000;
        let authorization = sign::tc3(
            &self.secret_id,
            self.secret_key.expose(),
            "cvm",
            &self.address,
            "application/json",
            seconds,
            &http::Method::POST,
            "",
            body.as_bytes(),
        );
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\
             Authorization: {authorization}\r\nX-TC-Action: {action}\r\nX-TC-Version: {}\r\nX-TC-Timestamp: {seconds}\r\n\
             X-TC-Region: {}\r\n\r\n{body}",
            self.address,
            body.len(),
            cvmd_actions::Product::Cvm.version(),
            self.region,
        );
        let mut stream = TcpStream::connect(&self.address).with_context(|| format!("cannot reach {}", self.address))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request.as_bytes())?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        let (_, body) = reply.split_once("\r\n\r\n").context("the reply has no body")?;
        let mut reply: Value = serde_json::from_str(body).context("the reply is no JSON")?;
        let response = reply["Response"].take();
        match &response["Error"] {
            Value::Null => Ok(response),
            error => bail!("{}: {}", error["Code"].as_str().unwrap_or("?"), error["Message"].as_str().unwrap_or("?")),
        }
    }
}
