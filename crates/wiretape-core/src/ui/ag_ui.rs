//! AG-UI, the Agent User Interaction Protocol.
//!
//! It has no event for a call that is wrong, and none that takes back what was said of a call; its
//! clients run what has ended, on `{}` where the arguments do not parse. So a call is said when the
//! gate has released it, in the pieces in which it came, and a rejected one is a `CUSTOM` event. One
//! that the provider runs is said when its result has come, and with it, so that no client finds it
//! without one. Citations and files are `CUSTOM` events too.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Account, Json, Label, Names, Say, Shown, Source, object, quoted, write_event};

pub(super) fn write(names: &Names, say: Say<'_>, out: &mut Vec<u8>) {
    match say {
        Say::Start => write_event(out, "RUN_STARTED", &run(names)),
        Say::Open(shown, id) => {
            let id = message(names, id);
            let id = ("messageId", Json::Text(&id));
            match shown {
                Shown::Text => {
                    let role = ("role", Json::Text("assistant"));
                    write_event(out, "TEXT_MESSAGE_START", &[id, role]);
                }
                Shown::Reasoning => {
                    write_event(out, "REASONING_START", &[id]);
                    let role = ("role", Json::Text("reasoning"));
                    write_event(out, "REASONING_MESSAGE_START", &[id, role]);
                }
            }
        }
        Say::Delta(shown, id, delta) => {
            let kind = match shown {
                Shown::Text => "TEXT_MESSAGE_CONTENT",
                Shown::Reasoning => "REASONING_MESSAGE_CONTENT",
            };
            let id = message(names, id);
            let members = [("messageId", Json::Text(&id)), ("delta", Json::Text(delta))];
            write_event(out, kind, &members);
        }
        Say::Close(shown, id, signature) => {
            let id = message(names, id);
            close(shown, &id, signature, out);
        }
        Say::Replaced { old, new } => {
            let [old, new] = [old, new].map(|id| quoted(&message(names, id)));
            custom("replaced", &format!("{{\"old\":{old},\"new\":{new}}}"), out);
        }
        Say::Begun(_)
        | Say::Grown(..)
        | Say::Ready { .. }
        | Say::Refused { .. }
        | Say::Given { .. }
        | Say::Pending { .. } => called(names, say, out),
        Say::Source(id, source) => custom("source", &cited(names, id, source), out),
        Say::File(file) => {
            let members = [
                ("messageId", Json::Text(&names.message)),
                ("url", Json::Text(&file.url)),
                ("mediaType", Json::Text(&file.media_type)),
            ];
            custom("file", &object(&members), out);
        }
        Say::Data(name, json) => custom(name, json, out),
        Say::Finish(_, account) => end("RUN_FINISHED", &run(names), account, out),
        Say::Fail {
            code,
            message,
            account,
        } => {
            let members = [("message", Json::Text(message)), ("code", Json::Text(code))];
            end("RUN_ERROR", &members, account, out);
        }
    }
}

/// What is said of a call: nothing before it is ready, or has its result.
fn called(names: &Names, say: Say<'_>, out: &mut Vec<u8>) {
    match say {
        Say::Ready { call, input, cuts } if !call.served => {
            ready(names, call, input, cuts, out);
        }
        Say::Given {
            call,
            input,
            output,
        } => {
            ready(names, call, input, &[], out);
            let (Ok(output) | Err(output)) = output;
            given(names, call, output, out);
        }
        Say::Pending { call, input } => {
            let members = [
                ("toolCallId", Json::Text(call.id)),
                ("toolCallName", Json::Text(call.name)),
                ("input", Json::Raw(input)),
            ];
            custom("tool_call_pending", &object(&members), out);
        }
        Say::Refused {
            call,
            arguments,
            why,
        } => {
            let [id, name, arguments, why] = [call.id, call.name, arguments, why].map(quoted);
            let value = format!(
                "{{\"toolCallId\":{id},\"toolCallName\":{name},\"arguments\":{arguments},\
                 \"why\":{why}}}"
            );
            custom("tool_call_rejected", &value, out);
        }
        _ => {}
    }
}

