//! A tape's replies in the words of a protocol that front ends read.

use wiretape_core::ui::{Encoder, Names, Protocol};
use wiretape_core::{Dialect, Options, Reader};
use wiretape_tape::{Chunk, End, EndKind, Exchange, Response, Tape};

/// The same tape, each streamed reply said in `protocol`: a chunk for each event, at the moment of
/// the chunk that caused it. The last events, which say how the run ended, come with the body's end;
/// a connection that broke is an error that is said, over a connection that ends well.
///
/// Requests are left out, so that a front end's fit whatever their path. What was refused stays as
/// it is.
#[must_use]
pub fn in_protocol(tape: &Tape, dialect: Option<Dialect>, protocol: Protocol) -> Tape {
    let mut tape = tape.clone();
    tape.order = Vec::new();
    for (number, exchange) in tape.exchanges.iter_mut().enumerate() {
        exchange.request = None;
        let failed = |response: &Response| response.status >= 300;
        if exchange.response.as_ref().is_some_and(failed) {
            continue;
        }
        let sniffed = || Dialect::sniff(&exchange.body());
        if let Some(dialect) = dialect.or_else(sniffed) {
            let names = Names {
                message: format!("message-{number}"),
                run: format!("run-{number}"),
                ..Names::default()
            };
            let encoder = Encoder::new(protocol, names).dialect(dialect);
            convert(exchange, dialect, encoder, protocol);
        }
    }
    tape.header.dialect = None;
    tape
}

fn convert(exchange: &mut Exchange, dialect: Dialect, mut encoder: Encoder, protocol: Protocol) {
    let mut reader = Reader::with_options(dialect, Options::default());
    let mut chunks = Vec::new();
    let mut waited = 0_u64;
    let mut said = Vec::new();
    for chunk in &exchange.chunks {
        waited = waited.saturating_add(chunk.after_ns);
        // The error stands in the outcome.
        let _ = reader.feed(&chunk.bytes, &mut |event| encoder.event(&event, &mut said));
        push(&mut chunks, &mut said, &mut waited);
    }
    if let Some(end) = &exchange.end {
        waited = waited.saturating_add(end.after_ns);
    }
    let outcome = reader.finish_with(&mut |event| encoder.event(&event, &mut said));
    encoder.finish(&outcome, &mut said);
    push(&mut chunks, &mut said, &mut waited);
    exchange.end = Some(End::of(&chunks, 0, EndKind::Complete));
    exchange.chunks = chunks;
    let headers = protocol.headers().iter();
    let headers = headers.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    if let Some(response) = &mut exchange.response {
        response.headers = headers.collect();
    } else {
        exchange.response = Some(Response {
            after_ns: 0,
            status: 200,
            headers: headers.collect(),
            extra: serde_json::Map::new(),
        });
    }
}

/// A chunk for each event; the first of them has waited.
fn push(chunks: &mut Vec<Chunk>, said: &mut Vec<u8>, waited: &mut u64) {
    let mut rest = said.as_slice();
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\n\n") {
        let (event, behind) = rest.split_at(end + 2);
        chunks.push(Chunk {
            after_ns: std::mem::take(waited),
            bytes: event.to_vec(),
        });
        rest = behind;
    }
    said.clear();
}
