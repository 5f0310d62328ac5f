//! M-01 to M-15: what bots that forward a stream get wrong on chat platforms, each against a small
//! platform that behaves as the real one was seen to.

use wiretape_core::Moment;
use wiretape_core::forward::{
    Action, Answer, First, Growth, Hub, LostPost, Once, Options, Outcome, Partial, Platform,
    Policy, Scope, Throttle, Unit,
};

use super::drive::{Run, Say, Script, drive, drive_hub, talk};
use super::naive::Naive;
use super::oracle::covers;
use super::world::{Fate, MILLI, SECOND, World, every};

/// Some seconds of a model's reply.
const STORY: &str = "A forwarder sits between a model that never stops talking and a platform that \
    counts. It shows what it has, waits when it is told to, and says the last word exactly once. ";

fn limited(retry_after_ns: Option<u64>) -> Fate {
    Fate::Refused(Answer::Limited {
        retry_after_ns,
        scope: Scope::Chat,
    })
}

fn refused(answer: Answer) -> Fate {
    Fate::Refused(answer)
}

fn options() -> Options {
    Options::default()
}

/// Telegram's private chat, with these fates for the first calls.
fn telegram(fates: &[Fate], script: &Script) -> Run {
    with(
        Platform::Telegram.policy(),
        options(),
        World::telegram(),
        fates,
        script,
    )
}

fn with(
    policy: Policy,
    options: Options,
    mut world: World,
    fates: &[Fate],
    script: &Script,
) -> Run {
    world.fates.extend(fates.iter().cloned());
    drive(Throttle::new(policy, options), world, script)
}

/// No rule was broken, and the chat shows exactly the reply.
fn clean(run: &Run) {
    assert!(
        run.world.violations.is_empty(),
        "{:?}\n{}",
        run.world.violations,
        run.world.timeline()
    );
    shows(run);
}

fn shows(run: &Run) {
    let source = run.said.last().unwrap();
    if let Err(error) = covers(source, &run.world.visible(), true) {
        panic!("{error}\n{}", run.world.timeline());
    }
}

fn delivered(run: &Run, messages: usize) {
    let expected = Outcome::Delivered {
        messages,
        uncertain: 0,
        stale: 0,
    };
    assert_eq!(run.outcome, Some(expected), "{}", run.world.timeline());
}

