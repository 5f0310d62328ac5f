//! Asking again: by class and progress, after how long, and never twice what was done.

use serde_json::json;
use wiretape_core::Dialect;
use wiretape_core::agent::{Action, Class, Closed, Failure, Input, Options, Outcome, Progress};
use wiretape_core::budget;

use super::rig::{Reply, Rig, SECOND};

const A: Dialect = Dialect::Anthropic;

fn failed(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

fn waiting(dialect: Dialect) -> Rig {
    let mut rig = Rig::new(dialect);
    rig.prompt("go");
    rig.take();
    rig
}

/// How long the machine waits now.
fn wait(rig: &Rig) -> u64 {
    use wiretape_core::Machine;
    rig.agent.deadline().unwrap().0 - rig.now
}

#[test]
fn by_status() {
    let again = [408, 409, 429, 500, 502, 503, 504, 520, 529];
    let never = [
        (302, Class::Request),
        (400, Class::Request),
        (401, Class::Auth),
        (402, Class::Quota),
        (403, Class::Auth),
        (404, Class::Request),
        (413, Class::TooLarge),
        (422, Class::Request),
    ];
    for status in again {
        let mut rig = waiting(A);
        rig.error(status, &[], "{}");
        assert_eq!(rig.take(), [], "{status}");
        rig.wait(SECOND);
        assert_eq!(rig.request().attempt, 2, "{status}");
    }
    for (status, class) in never {
        let mut rig = waiting(A);
        rig.error(
            status,
            &[],
            r#"{"error":{"type":"x","message":"Because."}}"#,
        );
        let failure = failed(rig.outcome());
        assert_eq!((failure.class, failure.status), (class, Some(status)));
        assert_eq!(
            (failure.message.as_str(), failure.attempts),
            ("Because.", 1)
        );
    }
}

#[test]
fn by_what_the_body_says() {
    for (status, body, class) in [
        (
            429,
            r#"{"error":{"code":"insufficient_quota"}}"#,
            Class::Quota,
        ),
        (
            429,
            r#"{"error":{"type":"insufficient_quota"}}"#,
            Class::Quota,
        ),
        (400, r#"{"error":{"type":"billing_error"}}"#, Class::Quota),
        (
            200,
            r#"{"error":{"type":"authentication_error"}}"#,
            Class::Auth,
        ),
        (
            200,
            r#"{"id":"c","object":"chat.completion"}"#,
            Class::NotAStream,
        ),
    ] {
        let mut rig = waiting(A);
        rig.error(status, &[("content-type", "application/json")], body);
        assert_eq!(failed(rig.outcome()).class, class, "{body}");
    }
    // An error under status 200 is one all the same (F-42).
    let mut rig = waiting(A);
    rig.error(
        200,
        &[("content-type", "application/json")],
        r#"{"error":{"type":"overloaded_error"}}"#,
    );
    rig.wait(SECOND);
    assert_eq!(rig.request().attempt, 2);
    let mut rig = waiting(A);
    rig.error(200, &[("content-type", "text/html")], "<html>Log in</html>");
    let failure = failed(rig.outcome());
    assert_eq!(failure.class, Class::NotAStream);
    assert!(
        failure.message.contains("text/html") && failure.message.contains("Log in"),
        "{failure}"
    );
}

/// The same in the words of the other providers.
#[test]
fn by_what_every_provider_says() {
    for (status, body, class) in [
        (
            400,
            r#"{"error":{"code":400,"message":"The input token count (1200293) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#,
            Class::ContextOverflow,
        ),
        (
            400,
            r#"{"message":"Input is too long for requested model."}"#,
            Class::ContextOverflow,
        ),
        (
            400,
            r#"{"message":"The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum"}"#,
            Class::ContextOverflow,
        ),
        (
            400,
            r#"{"error":{"message":"Your input exceeds the context window of this model. Please adjust your input and try again.","type":"invalid_request_error"}}"#,
            Class::ContextOverflow,
        ),
        (
            400,
            r#"{"message":"too many tokens: total number of tokens (prompt and prediction) cannot exceed 2048 - received 6354."}"#,
            Class::ContextOverflow,
        ),
        (400, r#"{"error":"invalid model name"}"#, Class::Request),
        (
            429,
            r#"[{"error":{"code":429,"message":"No.","status":"RESOURCE_EXHAUSTED"}}]"#,
            Class::RateLimited,
        ),
    ] {
        assert_eq!(Class::of_status(status, body), class, "{body}");
    }
    for (kind, class) in [
        ("throttlingException", Class::RateLimited),
        ("RESOURCE_EXHAUSTED", Class::RateLimited),
        ("serviceUnavailableException", Class::Overloaded),
        ("UNAVAILABLE", Class::Overloaded),
        ("modelTimeoutException", Class::Timeout),
        ("validationException", Class::Request),
        ("PERMISSION_DENIED", Class::Auth),
        ("modelStreamErrorException", Class::Server),
        ("INTERNAL", Class::Server),
    ] {
        assert_eq!(Class::of_stream(kind, "No."), class, "{kind}");
    }
}

#[test]
fn by_the_error_in_the_stream() {
    for (kind, class) in [
        ("overloaded_error", None),
        ("api_error", None),
        ("rate_limit_error", None),
        ("timeout_error", None),
        ("new_error", None),
        ("invalid_request_error", Some(Class::Request)),
        ("authentication_error", Some(Class::Auth)),
        ("permission_error", Some(Class::Auth)),
        ("billing_error", Some(Class::Quota)),
        ("request_too_large", Some(Class::TooLarge)),
    ] {
        let mut rig = waiting(A);
        rig.head(200, &[]);
        let error = json!({"type": "error", "error": {"type": kind, "message": "No."}});
        rig.chunk(format!("event: error\ndata: {error}\n\n"));
        match class {
            None => {
                // What the server says after its error does not count, nor when it goes.
                assert_eq!(rig.take(), [Action::Abort { attempt: 1 }]);
                rig.wait(SECOND);
                assert_eq!(rig.request().attempt, 2, "{kind}");
            }
            Some(class) => assert_eq!(failed(rig.outcome()).class, class, "{kind}"),
        }
    }
}

#[test]
fn waits_double_up_to_a_cap_and_chance_makes_them_shorter() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..32 {
        let mut options = Options::default();
        options.seed = seed;
        options.retry.attempts_max = 8;
        let mut rig = Rig::with(A, options, budget::Options::new(100_000));
        rig.prompt("go");
        for doubled in [500, 1000, 2000, 4000, 8000, 8000, 8000] {
            rig.error(529, &[], "");
            let full = doubled * 1_000_000;
            let wait = wait(&rig);
            assert!((full - full / 4..=full).contains(&wait), "{wait} of {full}");
            seen.insert(wait);
            rig.wait(full);
        }
        rig.take();
        rig.error(529, &[], "");
        let failure = failed(rig.outcome());
        assert_eq!((failure.class, failure.attempts), (Class::Overloaded, 8));
    }
    assert!(seen.len() > 200, "{} different waits", seen.len());
}

#[test]
fn the_same_seed_waits_the_same() {
    let run = || {
        let mut rig = waiting(A);
        rig.error(529, &[], "");
        wait(&rig)
    };
    assert_eq!(run(), run());
}

#[test]
fn a_server_says_when() {
    for (name, value, ns) in [
        ("retry-after", "7", 7 * SECOND),
        ("Retry-After", "0.5", SECOND / 2),
        ("retry-after-ms", "1250", SECOND + SECOND / 4),
        ("retry-after", "60", 60 * SECOND),
    ] {
        let mut rig = waiting(A);
        rig.error(429, &[(name, value)], "");
        assert_eq!(wait(&rig), ns, "{name}: {value}");
        rig.wait(ns - 1);
        assert_eq!(rig.take(), []);
        rig.wait(1);
        assert_eq!(rig.request().attempt, 2);
    }
    // Longer than one may wait: then it is over, and the caller knows for how long.
    let mut rig = waiting(A);
    rig.error(429, &[("retry-after", "3600")], "");
    let failure = failed(rig.outcome());
    assert_eq!(failure.class, Class::RateLimited);
    assert_eq!(failure.retry_after_ns, Some(3600 * SECOND));
}

#[test]
fn a_server_says_whether() {
    let mut rig = waiting(A);
    rig.error(529, &[("x-should-retry", "false")], "");
    assert_eq!(failed(rig.outcome()).class, Class::Overloaded);
    let mut rig = waiting(A);
    rig.error(400, &[("x-should-retry", "true")], "");
    rig.wait(SECOND);
    assert_eq!(rig.request().attempt, 2);
}

/// After text: it is taken back first, and comes once in the end (F-60).
#[test]
fn shown_text_is_taken_back_before_it_comes_again() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = waiting(dialect);
        rig.head(200, &[]);
        rig.chunk(Reply::new(dialect, "m1").text("It is ").cut());
        rig.closed(Closed::Reset);
        assert_eq!(rig.take(), [Action::Text("It is ".into()), Action::Reset]);
        assert_eq!(rig.messages().len(), 1, "nothing of it is in the history");
        rig.wait(SECOND);
        rig.take();
        rig.stream(Reply::new(dialect, "m2").text("It is noon.").end());
        let done = rig.take();
        assert_eq!(done[0], Action::Text("It is noon.".into()));
        assert_eq!(rig.messages().len(), 2);
    }
}

