//! Cancelling in every state, the limits, keys that come again, and inputs that are mistakes.

use serde_json::json;
use wiretape_core::agent::{Action, Closed, Input, Limit, Misuse, Options, Outcome};
use wiretape_core::{Dialect, Machine, Moment, budget};

use super::rig::{Reply, Rig, SECOND, has_id};

fn with(dialect: Dialect, change: impl Fn(&mut Options)) -> Rig {
    let mut options = Options::default();
    change(&mut options);
    let mut rig = Rig::with(dialect, options, budget::Options::new(100_000));
    rig.prompt("go");
    rig.take();
    rig
}

fn plain(dialect: Dialect) -> Rig {
    with(dialect, |_| {})
}

/// Cancels, looks at the end, and asks again: the history serves.
#[track_caller]
fn cancelled(mut rig: Rig) -> (Vec<Action>, Rig) {
    rig.take();
    rig.give(Input::Cancel);
    let done = rig.take();
    assert_eq!(
        done.last(),
        Some(&Action::Finished(Outcome::Cancelled)),
        "{done:?}"
    );
    assert!(rig.agent.is_idle());
    rig.wait(4000 * SECOND);
    rig.take();
    rig.prompt("again");
    let said = rig.said();
    let texts = &said.last().unwrap().texts;
    assert_eq!(texts.last().unwrap(), "again", "{said:?}");
    (done, rig)
}

#[test]
fn before_the_head() {
    for dialect in Dialect::CONVERSATIONS {
        let (done, _) = cancelled(plain(dialect));
        assert_eq!(done[0], Action::Abort { attempt: 1 });
    }
}

#[test]
fn in_the_text() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = plain(dialect);
        rig.head(200, &[]);
        rig.chunk(Reply::new(dialect, "m").text("It is ").cut());
        let (done, rig) = cancelled(rig);
        assert_eq!(done[0], Action::Abort { attempt: 1 });
        // What the user saw stays.
        assert!(rig.messages()[1].to_string().contains("It is "));
    }
}

#[test]
fn in_a_calls_arguments() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = plain(dialect);
        rig.head(200, &[]);
        rig.chunk(
            Reply::new(dialect, "m")
                .text("It")
                .call("a", "rm", "{\"p")
                .cut(),
        );
        let (_, rig) = cancelled(rig);
        assert!(!rig.agent.conversation().body().contains("rm"));
    }
}

#[test]
fn in_an_errors_body() {
    let mut rig = plain(Dialect::Anthropic);
    rig.head(500, &[]);
    rig.chunk("{\"err");
    cancelled(rig);
}

#[test]
fn while_waiting_to_ask_again() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = plain(dialect);
        rig.error(529, &[], "");
        let (done, _) = cancelled(rig);
        assert_eq!(done.len(), 1, "{done:?}");
    }
}

#[test]
fn while_calls_run() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = with(dialect, |options| options.limits.calls_at_once_max = 2);
        let reply = Reply::new(dialect, "m")
            .call("a", "x", "{}")
            .call("b", "x", "{}");
        rig.stream(reply.call("c", "x", "{}").end());
        assert_eq!(rig.calls().len(), 2);
        rig.answer("a", "done");
        // The third has begun in its place.
        assert_eq!(rig.calls().len(), 1);
        rig.answer("c", "done too");
        let (done, mut rig) = cancelled(rig);
        let key = rig.key("b");
        assert_eq!(done[0], Action::CancelCall { key });
        let history = rig.agent.conversation().body();
        assert!(history.contains("cancelled by the user"), "{history}");
        assert!(history.contains("done too"), "{history}");
        // Late, and not heard.
        rig.answer("b", "at last");
        assert_eq!(rig.agent.conversation().body(), history);
    }
}

#[test]
fn calls_that_had_not_begun_are_said_not_to_have_run() {
    let dialect = Dialect::Anthropic;
    let mut rig = with(dialect, |options| options.limits.calls_at_once_max = 1);
    let reply = Reply::new(dialect, "m").call("a", "x", "{}");
    rig.stream(reply.call("b", "x", "{}").end());
    assert_eq!(rig.calls().len(), 1);
    let (done, rig) = cancelled(rig);
    let stopped = done
        .iter()
        .filter(|action| matches!(action, Action::CancelCall { .. }));
    assert_eq!(stopped.count(), 1);
    let results = &rig.messages()[2]["content"];
    assert_eq!(
        results[1]["content"],
        "the call was not run: the user cancelled"
    );
}

