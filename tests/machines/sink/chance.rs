//! What a seed refuses, what is tolerated, and who else writes.

use super::*;

fn post(stage: &mut Stage, text: &str) -> Response {
    stage.call("sendMessage", &json!({"chat_id": 42, "text": text}))
}

/// So many posts, each in a second of its own.
fn posts(options: Options, count: u64) -> (Stage, Vec<Response>) {
    let mut stage = Stage::new(Platform::Telegram, options);
    let posts = (0..count).map(|number| {
        let text = format!("text {number}");
        post(stage.at(number * 20_000), &text)
    });
    let posts = posts.collect();
    (stage, posts)
}

fn refusing(limited: u16, broken: u16, lost: u16, waits: Vec<Wait>) -> Options {
    Options {
        seed: 7,
        refusals: Refusals {
            limited,
            broken,
            lost,
            waits,
        },
        ..Options::default()
    }
}

#[test]
fn a_seed_refuses_so_many_of_a_thousand() {
    let (stage, responses) = posts(refusing(100, 50, 20, vec![]), 1_000);
    let report = stage.report();
    let limited = responses
        .iter()
        .filter(|response| response.status == 429)
        .count();
    let broken = responses
        .iter()
        .filter(|response| response.status == 500)
        .count();
    assert!((70..130).contains(&limited), "{limited}");
    assert!((25..75).contains(&broken), "{broken}");
    assert!((5..40).contains(&report.lost), "{}", report.lost);
    assert_eq!(report.by_seed, (limited + broken) as u64);
    // None of it is the caller's fault.
    assert_eq!(report.violations, []);
    assert_eq!(report.messages.len() as u64, report.accepted);
    let again = posts(refusing(100, 50, 20, vec![]), 1_000).1;
    assert_eq!(responses, again, "the same seed, the same refusals");
}

/// Each kind of wait, as the platform says it; it is kept where it was told.
#[test]
fn a_wait_is_told_in_each_way() {
    for (wait, told, blocks_ms) in [
        (Wait::Due, json!(1), 1_000),
        (Wait::Millis(2_500), json!(3), 3_000),
        (Wait::Millis(0), json!(0), 0),
        (Wait::Untold, Value::Null, 0),
    ] {
        let mut stage = Stage::new(Platform::Telegram, refusing(1_000, 0, 0, vec![wait]));
        let response = post(&mut stage, "a");
        let body = check(&response, 429, &json!({"ok": false, "error_code": 429}));
        assert_eq!(body["parameters"]["retry_after"], told);
        assert_eq!(header(&response, "retry-after").is_some(), !told.is_null());
        post(stage.at(blocks_ms.max(1) - 1), "a");
        let expected = if blocks_ms == 0 {
            vec![]
        } else {
            vec![ViolationKind::Blocked]
        };
        // Where nothing blocks, the window is what is left: the call before counted in it.
        let violations: Vec<ViolationKind> = stage
            .violations()
            .into_iter()
            .filter(|kind| *kind == ViolationKind::Blocked)
            .collect();
        assert_eq!(violations, expected, "{wait:?}");
    }
}

#[test]
fn each_platform_breaks_and_limits_in_its_shape() {
    let post = |platform, options| {
        let mut stage = Stage::new(platform, options);
        match platform {
            Platform::Telegram => stage.call("sendMessage", &json!({"chat_id": 42, "text": "a"})),
            Platform::Slack => {
                stage.call("chat.postMessage", &json!({"channel": "C1", "text": "a"}))
            }
            Platform::Discord => stage.call("POST channels/9/messages", &json!({"content": "a"})),
        }
    };
    let broken = || refusing(0, 1_000, 0, vec![]);
    check(
        &post(Platform::Telegram, broken()),
        500,
        &json!({"ok": false, "error_code": 500}),
    );
    check(
        &post(Platform::Slack, broken()),
        500,
        &json!({"ok": false, "error": "internal_error"}),
    );
    check(&post(Platform::Discord, broken()), 500, &json!({"code": 0}));
    let limited = |wait| refusing(1_000, 0, 0, vec![wait]);
    let slack = post(Platform::Slack, limited(Wait::Millis(1_200)));
    assert_eq!(
        (slack.status, header(&slack, "retry-after")),
        (429, Some("2"))
    );
    let untold = post(Platform::Slack, limited(Wait::Untold));
    assert_eq!((untold.status, header(&untold, "retry-after")), (429, None));
    let discord = post(Platform::Discord, limited(Wait::Millis(1_200)));
    check(&discord, 429, &json!({"retry_after": 1.2, "global": false}));
    let untold = post(Platform::Discord, limited(Wait::Untold));
    assert!(!untold.body.contains("retry_after"), "{}", untold.body);
}

