//! A small agent for Chat Completions, as it should be, or with one thing wrong: the first argument
//! says what.
//!
//! A worker of `wiretape check --worker`: a line of JSON in, a line of JSON out.
#![expect(
    clippy::indexing_slicing,
    reason = "a client is written as its users write, in a few lines"
)]

mod http;

use std::io::{BufRead, Write};

use serde_json::{Value, json};

const TURNS_MAX: usize = 12;
const ACTING: [&str; 3] = ["stop", "tool_calls", "function_call"];

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Bug {
    None,
    /// A call is whole when the next one begins.
    FlushOnIndexChange,
    /// An error in the stream is an event like any other.
    IgnoresErrors,
}

#[derive(Debug, Default)]
struct Call {
    index: u64,
    id: String,
    name: String,
    text: String,
    flushed: bool,
}

#[derive(Debug)]
struct Reply {
    bug: Bug,
    line: Vec<u8>,
    /// The last byte was a CR, and an LF behind it belongs to it.
    cr: bool,
    begun: bool,
    data: Vec<Vec<u8>>,
    text: String,
    calls: Vec<Call>,
    reason: Option<String>,
    done: bool,
}

impl Reply {
    fn new(bug: Bug) -> Self {
        Self {
            bug,
            line: Vec::new(),
            cr: false,
            begun: false,
            data: Vec::new(),
            text: String::new(),
            calls: Vec::new(),
            reason: None,
            done: false,
        }
    }

    fn feed(&mut self, chunk: &[u8]) -> Result<(), String> {
        for &byte in chunk {
            let after_cr = std::mem::take(&mut self.cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' => self.end_line()?,
                b'\r' => {
                    self.cr = true;
                    self.end_line()?;
                }
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), String> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.begun, true) && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        if let Some(data) = line.strip_prefix(b"data:") {
            self.data
                .push(data.strip_prefix(b" ").unwrap_or(data).to_vec());
        }
        if !line.is_empty() {
            return Ok(());
        }
        let data = std::mem::take(&mut self.data).join(&b'\n');
        let data = data.trim_ascii();
        if data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        let event = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        self.event(&event)
    }

    fn event(&mut self, event: &Value) -> Result<(), String> {
        if event["error"].is_object() && self.bug != Bug::IgnoresErrors {
            return Err(format!("the stream reports {}", event["error"]));
        }
        let choices = event["choices"].as_array();
        let mut choices = choices.into_iter().flatten();
        let Some(choice) = choices.find(|choice| choice["index"].as_u64().unwrap_or(0) == 0) else {
            return Ok(());
        };
        let delta = &choice["delta"];
        self.text.push_str(delta["content"].as_str().unwrap_or(""));
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(call);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.reason = Some(reason.to_owned());
        }
        Ok(())
    }

    fn call(&mut self, delta: &Value) {
        let index = delta["index"].as_u64().unwrap_or(0);
        if self.bug == Bug::FlushOnIndexChange {
            for call in &mut self.calls {
                call.flushed |= call.index != index;
            }
        }
        let known = |call: &Call| call.index == index && !call.flushed;
        let place = self.calls.iter().position(known);
        let place = place.unwrap_or_else(|| {
            self.calls.push(Call {
                index,
                ..Call::default()
            });
            self.calls.len() - 1
        });
        let call = &mut self.calls[place];
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        if call.name.is_empty() {
            call.name = text(&delta["function"]["name"]);
            call.id = text(&delta["id"]);
        }
        call.text += &text(&delta["function"]["arguments"]);
    }

    fn check(&self) -> Result<(), String> {
        if self.bug == Bug::IgnoresErrors {
            return Ok(());
        }
        match &self.reason {
            Some(reason) if self.done && ACTING.contains(&reason.as_str()) => Ok(()),
            Some(reason) if self.done => Err(format!("stopped for {reason}")),
            _ => Err("the stream ended early".to_owned()),
        }
    }
}

fn turn(bug: Bug, base_url: &str, messages: &[Value], shown: &mut String) -> Result<Reply, String> {
    let body = json!({"model": "m", "stream": true, "messages": messages});
    let mut reply = Reply::new(bug);
    let url = format!("{base_url}/v1/chat/completions");
    let read = http::post(&url, &body.to_string(), &mut |chunk| {
        reply.feed(chunk)?;
        Ok(reply.done)
    });
    shown.push_str(&reply.text);
    read?;
    reply.check()?;
    Ok(reply)
}

fn sound(text: &str) -> bool {
    let value = serde_json::from_str::<Value>(text);
    text.trim().is_empty() || value.is_ok_and(|value| value.is_object())
}

fn run(bug: Bug, order: &Value) -> Value {
    let base_url = order["base_url"].as_str().unwrap_or("");
    let mut messages = vec![json!({"role": "user", "content": "Go on."})];
    let (mut shown, mut ran, mut error, mut stop) = (String::new(), Vec::new(), None, None);
    for _ in 0..TURNS_MAX {
        let reply = match turn(bug, base_url, &messages, &mut shown) {
            Ok(reply) => reply,
            Err(problem) => {
                error = Some(problem);
                break;
            }
        };
        stop.clone_from(&reply.reason);
        if reply.calls.is_empty() {
            break;
        }
        let calls: Vec<Value> = reply
            .calls
            .iter()
            .map(|call| {
                json!({"id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": call.text}})
            })
            .collect();
        messages.push(json!({"role": "assistant", "content": reply.text, "tool_calls": calls}));
        for call in &reply.calls {
            let sound = sound(&call.text);
            let result = if sound {
                "done"
            } else {
                "the arguments cannot be read"
            };
            messages.push(json!({"role": "tool", "tool_call_id": call.id, "content": result}));
            ran.push(json!({"name": call.name, "arguments_text": call.text, "invalid": !sound}));
        }
    }
    json!({"run": order["run"], "text": shown, "tool_calls": ran, "stop": stop, "error": error})
}

fn main() -> std::io::Result<()> {
    let bug = match std::env::args().nth(1).as_deref() {
        Some("flush_on_index_change") => Bug::FlushOnIndexChange,
        Some("ignores_errors") => Bug::IgnoresErrors,
        _ => Bug::None,
    };
    for line in std::io::stdin().lock().lines() {
        let order: Value = serde_json::from_str(&line?)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", run(bug, &order))?;
        out.flush()?;
    }
    Ok(())
}
