//! What the model says: tapes that ship, under new ids, and replies made up from a seed.

use serde_json::{Value, json};
use wiretape_core::Dialect;
use wiretape_tape::{Chunk, End, EndKind, Exchange, Tape};

use super::chance::Chance;
use super::reply::{Body, Reply};
use super::swarm::Swarm;

/// The replies that ship, by dialect, with the id each has.
pub(crate) struct Library {
    tapes: Vec<(Dialect, Exchange, Option<String>)>,
}

/// Larger replies cost time and show nothing more.
const BODY_BYTES_MAX: usize = 24 << 10;

impl Library {
    /// Every exchange of these tapes that is a stream of a known dialect and not large.
    pub(crate) fn new<'t>(tapes: impl IntoIterator<Item = &'t Tape>) -> Self {
        let mut found = Vec::new();
        for tape in tapes {
            for exchange in &tape.exchanges {
                let body: Vec<u8> = exchange
                    .chunks
                    .iter()
                    .flat_map(|c| c.bytes.clone())
                    .collect();
                let named = tape
                    .header
                    .dialect
                    .as_deref()
                    .and_then(|name| name.parse().ok());
                let Some(dialect) = named.or_else(|| Dialect::sniff(&body)) else {
                    continue;
                };
                let read = wiretape_core::read(dialect, wiretape_core::Options::default(), &body);
                let reply = match &read {
                    Ok(turn) => turn.reply(),
                    Err(rejected) => rejected.reply(),
                };
                if body.len() <= BODY_BYTES_MAX {
                    found.push((dialect, exchange.clone(), reply.id.clone()));
                }
            }
        }
        Self { tapes: found }
    }

    pub(crate) fn len(&self) -> usize {
        self.tapes.len()
    }

    /// A reply with an id of its own.
    pub(crate) fn reply(&self, number: u64, chance: &mut Chance, swarm: &Swarm) -> Exchange {
        let fits: Vec<_> = self
            .tapes
            .iter()
            .filter(|(d, ..)| *d == swarm.dialect)
            .filter(|_| swarm.usage || !is_binary(swarm.dialect))
            .collect();
        if !fits.is_empty() && chance.one_in(swarm.tapes_one_in) {
            let (_, exchange, id) = *chance.pick(&fits);
            return match id {
                Some(id) if !is_binary(swarm.dialect) => {
                    silent(renamed(exchange, id, number), swarm)
                }
                _ => silent(exchange.clone(), swarm),
            };
        }
        let body = made_up(number, chance, swarm).0;
        let step = *chance.pick(&[7, 64, 1_000, 1 << 20]);
        let gap = chance.below(200_000_000);
        let chunks = body.chunks(step).map(|bytes| Chunk {
            after_ns: gap,
            bytes: bytes.to_vec(),
        });
        let chunks: Vec<Chunk> = chunks.collect();
        Exchange {
            end: Some(End::of(&chunks, 0, EndKind::Complete)),
            chunks,
            ..Exchange::default()
        }
    }
}

/// Its frames have a checksum each: nothing in them can be replaced.
fn is_binary(dialect: Dialect) -> bool {
    dialect.framing() == wiretape_core::dialect::Framing::EventStream
}

/// Without counts of tokens, where the swarm wants none: under another name of the same length.
fn silent(exchange: Exchange, swarm: &Swarm) -> Exchange {
    if swarm.usage || is_binary(swarm.dialect) {
        return exchange;
    }
    let body: Vec<u8> = exchange
        .chunks
        .iter()
        .flat_map(|c| c.bytes.clone())
        .collect();
    let mut body = String::from_utf8_lossy(&body).into_owned();
    for (name, other) in [
        ("_tokens\":", "_tokenz\":"),
        ("TokenCount\":", "TokenKount\":"),
        ("eval_count\":", "eval_kount\":"),
    ] {
        body = body.replace(name, other);
    }
    with_body(&exchange, body.as_bytes())
}

/// The exchange with other bytes in the same chunks.
fn with_body(exchange: &Exchange, body: &[u8]) -> Exchange {
    let mut rest = body;
    let chunks = exchange.chunks.iter().map(|chunk| {
        let (bytes, behind) = rest.split_at(chunk.bytes.len().min(rest.len()));
        rest = behind;
        let (after_ns, bytes) = (chunk.after_ns, bytes.to_vec());
        Chunk { after_ns, bytes }
    });
    Exchange {
        chunks: chunks.collect(),
        ..exchange.clone()
    }
}

/// The exchange with another id of the same length, so that the chunks stay as they are.
fn renamed(exchange: &Exchange, id: &str, number: u64) -> Exchange {
    let new = format!("{number:0>width$}", width = id.len());
    let mut body: Vec<u8> = exchange
        .chunks
        .iter()
        .flat_map(|c| c.bytes.clone())
        .collect();
    let mut at = 0;
    while at + id.len() <= body.len() {
        if body[at..].starts_with(id.as_bytes()) {
            body[at..at + id.len()].copy_from_slice(&new.as_bytes()[..id.len()]);
        }
        at += 1;
    }
    with_body(exchange, &body)
}

