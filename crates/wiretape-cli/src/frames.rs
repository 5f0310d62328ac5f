//! `wiretape frames`: the framing alone, frame by frame.

use serde::Serialize;
use serde_json::{Map, Value};
use wiretape_core::dialect::Framing;
use wiretape_core::framing::Decoder;
use wiretape_core::{Dialect, Error, ErrorKind, Frame, Limits};
use wiretape_tape::{Kind, SourceKind, sniff};

use crate::args::FramesArgs;
use crate::exit::{Exit, Fault};
use crate::{Io, source};

/// A frame as a line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<usize>,
    at: u64,
    event: Option<&'a str>,
    data: Option<&'a str>,
    id: Option<&'a str>,
    retry: Option<u64>,
    comment: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    unknown: Map<String, Value>,
    #[serde(skip_serializing_if = "is_false")]
    recovered: bool,
    #[serde(skip_serializing_if = "is_false")]
    replaced: bool,
    #[serde(skip_serializing_if = "is_false")]
    failed: bool,
}

/// How the stream ended.
#[derive(Debug, Serialize)]
struct End {
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<usize>,
    end: &'static str,
    at: u64,
    error: Option<String>,
    frames: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Prints the frames of each exchange.
pub(crate) fn run(args: &FramesArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    // With a dialect named, a tape of an unknown one is read too.
    let loaded = source::open(&args.file, Some(Dialect::Anthropic), io)?;
    let bare = loaded.tape.header.source.kind == SourceKind::Bare;
    let dialect = loaded.tape.header.dialect.as_deref();
    let dialect = dialect.filter(|_| !bare).and_then(|name| name.parse().ok());
    for (number, exchange) in loaded.tape.exchanges.iter().enumerate() {
        let exchange_number = (!bare).then_some(number);
        let body = exchange.body();
        print(
            &body,
            framing(&body, dialect, args),
            exchange_number,
            args,
            io,
        )?;
    }
    if loaded.tape.exchanges.is_empty() {
        io.note(&format!(
            "{}: no exchange in this tape",
            args.file.display()
        ));
    }
    Ok(Exit::Good)
}

/// How the body is framed: the one asked for, the one it shows, or its dialect's.
fn framing(body: &[u8], dialect: Option<Dialect>, args: &FramesArgs) -> Framing {
    let shown = match (dialect.map(Dialect::framing), sniff(body)) {
        (Some(framing @ (Framing::EventStream | Framing::SseOrJson)), _) => framing,
        (_, Kind::Lines) => Framing::Ndjson,
        (_, Kind::EventStream) => Framing::EventStream,
        (framing, _) => framing.unwrap_or(Framing::Sse),
    };
    if args.ndjson { Framing::Ndjson } else { shown }
}

fn print(
    body: &[u8],
    framing: Framing,
    exchange: Option<usize>,
    args: &FramesArgs,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    let limits = Limits::default();
    let options = source::options(args.strict, args.recover).sse;
    let mut decoder = Decoder::new(framing, options, limits);
    let mut frames = 0;
    let result = decode(&mut decoder, body, args.chunk, &mut |frame| {
        frames += 1;
        write(frame, exchange, io)
    })?;
    let end = End {
        exchange,
        end: match result {
            Ok(()) => "clean",
            Err(Error {
                kind: ErrorKind::Truncated,
                ..
            }) => "truncated",
            Err(_) => "error",
        },
        at: result.map_or_else(|error| error.at, |()| body.len() as u64),
        error: result.err().map(|error| error.kind.to_string()),
        frames,
    };
    serde_json::to_writer(&mut *io.out, &end)?;
    Ok(io.out.write_all(b"\n")?)
}

/// The outer error is ours, the inner one the stream's.
fn decode(
    decoder: &mut Decoder,
    body: &[u8],
    chunk: Option<usize>,
    out: &mut dyn FnMut(Frame<'_>) -> Result<(), Fault>,
) -> Result<Result<(), Error>, Fault> {
    for mut input in body.chunks(chunk.unwrap_or(body.len()).max(1)) {
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(frame)) => out(frame)?,
                Ok(None) => break,
                Err(error) => return Ok(Err(error)),
            }
        }
    }
    match decoder.finish() {
        Ok(Some(frame)) => out(frame)?,
        Ok(None) => {}
        Err(error) => return Ok(Err(error)),
    }
    Ok(Ok(()))
}

fn write(frame: Frame<'_>, exchange: Option<usize>, io: &mut Io<'_>) -> Result<(), Fault> {
    let unknown = frame.unknown().iter();
    let line = Line {
        exchange,
        at: frame.at,
        event: frame.event,
        data: frame.data,
        id: frame.id(),
        retry: frame.retry(),
        comment: frame.comment(),
        unknown: unknown
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect(),
        recovered: frame.meta.is_some_and(|meta| meta.recovered),
        replaced: frame.meta.is_some_and(|meta| meta.replaced),
        failed: frame.is_failure(),
    };
    serde_json::to_writer(&mut *io.out, &line)?;
    Ok(io.out.write_all(b"\n")?)
}
