//! The reader, from bytes to a reply, beside `serde_json` making a value of each payload: MB/s of
//! payloads in the nine dialects, and the ratio. The tapes that ship, and the streams of a corpus.
//!
//! The reader does more: it frames the bytes, follows the protocol, gathers the reply and judges it.
//! `serde_json` is given the payloads, and what it makes of them is thrown away. Of `bedrock-invoke`, whose
//! payloads hold others in base64, both read both: the bytes are those of the inner ones.
//!
//! Names of dialects behind `--` choose among them.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench may stop at once where its own material is wrong"
)]

#[expect(dead_code, reason = "its tables are of buffers of events")]
mod race;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use race::{Round, race, ratio, speed};
use serde_json::Value;
use wiretape_core::event::Part;
use wiretape_core::{Dialect, Event, Options, Reader, framing};

/// How long a round is at least, in bytes of payloads: short streams are read again and again.
const ROUND_BYTES: usize = 256 << 10;

/// How long a stream is made, in bytes of its body.
const SCALED_BYTES: usize = 64 << 10;

/// Bodies of one dialect, and their payloads.
#[derive(Default)]
struct Streams {
    bodies: Vec<Vec<u8>>,
    payloads: Vec<Vec<u8>>,
    payload_bytes: usize,
}

impl Streams {
    fn add(&mut self, dialect: Dialect, body: Vec<u8>) {
        let options = Options::lenient();
        let mut decoder = framing::Decoder::new(dialect.framing(), options.sse, options.limits);
        let mut input = body.as_slice();
        let before = self.payloads.len();
        while let Ok(Some(frame)) = decoder.decode(&mut input) {
            let payload = frame.data.unwrap_or_default().as_bytes();
            if let Ok(value) = serde_json::from_slice::<Value>(payload) {
                let inner = inner(&value).map(|inner| inner.len());
                self.payload_bytes += inner.unwrap_or(payload.len());
                self.payloads.push(payload.to_vec());
            }
        }
        if self.payloads.len() > before {
            self.bodies.push(body);
        }
    }

    fn ours(&self, dialect: Dialect, chunk: usize) {
        for body in &self.bodies {
            let mut reader = Reader::new(dialect);
            for chunk in body.chunks(chunk) {
                // Some streams end in an error; then nothing more of them is read.
                let _ = reader.feed(chunk, &mut |event| {
                    black_box(event);
                });
            }
            let _ = black_box(reader.finish());
        }
    }

    fn serde(&self) {
        for payload in &self.payloads {
            let value = serde_json::from_slice::<Value>(payload).expect("it was read before");
            if let Some(inner) = inner(&value) {
                let _ = black_box(serde_json::from_slice::<Value>(&inner));
            }
            black_box(value);
        }
    }
}

/// What a payload of `bedrock-invoke` holds.
fn inner(payload: &Value) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(payload.get("bytes")?.as_str()?).ok()
}

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    table("The tapes that ship, their text made longer", |dialect| {
        recorded(dialect, scaled)
    });
    table("The tapes that ship", |dialect| {
        recorded(dialect, |_, body| body.to_vec())
    });
    if let Some(folder) = std::env::var_os("WIRETAPE_CORPUS").filter(|name| !name.is_empty()) {
        let folder = PathBuf::from(folder);
        table("The corpus", |dialect| corpus(&folder, dialect));
    }
}