#[test]
fn with_nothing_to_cancel() {
    let mut rig = Rig::new(Dialect::Anthropic);
    rig.give(Input::Cancel);
    assert_eq!(rig.take(), []);
}

#[test]
fn turns_are_limited() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = with(dialect, |options| options.limits.turns_max = 2);
        for number in 0..2 {
            let id = format!("a{number}");
            let reply = Reply::new(dialect, &format!("m{number}"));
            rig.stream(reply.call(&id, "x", "{}").end());
            rig.take();
            rig.answer(&id, "on");
        }
        assert_eq!(
            rig.outcome(),
            Outcome::Limit {
                limit: Limit::Turns,
                at: 2
            }
        );
        // For one prompt: the next goes on.
        rig.prompt("more");
        rig.request();
    }
}

#[test]
fn calls_are_limited_and_those_over_it_are_answered() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = with(dialect, |options| options.limits.calls_max = 2);
        let reply = Reply::new(dialect, "m")
            .call("a", "x", "{}")
            .call("b", "x", "{}");
        rig.stream(reply.call("c", "x", "{}").end());
        assert_eq!(rig.calls().len(), 2);
        rig.answer("a", "1");
        rig.answer("b", "2");
        assert_eq!(
            rig.outcome(),
            Outcome::Limit {
                limit: Limit::Calls,
                at: 2
            }
        );
        let history = rig.agent.conversation().body();
        assert!(
            history.contains("the limit of 2 calls is reached"),
            "{history}"
        );
    }
}

#[test]
fn tokens_are_limited_by_the_providers_count() {
    for dialect in Dialect::CONVERSATIONS {
        // 10 in and 5 out a turn.
        let mut rig = with(dialect, |options| options.limits.tokens_max = 16);
        for number in 0..2 {
            let id = format!("a{number}");
            let reply = Reply::new(dialect, &format!("m{number}"));
            rig.stream(reply.call(&id, "x", "{}").end());
            rig.take();
            rig.answer(&id, "on");
        }
        assert_eq!(
            rig.outcome(),
            Outcome::Limit {
                limit: Limit::Tokens,
                at: 16
            }
        );
    }
}

#[test]
fn without_room_for_a_key_nothing_runs() {
    let dialect = Dialect::Anthropic;
    let mut rig = with(dialect, |options| options.limits.keys_max = 1);
    let reply = Reply::new(dialect, "m").call("a", "x", "{}");
    rig.stream(reply.call("b", "x", "{}").end());
    assert_eq!(rig.calls().len(), 1);
    rig.answer("a", "1");
    assert_eq!(
        rig.outcome(),
        Outcome::Limit {
            limit: Limit::Keys,
            at: 1
        }
    );
}

#[test]
fn a_result_over_the_limit_is_an_error_that_says_so() {
    let dialect = Dialect::Anthropic;
    let mut rig = with(dialect, |options| options.limits.result_bytes_max = 10);
    rig.stream(Reply::new(dialect, "m").call("a", "x", "{}").end());
    rig.take();
    rig.answer("a", "12345678901");
    let sent = rig.sent();
    let said = "the result has 11 bytes, more than the limit of 10";
    assert_eq!(sent[2]["content"][0]["content"], said);
}

/// The same reply once more, from a proxy that plays it again: its calls have run (F-62).
#[test]
fn a_key_that_comes_again_has_the_result_it_had() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = plain(dialect);
        let reply = || {
            Reply::new(dialect, "m")
                .call("a", "pay", r#"{"eur":5}"#)
                .end()
        };
        rig.stream(reply());
        assert_eq!(rig.calls().len(), 1);
        rig.answer("a", "paid");
        rig.take();
        rig.stream(reply());
        let sent = rig.sent();
        assert_eq!(sent.len(), 5);
        let twice = json!(sent).to_string().matches("paid").count();
        assert_eq!(twice, 2, "{sent:?}");
        // Also in another run.
        rig.give(Input::Cancel);
        rig.prompt("once more");
        rig.take();
        rig.stream(reply());
        let done = rig.take();
        assert!(
            done.iter().all(|action| !matches!(action, Action::Call(_))),
            "{done:?}"
        );
    }
}

