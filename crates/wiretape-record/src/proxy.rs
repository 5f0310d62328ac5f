//! A request on its way: read, recorded, sent on; and the answer's way back.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, UPGRADE};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};
use serde_json::{Map, Value, json};
use tokio::time::timeout;
use wiretape_tape::EndKind;
use wiretape_tape::redact::{self, Redactor};

use crate::body::{Broken, Recorded};
use crate::connect::{Outgoing, chain, io_kind};
use crate::exchange::{self, Exchange, compression};
use crate::recorder::Shared;
use crate::wire::Link;
use crate::{Report, headers, secrets};

/// What goes back to a client as a response's body.
pub(crate) type Reply = UnsyncBoxBody<Bytes, Broken>;

/// Answers one request; every one is answered.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Infallible> {
    Ok(match pass(&shared, link, request).await {
        Ok(response) => response,
        Err(refusal) => {
            shared.tell(&Report::Refused {
                status: refusal.status.as_u16(),
                why: refusal.why.clone(),
            });
            refusal.response()
        }
    })
}

/// A request that is not sent on.
struct Refusal {
    status: StatusCode,
    why: String,
}

impl Refusal {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self {
            status,
            why: why.into(),
        }
    }

    fn response(self) -> Response<Reply> {
        said(self.status, "wiretape_refused", &self.why)
    }
}

async fn pass(
    shared: &Arc<Shared>,
    link: Arc<Link>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Refusal> {
    let (parts, body) = request.into_parts();
    if parts.method == Method::CONNECT || parts.headers.contains_key(UPGRADE) {
        let why = "tunnels and upgrades are not recorded, expected a plain HTTP request";
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, why));
    }
    let config = &shared.config;
    let target = config.upstream.locate(&parts.uri).map_err(|error| {
        let why = format!("no upstream path for {}: {error}", parts.uri.path());
        Refusal::new(StatusCode::BAD_REQUEST, why)
    })?;
    let taken = take(body, config.limits.body_bytes, config.timeouts.request).await?;

    let literals = secrets::literals(&parts.headers, &parts.uri);
    let (line, replaced) = line(&parts, &taken, config.limits.body_bytes, &literals);
    let mut exchange = Exchange::begin(shared, &line, replaced, &literals);

    let mut outgoing = Request::new(taken.into_body());
    *outgoing.method_mut() = parts.method;
    *outgoing.uri_mut() = target;
    *outgoing.version_mut() = Version::HTTP_11;
    let encoding = config.accept_encoding;
    *outgoing.headers_mut() = headers::to_upstream(&parts.headers, &shared.host, encoding);
    // How the client spelt the names of its headers.
    *outgoing.extensions_mut() = parts.extensions;

    let response = timeout(config.timeouts.head, shared.upstreams.request(outgoing)).await;
    let (mut head, body) = match response {
        Ok(Ok(response)) => response.into_parts(),
        Ok(Err(error)) => return Ok(failed(&mut exchange, &error)),
        Err(_) => {
            let why = format!("head: no response within {:?}", config.timeouts.head);
            return Ok(timed_out(&mut exchange, &why));
        }
    };
    exchange.head(head.status, &head.headers, &literals);
    head.headers = headers::to_client(&head.headers);
    head.version = Version::HTTP_11;
    let body = if body.is_end_stream() {
        exchange.end(EndKind::Complete, None, Map::new());
        Empty::new().map_err(never).boxed_unsync()
    } else {
        Recorded::new(body, exchange, link, config.timeouts.idle).boxed_unsync()
    };
    Ok(Response::from_parts(head, body))
}

/// A request's body, read as far as it is recorded.
struct Taken {
    bytes: Vec<u8>,
    /// What comes behind it; `None` where that is all.
    rest: Option<Incoming>,
}

async fn take(mut body: Incoming, limit: usize, wait: Duration) -> Result<Taken, Refusal> {
    let mut bytes = Vec::new();
    while !body.is_end_stream() {
        let frame = match timeout(wait, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(error))) => {
                let why = format!("the request's body broke off: {}", chain(&error));
                return Err(Refusal::new(StatusCode::BAD_REQUEST, why));
            }
            Err(_) => {
                let why = format!("nothing came of the request's body for {wait:?}");
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, why));
            }
        };
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(data);
        }
        if bytes.len() > limit {
            let rest = Some(body);
            return Ok(Taken { bytes, rest });
        }
    }
    Ok(Taken { bytes, rest: None })
}

