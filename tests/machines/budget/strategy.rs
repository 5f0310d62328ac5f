//! Random histories of each dialect, without a flaw and with any.

use proptest::prelude::*;
use wiretape_core::Dialect;
use wiretape_core::conversation::Conversation;

use super::say::{alternates, thought};
use super::{assistant, calls, history, results, user};

/// One thing that happens in a conversation.
#[derive(Clone, Debug)]
enum Step {
    Ask(String),
    Say(String),
    /// Calls at once, each with its result.
    Call(Vec<String>),
    /// With thinking and a signature before the call.
    Think(String, String),
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z ]{1,60}",
        1 => "[a-z \"\\\\\n]{1,200}",
        1 => prop::collection::vec(any::<char>(), 1..80).prop_map(|all| all.into_iter().collect()),
        1 => (1_usize..600).prop_map(|n| "line of a file 😀\n".repeat(n / 8 + 1)),
    ]
}

fn result() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => text(),
        1 => (1_usize..60, text()).prop_map(|(n, text)| {
            serde_json::json!({"rows": vec![text; n], "ok": true}).to_string()
        }),
        1 => (100_usize..3_000).prop_map(|n| "x".repeat(n)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => text().prop_map(Step::Ask),
        2 => text().prop_map(Step::Say),
        4 => prop::collection::vec(result(), 1..4).prop_map(Step::Call),
        1 => (text(), result()).prop_map(|(thought, result)| Step::Think(thought, result)),
    ]
}

pub(super) fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(Dialect::CONVERSATIONS.to_vec())
}

/// A history that a provider takes as it is.
pub(super) fn sound() -> impl Strategy<Value = Conversation> {
    (
        dialect(),
        text(),
        prop::collection::vec(step(), 0..30),
        text(),
    )
        .prop_map(|(dialect, first, steps, last)| {
            let mut messages = Vec::new();
            let plain = matches!(
                dialect,
                Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::Ollama | Dialect::Cohere
            );
            if plain && first.len() % 2 == 0 {
                messages.push(r#"{"role":"system","content":"be kind"}"#.to_owned());
            }
            messages.push(user(&first));
            // The model spoke last, and nothing answers it yet.
            let mut model = false;
            for (number, step) in steps.iter().enumerate() {
                if alternates(dialect) && model != matches!(step, Step::Ask(_)) {
                    messages.push(if model {
                        user("go on")
                    } else {
                        assistant("well")
                    });
                }
                messages.extend(write(dialect, number, step));
                model = matches!(step, Step::Say(_));
            }
            let more = last.len() % 3 != 0 && !alternates(dialect);
            if model || more {
                messages.push(user(if more { &last } else { "go on" }));
            }
            history(dialect, &messages)
        })
}

fn write(dialect: Dialect, number: usize, step: &Step) -> Vec<String> {
    match step {
        Step::Ask(text) => vec![user(text)],
        Step::Say(text) => vec![assistant(text)],
        Step::Call(given) => {
            let ids: Vec<String> = (0..given.len())
                .map(|n| format!("call_{number}_{n}"))
                .collect();
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let pairs: Vec<(&str, &str)> = ids
                .iter()
                .copied()
                .zip(given.iter().map(String::as_str))
                .collect();
            let mut all = vec![calls(dialect, &ids)];
            all.extend(results(dialect, &pairs));
            all
        }
        Step::Think(thought, given) => {
            let id = format!("call_{number}");
            let mut all = vec![self::thought(dialect, thought, &id)];
            all.extend(results(dialect, &[(&id, given)]));
            all
        }
    }
}

/// A history made of a sound one by leaving out, repeating and moving messages, and by emptying some.
pub(super) fn any_history() -> impl Strategy<Value = Conversation> {
    (
        sound(),
        prop::collection::vec((any::<prop::sample::Index>(), 0..6_u8), 0..6),
    )
        .prop_map(|(whole, changes)| {
            let dialect = whole.dialect();
            let mut messages: Vec<String> = whole
                .messages()
                .iter()
                .map(|message| message.text().to_owned())
                .collect();
            for (at, change) in changes {
                if messages.is_empty() {
                    break;
                }
                let at = at.index(messages.len());
                match change {
                    0 | 1 => drop(messages.remove(at)),
                    2 => messages.insert(at, messages[at].clone()),
                    3 => messages.swap(0, at),
                    4 => messages[at] = user(""),
                    _ => messages.insert(at, r#"{"role":"assistant","content":[]}"#.to_owned()),
                }
            }
            history(dialect, &messages)
        })
}
