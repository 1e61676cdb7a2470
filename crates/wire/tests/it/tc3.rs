//! Signature TC3-HMAC-SHA256: the documents' vectors, and the ways in which clients differ.

use cvmd_wire::{AuthorizationFault, Denied, Dialect, Language, Value};
use http::Method;

use crate::support::{FORM, HOST, JSON, NOW, OWNER, SECRET_ID, Sent, Tc3};

/// The body of the documents' example, with its escapes.
const BODY: &str = r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#;

fn documented(authorization: &str) -> Sent {
    Sent::new(Method::POST, "/", BODY)
        .header("content-type", "application/json; charset=utf-8")
        .header("host", "cvm.tencentcloudapi.com")
        .header("x-tc-action", "DescribeInstances")
        .header("x-tc-version", "2017-03-12")
        .header("x-tc-region", "ap-guangzhou")
        .header("x-tc-timestamp", "1551113065")
        .header("authorization", authorization)
}

#[test]
fn the_vector_that_signs_two_headers_holds() {
    let authorization = "TC3-HMAC-SHA256 Credential=AKIDstars7/2019-02-25/cvm/tc3_request, \
         SignedHeaders=content-type;host, \
         Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c";
    let request = documented(authorization).arrive().unwrap();
    assert_eq!(request.dialect, Dialect::Api3);
    assert_eq!(request.owner, OWNER);
    assert_eq!(&*request.secret_id, "AKIDstars7");
    assert_eq!(&*request.action, "DescribeInstances");
    assert_eq!(request.version.as_deref(), Some("2017-03-12"));
    assert_eq!(request.region.as_deref(), Some("ap-guangzhou"));
    assert_eq!(request.language, Language::English);
    assert_eq!(request.timestamp_seconds, NOW);
    assert_eq!((request.service.as_deref(), request.replay), (Some("cvm"), None));
    assert!(!request.params.textual);
    let Some(Value::List(filters)) = request.params.root.get("Filters") else { panic!() };
    let Value::Map(filter) = &filters[0] else { panic!() };
    let values = Value::List(vec![Value::Text("\u{672a}\u{547d}\u{540d}".into())]);
    assert_eq!(filter.get("Values"), Some(&values));

    let signed = cvmd_wire::sign::tc3(
        "AKIDstars7",
        "Gu5t9xGARNpq86cd98joQYCN3*******",
        "cvm",
        "cvm.tencentcloudapi.com",
        "application/json; charset=utf-8",
        NOW,
        &Method::POST,
        "",
        BODY.as_bytes(),
    );
    assert_eq!(signed, authorization);
}

#[test]
fn the_vector_that_signs_the_action_in_lower_case_holds() {
    let authorization = "TC3-HMAC-SHA256 Credential=AKIDstars32/2019-02-25/cvm/tc3_request, \
         SignedHeaders=content-type;host;x-tc-action, \
         Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f";
    let sent = documented(authorization);
    assert_eq!(&*sent.arrive().unwrap().action, "DescribeInstances");
    // The action is signed here.
    let other = sent.header("x-tc-action", "TerminateInstances");
    assert_eq!(other.denied(), Denied::SignatureMismatch);
}

#[test]
fn a_changed_request_breaks_the_signature() {
    let client = Tc3 { body: "{\"Limit\":1}", ..Tc3::default() };
    let mut changed = client.send();
    changed.body = b"{\"Limit\":2}".to_vec();
    assert_eq!(changed.denied(), Denied::SignatureMismatch);
    let changed = client.send().header("host", "127.0.0.2:8312");
    assert_eq!(changed.denied(), Denied::SignatureMismatch);
    let changed = client.send().header("content-type", "application/json; charset=utf-8");
    assert_eq!(changed.denied(), Denied::SignatureMismatch);
    let changed = client.send().header("x-tc-timestamp", "1551113066");
    assert_eq!(changed.denied(), Denied::SignatureMismatch);
    let mut changed = Tc3::get("Limit=1").send();
    changed.target = "/?Limit=2".into();
    assert_eq!(changed.denied(), Denied::SignatureMismatch);
    let mut changed = Tc3::get("").send();
    changed.method = Method::POST;
    assert_eq!(changed.header("content-type", JSON).denied(), Denied::SignatureMismatch);
    // Twice: the cached signing key changes nothing.
    assert!(client.send().arrive().is_ok());
    assert_eq!(client.send().header("host", "x").denied(), Denied::SignatureMismatch);
}