fn texts(run: &Run) -> Vec<&str> {
    let calls = run.world.calls.iter();
    calls
        .filter_map(|call| match &call.action {
            Action::Post { text, .. } | Action::Edit { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn sent(run: &Run, call: usize) -> u64 {
    run.world.calls[call].sent.0
}

/// Bots double a sub-second interval on a 429 and edit on, each refused edit being a request again,
/// until the wait is minutes.
#[test]
fn m01_a_block_is_waited_for_and_followed_by_one_edit() {
    for wait in [9, 35, 250] {
        let script = talk(&STORY.repeat(4), 3, 30 * MILLI);
        let run = telegram(&[Fate::Taken, limited(Some(wait * SECOND))], &script);
        clean(&run);
        delivered(&run, 1);
        let refused = run.world.calls[1].answered.0;
        let next = sent(&run, 2);
        assert!(next >= refused + wait * SECOND, "called during the block");
        assert!(
            next <= refused + (wait + 1) * SECOND,
            "the wait was counted twice"
        );
        // What gathered meanwhile is in it.
        assert!(texts(&run)[2].len() > texts(&run)[1].len());
        if wait > 20 {
            assert_eq!(
                run.world.calls.len(),
                3,
                "one edit is enough:\n{}",
                run.world.timeline()
            );
        }
    }
}

/// The final edit meets a 429 and is dropped: the chat shows half a sentence and a cursor for ever.
#[test]
fn m02_the_last_edit_arrives() {
    let script = vec![
        (Moment(0), Say::Text("The answer is".to_owned())),
        (Moment(2 * SECOND), Say::Text(" 42.".to_owned())),
        (Moment(2 * SECOND), Say::End),
    ];
    let run = telegram(
        &[
            Fate::Taken,
            limited(Some(34 * SECOND)),
            limited(Some(3 * SECOND)),
        ],
        &script,
    );
    clean(&run);
    delivered(&run, 1);
    assert_eq!(run.world.visible(), ["The answer is 42."]);
    // Where edits are refused for good, the rest is a message of its own.
    let no = refused(Answer::Refused {
        why: "Bad Request: no rights".to_owned(),
    });
    let run = telegram(&[Fate::Taken, no], &script);
    assert_eq!(run.world.visible(), ["The answer is", "42."]);
    delivered(&run, 2);
}

/// "Message is not modified" is taken for a failure: the turn is aborted, or the text sent again.
#[test]
fn m03_not_modified_is_no_failure() {
    let script = vec![
        (Moment(0), Say::Text("Hello".to_owned())),
        // The same as rendered: no call.
        (Moment(5 * SECOND), Say::Text("  \n".to_owned())),
        (Moment(10 * SECOND), Say::Text("there".to_owned())),
        (Moment(15 * SECOND), Say::End),
    ];
    let run = telegram(&[Fate::Taken, refused(Answer::NotModified)], &script);
    assert!(run.world.violations.is_empty());
    delivered(&run, 1);
    assert_eq!(texts(&run), ["Hello", "Hello  \nthere"]);
}

/// The text passes 4,096 units, is cut off there at each tick, and the same edit is sent for ever.
#[test]
fn m04_a_full_message_is_left_alone() {
    let script = talk(&STORY.repeat(40), 8, 40 * MILLI);
    let run = telegram(&[], &script);
    clean(&run);
    let texts = texts(&run);
    for pair in texts.windows(2) {
        assert_ne!(pair[0].trim_end(), pair[1].trim_end());
    }
    assert!(run.world.visible().len() >= 2);
}

/// Text is counted in bytes or code points where the platform counts UTF-16, and cut inside of an
/// emoji, a fence, a link.
#[test]
fn m05_messages_are_cut_where_nothing_breaks() {
    let link = "[the whole manual](https://example.org/a/very/long/path?with=a&query=string) ";
    let emoji = "👩‍👩‍👧‍👦 family 🇩🇪 flag 👍🏽 thumb, e\u{301}te\u{301}. ";
    let code = "\n```rust\nfn main() {\n    println!(\"{}\", 6 * 7);\n}\n```\n";
    let text = format!(
        "{}{}",
        link.repeat(5),
        [emoji, code, link].concat().repeat(30)
    );
    for unit in [Unit::Utf16, Unit::Scalars, Unit::Bytes] {
        let policy = Policy {
            text_max: 400,
            unit,
            ..Platform::Telegram.policy()
        };
        let world = World::new(&[every(1, SECOND)], 400, unit);
        let run = with(policy, options(), world, &[], &talk(&text, 7, 20 * MILLI));
        clean(&run);
        for message in run.world.visible() {
            let fences = message
                .lines()
                .filter(|line| line.trim_start().starts_with("```"))
                .count();
            assert_eq!(fences % 2, 0, "an open fence: {message}");
            assert_eq!(
                message.matches('[').count(),
                message.matches("](https://").count(),
                "{message}"
            );
            assert!(
                !message.starts_with(['\u{200D}', '\u{301}', '\u{FE0F}', '\u{1F3FD}']),
                "{message}"
            );
            assert!(!message.ends_with('\u{200D}'), "{message}");
        }
    }
}

/// Where there is no blank to cut at, what a reader sees as one character stays whole.
/// A block of code goes on in another message, and all that is left of it is blank: nothing to post,
/// and an end.
#[test]
fn m05_blanks_alone_are_no_message() {
    for length in 120..300 {
        for blanks in [1, 40, 200] {
            let text = format!("```\n{}{}", "x".repeat(length), " ".repeat(blanks));
            let policy = Policy {
                text_max: 256,
                ..Platform::Telegram.policy()
            };
            let world = World::new(&[every(1, SECOND)], 256, Unit::Utf16);
            let script = talk(&text, 64, MILLI);
            let run = with(policy, options(), world, &[], &script);
            clean(&run);
            let delivered = matches!(run.outcome, Some(Outcome::Delivered { .. }));
            assert!(delivered, "{length} {blanks}: {:?}", run.outcome);
        }
    }
}

#[test]
fn m05_no_character_is_cut() {
    for text in ["👩‍👩‍👧‍👦👍🏽", "🇩🇪🇫🇷🇯🇵", "e\u{301}\u{302}o\u{308}"]
    {
        for unit in [Unit::Utf16, Unit::Scalars, Unit::Bytes] {
            let policy = Policy {
                text_max: 301,
                unit,
                ..Platform::Telegram.policy()
            };
            let world = World::new(&[every(1, SECOND)], 301, unit);
            let script = talk(&text.repeat(300), 1, MILLI);
            let run = with(policy, options(), world, &[], &script);
            clean(&run);
            let visible = run.world.visible();
            assert!(visible.len() > 1);
            for message in visible {
                let whole = text.chars().filter(|c| message.starts_with(*c)).count();
                assert!(
                    whole > 0
                        && !message.starts_with([
                            '\u{200D}',
                            '\u{301}',
                            '\u{302}',
                            '\u{308}',
                            '\u{1F3FD}'
                        ]),
                    "{message}"
                );
                let flags = message
                    .chars()
                    .filter(|c| ('\u{1F1E6}'..='\u{1F1FF}').contains(c))
                    .count();
                assert_eq!(flags % 2, 0, "half a flag: {message}");
            }
        }
    }
}

/// A partial text has an open `**`, the platform refuses it, and nothing is shown until the reply ends.
#[test]
fn m06_partial_markup_is_healed_or_plain() {
    let text = "Some **bold words** and `some code` in [a link](https://example.org). ";
    let script = talk(&text.repeat(3), 1, 200 * MILLI);
    let run = telegram(&[], &script);
    clean(&run);
    for text in texts(&run) {
        assert_eq!(text.matches("**").count() % 2, 0, "{text}");
        assert_eq!(text.matches('`').count() % 2, 0, "{text}");
        assert_eq!(
            text.matches('[').count(),
            text.matches(')').count(),
            "{text}"
        );
    }
    // Refused all the same: at once again as plain text, and plain from then on.
    let run = telegram(&[Fate::Taken, refused(Answer::BadMarkup)], &script);
    clean(&run);
    let markup: Vec<bool> = run
        .world
        .calls
        .iter()
        .map(|call| marked(&call.action))
        .collect();
    assert!(
        markup[0] && markup[1] && markup[2..].iter().all(|markup| !markup),
        "{markup:?}"
    );
    // By option, partial text is plain and the whole is marked up.
    let plain = Options {
        partial: Partial::Plain,
        ..options()
    };
    let run = with(
        Platform::Telegram.policy(),
        plain,
        World::telegram(),
        &[],
        &script,
    );
    clean(&run);
    let (last, partial) = run.world.calls.split_last().unwrap();
    assert!(marked(&last.action) && !partial.iter().any(|call| marked(&call.action)));
}

fn marked(action: &Action) -> bool {
    matches!(
        action,
        Action::Post { markup: true, .. } | Action::Edit { markup: true, .. }
    )
}

/// A stream dies in a long tool phase, the next append fails, and the rest of the reply is dropped; or
/// all of it is posted again below.
#[test]
fn m07_a_stream_that_expired_goes_on_as_messages() {
    let mut script = talk("Let me look that up. ", 5, 100 * MILLI);
    script.pop();
    script.push((Moment(3 * SECOND), Say::Break));
    let words = talk(&STORY.repeat(2), 4, 50 * MILLI);
    script.extend(
        words
            .into_iter()
            .map(|(at, say)| (at.after(330 * SECOND), say)),
    );
    for (platform, growth, lives) in [
        (Platform::SlackStream, Growth::Append, 300),
        (Platform::Teams, Growth::Whole, 120),
        (Platform::DiscordInteraction, Growth::Edit, 900),
    ] {
        // Ours ends the stream in time; then a platform whose streams live for ten seconds.
        for lives in [lives, 10] {
            let mut world = World::new(&[], 40_000, Unit::Bytes);
            world.growth = growth;
            world.stream_ns = lives * SECOND;
            let run = with(platform.policy(), options(), world, &[], &script);
            clean(&run);
            let expired = run
                .world
                .calls
                .iter()
                .filter(|call| call.answer == Answer::Expired)
                .count();
            assert_eq!(
                expired,
                usize::from(lives == 10),
                "{}",
                run.world.timeline()
            );
        }
    }
}

/// The user deletes the message or presses stop, and the model writes on for minutes, paid for.
#[test]
fn m08_a_deleted_message_stops_the_model() {
    for answer in [Answer::Gone, Answer::Stopped] {
        let script = talk(&STORY.repeat(20), 4, 50 * MILLI);
        let run = telegram(&[Fate::Taken, refused(answer)], &script);
        assert_eq!(run.outcome, Some(Outcome::Stopped));
        assert_eq!(run.stopped_at, Some(run.world.calls[1].answered));
        assert_eq!(run.world.calls.len(), 2, "{}", run.world.timeline());
    }
    // Our own stop button: what has come is shown, and no more.
    let mut script = talk(STORY, 4, 50 * MILLI);
    script.insert(6, (script[6].0, Say::Stop));
    let run = telegram(&[], &script);
    clean(&run);
    assert_eq!(run.outcome, Some(Outcome::Stopped));
    assert_eq!(run.world.visible(), ["A forwarder sits between"]);
}

/// Two replies stream into one chat, each with a limiter of its own: together they are over it.
#[test]
fn m09_replies_in_one_chat_share_its_windows() {
    let scripts: Vec<Script> = (0..3)
        .map(|n| talk(&STORY.repeat(2 + n), 5, 60 * MILLI))
        .collect();
    let hub = Hub::new(Platform::TelegramGroup.policy(), 1);
    let world = World::new(
        &[every(1, SECOND), every(20, 60 * SECOND)],
        4096,
        Unit::Utf16,
    );
    let (world, outcomes) = drive_hub(hub, world, &scripts);
    assert!(world.violations.is_empty(), "{:?}", world.violations);
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Some(Outcome::Delivered { .. })))
    );
    for (reply, times) in [2, 3, 4].into_iter().enumerate() {
        covers(&STORY.repeat(times), &world.shown(reply, false), true).unwrap();
    }
    // In turns: while all three talk, none calls twice before each has called.
    let order: Vec<usize> = world.calls.iter().map(|call| call.attempt).collect();
    let mut first: Vec<usize> = order[..3].to_vec();
    first.sort_unstable();
    assert_eq!(first, [0, 1, 2], "{order:?}\n{}", world.timeline());
    // Three limiters that do not know of one another are over the limit in the same chat.
    let apart: usize = (0..3)
        .map(|n: usize| {
            let hub = Hub::new(Platform::TelegramGroup.policy(), 1);
            let world = World::new(&[], 4096, Unit::Utf16);
            drive_hub(hub, world, &scripts[n..=n]).0.calls.len()
        })
        .sum();
    assert!(apart > world.calls.len());
}

/// A placeholder stays above a turn that only called tools; or an empty text is sent, which is a 400
/// everywhere.
#[test]
fn m10_nothing_to_say_leaves_nothing() {
    let first = Options {
        first: First::Placeholder("Thinking …".to_owned()),
        ..options()
    };
    let policy = || Platform::Telegram.policy();
    let tools = vec![
        (Moment(2 * SECOND), Say::Text(" \n".to_owned())),
        (Moment(3 * SECOND), Say::Break),
        (Moment(9 * SECOND), Say::End),
    ];
    let mut world = World::telegram();
    world.placeholder = Some("Thinking …".to_owned());
    let run = with(policy(), first.clone(), world, &[], &tools);
    clean(&run);
    delivered(&run, 0);
    assert!(run.world.visible().is_empty());
    assert_eq!(run.world.calls.len(), 2, "posted and removed");
    let run = telegram(&[], &tools);
    assert!(run.world.calls.is_empty());
    delivered(&run, 0);
    // And the text takes the placeholder's place.
    let run = with(
        policy(),
        first,
        World::telegram(),
        &[],
        &talk("Done.", 5, 3 * SECOND),
    );
    clean(&run);
    assert_eq!(run.world.visible(), ["Done."]);
}

/// A send times out, is sent again, and stands there twice.
#[test]
fn m11_a_lost_post_is_not_repeated_blindly() {
    let script = talk(STORY, 4, 100 * MILLI);
    for done in [true, false] {
        let run = telegram(&[Fate::Lost { done }], &script);
        assert!(run.world.violations.is_empty());
        // Nothing twice; what is missing is known to be uncertain.
        covers(STORY, &run.world.shown(0, true), true).unwrap();
        let expected = Outcome::Delivered {
            messages: 1,
            uncertain: 1,
            stale: 0,
        };
        assert_eq!(run.outcome, Some(expected));
    }
    // Discord recognises the repetition by its key.
    for done in [true, false] {
        let world = World::new(&[every(5, 5 * SECOND)], 2000, Unit::Scalars);
        let policy = Platform::Discord.policy();
        let named = Options {
            reply: Some(7),
            ..options()
        };
        let run = with(policy, named, world, &[Fate::Lost { done }], &script);
        clean(&run);
        delivered(&run, 1);
    }
    // Who would rather read a text twice than miss it, says so.
    let repeat = Options {
        lost_post: LostPost::Repeat,
        ..options()
    };
    let policy = Platform::Telegram.policy();
    let run = with(
        policy,
        repeat,
        World::telegram(),
        &[Fate::Lost { done: true }],
        &script,
    );
    assert_eq!(run.world.visible().len(), 2);
    // An edit can be repeated, and is; also the last one, whether it was carried out or not.
    for done in [true, false] {
        let script = vec![
            (Moment(0), Say::Text("Yes".to_owned())),
            (Moment(2 * SECOND), Say::Text(" and no.".to_owned())),
            (Moment(2 * SECOND), Say::End),
        ];
        let run = telegram(&[Fate::Taken, Fate::Lost { done }], &script);
        clean(&run);
        delivered(&run, 1);
        assert_eq!(run.world.calls.len(), 3);
    }
    let run = telegram(&[Fate::Taken, Fate::Lost { done: false }], &script);
    clean(&run);
    delivered(&run, 1);
}

/// "hello.how are you?": the text of two steps is joined as if nothing had been between them.
#[test]
fn m12_a_tool_phase_is_a_paragraph() {
    let script = vec![
        (Moment(0), Say::Text("Let me look.".to_owned())),
        (Moment(SECOND), Say::Break),
        (Moment(40 * SECOND), Say::Break),
        (Moment(70 * SECOND), Say::Text("It is 18 °C.".to_owned())),
        (Moment(71 * SECOND), Say::End),
    ];
    let run = telegram(&[], &script);
    clean(&run);
    assert_eq!(run.world.visible(), ["Let me look.\n\nIt is 18 °C."]);
    // The silence costs no calls.
    assert_eq!(run.world.calls.len(), 2, "{}", run.world.timeline());
    // A chat without edits gets each step when it is over, by option.
    let once = Options {
        once: Once::Paragraphs,
        ..options()
    };
    let world = World::new(&[every(1, 6 * SECOND)], 4096, Unit::Utf16);
    let run = with(Platform::Plain.policy(), once, world, &[], &script);
    clean(&run);
    assert_eq!(run.world.visible(), ["Let me look.", "It is 18 °C."]);
    assert_eq!(run.world.calls[0].sent, Moment(SECOND));
}

/// Two edits of a message are in flight, the older one arrives last, and half of the text is gone.
#[test]
fn m13_edits_do_not_overtake_one_another() {
    let mut world = World::telegram();
    world.latencies = vec![100 * MILLI, 7 * SECOND, 50 * MILLI, 2500 * MILLI];
    let script = talk(&STORY.repeat(3), 4, 40 * MILLI);
    let run = with(Platform::Telegram.policy(), options(), world, &[], &script);
    clean(&run);
    for pair in run.world.calls.windows(2) {
        assert!(pair[0].answered <= pair[1].sent);
    }
}

/// No `Retry-After` means no wait, 0 means at once, 1.5 is not a number, an hour means an hour of
/// silence and then nothing.
#[test]
fn m14_every_shape_of_a_429_is_a_wait() {
    let script = talk(STORY, 4, 30 * MILLI);
    for (wait, least) in [
        (None, 5 * SECOND),
        (Some(0), 5 * SECOND),
        (Some(1500 * MILLI), 1500 * MILLI),
    ] {
        let run = telegram(&[Fate::Taken, limited(wait), limited(wait)], &script);
        clean(&run);
        delivered(&run, 1);
        let first = sent(&run, 2) - run.world.calls[1].answered.0;
        let second = sent(&run, 3) - run.world.calls[2].answered.0;
        assert!(first >= least && second >= least, "{first} {second}");
        if wait.is_none_or(|wait| wait == 0) {
            assert!(
                second >= 2 * least,
                "an unknown wait grows: {first} {second}"
            );
        }
    }
    // Longer than anybody waits: the rest is handed back at once, not in an hour.
    let run = telegram(&[Fate::Taken, limited(Some(3600 * SECOND))], &script);
    let Some(Outcome::Failed { undelivered, .. }) = &run.outcome else {
        panic!("{:?}", run.outcome);
    };
    assert_eq!(format!("{}{undelivered}", run.world.visible()[0]), STORY);
    assert!(run.finished_at <= run.ended_at.unwrap().after(SECOND));
}

/// A block of one chat silences every other chat of the bot; or a global one does not.
#[test]
fn m14_a_block_has_a_scope() {
    use wiretape_core::Machine;
    use wiretape_core::forward::{HubInput, Input};
    for (scope, free) in [(Scope::Chat, true), (Scope::Global, false)] {
        let mut hub = Hub::new(Platform::Discord.policy(), 1);
        for reply in [1, 2] {
            let (chat, options) = (reply, options());
            hub.handle(
                Moment(0),
                HubInput::Begin {
                    reply,
                    chat,
                    options,
                },
            )
            .unwrap();
        }
        let mut to = |now: u64, reply, input| {
            hub.handle(Moment(now), HubInput::To { reply, input })
                .unwrap();
            hub.advance(Moment(now)).unwrap();
            std::iter::from_fn(|| hub.poll()).collect::<Vec<_>>()
        };
        to(0, 1, Input::Text("one"));
        let calls = to(SECOND, 1, Input::Text(" "));
        assert_eq!(calls.len(), 1);
        let answer = Answer::Limited {
            retry_after_ns: Some(20 * SECOND),
            scope,
        };
        to(SECOND, 1, Input::Answer { call: 0, answer });
        to(2 * SECOND, 2, Input::Text("two"));
        let calls = to(3 * SECOND, 2, Input::Text(" "));
        assert_eq!(!calls.is_empty(), free, "{scope:?}");
    }
}

/// The model's stream broke and was asked again, and the chat shows both beginnings.
#[test]
fn m15_a_reset_replaces_what_was_shown() {
    let first = "First attempt. ".repeat(40);
    let mut script = talk(&first, 20, 40 * MILLI);
    let (at, _) = script.pop().unwrap();
    script.push((at.after(9 * SECOND), Say::Reset));
    let again = talk("Second attempt, shorter.", 6, 500 * MILLI);
    script.extend(
        again
            .into_iter()
            .map(|(now, say)| (now.after(at.0 + 12 * SECOND), say)),
    );
    let policy = || Policy {
        text_max: 300,
        ..Platform::Telegram.policy()
    };
    let world = || World::new(&[every(1, SECOND)], 300, Unit::Utf16);
    let run = with(policy(), options(), world(), &[], &script);
    clean(&run);
    delivered(&run, 1);
    assert_eq!(run.world.visible(), ["Second attempt, shorter."]);
    // Where nothing can be deleted, what is void is emptied.
    let keeps = Policy {
        deletes: false,
        ..policy()
    };
    let run = with(keeps, options(), world(), &[], &script);
    assert_eq!(run.world.visible()[..2], ["Second attempt, shorter.", "…"]);
    assert!(run.world.visible()[1..].iter().all(|text| text == "…"));
    // A stream that can only grow is ended, and replaced as an ordinary message.
    for (platform, growth) in [
        (Platform::SlackStream, Growth::Append),
        (Platform::Teams, Growth::Whole),
    ] {
        let mut world = World::new(&[], 12_000, Unit::Bytes);
        world.growth = growth;
        let run = with(platform.policy(), options(), world, &[], &script);
        clean(&run);
        assert_eq!(
            run.world.visible(),
            ["Second attempt, shorter."],
            "{platform:?}"
        );
    }
}

/// The tests can fail: what tutorials do breaks most of the rules at once.
#[test]
fn a_naive_forwarder_is_caught() {
    let run = drive(
        Naive::default(),
        World::telegram(),
        &talk(&STORY.repeat(3), 4, 20 * MILLI),
    );
    let of = |what: &str| {
        run.world
            .violations
            .iter()
            .filter(|v| v.contains(what))
            .count()
    };
    assert!(
        of("a window is full") > 0 && of("blocked until") > 0,
        "M-01"
    );
    assert!(
        covers(&STORY.repeat(3), &run.world.visible(), true).is_err(),
        "M-02"
    );
    // With no limits at all, still.
    let mut world = World::new(&[], 4096, Unit::Utf16);
    world.latencies = vec![300 * MILLI];
    let run = drive(
        Naive::default(),
        world,
        &talk(&STORY.repeat(60), 4, 20 * MILLI),
    );
    let of = |what: &str| {
        run.world
            .violations
            .iter()
            .filter(|v| v.contains(what))
            .count()
    };
    assert!(of("two edits of") > 0, "M-13");
    assert!(of("a text of 4") > 0, "M-05");
    let run = drive(
        Naive::default(),
        World::telegram(),
        &[
            (Moment(0), Say::Text("\n".to_owned())),
            (Moment(1), Say::End),
        ],
    );
    assert!(
        run.world
            .violations
            .iter()
            .any(|v| v.contains("a blank text")),
        "M-10"
    );
}
