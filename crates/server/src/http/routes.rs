//! The answer for each path: the API, the other pages, and tunnels.

use super::{
    body::{self, Fault},
    connection::Connection,
    pages::{refused, text, typed},
    pool::Owner,
    tunnels,
};
use crate::{
    app::App,
    metrics::Bound,
    metrics_page,
    operator::standing::MACHINE_PAGE,
    pipeline,
    summary::Summary,
    tunnel::{connect, relay},
};
use bytes::Bytes;
use cvmd_actions::CONSOLE_PAGE;
use cvmd_wire::{self as wire, Denied, RawHead};
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode, Version,
    body::{Body, Incoming},
    header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderValue, TRANSFER_ENCODING},
    http::request::Parts,
};
use std::{convert::Infallible, sync::Arc};
use tokio::time::Instant;

/// For people who open the API's address in a browser.
const PAGE: &str = "<!doctype html><meta charset=\"utf-8\"><title>cvmd</title>\
<p>This is cvmd. It speaks the CVM API of Tencent Cloud (2017-03-12) to clients that sign their requests, and has no pages.\
<p><code>cvmd env</code> prints what a client has to be told. <a href=\"/_cvmd/health\">/_cvmd/health</a> says whether all is well.\n";
const TWO_HOSTS: &str = "this request has two `Host` headers; send one";
const NO_HOST: &str = "this request has no `Host` header, which HTTP/1.1 asks for";
const TWO_LENGTHS: &str = "this request has both `Content-Length` and `Transfer-Encoding`; send one of them";

const OTHER_CODING: &str =
    "this request names a `Transfer-Encoding` other than `chunked`, which this server does not undo";

