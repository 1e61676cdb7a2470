//! Signature v1: the documents' vectors, and the ways in which clients differ.

use cvmd_wire::{Denied, Dialect, Language, ReplayKey, Value, sign};
use http::Method;

use crate::support::{FORM, NOW, OWNER, SECRET_ID, SECRET_KEY, Sent, V1, encode};

fn text(value: &str) -> Option<Value> {
    Some(Value::Text(value.into()))
}

#[test]
fn the_legacy_vector_of_the_documents_holds() {
    let params = [
        ("Action", "DescribeInstances"),
        ("Nonce", "11886"),
        ("Region", "gz"),
        ("SecretId", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"),
        ("Timestamp", "1465185768"),
        ("instanceIds.0", "ins-09dx96dg"),
        ("limit", "20"),
        ("offset", "0"),
    ];
    let secret_key = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA";
    let (host, path) = ("cvm.api.qcloud.com", "/v2/index.php");
    let signature = sign::v1(&Method::GET, host, path, &params, secret_key, false);
    assert_eq!(signature, "NSI3UqqD99b/UJb4tbG/xZpRW64=");
}

#[test]
fn the_api3_vector_of_the_documents_holds() {
    let target = "/?Action=DescribeInstances&InstanceIds.0=ins-09dx96dg&Limit=20&Nonce=11886\
                  &Offset=0&Region=ap-guangzhou&SecretId=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE\
                  &Signature=EliP9YW3pW28FpsEdkXt%2F%2BWcGeI%3D&Timestamp=1465185768\
                  &Version=2017-03-12";
    let sent = Sent::new(Method::GET, target, "").header("host", "cvm.tencentcloudapi.com");
    let request = sent.arrive_at(1_465_185_768).unwrap();
    assert_eq!(request.dialect, Dialect::Api3);
    assert_eq!(request.owner, OWNER);
    assert_eq!(&*request.secret_id, SECRET_ID);
    assert_eq!(&*request.action, "DescribeInstances");
    assert_eq!(request.version.as_deref(), Some("2017-03-12"));
    assert_eq!(request.region.as_deref(), Some("ap-guangzhou"));
    assert_eq!(request.language, Language::English);
    assert_eq!(request.timestamp_seconds, 1_465_185_768);
    assert_eq!((request.service, request.replay), (None, None));
    assert!(request.params.textual);
    let names: Vec<_> = request.params.root.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["InstanceIds", "Limit", "Offset"]);

    let wrong = target.replace("EliP", "EliQ");
    let sent = Sent::new(Method::GET, &wrong, "").header("host", "cvm.tencentcloudapi.com");
    assert_eq!(sent.arrive_at(1_465_185_768).unwrap_err(), Denied::SignatureMismatch);
}

#[test]
fn both_dialects_take_get_and_post() {
    for path in ["/", "/v2/index.php"] {
        for method in [Method::GET, Method::POST] {
            let request = V1::new(method, path, &[("Limit", "20")]).send().arrive().unwrap();
            assert_eq!(request.dialect, Dialect::of_path(path));
            assert_eq!(request.params.root.get("Limit"), text("20").as_ref());
        }
    }
}

#[test]
fn one_changed_parameter_breaks_the_signature() {
    let client = V1::legacy(&[("Limit", "20")]);
    let signature = client.signature();
    assert!(client.send_signed(&signature).arrive().is_ok());
    for changed in [
        client.clone().with("Limit", Some("21")),
        client.clone().with("Offset", Some("0")),
        client.clone().with("Limit", None),
        client.clone().with("Region", None),
        client.clone().with("Nonce", Some("1")),
        V1 { path: "/", ..client.clone() },
        V1 { method: Method::POST, ..client.clone() },
        V1 { sent_host: "127.0.0.2:8312", ..client.clone() },
    ] {
        assert_eq!(changed.send_signed(&signature).denied(), Denied::SignatureMismatch);
    }
    for forged in ["", "x", "forged==", "NSI3UqqD99b/UJb4tbG/xZpRW64="] {
        let expected = match forged {
            "" => Denied::MissingParameter { name: "Signature" },
            _ => Denied::SignatureMismatch,
        };
        assert_eq!(client.send_signed(forged).denied(), expected);
    }
}

