//! The defects of the article that this project began with (failures, part 1), one by one.

use serde_json::json;
use wiretape_core::Dialect;
use wiretape_core::agent::{Action, Closed, Outcome, Stop};

use super::rig::{Reply, Rig, SECOND, says_any_arguments};

/// Arguments that do not parse became `{}`, and the tool ran.
#[test]
fn a_call_whose_arguments_do_not_parse_is_answered_and_not_run() {
    for dialect in Dialect::CONVERSATIONS
        .into_iter()
        .filter(|d| says_any_arguments(*d))
    {
        let mut rig = Rig::new(dialect);
        rig.prompt("go");
        rig.take();
        let reply = Reply::new(dialect, "m1").call("a", "weather", r#"{"city":"Pa"#);
        rig.stream(reply.call("b", "weather", r#"{"city":"Rome"}"#).end());
        let calls = rig.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert_eq!(calls[0].id.as_deref(), Some("b"));
        rig.answer("b", "rain");
        let said = rig.said();
        let why = "the call was not run: the arguments are not JSON at their byte 11; send it again \
                   with arguments that are valid JSON";
        let mut calls = said.iter().flat_map(|message| &message.calls);
        let input = json!({"INVALID_JSON": r#"{"city":"Pa"#});
        assert_eq!(calls.next().unwrap().input(), input);
        let results: Vec<_> = said.iter().flat_map(|message| &message.results).collect();
        let [first, second] = results.as_slice() else {
            panic!("{said:?}");
        };
        assert!(first.is_error && first.content.ends_with(why), "{first:?}");
        assert_eq!((second.content.as_str(), second.is_error), ("rain", false));
    }
}

/// The buffers were never emptied: the calls of one turn ran again in the next.
#[test]
fn a_turn_has_only_its_own_calls() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = Rig::new(dialect);
        rig.prompt("go");
        rig.stream(Reply::new(dialect, "m1").call("a", "weather", "{}").end());
        assert_eq!(rig.calls().len(), 1);
        rig.answer("a", "sun");
        rig.stream(Reply::new(dialect, "m2").call("b", "time", "{}").end());
        let calls = rig.calls();
        assert_eq!(calls.len(), 1, "{calls:?}");
        assert_eq!(calls[0].id.as_deref(), Some("b"));
        rig.answer("b", "noon");
        rig.stream(Reply::new(dialect, "m3").text("Done.").end());
        assert_eq!(rig.calls(), []);
    }
}

/// A tool without arguments streams an empty text (F-18).
#[test]
fn no_arguments_are_an_empty_object() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = Rig::new(dialect);
        rig.prompt("go");
        rig.stream(Reply::new(dialect, "m1").call("a", "now", "").end());
        let calls = rig.calls();
        assert_eq!((calls.len(), &calls[0].input), (1, &json!({})));
        rig.answer("a", "noon");
        let said = rig.said();
        assert_eq!(said[1].calls[0].input(), json!({}));
    }
}

/// The reason for stopping was not looked at (F-21, F-27).
#[test]
fn a_reason_that_forbids_acting_runs_nothing() {
    let messages = &["max_tokens", "refusal", "pause_turn", "odd"];
    let reasons: [(Dialect, &[&str]); 8] = [
        (Dialect::Anthropic, messages),
        (Dialect::BedrockInvoke, messages),
        (Dialect::OpenAiChat, &["length", "content_filter", "odd"]),
        (
            Dialect::OpenAiResponses,
            &["max_output_tokens", "content_filter", "odd"],
        ),
        (Dialect::Gemini, &["MAX_TOKENS", "SAFETY", "ODD"]),
        (
            Dialect::BedrockConverse,
            &["max_tokens", "guardrail_intervened", "odd"],
        ),
        (Dialect::Ollama, &["length", "load", "odd"]),
        (Dialect::Cohere, &["MAX_TOKENS", "TIMEOUT", "ODD"]),
    ];
    for (dialect, reasons) in reasons {
        for reason in reasons {
            let mut rig = Rig::new(dialect);
            rig.prompt("go");
            rig.stream(Reply::new(dialect, "m1").call("a", "rm", "{}").stop(reason));
            assert_eq!(rig.calls(), [], "{dialect}, {reason}");
        }
    }
}

/// A second message inside the first was merged with it (F-35).
#[test]
fn two_replies_in_one_stream_are_none() {
    let dialect = Dialect::Anthropic;
    let mut rig = Rig::new(dialect);
    rig.prompt("go");
    let first = Reply::new(dialect, "m1").call("a", "spark", r#"{"value":"Spark"#);
    let second = Reply::new(dialect, "m2").call("b", "spark", "{}");
    rig.stream([first.cut().0, second.end().0].concat());
    assert_eq!(rig.calls(), []);
    // It is asked for again.
    rig.wait(SECOND);
    rig.stream(Reply::new(dialect, "m3").call("c", "spark", "{}").end());
    assert_eq!(rig.calls()[0].execution_key(), "m3/c");
}

/// Errors and pings were not handled (F-40, F-16).
#[test]
fn an_error_in_the_stream_is_one_and_a_ping_is_nothing() {
    let dialect = Dialect::Anthropic;
    let mut rig = Rig::new(dialect);
    rig.prompt("go");
    rig.head(200, &[]);
    rig.chunk("event: ping\ndata: {\"type\":\"ping\"}\n\n");
    rig.chunk(Reply::new(dialect, "m1").call("a", "rm", "{}").cut());
    rig.chunk(
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\
         \"message\":\"Overloaded\"}}\n\n",
    );
    assert_eq!(rig.calls(), []);
    rig.wait(SECOND);
    assert_eq!(rig.request().attempt, 2);
}

/// The end of the bytes was taken for the end of the reply (F-30).
#[test]
fn a_stream_that_was_cut_runs_nothing() {
    for dialect in Dialect::CONVERSATIONS {
        for how in [Closed::Complete, Closed::Incomplete, Closed::Reset] {
            let mut rig = Rig::new(dialect);
            rig.prompt("go");
            rig.head(200, &[]);
            rig.chunk(Reply::new(dialect, "m1").call("a", "rm", "{}").cut());
            rig.closed(how);
            assert_eq!(rig.calls(), [], "{dialect}, {how:?}");
        }
    }
}

/// A call that the provider runs itself streams its arguments like any other.
#[test]
fn a_call_of_the_providers_own_is_not_run() {
    let dialect = Dialect::Anthropic;
    let mut rig = Rig::new(dialect);
    rig.prompt("go");
    let mut reply = Reply::new(dialect, "m1");
    let server = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    let delta = json!({"type": "input_json_delta", "partial_json": "{\"query\": \"x\"}"});
    reply.block(server, &[delta]);
    let result = json!({"type": "web_search_tool_result", "tool_use_id": "s", "content": []});
    reply.block(result.clone(), &[]);
    rig.stream(reply.text("Found.").end());
    let done = rig.take();
    assert!(
        done.iter().all(|action| !matches!(action, Action::Call(_))),
        "{done:?}"
    );
    let messages = rig.messages();
    assert_eq!(messages[1]["content"][0]["input"], json!({"query": "x"}));
    assert_eq!(messages[1]["content"][1], result);
}

/// And one thing that the article has right: the text is there at once.
#[test]
fn text_does_not_wait_for_the_end() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = Rig::new(dialect);
        rig.prompt("go");
        rig.head(200, &[]);
        rig.take();
        rig.chunk(Reply::new(dialect, "m1").text("Let me").cut());
        assert_eq!(rig.take(), [Action::Text("Let me".into())]);
        rig.give(wiretape_core::agent::Input::Cancel);
        assert_eq!(rig.outcome(), Outcome::Cancelled);
    }
}

