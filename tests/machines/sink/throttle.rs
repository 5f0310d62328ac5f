//! The throttle against the sinks, in virtual time: what the one permits itself, the other permits;
//! and whatever is refused or lost by the way, the text is there at the end.

use std::collections::BTreeMap;

use wiretape_core::Machine;
use wiretape_core::forward::api::{self, Chat};
use wiretape_core::forward::{
    Action, Answer, Input, Left, LostPost, Options as Choices, Outcome, Platform as Of, Throttle,
};

use super::*;

const MILLISECOND: u64 = 1_000_000;

/// Chance for the simulation: xorshift64*, seeded.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
}

/// What is refused in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weather {
    /// Nothing.
    Fair,
    /// 429 without a cause, with every kind of wait.
    Limited,
    /// Calls that are done and not answered.
    Lost,
    /// Calls that are answered 500 and not done.
    Broken,
}

impl Weather {
    const ALL: [Self; 4] = [Self::Fair, Self::Limited, Self::Lost, Self::Broken];

    fn refusals(self) -> Refusals {
        let none = Refusals::default();
        match self {
            Self::Fair => none,
            Self::Limited => Refusals {
                limited: 250,
                waits: vec![
                    Wait::Due,
                    Wait::Millis(9_300),
                    Wait::Millis(0),
                    Wait::Untold,
                ],
                ..none
            },
            Self::Lost => Refusals { lost: 150, ..none },
            Self::Broken => Refusals {
                broken: 150,
                ..none
            },
        }
    }
}

/// What is said, and when.
enum Said {
    Text(String),
    Break,
    Reset,
    End,
    Answer(u64, Answer, Option<Left>),
}

struct Run {
    sink: Sink,
    throttle: Throttle,
    of: Of,
    chat: Chat,
    dice: Dice,
    agenda: BTreeMap<(Moment, u64), Said>,
    next: u64,
    outcome: Option<Outcome>,
    /// What the user should read.
    whole: String,
}

impl Run {
    fn new(of: Of, weather: Weather, markup: bool, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let (platform, id) = match of {
            Of::Telegram => (Platform::Telegram, "42"),
            Of::TelegramGroup => (Platform::Telegram, "-42"),
            Of::Discord => (Platform::Discord, "42"),
            Of::DiscordInteraction => (Platform::Discord, "42/7/token"),
            Of::SlackStream => (Platform::Slack, "C42/1767225600.000001/T1/U1"),
            _ => (Platform::Slack, "C42"),
        };
        let options = Options {
            seed,
            latency_ns: (1 + dice.below(200)) * MILLISECOND,
            refusals: weather.refusals(),
            ..Options::default()
        };
        let choices = Choices {
            seed,
            markup,
            lost_post: match weather {
                Weather::Broken => LostPost::Repeat,
                _ => LostPost::GoOn,
            },
            // Refusals are many here, and none of them is for ever.
            tries_max: 40,
            end_ns_max: 3_600 * 1_000 * MILLISECOND,
            ..Choices::default()
        };
        let mut run = Self {
            sink: Sink::new(platform, options),
            throttle: Throttle::new(of.policy(), choices),
            of,
            chat: Chat {
                id: id.to_owned(),
                token: "7:key".to_owned(),
            },
            dice,
            agenda: BTreeMap::new(),
            next: 0,
            outcome: None,
            whole: String::new(),
        };
        // Of a post whose answer was lost nobody knows the name, so that it cannot be taken back.
        run.write(weather != Weather::Lost, !markup);
        run
    }

    fn plan(&mut self, at: Moment, said: Said) {
        self.next += 1;
        self.agenda.insert((at, self.next), said);
    }

    /// A reply as it comes: words, pauses, tools between, sometimes all of it again.
    fn write(&mut self, resets: bool, strays: bool) {
        let mut now = Moment(0);
        let words = 1 + self.dice.below(1_500);
        for number in 0..words {
            let text = match self.dice.below(40) {
                0 => format!("\n\nparagraph{number} "),
                1 => "x".repeat(usize::try_from(1 + self.dice.below(600)).unwrap()) + " ",
                2 => "\u{1f600} ".to_owned(),
                // Marks that open nothing: no Markdown of Telegram's.
                3 if strays => "a<b&c>d_e*f`g[h](i) ".to_owned(),
                3 => "a<b&c>d *e* _f_ `g` h ".to_owned(),
                4 => "\u{6f22}\u{5b57} ".to_owned(),
                _ => format!("word{number} "),
            };
            self.whole += &text;
            self.plan(now, Said::Text(text));
            now = now.after(match self.dice.below(100) {
                0 => 8_000 * MILLISECOND,
                1..10 => 700 * MILLISECOND,
                _ => 15 * MILLISECOND,
            });
            match self.dice.below(400) {
                0 => {
                    self.plan(now, Said::Break);
                    self.whole.push('\n');
                }
                1 if resets => {
                    self.plan(now, Said::Reset);
                    self.whole.clear();
                }
                _ => {}
            }
        }
        if self.whole.is_empty() {
            self.plan(now, Said::Text("again ".to_owned()));
            self.whole.push_str("again ");
        }
        self.plan(now, Said::End);
    }

