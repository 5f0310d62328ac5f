//! The forwarder's six invariants, over random replies, latencies and refusals.
//!
//! (i) what is shown at the end is the whole text; (ii) no sliding window is overrun; (iii) no call
//! during a block; (iv) no call repeats what the message says; (v) each thing shown is a prefix of the
//! text, unless the model began again; (vi) the last edit comes within a bound after the end.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use wiretape_core::Moment;
use wiretape_core::forward::{
    Action, Answer, Counts, First, Growth, LostPost, Once, Options, Outcome, Partial, Platform,
    Policy, Scope, Throttle, Via,
};

use super::drive::{Run, Say, Script, drive};
use super::oracle::{brief, covers};
use super::world::{Fate, MILLI, SECOND, Window, World};

/// What replies are made of, and what cuts go wrong at.
const WORDS: [&str; 40] = [
    "the ",
    "forwarder ",
    "is ",
    "patient. ",
    "Wait! ",
    "\n",
    "\n\n",
    "naïve ",
    "日本語の文章です。",
    "中文",
    "👩‍👩‍👧‍👦",
    "🇩🇪🇫🇷",
    "👍🏽",
    "e\u{301}\u{302}",
    "한국어 ",
    "हिन्दी ",
    "```rust\nlet x = 1;\n",
    "```\n",
    "\n```\ncode\n```\n",
    "fn main() {}\n",
    "    indented\n",
    "**bold** ",
    "**bo",
    "ld** ",
    "*it* ",
    "_so_ ",
    "snake_case ",
    "~~no~~ ",
    "`code` ",
    "`a b",
    "` ",
    "[link](https://example.org/a_b?c=d&e=f) ",
    "[half](",
    "https://example.org/x/y/z?q=1 ",
    "&amp; ",
    "&lt;b&gt;",
    "- item\n",
    "1. one\n",
    "a\\*b ",
    "    ",
];

fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        12 => select(WORDS.to_vec()).prop_map(str::to_owned),
        2 => "[a-z]{1,12} ",
        1 => "[a-zA-Z0-9]{200,900}",
        1 => "[字符漢文]{100,300}",
    ];
    vec(word, 0..120).prop_map(|words| words.concat())
}

/// The pieces of a reply: deltas of one character, or some.
fn deltas(text: &str, sizes: &[usize]) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    let mut sizes = sizes.iter().cycle();
    let mut deltas = Vec::new();
    while at < chars.len() {
        let end = (at + sizes.next().unwrap()).min(chars.len());
        deltas.push(chars[at..end].iter().collect());
        at = end;
    }
    deltas
}

/// One attempt or step of the model.
#[derive(Clone)]
struct Step {
    text: String,
    sizes: Vec<usize>,
    pace: u64,
    silence: u64,
    resets: bool,
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            text,
            sizes,
            pace,
            silence,
            resets,
        } = self;
        write!(
            f,
            "Step {{ {}, {sizes:?}, {pace}, {silence}, {resets} }}",
            brief(text)
        )
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sizes = prop_oneof![Just(vec![1]), vec(1_usize..40, 1..6), Just(vec![4000])];
    let pace = select(vec![0, 3 * MILLI, 40 * MILLI, 900 * MILLI]);
    let silence = select(vec![0, 0, 0, 8 * SECOND, 400 * SECOND]);
    let step = (text(), sizes, pace, silence, any::<bool>());
    vec(
        step.prop_map(|(text, sizes, pace, silence, resets)| Step {
            text,
            sizes,
            pace,
            silence,
            resets,
        }),
        1..4,
    )
}

fn script(steps: &[Step], last: Say) -> Script {
    let mut script = Script::new();
    let mut now = 0;
    for (at, step) in steps.iter().enumerate() {
        for delta in deltas(&step.text, &step.sizes) {
            script.push((Moment(now), Say::Text(delta)));
            now += step.pace;
        }
        if at + 1 < steps.len() {
            script.push((
                Moment(now),
                if step.resets { Say::Reset } else { Say::Break },
            ));
            now += step.silence;
        }
    }
    script.push((Moment(now), last));
    script
}

/// Refusals after which the whole text can still be shown.
fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let limited = (
        prop_oneof![
            Just(None),
            Just(Some(0)),
            Just(Some(300 * MILLI)),
            Just(Some(9 * SECOND)),
            Just(Some(35 * SECOND + 1)),
            Just(Some(200 * SECOND))
        ],
        any::<bool>(),
    );
    let limited = limited.prop_map(|(retry_after_ns, global)| {
        let scope = if global { Scope::Global } else { Scope::Chat };
        Fate::Refused(Answer::Limited {
            retry_after_ns,
            scope,
        })
    });
    let fate = prop_oneof![
        12 => Just(Fate::Taken),
        3 => limited,
        1 => any::<bool>().prop_map(|done| Fate::Lost { done }),
        1 => Just(Fate::Refused(Answer::BadMarkup)),
        1 => Just(Fate::Refused(Answer::TooLong)),
        1 => Just(Fate::Refused(Answer::Expired)),
    ];
    vec(fate, 0..40)
}

