//! What the benches share: replies made from a seed, in the shape real ones have.
//!
//! Nothing here is recorded. Words, ids and arguments are made up; sizes, the order of events and
//! the share of escapes follow `shared/perf.md`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a bench may stop at once where its own material is wrong"
)]

use std::fmt::Write;

use wiretape_core::Dialect;

/// The chunk sizes of every bench; the first is the whole buffer.
pub const CHUNKS: [(&str, usize); 5] = [
    ("whole", usize::MAX),
    ("16KiB", 16 << 10),
    ("1460", 1460),
    ("64", 64),
    ("1", 1),
];

/// One reply as it stands on the wire, and what a reader must find in it.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The bytes.
    pub body: Vec<u8>,
    /// Events with a payload.
    pub events: usize,
    /// Bytes of all payloads.
    pub payload_bytes: usize,
    /// The text of the answer.
    pub text: String,
    /// The arguments of each call.
    pub arguments: Vec<String>,
}

/// Four replies of one dialect.
#[derive(Clone, Debug)]
pub struct Buffer {
    /// How they are written.
    pub dialect: Dialect,
    /// Its short name.
    pub name: &'static str,
    /// Each reply alone.
    pub replies: Vec<Reply>,
    /// All replies as one stream.
    pub whole: Vec<u8>,
    /// Events with a payload.
    pub events: usize,
    /// Bytes of all payloads.
    pub payload_bytes: usize,
}

impl Buffer {
    /// Both buffers.
    #[must_use]
    pub fn all() -> [Self; 2] {
        [Dialect::Anthropic, Dialect::OpenAiChat].map(Self::new)
    }

    /// Four replies of 4,096 tokens and two calls each.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        let replies: Vec<Reply> = (1..=4).map(|seed| reply(dialect, seed, 4096)).collect();
        Self {
            dialect,
            name: name(dialect),
            whole: replies
                .iter()
                .flat_map(|reply| reply.body.iter().copied())
                .collect(),
            events: replies.iter().map(|reply| reply.events).sum(),
            payload_bytes: replies.iter().map(|reply| reply.payload_bytes).sum(),
            replies,
        }
    }
}

fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Anthropic => "anthropic",
        _ => "openai-chat",
    }
}

/// A reply of so many tokens of text, in deltas of one to three tokens, and two tool calls of about
/// 1.1 kB of arguments in fragments of 5 to 20 bytes.
#[must_use]
pub fn reply(dialect: Dialect, seed: u64, tokens: usize) -> Reply {
    let mut rng = Rng(seed);
    let deltas = text(&mut rng, tokens);
    let calls: Vec<Vec<String>> = (0..2).map(|call| fragments(&mut rng, call)).collect();
    let mut wire = Wire {
        out: String::new(),
        events: 0,
        payload_bytes: 0,
    };
    match dialect {
        Dialect::Anthropic => anthropic(&mut wire, seed, &deltas, &calls),
        _ => openai_chat(&mut wire, &mut rng, seed, &deltas, &calls),
    }
    Reply {
        body: wire.out.into_bytes(),
        events: wire.events,
        payload_bytes: wire.payload_bytes,
        text: deltas.concat(),
        arguments: calls.iter().map(|call| call.concat()).collect(),
    }
}

