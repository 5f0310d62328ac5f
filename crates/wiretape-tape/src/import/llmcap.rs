//! Captures of mock-openai-api.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;

use super::draft::{Answered, Asked, Builder, Draft};
use super::json::Place;
use super::{Error, Format, Imported};
use crate::{Chunk, EndKind, Unknown, sha256_hex};

const SCHEMA: &str = "mock-openai-api.capture";

/// Reads a `.llmcap.jsonl` as section 7 of
/// <https://github.com/zerob13/mock-openai-api/blob/main/docs/record-replay-implementation.md> has it.
///
/// Bytes, boundaries and times are those of the capture; offsets, length and digest of the response are
/// checked. Of a capture without its last record, as of a `.partial` file, the end stays open.
pub(super) fn read(text: &str) -> Result<Imported, Error> {
    let mut builder = Builder::new(Format::Llmcap, &[]);
    let mut capture: Option<Capture> = None;
    let mut lines = (1..).zip(text.split_inclusive('\n')).peekable();
    while let Some((line, text)) = lines.next() {
        if text.trim().is_empty() {
            continue;
        }
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            // The recorder was killed.
            Err(_) if lines.peek().is_none() && !text.ends_with('\n') && capture.is_some() => {
                builder.note("the last line is torn, and was left out");
                break;
            }
            Err(error) => {
                let found = format!("at column {}: {error}", error.column());
                return Err(Error::at(line, "a JSON object", found));
            }
        };
        let record = Place::root(&value);
        let kind = record.get("kind");
        let kind = kind.text().map_err(|error| error.in_line(line))?;
        let read = match (kind, &mut capture) {
            ("capture", open) => begin(&record).map(|begun| open.replace(begun)),
            (_, None) => Err(Error::at(line, "a record of kind capture first", kind)),
            (_, Some(capture)) => capture.record(kind, &record, &mut builder).map(|()| None),
        };
        if let Some(done) = read.map_err(|error| error.in_line(line))? {
            done.end(&mut builder)?;
        }
    }
    if let Some(capture) = capture {
        capture.end(&mut builder)?;
    }
    builder.finish("a record of kind capture")
}

#[derive(Default)]
struct Capture {
    request: Asked,
    draft: Draft,
    body: Vec<u8>,
    /// When the last thing of the response came, in microseconds.
    last: u64,
}

fn begin(record: &Place<'_>) -> Result<Capture, Error> {
    let (schema, version) = (record.get("schema"), record.get("schemaVersion"));
    if schema.text()? != SCHEMA {
        return Err(schema.error(SCHEMA));
    }
    if version.uint()? != 1 {
        return Err(version.error("version 1"));
    }
    let (up, down) = (record.get("upstreamUrl"), record.get("downstreamUrl"));
    let url = up.text_if_any()?.or(down.text_if_any()?);
    let mut capture = Capture::default();
    capture.request.url = url.unwrap_or_default().into();
    Ok(capture)
}

impl Capture {
    fn record(
        &mut self,
        kind: &str,
        record: &Place<'_>,
        builder: &mut Builder,
    ) -> Result<(), Error> {
        match kind {
            "request.head" => {
                self.request.method = record.get("method").text()?.into();
                self.request.headers = headers(&record.get("rawHeaders"))?;
            }
            "request.body_chunk" => {
                let bytes = bytes(record, self.request.body.len())?;
                self.request.body.extend_from_slice(&bytes);
            }
            "response.head" => {
                let at = self.passed(record)?;
                self.draft.response = Some(Answered {
                    after_ns: at,
                    status: record.get("status").status()?,
                    headers: headers(&record.get("rawHeaders"))?,
                });
            }
            "response.body_chunk" => {
                if self.draft.response.is_none() {
                    return Err(Error::field("kind", "response.head first", kind));
                }
                let after_ns = self.passed(record)?;
                let bytes = bytes(record, self.body.len())?;
                self.body.extend_from_slice(&bytes);
                self.draft.chunks.push(Chunk { after_ns, bytes });
            }
            "response.end" => self.check(record)?,
            "capture.end" => self.outcome(record, builder)?,
            _ => {}
        }
        Ok(())
    }

    /// Nanoseconds since what came before.
    fn passed(&mut self, record: &Place<'_>) -> Result<u64, Error> {
        let place = record.get("atUs");
        let at = place.uint()?;
        let Some(passed) = at.checked_sub(self.last) else {
            return Err(place.error(&format!("at least {}", self.last)));
        };
        self.last = at;
        let ns = passed.checked_mul(1000);
        ns.ok_or_else(|| place.error("microseconds since the request"))
    }

    fn check(&self, record: &Place<'_>) -> Result<(), Error> {
        let (length, digest) = (record.get("bytes"), record.get("sha256"));
        if length.uint()? != self.body.len() as u64 {
            return Err(length.error(&format!("{}, as in the chunks", self.body.len())));
        }
        let found = sha256_hex(&self.body);
        if digest.text_if_any()?.is_some_and(|said| said != found) {
            return Err(digest.error(&format!("{found}, as in the chunks")));
        }
        Ok(())
    }

    fn outcome(&mut self, record: &Place<'_>, builder: &mut Builder) -> Result<(), Error> {
        let outcome = record.get("outcome");
        let kind = match outcome.text()? {
            "complete" => EndKind::Complete,
            "upstream_error" => EndKind::UpstreamError,
            "aborted" => EndKind::Unterminated,
            "client_cancelled" => EndKind::ClientClosed,
            "timeout" => EndKind::Timeout,
            "recording_error" | "capture_truncated" => {
                builder.note("a capture does not hold the whole response: its end is open");
                return Ok(());
            }
            _ => return Err(outcome.error("an outcome such as complete or timeout")),
        };
        let after_ns = self.passed(record)?;
        self.draft.end = Some((after_ns, kind));
        for body in ["requestBodyExact", "responseBodyExact"] {
            if record.get(body).value() == &Value::Bool(false) {
                builder.is_inexact();
                builder.note("the capture's recorder replaced secrets");
            }
        }
        Ok(())
    }

    fn end(mut self, builder: &mut Builder) -> Result<(), Error> {
        if self.draft.end.is_none() {
            builder.unknown(Unknown::End);
        }
        if self.request.method.is_empty() {
            builder.unknown(Unknown::Request);
        } else {
            self.draft.request = Some(self.request);
        }
        builder.push(self.draft)
    }
}

fn headers(headers: &Place<'_>) -> Result<Vec<(String, String)>, Error> {
    headers.each(|pair| match pair.value().as_array().map(Vec::as_slice) {
        Some([Value::String(name), Value::String(value)]) => Ok((name.clone(), value.clone())),
        _ => Err(pair.error("a [name, value] pair of strings")),
    })
}

/// A chunk's bytes, which begin where those before it end.
fn bytes(record: &Place<'_>, before: usize) -> Result<Vec<u8>, Error> {
    let offset = record.get("byteOffset");
    if !offset.is_null() && offset.uint()? != before as u64 {
        return Err(offset.error(&before.to_string()));
    }
    record.get("bytesBase64").base64()
}