    /// Carries an action out; the answer comes in its time.
    fn act(&mut self, now: Moment, action: &Action) {
        let call = match action {
            Action::Post { call, .. } | Action::Edit { call, .. } | Action::Delete { call, .. } => {
                *call
            }
            Action::StopModel => return,
            Action::Finished(outcome) => {
                self.outcome = Some(outcome.clone());
                return;
            }
        };
        let request = api::request(self.of, &self.chat, action).unwrap();
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let headers: Vec<(&str, &str)> = headers.collect();
        let request = Request {
            method: request.method,
            path: &request.path,
            headers: &headers,
            body: request.body.as_bytes(),
        };
        let response = self.sink.handle(now, request);
        let headers = response
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let headers: Vec<(&str, &str)> = headers.collect();
        let (answer, left) = if response.lost {
            (Answer::Lost, None)
        } else {
            let answer = api::answer(self.of, response.status, &headers, &response.body);
            (answer, api::left(&headers))
        };
        self.plan(
            now.after(response.after_ns),
            Said::Answer(call, answer, left),
        );
    }

    /// To the end; when that was.
    fn run(&mut self) -> Moment {
        let mut now = Moment(0);
        for _ in 0..1_000_000 {
            while let Some(action) = self.throttle.poll() {
                self.act(now, &action);
            }
            let first = self.agenda.keys().next().copied();
            let deadline = self.throttle.deadline();
            match (first, deadline) {
                (None, None) => return now,
                (Some((at, _)), deadline) if deadline.is_none_or(|deadline| at <= deadline) => {
                    now = now.max(at);
                    let (_, said) = self.agenda.pop_first().unwrap();
                    self.hear(now, said);
                }
                (_, Some(deadline)) => {
                    now = now.max(deadline);
                    self.throttle.advance(now).unwrap();
                }
                (Some(_), None) => unreachable!("it comes first"),
            }
        }
        panic!("it does not end");
    }

    fn hear(&mut self, now: Moment, said: Said) {
        let throttle = &mut self.throttle;
        match said {
            Said::Text(text) => throttle.handle(now, Input::Text(&text)).unwrap(),
            Said::Break => throttle.handle(now, Input::Break).unwrap(),
            Said::Reset => throttle.handle(now, Input::Reset).unwrap(),
            Said::End => throttle.handle(now, Input::End).unwrap(),
            Said::Answer(call, answer, left) => {
                if let Some(left) = left {
                    throttle.handle(now, Input::Left(left)).unwrap();
                }
                throttle
                    .handle(now, Input::Answer { call, answer })
                    .unwrap();
            }
        }
    }
}

/// Letters, without what markup and line ends do to a text.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What is wrong with a run; empty where nothing is.
fn flaws(of: Of, weather: Weather, markup: bool, seed: u64) -> Vec<String> {
    let mut run = Run::new(of, weather, markup, seed);
    run.run();
    let report = run.sink.report();
    let mut flaws = Vec::new();
    for violation in &report.violations {
        let explained = match weather {
            // What was lost was done, and is done again.
            Weather::Lost => {
                let method = violation.method.to_lowercase();
                violation.kind == ViolationKind::Identical
                    || (violation.kind == ViolationKind::Gone && method.contains("delete"))
                    || (violation.kind == ViolationKind::Expired && method.contains("stop"))
            }
            // A 500 does not say whether it was done.
            Weather::Broken => violation.kind == ViolationKind::Identical,
            Weather::Fair | Weather::Limited => false,
        };
        if !explained {
            flaws.push(format!(
                "{} {}: expected {}",
                violation.m,
                violation.kind.words(),
                violation.expected
            ));
        }
    }
    if !matches!(run.outcome, Some(Outcome::Delivered { .. })) {
        flaws.push(format!("outcome {:?}", run.outcome));
    }
    let shown: Vec<&str> = report.messages.iter().map(|shown| &*shown.text).collect();
    if letters(&shown.concat()) != letters(&run.whole) {
        flaws.push(format!(
            "shown {} of {} letters",
            letters(&shown.concat()).len(),
            letters(&run.whole).len()
        ));
    }
    flaws
}

const EACH: [Of; 6] = [
    Of::Telegram,
    Of::TelegramGroup,
    Of::Discord,
    Of::DiscordInteraction,
    Of::Slack,
    Of::SlackStream,
];

/// Seeds for each platform and weather: in CI, thousands in all.
fn seeds() -> u64 {
    let seeds = std::env::var("WIRETAPE_SINK_SEEDS").ok();
    seeds.map_or(100, |seeds| seeds.parse().unwrap())
}

fn check(weather: Weather, markup: bool) {
    let mut found: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for of in EACH {
        for seed in 0..seeds() {
            for flaw in flaws(of, weather, markup, seed) {
                let counted = found.entry(format!("{of:?}: {flaw}")).or_insert((0, seed));
                counted.0 += 1;
            }
        }
    }
    let found: Vec<String> = found
        .iter()
        .take(20)
        .map(|(flaw, (times, seed))| format!("{times} times, first seed {seed}: {flaw}"))
        .collect();
    assert!(
        found.is_empty(),
        "{weather:?}, markup {markup}:\n{}",
        found.join("\n")
    );
}

#[test]
fn nothing_is_refused_in_fair_weather() {
    check(Weather::Fair, false);
}

#[test]
fn nothing_is_refused_of_markup_in_fair_weather() {
    check(Weather::Fair, true);
}

#[test]
fn a_wait_is_kept_whatever_it_was_for() {
    check(Weather::Limited, false);
}

#[test]
fn what_was_lost_is_there_and_not_twice() {
    check(Weather::Lost, false);
}

#[test]
fn what_was_broken_is_done_again() {
    check(Weather::Broken, false);
}

#[test]
fn weathers_differ() {
    for weather in Weather::ALL {
        let mut run = Run::new(Of::Telegram, weather, false, 1);
        run.run();
        let report = run.sink.report();
        assert_eq!(weather == Weather::Lost, 0 < report.lost, "{weather:?}");
        let by_seed = matches!(weather, Weather::Limited | Weather::Broken);
        assert_eq!(by_seed, 0 < report.by_seed, "{weather:?}");
    }
}
