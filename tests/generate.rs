//! Arbitrary well-formed replies, with what a reader must make of them.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use wiretape_core::Dialect;

/// What a part of a reply is.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    Reasoning(String),
    Call { name: String, arguments: String },
}

/// A reply, and how it is written down.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// Each part with the places at which it is cut into deltas.
    parts: Vec<(Part, Vec<Index>)>,
    /// What goes before each event: a ping, a comment, nothing.
    noise: Vec<u8>,
    /// Strings are written as `\uXXXX` throughout.
    escaped: bool,
    line_end: &'static str,
}

/// What a reader must make of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    /// Id, name, arguments as sent, arguments parsed.
    pub(crate) calls: Vec<(String, String, String, Value)>,
    pub(crate) stop: &'static str,
}

pub(crate) fn reply() -> impl Strategy<Value = Reply> {
    let cuts = || prop::collection::vec(any::<Index>(), 0..6);
    let parts = prop::collection::vec((part(), cuts()), 0..5);
    let noise = prop::collection::vec(0..12_u8, 1..8);
    let line_end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    (parts, noise, any::<bool>(), line_end).prop_map(|(parts, noise, escaped, line_end)| Reply {
        parts,
        noise,
        escaped,
        line_end,
    })
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => words().prop_map(Part::Text),
        1 => words().prop_map(Part::Reasoning),
        3 => ("[a-z_]{1,12}", arguments()).prop_map(|(name, arguments)| Part::Call { name, arguments }),
    ]
}

/// Text with what trips readers: escapes, line ends, wide characters, pairs, protocol words.
fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[a-z ]{0,12}",
        2 => any::<String>(),
        1 => prop::sample::select(vec![
            "\n\n", "\r\n", "data: ", "[DONE]", "\"", "\\", "\\u", "\\ud83d", "{\"", "😀", "e\u{301}",
            "漢字", "\u{FEFF}", "\u{2028}", "\0", "\u{FFFD}", "message_stop", "👩\u{200D}💻",
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(word, 0..6).prop_map(|words| words.concat())
}

fn arguments() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            object(inner),
        ]
    });
    prop_oneof![
        1 => Just(String::new()),
        1 => Just("{}".to_owned()),
        4 => object(tree.clone()).prop_map(|value| value.to_string()),
        1 => object(tree).prop_map(|value| format!("{value:#}")),
    ]
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop::collection::vec(("[a-z\"é]{0,6}", inner), 0..4)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

/// The text in pieces, cut between characters; an empty text is one empty piece.
fn cut<'a>(text: &'a str, cuts: &[Index]) -> Vec<&'a str> {
    let places: Vec<usize> = (0..=text.len())
        .filter(|at| text.is_char_boundary(*at))
        .collect();
    let mut cuts: Vec<usize> = cuts
        .iter()
        .map(|cut| places[cut.index(places.len())])
        .collect();
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts.into_iter().chain([text.len()]) {
        pieces.push(&text[from..cut]);
        from = cut;
    }
    pieces
}

struct Writer<'a> {
    reply: &'a Reply,
    dialect: Dialect,
    events: usize,
    body: String,
}

impl Writer<'_> {
    fn lines(&mut self, lines: &[String]) {
        for line in lines.iter().map(String::as_str).chain([""]) {
            self.body.push_str(line);
            self.body.push_str(self.reply.line_end);
        }
    }

    fn noise(&mut self) {
        let noise = self.reply.noise[self.events % self.reply.noise.len()];
        self.events += 1;
        match (noise, self.dialect) {
            (0, Dialect::Anthropic) => {
                self.lines(&["event: ping".into(), "data: {\"type\": \"ping\"}".into()]);
            }
            (0 | 1, _) => self.lines(&[": keep-alive".into()]),
            _ => {}
        }
    }

    fn event(&mut self, payload: &str) {
        self.noise();
        let kind = serde_json::from_str::<Value>(payload).ok();
        let kind = kind.as_ref().and_then(|payload| payload["type"].as_str());
        let mut lines: Vec<String> = kind
            .map(|kind| format!("event: {kind}"))
            .into_iter()
            .collect();
        lines.push(format!("data: {payload}"));
        self.lines(&lines);
    }

    fn string(&self, text: &str) -> String {
        if !self.reply.escaped {
            return serde_json::to_string(text).unwrap();
        }
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    }
}

impl Reply {
    fn has_calls(&self) -> bool {
        self.parts
            .iter()
            .any(|(part, _)| matches!(part, Part::Call { .. }))
    }

