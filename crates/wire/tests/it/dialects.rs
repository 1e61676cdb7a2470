//! Paths, methods, sizes, and missing parts.

use cvmd_wire::{Denied, Dialect, RawRequest};
use http::{HeaderMap, Method, Uri};

use crate::support::{FORM, NOW, SECRET_KEY, Sent, Tc3, V1};

#[test]
fn each_path_has_its_dialect() {
    assert_eq!(Dialect::of_path("/v2/index.php"), Dialect::Legacy);
    assert_eq!(Dialect::of_path("/"), Dialect::Api3);
    assert_eq!(Dialect::of_path("/v2"), Dialect::Api3);
}

#[test]
fn another_path_is_unknown() {
    for path in ["/v2", "/v2/index.php/", "//", "/_cvmd/health", "/V2/index.php"] {
        let mut sent = Tc3::default().send();
        sent.target = path.into();
        assert_eq!(sent.denied(), Denied::UnknownPath { path: path.into() });
    }
}

#[test]
fn an_absolute_target_has_the_same_path() {
    let mut sent = Tc3::default().send();
    for target in ["http://127.0.0.1:8312/", "http://127.0.0.1:8312"] {
        sent.target = target.into();
        assert_eq!(sent.arrive().unwrap().dialect, Dialect::Api3);
    }
    let mut sent = V1::legacy(&[]).send();
    sent.target.insert_str(0, "http://127.0.0.1:8312");
    assert_eq!(sent.arrive().unwrap().dialect, Dialect::Legacy);
}

#[test]
fn an_absolute_target_stands_in_for_a_lost_host() {
    let mut sent = Tc3::default().send().without("host");
    assert_eq!(sent.denied(), Denied::SignatureMismatch);
    sent.target = "http://127.0.0.1:8312/".into();
    assert!(sent.arrive().is_ok());
    assert!(sent.header("host", "").arrive().is_ok());
}

#[test]
fn only_get_and_post_are_allowed() {
    for method in [Method::PUT, Method::HEAD, Method::OPTIONS, Method::DELETE] {
        let mut sent = V1::legacy(&[]).send();
        sent.method = method.clone();
        assert_eq!(sent.denied(), Denied::MethodNotAllowed { method: method.as_str().into() });
    }
}

#[test]
fn a_query_of_more_than_32_kib_is_too_large() {
    let at_limit = format!("A={}", "x".repeat((32 << 10) - 2));
    assert!(Tc3::get(&at_limit).send().arrive().is_ok());
    let denied = Tc3::get(&format!("{at_limit}x")).send().denied();
    assert_eq!(denied, Denied::QueryTooLarge { bytes: 32_769, limit_bytes: 32_768 });
}

#[test]
fn a_form_of_more_than_1_mib_is_too_large() {
    let sent = |bytes: usize| {
        let mut sent = V1::new(Method::POST, "/", &[]).send();
        sent.body.resize(bytes, b'&');
        sent
    };
    assert!(sent(1 << 20).arrive().is_ok());
    let denied = sent((1 << 20) + 1).denied();
    assert_eq!(denied, Denied::BodyTooLarge { bytes: 1_048_577, limit_bytes: 1_048_576 });
}

#[test]
fn a_json_body_of_more_than_10_mib_is_too_large() {
    let body = |bytes: usize| format!("{{\"A\":\"{}\"}}", "x".repeat(bytes - 8));
    let at_limit = body(10 << 20);
    assert!(Tc3 { body: &at_limit, ..Tc3::default() }.send().arrive().is_ok());
    let above = body((10 << 20) + 1);
    let denied = Tc3 { body: &above, ..Tc3::default() }.send().denied();
    assert_eq!(denied, Denied::BodyTooLarge { bytes: 10_485_761, limit_bytes: 10_485_760 });
}

#[test]
fn api3_without_any_signature_misses_its_authorization() {
    let get = Sent::new(Method::GET, "/?Action=DescribeZones&Version=2017-03-12", "");
    assert_eq!(get.denied(), Denied::MissingAuthorization);
    assert_eq!(Sent::new(Method::GET, "/", "").denied(), Denied::MissingAuthorization);
    let form = Sent::new(Method::POST, "/", "Action=DescribeZones").header("content-type", FORM);
    assert_eq!(form.denied(), Denied::MissingAuthorization);
    let json = Tc3::default().send().without("authorization");
    assert_eq!(json.denied(), Denied::MissingAuthorization);
    assert_eq!(json.without("content-type").denied(), Denied::MissingAuthorization);
}

