//! An exchange being imported, and what keeps secrets out of it.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::{Map, Value, json};

use super::{Error, Format, Imported, unknown};
use crate::parse::EXCHANGES_MAX;
use crate::redact::{self, Redactor, Replaced};
use crate::{
    Body, Chunk, End, EndKind, Exchange, Header, Request, Response, Source, SourceKind, Tape,
    Unknown,
};

type Headers = Vec<(String, String)>;

/// An exchange as another tool has it, with all its headers.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) request: Option<Asked>,
    pub(super) response: Option<Answered>,
    pub(super) chunks: Vec<Chunk>,
    /// How long after the last chunk, and how. `None`: there is no body to end.
    pub(super) end: Option<(u64, EndKind)>,
}

#[derive(Default)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

#[derive(Default)]
pub(super) struct Answered {
    pub(super) after_ns: u64,
    pub(super) status: u16,
    pub(super) headers: Headers,
}

impl Draft {
    /// The whole body as one chunk, and its end.
    pub(super) fn whole(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.chunks.push(Chunk { after_ns: 0, bytes });
        }
        self.end = Some((0, EndKind::Complete));
    }

    /// As [`Draft::was_decoded`], of a body that is text although its headers say that it is compressed.
    pub(super) fn was_decoded_text(&mut self, body: &[u8]) -> bool {
        !body.is_empty() && core::str::from_utf8(body).is_ok() && self.was_decoded()
    }

    /// Takes away the headers that spoke of the body before it was decompressed; whether there were any.
    fn was_decoded(&mut self) -> bool {
        let Some(response) = &mut self.response else {
            return false;
        };
        let coded = |(name, value): &(String, String)| {
            name.eq_ignore_ascii_case("content-encoding") && !value.eq_ignore_ascii_case("identity")
        };
        if !response.headers.iter().any(coded) {
            return false;
        }
        response.headers.retain(|(name, _)| {
            !name.eq_ignore_ascii_case("content-encoding")
                && !name.eq_ignore_ascii_case("content-length")
        });
        true
    }
}

/// The tape being made.
pub(super) struct Builder {
    header: Header,
    exchanges: Vec<Exchange>,
    notes: Vec<String>,
    /// What no exchange of such a recording knows.
    always: Vec<Unknown>,
    /// What the exchange being made does not know either.
    unknown: Vec<Unknown>,
    /// What each exchange does not know.
    lists: Vec<Vec<Unknown>>,
    servers: Vec<String>,
    replaced: usize,
}

impl Builder {
    pub(super) fn new(format: Format, unknown: &[Unknown]) -> Self {
        let mut source = Source::new(SourceKind::Imported);
        source.extra.insert("format".into(), format.name().into());
        Self {
            header: Header::new(None, source),
            exchanges: Vec::new(),
            notes: Vec::new(),
            always: unknown.to_vec(),
            unknown: Vec::new(),
            lists: Vec::new(),
            servers: Vec::new(),
            replaced: 0,
        }
    }

    /// The next exchange does not know this.
    pub(super) fn unknown(&mut self, what: Unknown) {
        self.unknown.push(what);
    }

    /// No exchange knows this.
    pub(super) fn never_known(&mut self, what: Unknown) {
        self.always.push(what);
    }

    /// The bytes were made, or changed.
    pub(super) const fn is_inexact(&mut self) {
        self.header.exact = false;
    }

    /// Something to tell, once.
    pub(super) fn note(&mut self, note: &str) {
        if !self.notes.iter().any(|told| told == note) {
            self.notes.push(note.to_owned());
        }
    }

    pub(super) fn push(&mut self, draft: Draft) -> Result<(), Error> {
        if self.exchanges.len() >= EXCHANGES_MAX {
            let expected = format!("at most {EXCHANGES_MAX} exchanges");
            return Err(Error::field("", expected, "more"));
        }
        if draft.request.is_none() && draft.response.is_none() {
            return Err(Error::field("", "a request or a response", "neither"));
        }
        let mut literals = Vec::new();
        if let Some(request) = &draft.request {
            for (name, value) in &request.headers {
                if redact::is_secret_header(&name.to_ascii_lowercase()) {
                    redact::header_secrets(value.as_bytes(), &mut literals);
                }
            }
            if let Some((_, query)) = request.url.split_once('?') {
                redact::query_secrets(query, &mut literals);
            }
        } else {
            self.unknown.push(Unknown::Request);
        }
        let coded = |headers: &Headers| {
            let mut names = headers.iter().map(|(name, _)| name);
            names.any(|name| name.eq_ignore_ascii_case("content-encoding"))
        };
        let opaque = draft
            .response
            .as_ref()
            .is_some_and(|one| coded(&one.headers));
        let (chunks, places) = if opaque {
            (draft.chunks, Vec::new())
        } else {
            clean(draft.chunks, &literals)
        };
        let end = draft.end.map(|(after_ns, kind)| End {
            extra: self.places(&places),
            ..End::of(&chunks, after_ns, kind)
        });
        let request = draft.request.map(|asked| self.request(asked, &literals));
        let response = draft.response.map(|answered| {
            let mut extra = Map::new();
            let headers = self.headers(answered.headers, &literals, &mut extra);
            if opaque {
                extra.insert("searched".into(), Value::Bool(false));
            }
            Response {
                after_ns: answered.after_ns,
                status: answered.status,
                headers,
                extra,
            }
        });
        self.exchanges.push(Exchange {
            request,
            response,
            chunks,
            end,
        });
        self.lists.push(core::mem::take(&mut self.unknown));
        Ok(())
    }