#[test]
fn where_text_may_not_be_taken_back_it_stays_and_the_run_ends() {
    for dialect in Dialect::CONVERSATIONS {
        let mut options = Options::default();
        options.retry.after_text = false;
        let mut rig = Rig::with(dialect, options, budget::Options::new(100_000));
        rig.prompt("go");
        rig.head(200, &[]);
        rig.take();
        rig.chunk(
            Reply::new(dialect, "m1")
                .text("It is ")
                .call("a", "rm", "{}")
                .cut(),
        );
        rig.closed(Closed::Reset);
        let done = rig.take();
        assert!(!done.contains(&Action::Reset), "{done:?}");
        let Some(Action::Finished(Outcome::Failed(failure))) = done.last() else {
            panic!("{done:?}");
        };
        assert_eq!(
            (failure.class, failure.progress),
            (Class::Reset, Progress::Text)
        );
        // What was shown is in the history, and the piece of a call is not.
        let messages = rig.messages();
        assert_eq!(messages.len(), 2);
        let said = &rig.history()[1];
        assert_eq!(
            (&*said.texts, said.calls.len()),
            (&["It is ".to_owned()][..], 0)
        );
    }
}

/// Pieces of a call are not seen by anybody: there is nothing to take back.
#[test]
fn after_pieces_of_a_call_there_is_no_reset() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = waiting(dialect);
        rig.head(200, &[]);
        rig.chunk(Reply::new(dialect, "m1").call("a", "rm", "{\"p").cut());
        rig.closed(Closed::Incomplete);
        assert_eq!(rig.take(), []);
        rig.wait(SECOND);
        rig.stream(Reply::new(dialect, "m2").call("b", "rm", "{}").end());
        assert_eq!(rig.calls().len(), 1);
    }
}

