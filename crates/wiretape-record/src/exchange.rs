//! One exchange on its way through: what came, what is on the tape of it, how it ended.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::StatusCode;
use hyper::header::{CONTENT_ENCODING, HeaderMap};
use serde_json::{Map, Value, json};
use wiretape_tape::redact::{Redactor, Replaced};
use wiretape_tape::{Chunk, EndKind, Measure, Request, Response, encode_chunk, encode_end};

use crate::clock::Tick;
use crate::recorder::Shared;
use crate::{Ended, Report, headers, secrets};

/// Replaced values that a line lists; of more it says how many.
const REPLACED_MAX: usize = 1000;

/// An exchange. Dropped before its end it ends as one whose client went away.
pub(crate) struct Exchange {
    shared: Arc<Shared>,
    id: u64,
    /// The number on the tape, as long as every line of it is there.
    number: Option<usize>,
    method: String,
    path: String,
    begun: Tick,
    /// When the last piece came, or the head.
    last: Tick,
    first_byte_ns: Option<u64>,
    status: Option<u16>,
    chunks: u64,
    bytes: u64,
    /// Of the request.
    replaced_before: u64,
    body: Body,
    ended: bool,
}

/// The body on its way to the tape.
struct Body {
    redactor: Redactor,
    /// It is compressed: secrets in it cannot be seen.
    opaque: bool,
    /// Bytes that the redactor has let go, not yet in a line.
    ready: VecDeque<u8>,
    /// Chunks that are not on the tape yet: after so many nanoseconds, so many bytes.
    waiting: VecDeque<(u64, usize)>,
    measure: Measure,
}

