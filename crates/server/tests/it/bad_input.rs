//! Bad requests over raw sockets: never a 5xx, always the envelope with the documented code of the dialect, and the
//! server serves the next request.

use crate::support::{
    self, Home,
    http::{Client, LEGACY, Tc3, now_seconds, request},
    refusals::{
        Bad,
        Dialect::{Api3, Legacy},
        api3, code, refused_all,
    },
};
use serde_json::{Value, json};

const FORM: &str = "application/x-www-form-urlencoded";

/// A request signed with TC3, in which one value of a header is replaced.
fn changed(client: &Client, from: &str, to: &str) -> Vec<u8> {
    let bytes = String::from_utf8(client.tc3("DescribeInstances", "{}", &Tc3::default())).unwrap();
    let changed = bytes.replacen(from, to, 1);
    assert_ne!(changed, bytes, "{from} is not there");
    changed.into_bytes()
}

#[test]
fn api3_refuses_what_is_wrong_with_a_signed_request_by_the_documented_code() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let signed = |action: &str, body: &str, with: Tc3<'_>| client.tc3(action, body, &with);
    let plain = |action: &str, body: Value| client.tc3(action, &body.to_string(), &Tc3::default());
    let bad = |what, code, bytes| Bad { what, dialect: Api3, code, bytes };
    let deep = format!("{{\"Filters\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    let ids: Vec<_> = (0..101).map(|number| format!("ins-{number:08}")).collect();
    let old = now_seconds() - 301;
    refused_all(
        &server,
        vec![
            bad("an unknown action", "InvalidAction", plain("DescribeEverything", json!({}))),
            bad("an action in another case", "InvalidAction", plain("describeinstances", json!({}))),
            bad(
                "a wrong version",
                "NoSuchVersion",
                signed("DescribeInstances", "{}", Tc3 { version: Some("2017-03-13"), ..Tc3::default() }),
            ),
            bad(
                "no region",
                "MissingParameter",
                signed("DescribeInstances", "{}", Tc3 { region: None, ..Tc3::default() }),
            ),
            bad(
                "an unknown region",
                "InvalidParameterValue",
                signed("DescribeInstances", "{}", Tc3 { region: Some("ap-atlantis"), ..Tc3::default() }),
            ),
            bad("an unknown parameter", "UnknownParameter", plain("DescribeInstances", json!({"Colour": "red"}))),
            bad("a missing parameter", "MissingParameter", plain("StopInstances", json!({}))),
            bad("an empty list", "MissingParameter", plain("StopInstances", json!({"InstanceIds": []}))),
            bad(
                "a text for a list",
                "InvalidParameter",
                plain("StopInstances", json!({"InstanceIds": "ins-00000001"})),
            ),
            bad("a number for a text", "InvalidParameter", plain("StopInstances", json!({"InstanceIds": [7]}))),
            bad("a text for an integer", "InvalidParameter", plain("DescribeInstances", json!({"Limit": "many"}))),
            bad(
                "a list for a structure",
                "InvalidParameter",
                plain("RunInstances", json!({"Placement": [1], "ImageId": "img-487zeit5"})),
            ),
            bad(
                "a malformed id",
                "InvalidInstanceId.Malformed",
                plain("StopInstances", json!({"InstanceIds": ["ins-1122"]})),
            ),
            bad(
                "too many ids",
                "InvalidParameterValue.LimitExceeded",
                plain("StopInstances", json!({"InstanceIds": ids})),
            ),
            bad("broken JSON", "InvalidParameter", signed("DescribeInstances", "{\"Limit\":", Tc3::default())),
            bad(
                "a body in parts",
                "InvalidRequest",
                signed(
                    "DescribeInstances",
                    "--b\r\nContent-Disposition: form-data; name=\"Limit\"\r\n\r\n1\r\n--b--\r\n",
                    Tc3 { content_type: Some("multipart/form-data; boundary=b"), ..Tc3::default() },
                ),
            ),
            bad("two JSON texts", "InvalidParameter", signed("DescribeInstances", "{}{}", Tc3::default())),
            bad("JSON that is no object", "InvalidParameter", signed("DescribeInstances", "[1]", Tc3::default())),
            bad(
                "a name twice",
                "InvalidParameter",
                signed("DescribeInstances", "{\"Limit\":1,\"Limit\":2}", Tc3::default()),
            ),
            bad("deep nesting", "InvalidParameter", signed("DescribeInstances", &deep, Tc3::default())),
            bad(
                "a flood of values",
                "InvalidParameter",
                plain("DescribeInstances", json!({"InstanceIds": vec![0; 200_000]})),
            ),
            bad(
                "a form signed with TC3",
                "InvalidRequest",
                signed("DescribeInstances", "Limit=1", Tc3 { content_type: Some(FORM), ..Tc3::default() }),
            ),
            bad(
                "a timestamp of long ago",
                "AuthFailure.SignatureExpire",
                signed("DescribeInstances", "{}", Tc3 { timestamp_seconds: Some(old - 5), ..Tc3::default() }),
            ),
            bad(
                "a timestamp of the future",
                "AuthFailure.SignatureExpire",
                signed(
                    "DescribeInstances",
                    "{}",
                    Tc3 { timestamp_seconds: Some(now_seconds() + 320), ..Tc3::default() },
                ),
            ),
            bad(
                "the end of time",
                "AuthFailure.SignatureExpire",
                signed("DescribeInstances", "{}", Tc3 { timestamp_seconds: Some(253_402_300_799), ..Tc3::default() }),
            ),
            bad(
                "a path that is none",
                "InvalidRequest",
                signed("DescribeInstances", "{}", Tc3 { path: Some("/v3/"), ..Tc3::default() }),
            ),
        ],
    );
    // A correct request still succeeds.
    client.call("DescribeInstances", json!({}));
    server.stop();
}