/// What each of these ends is called, and what of the reply is in the history.
#[test]
fn every_reason_has_its_outcome() {
    let anthropic = Dialect::Anthropic;
    let chat = Dialect::OpenAiChat;
    for (dialect, reason, stop, kept) in [
        (anthropic, "max_tokens", Stop::MaxTokens, true),
        (
            anthropic,
            "model_context_window_exceeded",
            Stop::ContextWindow,
            true,
        ),
        (anthropic, "refusal", Stop::Refusal, false),
        (anthropic, "odd", Stop::Other("odd".into()), true),
        (chat, "length", Stop::MaxTokens, true),
        (chat, "content_filter", Stop::ContentFilter, true),
        (
            Dialect::OpenAiResponses,
            "max_output_tokens",
            Stop::MaxTokens,
            true,
        ),
        (
            Dialect::OpenAiResponses,
            "content_filter",
            Stop::ContentFilter,
            true,
        ),
        (Dialect::Gemini, "MAX_TOKENS", Stop::MaxTokens, true),
        (Dialect::Gemini, "SAFETY", Stop::ContentFilter, true),
        (
            Dialect::BedrockConverse,
            "max_tokens",
            Stop::MaxTokens,
            true,
        ),
        (
            Dialect::BedrockConverse,
            "guardrail_intervened",
            Stop::ContentFilter,
            true,
        ),
        (Dialect::BedrockInvoke, "refusal", Stop::Refusal, false),
        (Dialect::Ollama, "length", Stop::MaxTokens, true),
        (Dialect::Cohere, "MAX_TOKENS", Stop::MaxTokens, true),
    ] {
        let mut rig = Rig::new(dialect);
        rig.prompt("go");
        let reply = Reply::new(dialect, "m1").text("Half a sen");
        rig.stream(reply.call("a", "rm", "{}").stop(reason));
        let done = rig.take();
        let reset = done.contains(&Action::Reset);
        assert_eq!(reset, !kept, "{reason}: {done:?}");
        let Some(Action::Finished(Outcome::Stopped {
            stop: found,
            text,
            detail,
        })) = done.last()
        else {
            panic!("{reason}: {done:?}");
        };
        assert_eq!((found, text.as_str()), (&stop, "Half a sen"));
        assert!(detail.contains(reason), "{detail}");
        let messages = rig.messages();
        if !kept {
            assert_eq!(messages, [json!({"role": "user", "content": "go"})]);
            continue;
        }
        // The call is there, with an error for its result: the next prompt may follow.
        let last = rig.history().pop().unwrap();
        assert!(last.results[0].content.contains("not run"), "{last:?}");
    }
}

