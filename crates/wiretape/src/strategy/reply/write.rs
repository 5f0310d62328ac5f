//! How a server of each dialect writes a reply down.

use proptest::sample::Index;
use serde_json::{Value, json};
use wiretape_core::Dialect;

use super::expect::{citation, redacted, result, unknown};
use super::{Counted, Cut, Form, Part, Reply, Style, id};

/// The text in pieces, cut between characters; an empty text is one empty piece.
fn cut<'a>(text: &'a str, cuts: &[Index]) -> Vec<&'a str> {
    let places: Vec<usize> = (0..=text.len())
        .filter(|at| text.is_char_boundary(*at))
        .collect();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| *cut.get(&places)).collect();
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for cut in cuts.into_iter().chain([text.len()]) {
        pieces.push(text.get(from..cut).unwrap_or_default());
        from = cut;
    }
    pieces
}

struct Writer<'a> {
    style: &'a Style,
    dialect: Dialect,
    events: usize,
    body: String,
}

impl Writer<'_> {
    fn lines(&mut self, lines: &[String]) {
        for line in lines.iter().map(String::as_str).chain([""]) {
            self.body.push_str(line);
            self.body.push_str(self.style.line_end);
        }
    }

    fn noise(&mut self) {
        let place = self.events % self.style.noise.len().max(1);
        let noise = self.style.noise.get(place).copied().unwrap_or(u8::MAX);
        self.events += 1;
        match (noise, self.dialect) {
            (0, Dialect::Anthropic) => {
                self.lines(&["event: ping".into(), "data: {\"type\": \"ping\"}".into()]);
            }
            (0 | 1, _) => self.lines(&[": keep-alive".into()]),
            (2, _) => self.lines(&[]),
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
        let space = if self.style.spaced { " " } else { "" };
        lines.push(format!("data:{space}{payload}"));
        self.lines(&lines);
    }

    /// The same with blanks before its last brace.
    fn message(&mut self, payload: &str) {
        let blanks = if self.style.padded {
            self.events % 5
        } else {
            0
        };
        let open = payload.strip_suffix('}').unwrap_or(payload);
        self.event(&format!("{open}{}}}", " ".repeat(blanks)));
    }
}

fn string(style: &Style, text: &str) -> String {
    if !style.escaped {
        return Value::from(text).to_string();
    }
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    format!("\"{}\"", units.collect::<String>())
}

impl Reply {
    /// The body as a server of this dialect writes it; `None` for a dialect that this cannot write.
    #[must_use]
    pub fn body(&self, dialect: Dialect) -> Option<Vec<u8>> {
        let mut writer = Writer {
            style: &self.style,
            dialect,
            events: 0,
            body: String::new(),
        };
        match dialect {
            Dialect::Anthropic => self.anthropic(&mut writer),
            Dialect::OpenAiChat => self.chat(&mut writer),
            _ => return None,
        }
        Some(writer.body.into_bytes())
    }

    fn anthropic(&self, writer: &mut Writer<'_>) {
        writer.message(
            &json!({"type": "message_start", "message": {"id": "reply_1", "type": "message",
            "role": "assistant", "model": "model \"é\"", "content": [], "stop_reason": null,
            "usage": {"input_tokens": 3, "output_tokens": 1}}})
            .to_string(),
        );
        let parts = self.first(Dialect::Anthropic);
        let (mut index, mut calls, mut ordinal) = (0, 0, 0);
        for (part, cuts) in &parts {
            let is_call = matches!(part, Part::Call { .. });
            for (block, deltas) in blocks(&self.style, part, cuts, calls, ordinal) {
                let start = "\"type\":\"content_block_start\"";
                writer.message(&format!(
                    "{{{start},\"index\":{index},\"content_block\":{block}}}"
                ));
                for delta in deltas {
                    let kind = "\"type\":\"content_block_delta\"";
                    writer.message(&format!(
                        "{{{kind},\"index\":{index},\"delta\":{{{delta}}}}}"
                    ));
                }
                writer.message(&json!({"type": "content_block_stop", "index": index}).to_string());
                index += 1;
            }
            ordinal += usize::from(is_call);
            calls += usize::from(is_call || matches!(part, Part::Server { .. }));
        }
        let stop = self.stop(Dialect::Anthropic, &parts);
        let delta = |stop: Value, usage: Value| {
            let delta = json!({"stop_reason": stop, "stop_sequence": null});
            json!({"type": "message_delta", "delta": delta, "usage": usage}).to_string()
        };
        // Cumulative: the last one counts.
        if self.style.counted == Counted::Everywhere {
            writer.message(&delta(
                Value::Null,
                json!({"input_tokens": 2, "output_tokens": 5}),
            ));
        }
        let input = json!({"input_tokens": 3, "output_tokens": 9});
        let usage = match self.style.counted {
            Counted::Nowhere => json!({"output_tokens": 9}),
            _ => input,
        };
        writer.message(&delta(stop.into(), usage));
        writer.message("{\"type\":\"message_stop\"}");
    }

