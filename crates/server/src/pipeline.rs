//! The pipeline: authenticated request, action, transaction, reply. Every request of every client passes here.

use crate::{
    app::App,
    command::{self, Outcome},
    summary::Summary,
    work,
};
use cvmd_actions::{self as actions, ACTIONS, Action, Address, ApiError, Body, Declared, Effect, Reason};
use cvmd_model::{AccountNumber, RegionId};
use cvmd_wire::{Checked, Denied, Dialect, Language, RawHead, RawRequest, Request, envelope};
use std::{net::IpAddr, sync::Arc};

/// Bytes in, bytes out. `checked` is the head of `raw`.
pub(crate) async fn answer(
    app: &Arc<App>,
    checked: &Checked<'_>,
    raw: &RawRequest<'_>,
    peer: IpAddr,
) -> (Vec<u8>, Summary) {
    let mut summary = Summary::unknown();
    let dialect = Dialect::of_path(raw.target.path());
    let authenticated = work::authenticate(app, checked, raw.body, peer).await;
    let outcome = match carry_out(app, authenticated, raw, dialect, &mut summary) {
        Ok(Outcome::Now(outcome)) => outcome,
        Ok(Outcome::Later(outcome)) => outcome.await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(Body(body)) => (envelope::success(&body, summary.request.0, dialect), summary),
        Err(error) => refused(&error, dialect, summary),
    }
}

/// The reply to a request whose authentication failed.
pub(crate) fn deny(head: RawHead<'_>, denied: &Denied) -> (Vec<u8>, Summary) {
    let dialect = Dialect::of_path(head.target.path());
    refused(&actions::denied(denied, dialect, Language::requested(&head.with(b""))), dialect, Summary::unknown())
}

/// The reply to bytes that are no valid request.
pub(crate) fn refuse(head: RawHead<'_>, reason: &Reason) -> (Vec<u8>, Summary) {
    let dialect = Dialect::of_path(head.target.path());
    refused(
        &reason.to_api_error(dialect, Language::requested(&head.with(b"")), Declared::NONE),
        dialect,
        Summary::unknown(),
    )
}

fn refused(error: &ApiError, dialect: Dialect, summary: Summary) -> (Vec<u8>, Summary) {
    let bytes = match error.numeric {
        Some(number) => envelope::numeric(number, error.code, &error.message),
        None => envelope::failure(error.code, &error.message, summary.request.0, dialect),
    };
    (bytes, Summary { code: error.code, ..summary })
}

fn carry_out<'a>(
    app: &'a Arc<App>,
    authenticated: Result<Result<Request, Denied>, Reason>,
    raw: &RawRequest<'_>,
    dialect: Dialect,
    summary: &mut Summary,
) -> Result<Outcome<'a>, ApiError> {
    let request =
        authenticated.map_err(|reason| reason.to_api_error(dialect, Language::requested(raw), Declared::NONE))?;
    let request = request.map_err(|denied| actions::denied(&denied, dialect, Language::requested(raw)))?;
    let language = request.language;
    summary.account = request.owner;
    let begun =
        work::begin(app, request.owner).map_err(|reason| reason.to_api_error(dialect, language, Declared::NONE))?;
    let place = find(&request).map_err(|reason| reason.to_api_error(dialect, language, Declared::NONE))?;
    let action = ACTIONS[place];
    summary.place = Some(place);
    if request.replay.is_some_and(|key| !app.replays.admit(key, app.now_seconds())) {
        return Err(Reason::Replayed.to_api_error(dialect, language, action.errors));
    }
    let region = region(app, &request, action);
    let known = *region.as_ref().unwrap_or(&app.policy.region);
    let context = app.context(summary.request, dialect, language, AccountNumber(request.owner), known);
    let size = work::Size::of(raw.body);
    match action.effect {
        Effect::Query(answer) => {
            region.map_err(|reason| reason.to_api_error(dialect, language, action.errors))?;
            Ok(command::query(app, (action, answer), request.params, context, (size, begun)))
        }
        Effect::Command(prepare, _) => {
            let may = region.map(|_| ());
            Ok(command::carry_out(app, (action, prepare), request, may, context, (size, begun)))
        }
    }
}

fn find(request: &Request) -> Result<usize, Reason> {
    actions::find(&Address {
        scope: request.service.as_deref(),
        host: &request.host,
        version: request.version.as_deref(),
        action: &request.action,
    })
}

/// The maximum characters of an unknown region that its refusal repeats.
const REGION_CHARACTERS_SHOWN: usize = 64;

