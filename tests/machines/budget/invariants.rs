//! The ten rules that pruning must keep. Each test is named after its rule: it shows the refusal that
//! a history draws in which the rule is broken, with the words of the real answer with status 400, and
//! that what the planner sends does not draw it.

use wiretape_core::Dialect;
use wiretape_core::budget::{Cut, Fitted, Options, Overfull, Planner};
use wiretape_core::conversation::{Conversation, FlawKind};

use super::say::{alternates, pieces, push, thought, with_system};
use super::{Bytes, assistant, calls, history, results, user};

const ANTHROPIC: Dialect = Dialect::Anthropic;
const CHAT: Dialect = Dialect::OpenAiChat;

/// Fits into so many tokens, all of them usable; a result may have a hundred.
fn fit(history: &Conversation, tokens: u64) -> Result<Fitted, Overfull> {
    let mut options = Options::new(tokens);
    options.threshold_percent = 100;
    options.result_tokens_max = 100;
    Planner::new(options, Bytes).fit(history)
}

fn sent(fitted: &Fitted, dialect: Dialect) -> Conversation {
    Conversation::parse(dialect, fitted.body()).unwrap()
}

/// The history draws exactly this refusal.
fn refused(history: &Conversation, message: usize, kind: FlawKind, text: &str) {
    let flaws = history.refusals();
    let found = flaws
        .iter()
        .any(|flaw| flaw.message == message && flaw.kind == kind && flaw.refusal == text);
    assert!(found, "{flaws:#?}");
}

/// Every window from nothing to all: what fits is refused for nothing, and something was cut.
fn never_refused(history: &Conversation) -> Vec<Fitted> {
    assert!(history.refusals().is_empty(), "{:?}", history.refusals());
    let all = history.body().len() as u64 * 2;
    let fitted: Vec<Fitted> = (0..all)
        .step_by(7)
        .filter_map(|n| fit(history, n).ok())
        .collect();
    for one in &fitted {
        let flaws = sent(one, history.dialect()).refusals();
        assert!(flaws.is_empty(), "{flaws:?}\n{}", one.body());
    }
    assert!(
        fitted.iter().any(|one| !one.is_whole()),
        "something was cut"
    );
    fitted
}

/// Two turns with two calls at once each, and one that is under way.
fn two_turns(dialect: Dialect) -> Conversation {
    let mut messages = vec![user("the task")];
    for turn in 0..3 {
        let (a, b) = (format!("a{turn}"), format!("b{turn}"));
        messages.push(calls(dialect, &[&a, &b]));
        messages.extend(results(dialect, &[(&a, &"x".repeat(300)), (&b, "short")]));
        if turn < 2 {
            messages.push(assistant("so it is"));
            messages.push(user("and now?"));
        }
    }
    history(dialect, &messages)
}

#[test]
fn rule_1_a_result_follows_its_call() {
    let mut messages = vec![user("hi"), assistant("ok")];
    messages.extend(results(ANTHROPIC, &[("toolu_X", "r")]));
    refused(
        &history(ANTHROPIC, &messages),
        2,
        FlawKind::OrphanResult,
        "messages.2.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_X. Each \
         `tool_result` block must have a corresponding `tool_use` block in the previous message.",
    );
    let mut messages = vec![user("hi")];
    messages.extend(results(CHAT, &[("call_X", "r")]));
    refused(
        &history(CHAT, &messages),
        1,
        FlawKind::OrphanResult,
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message \
         with 'tool_calls'.",
    );
    let mut messages = vec![user("hi"), calls(CHAT, &["call_Y"])];
    messages.extend(results(CHAT, &[("call_Y", "r"), ("call_X", "r")]));
    refused(
        &history(CHAT, &messages),
        3,
        FlawKind::OrphanResult,
        "Invalid parameter: 'tool_call_id' of 'call_X' not found in 'tool_calls' of previous message.",
    );
    for dialect in Dialect::CONVERSATIONS {
        never_refused(&two_turns(dialect));
    }
}