#[test]
fn values_are_signed_as_they_are_and_not_encoded() {
    let value = "a b+c*d/e=f&g%h~\u{672a}";
    let client = V1::legacy(&[("InstanceName", value)]);
    let params = client.send().arrive().unwrap().params;
    assert_eq!(params.root.get("InstanceName"), text(value).as_ref());
}

#[test]
fn plus_and_percent_20_are_both_a_space_and_a_star_may_be_bare() {
    let client = V1::legacy(&[("InstanceName", "a b*c")]);
    let mut params = client.params.clone();
    let signature = client.signature();
    params.push(("Signature", &signature));
    let encoded = encode(&params);
    assert!(encoded.contains("a+b%2Ac"));
    for spelling in ["a+b%2Ac", "a%20b*c", "a%20b%2ac"] {
        let sent = client.send_encoded(&encoded.replace("a+b%2Ac", spelling));
        let params = sent.arrive().unwrap().params;
        assert_eq!(params.root.get("InstanceName"), text("a b*c").as_ref());
    }
}

#[test]
fn sha256_is_chosen_by_its_exact_name_only() {
    for (method, sha256) in [
        (Some("HmacSHA256"), true),
        (Some("HmacSHA1"), false),
        (Some("hmacsha256"), false),
        (Some("HMAC-SHA256"), false),
        (Some(""), false),
        (None, false),
    ] {
        let client = V1::legacy(&[]).with("SignatureMethod", method);
        let sent = V1 { sha256, ..client.clone() }.send();
        assert!(sent.arrive().is_ok(), "{method:?}");
        let sent = V1 { sha256: !sha256, ..client }.send();
        assert_eq!(sent.denied(), Denied::SignatureMismatch, "{method:?}");
    }
}

#[test]
fn the_host_is_signed_with_port_or_without_and_with_scheme_or_without() {
    for (sent_host, signed_hosts) in [
        ("127.0.0.1:8312", &["127.0.0.1:8312", "127.0.0.1"][..]),
        ("cvm.api.qcloud.com", &["cvm.api.qcloud.com"]),
        ("http://127.0.0.1:8312", &["http://127.0.0.1:8312", "127.0.0.1:8312", "http://127.0.0.1", "127.0.0.1"]),
    ] {
        for signed_host in signed_hosts {
            let sent = V1 { sent_host, signed_host, ..V1::legacy(&[]) }.send();
            assert!(sent.arrive().is_ok(), "{sent_host} {signed_host}");
        }
        let sent = V1 { sent_host, signed_host: "elsewhere", ..V1::legacy(&[]) }.send();
        assert_eq!(sent.denied(), Denied::SignatureMismatch);
    }
}

#[test]
fn an_underscore_in_a_name_is_signed_as_a_dot_or_as_it_is() {
    // `A_b` sorts after `AB` and, with the dot, before it, as in the string that is signed here:
    // `GETh/?A.b=1&AB=2&Action=A&Nonce=1&SecretId=...&Timestamp=1551113065&Version=1`.
    let dotted = "pfRnN3/2z9hhCKvvh25Fuj7qFS0=";
    let params = [
        ("Action", "A"),
        ("Nonce", "1"),
        ("SecretId", SECRET_ID),
        ("Timestamp", "1551113065"),
        ("Version", "1"),
        ("A_b", "1"),
        ("AB", "2"),
    ];
    assert_eq!(sign::v1(&Method::GET, "h", "/", &params, SECRET_KEY, false), dotted);
    let mut signed = params.to_vec();
    signed.push(("Signature", dotted));
    let sent = Sent::new(Method::GET, &format!("/?{}", encode(&signed)), "").header("host", "h");
    assert_eq!(sent.arrive().unwrap().params.root.get("A_b"), text("1").as_ref());

    // Signed with the names as they are, which our own signer does not do.
    let params = [
        ("Action", "A"),
        ("Nonce", "1"),
        ("SecretId", SECRET_ID),
        ("Timestamp", "1551113065"),
        ("Version", "1"),
        ("a_b", "1"),
    ];
    let verbatim = "gCbpSsrpjXWZHrBH3ixb7aFKEQY=";
    assert_ne!(verbatim, sign::v1(&Method::GET, "h", "/", &params, SECRET_KEY, false));
    let mut signed = params.to_vec();
    signed.push(("Signature", verbatim));
    let sent = Sent::new(Method::GET, &format!("/?{}", encode(&signed)), "").header("host", "h");
    assert_eq!(sent.arrive().unwrap().params.root.get("a_b"), text("1").as_ref());
}