impl Taken {
    fn into_body(self) -> Outgoing {
        let first = Bytes::from(self.bytes);
        let Some(rest) = self.rest else {
            return Full::new(first).map_err(never).boxed_unsync();
        };
        let first = Some(first);
        Chained { first, rest }.boxed_unsync()
    }
}

/// What was read of a body, and then the rest of it.
struct Chained {
    first: Option<Bytes>,
    rest: Incoming,
}

impl Body for Chained {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }
}

/// The line of a request, without secrets, and how many values were replaced.
fn line(
    parts: &Parts,
    taken: &Taken,
    limit: usize,
    literals: &[Vec<u8>],
) -> (wiretape_tape::Request, u64) {
    let mut extra = Map::new();
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let (path, replaced) = redact::path(target, literals);
    let mut count = replaced.len() as u64;
    exchange::list(&replaced, count, "replaced_path", &mut extra);

    let kept = headers::kept(&parts.headers);
    let (headers, replaced) = secrets::headers(kept, literals);
    count += replaced.len() as u64;
    if !replaced.is_empty() {
        extra.insert("replaced_headers".into(), replaced.into());
    }

    let body = if taken.rest.is_some() {
        extra.insert("body_too_long".into(), json!({ "bytes_max": limit }));
        wiretape_tape::Body::Empty
    } else if compression(&parts.headers).is_some() {
        extra.insert("searched".into(), Value::Bool(false));
        body(&taken.bytes, false)
    } else {
        let mut redactor = Redactor::new(literals);
        let mut clean = Vec::with_capacity(taken.bytes.len());
        redactor.feed(&taken.bytes, &mut clean);
        redactor.finish(&mut clean);
        let places = redactor.replaced();
        exchange::list(places, redactor.count(), "replaced", &mut extra);
        count += redactor.count();
        let content_type = parts.headers.get(CONTENT_TYPE);
        let json = content_type.is_some_and(|value| headers::text(value).contains("json"));
        body(&clean, json || clean.trim_ascii_start().starts_with(b"{"))
    };
    let request = wiretape_tape::Request {
        method: parts.method.as_str().into(),
        path,
        headers,
        body,
        extra,
    };
    (request, count)
}

/// JSON that a tape's line can hold as it is, else text, else bytes.
fn body(bytes: &[u8], json: bool) -> wiretape_tape::Body {
    match std::str::from_utf8(bytes) {
        Ok("") => wiretape_tape::Body::Empty,
        Ok(text) if json && is_shallow(text) => wiretape_tape::Body::Json(text.into()),
        Ok(text) => wiretape_tape::Body::Text(text.into()),
        Err(_) => wiretape_tape::Body::Bytes(bytes.into()),
    }
}

/// It nests a little less deep than a tape's reader goes, since the line adds two levels.
fn is_shallow(json: &str) -> bool {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut in_text = false;
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_text = !in_text,
            b'\\' if in_text => drop(bytes.next()),
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest <= BODY_DEPTH_MAX
}

/// The deepest JSON that is recorded as JSON; deeper is recorded as text.
const BODY_DEPTH_MAX: usize = 120;

/// No response came: the tape says why, and so does the answer.
fn failed(exchange: &mut Exchange, error: &hyper_util::client::legacy::Error) -> Response<Reply> {
    let why = chain(error);
    if io_kind(error) == Some(std::io::ErrorKind::TimedOut) {
        return timed_out(exchange, &format!("connect: {why}"));
    }
    exchange.end(EndKind::UpstreamError, Some(why.clone()), Map::new());
    said(StatusCode::BAD_GATEWAY, "wiretape_upstream_error", &why)
}

fn timed_out(exchange: &mut Exchange, why: &str) -> Response<Reply> {
    exchange.end(EndKind::Timeout, Some(why.into()), Map::new());
    said(StatusCode::GATEWAY_TIMEOUT, "wiretape_timeout", why)
}

/// The recorder's own answer: one line of JSON.
fn said(status: StatusCode, kind: &str, message: &str) -> Response<Reply> {
    let text = json!({ "error": { "type": kind, "message": message } });
    let body = Full::new(Bytes::from(format!("{text}\n")));
    let mut response = Response::new(body.map_err(never).boxed_unsync());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// What cannot happen, as any error.
fn never<E>(never: Infallible) -> E {
    match never {}
}