#[test]
fn api3_believes_no_signature_that_is_absent_forged_or_for_something_else() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let bad = |what, code, bytes| Bad { what, dialect: Api3, code, bytes };
    let json_type = ("content-type", "application/json");
    let authorized = |value: &str| api3(client, &[json_type, ("authorization", value)], b"{}");
    let forged = client.with(support::SECRET_ID, "another secret key");
    let nobody = client.with("AKIDofNobody", support::SECRET_KEY);
    let utf8 = [&b"{\"KeyName\":\""[..], &[0xff, 0xfe], b"\"}"].concat();
    refused_all(
        &server,
        vec![
            bad("no signature", "AuthFailure.InvalidAuthorization", api3(client, &[json_type], b"{}")),
            bad("no body, no headers", "AuthFailure.InvalidAuthorization", api3(client, &[], b"")),
            bad(
                "a GET without a query",
                "AuthFailure.InvalidAuthorization",
                request("GET", "/", &[("host", client.address.to_string())], b""),
            ),
            bad("another scheme", "AuthFailure.InvalidAuthorization", authorized("Bearer abc")),
            bad("an empty authorization", "AuthFailure.InvalidAuthorization", authorized("")),
            bad("a scheme alone", "AuthFailure.InvalidAuthorization", authorized("TC3-HMAC-SHA256")),
            bad(
                "fields that are none",
                "AuthFailure.InvalidAuthorization",
                authorized("TC3-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=0"),
            ),
            bad(
                "a forged signature",
                "AuthFailure.SignatureFailure",
                forged.tc3("DescribeInstances", "{}", &Tc3::default()),
            ),
            bad(
                "an unknown SecretId",
                "AuthFailure.SecretIdNotFound",
                nobody.tc3("DescribeInstances", "{}", &Tc3::default()),
            ),
            bad("another body", "AuthFailure.SignatureFailure", changed(client, "\r\n\r\n{}", "\r\n\r\n[]")),
            bad("another host", "AuthFailure.SignatureFailure", changed(client, "host: ", "host: x")),
            bad(
                "a body that is no UTF-8, unsigned",
                "AuthFailure.InvalidAuthorization",
                api3(client, &[json_type], &utf8),
            ),
            bad(
                "v1 with a forged signature",
                "AuthFailure.SignatureFailure",
                forged.signed_query("/", &forged.v1("DescribeInstances", &[])),
            ),
            bad(
                "v1 with a token",
                "AuthFailure.TokenFailure",
                client.signed_query("/", &client.v1("DescribeInstances", &[("Token", "t")])),
            ),
            bad(
                "v1 by nobody",
                "AuthFailure.SecretIdNotFound",
                nobody.signed_query("/", &nobody.v1("DescribeInstances", &[])),
            ),
            bad(
                "v1 of long ago",
                "AuthFailure.SignatureExpire",
                client.signed_query("/", &client.v1("DescribeInstances", &[("Timestamp", "1500000000")])),
            ),
            bad(
                "v1 with a timestamp that is none",
                "InvalidParameterValue",
                client.signed_query("/", &client.v1("DescribeInstances", &[("Timestamp", "soon")])),
            ),
            bad(
                "v1 without a version",
                "MissingParameter",
                client.signed_query("/", &client.v1("DescribeInstances", &[("Version", "")])),
            ),
        ],
    );
    server.stop();
}

