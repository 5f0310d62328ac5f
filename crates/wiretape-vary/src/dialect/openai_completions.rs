//! Legacy Completions chunks as JSON text: text and nothing else.

use alloc::vec::Vec;

use super::{Lanes, Rules, Site, appended, openai_chat};
use crate::json::{self, Span};

pub(super) const RULES: Rules = Rules {
    name: "openai-completions",
    site,
    text: |payload| site(payload).map(|site| site.body),
    continuation: None,
    lane: |_| None,
    lanes: Lanes::None,
    verbatim: &[],
    ids,
    ..openai_chat::RULES
};

/// The text of the only choice, where the chunk says nothing else that must not be said twice.
fn site(payload: &[u8]) -> Option<Site> {
    let choices = json::path(payload, &["choices"])?;
    let items = json::items(payload, &choices);
    let [choice] = items.as_slice() else {
        return None;
    };
    let says = |object: &Span, field: &str| {
        json::get(payload, object, field).is_some_and(|value| json::is_present(payload, &value))
    };
    let root = json::root(payload)?;
    if says(&root, "usage") || says(choice, "finish_reason") || says(choice, "logprobs") {
        return None;
    }
    let body = json::string(payload, &json::get(payload, choice, "text")?)?;
    (!body.is_empty()).then(|| appended(body, false))
}

fn ids(payload: &[u8]) -> Vec<Span> {
    super::text(payload, &["id"]).into_iter().collect()
}