    fn chat(&self, writer: &mut Writer<'_>) {
        let answers = self.answers(Dialect::OpenAiChat);
        let mut lanes: Vec<Vec<String>> = Vec::new();
        for (index, parts) in answers.iter().enumerate() {
            let mut chunks = vec!["\"role\":\"assistant\",\"content\":\"\"".to_owned()];
            chunks.extend(deltas(&self.style, parts));
            let whole = |(delta, reason): (String, String)| {
                format!("{{\"index\":{index},\"delta\":{{{delta}}},\"finish_reason\":{reason}}}")
            };
            let mut lane: Vec<String> = chunks
                .into_iter()
                .map(|delta| whole((delta, "null".into())))
                .collect();
            let stop = self.stop(Dialect::OpenAiChat, parts);
            lane.push(whole((String::new(), format!("\"{stop}\""))));
            lanes.push(lane);
        }
        let usage = "{\"prompt_tokens\":3,\"completion_tokens\":9}";
        let choices = merge(&self.style, lanes);
        let last = choices.len();
        for (place, choice) in choices.into_iter().enumerate() {
            let so_far = place + 1 < last;
            let usage = match self.style.counted {
                Counted::Nowhere => "",
                Counted::AtTheEnd => ",\"usage\":null",
                Counted::Everywhere if so_far => {
                    ",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}"
                }
                Counted::Everywhere => ",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9}",
            };
            writer.event(&chunk(&self.style, place, &choice, usage));
        }
        if self.style.counted == Counted::AtTheEnd {
            let usage = format!(",\"usage\":{usage}");
            writer.event(&chunk(&self.style, last, "", &usage));
        }
        writer.event("[DONE]");
    }
}

fn chunk(style: &Style, place: usize, choices: &str, usage: &str) -> String {
    let padding = if style.padded {
        format!(",\"obfuscation\":\"{}\"", "aZ9".repeat(place % 4))
    } else {
        String::new()
    };
    format!(
        "{{\"id\":\"reply_1\",\"object\":\"chat.completion.chunk\",\"created\":1,\
         \"model\":\"model \\\"é\\\"\",\"choices\":[{choices}]{usage}{padding}}}"
    )
}

/// The blocks of a part: how each starts, and its deltas without their braces.
fn blocks(
    style: &Style,
    part: &Part,
    cuts: &[Index],
    calls: usize,
    ordinal: usize,
) -> Vec<(Value, Vec<String>)> {
    let pieces = |kind: &str, field: &str, text: &str| -> Vec<String> {
        let piece = |piece| format!("\"type\":\"{kind}\",\"{field}\":{}", string(style, piece));
        cut(text, cuts).into_iter().map(piece).collect()
    };
    match part {
        Part::Text { text, citations } => {
            let mut deltas = pieces("text_delta", "text", text);
            let cite = |place| {
                format!(
                    "\"type\":\"citations_delta\",\"citation\":{}",
                    citation(place)
                )
            };
            deltas.extend((0..*citations).map(cite));
            vec![(json!({"type": "text", "text": ""}), deltas)]
        }
        Part::Reasoning { text, signature } => {
            let mut deltas = pieces("thinking_delta", "thinking", text);
            if !signature.is_empty() {
                let signature = string(style, signature);
                deltas.push(format!(
                    "\"type\":\"signature_delta\",\"signature\":{signature}"
                ));
            }
            let start = json!({"type": "thinking", "thinking": "", "signature": ""});
            vec![(start, deltas)]
        }
        Part::Redacted(data) => vec![(redacted(data), Vec::new())],
        Part::Unknown => vec![(unknown(), Vec::new())],
        Part::Call {
            name,
            arguments,
            form,
        } => {
            let start = |input: Value| json!({"type": "tool_use", "id": id(ordinal), "name": name, "input": input});
            if *form == Form::Whole {
                let input = serde_json::from_str(arguments).unwrap_or_default();
                return vec![(start(input), Vec::new())];
            }
            let start = start(json!({}));
            vec![(start, pieces("input_json_delta", "partial_json", arguments))]
        }
        Part::Server { name, arguments } => {
            let id = format!("server_{calls}");
            let start = json!({"type": "server_tool_use", "id": id, "name": name, "input": {}});
            vec![
                (start, pieces("input_json_delta", "partial_json", arguments)),
                (result(&id), Vec::new()),
            ]
        }
        Part::Refusal(_) => Vec::new(),
    }
}