#[test]
fn a_value_that_begins_with_at_may_be_left_out_of_the_signature_of_a_post() {
    for path in ["/v2/index.php", "/"] {
        let client = V1::new(Method::POST, path, &[]);
        let with_file = client.clone().with("File_name", Some("@/tmp/x"));
        assert_ne!(with_file.signature(), client.signature());
        assert!(with_file.send().arrive().is_ok());
        assert!(with_file.send_signed(&client.signature()).arrive().is_ok());
        let with_both = with_file.with("Limit", Some("1"));
        assert_eq!(with_both.send_signed(&client.signature()).denied(), Denied::SignatureMismatch);
    }

    let get = V1::legacy(&[]);
    let sent = get.clone().with("File", Some("@/tmp/x")).send_signed(&get.signature());
    assert_eq!(sent.denied(), Denied::SignatureMismatch);
}

#[test]
fn get_takes_the_query_and_post_takes_the_body() {
    let client = V1::new(Method::GET, "/", &[("Limit", "20")]);
    let mut sent = client.send().header("content-type", FORM);
    sent.body = b"Limit=30&Offset=1".to_vec();
    let params = sent.arrive().unwrap().params;
    assert_eq!((params.root.len(), params.root.get("Limit")), (1, text("20").as_ref()));

    let client = V1::new(Method::POST, "/", &[("Limit", "20")]);
    let mut sent = client.send();
    sent.target = "/?Limit=30&Offset=1&malformed".into();
    let params = sent.arrive().unwrap().params;
    assert_eq!((params.root.len(), params.root.get("Limit")), (1, text("20").as_ref()));
}

#[test]
fn a_form_may_name_its_charset() {
    let sent = V1::new(Method::POST, "/", &[]).send();
    for content_type in [
        "application/x-www-form-urlencoded; charset=UTF-8",
        "application/x-www-form-urlencoded;charset=utf-8",
        "Application/X-WWW-Form-Urlencoded",
    ] {
        assert!(sent.clone().header("content-type", content_type).arrive().is_ok());
    }
}

#[test]
fn a_signed_form_is_one_whatever_it_is_called() {
    for path in ["/", "/v2/index.php"] {
        let client = V1::new(Method::POST, path, &[("Limit", "1")]);
        for called in ["application/json", "text/plain;charset=UTF-8", "multipart/form-data; boundary=x", ""] {
            let sent = client.send().header("content-type", called);
            assert_eq!(sent.arrive().unwrap().params.root.get("Limit"), text("1").as_ref(), "{called}");
            assert!(sent.without("content-type").arrive().is_ok(), "{called}");
        }
        let forged = client.send_signed("Zm9yZ2Vk").header("content-type", "application/json");
        assert_eq!(forged.denied(), Denied::SignatureMismatch);
    }
    // A body that is no form is not read, whatever names occur in it.
    for body in [r#"{"SecretId":"AKID","Signature":"x"}"#, "Signature=", "Action=DescribeZones&Signatures=x", ""] {
        let sent = |target| Sent::new(Method::POST, target, body).header("content-type", "application/json");
        assert_eq!(sent("/").denied(), Denied::MissingAuthorization, "{body}");
        let found = "application/json".into();
        assert_eq!(sent("/v2/index.php").denied(), Denied::UnsupportedContentType { found, expected: FORM }, "{body}");
    }
}

#[test]
fn common_parameters_are_taken_out() {
    let client = V1::legacy(&[
        ("Language", "zh-CN"),
        ("Token", ""),
        ("SignatureMethod", "HmacSHA1"),
        ("Region.0", "mine"),
        ("Limit", "1"),
    ]);
    let request = client.send().arrive().unwrap();
    assert_eq!(request.language, Language::Chinese);
    let names: Vec<_> = request.params.root.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Limit", "Region"]);
}