    pub(crate) fn expected(&self, dialect: Dialect) -> Expected {
        let mut expected = Expected {
            text: String::new(),
            reasoning: String::new(),
            calls: Vec::new(),
            stop: match (dialect, self.has_calls()) {
                (Dialect::Anthropic, true) => "tool_use",
                (Dialect::Anthropic, false) => "end_turn",
                (_, true) => "tool_calls",
                (_, false) => "stop",
            },
        };
        for (part, _) in &self.parts {
            match part {
                Part::Text(text) => expected.text += text,
                Part::Reasoning(text) => expected.reasoning += text,
                Part::Call { name, arguments } => {
                    let sent = if arguments.is_empty() {
                        "{}"
                    } else {
                        arguments
                    };
                    let input = serde_json::from_str(sent).unwrap();
                    let id = format!("call_{}", expected.calls.len());
                    expected
                        .calls
                        .push((id, name.clone(), arguments.clone(), input));
                }
            }
        }
        expected
    }

    pub(crate) fn body(&self, dialect: Dialect) -> Vec<u8> {
        let mut writer = Writer {
            reply: self,
            dialect,
            events: 0,
            body: String::new(),
        };
        match dialect {
            Dialect::Anthropic => self.anthropic(&mut writer),
            Dialect::OpenAiChat => self.chat(&mut writer),
            other => panic!("no generator for {other}"),
        }
        writer.body.into_bytes()
    }

    fn anthropic(&self, writer: &mut Writer<'_>) {
        writer.event(
            &json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
            "role": "assistant", "model": "m", "content": [], "stop_reason": null,
            "usage": {"input_tokens": 3, "output_tokens": 1}}})
            .to_string(),
        );
        let mut calls = 0;
        for (index, (part, cuts)) in self.parts.iter().enumerate() {
            let (block, delta, field, text) = match part {
                Part::Text(text) => (
                    json!({"type": "text", "text": ""}),
                    "text_delta",
                    "text",
                    text,
                ),
                Part::Reasoning(text) => (
                    json!({"type": "thinking", "thinking": "", "signature": ""}),
                    "thinking_delta",
                    "thinking",
                    text,
                ),
                Part::Call { name, arguments } => {
                    calls += 1;
                    let id = format!("call_{}", calls - 1);
                    let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                    (block, "input_json_delta", "partial_json", arguments)
                }
            };
            writer.event(
                &json!({"type": "content_block_start", "index": index, "content_block": block})
                    .to_string(),
            );
            for piece in cut(text, cuts) {
                let piece = writer.string(piece);
                writer.event(&format!(
                    "{{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{\"type\":\"{delta}\",\"{field}\":{piece}}}}}"
                ));
            }
            writer.event(&json!({"type": "content_block_stop", "index": index}).to_string());
        }
        let stop = self.expected(Dialect::Anthropic).stop;
        writer.event(
            &json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null},
            "usage": {"output_tokens": 9}})
            .to_string(),
        );
        writer.event("{\"type\":\"message_stop\"}");
    }

    fn chat(&self, writer: &mut Writer<'_>) {
        let chunk = |delta: &str, reason: &str| {
            format!(
                "{{\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\
                 \"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{reason}}}]}}"
            )
        };
        writer.event(&chunk("{\"role\":\"assistant\",\"content\":\"\"}", "null"));
        let mut calls = 0;
        for (part, cuts) in &self.parts {
            let (field, text) = match part {
                Part::Text(text) => ("content", text),
                Part::Reasoning(text) => ("reasoning_content", text),
                Part::Call { name, arguments } => {
                    for (place, piece) in cut(arguments, cuts).into_iter().enumerate() {
                        let piece = writer.string(piece);
                        let mut call = format!("{{\"index\":{calls},");
                        if place == 0 {
                            write!(call, "\"id\":\"call_{calls}\",\"type\":\"function\",\"function\":{{\"name\":\"{name}\",").unwrap();
                        } else {
                            call.push_str("\"function\":{");
                        }
                        writer.event(&chunk(
                            &format!("{{\"tool_calls\":[{call}\"arguments\":{piece}}}}}]}}"),
                            "null",
                        ));
                    }
                    calls += 1;
                    continue;
                }
            };
            for piece in cut(text, cuts) {
                let piece = writer.string(piece);
                writer.event(&chunk(&format!("{{\"{field}\":{piece}}}"), "null"));
            }
        }
        let stop = self.expected(Dialect::OpenAiChat).stop;
        writer.event(&chunk("{}", &format!("\"{stop}\"")));
        writer.event("[DONE]");
    }
}