/// The deltas of an answer without their braces.
fn deltas(style: &Style, parts: &[&Cut]) -> Vec<String> {
    // All that is no call.
    let mut plain = Vec::new();
    let mut calls: Vec<Vec<String>> = Vec::new();
    for (part, cuts) in parts {
        let (field, text) = match part {
            Part::Text { text, .. } => ("content", text),
            Part::Reasoning { text, .. } if style.repeated => ("reasoning", text),
            Part::Reasoning { text, .. } => ("reasoning_content", text),
            Part::Refusal(text) => ("refusal", text),
            Part::Call {
                name,
                arguments,
                form,
            } => {
                let place = calls.len();
                let call = call(style, place, name, arguments, *form, cuts);
                if style.woven {
                    calls.push(call);
                } else {
                    plain.extend(call);
                    calls.push(Vec::new());
                }
                continue;
            }
            _ => continue,
        };
        let piece = |piece| format!("\"{field}\":{}", string(style, piece));
        plain.extend(cut(text, cuts).into_iter().map(piece));
    }
    // Calls are numbered in the order in which they open.
    let opened: Vec<String> = calls
        .iter_mut()
        .filter(|lane| !lane.is_empty())
        .map(|lane| lane.remove(0))
        .collect();
    let mut all = opened;
    let lanes = std::iter::once(plain).chain(calls);
    all.extend(merge(style, lanes.collect()));
    all
}

fn call(
    style: &Style,
    place: usize,
    name: &str,
    arguments: &str,
    form: Form,
    cuts: &[Index],
) -> Vec<String> {
    let (kind, field) = match form {
        Form::Custom => ("custom", "input"),
        _ => ("function", "arguments"),
    };
    let cuts = if form == Form::Whole { &[] } else { cuts };
    let pieces = cut(arguments, cuts).into_iter().enumerate();
    let delta = |(number, piece): (usize, &str)| {
        let piece = string(style, piece);
        let (id, name) = (string(style, &id(place)), string(style, name));
        let call = if number == 0 || style.repeated {
            format!(
                "\"id\":{id},\"type\":\"{kind}\",\"{kind}\":{{\"name\":{name},\"{field}\":{piece}}}"
            )
        } else {
            format!("\"{kind}\":{{\"{field}\":{piece}}}")
        };
        format!("\"tool_calls\":[{{\"index\":{place},{call}}}]")
    };
    pieces.map(delta).collect()
}

/// One order in which several lanes arrive; each keeps its own.
fn merge(style: &Style, lanes: Vec<Vec<String>>) -> Vec<String> {
    let mut lanes: Vec<_> = lanes.into_iter().map(Vec::into_iter).collect();
    let mut merged = Vec::new();
    let mut turns = style.order.iter().cycle();
    let left: usize = lanes.iter().map(ExactSizeIterator::len).sum();
    while merged.len() < left {
        let turn = turns.next().map_or(0, |turn| usize::from(*turn));
        let first = turn % lanes.len().max(1);
        let (before, from) = lanes.split_at_mut(first);
        merged.extend(from.iter_mut().chain(before).find_map(Iterator::next));
    }
    merged
}