fn table(title: &str, streams: impl Fn(Dialect) -> Streams) {
    println!("\n**{title}**, MB/s of payloads\n");
    println!(
        "| dialect | streams | payloads | ours, whole | ours, 1460 | serde_json | whole / serde_json | 1460 / serde_json |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let asked = |dialect: Dialect| std::env::args().any(|argument| argument == dialect.name());
    let all = !Dialect::ALL.into_iter().any(asked);
    for dialect in Dialect::ALL
        .into_iter()
        .filter(|dialect| all || asked(*dialect))
    {
        let streams = streams(dialect);
        let bytes = streams.payload_bytes;
        if bytes == 0 {
            println!("| {dialect} | 0 | 0 | – | – | – | – | – |");
            continue;
        }
        let times = ROUND_BYTES.div_ceil(bytes);
        let again = |round: &dyn Fn()| (0..times).for_each(|_| round());
        let rounds: [Round<'_>; 3] = [
            Box::new(|| again(&|| streams.ours(dialect, usize::MAX))),
            Box::new(|| again(&|| streams.ours(dialect, 1460))),
            Box::new(|| again(&|| streams.serde())),
        ];
        let best = race(&rounds);
        let total = bytes * times;
        println!(
            "| {dialect} | {} | {bytes} bytes | {} | {} | {} | {} | {} |",
            streams.bodies.len(),
            speed(total, Some(best[0])),
            speed(total, Some(best[1])),
            speed(total, Some(best[2])),
            ratio(best[2], best[0]),
            ratio(best[2], best[1]),
        );
    }
}

/// The same reply with a longer text: each frame that adds text and does nothing else but count tokens
/// comes again and again.
fn scaled(dialect: Dialect, body: &[u8]) -> Vec<u8> {
    let options = Options::lenient();
    let mut decoder = framing::Decoder::new(dialect.framing(), options.sse, options.limits);
    let mut reader = Reader::new(dialect);
    let mut input = body;
    let mut from = 0;
    let mut frames = Vec::new();
    while let Ok(Some(_)) = decoder.decode(&mut input) {
        let to = body.len() - input.len();
        let (mut texts, mut others) = (0, 0);
        let _ = reader.feed(&body[from..to], &mut |event| match event {
            Event::Delta {
                part: Part::Text, ..
            } => texts += 1,
            Event::Usage(_) => {}
            _ => others += 1,
        });
        frames.push((from..to, (texts, others) == (1, 0)));
        from = to;
    }
    let text: usize = frames
        .iter()
        .filter(|frame| frame.1)
        .map(|frame| frame.0.len())
        .sum();
    let times = SCALED_BYTES.checked_div(text).unwrap_or(1).max(1);
    let mut long = Vec::new();
    for (frame, again) in frames {
        (0..if again { times } else { 1 }).for_each(|_| long.extend(&body[frame.clone()]));
    }
    long.extend(&body[from..]);
    long
}

/// The tapes of `recordings` in a dialect.
fn recorded(dialect: Dialect, make: impl Fn(Dialect, &[u8]) -> Vec<u8>) -> Streams {
    let mut streams = Streams::default();
    let mut files = Vec::new();
    files_in(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../recordings")),
        &mut files,
    );
    files.sort();
    for file in files {
        let text = std::fs::read(&file).expect("a file that can be read");
        let Ok(parsed) = wiretape_tape::parse(&text) else {
            continue;
        };
        if parsed.tape.header.dialect.as_deref() != Some(dialect.name()) {
            continue;
        }
        for exchange in &parsed.tape.exchanges {
            streams.add(dialect, make(dialect, &exchange.body()));
        }
    }
    streams
}

fn files_in(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder that can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files_in(&path, found);
        } else if path.extension().is_some_and(|end| end == "tape") {
            found.push(path);
        }
    }
}

/// How the corpus names the formats of a dialect.
fn formats(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::Anthropic => &["anthropic-messages"],
        Dialect::OpenAiChat => &["openai-chat"],
        Dialect::OpenAiResponses => &["openai-responses"],
        Dialect::OpenAiCompletions => &["openai-completions"],
        Dialect::Gemini => &["gemini", "gemini-json-array"],
        Dialect::BedrockConverse => &["bedrock-converse"],
        Dialect::BedrockInvoke => &["bedrock-invoke"],
        Dialect::Ollama => &["ollama-ndjson"],
        Dialect::Cohere => &["cohere-v2"],
        _ => &[],
    }
}

/// The streams of a corpus in a dialect.
fn corpus(folder: &Path, dialect: Dialect) -> Streams {
    let mut streams = Streams::default();
    let index = std::fs::read_to_string(folder.join("index.jsonl")).expect("an index");
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).expect("a row");
        let format = row["wire_format"].as_str().unwrap_or_default();
        if row["record"] != "stream" || !formats(dialect).contains(&format) {
            continue;
        }
        let file = folder.join(row["file"].as_str().expect("a file"));
        let mut body = std::fs::read(&file).expect("a file that can be read");
        if file.extension().is_some_and(|end| end == "eventstream-b64") {
            body.retain(|byte| !byte.is_ascii_whitespace());
            body = BASE64_STANDARD.decode(body).expect("base64");
        }
        streams.add(dialect, body);
    }
    streams
}
