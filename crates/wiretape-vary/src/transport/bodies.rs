//! Answers that stand in a reply's place (F-41, F-42, F-43).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wiretape_core::Dialect;
use wiretape_tape::EndKind;

use super::whole::Said;
use super::{ErrorBody, NoStream, RetryAfter};
use crate::catalogue::Outcome;
use crate::dialect::Family;
use crate::script::Head;

/// A head, a body, and what a reader may make of it.
pub(crate) struct Answer {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    pub(crate) end: EndKind,
    pub(crate) permits: Vec<Outcome>,
}

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const STREAM: &str = "text/event-stream; charset=utf-8";

const PAGE: &str = "<!DOCTYPE html>\n<html>\n<head><title>502 Bad Gateway</title></head>\n<body>\n\
    <center><h1>502 Bad Gateway</h1></center>\n<hr><center>cloudflare</center>\n</body>\n</html>\n";
const LINE: &str =
    "upstream connect error or disconnect/reset before headers. reset reason: overflow";

/// An error of HTTP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpError {
    pub(crate) status: u16,
    pub(crate) body: ErrorBody,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) should_retry: Option<bool>,
}

impl HttpError {
    pub(crate) fn answer(self, family: Option<Family>) -> Result<Answer, &'static str> {
        if !(400..=599).contains(&self.status) {
            return Err("the status is no error");
        }
        let json = || error(family, self.status);
        let (kind, body) = match self.body {
            ErrorBody::Json | ErrorBody::Truncated => (Some(JSON), json()),
            ErrorBody::JsonArray => (Some(JSON), format!("[{}]", json())),
            ErrorBody::Html => (Some(HTML), PAGE.to_string()),
            ErrorBody::Text => (Some("text/plain"), LINE.to_string()),
            ErrorBody::Empty => (None, String::new()),
        };
        let mut headers = Vec::new();
        headers.extend(kind.map(|kind| header("content-type", kind)));
        headers.push(header("content-length", &body.len().to_string()));
        let mut retry_at_s = None;
        match self.retry_after {
            None => {}
            Some(RetryAfter::Seconds(s)) => headers.push(header("retry-after", &s.to_string())),
            Some(RetryAfter::DateInSeconds(s)) => retry_at_s = Some(s),
            Some(RetryAfter::Milliseconds(ms)) => {
                headers.push(header("retry-after-ms", &ms.to_string()));
            }
        }
        if let Some(should) = self.should_retry {
            headers.push(header("x-should-retry", &should.to_string()));
        }
        let mut body = body.into_bytes();
        let mut end = EndKind::Complete;
        if self.body == ErrorBody::Truncated {
            body.truncate(body.len() / 2);
            end = EndKind::Unterminated;
        }
        Ok(Answer {
            head: Head {
                status: self.status,
                headers,
                retry_at_s,
            },
            body,
            end,
            permits: [Outcome::ErrorReported].to_vec(),
        })
    }
}

/// An answer with status 200 that is no event stream. `recorded` is the untouched body.
pub(crate) fn no_stream(
    what: NoStream,
    family: Option<Family>,
    dialect: Option<Dialect>,
    recorded: &[u8],
) -> Result<Answer, &'static str> {
    let known = family.ok_or("the dialect is not known");
    let mut permits = [Outcome::ErrorReported, Outcome::EofReported].to_vec();
    let (status, kind, body) = match what {
        NoStream::Error => (200, Some(JSON), error(Some(known?), 500).into_bytes()),
        NoStream::Whole => {
            // Nothing is missing from it, so that a client may also take it for what it is.
            permits.splice(0..0, [Outcome::Same, Outcome::SameButReasoning]);
            let said = Said::of(dialect.ok_or("the dialect is not known")?, recorded)?;
            (200, Some(JSON), said.object(known?))
        }
        NoStream::Html => (200, Some(HTML), PAGE.as_bytes().to_vec()),
        NoStream::Bare => (200, Some(STREAM), error(Some(known?), 500).into_bytes()),
        NoStream::Empty => (200, Some(STREAM), Vec::new()),
        NoStream::NoContent => (204, None, Vec::new()),
    };
    let mut headers: Vec<_> = kind
        .map(|kind| header("content-type", kind))
        .into_iter()
        .collect();
    if matches!(what, NoStream::Error | NoStream::Whole | NoStream::Html) {
        headers.push(header("content-length", &body.len().to_string()));
    }
    Ok(Answer {
        head: Head {
            status,
            headers,
            retry_at_s: None,
        },
        body,
        end: EndKind::Complete,
        permits,
    })
}

/// The same reply in the stream of another dialect.
pub(crate) fn other_dialect(
    dialect: Option<Dialect>,
    recorded: &[u8],
) -> Result<Answer, &'static str> {
    let dialect = dialect.ok_or("the dialect is not known")?;
    let said = Said::of(dialect, recorded)?;
    let body = match dialect {
        Dialect::OpenAiChat | Dialect::OpenAiCompletions => said.messages_stream(),
        _ => said.chat_stream(),
    };
    Ok(Answer {
        head: Head {
            status: 200,
            headers: [header("content-type", STREAM)].to_vec(),
            retry_at_s: None,
        },
        body,
        end: EndKind::Complete,
        permits: [Outcome::ErrorReported, Outcome::EofReported].to_vec(),
    })
}

/// The head of a reply that was recorded without one.
pub(crate) fn streams_head() -> Head {
    Head {
        status: 200,
        headers: [header("content-type", STREAM)].to_vec(),
        retry_at_s: None,
    }
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_string(), value.to_string())
}

/// An error in the dialect's own shape; Messages' where the dialect is not known.
fn error(family: Option<Family>, status: u16) -> String {
    family.unwrap_or(Family::Anthropic).error_body(status)
}