#[test]
fn rule_2_each_call_is_answered_in_the_next_message() {
    let broken = [
        user("hi"),
        calls(ANTHROPIC, &["toolu_X", "toolu_Y"]),
        user("never mind"),
    ];
    refused(
        &history(ANTHROPIC, &broken),
        1,
        FlawKind::UnansweredCall,
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: \
         toolu_X, toolu_Y. Each `tool_use` block must have a corresponding `tool_result` block in \
         the next message.",
    );
    let broken = [user("hi"), calls(CHAT, &["call_X"]), user("never mind")];
    refused(
        &history(CHAT, &broken),
        1,
        FlawKind::UnansweredCall,
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each \
         'tool_call_id'. The following tool_call_ids did not have response messages: call_X",
    );
    // Aborted calls need synthetic results: the repair writes them.
    for dialect in Dialect::CONVERSATIONS {
        let mut mended = history(
            dialect,
            &[user("hi"), calls(dialect, &["x", "y"]), user("stop")],
        );
        assert_eq!(mended.repair().len(), 2);
        assert!(mended.refusals().is_empty(), "{:?}", mended.refusals());
        assert!(mended.body().contains("No result"), "{}", mended.body());
        never_refused(&two_turns(dialect));
    }
}

#[test]
fn rule_3_results_stand_together_first_and_once() {
    let late = serde_json::json!({"role": "user", "content": [
        {"type": "text", "text": "here"},
        {"type": "tool_result", "tool_use_id": "toolu_X", "content": "r"}]});
    let broken = history(
        ANTHROPIC,
        &[user("hi"), calls(ANTHROPIC, &["toolu_X"]), late.to_string()],
    );
    refused(
        &broken,
        2,
        FlawKind::ResultsNotFirst,
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: \
         toolu_X. Each `tool_use` block must have a corresponding `tool_result` block in the next \
         message.",
    );
    let (mended, _) = broken.repaired();
    assert!(mended.refusals().is_empty());
    assert!(
        mended.messages()[2]
            .text()
            .contains(r#"[{"content":"r","tool_use_id":"toolu_X""#)
    );

    let mut twice = vec![user("hi"), calls(ANTHROPIC, &["toolu_X"])];
    twice.extend(results(ANTHROPIC, &[("toolu_X", "r"), ("toolu_X", "r")]));
    refused(
        &history(ANTHROPIC, &twice),
        2,
        FlawKind::DuplicateResult,
        "messages.2.content.1: each tool_use must have a single result. Found multiple \
         `tool_result` blocks with id: toolu_X",
    );
    let mut twice = vec![user("hi"), calls(CHAT, &["call_X"])];
    twice.extend(results(CHAT, &[("call_X", "r"), ("call_X", "r")]));
    refused(
        &history(CHAT, &twice),
        3,
        FlawKind::DuplicateResult,
        "Invalid parameter: Duplicate value for 'tool_call_id' of 'call_X', in messages[2] and \
         messages[3].",
    );
    for dialect in Dialect::CONVERSATIONS {
        for fitted in never_refused(&two_turns(dialect)) {
            // Both results of a turn, or neither.
            for turn in 0..3 {
                let has = |id: &str| fitted.body().contains(&format!("\"{id}{turn}\""));
                assert_eq!(has("a"), has("b"), "{}", fitted.body());
            }
        }
    }
}

#[test]
fn rule_4_a_group_leaves_whole() {
    for dialect in Dialect::CONVERSATIONS {
        let history = two_turns(dialect);
        let groups = history.groups();
        for fitted in never_refused(&history) {
            for cut in &fitted.plan.cuts {
                if let Cut::Drop { messages, .. } = cut {
                    assert!(groups.contains(messages), "{messages:?} {groups:?}");
                }
            }
        }
        // Cutting a slice by count of messages breaks it.
        let slice: Vec<String> = history.messages()[2..]
            .iter()
            .map(|message| message.text().to_owned())
            .collect();
        assert!(!super::history(dialect, &slice).refusals().is_empty());
    }
}

#[test]
fn rule_5_the_first_message_is_the_users_and_the_last_asks() {
    refused(
        &history(ANTHROPIC, &[assistant("hello"), user("hi")]),
        0,
        FlawKind::FirstNotUser,
        r#"messages: first message must use the "user" role"#,
    );
    refused(
        &history(ANTHROPIC, &[user("hi"), assistant("hello")]),
        1,
        FlawKind::LastNotUser,
        "This model does not support assistant message prefill. The conversation must end with a \
         user message.",
    );
    refused(
        &history(ANTHROPIC, &[user(""), assistant("hello"), user("hi")]),
        0,
        FlawKind::Empty,
        "messages.0: all messages must have non-empty content except for the optional final \
         assistant message",
    );
    let empty = r#"{"role":"user","content":[]}"#.to_owned();
    refused(
        &history(CHAT, &[user("hi"), empty]),
        1,
        FlawKind::Empty,
        "Invalid 'messages[1].content': empty array. Expected an array with minimum length 1, but \
         got an empty array instead.",
    );
    refused(
        &history(ANTHROPIC, &[]),
        0,
        FlawKind::NoMessages,
        "messages: at least one message is required",
    );
    for dialect in Dialect::CONVERSATIONS {
        let history = two_turns(dialect);
        let stored = history.messages();
        let turn = stored
            .iter()
            .rposition(|message| message.is_prompt())
            .unwrap();
        for fitted in never_refused(&history) {
            let first = &pieces(dialect, fitted.messages())[0];
            assert_eq!(first.text, pieces(dialect, stored)[0].text);
            // The current turn's calls and results are all there.
            let shown = fitted.messages();
            let rest = &shown[shown.len() - (stored.len() - turn)..];
            for (shown, stored) in rest.iter().zip(&stored[turn..]) {
                let ids = |m: &wiretape_core::conversation::Message| {
                    m.parts()
                        .iter()
                        .map(|part| part.id.clone())
                        .filter(|id| !id.is_empty())
                        .collect::<Vec<_>>()
                };
                assert_eq!(ids(shown), ids(stored));
            }
        }
    }
}

#[test]
fn rule_6_system_prompt_tools_and_task_are_pinned() {
    let system = r#"{"role":"system","content":"always be kind"}"#.to_owned();
    let mut messages = vec![system];
    messages.extend(
        two_turns(CHAT)
            .messages()
            .iter()
            .map(|message| message.text().to_owned()),
    );
    let mut chat = history(CHAT, &messages);
    chat.set(
        "tools",
        r#"[{"type":"function","function":{"name":"read"}}]"#,
    )
    .unwrap();
    let mut anthropic = two_turns(ANTHROPIC);
    anthropic.set("system", r#""always be kind""#).unwrap();
    let task: Vec<String> = vec![user("the task"), assistant("yes"), user("and now?")];
    let others = Dialect::CONVERSATIONS.map(|dialect| {
        let mut all = task.clone();
        all.push(calls(dialect, &["a"]));
        all.extend(results(dialect, &[("a", &"x".repeat(300))]));
        with_system(dialect, "always be kind", &all)
    });
    for history in others.into_iter().chain([chat, anthropic]) {
        for fitted in never_refused(&history) {
            let sent = sent(&fitted, history.dialect());
            assert!(fitted.body().contains("always be kind"));
            assert!(fitted.body().contains("the task"));
            assert_eq!(sent.head("tools"), history.head("tools"));
        }
    }
    // A critical message is one the caller pins: a summary, say.
    let history = two_turns(ANTHROPIC);
    let mut options = Options::new(900);
    options.threshold_percent = 100;
    options.pins = vec![3];
    let fitted = Planner::new(options, Bytes).fit(&history).unwrap();
    assert!(!fitted.is_whole());
    assert!(fitted.messages().contains(&history.messages()[3]));
}

#[test]
fn rule_7_thoughts_of_the_current_turn_keep_their_signatures() {
    let bare_thought = |id: &str| {
        serde_json::json!({"role": "assistant", "content": [
            {"type": "thinking", "thinking": "hm ".repeat(20), "signature": format!("sig-{id}")},
            {"type": "tool_use", "id": id, "name": "read", "input": {"n": 1.0}}]})
        .to_string()
    };
    let mut messages = vec![user("the task"), bare_thought("t1")];
    messages.extend(results(ANTHROPIC, &[("t1", &"x".repeat(400))]));
    messages.push(assistant("done"));
    messages.push(user("again"));
    for id in ["t2", "t3"] {
        messages.push(bare_thought(id));
        messages.extend(results(ANTHROPIC, &[(id, &"y".repeat(400))]));
    }
    let mut history = history(ANTHROPIC, &messages);
    history
        .set("thinking", r#"{"type":"enabled","budget_tokens":1024}"#)
        .unwrap();
    for fitted in never_refused(&history) {
        for stored in [&history.messages()[5], &history.messages()[7]] {
            assert!(
                fitted.messages().contains(stored),
                "thoughts keep every byte"
            );
        }
    }
    for dialect in Dialect::CONVERSATIONS {
        let mut messages = vec![user("the task"), thought(dialect, "hm", "t1")];
        messages.extend(results(dialect, &[("t1", &"x".repeat(400))]));
        messages.extend([assistant("done"), user("again")]);
        for id in ["t2", "t3"] {
            messages.push(thought(dialect, &"hm ".repeat(20), id));
            messages.extend(results(dialect, &[(id, &"y".repeat(400))]));
        }
        let history = super::history(dialect, &messages);
        let stored = history.messages();
        let turn = stored.iter().rposition(|m| m.is_prompt()).unwrap();
        let said = |m: &&wiretape_core::conversation::Message| m.results().next().is_none();
        for fitted in never_refused(&history) {
            for stored in stored[turn + 1..].iter().filter(said) {
                assert!(fitted.messages().contains(stored), "{stored:?}");
            }
        }
    }
    // Without its thought the turn would be refused.
    let bare = [user("again"), calls(ANTHROPIC, &["t2"])];
    let mut bare = super::history(
        ANTHROPIC,
        &[&bare[..], &results(ANTHROPIC, &[("t2", "r")])].concat(),
    );
    bare.set("thinking", r#"{"type":"enabled","budget_tokens":1024}"#)
        .unwrap();
    refused(
        &bare,
        1,
        FlawKind::ThoughtMissing,
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found \
         `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a \
         thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks).",
    );
    let unsigned = r#"{"role":"assistant","content":[{"type":"thinking","thinking":"hm"}]}"#;
    refused(
        &super::history(ANTHROPIC, &[user("hi"), unsigned.to_owned(), user("go on")]),
        1,
        FlawKind::Unsigned,
        "messages.1.content.0.thinking.signature: Field required",
    );
}

#[test]
fn rule_8_planning_is_idempotent_ends_and_fails_by_name() {
    for dialect in Dialect::CONVERSATIONS {
        let history = two_turns(dialect);
        for fitted in never_refused(&history) {
            let allowed = fitted.plan.allowed + 3;
            let again = fit(&sent(&fitted, dialect), allowed).unwrap();
            assert!(again.is_whole(), "{:?}", again.plan);
        }
        // Every window is decided: it fits, or the pins alone are too much, and no window in which
        // it fits lies below one in which it does not.
        let mut fits_before = false;
        for tokens in 0..2_000 {
            match fit(&history, tokens) {
                Ok(_) => fits_before = true,
                Err(overfull) => {
                    assert!(!fits_before, "{tokens}");
                    assert!(overfull.pinned > overfull.allowed);
                }
            }
        }
        assert!(fits_before);
    }
}

#[test]
fn rule_9_what_is_not_cut_keeps_its_bytes() {
    for dialect in Dialect::CONVERSATIONS {
        let mut history = two_turns(dialect);
        // Members in an odd order, white space, a large number: as they were stored.
        let (content, odd) = match dialect {
            Dialect::Gemini => ("parts", "[ {\"text\":\"odd\\u0020text\"} ]"),
            Dialect::BedrockConverse => ("content", "[ {\"text\":\"odd\\u0020text\"} ]"),
            _ => ("content", "\"odd\\u0020text\""),
        };
        let whole =
            format!("{{ \"{content}\" :{odd},\t\"x\":12345678901234567890.10, \"role\":\"user\"}}");
        push(&mut history, &assistant("well"));
        history.push(&whole).unwrap();
        let stored = pieces(dialect, history.messages());
        for fitted in never_refused(&history) {
            assert!(alternates(dialect) || fitted.body().contains(&whole));
            assert!(fitted.body().contains(odd.trim_matches(['[', ']', ' '])));
            for shown in pieces(dialect, fitted.messages()) {
                let same = stored.iter().any(|stored| stored.text == shown.text);
                assert!(same || shown.has_result(), "{}", shown.text);
            }
        }
    }
    // Between two steps of clearing the request's beginning stays the same: see `planner`.
}

#[test]
fn rule_10_the_stored_history_is_left_whole() {
    for dialect in Dialect::CONVERSATIONS {
        let history = two_turns(dialect);
        let stored = history.body();
        for fitted in never_refused(&history) {
            assert!(fitted.body().len() <= stored.len() + 100);
        }
        assert_eq!(history.body(), stored);
        // With more room all of it is sent again.
        assert_eq!(fit(&history, 100_000).unwrap().body(), stored);
    }
}

/// The same flaws in each dialect: kind, whose words, and the words.
#[test]
fn every_dialect_refuses_in_its_words() {
    let mut said = Vec::new();
    for dialect in Dialect::CONVERSATIONS {
        let orphan = results(dialect, &[("c", "r")]);
        let second = results(dialect, &[("c", "r"), ("c", "r")]);
        let thought = thought(dialect, "hm", "c");
        let with = |messages: &[&[String]]| history(dialect, &messages.concat());
        let hi = [user("hi")];
        let call = [calls(dialect, &["c"])];
        for (what, given) in [
            ("nothing", with(&[])),
            ("a result alone", with(&[&hi, &orphan])),
            ("a call alone", with(&[&hi, &call, &hi])),
            ("two results", with(&[&hi, &call, &second])),
            ("the model first", with(&[&call, &orphan])),
            (
                "two of a role",
                with(&[&hi, &[assistant("so")], &call, &orphan]),
            ),
            (
                "an empty message",
                with(&[&hi, &[r#"{"role":"user","content":[]}"#.to_owned()]]),
            ),
            ("an empty text", with(&[&[user("")]])),
            ("a thought alone", with(&[&hi, &[thought], &orphan])),
        ] {
            for flaw in given.refusals() {
                let (kind, words) = (flaw.kind.name(), flaw.words.name());
                said.push(format!("{dialect}, {what}: {kind}, {words}: {flaw}"));
            }
        }
    }
    insta::assert_snapshot!(said.join("\n"));
}

/// A thought is of no use without what followed it, nor one that the provider has not stored.
#[test]
fn thoughts_of_responses_go_with_their_items() {
    let thought = |sealed: &str| {
        format!(r#"{{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":{sealed}}}"#)
    };
    let said = r#"{"role":"assistant","content":"so"}"#.to_owned();
    let dialect = Dialect::OpenAiResponses;
    let alone = history(dialect, &[user("hi"), thought("\"E=\""), user("well?")]);
    refused(
        &alone,
        1,
        FlawKind::ThoughtAlone,
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
    );
    let (repaired, repairs) = alone.repaired();
    assert_eq!((repaired.messages().len(), repairs.len()), (2, 1));
    let twice = [
        user("hi"),
        thought("\"E=\""),
        thought("\"E=\""),
        said.clone(),
    ];
    refused(
        &history(dialect, &twice),
        2,
        FlawKind::DuplicateItem,
        "Duplicate item found with id rs_1. Remove duplicate items from your input and try again.",
    );
    assert_eq!(history(dialect, &twice).repaired().0.messages().len(), 3);
    let mut unsealed = history(dialect, &[user("hi"), thought("null"), said]);
    assert_eq!(unsealed.flaws(), []);
    unsealed.set("store", "false").unwrap();
    assert_eq!(unsealed.flaws()[0].kind, FlawKind::Unsigned);
    assert_eq!(unsealed.repaired().0.messages().len(), 2);
}