fn anthropic(wire: &mut Wire, seed: u64, deltas: &[String], calls: &[Vec<String>]) {
    let mut send = |kind: &str, rest: &str| {
        let payload = format!(r#"{{"type":"{kind}"{rest}}}"#);
        wire.event(Some(kind), &payload);
    };
    send(
        "message_start",
        &format!(
            r#","message":{{"id":"msg_bench{seed:019}","type":"message","role":"assistant","model":"claude-bench-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":1024,"output_tokens":1}}}}"#
        ),
    );
    send(
        "content_block_start",
        r#","index":0,"content_block":{"type":"text","text":""}"#,
    );
    send("ping", "");
    for (nth, delta) in (1..).zip(deltas) {
        let delta = quoted(delta);
        send(
            "content_block_delta",
            &format!(r#","index":0,"delta":{{"type":"text_delta","text":{delta}}}"#),
        );
        if nth % 512 == 0 {
            send("ping", "");
        }
    }
    send("content_block_stop", r#","index":0"#);
    for (index, call) in (1..).zip(calls) {
        send(
            "content_block_start",
            &format!(
                r#","index":{index},"content_block":{{"type":"tool_use","id":"toolu_bench{seed:08}{index:08}","name":"write_file","input":{{}}}}"#
            ),
        );
        for fragment in std::iter::once("").chain(call.iter().map(String::as_str)) {
            let fragment = quoted(fragment);
            send(
                "content_block_delta",
                &format!(
                    r#","index":{index},"delta":{{"type":"input_json_delta","partial_json":{fragment}}}"#
                ),
            );
        }
        send("content_block_stop", &format!(r#","index":{index}"#));
    }
    send(
        "message_delta",
        r#","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":4700}"#,
    );
    send("message_stop", "");
}

fn openai_chat(
    wire: &mut Wire,
    rng: &mut Rng,
    seed: u64,
    deltas: &[String],
    calls: &[Vec<String>],
) {
    let mut send = |choices: &str, usage: &str| {
        let padding = letters(rng);
        wire.event(
            None,
            &format!(
                r#"{{"id":"chatcmpl-bench{seed:04}","object":"chat.completion.chunk","created":1790000000,"model":"gpt-bench-1","service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{choices}],"usage":{usage},"obfuscation":"{padding}"}}"#
            ),
        );
    };
    let mut delta = |delta: &str, finish: &str| {
        send(
            &format!(
                r#"{{"index":0,"delta":{{{delta}}},"logprobs":null,"finish_reason":{finish}}}"#
            ),
            "null",
        );
    };
    delta(r#""role":"assistant","content":"","refusal":null"#, "null");
    for text in deltas {
        let text = quoted(text);
        delta(&format!(r#""content":{text}"#), "null");
    }
    for (index, call) in calls.iter().enumerate() {
        delta(
            &format!(
                r#""tool_calls":[{{"index":{index},"id":"call_bench{seed:08}{index:08}","type":"function","function":{{"name":"write_file","arguments":""}}}}]"#
            ),
            "null",
        );
        for fragment in call {
            let fragment = quoted(fragment);
            delta(
                &format!(
                    r#""tool_calls":[{{"index":{index},"function":{{"arguments":{fragment}}}}}]"#
                ),
                "null",
            );
        }
    }
    delta("", r#""tool_calls""#);
    send(
        "",
        r#"{"prompt_tokens":1024,"completion_tokens":4700,"total_tokens":5724}"#,
    );
    wire.event(None, "[DONE]");
}

struct Wire {
    out: String,
    events: usize,
    payload_bytes: usize,
}

impl Wire {
    fn event(&mut self, name: Option<&str>, payload: &str) {
        if let Some(name) = name {
            self.out += "event: ";
            self.out += name;
            self.out += "\n";
        }
        self.out += "data: ";
        self.out += payload;
        self.out += "\n\n";
        self.events += 1;
        self.payload_bytes += payload.len();
    }
}

/// Prose in deltas of one to three tokens: paragraphs, a little code in quotes, a few dashes and
/// accents.
fn text(rng: &mut Rng, tokens: usize) -> Vec<String> {
    let mut deltas = Vec::new();
    let mut left = tokens;
    while left > 0 {
        let mut delta = String::new();
        for _ in 0..left.min(1 + rng.below(3)) {
            left -= 1;
            delta += match rng.below(200) {
                0..=2 => ".\n\n",
                3..=5 => ",\n- ",
                6..=8 => " \"quoted\"",
                9 => " —",
                10 => " naïve",
                11..=22 => ",",
                23..=34 => ".",
                _ => rng.pick(&WORDS),
            };
        }
        deltas.push(delta);
    }
    deltas
}

/// The arguments of a call that writes a file, cut as a model's server cuts them.
fn fragments(rng: &mut Rng, call: usize) -> Vec<String> {
    let mut content = String::new();
    while content.len() < 960 {
        let (name, word) = (rng.pick(&WORDS).trim(), rng.pick(&WORDS));
        writeln!(
            content,
            "let {name} = read(\"{}\", {});",
            word.trim(),
            rng.below(1000)
        )
        .expect("a string takes any text");
    }
    let whole = format!(
        r#"{{"path":"src/part_{call}.rs","content":{}}}"#,
        quoted(&content)
    );
    let mut cut = Vec::new();
    let mut rest = whole.as_str();
    while !rest.is_empty() {
        let (fragment, after) = rest.split_at(rest.len().min(5 + rng.below(16)));
        cut.push(fragment.to_owned());
        rest = after;
    }
    cut
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            _ => out.push(c),
        }
    }
    out + "\""
}

/// What a provider adds so that lengths tell nothing.
fn letters(rng: &mut Rng) -> String {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (0..rng.below(13))
        .map(|_| {
            let at = rng.below(LETTERS.len());
            &LETTERS[at..=at]
        })
        .collect()
}

const WORDS: [&str; 48] = [
    " the", " a", " of", " and", " to", " in", " is", " that", " it", " for", " stream", " reader",
    " token", " event", " frame", " buffer", " between", " because", " however", " parse", "ing",
    "ed", "s", "ly", "tion", " each", " when", " which", " one", " two", " bytes", " message",
    " server", " client", " then", " where", " call", " tool", " answer", " value", " order",
    " chunk", " part", " line", " number", " test", " with", " from",
];

/// `SplitMix64`: small, and the same everywhere.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % n as u64).expect("less than a usize")
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