/// A post whose answer is lost was done. To post it again is to show it twice (M-11).
#[test]
fn a_post_that_was_lost_must_not_be_repeated_blindly() {
    let mut stage = Stage::new(Platform::Telegram, refusing(0, 0, 1_000, vec![]));
    let lost = post(&mut stage, "a");
    assert!(lost.lost && lost.call.lost);
    assert_eq!(stage.texts(), ["a"]);
    post(stage.at(1_000), "b");
    assert_eq!(stage.violations(), []);
    post(stage.at(2_000), "b");
    assert_eq!(stage.violations(), [ViolationKind::Duplicate]);
    assert_eq!(stage.report().violations[0].m, "M-11");
}

/// Discord recognises a repeated post by its nonce.
#[test]
fn a_nonce_makes_a_repeated_post_harmless() {
    let mut stage = Stage::new(Platform::Discord, refusing(0, 0, 1_000, vec![]));
    let body = json!({"content": "a", "nonce": "17", "enforce_nonce": true});
    let first = stage.call("POST channels/9/messages", &body);
    let again = stage.call("POST channels/9/messages", &body);
    assert_eq!(first.body, again.body);
    assert_eq!((stage.texts().len(), stage.violations().len()), (1, 0));
    let other = json!({"content": "a", "nonce": "18", "enforce_nonce": true});
    stage.call("POST channels/9/messages", &other);
    assert_eq!(stage.violations(), [ViolationKind::Duplicate]);
}

#[test]
fn a_burst_and_a_tolerance_are_permitted_where_they_are_asked_for() {
    let options = Options {
        burst: 2,
        tolerance_percent: 10,
        ..Options::default()
    };
    let mut stage = Stage::new(Platform::Telegram, options);
    for text in ["a", "b", "c"] {
        assert_eq!(post(&mut stage, text).status, 200);
    }
    assert_eq!(post(stage.at(899), "d").status, 429);
    let options = Options {
        tolerance_percent: 10,
        ..Options::default()
    };
    let mut stage = Stage::new(Platform::Telegram, options);
    assert_eq!(post(&mut stage, "a").status, 200);
    assert_eq!(post(stage.at(900), "b").status, 200);
    assert_eq!(post(stage.at(1_799), "c").status, 429);
    // What is said is the documented window, not what is tolerated of it.
    assert_eq!(
        stage.report().violations[0].expected,
        "at most 1 in 1s for chat 42"
    );
}

#[test]
fn more_refused_than_permitted_is_a_violation() {
    let options = Options {
        refused_max: Some(1),
        ..Options::default()
    };
    let mut stage = Stage::new(Platform::Telegram, options);
    for _ in 0..4 {
        post(&mut stage, "a");
    }
    use ViolationKind::{Blocked, OverWindow, TooManyRefused};
    assert_eq!(
        stage.violations(),
        [OverWindow, Blocked, TooManyRefused, Blocked, TooManyRefused]
    );
}

#[test]
fn a_reset_forgets_all_of_it() {
    let mut stage = Stage::new(Platform::Telegram, Options::default());
    post(&mut stage, "a");
    post(&mut stage, "b");
    stage.sink.reset();
    assert_eq!(
        stage.report(),
        Stage::new(Platform::Telegram, Options::default()).report()
    );
    assert_eq!(post(&mut stage, "c").status, 200);
}
