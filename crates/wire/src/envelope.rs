//! Reply bodies in the envelope that clients expect.

use crate::raw::Dialect;
use uuid::Uuid;

/// Wraps a reply: `{"Response":{...,"RequestId":"..."}}`. The body is copied as it is.
///
/// # Panics
///
/// If `body` is not the bytes of a JSON object.
pub fn success(body: &[u8], request_id: Uuid, dialect: Dialect) -> Vec<u8> {
    let fields = body.trim_ascii().strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    let fields = fields.expect("a reply is a JSON object").trim_ascii();
    let mut envelope = Vec::with_capacity(body.len() + 80);
    envelope.extend_from_slice(b"{\"Response\":{");
    envelope.extend_from_slice(fields);
    if !fields.is_empty() {
        envelope.push(b',');
    }
    close(envelope, request_id, dialect)
}

/// Wraps a refusal: `{"Response":{"Error":{"Code":"...","Message":"..."},"RequestId":"..."}}`.
/// Clients rely on the `RequestId` of a refusal too.
pub fn failure(code: &str, message: &str, request_id: Uuid, dialect: Dialect) -> Vec<u8> {
    let mut envelope = Vec::with_capacity(code.len() + message.len() + 128);
    envelope.extend_from_slice(b"{\"Response\":{\"Error\":{\"Code\":");
    write_text(&mut envelope, code);
    envelope.extend_from_slice(b",\"Message\":");
    write_text(&mut envelope, message);
    envelope.extend_from_slice(b"},");
    close(envelope, request_id, dialect)
}

/// The envelope of the action set before 2017: `{"code":6100,"codeDesc":"...","message":"..."}`.
pub fn numeric(code: u32, code_desc: &str, message: &str) -> Vec<u8> {
    let mut envelope = format!("{{\"code\":{code},\"codeDesc\":").into_bytes();
    write_text(&mut envelope, code_desc);
    envelope.extend_from_slice(b",\"message\":");
    write_text(&mut envelope, message);
    envelope.push(b'}');
    envelope
}

fn close(mut envelope: Vec<u8>, request_id: Uuid, dialect: Dialect) -> Vec<u8> {
    let mut buffer = Uuid::encode_buffer();
    let request_id = request_id.hyphenated();
    // The legacy dialect's documents print upper case; API 3.0 prints lower case.
    let text = match dialect {
        Dialect::Legacy => request_id.encode_upper(&mut buffer),
        Dialect::Api3 => request_id.encode_lower(&mut buffer),
    };
    envelope.extend_from_slice(b"\"RequestId\":\"");
    envelope.extend_from_slice(text.as_bytes());
    envelope.extend_from_slice(b"\"}}");
    envelope
}

fn write_text(envelope: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(envelope, text).expect("text goes into memory without failing");
}

#[cfg(test)]
mod test {
    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0f1e2d3c_4b5a_4978_8a9b_acbdcedf0123);

    fn text(envelope: Vec<u8>) -> String {
        String::from_utf8(envelope).unwrap()
    }

    #[test]
    fn a_reply_is_spliced_and_not_rewritten() {
        assert_eq!(
            text(success(b"{\"TotalCount\":1,\"A\": [ ]}", ID, Dialect::Api3)),
            "{\"Response\":{\"TotalCount\":1,\"A\": [ ],\"RequestId\":\"0f1e2d3c-4b5a-4978-8a9b-acbdcedf0123\"}}"
        );
    }

    #[test]
    fn a_reply_without_fields_holds_the_request_id_only() {
        for body in ["{}", "{ }", " {}\n"] {
            assert_eq!(
                text(success(body.as_bytes(), ID, Dialect::Api3)),
                "{\"Response\":{\"RequestId\":\"0f1e2d3c-4b5a-4978-8a9b-acbdcedf0123\"}}"
            );
        }
    }

    #[test]
    fn the_legacy_dialect_prints_the_request_id_in_upper_case() {
        assert_eq!(
            text(failure("InvalidParameter.X", "say \"no\"\n", ID, Dialect::Legacy)),
            "{\"Response\":{\"Error\":{\"Code\":\"InvalidParameter.X\",\"Message\":\"say \\\"no\\\"\\n\"},\
             \"RequestId\":\"0F1E2D3C-4B5A-4978-8A9B-ACBDCEDF0123\"}}"
        );
    }

    #[test]
    fn the_numeric_envelope_has_no_request_id() {
        assert_eq!(
            text(numeric(6100, "NotSupported", "pass `Version=2017-03-12`")),
            "{\"code\":6100,\"codeDesc\":\"NotSupported\",\"message\":\"pass `Version=2017-03-12`\"}"
        );
    }
}