fn close(shown: Shown, id: &str, signature: Option<&str>, out: &mut Vec<u8>) {
    let members = [("messageId", Json::Text(id))];
    if shown == Shown::Text {
        return write_event(out, "TEXT_MESSAGE_END", &members);
    }
    write_event(out, "REASONING_MESSAGE_END", &members);
    if let Some(signature) = signature {
        let members = [
            ("subtype", Json::Text("message")),
            ("entityId", Json::Text(id)),
            ("encryptedValue", Json::Text(signature)),
        ];
        write_event(out, "REASONING_ENCRYPTED_VALUE", &members);
    }
    write_event(out, "REASONING_END", &members);
}

fn ready(names: &Names, call: Label<'_>, input: &str, cuts: &[usize], out: &mut Vec<u8>) {
    let id = ("toolCallId", Json::Text(call.id));
    let name = ("toolCallName", Json::Text(call.name));
    let parent = ("parentMessageId", Json::Text(&names.message));
    write_event(out, "TOOL_CALL_START", &[id, name, parent]);
    let cuts = if cuts.last() == Some(&input.len()) {
        cuts
    } else {
        &[input.len()]
    };
    let mut from = 0;
    for to in cuts {
        let delta = input.get(from..*to).unwrap_or_default();
        write_event(out, "TOOL_CALL_ARGS", &[id, ("delta", Json::Text(delta))]);
        from = *to;
    }
    write_event(out, "TOOL_CALL_END", &[id]);
}

/// What a call gave, in a message of its own.
fn given(names: &Names, call: Label<'_>, output: &str, out: &mut Vec<u8>) {
    let id = format!("{}-{}", names.message, call.id);
    let members = [
        ("messageId", Json::Text(&id)),
        ("toolCallId", Json::Text(call.id)),
        ("content", Json::Text(output)),
        ("role", Json::Text("tool")),
    ];
    write_event(out, "TOOL_CALL_RESULT", &members);
}

fn cited(names: &Names, id: &str, source: &Source) -> String {
    let mut members = vec![
        ("sourceId", Json::Text(id)),
        ("messageId", Json::Text(&names.message)),
    ];
    match &source.url {
        Some(url) => members.push(("url", Json::Text(url))),
        None => members.push(("mediaType", Json::Text(source.media_type))),
    }
    let named = [("title", &source.title), ("filename", &source.filename)];
    for (name, text) in named {
        members.extend(text.as_deref().map(|text| (name, Json::Text(text))));
    }
    members.push(("citation", Json::Raw(&source.raw)));
    object(&members)
}

/// The end of a run, with what it cost.
fn end(kind: &str, members: &[(&str, Json<'_>)], account: &Account, out: &mut Vec<u8>) {
    let (counts, model) = (account.counts(), account.model());
    let mut entry: Vec<_> = model
        .iter()
        .map(|model| ("model", Json::Raw(model)))
        .collect();
    entry.extend(counts.iter().map(|(name, count)| (*name, Json::Raw(count))));
    let usage = format!("[{}]", object(&entry));
    let mut members = members.to_vec();
    if !counts.is_empty() {
        members.push(("usage", Json::Raw(&usage)));
    }
    write_event(out, kind, &members);
}

fn run(names: &Names) -> [(&'static str, Json<'_>); 2] {
    [
        ("threadId", Json::Text(&names.thread)),
        ("runId", Json::Text(&names.run)),
    ]
}

/// The first text is the message, which the calls are part of; the rest are messages beside it.
fn message(names: &Names, id: &str) -> String {
    match id {
        "text-0" => names.message.clone(),
        _ => format!("{}-{id}", names.message),
    }
}

fn custom(name: &str, value: &str, out: &mut Vec<u8>) {
    let members = [("name", Json::Text(name)), ("value", Json::Raw(value))];
    write_event(out, "CUSTOM", &members);
}