/// A call that was given up may have had its effect: it does not run again.
#[test]
fn a_key_that_was_given_up_does_not_run_again() {
    let dialect = Dialect::Anthropic;
    let mut rig = plain(dialect);
    let reply = || Reply::new(dialect, "m").call("a", "pay", "{}").end();
    rig.stream(reply());
    rig.give(Input::Cancel);
    rig.prompt("again");
    rig.take();
    rig.stream(reply());
    let sent = rig.sent();
    assert!(
        json!(sent)
            .to_string()
            .matches("may still have had its effect")
            .count()
            == 2
    );
}

/// One reply with one call twice: it runs once and stands in the history once. Two calls of one id
/// are two.
#[test]
fn ids_that_are_used_twice_in_a_reply() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = plain(dialect);
        let mut reply = Reply::new(dialect, "m").call("a", "x", r#"{"n":1}"#);
        reply = reply.call("a", "x", r#"{"n":1}"#);
        rig.stream(reply.call("a", "x", r#"{"n":2}"#).end());
        let calls = rig.calls();
        let keys: Vec<&str> = calls.iter().map(|call| call.execution_key()).collect();
        assert_eq!(keys.len(), 2, "{keys:?}");
        if has_id(dialect) {
            assert_eq!(keys[0], "m/a");
        }
        for key in &keys {
            rig.result(key, &format!("of {key}"));
        }
        let sent = json!(rig.sent()).to_string();
        assert!(sent.contains("\"a_2\""), "{sent}");
    }
}

#[test]
fn mistakes_of_a_driver_are_named_and_change_nothing() {
    let mut rig = plain(Dialect::Anthropic);
    let now = Moment(rig.now);
    let bytes: &[u8] = b"x";
    let mut mistake = |input| {
        let said = rig.agent.handle(now, input);
        assert!(rig.agent.poll().is_none());
        said
    };
    assert_eq!(mistake(Input::Prompt("again")), Err(Misuse::Busy));
    assert_eq!(
        mistake(Input::Chunk { attempt: 1, bytes }),
        Err(Misuse::NoHead)
    );
    assert_eq!(
        mistake(Input::Chunk { attempt: 2, bytes }),
        Err(Misuse::UnknownAttempt)
    );
    let how = Closed::Complete;
    assert_eq!(
        mistake(Input::Closed { attempt: 0, how }),
        Err(Misuse::UnknownAttempt)
    );
    let (key, content, is_error) = ("m/a", "", false);
    let result = Input::Result {
        key,
        content,
        is_error,
    };
    assert_eq!(mistake(result), Err(Misuse::UnknownCall));
    let (attempt, status, headers) = (1, 200, &[][..]);
    assert_eq!(
        mistake(Input::Head {
            attempt,
            status,
            headers
        }),
        Ok(())
    );
    assert_eq!(
        mistake(Input::Head {
            attempt,
            status,
            headers
        }),
        Err(Misuse::SecondHead)
    );
}

/// After a refusal the provider wants its prompt out of the history: the caller takes it out.
#[test]
fn another_history_between_two_runs() {
    let dialect = Dialect::Anthropic;
    let mut rig = plain(dialect);
    let before = rig.agent.conversation().clone();
    assert_eq!(rig.agent.replace(before), Err(Misuse::Busy));
    rig.stream(Reply::new(dialect, "m").text("No").stop("refusal"));
    rig.take();
    let mut other = wiretape_core::conversation::Conversation::new(dialect);
    other.push_user("Something else.");
    rig.agent.replace(other).unwrap();
    rig.prompt("please");
    let request = rig.request();
    assert!(request.body.contains("Something else."), "{}", request.body);
    assert!(!request.body.contains("\"go\""));
    assert!(request.body.contains("\"stream\":true"));
}
