//! The clocks, all of them virtual: two that ring when nothing comes, one for the whole request, one
//! for what lingers, one for each call.

use wiretape_core::agent::{Action, Class, Closed, Input, Options, Outcome};
use wiretape_core::{Dialect, Machine, budget};

use super::rig::{Reply, Rig, SECOND, has_last_event, ping};

/// One attempt, so that the class is the outcome's.
fn once(dialect: Dialect) -> Rig {
    let mut options = Options::default();
    options.retry.attempts_max = 1;
    let mut rig = Rig::with(dialect, options, budget::Options::new(100_000));
    rig.prompt("go");
    rig.take();
    rig
}

#[track_caller]
fn rings(rig: &mut Rig, after: u64, class: Class) {
    rig.wait(after - 1);
    let early = rig.take();
    assert!(
        early.iter().all(|action| matches!(action, Action::Text(_))),
        "{early:?}"
    );
    rig.wait(1);
    let done = rig.take();
    assert!(matches!(done[0], Action::Abort { .. }), "{done:?}");
    let Some(Action::Finished(Outcome::Failed(failure))) = done.last() else {
        panic!("{done:?}");
    };
    assert_eq!(failure.class, class);
}

/// F-10, at each position.
#[test]
fn no_byte_at_all() {
    for dialect in Dialect::CONVERSATIONS {
        // Before the head.
        rings(&mut once(dialect), 90 * SECOND, Class::Idle);
        // After it.
        let mut rig = once(dialect);
        rig.wait(80 * SECOND);
        rig.head(200, &[]);
        rings(&mut rig, 90 * SECOND, Class::Idle);
        // In the text.
        let mut rig = once(dialect);
        rig.head(200, &[]);
        rig.chunk(Reply::new(dialect, "m").text("It").cut());
        rings(&mut rig, 90 * SECOND, Class::Idle);
        // In a call's arguments.
        let mut rig = once(dialect);
        rig.head(200, &[]);
        rig.chunk(Reply::new(dialect, "m").call("a", "rm", "{\"p").cut());
        rings(&mut rig, 90 * SECOND, Class::Idle);
        // In an error's body.
        let mut rig = once(dialect);
        rig.head(500, &[]);
        rig.chunk("{\"error\"");
        rings(&mut rig, 90 * SECOND, Class::Server);
    }
}

/// F-11: bytes keep coming, and say nothing.
#[test]
fn comments_and_pings_are_no_progress() {
    let pings = [
        ": keep-alive\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "data: \n\n",
    ];
    for ping in pings {
        let mut rig = once(Dialect::Anthropic);
        rig.head(200, &[]);
        rig.chunk(Reply::new(Dialect::Anthropic, "m").text("It").cut());
        for _ in 0..29 {
            rig.wait(10 * SECOND);
            rig.chunk(ping);
        }
        rings(&mut rig, 10 * SECOND, Class::Stall);
    }
}

/// The first token may take long, as long as the server says that it works.
#[test]
fn keep_alives_hold_off_the_clock_for_bytes() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = once(dialect);
        rig.head(200, &[]);
        for _ in 0..28 {
            rig.wait(10 * SECOND);
            rig.chunk(ping(dialect));
        }
        rig.stream_rest(Reply::new(dialect, "m").text("Hi.").end());
        assert_eq!(rig.outcome(), Outcome::Done { text: "Hi.".into() });
    }
}

/// F-12: always something, never the end.
#[test]
fn a_drip_ends_with_the_whole_request() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = once(dialect);
        rig.head(200, &[]);
        let reply = (0..60).fold(Reply::new(dialect, "m"), |reply, _| reply.text("a"));
        for frame in reply.frames().into_iter().take(59) {
            rig.wait(60 * SECOND);
            rig.chunk(frame);
        }
        rings(&mut rig, 60 * SECOND, Class::Deadline);
    }
}