fn options() -> impl Strategy<Value = Options> {
    (
        any::<u64>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(seed, markup, plain, placeholder, paragraphs)| Options {
            seed,
            reply: Some(seed),
            markup,
            partial: if plain {
                Partial::Plain
            } else {
                Partial::Healed
            },
            first: if placeholder {
                First::Placeholder(PLACEHOLDER.to_owned())
            } else {
                First::Text
            },
            once: if paragraphs {
                Once::Paragraphs
            } else {
                Once::End
            },
            lost_post: LostPost::GoOn,
            tries_max: 64,
            end_ns_max: 100_000 * SECOND,
            ..Options::default()
        })
}

const PLACEHOLDER: &str = "Thinking …";

fn platform() -> impl Strategy<Value = (Platform, usize)> {
    let platforms = [
        Platform::Slack,
        Platform::SlackStream,
        Platform::Discord,
        Platform::DiscordInteraction,
        Platform::Telegram,
        Platform::TelegramGroup,
        Platform::Teams,
        Platform::Plain,
    ];
    (
        select(platforms.to_vec()),
        prop_oneof![256_usize..700, Just(0)],
    )
}

/// A policy, and a world that enforces it with its own arithmetic.
fn policy_and_world(platform: Platform, text_max: usize) -> (Policy, World) {
    let mut policy = platform.policy();
    if text_max > 0 {
        policy.text_max = text_max;
    }
    let windows: Vec<Window> = policy
        .windows
        .iter()
        .map(|window| Window {
            calls: window.calls as usize,
            per_ns: window.per_ns,
            only: match window.counts {
                Counts::All => "",
                Counts::Posts => "post",
                Counts::Edits => "edit",
                Counts::Appends => "append",
                Counts::Ends => "end",
                Counts::Deletes => "delete",
            },
        })
        .collect();
    let mut world = World::new(&windows, policy.text_max, policy.unit);
    world.growth = policy.growth;
    world.stream_ns = match platform {
        Platform::Teams => 120 * SECOND,
        Platform::DiscordInteraction => 900 * SECOND,
        _ => 300 * SECOND,
    };
    world.placeholder = Some(PLACEHOLDER.to_owned());
    (policy, world)
}

/// All six, of one run.
fn holds(run: &Run, policy: &Policy, markup: bool) -> Result<(), String> {
    // (ii), (iii), and what else a platform complains about.
    if let Some(violation) = run.world.violations.first() {
        return Err(format!("{violation} (of {})", run.world.violations.len()));
    }
    let attempt = run.said.len() - 1;
    let source = run.said.last().unwrap();
    // (i)
    match &run.outcome {
        Some(outcome @ (Outcome::Delivered { .. } | Outcome::Stopped)) => {
            // What is said to be uncertain may be missing, and nothing else.
            let certain = matches!(outcome, Outcome::Delivered { uncertain: 0, .. });
            let mut shown = run.world.shown(attempt, !certain);
            // Where nothing can be deleted, a message that is not wanted any more is emptied.
            shown.retain(|text| policy.deletes || text != "…");
            covers(source, &shown, true)?;
            if !markup {
                plainly(source, &shown)?;
            }
        }
        outcome => return Err(format!("ended as {outcome:?}")),
    }
    // Nothing else is left: no placeholder, nothing void, unless nothing could be done about it.
    let stale = match run.outcome {
        Some(Outcome::Delivered { stale, .. }) => stale,
        _ => usize::MAX,
    };
    let visible = run.world.messages.iter().filter(|m| m.text.is_some());
    let void = visible.filter(|m| m.attempt != Some(attempt)).count();
    if void > stale {
        return Err(format!(
            "{void} void messages stay: {:#?}",
            run.world.messages
        ));
    }
    // (iv)
    repeats(run)?;
    // (v)
    for (at, attempt, shown) in &run.world.frames {
        let mut shown = shown.clone();
        shown.retain(|text| policy.deletes || text != "…");
        covers(&run.said[*attempt], &shown, false).map_err(|error| format!("at {at}: {error}"))?;
    }
    in_time(run, policy)
}

/// Without markup, nothing is added at all.
fn plainly(source: &str, messages: &[String]) -> Result<(), String> {
    let without = |text: &str| {
        text.chars()
            .filter(|c| !c.is_whitespace())
            .collect::<String>()
    };
    if without(source) == without(&messages.concat()) {
        Ok(())
    } else {
        Err(format!("{messages:?} is not {source:?}"))
    }
}