#[test]
fn any_service_in_the_scope_is_accepted_and_returned() {
    for service in ["cvm", "tag", "127", "localhost:18931", "http://127"] {
        let client = Tc3 { service, ..Tc3::default() };
        for _ in 0..2 {
            let request = client.send().arrive().unwrap();
            assert_eq!(request.service.as_deref(), Some(service));
        }
    }
}

#[test]
fn the_host_is_signed_with_port_or_without_and_with_scheme_or_without() {
    for (sent_host, signed_hosts) in [
        // Go and Python; Node.
        ("127.0.0.1:8312", &["127.0.0.1:8312", "127.0.0.1"][..]),
        ("cvm.localhost:8312", &["cvm.localhost:8312", "cvm.localhost"]),
        ("[::1]:8312", &["[::1]:8312", "[::1]"]),
        // Python and tccli with a scheme in the endpoint.
        ("http://127.0.0.1:18931", &["http://127.0.0.1:18931", "127.0.0.1:18931", "127.0.0.1"]),
    ] {
        for signed_host in signed_hosts {
            let sent = Tc3 { sent_host, signed_host, ..Tc3::default() }.send();
            assert!(sent.arrive().is_ok(), "{sent_host} {signed_host}");
        }
        let sent = Tc3 { sent_host, signed_host: "elsewhere", ..Tc3::default() }.send();
        assert_eq!(sent.denied(), Denied::SignatureMismatch);
    }
}

#[test]
fn header_values_are_signed_lowered_or_verbatim() {
    // The signer lower-cases, as in the documents.
    let content_type = "application/json; charset=UTF-8";
    assert!(Tc3 { content_type, ..Tc3::default() }.send().arrive().is_ok());
    // The SDKs do not.
    let sent = documented(
        "TC3-HMAC-SHA256 Credential=AKIDstars7/2019-02-25/cvm/tc3_request, \
         SignedHeaders=content-type;host, Signature=001c7eecd2de43a545179b63294cd9c9df79beb37909f4a914b9d2ccea135e41",
    );
    assert!(sent.header("content-type", content_type).arrive().is_ok());
}

#[test]
fn a_json_content_type_may_name_its_charset_in_any_case() {
    for content_type in ["application/json;charset=utf-8", "application/json ; x=y", "Application/Json"] {
        assert!(Tc3 { content_type, ..Tc3::default() }.send().arrive().is_ok(), "{content_type}");
    }
}

#[test]
fn another_content_type_is_unsupported_on_a_post() {
    for (content_type, found) in [
        ("multipart/form-data; boundary=Ab", "multipart/form-data"),
        ("multipart/mixed; boundary=Ab", "multipart/mixed"),
        (FORM, FORM),
        ("text/plain", "text/plain"),
        ("application/jsonp", "application/jsonp"),
        ("", ""),
    ] {
        let denied = Tc3 { content_type, ..Tc3::default() }.send().denied();
        let found = found.into();
        assert_eq!(denied, Denied::UnsupportedContentType { found, expected: JSON });
    }
}

#[test]
fn an_unsigned_payload_is_not_covered() {
    let client = Tc3 { body: "UNSIGNED-PAYLOAD", ..Tc3::default() };
    let mut sent = client.send().header("x-tc-content-sha256", "UNSIGNED-PAYLOAD");
    sent.body = b"{\"Limit\":1}".to_vec();
    assert_eq!(sent.arrive().unwrap().params.root.get("Limit"), Some(&Value::Integer(1)));
    assert_eq!(sent.without("x-tc-content-sha256").denied(), Denied::SignatureMismatch);
    // Only that very word turns the hash off.
    let sent = Tc3::default().send().header("x-tc-content-sha256", "anything");
    assert!(sent.arrive().is_ok());
}