    pub(super) fn finish(mut self, file: &str) -> Result<Imported, Error> {
        if self.exchanges.is_empty() {
            return Err(Error::field("", file, "none"));
        }
        let mut lists = Vec::with_capacity(self.lists.len());
        for mut list in core::mem::take(&mut self.lists) {
            list.extend(&self.always);
            lists.push(list);
        }
        self.header.unknown = names(lists.iter().flatten());
        let lists: Vec<_> = lists.iter().map(names).collect();
        unknown::put(&mut self.header, &mut self.exchanges, &lists);
        self.servers.sort_unstable();
        self.servers.dedup();
        if let [server] = self.servers.as_slice() {
            self.header.source.server = Some(server.clone());
        }
        if self.replaced > 0 {
            self.header.exact = false;
            let places = self.replaced;
            let plural = if places == 1 { "" } else { "s" };
            let note = format!("secrets were replaced in {places} place{plural}");
            self.notes.push(note);
        }
        Ok(Imported {
            tape: Tape::new(self.header, self.exchanges),
            notes: self.notes,
        })
    }

    fn request(&mut self, asked: Asked, literals: &[Vec<u8>]) -> Request {
        let (server, target) = split_url(&asked.url);
        if let Some(server) = server {
            self.servers.push(server);
        }
        let (path, path_places) = redact::path(&target, literals);
        let whole = Chunk {
            after_ns: 0,
            bytes: asked.body,
        };
        let (body, places) = clean([whole].into(), literals);
        let body = body
            .into_iter()
            .next()
            .map_or(Vec::new(), |chunk| chunk.bytes);
        let mut extra = self.places(&places);
        if !path_places.is_empty() {
            self.replaced += path_places.len();
            extra.insert("replaced_path".into(), listed(&path_places));
        }
        let headers = self.headers(asked.headers, literals, &mut extra);
        Request {
            method: asked.method.to_ascii_uppercase(),
            path,
            headers,
            body: body_of(body),
            extra,
        }
    }

    /// The headers that a tape keeps, without secrets in their values.
    fn headers(
        &mut self,
        headers: Headers,
        literals: &[Vec<u8>],
        extra: &mut Map<String, Value>,
    ) -> Headers {
        let mut kept = Vec::new();
        let mut replaced = Vec::new();
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            if !redact::is_kept(&name) {
                continue;
            }
            let mut redactor = Redactor::new(literals);
            let value = redactor.text(&value);
            for one in redactor.replaced() {
                replaced.push(json!([name, one.offset, one.length, one.kind]));
            }
            kept.push((name, value));
        }
        if !replaced.is_empty() {
            self.replaced += replaced.len();
            extra.insert("replaced_headers".into(), replaced.into());
        }
        kept
    }

    fn places(&mut self, places: &[Replaced]) -> Map<String, Value> {
        let mut extra = Map::new();
        if !places.is_empty() {
            self.replaced += places.len();
            extra.insert("replaced".into(), listed(places));
        }
        extra
    }
}

/// The names of these, each once, in their order.
fn names<'a>(unknown: impl IntoIterator<Item = &'a Unknown>) -> Vec<String> {
    let mut all: Vec<Unknown> = unknown.into_iter().copied().collect();
    all.sort_unstable();
    all.dedup();
    all.iter().map(|what| what.name().to_owned()).collect()
}

fn listed(places: &[Replaced]) -> Value {
    let places = places.iter();
    let places = places.map(|one| json!([one.offset, one.length, one.kind]));
    places.collect()
}

/// Chunks without secrets, also those cut in two; their lengths stay.
fn clean(mut chunks: Vec<Chunk>, literals: &[Vec<u8>]) -> (Vec<Chunk>, Vec<Replaced>) {
    let mut redactor = Redactor::new(literals);
    let mut out = Vec::new();
    for chunk in &chunks {
        redactor.feed(&chunk.bytes, &mut out);
    }
    redactor.finish(&mut out);
    let mut rest = out.as_slice();
    for chunk in &mut chunks {
        let length = chunk.bytes.len().min(rest.len());
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        chunk.bytes = piece.to_vec();
        rest = after;
    }
    (chunks, redactor.replaced().to_vec())
}

fn body_of(bytes: Vec<u8>) -> Body {
    if bytes.is_empty() {
        return Body::Empty;
    }
    match String::from_utf8(bytes) {
        Ok(text) if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() => {
            Body::Json(text)
        }
        Ok(text) => Body::Text(text),
        Err(error) => Body::Bytes(error.into_bytes()),
    }
}

/// The server without who logs in there, and the path with its query.
fn split_url(url: &str) -> (Option<String>, String) {
    let Some((scheme, rest)) = url.split_once("://") else {
        return (None, url.to_owned());
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or_default();
    let slash = if path.starts_with('/') { "" } else { "/" };
    (Some(format!("{scheme}://{host}")), format!("{slash}{path}"))
}