#[test]
fn legacy_without_signature_misses_a_parameter() {
    let client = V1::legacy(&[]);
    let denied = client.send_encoded(&crate::support::encode(&client.params)).denied();
    assert_eq!(denied, Denied::MissingParameter { name: "Signature" });
}

#[test]
fn legacy_ignores_an_authorization_header() {
    assert!(V1::legacy(&[]).send().header("authorization", "Basic eDp5").arrive().is_ok());
    // The legacy dialect does not accept TC3.
    let mut sent = Tc3::default().send();
    sent.target = "/v2/index.php".into();
    let expected = FORM;
    let found = "application/json".into();
    assert_eq!(sent.denied(), Denied::UnsupportedContentType { found, expected });
}

#[test]
fn legacy_without_version_is_refused_before_anything_else() {
    let client = V1::legacy(&[]).with("Version", None);
    assert_eq!(client.send().denied(), Denied::LegacyWithoutVersion);
    assert_eq!(client.send_signed("forged").denied(), Denied::LegacyWithoutVersion);
    assert_eq!(client.send().arrive_at(0).unwrap_err(), Denied::LegacyWithoutVersion);
    let empty = V1::legacy(&[]).with("Version", Some(""));
    assert_eq!(empty.send().denied(), Denied::LegacyWithoutVersion);
    for query in ["", "A=1&A=2", "A", "A=%zz", "A=%ff", "Versions=1&A"] {
        assert_eq!(client.send_encoded(query).denied(), Denied::LegacyWithoutVersion, "{query}");
    }
    // A version in the query of a POST is ignored.
    let mut sent = Sent::new(Method::POST, "/v2/index.php?Version=2017-03-12", "A=1");
    sent = sent.header("content-type", FORM);
    assert_eq!(sent.denied(), Denied::LegacyWithoutVersion);
}

#[test]
fn legacy_with_version_names_what_is_malformed() {
    let denied = |query| V1::legacy(&[]).send_encoded(query).denied();
    let pair = "A".into();
    assert_eq!(denied("Version=2017-03-12&A"), Denied::PairWithoutEquals { pair });
    assert_eq!(denied("Version=2017-03-12"), Denied::MissingParameter { name: "SecretId" });
}

#[test]
fn debug_shows_no_secret() {
    let body = "{\"LoginSettings\":{\"Password\":\"hidden\"}}";
    let sent = Tc3 { body, ..Tc3::default() }.send();
    let request = format!("{:?}", sent.arrive().unwrap());
    assert!(request.contains("LoginSettings") && !request.contains("hidden"), "{request}");

    let target: Uri = "/?Signature=hidden".parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "hidden".parse().unwrap());
    let raw = RawRequest { method: &Method::GET, target: &target, headers: &headers, body: b"hidden" };
    let raw = format!("{raw:?}");
    assert!(raw.contains("GET") && !raw.contains("hidden"), "{raw}");

    let known = format!("{:?}", cvmd_wire::Credential::new(1, "id", SECRET_KEY));
    assert!(!known.contains(SECRET_KEY), "{known}");
}

#[test]
fn the_window_is_300_seconds_to_both_sides_for_both_signatures() {
    for sent in [Tc3::default().send(), V1::legacy(&[]).send()] {
        for now in [NOW - 300, NOW, NOW + 300] {
            assert!(sent.arrive_at(now).is_ok(), "{now}");
        }
        for now_seconds in [NOW - 301, NOW + 301] {
            assert_eq!(
                sent.arrive_at(now_seconds).unwrap_err(),
                Denied::SignatureExpired { timestamp_seconds: NOW, now_seconds, skew_seconds: 301, limit_seconds: 300 }
            );
        }
    }
}

#[test]
fn a_token_is_refused_on_every_way_and_an_empty_one_is_none() {
    let sent = Tc3::default().send();
    assert!(sent.clone().header("x-tc-token", "").arrive().is_ok());
    assert_eq!(sent.clone().header("x-tc-token", "t").denied(), Denied::UnknownToken { name: "X-TC-Token" });
    // A wrong signature is reported first.
    let mut forged = sent.header("x-tc-token", "t");
    forged.body = b"{ }".to_vec();
    assert_eq!(forged.denied(), Denied::SignatureMismatch);
    for path in ["/", "/v2/index.php"] {
        let client = V1::new(Method::GET, path, &[("Token", "t")]);
        assert_eq!(client.send().denied(), Denied::UnknownToken { name: "Token" });
        assert!(client.with("Token", Some("")).send().arrive().is_ok());
    }
}