#[test]
fn a_get_signs_its_query_as_it_stands_on_the_wire() {
    // Neither sorted nor evenly encoded.
    let query = "Offset=0&Limit=20&Filters.0.Values.1=a%2fb&Filters.0.Values.0=a+b%20c&Version=mine";
    let request = Tc3::get(query).send().arrive().unwrap();
    assert!(request.params.textual);
    let Some(Value::List(filters)) = request.params.root.get("Filters") else { panic!() };
    let Value::Map(filter) = &filters[0] else { panic!() };
    let values = vec![Value::Text("a b c".into()), Value::Text("a/b".into())];
    assert_eq!(filter.get("Values"), Some(&Value::List(values)));
    // The whole query belongs to the action: the common parameters are in headers.
    assert_eq!(request.params.root.get("Version"), Some(&Value::Text("mine".into())));
    assert_eq!(request.version.as_deref(), Some("2017-03-12"));
}

#[test]
fn a_get_may_lose_its_content_type() {
    // Signed and lost on the way, or signed as empty.
    assert!(Tc3::get("Limit=1").send().without("content-type").arrive().is_ok());
    let sent = Tc3 { content_type: "", ..Tc3::get("Limit=1") }.send().without("content-type");
    assert!(sent.arrive().is_ok());
    // Never signed.
    let sent = Sent::new(Method::GET, "/", "")
        .header("host", "cvm.tencentcloudapi.com")
        .header("x-tc-action", "DescribeInstances")
        .header("x-tc-timestamp", "1551113065")
        .header(
            "authorization",
            "TC3-HMAC-SHA256 Credential=AKIDstars7/2019-02-25/cvm/tc3_request, \
             SignedHeaders=host, Signature=229500271aee18f4692cfc4eb234e201713a21e6db9ad09052778393571055af",
        );
    assert!(sent.arrive().is_ok());
    let denied = sent.header("content-type", FORM).denied();
    let what = AuthorizationFault::UnsignedHeader { header: "content-type" };
    assert_eq!(denied, Denied::MalformedAuthorization { what });
}

#[test]
fn the_body_of_a_get_is_not_looked_at() {
    let mut sent = Tc3::get("Limit=1").send();
    sent.body = b"{\"Limit\":2".to_vec();
    let params = sent.arrive().unwrap().params;
    assert_eq!(params.root.get("Limit"), Some(&Value::Text("1".into())));
}

#[test]
fn the_query_of_a_post_is_ignored_whether_signed_or_not() {
    let signed = Tc3 { query: "Limit=3&malformed", ..Tc3::default() }.send();
    assert!(signed.arrive().unwrap().params.root.is_empty());
    let mut unsigned = Tc3::default().send();
    unsigned.target = "/?Limit=3".into();
    assert!(unsigned.arrive().unwrap().params.root.is_empty());
}

#[test]
fn a_post_without_body_has_no_parameters() {
    let request = Tc3 { body: "", ..Tc3::default() }.send().arrive().unwrap();
    assert!(request.params.root.is_empty());
}

#[test]
fn the_authorization_header_may_be_spaced_in_any_way() {
    let tight = Tc3::default().authorization().replace(", ", ",");
    let loose = tight.replace(',', " ,   ").replace("SHA256 ", "SHA256   ");
    let fields: Vec<_> = tight.split_once(' ').unwrap().1.split(',').collect();
    let turned = format!("TC3-HMAC-SHA256 {}, {}, {}", fields[2], fields[1], fields[0]);
    for authorization in [tight.clone(), loose, turned, tight.clone() + ","] {
        let sent = Tc3::default().send().header("authorization", &authorization);
        assert!(sent.arrive().is_ok(), "{authorization}");
    }
}

