//! Law 11: what is sent fits; pairs stay together; what is pinned stays; the order stays; planning
//! twice changes nothing; a provider refuses none of it.

use wiretape_core::Dialect;
use wiretape_core::conversation::{Conversation, Message, Role};

use super::Failure;
use super::partition::Chance;

/// Windows that are tried for each history: so many parts of what it costs whole.
const WINDOWS: u64 = 12;

/// Turns of a history at most.
const TURNS_MAX: usize = 12;

/// Any planner at all: what it makes of a request must fit, and must still be a request.
///
/// `count` gives the tokens of a request body, as the planner counts them. `fit` is given a request
/// body and how many tokens may be sent, and gives the body to send, or `None` where it says that the
/// request cannot be made to fit. It is given `runs` histories by chance, each in windows of several
/// sizes, and must give what costs no more; what no provider refuses (no result without its call, no
/// call without its result, the user first); with the system prompt, the user's first message and
/// everything since the user last spoke, in its order; and the same again for what it gave. It may
/// say `None` only where those messages alone are too much. Says how many cases were tried.
///
/// # Errors
/// The first case that breaks it.
///
/// ```
/// use wiretape_core::Dialect;
/// use wiretape_core::budget::{self, Heuristic, Options, Planner};
/// use wiretape_core::conversation::Conversation;
///
/// let read = |body: &str| Conversation::parse(Dialect::Anthropic, body).unwrap();
/// let count = |body: &str| budget::count(&read(body), &mut Heuristic::default());
/// let fit = |body: &str, tokens: u64| {
///     let mut options = Options::new(tokens);
///     options.threshold_percent = 100;
///     let fitted = Planner::new(options, Heuristic::default()).fit(&read(body));
///     Some(fitted.ok()?.body().to_owned())
/// };
/// wiretape::laws::budget_sound(Dialect::Anthropic, 0, 16, count, fit)?;
/// # Ok::<(), wiretape::laws::Failure>(())
/// ```
pub fn budget_sound(
    dialect: Dialect,
    seed: u64,
    runs: u32,
    count: impl Fn(&str) -> u64,
    fit: impl Fn(&str, u64) -> Option<String>,
) -> Result<u64, Failure> {
    let mut chance = Chance::new(seed);
    let mut cases = 0;
    for run in 0..runs {
        let history = history(dialect, &mut chance);
        let whole = history.body();
        let all = count(&whole);
        for part in 1..=WINDOWS {
            cases += 1;
            let tokens = all * part / WINDOWS;
            let case = format!("history {run} of {all} tokens, {tokens} permitted");
            let said = fit(&whole, tokens);
            let held = match &said {
                Some(body) => sound(&history, body, tokens, &count),
                None => too_much(&history, tokens, &count),
            };
            held.map_err(|why| Failure::new(&case, why))?;
            if let Some(body) = said {
                if fit(&body, tokens).as_ref() != Some(&body) {
                    return Err(Failure::new(
                        case,
                        "planning again changes what was planned",
                    ));
                }
            }
        }
    }
    Ok(cases)
}

/// What is wrong with a body that a planner gave.
fn sound(
    history: &Conversation,
    body: &str,
    tokens: u64,
    count: impl Fn(&str) -> u64,
) -> Result<(), String> {
    let sent = Conversation::parse(history.dialect(), body)
        .map_err(|error| format!("what is sent is no request: {error}"))?;
    let cost = count(body);
    if cost > tokens {
        return Err(format!("expected at most {tokens} tokens, found {cost}"));
    }
    if let Some(flaw) = sent.refusals().first() {
        return Err(format!("a provider refuses it: {flaw}"));
    }
    let mut rest = sent.messages().iter();
    for stored in pinned(history) {
        let same = |shown: &Message| same(stored, shown);
        if !rest.any(same) {
            let text: String = stored.text().chars().take(80).collect();
            return Err(format!(
                "what must stay is gone, or out of its order: {text}"
            ));
        }
    }
    let mut stored = history.messages().iter();
    for shown in sent.messages() {
        if !stored.any(|stored| same(stored, shown)) {
            let text: String = shown.text().chars().take(80).collect();
            return Err(format!("it was not in the history, or earlier: {text}"));
        }
    }
    if count(&history.body()) <= tokens && sent.messages() != history.messages() {
        return Err("something was cut although all of it fits".into());
    }
    Ok(())
}