/// F-33: the reply is there and its connection stays open. Nothing waits for it.
#[test]
fn what_lingers_holds_up_nothing() {
    for dialect in Dialect::CONVERSATIONS
        .into_iter()
        .filter(|d| has_last_event(*d))
    {
        let mut rig = once(dialect);
        rig.head(200, &[]);
        rig.chunk(Reply::new(dialect, "m").text("Hi.").end());
        assert_eq!(rig.outcome(), Outcome::Done { text: "Hi.".into() });
        rig.wait(10 * SECOND - 1);
        assert_eq!(rig.take(), []);
        rig.wait(1);
        assert_eq!(rig.take(), [Action::Abort { attempt: 1 }]);
        assert_eq!(rig.agent.deadline(), None);
        // One that ends by itself in time is left alone.
        let mut rig = once(dialect);
        rig.head(200, &[]);
        rig.chunk(Reply::new(dialect, "m").text("Hi.").end());
        rig.take();
        rig.wait(SECOND);
        rig.closed(Closed::Complete);
        rig.wait(100 * SECOND);
        assert_eq!(rig.take(), []);
    }
}

/// F-10, after the reason for stopping: a complete reply of Chat Completions is taken when the
/// linger clock rings, not after minutes; one of Messages lacks its last event and is asked for again.
#[test]
fn a_last_event_that_does_not_come() {
    let dialect = Dialect::OpenAiChat;
    let mut rig = once(dialect);
    rig.head(200, &[]);
    let whole = Reply::new(dialect, "m").call("a", "rm", "{}").end().text();
    rig.chunk(whole.strip_suffix("data: [DONE]\n\n").unwrap());
    rig.wait(10 * SECOND - 1);
    assert_eq!(rig.calls(), []);
    rig.wait(1);
    assert_eq!(rig.calls().len(), 1);

    // Gemini's has none at all.
    let mut rig = once(Dialect::Gemini);
    rig.head(200, &[]);
    rig.chunk(Reply::new(Dialect::Gemini, "m").call("a", "rm", "{}").end());
    rig.wait(10 * SECOND - 1);
    assert_eq!(rig.calls(), []);
    rig.wait(1);
    assert_eq!(rig.calls().len(), 1);

    let dialect = Dialect::Anthropic;
    let mut rig = once(dialect);
    rig.head(200, &[]);
    let whole = Reply::new(dialect, "m").call("a", "rm", "{}").end().text();
    let (most, _) = whole.split_once("event: message_stop").unwrap();
    rig.chunk(most);
    rings(&mut rig, 10 * SECOND, Class::Stall);
}

/// More text behind the reason for stopping is read, and takes its time (F-26).
#[test]
fn text_behind_the_reason_for_stopping_counts() {
    let mut rig = once(Dialect::OpenAiChat);
    rig.head(200, &[]);
    let said = |delta: &str, finish: &str| {
        format!(
            "data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    rig.chunk(said("{\"content\":\"One\"}", "\"stop\""));
    rig.wait(9 * SECOND);
    rig.chunk(said("{\"content\":\" two\"}", "null"));
    rig.wait(60 * SECOND);
    rig.chunk(said("{}", "\"stop\""));
    rig.closed(Closed::Complete);
    assert_eq!(
        rig.outcome(),
        Outcome::Done {
            text: "One two".into()
        }
    );
}

/// A call that does not answer is given up, alone, and what it says later is not heard.
#[test]
fn a_call_has_its_own_deadline() {
    for dialect in Dialect::CONVERSATIONS {
        let mut rig = once(dialect);
        let reply = Reply::new(dialect, "m").call("a", "slow", "{}");
        rig.stream(reply.call("b", "quick", "{}").end());
        assert_eq!(rig.calls().len(), 2);
        rig.answer("b", "done");
        rig.wait(600 * SECOND - 1);
        assert_eq!(rig.take(), []);
        rig.wait(1);
        let done = rig.take();
        let key = rig.key("a");
        assert_eq!(done[0], Action::CancelCall { key });
        let Some(Action::Request(request)) = done.last() else {
            panic!("{done:?}");
        };
        assert!(
            request.body.contains("no result within 600 s"),
            "{}",
            request.body
        );
        assert!(request.body.contains("done"));
        let before = rig.messages();
        rig.answer("a", "at last");
        assert_eq!((rig.take(), rig.messages()), (Vec::new(), before));
    }
}

/// Telling the time early, or twice, changes nothing.
#[test]
fn time_told_early_or_twice_has_no_effect() {
    let mut rig = once(Dialect::Anthropic);
    rig.head(200, &[]);
    let due = rig.agent.deadline();
    for _ in 0..3 {
        rig.agent.advance(wiretape_core::Moment(rig.now)).unwrap();
    }
    assert_eq!(rig.agent.deadline(), due);
    rig.give(Input::Cancel);
    assert_eq!(rig.agent.deadline(), None);
}