/// `pause_turn`: what the model said goes back as it is, and it goes on (F-27).
#[test]
fn a_paused_turn_goes_on() {
    let dialect = Dialect::Anthropic;
    let mut rig = Rig::new(dialect);
    rig.prompt("search");
    let mut reply = Reply::new(dialect, "m1").text("Searching. ");
    let server = json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}});
    reply.block(server, &[]);
    rig.take();
    rig.stream(reply.stop("pause_turn"));
    let sent = rig.sent();
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[1]["content"][1]["id"], "s", "also without its result");
    rig.stream(Reply::new(dialect, "m2").text("Found.").end());
    assert_eq!(
        rig.outcome(),
        Outcome::Done {
            text: "Found.".into()
        }
    );
}

/// A refusal in the form of Chat Completions is an answer, and stays in the history (F-53).
#[test]
fn a_refusal_of_chat_completions_is_kept() {
    let mut rig = Rig::new(Dialect::OpenAiChat);
    rig.prompt("go");
    rig.stream(
        "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\"I won't.\"}}]}\n\n\
         data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
         data: [DONE]\n\n",
    );
    let done = rig.take();
    assert!(done.contains(&Action::Text("I won't.".into())), "{done:?}");
    let messages = rig.messages();
    let part = json!([{"type": "refusal", "refusal": "I won't."}]);
    assert_eq!(messages[1], json!({"role": "assistant", "content": part}));
    let stopped = |action: &Action| {
        matches!(
            action,
            Action::Finished(Outcome::Stopped {
                stop: Stop::Refusal,
                ..
            })
        )
    };
    assert!(done.last().is_some_and(stopped), "{done:?}");
}
