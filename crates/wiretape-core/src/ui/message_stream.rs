//! The UI message stream, version 1, of Vercel's AI SDK.

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use super::{Account, Json, Label, Names, Say, Shown, Source, object, quoted, write_event};

pub(super) fn write(names: &Names, say: Say<'_>, out: &mut Vec<u8>) {
    match say {
        Say::Start => {
            write_event(out, "start", &[("messageId", Json::Text(&names.message))]);
            write_event(out, "start-step", &[]);
        }
        Say::Open(shown, id) => {
            let kind = of(shown, "text-start", "reasoning-start");
            write_event(out, kind, &[("id", Json::Text(id))]);
        }
        Say::Delta(shown, id, delta) => {
            let kind = of(shown, "text-delta", "reasoning-delta");
            let members = [("id", Json::Text(id)), ("delta", Json::Text(delta))];
            write_event(out, kind, &members);
        }
        Say::Close(shown, id, signature) => {
            let kind = of(shown, "text-end", "reasoning-end");
            let id = ("id", Json::Text(id));
            match signature {
                Some(signature) => {
                    let signature = quoted(signature);
                    let metadata = format!("{{\"wiretape\":{{\"signature\":{signature}}}}}");
                    let metadata = ("providerMetadata", Json::Raw(&metadata));
                    write_event(out, kind, &[id, metadata]);
                }
                None => write_event(out, kind, &[id]),
            }
        }
        Say::Replaced { old, new } => {
            let data = format!("{{\"old\":{},\"new\":{}}}", quoted(old), quoted(new));
            write_event(out, "data-replaced", &[("data", Json::Raw(&data))]);
        }
        Say::Begun(_)
        | Say::Grown(..)
        | Say::Ready { .. }
        | Say::Refused { .. }
        | Say::Given { .. }
        | Say::Pending { .. } => call(say, out),
        Say::Source(id, source) => cite(id, source, out),
        Say::File(file) => {
            let url = ("url", Json::Text(&file.url));
            let media_type = ("mediaType", Json::Text(&file.media_type));
            write_event(out, "file", &[url, media_type]);
        }
        Say::Data(name, json) => {
            write_event(out, &format!("data-{name}"), &[("data", Json::Raw(json))]);
        }
        Say::Finish(reason, account) => finish(reason, account, out),
        Say::Fail {
            message, account, ..
        } => {
            write_event(out, "error", &[("errorText", Json::Text(message))]);
            finish("error", account, out);
        }
    }
}

/// What is said of a call.
fn call(say: Say<'_>, out: &mut Vec<u8>) {
    match say {
        Say::Begun(call) => {
            let mut members = named(call);
            // Older readers refuse members that they do not know.
            if call.free {
                members.push(("inputEncoding", Json::Text("text")));
            }
            write_event(out, "tool-input-start", &members);
        }
        Say::Grown(id, text) => {
            let members = [
                ("toolCallId", Json::Text(id)),
                ("inputTextDelta", Json::Text(text)),
            ];
            write_event(out, "tool-input-delta", &members);
        }
        Say::Ready { call, input, .. } => {
            let mut members = named(call);
            members.push(("input", Json::Raw(input)));
            write_event(out, "tool-input-available", &members);
        }
        Say::Refused {
            call,
            arguments,
            why,
        } => {
            let mut members = named(call);
            members.push(("input", Json::Text(arguments)));
            members.push(("errorText", Json::Text(why)));
            write_event(out, "tool-input-error", &members);
        }
        Say::Given { call, output, .. } => {
            let id = ("toolCallId", Json::Text(call.id));
            let (kind, output) = match output {
                Ok(output) => ("tool-output-available", ("output", Json::Raw(output))),
                Err(why) => ("tool-output-error", ("errorText", Json::Text(why))),
            };
            write_event(out, kind, &[id, output, SERVED]);
        }
        // A pending one: its input is there, and its part says that no output is.
        _ => {}
    }
}

/// What the provider runs is not the front end's to run.
const SERVED: (&str, Json<'_>) = ("providerExecuted", Json::Raw("true"));

/// A page, or a document.
fn cite(id: &str, source: &Source, out: &mut Vec<u8>) {
    let title = source.title.as_deref();
    let metadata = format!("{{\"wiretape\":{{\"citation\":{}}}}}", source.raw);
    let mut members = vec![("sourceId", Json::Text(id))];
    let kind = match &source.url {
        Some(url) => {
            members.push(("url", Json::Text(url)));
            members.extend(title.map(|title| ("title", Json::Text(title))));
            "source-url"
        }
        None => {
            members.push(("mediaType", Json::Text(source.media_type)));
            members.push(("title", Json::Text(title.unwrap_or_default())));
            let filename = source.filename.as_deref();
            members.extend(filename.map(|name| ("filename", Json::Text(name))));
            "source-document"
        }
    };
    members.push(("providerMetadata", Json::Raw(&metadata)));
    write_event(out, kind, &members);
}

fn finish(reason: &str, account: &Account, out: &mut Vec<u8>) {
    write_event(out, "finish-step", &[]);
    let counts = account.counts();
    let counts: Vec<_> = counts
        .iter()
        .map(|(name, count)| (*name, Json::Raw(count)))
        .collect();
    let (model, usage) = (account.model(), object(&counts));
    let mut about: Vec<_> = model
        .iter()
        .map(|model| ("model", Json::Raw(model)))
        .collect();
    if !counts.is_empty() {
        about.push(("usage", Json::Raw(&usage)));
    }
    let metadata = object(&about);
    let mut members = vec![("finishReason", Json::Text(reason))];
    if !about.is_empty() {
        members.push(("messageMetadata", Json::Raw(&metadata)));
    }
    write_event(out, "finish", &members);
    out.extend_from_slice(b"data: [DONE]\n\n");
}

fn of(shown: Shown, text: &'static str, reasoning: &'static str) -> &'static str {
    match shown {
        Shown::Text => text,
        Shown::Reasoning => reasoning,
    }
}

fn named<'a>(call: Label<'a>) -> Vec<(&'static str, Json<'a>)> {
    let mut members = vec![
        ("toolCallId", Json::Text(call.id)),
        ("toolName", Json::Text(call.name)),
    ];
    if call.served {
        members.push(SERVED);
    }
    members
}
