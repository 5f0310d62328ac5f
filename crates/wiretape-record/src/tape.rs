//! The tape being written: a header that is kept true, lines in order, and what becomes of it when
//! the disk is full.
//!
//! At every moment, also after `kill -9` or on a full disk, the file begins with a header that
//! claims no more than is so: `whole` is `false` until the tape was closed with nothing missing, and
//! `exact` becomes `false` before the first line with a replaced byte is written.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use wiretape_core::Dialect;
use wiretape_tape::{EXCHANGES_MAX, Header, Request, Source, SourceKind};
use wiretape_tape::{encode_request, encode_response};

use crate::header::{self, line};
use crate::output::{Before, Output, Sink};
use crate::{Config, StartError};

/// The tape, shared by all exchanges.
pub(crate) struct Recording(Mutex<Writer>);

impl Recording {
    pub(crate) fn open(config: &Config, output: Output) -> Result<Self, StartError> {
        let writer = match output.before {
            None => Writer::new(config, output.sink)?,
            Some(before) => Writer::after(config, before, output.sink)?,
        };
        Ok(Self(Mutex::new(writer)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Writer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Writer {
    sink: Box<dyn Sink>,
    header: Header,
    /// Bytes of the header line, without its line feed.
    header_bytes: usize,
    /// The number of the next exchange.
    next: usize,
    /// Bytes of whole lines.
    bytes: u64,
    /// Exchanges without an end.
    open: usize,
    /// The dialect was named, or two were seen: it stays as it is.
    dialect_is_settled: bool,
    failure: Option<String>,
    /// The failure was reported.
    told: bool,
}

impl Writer {
    fn new(config: &Config, mut sink: Box<dyn Sink>) -> Result<Self, StartError> {
        let source = Source {
            server: Some(server(config)),
            note: config.note.clone(),
            ..Source::new(SourceKind::Recorded)
        };
        let mut header = Header::new(config.dialect.as_deref(), source);
        header.extra.insert("whole".into(), Value::Bool(false));
        let text = header::roomy(&mut header);
        let header_bytes = text.len() - 1;
        sink.append(text.as_bytes()).map_err(StartError::Write)?;
        Ok(Self {
            sink,
            header,
            header_bytes,
            next: 0,
            bytes: text.len() as u64,
            open: 0,
            dialect_is_settled: config.dialect.is_some(),
            failure: None,
            told: false,
        })
    }

    fn after(config: &Config, before: Before, sink: Box<dyn Sink>) -> Result<Self, StartError> {
        let mut header = before.tape.header;
        let (ours, theirs) = (server(config), header.source.server.as_deref());
        if theirs.is_some_and(|theirs| theirs != ours) {
            return Err(StartError::OtherServer {
                tape: theirs.unwrap_or_default().into(),
                config: ours,
            });
        }
        header.extra.insert("whole".into(), Value::Bool(false));
        let text = line(&mut header, before.header_bytes);
        if text.len() != before.header_bytes + 1 {
            let why = "its header has no room for what changes";
            return Err(StartError::Write(std::io::Error::other(why)));
        }
        let mut writer = Self {
            sink,
            header,
            header_bytes: before.header_bytes,
            next: before.tape.exchanges.len(),
            bytes: before.bytes,
            open: 0,
            dialect_is_settled: false,
            failure: None,
            told: false,
        };
        // A tape that named none may hold several.
        writer.dialect_is_settled = config.dialect.is_some() || writer.header.dialect.is_none();
        let ends = before.tape.exchanges.iter();
        writer.open = ends.filter(|exchange| exchange.end.is_none()).count();
        writer
            .sink
            .overwrite(text.as_bytes())
            .map_err(StartError::Write)?;
        Ok(writer)
    }

    /// Writes the line of a request and gives the exchange its number; `None` where it cannot be
    /// recorded.
    pub(crate) fn request(&mut self, request: &Request) -> Option<usize> {
        let number = self.next;
        if number >= EXCHANGES_MAX {
            self.fail(&format!(
                "the tape holds {EXCHANGES_MAX} exchanges, its most"
            ));
            return None;
        }
        self.learn_dialect(&request.path);
        if !self.write(&encode_request(number, request)) {
            return None;
        }
        self.next += 1;
        self.open += 1;
        Some(number)
    }

    /// Writes the line of a response's head.
    pub(crate) fn response(&mut self, number: usize, response: &wiretape_tape::Response) -> bool {
        self.write(&encode_response(number, response))
    }

    /// Writes the last line of an exchange.
    pub(crate) fn end(&mut self, line: &str) -> bool {
        let written = self.write(line);
        self.open -= usize::from(written);
        written
    }

    /// Writes a line, with its line feed, at once; `false` where it is not on the tape.
    pub(crate) fn write(&mut self, line: &str) -> bool {
        if self.failure.is_some() {
            return false;
        }
        match self.sink.append(line.as_bytes()) {
            Ok(()) => {
                self.bytes += line.len() as u64;
                true
            }
            Err(error) => {
                self.fail(&format!("cannot write the tape: {error}"));
                false
            }
        }
    }

    /// Says in the header that bytes were replaced; before they are written.
    pub(crate) fn is_inexact(&mut self) {
        if self.header.exact && self.failure.is_none() {
            self.header.exact = false;
            self.patch();
        }
    }

    /// Why nothing more is recorded; once.
    pub(crate) fn news(&mut self) -> Option<String> {
        if self.told {
            return None;
        }
        self.told = self.failure.is_some();
        self.failure.clone()
    }

    /// Says in the header that the tape is whole, if it is. Gives back why it is not.
    pub(crate) fn close(&mut self) -> Option<String> {
        if self.failure.is_none() && self.open == 0 {
            self.header.extra.insert("whole".into(), Value::Bool(true));
            self.patch();
        }
        if let Err(error) = self.sink.sync() {
            self.fail(&format!("cannot write the tape: {error}"));
        }
        self.failure.clone()
    }

    /// No line after this one: a chunk that is missing would make the end line of its exchange, and
    /// with it the tape, unreadable. What is left of the line that failed goes, if it can.
    fn fail(&mut self, why: &str) {
        if self.failure.is_some() {
            return;
        }
        self.failure = Some(why.into());
        if self.sink.truncate(self.bytes).is_err() {
            return;
        }
        let line = format!("{}\n", serde_json::json!({ "incomplete": why }));
        match self.sink.append(line.as_bytes()) {
            Ok(()) => self.bytes += line.len() as u64,
            // The header says so, too.
            Err(_) => drop(self.sink.truncate(self.bytes)),
        }
    }

    /// Requests tell their dialect; a tape with two of them says none.
    fn learn_dialect(&mut self, path: &str) {
        let Some(dialect) = dialect_of(path).filter(|_| !self.dialect_is_settled) else {
            return;
        };
        match self.header.dialect.as_deref() {
            Some(name) if name == dialect.name() => return,
            Some(_) => {
                self.header.dialect = None;
                self.dialect_is_settled = true;
            }
            None => self.header.dialect = Some(dialect.name().into()),
        }
        self.patch();
    }

    fn patch(&mut self) {
        let text = line(&mut self.header, self.header_bytes);
        if text.len() != self.header_bytes + 1 {
            return;
        }
        if let Err(error) = self.sink.overwrite(text.as_bytes()) {
            self.fail(&format!("cannot write the tape: {error}"));
        }
    }
}

fn server(config: &Config) -> String {
    let named = config.server.clone();
    named.unwrap_or_else(|| config.upstream.authority().into())
}

/// How the paths of each dialect end; the first that fits tells.
const PATHS: [(&str, Dialect); 12] = [
    ("/messages", Dialect::Anthropic),
    ("/chat/completions", Dialect::OpenAiChat),
    ("/responses", Dialect::OpenAiResponses),
    ("/completions", Dialect::OpenAiCompletions),
    (":streamGenerateContent", Dialect::Gemini),
    (":generateContent", Dialect::Gemini),
    ("/converse-stream", Dialect::BedrockConverse),
    ("/converse", Dialect::BedrockConverse),
    ("/invoke-with-response-stream", Dialect::BedrockInvoke),
    ("/api/chat", Dialect::Ollama),
    ("/api/generate", Dialect::Ollama),
    ("/v2/chat", Dialect::Cohere),
];

/// The dialect that a path is asked for in, by how it ends.
#[must_use]
pub fn dialect_of(path: &str) -> Option<Dialect> {
    let path = path.split('?').next().unwrap_or(path);
    let found = PATHS.iter().find(|(end, _)| path.ends_with(end));
    found.map(|(_, dialect)| *dialect)
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").finish_non_exhaustive()
    }
}
