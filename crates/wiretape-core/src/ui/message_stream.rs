//! The UI message stream, version 1, of Vercel's AI SDK.

use alloc::format;
use alloc::vec::Vec;

use super::{Json, Label, Names, Say, Shown, quoted, write_event};

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
        Say::Begun(call) => {
            let [id, name] = named(call);
            // Older readers refuse members that they do not know.
            let encoding = ("inputEncoding", Json::Text("text"));
            match call.free {
                true => write_event(out, "tool-input-start", &[id, name, encoding]),
                false => write_event(out, "tool-input-start", &[id, name]),
            }
        }
        Say::Grown(id, text) => {
            let members = [
                ("toolCallId", Json::Text(id)),
                ("inputTextDelta", Json::Text(text)),
            ];
            write_event(out, "tool-input-delta", &members);
        }
        Say::Ready { call, input, .. } => {
            let [id, name] = named(call);
            let input = ("input", Json::Raw(input));
            write_event(out, "tool-input-available", &[id, name, input]);
        }
        Say::Refused {
            call,
            arguments,
            why,
        } => {
            let [id, name] = named(call);
            let input = ("input", Json::Text(arguments));
            let why = ("errorText", Json::Text(why));
            write_event(out, "tool-input-error", &[id, name, input, why]);
        }
        Say::Finish(reason) => finish(reason, out),
        Say::Fail { message, .. } => {
            write_event(out, "error", &[("errorText", Json::Text(message))]);
            finish("error", out);
        }
    }
}

fn finish(reason: &str, out: &mut Vec<u8>) {
    write_event(out, "finish-step", &[]);
    write_event(out, "finish", &[("finishReason", Json::Text(reason))]);
    out.extend_from_slice(b"data: [DONE]\n\n");
}

fn of(shown: Shown, text: &'static str, reasoning: &'static str) -> &'static str {
    match shown {
        Shown::Text => text,
        Shown::Reasoning => reasoning,
    }
}

fn named(call: Label<'_>) -> [(&'static str, Json<'_>); 2] {
    [
        ("toolCallId", Json::Text(call.id)),
        ("toolName", Json::Text(call.name)),
    ]
}