const WORDS: [&str; 8] = [
    "The ", "weather ", "東京 ", "is\n", "fine. ", "🌍", " \"so\" ", "\\ ",
];

fn words(chance: &mut Chance, most: u64) -> String {
    let count = chance.within(1, most);
    (0..count).map(|_| *chance.pick(&WORDS)).collect()
}

/// A reply of the dialect: texts, thoughts, calls, calls of the provider, in any order.
fn made_up(number: u64, chance: &mut Chance, swarm: &Swarm) -> Body {
    let mut reply = Reply::new(swarm.dialect, &format!("msg_{number}"));
    if !swarm.usage {
        reply = reply.silent();
    }
    let talks = chance.one_in(3);
    let blocks = chance.within(1, 5);
    for block in 0..blocks {
        reply = match chance.below(if talks { 2 } else { 6 }) {
            0 | 1 => match chance.below(8) {
                0 => reply.text(" \n"),
                1 => reply.text(""),
                _ => reply.text(&words(chance, 12)),
            },
            2 if matches!(swarm.dialect, Dialect::Anthropic | Dialect::BedrockInvoke) => {
                thought_or_server(reply, number, block, chance)
            }
            _ => call(reply, number, block, chance, swarm),
        };
    }
    if swarm.stops_one_in > 0 && chance.one_in(swarm.stops_one_in) {
        let reasons: &[&str] = match swarm.dialect {
            Dialect::OpenAiResponses => &["max_output_tokens", "content_filter", "odd"],
            Dialect::Gemini => &["MAX_TOKENS", "SAFETY", "MALFORMED_FUNCTION_CALL", "ODD"],
            Dialect::BedrockConverse => &["max_tokens", "guardrail_intervened", "odd"],
            Dialect::Cohere => &["MAX_TOKENS", "ERROR", "TIMEOUT", "ODD"],
            Dialect::Anthropic | Dialect::BedrockInvoke => &[
                "max_tokens",
                "refusal",
                "pause_turn",
                "model_context_window_exceeded",
                "compaction",
                "odd",
            ],
            _ => &["length", "content_filter", "error", "odd"],
        };
        return reply.stop(chance.pick::<&str>(reasons));
    }
    reply.end()
}

fn call(reply: Reply, number: u64, block: u64, chance: &mut Chance, swarm: &Swarm) -> Reply {
    let odd = swarm.odd_calls_one_in > 0 && chance.one_in(swarm.odd_calls_one_in);
    let good = format!(
        r#"{{"city":"{}","n":{}}}"#,
        if block % 2 == 0 { "Paris" } else { "東京" },
        number
    );
    let id = format!("call_{number}_{block}");
    if !odd {
        return reply.call(&id, "weather", &good);
    }
    match chance.below(10) {
        0 => reply.call(&id, "weather", r#"{"city":"Pa"#),
        1 => reply.call(&id, "weather", ""),
        2 => reply.call(&id, "weather", "null"),
        3 => reply.call(&id, "weather", r#""{\"city\":\"Rome\"}""#),
        4 => reply.call(&id, "weather", "[1]"),
        5 => reply.call(&id, "", &good),
        // Ids that a server uses again in each reply.
        6 => reply.call("call_0", "weather", &good),
        // The same call twice, and another of its id.
        7 => reply
            .call(&id, "weather", &good)
            .call(&id, "weather", &good),
        8 => reply
            .call(&id, "weather", &good)
            .call(&id, "weather", r#"{"city":"Oslo"}"#),
        _ => reply.call(&id, "weather", r#"{"n":12345678901234567890123,"n":-0}"#),
    }
}

fn thought_or_server(mut reply: Reply, number: u64, block: u64, chance: &mut Chance) -> Reply {
    let thought = |signature: Value| {
        let start = json!({"type": "thinking", "thinking": "", "signature": ""});
        let mut deltas = vec![json!({"type": "thinking_delta", "thinking": "Hm."})];
        if signature.is_string() {
            deltas.push(json!({"type": "signature_delta", "signature": signature}));
        }
        (start, deltas)
    };
    match chance.below(4) {
        0 => {
            let (start, deltas) = thought(Value::Null);
            reply.block(start, &deltas);
        }
        1 => {
            let (start, deltas) = thought(json!("EqQB/+=="));
            reply.block(start, &deltas);
        }
        2 => reply.block(json!({"type": "redacted_thinking", "data": "Eq=="}), &[]),
        _ => {
            let id = format!("srv_{number}_{block}");
            let start =
                json!({"type": "server_tool_use", "id": id, "name": "web_search", "input": {}});
            let delta = json!({"type": "input_json_delta", "partial_json": "{\"q\":1}"});
            reply.block(start, &[delta]);
            if !chance.one_in(3) {
                let kind = "web_search_tool_result";
                reply.block(json!({"type": kind, "tool_use_id": id, "content": []}), &[]);
            }
        }
    }
    reply
}
