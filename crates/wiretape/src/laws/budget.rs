//! Law 11: what is sent fits; pairs stay together; what is pinned stays; the order stays; planning
//! twice changes nothing; a provider refuses none of it.

use wiretape_core::conversation::{Conversation, Message, PartKind, Role, ToolResult};
use wiretape_core::event::{Kind, Usage};
use wiretape_core::turn::{Choice, Content, Ended, Reply};
use wiretape_core::{Dialect, Warnings};

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
    let dialect = history.dialect();
    let sent = Conversation::parse(dialect, body)
        .map_err(|error| format!("what is sent is no request: {error}"))?;
    let cost = count(body);
    if cost > tokens {
        return Err(format!("expected at most {tokens} tokens, found {cost}"));
    }
    if let Some(flaw) = sent.refusals().first() {
        return Err(format!("a provider refuses it: {flaw}"));
    }
    let all = pieces(dialect, history.messages());
    let shown = pieces(dialect, sent.messages());
    let mut rest = shown.iter();
    for stored in pieces(dialect, pinned(history)) {
        if !rest.any(|shown| stored.is(shown)) {
            let text: String = stored.text.chars().take(80).collect();
            return Err(format!(
                "what must stay is gone, or out of its order: {text}"
            ));
        }
    }
    let mut stored = all.iter();
    for shown in &shown {
        if !stored.any(|stored| stored.is(shown)) {
            let text: String = shown.text.chars().take(80).collect();
            return Err(format!("it was not in the history, or earlier: {text}"));
        }
    }
    let whole = all.len() == shown.len() && all.iter().zip(&shown).all(|(a, b)| a.text == b.text);
    if count(&history.body()) <= tokens && !whole {
        return Err("something was cut although all of it fits".into());
    }
    Ok(())
}

/// What may be found again in what is sent: a message, or, where a provider takes no two messages of
/// one role behind each other, so that they are joined, a part of one.
struct Piece<'a> {
    text: &'a str,
    role: Role,
    /// The kinds of its parts, and the ids of calls and results.
    parts: Vec<(PartKind, &'a str)>,
}

impl Piece<'_> {
    /// The same: to the letter, or but for the texts of its results.
    fn is(&self, shown: &Piece<'_>) -> bool {
        let result = |(kind, _): &(PartKind, &str)| *kind == PartKind::Result;
        let same = self.role == shown.role && self.parts == shown.parts;
        self.text == shown.text || (same && self.parts.iter().any(result))
    }
}

fn pieces<'a>(dialect: Dialect, messages: impl IntoIterator<Item = &'a Message>) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    for message in messages {
        let (role, parts) = (message.role(), message.parts());
        if alternates(dialect) {
            pieces.extend(parts.iter().map(|part| Piece {
                text: message.text().get(part.place.clone()).unwrap_or_default(),
                role,
                parts: vec![(part.kind, &part.id)],
            }));
        } else {
            pieces.push(Piece {
                text: message.text(),
                role,
                parts: parts.iter().map(|part| (part.kind, &*part.id)).collect(),
            });
        }
    }
    pieces
}

/// Messages of one role that follow each other may be refused.
fn alternates(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::BedrockConverse | Dialect::Gemini)
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

/// A history that a provider takes, which ends with a question or with results.
fn history(dialect: Dialect, chance: &mut Chance) -> Conversation {
    let mut history = Conversation::new(dialect);
    let words = |chance: &mut Chance, most: usize| "so many words ".repeat(1 + chance.below(most));
    history.push_user(&words(chance, 8));
    for turn in 0..chance.below(TURNS_MAX) {
        let step = chance.below(4);
        let last = history.messages().last().map(Message::role);
        let model = last == Some(Role::Assistant);
        if alternates(dialect) && model == (step > 0) {
            match model {
                true => history.push_user("go on"),
                false => drop(history.push_reply(&reply("well", &[]))),
            }
        }
        match step {
            0 => history.push_user(&words(chance, 20)),
            1 => drop(history.push_reply(&reply(&words(chance, 20), &[]))),
            _ => {
                let calls = 1 + chance.below(3);
                let long = if chance.below(3) == 0 { 2_000 } else { 20 };
                let ids: Vec<String> = (0..calls).map(|n| format!("call_{turn}_{n}")).collect();
                let calls = history.push_reply(&reply("", &ids));
                let results = calls.into_iter().map(|call| ToolResult {
                    call: call.id,
                    name: call.name,
                    content: words(chance, long),
                    is_error: false,
                });
                let results: Vec<ToolResult> = results.collect();
                history.push_results(&results);
            }
        }
    }
    let last = history.messages().last();
    let results = last.is_some_and(|last| last.results().next().is_some());
    let user = last.is_some_and(|last| last.role() != Role::Assistant);
    if !(results || alternates(dialect) && user) || (!alternates(dialect) && chance.below(2) == 0) {
        history.push_user("and then?");
    }
    history
}

/// What the model says: a text, and a call for each id.
fn reply(text: &str, ids: &[String]) -> Reply {
    let content = |kind, text: &str| Content {
        kind,
        id: None,
        name: None,
        text: text.into(),
        raw: String::new(),
        signature: None,
        citations: Vec::new(),
        others: Vec::new(),
        closed: true,
    };
    let calls = (0..).zip(ids).map(|(n, id)| Content {
        id: Some(id.clone()),
        name: Some("read".into()),
        ..content(Kind::Tool, &format!("{{\"n\":{n}}}"))
    });
    let text = Some(content(Kind::Text, text)).filter(|content| !content.text.is_empty());
    let mut choice = Choice::default();
    choice.contents = text.into_iter().chain(calls).collect();
    Reply {
        id: None,
        model: None,
        choices: vec![choice],
        usage: Usage::default(),
        ended: Ended::Terminal,
        error: None,
        frames: 1,
        warnings: Warnings::default(),
    }
}