#[test]
fn the_legacy_dialect_refuses_by_its_own_codes() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let bad = |what, code, bytes| Bad { what, dialect: Legacy, code, bytes };
    let call = |action: &str, parameters: &[(&str, &str)]| client.signed_query(LEGACY, &client.v1(action, parameters));
    let forged = client.with(support::SECRET_ID, "another secret key");
    let nobody = client.with("AKIDofNobody", support::SECRET_KEY);
    let host = || ("host", client.address.to_string());
    let json_body = [host(), ("content-type", "application/json".into())];
    let many: Vec<_> = (0..101).map(|number| (format!("InstanceIds.{number}"), format!("ins-{number:08}"))).collect();
    let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let query = |text: &str| request("GET", &format!("{LEGACY}?Version=2017-03-12&{text}"), &[host()], b"");
    refused_all(
        &server,
        vec![
            bad("an unknown action", "InvalidAction.NotFound", call("DescribeEverything", &[])),
            bad("a wrong version", "InvalidParameterValue", call("DescribeInstances", &[("Version", "2016-01-01")])),
            bad("an unknown region", "InvalidParameterValue", call("DescribeInstances", &[("Region", "ap-atlantis")])),
            bad("an unknown parameter", "UnknownParameter", call("DescribeInstances", &[("Colour", "red")])),
            bad(
                "a missing parameter",
                "MissingParameter",
                call("DisassociateInstancesKeyPairs", &[("InstanceIds.1", "ins-00000001")]),
            ),
            bad(
                "a boolean that is none",
                "InvalidParameterValue",
                call(
                    "DisassociateInstancesKeyPairs",
                    &[("InstanceIds.1", "ins-00000001"), ("KeyIds.1", "skey-00000001"), ("ForceStop", "maybe")],
                ),
            ),
            bad("a text for an integer", "InvalidParameterValue", call("DescribeInstances", &[("Limit", "many")])),
            bad(
                "a malformed id",
                "InvalidInstanceId.Malformed",
                call("StopInstances", &[("InstanceIds.1", "ins-1122")]),
            ),
            bad("too many ids", "InvalidParameterValue.LimitExceeded", call("StopInstances", &many)),
            bad(
                "two forms of one name",
                "InvalidParameterValue",
                call("StopInstances", &[("InstanceIds", "x"), ("InstanceIds.1", "ins-00000001")]),
            ),
            bad("a token", "InvalidRequest.TokenCheckFailed", call("DescribeInstances", &[("Token", "t")])),
            bad("no signature", "MissingParameter", query("Action=DescribeInstances&SecretId=x&Timestamp=1&Nonce=1")),
            bad("a pair without =", "InvalidParameterValue", query("Action")),
            bad("a broken escape", "InvalidParameterValue", query("Action=%zz")),
            bad(
                "a forged signature",
                "InvalidParameter.SignatureFailure",
                forged.signed_query(LEGACY, &forged.v1("DescribeInstances", &[])),
            ),
            bad(
                "an unknown SecretId",
                "InvalidParameter.SecretIdNotFound",
                nobody.signed_query(LEGACY, &nobody.v1("DescribeInstances", &[])),
            ),
            bad(
                "a timestamp of long ago",
                "InvalidRequest.ReplayAttack",
                call("DescribeInstances", &[("Timestamp", "1500000000")]),
            ),
            bad(
                "a JSON body",
                "InvalidRequest.Forbidden",
                request("POST", LEGACY, &json_body, b"{\"Version\":\"2017-03-12\"}"),
            ),
        ],
    );
    server.stop();
}

#[test]
fn a_legacy_request_without_a_version_gets_the_old_numeric_envelope() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    for bytes in [
        client.signed_query(LEGACY, &client.v1("DescribeInstances", &[("Version", "")])),
        request("GET", LEGACY, &[("host", client.address.to_string())], b""),
        request("POST", LEGACY, &[("host", client.address.to_string()), ("content-type", FORM.into())], b"a=%zz&b"),
    ] {
        let reply = client.send(&bytes).unwrap();
        assert_eq!((reply.status, reply.content_type.as_str()), (200, "application/json"));
        let body = reply.json();
        assert_eq!(body["code"], 6100, "{body}");
        assert!(body["message"].as_str().unwrap().contains("Version=2017-03-12"), "{body}");
        assert!(body["codeDesc"].is_string() && body["Response"].is_null(), "{body}");
    }
    server.stop();
}