#[test]
fn a_malformed_authorization_header_is_refused_with_its_fault() {
    use AuthorizationFault::*;
    let good = Tc3::default().authorization();
    let long_list = (0..40).map(|number| format!("x-{number}")).collect::<Vec<_>>().join(";");
    for (authorization, what) in [
        ("TC3-HMAC-SHA256".to_owned(), MissingField { field: "Credential" }),
        (good.replace("Credential=", "Credentials="), UnknownField),
        (good.replace("Credential=", "Credential:"), FieldForm),
        (good.replace("Credential=", "Signature=,Credential="), DuplicateField),
        (good.replace("SignedHeaders=content-type;host, ", ""), MissingField { field: "SignedHeaders" }),
        (good.split(", Signature").next().unwrap().to_owned(), MissingField { field: "Signature" }),
        (good.clone() + "0", SignatureForm),
        (good.replace("Signature=", "Signature=g"), SignatureForm),
        (good.replace("tc3_request", "tc4_request"), CredentialForm),
        (good.replace("/cvm", ""), CredentialForm),
        (good.replace("/cvm/", "//"), EmptyService),
        (good.replace(SECRET_ID, ""), EmptySecretId),
        (good.replace("content-type;host", "content-type"), UnsignedHeader { header: "host" }),
        (good.replace("content-type;host", "host"), UnsignedHeader { header: "content-type" }),
        (good.replace("content-type;host", "content-type;host;"), HeaderName),
        (good.replace("content-type;host", "content-type;host;host"), DuplicateHeader),
        (
            good.replace("content-type;host", "content-type;host;x-tc-token"),
            AbsentHeader { header: "x-tc-token".into() },
        ),
        (good.replace("content-type;host", &long_list), TooManyHeaders),
    ] {
        let denied = Tc3::default().send().header("authorization", &authorization).denied();
        assert_eq!(denied, Denied::MalformedAuthorization { what }, "{authorization}");
    }
    let denied = Tc3::default().send().header("authorization", "TC3-HMAC-SHA256 \u{e9}").denied();
    assert!(matches!(denied, Denied::MalformedAuthorization { .. }), "{denied:?}");
}

#[test]
fn another_algorithm_is_unsupported() {
    for (authorization, algorithm) in
        [("SKIP", "SKIP"), ("Basic eDp5", "Basic"), ("AWS4-HMAC-SHA256 Credential=x", "AWS4-HMAC-SHA256"), ("", "")]
    {
        let denied = Tc3::default().send().header("authorization", authorization).denied();
        assert_eq!(denied, Denied::UnsupportedAlgorithm { algorithm: algorithm.into() });
    }
}

#[test]
fn the_date_of_the_scope_is_the_utc_date_of_the_timestamp() {
    let good = Tc3::default().authorization();
    for date in ["2019-02-24", "2019-02-26", "20190225", "x"] {
        let authorization = good.replace("2019-02-25", date);
        let denied = Tc3::default().send().header("authorization", &authorization).denied();
        let (date, expected) = (date.into(), "2019-02-25".into());
        assert_eq!(denied, Denied::ScopeDateMismatch { date, expected });
    }
}

#[test]
fn a_signature_goes_over_midnight() {
    // One second before and after the midnight that follows `NOW`.
    for timestamp in [1_551_139_199, 1_551_139_200] {
        let sent = Tc3 { timestamp, ..Tc3::default() }.send();
        assert!(sent.arrive_at(1_551_139_200).is_ok());
        assert!(sent.arrive_at(1_551_139_199).is_ok());
    }
}

#[test]
fn the_timestamp_header_must_be_a_number() {
    let denied = Tc3::default().send().without("x-tc-timestamp").denied();
    assert_eq!(denied, Denied::MissingParameter { name: "X-TC-Timestamp" });
    for value in ["now", "1551113065.0", "-1"] {
        let denied = Tc3::default().send().header("x-tc-timestamp", value).denied();
        let name = "X-TC-Timestamp";
        assert_eq!(denied, Denied::MalformedParameter { name, value: value.into() });
    }
}

#[test]
fn an_unknown_secret_id_is_refused() {
    let authorization = Tc3::default().authorization().replace(SECRET_ID, "AKIDother");
    let denied = Tc3::default().send().header("authorization", &authorization).denied();
    assert_eq!(denied, Denied::SecretIdNotFound { secret_id: "AKIDother".into() });
}

#[test]
fn the_action_must_be_named() {
    let denied = Tc3::default().send().without("x-tc-action").denied();
    assert_eq!(denied, Denied::MissingParameter { name: "X-TC-Action" });
}

#[test]
fn version_region_and_language_are_optional_headers() {
    let sent = Tc3::default().send().without("x-tc-version").without("x-tc-region");
    let request = sent.arrive().unwrap();
    assert_eq!((request.version, request.region), (None, None));
    assert_eq!(request.language, Language::English);
    for (tag, language) in [("zh-CN", Language::Chinese), ("en-US", Language::English), ("fr", Language::English)] {
        let request = sent.clone().header("x-tc-language", tag).arrive().unwrap();
        assert_eq!(request.language, language);
    }
}