/// The reply is complete: what the connection does then does not matter (F-14).
#[test]
fn a_reset_behind_a_complete_reply_is_none() {
    for dialect in Dialect::CONVERSATIONS {
        for how in [Closed::Reset, Closed::Incomplete] {
            let mut rig = waiting(dialect);
            rig.head(200, &[]);
            rig.chunk(Reply::new(dialect, "m1").text("Hi.").end());
            rig.closed(how);
            let text = "Hi.".into();
            assert_eq!(rig.outcome(), Outcome::Done { text }, "{dialect}");
        }
    }
    // Chat Completions: the reason for stopping is there, `[DONE]` is not.
    let mut rig = waiting(Dialect::OpenAiChat);
    rig.head(200, &[]);
    let whole = Reply::new(Dialect::OpenAiChat, "c")
        .text("Hi.")
        .end()
        .text();
    rig.chunk(whole.strip_suffix("data: [DONE]\n\n").unwrap());
    rig.closed(Closed::Reset);
    assert_eq!(rig.outcome(), Outcome::Done { text: "Hi.".into() });
}

/// An attempt that is over says what it likes.
#[test]
fn an_attempt_that_is_over_is_not_heard() {
    let mut rig = waiting(A);
    rig.head(200, &[]);
    rig.wait(90 * SECOND);
    let done = rig.take();
    assert_eq!(done[0], Action::Abort { attempt: 1 });
    rig.wait(SECOND);
    assert_eq!(rig.request().attempt, 2);
    let bytes = Reply::new(A, "m1")
        .text("Late.")
        .call("a", "rm", "{}")
        .end();
    let bytes = bytes.as_ref();
    rig.give(Input::Chunk { attempt: 1, bytes });
    rig.give(Input::Head {
        attempt: 1,
        status: 500,
        headers: &[],
    });
    rig.give(Input::Closed {
        attempt: 1,
        how: Closed::Complete,
    });
    assert_eq!(rig.take(), []);
    rig.stream(Reply::new(A, "m2").text("In time.").end());
    assert_eq!(
        rig.outcome(),
        Outcome::Done {
            text: "In time.".into()
        }
    );
}

