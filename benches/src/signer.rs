//! Requests as the vendor's SDKs sign them: TC3-HMAC-SHA256 over content type and host.

use crate::client;
use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) const SECRET_ID: &str = "AKIDcvmdbenchescvmdbenchescvmdbench0";
pub(crate) const SECRET_KEY: &str = "cvmdbenchescvmdbenchescvmdbench0";
const CONTENT_TYPE: &str = "application/json";

/// The bytes of a signed request, valid for five minutes from now.
pub(crate) fn request(host: &str, action: &str, body: &str) -> Vec<u8> {
    // A clock before 1970 gives a wrong time, which the server refuses.
    let now_seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let authorization = cvmd_wire::sign::tc3(
        SECRET_ID,
        SECRET_KEY,
        "cvm",
        host,
        CONTENT_TYPE,
        now_seconds,
        &http::Method::POST,
        "",
        body.as_bytes(),
    );
    let more = format!(
        "X-TC-Action: {action}\r\nX-TC-Version: 2017-03-12\r\nX-TC-Region: ap-guangzhou\r\n\
         X-TC-Timestamp: {now_seconds}\r\nAuthorization: {authorization}\r\n"
    );
    client::post(host, &more, body)
}
