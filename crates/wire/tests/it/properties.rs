//! Properties of all bytes, and of everything that a client may sign.

use cvmd_wire::{Credential, Dialect, Params, Value, authenticate, envelope};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{FORM, JSON, NOW, SECRET_ID, Sent, Tc3, V1, known};

/// Bytes close to the expected ones, so that more than the first check is reached.
fn nearly(good: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let mutated = (0..=good.len(), 0..=good.len(), vec(any::<u8>(), 0..4)).prop_map(move |(one, other, inserted)| {
        let (start, end) = (one.min(other), one.max(other));
        let mut bytes = good.as_bytes()[..start].to_vec();
        bytes.extend(inserted);
        bytes.extend_from_slice(&good.as_bytes()[end..]);
        bytes
    });
    prop_oneof![
        Just(good.as_bytes().to_vec()),
        mutated,
        vec(any::<u8>(), 0..64),
        vec(prop::sample::select(&b"&=%.+0A{}[]\",:/; @_"[..]), 0..64),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, Vec<u8>)>> {
    let named = |name: &'static str, good: &'static str| {
        prop::option::weighted(0.9, nearly(good)).prop_map(move |value| value.map(|v| (name, v)))
    };
    (
        named("host", "http://127.0.0.1:8312"),
        named("content-type", JSON),
        named("x-tc-action", "DescribeInstances"),
        named("x-tc-timestamp", "1551113065"),
        named("x-tc-content-sha256", "UNSIGNED-PAYLOAD"),
        named(
            "authorization",
            "TC3-HMAC-SHA256 Credential=AKIDstars7/2019-02-25/cvm/tc3_request, \
             SignedHeaders=content-type;host, \
             Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c",
        ),
    )
        .prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f].into_iter().flatten().collect())
}

const QUERY: &str = "Action=A&Version=2017-03-12&Nonce=1&Timestamp=1551113065\
                     &SecretId=AKIDstars7&Signature=NSI3UqqD99b%2FUJb4tbG%2FxZpRW64%3D&A.0.B_c=%41+";
const BODY: &str = "{\"Limit\":1,\"Filters\":[{\"Name\":\"zone\",\"Values\":[\"a\",null,1.5]}]}";

/// Names that conflict with no others.
fn business() -> impl Strategy<Value = Vec<(String, String)>> {
    vec("\\PC{0,12}", 0..8).prop_map(|values| {
        let named = |(position, value)| (format!("P_{}.{position}", position % 3), value);
        values.into_iter().enumerate().map(named).collect()
    })
}