#[test]
fn no_connection_is_tried_again_and_named() {
    let mut rig = waiting(A);
    for _ in 0..2 {
        rig.closed(Closed::Unreachable);
        rig.wait(8 * SECOND);
    }
    rig.take();
    rig.closed(Closed::Unreachable);
    let failure = failed(rig.outcome());
    assert_eq!(
        (failure.class, failure.attempts, failure.status),
        (Class::Connect, 3, None)
    );
    assert_eq!(failure.to_string(), "connect after 3 requests");
}

/// The budget says that it cannot be done: nothing is sent.
#[test]
fn what_cannot_fit_is_said_with_numbers() {
    let mut rig = Rig::with(A, Options::default(), budget::Options::new(400));
    rig.prompt(&"word ".repeat(2_000));
    let failure = failed(rig.outcome());
    assert_eq!((failure.class, failure.attempts), (Class::Overfull, 0));
    let overfull = failure.overfull.unwrap();
    assert!(overfull.pinned > overfull.allowed, "{overfull:?}");
    assert!(
        failure.to_string().contains(&overfull.pinned.to_string()),
        "{failure}"
    );
}

/// The provider counts more than the budget: one request with a tighter budget, then failure.
#[test]
fn an_overflow_is_planned_once_more() {
    let bodies = [
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 3000 tokens > 2000 maximum"}}"#,
        ),
        (
            400,
            r#"{"error":{"code":"context_length_exceeded","message":"This model's maximum context length is 2000 tokens. However, your messages resulted in 3000 tokens."}}"#,
        ),
        (
            400,
            r#"{"error":{"code":400,"type":"exceed_context_size_error","message":"the request exceeds the available context size","n_prompt_tokens":3000,"n_ctx":2000}}"#,
        ),
    ];
    for (status, body) in bodies {
        let mut rig = waiting(A);
        // A history that can be cut.
        for number in 0..8 {
            rig.stream(
                Reply::new(A, &format!("m{number}"))
                    .text(&"blah ".repeat(200))
                    .end(),
            );
            rig.prompt("more");
        }
        let first = rig
            .take()
            .into_iter()
            .rev()
            .find_map(|action| match action {
                Action::Request(request) => Some(request),
                _ => None,
            });
        let first = first.unwrap();
        let before = rig.messages().len();
        rig.error(status, &[], body);
        let second = rig.request();
        assert!(!second.plan.cuts.is_empty(), "{body}");
        assert!(
            second.plan.after * 3 < first.plan.after * 2,
            "{:?}",
            second.plan
        );
        assert_eq!(rig.messages().len(), before, "the stored history is whole");
        rig.error(status, &[], body);
        let failure = failed(rig.outcome());
        assert_eq!(
            (failure.class, failure.attempts),
            (Class::ContextOverflow, 2)
        );
    }
}