#[test]
fn header_names_are_matched_in_any_case() {
    // As Go writes them.
    let sent = Sent::new(Method::POST, "/", "{}")
        .header("Host", HOST)
        .header("Content-Type", JSON)
        .header("X-Tc-Action", "DescribeZones")
        .header("X-Tc-Timestamp", "1551113065")
        .header("X-Tc-Requestclient", "Terraform-latest")
        .header("Authorization", &Tc3::default().authorization());
    assert_eq!(&*sent.arrive().unwrap().action, "DescribeZones");
}

#[test]
fn a_signature_is_checked_before_the_parameters_are_read() {
    let client = Tc3 { body: "{", ..Tc3::default() };
    assert!(matches!(client.send().denied(), Denied::MalformedJson { .. }));
    let forged = client.send().header("authorization", &Tc3::default().authorization());
    assert_eq!(forged.denied(), Denied::SignatureMismatch);
}

#[test]
fn a_header_that_decides_or_is_signed_is_taken_once_only() {
    for name in [
        "host",
        "content-type",
        "authorization",
        "x-tc-action",
        "x-tc-version",
        "x-tc-region",
        "x-tc-timestamp",
        "x-tc-token",
        "x-tc-language",
        "x-tc-content-sha256",
    ] {
        let sent = Tc3::default().send();
        let first = sent.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        // The first header was used, whatever the second held; twice the same value is no better.
        for second in [first.as_str(), "other"] {
            let sent = sent.clone().without(name).doubled(name, &first).doubled(name, second);
            assert_eq!(sent.denied(), Denied::DuplicateHeader { name: name.into() }, "{name}: {second}");
        }
    }
    let sent = Tc3::default().send().doubled("accept", "a").doubled("accept", "b");
    assert!(sent.arrive().is_ok(), "what decides nothing may come as often as it likes");
}

#[test]
fn a_credential_that_is_revoked_while_the_body_comes_signs_nothing() {
    let denied = Tc3::default().send().denied_when_revoked();
    assert_eq!(denied, Denied::SecretIdNotFound { secret_id: SECRET_ID.into() });
}

#[test]
fn a_head_is_refused_before_its_body_is_there() {
    let whole = Tc3::default().send();
    assert_eq!(whole.denied_by_head(2), None);
    let unknown = whole.headers["authorization"].to_str().unwrap().replace("AKID", "AKIE");
    let absent = whole.headers["authorization"].to_str().unwrap().replace("content-type;host", "content-type;host;x-a");
    let named = whole.clone().header("authorization", &absent);
    for (sent, fault) in [
        (whole.clone().header("authorization", &unknown), "SecretIdNotFound"),
        (named, "AbsentHeader { header: \"x-a\" }"),
        (whole.clone().header("authorization", "Basic abc"), "UnsupportedAlgorithm { algorithm: \"Basic\" }"),
        (Tc3 { timestamp: NOW - 301, ..Tc3::default() }.send(), "SignatureExpired"),
        (
            whole.clone().header("x-tc-timestamp", "soon"),
            "MalformedParameter { name: \"X-TC-Timestamp\", value: \"soon\" }",
        ),
        (whole.clone().header("content-type", "text/plain"), "UnsupportedContentType { found: \"text/plain\""),
    ] {
        let denied = sent.denied_by_head(2).unwrap_or_else(|| panic!("{fault}"));
        assert!(format!("{denied:?}").contains(fault), "{fault}: {denied:?}");
        // The same as with the body.
        assert_eq!(sent.denied(), denied);
    }
    assert_eq!(
        whole.denied_by_head((10 << 20) + 1).unwrap(),
        Denied::BodyTooLarge { bytes: 10_485_761, limit_bytes: 10_485_760 }
    );
    let form = Sent::new(Method::POST, "/", "").header("content-type", FORM);
    for sent in [form, whole.without("authorization")] {
        assert_eq!(sent.denied_by_head(1 << 20), None, "its signature may stand in the body");
        assert!(sent.denied_by_head((1 << 20) + 1).is_some());
        assert_eq!(sent.denied(), Denied::MissingAuthorization);
    }
}
