//! A server's other names for the same reply (F-60).

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::dialect::Family;
use crate::json::{self, Span};
use crate::sse::Stream;

/// Characters of a suffix at most.
const SUFFIX_MAX: usize = 32;

/// Lengthens the ids of the message and of its calls.
pub(crate) fn rename(
    stream: &mut Stream,
    family: Family,
    suffix: &str,
) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if suffix.is_empty() || suffix.len() > SUFFIX_MAX || !suffix.bytes().all(plain) {
        return Err("expected a suffix of at most 32 letters, digits, _ and -");
    }
    let mut done = Err("no id");
    for block in &mut stream.blocks {
        let Some(payload) = block.payload().filter(|payload| json::is_object(payload)) else {
            continue;
        };
        let mut ids = ids(family, payload);
        ids.retain(|id| !id.is_empty());
        ids.sort_unstable_by_key(|id| id.start);
        if ids.is_empty() {
            continue;
        }
        let mut renamed = payload.to_vec();
        for id in ids.iter().rev() {
            renamed = json::replace(&renamed, &(id.end..id.end), suffix.as_bytes());
        }
        Arc::make_mut(block).set_payload(&renamed);
        done = Ok(());
    }
    done
}

/// What is between the quotes of the ids in a payload.
fn ids(family: Family, payload: &[u8]) -> Vec<Span> {
    let id = |object: &Span| {
        let value = json::get(payload, object, "id")?;
        json::string(payload, &value)
    };
    let mut found = Vec::new();
    match family {
        Family::Anthropic => {
            for name in ["message", "content_block"] {
                found.extend(json::path(payload, &[name]).and_then(|object| id(&object)));
            }
        }
        Family::OpenAiChat => {
            let root = json::root(payload);
            found.extend(root.as_ref().and_then(id));
            let choices = json::path(payload, &["choices"]);
            for choice in choices.map_or_else(Vec::new, |all| json::items(payload, &all)) {
                let delta = json::get(payload, &choice, "delta");
                let calls = delta.and_then(|delta| json::get(payload, &delta, "tool_calls"));
                let calls = calls.map_or_else(Vec::new, |all| json::items(payload, &all));
                found.extend(calls.iter().filter_map(id));
            }
        }
    }
    found
}