#[test]
fn wrong_methods_and_paths_get_the_envelope_of_their_dialect() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let host = || vec![("host", client.address.to_string())];
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        for (path, dialect, wanted) in [("/", Api3, "InvalidRequest"), (LEGACY, Legacy, "InvalidRequest.Forbidden")] {
            let reply = client.send(&request(method, path, &host(), b"{}")).unwrap();
            assert_eq!(code(method, dialect, reply.answer()), wanted, "{method} {path}");
        }
    }
    for path in ["/v2", "/v2/", "/v2/index.php/", "/V2/index.php", "/index.php", "//", "/%00", "/?", "/a/../../etc"] {
        let reply = client.send(&request("POST", path, &host(), b"{}")).unwrap();
        let answer = reply.answer();
        let wanted = if path == "/?" { "AuthFailure.InvalidAuthorization" } else { "InvalidRequest" };
        assert_eq!(code(path, Api3, answer), wanted, "{path}");
    }
    for path in ["/_cvmd/", "/_cvmd/nothing", "/_cvmdx"] {
        assert_eq!(client.get(path).unwrap().status, 404, "{path}");
    }
    server.stop();
}

/// What the rules forbid, in both dialects: each has its own codes.
#[test]
fn one_dialects_codes_never_come_out_of_the_other() {
    let windows = json!({"InstanceId": "ins-windows1", "ImageId": "img-bhvhr6pr", "InstanceState": "STOPPED"});
    let seed = json!({
        "KeyPairs": [{"KeyId": "skey-bound001"}, {"KeyId": "skey-free0001"}],
        "Instances": [
            {"InstanceId": "ins-running1", "LoginSettings": {"KeyIds": ["skey-bound001"]}},
            {"InstanceId": "ins-stopped1", "InstanceState": "STOPPED"},
            windows,
        ],
    });
    let home = Home::new().seed(seed);
    let server = home.start();
    let client = &server.client;
    let no_force = "UnsupportedOperation.InstanceStateRunning";
    let unbind = |instance: &str| vec![("InstanceIds.0", instance.to_owned()), ("KeyIds.0", "skey-bound001".into())];
    let one = |instance: &str| vec![("InstanceIds.0", instance.to_owned())];
    let weak = || vec![("InstanceIds.0", "ins-stopped1".to_owned()), ("Password", "weak".into())];
    for (action, parameters, api3, legacy) in [
        ("DisassociateInstancesKeyPairs", unbind("ins-running1"), no_force, "InvalidInstance.NotSupported"),
        ("AssociateInstancesKeyPairs", unbind("ins-running1"), no_force, "InvalidInstance.NotSupported"),
        (
            "DisassociateInstancesKeyPairs",
            unbind("ins-windows1"),
            "UnsupportedOperation.InstanceOsWindows",
            "InvalidInstance.NotSupported",
        ),
        ("StartInstances", one("ins-running1"), no_force, "InvalidInstance.NotSupported"),
        (
            "StopInstances",
            one("ins-stopped1"),
            "UnsupportedOperation.InstanceStateStopped",
            "InvalidInstance.NotSupported",
        ),
        ("StopInstances", one("ins-nowhere1"), "InvalidInstanceId.NotFound", "InvalidInstanceId.NotFound"),
        ("ResetInstancesPassword", weak(), "InvalidParameterValue.InvalidPassword", "InvalidPassword"),
    ] {
        let pairs: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        for (dialect, path, wanted) in [(Api3, "/", api3), (Legacy, LEGACY, legacy)] {
            for bytes in [
                client.signed_query(path, &client.v1(action, &pairs)),
                client.signed_post(path, &client.v1(action, &pairs)),
            ] {
                let reply = client.send(&bytes).unwrap();
                assert_eq!(code(action, dialect, reply.answer()), wanted, "{action} {parameters:?}");
            }
        }
    }
    // Nothing has changed.
    let running = support::machines::instance(client, "ins-running1");
    assert_eq!((&running["InstanceState"], &running["LatestOperationState"]), (&json!("RUNNING"), &Value::Null));
    server.stop();
}

#[test]
fn a_text_or_a_list_beyond_its_bound_is_refused_in_words_and_counted() {
    let home = Home::new();
    let server = home.start();
    let counted = || server.metric("cvmd_bounds_reached_total{bound=\"parameters\"} ");
    let place = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5"});
    for (number, (name, value, message)) in [
        ("CamRoleName", json!("x".repeat(1025)), "`CamRoleName` has 1025 bytes; at most 1024"),
        ("ChcIds", json!(vec!["x"; 501]), "`ChcIds` has 501 values; at most 500"),
        ("CamRoleName", json!("x".repeat(300_000)), "`CamRoleName` the most of them; at most 262144"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut parameters = place.clone();
        parameters[name] = value;
        let refused = server.client.answer("RunInstances", parameters).unwrap_err();
        assert!(refused.message.contains(message), "{name}: {}", refused.message);
        assert_eq!(counted(), number as u64 + 1, "{name}");
    }
    server.stop();
}