impl Exchange {
    /// Writes the request's line; the clock starts.
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        request: &Request,
        replaced: u64,
        literals: &[Vec<u8>],
    ) -> Self {
        let number = {
            let mut tape = shared.tape.lock();
            if replaced > 0 {
                tape.is_inexact();
            }
            tape.request(request)
        };
        let id = shared.requests.fetch_add(1, Ordering::Relaxed);
        let now = Tick::now();
        let exchange = Self {
            shared: Arc::clone(shared),
            id,
            number,
            method: request.method.clone(),
            path: request.path.clone(),
            begun: now,
            last: now,
            first_byte_ns: None,
            status: None,
            chunks: 0,
            bytes: 0,
            replaced_before: replaced,
            body: Body {
                redactor: Redactor::new(literals),
                opaque: false,
                ready: VecDeque::new(),
                waiting: VecDeque::new(),
                measure: Measure::default(),
            },
            ended: false,
        };
        exchange.tell_failure();
        shared.tell(&Report::Request {
            id,
            exchange: number,
            method: exchange.method.clone(),
            path: exchange.path.clone(),
        });
        exchange
    }

    /// Writes the line of the response's head.
    pub(crate) fn head(&mut self, status: StatusCode, from: &HeaderMap, literals: &[Vec<u8>]) {
        let now = Tick::now();
        self.last = now;
        self.status = Some(status.as_u16());
        let after_ns = now.since(self.begun);
        let mut extra = Map::new();
        let (kept, replaced) = secrets::headers(headers::kept(from), literals);
        if let Some(encoding) = compression(from) {
            self.body.opaque = true;
            extra.insert("searched".into(), Value::Bool(false));
            self.note(format!(
                "the body is compressed ({encoding}): kept as it came, not searched for secrets"
            ));
        }
        let inexact = !replaced.is_empty();
        if inexact {
            self.replaced_before += replaced.len() as u64;
            extra.insert("replaced_headers".into(), replaced.into());
        }
        let response = Response {
            after_ns,
            status: status.as_u16(),
            headers: kept,
            extra,
        };
        if let Some(number) = self.number {
            let mut tape = self.shared.tape.lock();
            if inexact {
                tape.is_inexact();
            }
            let written = tape.response(number, &response);
            drop(tape);
            self.keep(written);
        }
        self.shared.tell(&Report::Head {
            id: self.id,
            status: status.as_u16(),
            after_ns,
        });
    }

    /// Writes the line of a chunk, and those that waited for it.
    pub(crate) fn chunk(&mut self, bytes: &[u8]) {
        let now = Tick::now();
        let after_ns = now.since(self.last);
        self.last = now;
        if self.first_byte_ns.is_none() {
            self.first_byte_ns = Some(now.since(self.begun));
        }
        self.chunks += 1;
        self.bytes += bytes.len() as u64;
        if self.number.is_some() {
            self.body.take(after_ns, bytes);
            self.write_chunks();
        }
        self.shared.tell(&Report::Chunk {
            id: self.id,
            bytes: bytes.len() as u64,
        });
    }

    /// Writes the end's line, and what waited.
    pub(crate) fn end(&mut self, kind: EndKind, error: Option<String>, extra: Map<String, Value>) {
        if self.ended {
            return;
        }
        self.ended = true;
        let after_ns = Tick::now().since(self.last);
        self.body.finish();
        self.write_chunks();
        self.write_end(after_ns, kind, error.as_deref(), extra);
        let total_ns = Tick::now().since(self.begun);
        let ended = Ended {
            id: self.id,
            exchange: self.number,
            method: std::mem::take(&mut self.method),
            path: std::mem::take(&mut self.path),
            status: self.status,
            chunks: self.chunks,
            bytes: self.bytes,
            first_byte_ns: self.first_byte_ns,
            total_ns,
            end: kind,
            error,
            replaced: self.replaced_before + self.body.redactor.count(),
            recorded: self.number.is_some(),
        };
        self.shared.count(&ended);
        self.shared.tell(&Report::End(ended));
    }

    pub(crate) fn note(&self, note: String) {
        self.shared.tell(&Report::Note { id: self.id, note });
    }

    fn write_chunks(&mut self) {
        let Some(number) = self.number else {
            return;
        };
        let mut lines = String::new();
        let inexact = self.body.redactor.count() > 0;
        while let Some(chunk) = self.body.next() {
            lines.push_str(&encode_chunk(number, &chunk));
        }
        if lines.is_empty() {
            return;
        }
        let mut tape = self.shared.tape.lock();
        if inexact {
            tape.is_inexact();
        }
        let written = tape.write(&lines);
        drop(tape);
        self.keep(written);
    }

    fn write_end(
        &mut self,
        after_ns: u64,
        kind: EndKind,
        error: Option<&str>,
        mut extra: Map<String, Value>,
    ) {
        let Some(number) = self.number else {
            return;
        };
        if let Some(error) = error {
            extra.insert("error".into(), error.into());
        }
        let redactor = &self.body.redactor;
        list(
            redactor.replaced(),
            redactor.count(),
            "replaced",
            &mut extra,
        );
        let mut end = self.body.measure.end(after_ns, kind);
        end.extra = extra;
        let written = self.shared.tape.lock().end(&encode_end(number, &end));
        self.keep(written);
    }

    /// Where a line is missing, the exchange is not on the tape.
    fn keep(&mut self, written: bool) {
        if !written {
            self.number = None;
            self.tell_failure();
        }
    }

    fn tell_failure(&self) {
        if self.number.is_none() {
            let news = self.shared.tape.lock().news();
            if let Some(why) = news {
                self.shared.tell(&Report::Failed { why });
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.ended {
            let stopping = self.shared.stopping.load(Ordering::Acquire);
            let why = stopping.then(|| "the recorder was stopped".to_owned());
            self.end(EndKind::ClientClosed, why, Map::new());
        }
    }
}

impl Body {
    fn take(&mut self, after_ns: u64, bytes: &[u8]) {
        self.waiting.push_back((after_ns, bytes.len()));
        if self.opaque {
            self.ready.extend(bytes);
        } else {
            let mut out = Vec::with_capacity(bytes.len());
            self.redactor.feed(bytes, &mut out);
            self.ready.extend(out);
        }
    }

    fn finish(&mut self) {
        let mut out = Vec::new();
        self.redactor.finish(&mut out);
        self.ready.extend(out);
    }

    /// The next chunk, once all of its bytes are free to be written.
    fn next(&mut self) -> Option<Chunk> {
        let (after_ns, length) = *self.waiting.front()?;
        if self.ready.len() < length {
            return None;
        }
        self.waiting.pop_front();
        let bytes: Vec<u8> = self.ready.drain(..length).collect();
        self.measure.add(&bytes);
        Some(Chunk { after_ns, bytes })
    }
}

/// Puts a list of what was replaced into a line's fields: `[[offset, length, "kind"], …]`.
/// `count`: how many there are in all.
pub(crate) fn list(replaced: &[Replaced], count: u64, key: &str, extra: &mut Map<String, Value>) {
    if count == 0 {
        return;
    }
    let shown = replaced.iter().take(REPLACED_MAX);
    let shown = shown.map(|one| json!([one.offset, one.length, one.kind]));
    extra.insert(key.into(), shown.collect());
    if count > REPLACED_MAX as u64 {
        extra.insert(format!("{key}_count"), count.into());
    }
}

/// How a body is compressed, if it is.
pub(crate) fn compression(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let encodings: Vec<String> = values.map(headers::text).collect();
    let encoding = encodings.join(", ");
    let plain = encoding
        .split(',')
        .all(|name| matches!(name.trim().to_ascii_lowercase().as_str(), "" | "identity"));
    (!plain).then_some(encoding)
}