/// (iv) No call says what the message says already, and none is repeated unless it was refused for
/// its moment alone, or never answered.
fn repeats(run: &Run) -> Result<(), String> {
    let mut last: Option<(&Action, &Answer)> = None;
    for call in &run.world.calls {
        if let Some((action, answer)) = last {
            // Words that are added may be the same as the last ones.
            let adds = run.world.growth == Growth::Append
                && matches!(
                    call.action,
                    Action::Edit {
                        via: Via::Stream { .. },
                        ..
                    }
                );
            let again =
                !adds && payload(action) == payload(&call.action) && payload(action).is_some();
            let lawful = matches!(
                answer,
                Answer::Limited { .. } | Answer::Lost | Answer::Expired
            );
            if again && !lawful {
                return Err(format!("{:?} repeats after {answer:?}", call.action));
            }
        }
        last = Some((&call.action, &call.answer));
    }
    Ok(())
}

/// Message, text as rendered, markup, means.
fn payload(action: &Action) -> Option<(Option<&str>, &str, bool, u8)> {
    let means = |via: &Via| match via {
        Via::Message => 0,
        Via::Stream { .. } => 1,
        Via::StreamEnd { .. } => 2,
    };
    match action {
        Action::Post {
            text, markup, via, ..
        } => Some((None, text.trim_end(), *markup, means(via))),
        Action::Edit {
            message,
            text,
            markup,
            via,
            ..
        } => Some((Some(message), text.trim_end(), *markup, means(via))),
        _ => None,
    }
}

/// (vi) From the end, each call that is still made leaves as soon as the windows, the blocks and the
/// answers permit.
fn in_time(run: &Run, policy: &Policy) -> Result<(), String> {
    let Some(ended) = run.ended_at else {
        return Ok(());
    };
    let window = policy
        .windows
        .iter()
        .map(|window| window.per_ns)
        .max()
        .unwrap_or(0);
    let mut free = ended;
    for call in &run.world.calls {
        let bound = free.after(window + policy.interval_ns + SECOND);
        if call.sent > bound {
            return Err(format!(
                "{:?} leaves at {}, could have by {bound}",
                call.action, call.sent
            ));
        }
        free = free.max(match call.answer {
            Answer::Limited {
                retry_after_ns: Some(ns),
                ..
            } if ns > 0 => call.answered.after(ns + SECOND),
            Answer::Limited { .. } | Answer::Lost => {
                call.answered.after(policy.backoff_ns_max + SECOND)
            }
            _ => call.answered,
        });
    }
    let bound = free.after(window + SECOND);
    if run.finished_at > bound {
        return Err(format!("finished at {}, not by {bound}", run.finished_at));
    }
    Ok(())
}

/// The same replies and refusals in each run, so that a change is judged by itself; others where
/// `PROPTEST_CASES` asks for more of them.
fn config() -> ProptestConfig {
    let explores = std::env::var_os("PROPTEST_CASES").is_some();
    let usual = ProptestConfig::default();
    ProptestConfig {
        failure_persistence: None,
        rng_seed: if explores {
            usual.rng_seed
        } else {
            RngSeed::Fixed(1)
        },
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn six_invariants(
        (platform, text_max) in platform(),
        steps in steps(),
        stops in any::<bool>(),
        fates in fates(),
        latencies in vec(prop_oneof![Just(0), 1_u64..400 * MILLI, Just(3 * SECOND)], 1..8),
        options in options(),
    ) {
        let (policy, mut world) = policy_and_world(platform, text_max);
        world.fates = fates.into();
        world.latencies = latencies;
        let markup = options.markup && policy.markup;
        let script = script(&steps, if stops { Say::Stop } else { Say::End });
        let run = drive(Throttle::new(policy.clone(), options), world, &script);
        let ends = holds(&run, &policy, markup);
        prop_assert!(ends.is_ok(), "{}\n{}", ends.unwrap_err(), run.world.timeline());
    }
}

/// The model begins again while the removal of a message is under way: that message is not edited.
#[test]
fn what_is_being_removed_is_not_taken_back() {
    let step = |text: &str, silence, resets| Step {
        text: text.to_owned(),
        sizes: vec![1],
        pace: 0,
        silence,
        resets,
    };
    let steps = [
        step("", 8 * SECOND, false),
        step(&"a".repeat(300), 0, true),
        step("the ", 0, false),
    ];
    let (policy, mut world) = policy_and_world(Platform::DiscordInteraction, 256);
    world.fates = [Fate::Taken, Fate::Refused(Answer::Expired)].into();
    world.latencies = vec![1, 0];
    let options = Options {
        first: First::Placeholder(PLACEHOLDER.to_owned()),
        markup: false,
        ..Options::default()
    };
    let run = drive(
        Throttle::new(policy.clone(), options),
        world,
        &script(&steps, Say::End),
    );
    let ends = holds(&run, &policy, false);
    assert!(
        ends.is_ok(),
        "{}\n{}",
        ends.unwrap_err(),
        run.world.timeline()
    );
}
