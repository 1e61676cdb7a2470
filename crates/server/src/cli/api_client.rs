//! A small blocking client for the demo: signs requests as any SDK does (TC3) and reads the reply.

use crate::{cli::http_client, master_key::Secret};
use anyhow::{Context, bail};
use cvmd_actions::Product;
use cvmd_clock::Clock;
use cvmd_wire::sign;
use http_body_util::Full;
use hyper::Request;
use serde_json::Value;
use std::time::Duration;

/// Making a key takes time on a busy computer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where to send requests, and with which credential.
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
        self.call_of(Product::Cvm, action, parameters)
    }

    /// The same of another product.
    pub(crate) fn call_of(&self, product: Product, action: &str, parameters: &Value) -> anyhow::Result<Value> {
        let body = parameters.to_string();
        let seconds = Clock::System.now_ms() / 1000;
        let authorization = sign::tc3(
            &self.secret_id,
            self.secret_key.expose(),
            product.name(),
            &self.address,
            "application/json",
            seconds,
            &http::Method::POST,
            "",
            body.as_bytes(),
        );
        let request = Request::post("/")
            .header("Host", &self.address)
            .header("Content-Type", "application/json")
            .header("Connection", "close")
            .header("Authorization", authorization)
            .header("X-TC-Action", action)
            .header("X-TC-Version", product.version())
            .header("X-TC-Timestamp", seconds)
            .header("X-TC-Region", &self.region)
            .body(Full::from(body))?;
        let stream = http_client::connect(&self.address).with_context(|| format!("cannot reach {}", self.address))?;
        let (_, body) = http_client::exchange(stream, &self.address, request, PATIENCE)?;
        let mut reply: Value = serde_json::from_slice(&body).context("the reply is no JSON")?;
        let response = reply["Response"].take();
        match &response["Error"] {
            Value::Null => Ok(response),
            error => bail!("{}: {}", error["Code"].as_str().unwrap_or("?"), error["Message"].as_str().unwrap_or("?")),
        }
    }
}