/// It is right to say that nothing fits: what must stay is too much.
fn too_much(
    history: &Conversation,
    tokens: u64,
    count: impl Fn(&str) -> u64,
) -> Result<(), String> {
    let pinned: Vec<_> = pinned(history)
        .map(|message| message.text().into())
        .collect();
    let least = count(&history.body_of(&pinned));
    if least <= tokens {
        return Err(format!(
            "said to be too much, but what must stay is {least} tokens"
        ));
    }
    Ok(())
}

/// The system prompt, the user's first message and the current turn.
fn pinned(history: &Conversation) -> impl Iterator<Item = &Message> {
    let messages = history.messages();
    let first = messages
        .iter()
        .position(|message| message.role() == Role::User);
    let turn = messages.iter().rposition(Message::is_prompt).unwrap_or(0);
    let all = messages.iter().enumerate();
    let pinned = all.filter(move |(at, message)| {
        message.role() == Role::System || first == Some(*at) || turn <= *at
    });
    pinned.map(|(_, message)| message)
}

/// The same message: to the letter, or but for the texts of its results.
fn same(stored: &Message, shown: &Message) -> bool {
    let ids = |message: &Message| -> Vec<_> {
        let parts = message.parts().iter();
        parts.map(|part| (part.kind, part.id.clone())).collect()
    };
    stored == shown || (stored.results().next().is_some() && ids(stored) == ids(shown))
}

/// A history that a provider takes, which ends with a question or with results.
fn history(dialect: Dialect, chance: &mut Chance) -> Conversation {
    let mut history = Conversation::new(dialect);
    let words = |chance: &mut Chance, most: usize| "so many words ".repeat(1 + chance.below(most));
    history.push_user(&words(chance, 8));
    for turn in 0..chance.below(TURNS_MAX) {
        match chance.below(4) {
            0 => history.push_user(&words(chance, 20)),
            1 => {
                let said = serde_json::json!({"role": "assistant", "content": words(chance, 20)});
                // What is written here is a message in each dialect.
                let _ = history.push(&said.to_string());
            }
            _ => {
                let calls = 1 + chance.below(3);
                let long = if chance.below(3) == 0 { 2_000 } else { 20 };
                let results = (0..calls).map(|_| words(chance, long)).collect::<Vec<_>>();
                for message in called(dialect, turn, &results) {
                    let _ = history.push(&message.to_string());
                }
            }
        }
    }
    let results = history
        .messages()
        .last()
        .is_some_and(|last| last.results().next().is_some());
    if !results || chance.below(2) == 0 {
        history.push_user("and then?");
    }
    history
}

/// Calls at once, and their results.
fn called(dialect: Dialect, turn: usize, results: &[String]) -> Vec<serde_json::Value> {
    use serde_json::{Value, json};
    let ids = |n: usize| format!("call_{turn}_{n}");
    let numbered = || (0..).zip(results);
    match dialect {
        Dialect::Anthropic => {
            let calls = numbered().map(|(n, _)| {
                json!({"type": "tool_use", "id": ids(n), "name": "read", "input": {"n": n}})
            });
            let answers = numbered().map(
                |(n, text)| json!({"type": "tool_result", "tool_use_id": ids(n), "content": text}),
            );
            vec![
                json!({"role": "assistant", "content": calls.collect::<Vec<Value>>()}),
                json!({"role": "user", "content": answers.collect::<Vec<Value>>()}),
            ]
        }
        _ => {
            let calls = numbered().map(|(n, _)| {
                json!({"id": ids(n), "type": "function",
                    "function": {"name": "read", "arguments": format!("{{\"n\":{n}}}")}})
            });
            let calls = calls.collect::<Vec<Value>>();
            let mut all = vec![json!({"role": "assistant", "content": null, "tool_calls": calls})];
            all.extend(
                numbered().map(
                    |(n, text)| json!({"role": "tool", "tool_call_id": ids(n), "content": text}),
                ),
            );
            all
        }
    }
}
