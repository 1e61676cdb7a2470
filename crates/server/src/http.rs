//! HTTP in front of the pipeline: one port for both doors and the side routes.

use crate::{house::House, pipeline};
use bytes::Bytes;
use cvmd_actions::Reason;
use cvmd_wire::RawRequest;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode, body::Incoming, header::CONTENT_TYPE, header::HeaderValue, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::Instant};

/// A client has this long to send a request's head, and as long again for its body.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest body that any door takes; `wire` knows the smaller limit of v1 signatures.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
const HEAD_BYTES_MAX: usize = 128 * 1024;
/// When told to stop, requests under way have this long.
const GRACE: Duration = Duration::from_secs(5);

/// Answers until `stop` changes, then lets the requests under way finish.
pub(crate) async fn serve(house: Arc<House>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: others will close soon.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => continue,
        };
        let _ = stream.set_nodelay(true);
        connections.spawn(connection(Arc::clone(&house), TokioIo::new(stream), stop.clone()));
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::info!("some requests were cut off");
    }
}

async fn connection(house: Arc<House>, stream: TokioIo<tokio::net::TcpStream>, mut stop: watch::Receiver<bool>) {
    let service = service_fn(move |request| {
        let house = Arc::clone(&house);
        async move { Ok::<_, Infallible>(respond(&house, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn respond(house: &Arc<House>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    match head.uri.path() {
        "/_cvmd/health" => return text(StatusCode::OK, "ok\n"),
        "/_cvmd/metrics" => return text(StatusCode::OK, house.metrics.text(&house.state, house.figures())),
        path if path.starts_with("/_cvmd") => return text(StatusCode::NOT_FOUND, "there is no such page\n"),
        _ => {}
    }
    let collected = tokio::time::timeout(PATIENCE, Limited::new(body, BODY_BYTES_MAX).collect()).await;
    let started = Instant::now();
    let request = |body| RawRequest { method: &head.method, target: &head.uri, headers: &head.headers, body };
    let refuse = |reason| pipeline::refuse(&request(b""), reason);
    let (bytes, told) = match collected {
        Ok(Ok(body)) => {
            let body = body.to_bytes();
            pipeline::answer(house, &request(&body)).await
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => refuse(&Reason::BodyTooLarge),
        Ok(Err(_)) | Err(_) => refuse(&Reason::HalfSent),
    };
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    house.metrics.count(told.action, told.code, took_us);
    tracing::info!(
        request = %told.request,
        action = told.action,
        account = told.account,
        code = told.code,
        us = took_us,
        "answered"
    );
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    // Exactly this: the vendor's Python SDK takes a refusal for a success when a charset follows.
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}