#[test]
fn an_empty_region_counts_as_absent() {
    let request = V1::legacy(&[]).with("Region", Some("")).send().arrive().unwrap();
    assert_eq!(request.region, None);
    let request = V1::legacy(&[]).with("Region", None).send().arrive().unwrap();
    assert_eq!(request.region, None);
}

#[test]
fn every_required_parameter_is_named_when_missing() {
    for name in ["Action", "Nonce", "SecretId", "Timestamp"] {
        for value in [None, Some("")] {
            let denied = V1::legacy(&[]).with(name, value).send().denied();
            assert_eq!(denied, Denied::MissingParameter { name });
        }
    }
}

#[test]
fn a_nonce_may_be_anything_from_0_to_2_to_the_63() {
    for nonce in ["0", "65535", "4294967296", "9223372036854775808"] {
        assert!(V1::legacy(&[]).with("Nonce", Some(nonce)).send().arrive().is_ok(), "{nonce}");
    }
    for nonce in ["-1", "1.5", "x", "99999999999999999999"] {
        let denied = V1::legacy(&[]).with("Nonce", Some(nonce)).send().denied();
        assert_eq!(denied, Denied::MalformedParameter { name: "Nonce", value: nonce.into() });
    }
}

#[test]
fn a_timestamp_must_be_a_number() {
    for value in ["now", "1551113065.5", "-1", "1551113065 "] {
        let denied = V1::legacy(&[]).with("Timestamp", Some(value)).send().denied();
        assert_eq!(denied, Denied::MalformedParameter { name: "Timestamp", value: value.into() });
    }
}

#[test]
fn an_unknown_secret_id_is_refused_before_the_window() {
    let sent = V1::legacy(&[]).with("SecretId", Some("AKIDother")).send();
    let secret_id = "AKIDother".into();
    assert_eq!(sent.arrive_at(NOW + 999).unwrap_err(), Denied::SecretIdNotFound { secret_id });
}

#[test]
fn a_parameter_given_twice_is_refused() {
    let client = V1::legacy(&[("Limit", "20")]);
    for name in ["Limit", "Signature", "Action"] {
        let mut sent = client.send();
        sent.target.push_str(&format!("&{name}=20"));
        assert_eq!(sent.denied(), Denied::DuplicateParameter { name: name.into() });
    }
}

#[test]
fn only_the_legacy_dialect_has_a_replay_key() {
    let key = |client: &V1<'_>| client.send().arrive().unwrap().replay;
    let client = V1::legacy(&[]);
    let first = key(&client).unwrap();
    assert_eq!(key(&client), Some(first));
    assert_ne!(key(&client.clone().with("Nonce", Some("1"))), Some(first));
    assert_ne!(key(&client.clone().with("Limit", Some("1"))), Some(first));
    assert_ne!(key(&client.clone().with("Timestamp", Some("1551113066"))), Some(first));
    assert_eq!(key(&V1 { path: "/", ..client }), None);
}

#[test]
fn another_spelling_of_a_request_has_the_same_replay_key() {
    let client = V1::legacy(&[("InstanceName", "a b")]);
    let sent = client.send();
    let first = sent.arrive().unwrap().replay;
    let mut other = sent.clone();
    other.target = other.target.replace("a+b", "%61%20b").replace("%3D", "=");
    assert_ne!(other.target, sent.target);
    assert_eq!(other.arrive().unwrap().replay, first);
}

#[test]
fn a_replay_key_goes_through_hex_and_json() {
    let key = V1::legacy(&[]).send().arrive().unwrap().replay.unwrap();
    assert_eq!(key.to_hex().len(), 32);
    assert_eq!(ReplayKey::from_hex(&key.to_hex()), Ok(key));
    let json = serde_json::to_string(&key).unwrap();
    assert_eq!(json, format!("\"{}\"", key.to_hex()));
    assert_eq!(serde_json::from_str::<ReplayKey>(&json).unwrap(), key);
    for text in ["", "0", &"g".repeat(32), &"0".repeat(33)] {
        assert!(ReplayKey::from_hex(text).is_err());
    }
    assert!(serde_json::from_str::<ReplayKey>("\"x\"").is_err());
}