/// Answers a request. Each future is moved once as a whole, so large and seldom used parts of it are boxed.
pub(super) fn respond(
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> {
    // With a transfer coding, nothing is read from the connection after the request.
    let is_coded = request.headers().contains_key(TRANSFER_ENCODING);
    let ambiguity = ambiguity(&connection, &request, is_coded);
    let is_otherwise_coded = is_coded && !is_chunked_alone(&request);
    let (head, body) = request.into_parts();
    async move {
        if let Some(why) = ambiguity {
            return Ok(refused(StatusCode::BAD_REQUEST, why));
        }
        if is_otherwise_coded {
            return Ok(refused(StatusCode::NOT_IMPLEMENTED, OTHER_CODING));
        }
        let mut response = answer(&connection, &head, body).await;
        if is_coded {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// Whether the body arrives in chunks and has no other coding.
fn is_chunked_alone(request: &Request<Incoming>) -> bool {
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    let only = codings.next().filter(|_| codings.next().is_none());
    only.is_some_and(|coding| coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"))
}

async fn answer(connection: &Connection, head: &Parts, body: Incoming) -> Response<Full<Bytes>> {
    let app = &connection.app;
    let bare = || Request::from_parts(head.clone(), ());
    if head.method == Method::CONNECT {
        return Box::pin(tunnels::open_tunnel(connection, bare())).await;
    }
    if head.uri.path() == CONSOLE_PAGE {
        return match Box::pin(tunnels::open_console(connection, bare())).await {
            Ok(response) => response,
            Err(why) => refused(why.status(), &why.to_string()),
        };
    }
    if connect::is_for_others(head) {
        return refused(StatusCode::FORBIDDEN, connect::NO_PROXY);
    }
    match head.uri.path() {
        "/" if is_of_browser(head) => typed(StatusCode::OK, "text/html; charset=utf-8", PAGE),
        "/_cvmd/health" => health(app),
        "/_cvmd/metrics" if !app.access.shows_metrics_to(&head.headers) => text(
            StatusCode::UNAUTHORIZED,
            "the metrics are shown to `Authorization: Bearer TOKEN` alone: metrics.token\n",
        ),
        "/_cvmd/metrics" => {
            typed(StatusCode::OK, metrics_page::CONTENT_TYPE, held(connection, app.metrics_text().into_bytes(), 0))
        }
        path if path.starts_with(MACHINE_PAGE) && !app.access.leads_to_machines(connection.peer) => {
            text(StatusCode::FORBIDDEN, format!("{}\n", connect::NO_PEER))
        }
        path if path.starts_with(MACHINE_PAGE) => machine(app, &path[MACHINE_PAGE.len()..]).await,
        path if path.starts_with("/_cvmd") => text(StatusCode::NOT_FOUND, "there is no such page\n"),
        _ => api(connection, head, body).await,
    }
}

/// Whether a browser opens the API's address: then it is no API request.
fn is_of_browser(head: &Parts) -> bool {
    let takes_pages = head.headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    takes_pages
        && head.method == Method::GET
        && head.uri.query().is_none()
        && !head.headers.contains_key(AUTHORIZATION)
        && !head.headers.contains_key("x-tc-action")
}

fn health(app: &App) -> Response<Full<Bytes>> {
    let message = if let Some(why) = app.state.write_error() {
        format!("changes are refused, for they cannot be made durable: {why}\n")
    } else if let Some(why) = app.hypervisor.trouble() {
        format!("no machine can be changed: {why}\n")
    } else if let Some(directory) = &*app.full_disk.lock() {
        format!("changes may be refused at any time: the disk of {} is nearly full\n", directory.display())
    } else {
        return text(StatusCode::OK, "ok\n");
    };
    text(StatusCode::SERVICE_UNAVAILABLE, message)
}

/// Why two readers of the same bytes may understand two different requests.
fn ambiguity(connection: &Connection, request: &Request<Incoming>, is_coded: bool) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        // The target of a proxied request names its host.
        (None, _) if request.version() == Version::HTTP_11 && request.uri().scheme().is_none() => Some(NO_HOST),
        (Some(_), Some(_)) => Some(TWO_HOSTS),
        _ => (is_coded && !connection.framing.is_coded_alone()).then_some(TWO_LENGTHS),
    }
}

/// Answers an API request. Everything that the head alone shows is checked before the body is read.
async fn api(connection: &Connection, head: &Parts, mut body: Incoming) -> Response<Full<Bytes>> {
    let (app, presence) = (&connection.app, &connection.presence);
    let raw = RawHead { method: &head.method, target: &head.uri, headers: &head.headers };
    let body_bytes = body.size_hint().exact().unwrap_or_default();
    let checked = match wire::check_head(raw, body_bytes, &*app.credentials, app.now_seconds()) {
        Ok(checked) => checked,
        Err(denied) => {
            let (bytes, summary) = pipeline::deny(raw, &denied);
            return unread(head, body, answered(connection, bytes, &summary, 0));
        }
    };
    let bytes_max = checked.body_bytes_max();
    let owner = || Owner::of_head(&checked, connection.peer);
    let received = match app.bodies.read(&mut body, bytes_max, owner, &app.metrics).await {
        Ok(received) => received,
        Err(fault) => {
            let (bytes, summary) = match fault {
                Fault::TooLarge { bytes } => {
                    pipeline::deny(raw, &Denied::BodyTooLarge { bytes, limit_bytes: bytes_max })
                }
                Fault::Refused(reason) => pipeline::refuse(raw, &reason),
            };
            return unread(head, body, answered(connection, bytes, &summary, 0));
        }
    };
    presence.begin();
    let started = Instant::now();
    let (bytes, summary) = pipeline::answer(app, &checked, &raw.with(&received.bytes), connection.peer).await;
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    presence.end(summary.account);
    answered(connection, bytes, &summary, took_us)
}

/// Builds the reply to a request, and counts and logs it.
fn answered(connection: &Connection, bytes: Vec<u8>, summary: &Summary, took_us: u64) -> Response<Full<Bytes>> {
    connection.app.metrics.count(summary.place, summary.code, took_us);
    tracing::info!(
        request = %summary.request,
        action = summary.action(),
        account = summary.account,
        code = summary.code,
        us = took_us,
        "answered"
    );
    let mut response = Response::new(Full::new(held(connection, bytes, summary.account)));
    // Exactly this: the vendor's Python SDK takes a refusal for a success if a charset follows.
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A reply's bytes, counted until they are read.
fn held(connection: &Connection, bytes: Vec<u8>, account: u32) -> Bytes {
    let (app, closer) = (&connection.app, connection.presence.closer());
    let (bytes, pushed_out) = app.replies.hold(bytes, account, connection.peer, closer);
    if pushed_out {
        app.metrics.reached(Bound::Replies);
    }
    bytes
}

/// The reply to a request whose body was not read to its end. It is sent at once, and the connection ends with it. A
/// client that reads only after it has sent everything must get the reply and not a broken pipe, so the rest of the
/// body is read, up to a limit.
fn unread(head: &Parts, body: Incoming, mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    if body.is_end_stream() {
        return response;
    }
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    // A client that asked whether to send its body gets its answer, and sends none.
    if !head.headers.contains_key(EXPECT) {
        body::drain(body);
    }
    response
}

/// What a client must know of a machine to enter it by `CONNECT`.
async fn machine(app: &App, instance: &str) -> Response<Full<Bytes>> {
    let Ok(id) = instance.parse() else { return text(StatusCode::NOT_FOUND, "there is no such instance\n") };
    match relay::about(app, id).await {
        Ok(about) => typed(StatusCode::OK, "application/json", about.to_string()),
        Err(why) => text(why.status(), format!("{why}\n")),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn bytes_of_future<A, B, F>(_: impl Fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_future_of_a_request_is_small_as_it_is_moved_as_a_whole() {
        let bytes = bytes_of_future(respond);
        assert!(bytes <= 1_400, "{bytes} bytes: what is seldom used or waits is boxed");
    }
}