fn host() -> impl Strategy<Value = String> {
    "(http://|https://)?[a-zA-Z0-9.-]{1,20}(:[0-9]{1,5})?"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(
        post in any::<bool>(),
        path in prop::sample::select(&["/", "/v2/index.php", "http://h:1", "http://u@h/", "*", "/x"][..]),
        query in nearly(QUERY),
        headers in headers(),
        body in prop_oneof![nearly(BODY), nearly(QUERY)],
        now in prop_oneof![Just(NOW), Just(0), Just(u64::MAX), any::<u64>()],
    ) {
        let mut target = path.as_bytes().to_vec();
        target.push(b'?');
        target.extend(query);
        let Ok(target) = Uri::try_from(target) else { return Ok(()) };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                map.append(HeaderName::from_static(name), value);
            }
        }
        let method = if post { Method::POST } else { Method::GET };
        for content_type in [None, Some(FORM)] {
            if let Some(content_type) = content_type {
                map.insert("content-type", HeaderValue::from_static(content_type));
                map.remove("authorization");
            }
            let raw = cvmd_wire::RawRequest { method: &method, target: &target, headers: &map, body: &body };
            drop(authenticate(&raw, known(), now));
        }
    }

    #[test]
    fn no_tree_makes_it_panic(body in nearly(BODY), pairs in vec(("[A0.]{0,6}", ".{0,3}"), 0..6)) {
        let _ = Params::from_json(&body);
        let _ = Params::from_pairs(pairs);
    }

    #[test]
    fn what_tc3_signs_is_verified_and_nothing_else(
        get in any::<bool>(),
        value in "[a-zA-Z0-9%]{0,20}",
        host in host(),
        service in "[a-z0-9:.]{1,12}",
        skew in -300_i64..=300,
        flipped in 0_usize..64,
    ) {
        let query = format!("A={}", value.replace('%', "%25"));
        let body = format!("{{\"A\":\"{value}\"}}");
        let client = if get { Tc3::get(&query) } else { Tc3 { body: &body, ..Tc3::default() } };
        let client = Tc3 { service: &service, signed_host: &host, sent_host: &host, ..client };
        let now = NOW.checked_add_signed(skew).unwrap();
        let request = client.send().arrive_at(now).unwrap();
        prop_assert_eq!(request.params.root.get("A"), Some(&Value::Text(value.into())));
        prop_assert_eq!(&*request.secret_id, SECRET_ID);
        prop_assert_eq!(request.service.as_deref(), Some(&*service));

        let mut authorization = client.authorization();
        let position = authorization.len() - 64 + flipped;
        let digit = if authorization.as_bytes()[position] == b'0' { "1" } else { "0" };
        authorization.replace_range(position..=position, digit);
        prop_assert!(client.send().header("authorization", &authorization).arrive().is_err());
    }

    #[test]
    fn what_v1_signs_is_verified_and_nothing_else(
        post in any::<bool>(),
        legacy in any::<bool>(),
        sha256 in any::<bool>(),
        business in business(),
        host in host(),
        nonce in any::<u64>(),
    ) {
        let nonce = nonce.to_string();
        let mut params: Vec<(&str, &str)> =
            business.iter().map(|(name, value)| (&**name, &**value)).collect();
        if sha256 {
            params.push(("SignatureMethod", "HmacSHA256"));
        }
        let method = if post { Method::POST } else { Method::GET };
        let path = if legacy { "/v2/index.php" } else { "/" };
        let client = V1 { sha256, signed_host: &host, sent_host: &host, ..V1::new(method, path, &params) }
            .with("Nonce", Some(&nonce));
        let request = client.send().arrive().unwrap();
        prop_assert_eq!(request.dialect, Dialect::of_path(path));
        prop_assert_eq!(request.replay.is_some(), legacy);
        let mut texts = 0;
        for (_, list) in request.params.root {
            let Value::List(list) = list else { panic!("{list:?}") };
            texts += list.len();
        }
        prop_assert_eq!(texts, business.len());

        let changed = client.clone().with("Added", Some("1")).send_signed(&client.signature());
        prop_assert!(changed.arrive().is_err());
    }

    #[test]
    fn envelopes_are_json(message in ".{0,40}", code in "[A-Za-z.]{1,20}", id in any::<u128>()) {
        let id = uuid::Uuid::from_u128(id);
        let reply = serde_json::json!({ "Text": &message }).to_string();
        for dialect in [Dialect::Legacy, Dialect::Api3] {
            let reply = envelope::success(reply.as_bytes(), id, dialect);
            let reply: serde_json::Value = serde_json::from_slice(&reply).unwrap();
            prop_assert_eq!(reply["Response"]["Text"].as_str(), Some(&*message));
            let refusal = envelope::failure(&code, &message, id, dialect);
            let refusal: serde_json::Value = serde_json::from_slice(&refusal).unwrap();
            prop_assert_eq!(refusal["Response"]["Error"]["Message"].as_str(), Some(&*message));
            let printed = refusal["Response"]["RequestId"].as_str().unwrap();
            prop_assert_eq!(printed.parse::<uuid::Uuid>().unwrap(), id);
        }
        let numeric: serde_json::Value =
            serde_json::from_slice(&envelope::numeric(6100, &code, &message)).unwrap();
        prop_assert_eq!(numeric["message"].as_str(), Some(&*message));
    }
}

#[test]
fn requests_of_many_threads_share_one_credential() {
    let known = Credential::new(1, SECRET_ID, "x");
    let is_shared = |_: &(dyn Send + Sync)| ();
    is_shared(&known);
    std::thread::scope(|scope| {
        for number in 0..4 {
            scope.spawn(move || {
                for round in 0..50 {
                    let service = format!("service-{}", (number + round) % 12);
                    let sent: Sent = Tc3 { service: &service, ..Tc3::default() }.send();
                    assert!(sent.arrive().is_ok());
                }
            });
        }
    });
}