fn region(app: &App, request: &Request, action: &Action) -> Result<RegionId, Reason> {
    match request.region.as_deref() {
        Some(name) => RegionId::named(name, request.dialect == Dialect::Legacy)
            .ok_or_else(|| Reason::Region { name: name.chars().take(REGION_CHARACTERS_SHOWN).collect() }),
        None if request.dialect == Dialect::Legacy || action.regionless => Ok(app.policy.region),
        None => Err(Reason::Missing { name: "Region".into() }),
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{descriptors::Shares, master_key::MasterKey};
    use cvmd_actions::Policy;
    use cvmd_clock::Clock;
    use cvmd_hypervisor_simulated::{Settings, SimulatedHypervisor, SshSettings};
    use cvmd_state::{State, store::MemoryStore};
    use cvmd_wire::{self as wire, sign};
    use http::{HeaderMap, HeaderValue, Method, Uri};

    struct Bench {
        app: Arc<App>,
        store: MemoryStore,
        _directory: tempfile::TempDir,
    }

    fn bench() -> Bench {
        let directory = tempfile::tempdir().unwrap();
        let store = MemoryStore::default();
        let ssh = SshSettings { listen: false, ..SshSettings::default() };
        let machines = Settings { data: directory.path().to_path_buf(), clock: Clock::System, ssh };
        let app = App::new(
            Arc::new(State::open(Box::new(store.clone())).unwrap()),
            SimulatedHypervisor::open(machines).unwrap(),
            Arc::new(MasterKey::open(&directory.path().join("master.key")).unwrap()),
            Policy::documented(RegionId::find("ap-guangzhou").unwrap()),
            Shares::of(1024),
        );
        app.credentials.put(1, "AKID", "key");
        Bench { app: Arc::new(app), store, _directory: directory }
    }

    /// The reply to a complete request.
    async fn whole(app: &Arc<App>, raw: &RawRequest<'_>) -> String {
        let bytes = raw.body.len() as u64;
        let bytes = match wire::check_head(raw.head(), bytes, &*app.credentials, app.now_seconds()) {
            Ok(checked) => answer(app, &checked, raw, IpAddr::from([127, 0, 0, 1])).await.0,
            Err(denied) => deny(raw.head(), &denied).0,
        };
        String::from_utf8(bytes).unwrap()
    }

    async fn api3(app: &Arc<App>, action: &str, region: Option<&str>, body: &str) -> String {
        let now = app.now_seconds();
        let signed =
            sign::tc3("AKID", "key", "cvm", "here", "application/json", now, &Method::POST, "", body.as_bytes());
        let mut headers = HeaderMap::new();
        let now = now.to_string();
        for (name, value) in [
            ("host", "here"),
            ("content-type", "application/json"),
            ("authorization", signed.as_str()),
            ("x-tc-action", action),
            ("x-tc-version", "2017-03-12"),
            ("x-tc-timestamp", now.as_str()),
        ] {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        if let Some(region) = region {
            headers.insert("x-tc-region", HeaderValue::from_str(region).unwrap());
        }
        let target = Uri::from_static("/");
        let raw = RawRequest { method: &Method::POST, target: &target, headers: &headers, body: body.as_bytes() };
        whole(app, &raw).await
    }

    fn legacy_query(app: &App, more: &[(&str, &str)]) -> String {
        let now = app.now_seconds().to_string();
        let mut pairs =
            vec![("Nonce", "11"), ("Timestamp", now.as_str()), ("SecretId", "AKID"), ("Version", "2017-03-12")];
        pairs.extend_from_slice(more);
        let signature = sign::v1(&Method::GET, "here", "/v2/index.php", &pairs, "key", false);
        let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("/v2/index.php?{}&Signature={signature}", pairs.join("&"))
    }

    async fn legacy(app: &Arc<App>, target: &str) -> String {
        let headers = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("here"))]);
        let target: Uri = target.parse().unwrap();
        let raw = RawRequest { method: &Method::GET, target: &target, headers: &headers, body: b"" };
        whole(app, &raw).await
    }

    const IMPORT: &str = r#"{"KeyName":"k","ProjectId":0,"PublicKey":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"}"#;
    const REGION: Option<&str> = Some("ap-guangzhou");

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_that_fails_is_our_own_fault_on_both_dialects_and_nothing_is_lost() {
        let bench = bench();
        bench.store.fail(true);
        let reply = api3(&bench.app, "ImportKeyPair", REGION, IMPORT).await;
        assert!(reply.contains(r#""Code":"InternalError","Message":"The server cannot store changes now"#), "{reply}");
        let query = legacy_query(&bench.app, &[("Action", "TerminateInstances"), ("InstanceIds.1", "ins-1e4r6y8i")]);
        let reply = legacy(&bench.app, &query).await;
        assert!(reply.contains(r#""Code":"InternalServerError""#), "{reply}");
        bench.store.fail(false);
        let reply = api3(&bench.app, "DescribeKeyPairs", REGION, "{}").await;
        assert!(reply.contains(r#""TotalCount":0"#), "{reply}");
        let reply = api3(&bench.app, "ImportKeyPair", REGION, IMPORT).await;
        assert!(reply.contains(r#""KeyId":"skey-"#), "{reply}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_legacy_dialect_refuses_the_same_signed_request_twice() {
        let bench = bench();
        let query = legacy_query(&bench.app, &[("Action", "DescribeRegions")]);
        assert!(legacy(&bench.app, &query).await.contains("RegionSet"));
        let reply = legacy(&bench.app, &query).await;
        assert!(reply.contains(r#""Code":"InvalidRequest.ReplayAttack""#), "{reply}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_post_without_a_signature_is_refused_as_such_whatever_its_content_type() {
        let bench = bench();
        for (body, reply) in [
            ("{}", "missing the `Authorization` header"),
            ("", "missing the `Authorization` header"),
            ("Action", "missing the `Authorization` header"),
            ("Action&Signature=x", "splited by `=`"),
        ] {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            let headers = HeaderMap::from_iter([
                (http::header::HOST, HeaderValue::from_static("here")),
                (http::header::CONTENT_TYPE, form),
            ]);
            let target = Uri::from_static("/");
            let raw = RawRequest { method: &Method::POST, target: &target, headers: &headers, body: body.as_bytes() };
            let answer = whole(&bench.app, &raw).await;
            assert!(answer.contains(reply), "{body}: {answer}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn each_dialect_has_its_own_rules_for_region_and_version() {
        let bench = bench();
        let reply = api3(&bench.app, "DescribeZones", None, "{}").await;
        assert!(reply.contains("MissingParameter") && reply.contains("`Region`"), "{reply}");
        assert!(api3(&bench.app, "DescribeRegions", None, "{}").await.contains("RegionSet"));
        let reply = api3(&bench.app, "DescribeZones", Some("ap-atlantis"), "{}").await;
        assert!(reply.contains(r#""Code":"InvalidParameterValue""#) && reply.contains("`ap-atlantis`"), "{reply}");
        let query = legacy_query(&bench.app, &[("Action", "DescribeZones")]);
        assert!(legacy(&bench.app, &query).await.contains("ap-guangzhou-3"));
        let query = legacy_query(&bench.app, &[("Action", "DescribeZones"), ("Region", "sh")]);
        assert!(legacy(&bench.app, &query).await.contains("ap-shanghai-2"), "the name of old");
        assert!(api3(&bench.app, "DescribeZones", Some("sh"), "{}").await.contains("InvalidParameterValue"));
        let reply = legacy(&bench.app, "/v2/index.php?Action=DescribeZones").await;
        assert!(reply.starts_with(r#"{"code":6100,"#), "{reply}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_the_vendor_has_and_cvmd_has_not_names_itself_on_both_dialects() {
        let bench = bench();
        let not_built = r#""Code":"UnsupportedOperation","Message":"The action `AllocateHosts` of service=`cvm`"#;
        let reply = api3(&bench.app, "AllocateHosts", REGION, "{}").await;
        assert!(reply.contains(not_built), "{reply}");
        let reply = legacy(&bench.app, &legacy_query(&bench.app, &[("Action", "AllocateHosts")])).await;
        assert!(reply.contains(not_built), "{reply}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn refusals_are_in_the_requested_language_whoever_asks() {
        let bench = bench();
        let zones = [("Action", "DescribeInstances"), ("InstanceIds.0", "ins-1122")];
        let reply = legacy(&bench.app, &legacy_query(&bench.app, &zones)).await;
        assert!(reply.contains("is malformed"), "{reply}");
        let chinese = [("Language", "zh-CN"), zones[0], zones[1]];
        let reply = legacy(&bench.app, &legacy_query(&bench.app, &chinese)).await;
        assert!(reply.contains("实例 ID `ins-1122` 格式错误"), "{reply}");
        let forged = legacy_query(&bench.app, &chinese).replace("Nonce=11", "Nonce=12");
        let reply = legacy(&bench.app, &forged).await;
        assert!(reply.contains("请求签名验证失败"), "{reply}");
        let reply = legacy(&bench.app, "/v2/index.php?Action=DescribeZones&Language=zh-CN").await;
        assert!(reply.starts_with(r#"{"code":6100,"#) && reply.contains("此处不支持"), "{reply}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn request_ids_are_upper_case_in_the_legacy_dialect_and_lower_case_in_the_other() {
        let bench = bench();
        let id = |reply: &str| reply.rsplit('"').nth(1).unwrap().to_string();
        let reply = id(&api3(&bench.app, "DescribeRegions", None, "{}").await);
        assert_eq!(reply, reply.to_lowercase());
        let reply = id(&legacy(&bench.app, &legacy_query(&bench.app, &[("Action", "Nonsense")])).await);
        assert_eq!(reply, reply.to_uppercase());
        assert_eq!(reply.len(), 36);
    }
}
