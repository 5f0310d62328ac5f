//! A reply's text forwarded to a chat platform, in virtual time: its text arrives at the moments of
//! the delivery, the platform is a sink with its documented limits.

use std::iter::Peekable;

use wiretape_core::forward::{self, Action, Answer, Input, Platform, Throttle, api};
use wiretape_core::{Machine, Moment};
use wiretape_serve::sink;

use crate::exit::Fault;

/// From a call to its answer, in nanoseconds: what a platform's server far away takes.
pub(super) const CALL_NS: u64 = 80_000_000;

/// A piece of the reply's text, and when its chunk arrived.
pub(super) type Piece = (Moment, String);

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Forwarded {
    pub(super) calls: u64,
    pub(super) refused: u64,
    pub(super) violations: u64,
    /// From each piece's arrival to the moment the platform showed it; `None` where it never did.
    pub(super) waits_ns: Vec<Option<u64>>,
    /// The platform shows the whole text at the end.
    pub(super) whole: bool,
}

/// The platform, the chat, and what can be read in it.
pub(super) struct Room {
    platform: Platform,
    chat: api::Chat,
    sink: sink::Sink,
    visible: Visible,
}

impl Room {
    pub(super) fn new(platform: Platform, pieces: &[Piece]) -> Result<Self, Fault> {
        let (api, id) = match platform {
            Platform::Telegram => (sink::Platform::Telegram, "42"),
            Platform::Slack => (sink::Platform::Slack, "C024BE91L"),
            Platform::Discord => (sink::Platform::Discord, "112233445566778899"),
            _ => return Err(Fault::new("no sink speaks this platform's API")),
        };
        let options = sink::Options {
            latency_ns: CALL_NS,
            ..sink::Options::default()
        };
        Ok(Self {
            platform,
            chat: api::Chat {
                id: id.into(),
                token: "7:demo".into(),
            },
            sink: sink::Sink::new(api, options),
            visible: Visible::of(pieces),
        })
    }

    /// Carries a call out; what the platform answers, and when.
    pub(super) fn call(&mut self, now: Moment, action: &Action) -> Option<(Moment, Answer)> {
        let request = api::request(self.platform, &self.chat, action)?;
        let headers: Vec<(&str, &str)> = request
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let response = self.sink.handle(
            now,
            sink::Request {
                method: request.method,
                path: &request.path,
                headers: &headers,
                body: request.body.as_bytes(),
            },
        );
        if response.call.ok {
            let report = self.sink.report();
            let texts = report.messages.iter().filter(|shown| shown.own);
            self.visible
                .shows(now, texts.map(|shown| shown.text.as_str()));
        }
        let headers: Vec<(&str, &str)> = response
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = api::answer(self.platform, response.status, &headers, &response.body);
        Some((now.after(response.after_ns), answer))
    }

    pub(super) fn end(self) -> Forwarded {
        let report = self.sink.report();
        Forwarded {
            calls: report.calls,
            refused: report.refused,
            violations: report.violations.len() as u64 + report.violations_more,
            whole: self.visible.is_whole(),
            waits_ns: self.visible.waits_ns,
        }
    }
}

/// Which pieces can be read.
#[derive(Debug)]
struct Visible {
    letters: Vec<char>,
    /// Each piece: when it arrived, and how many letters there are up to its end.
    ends: Vec<(Moment, usize)>,
    waits_ns: Vec<Option<u64>>,
    /// How many pieces were shown at some time.
    shown: usize,
    /// How many letters can be read now.
    readable: usize,
}

impl Visible {
    fn of(pieces: &[Piece]) -> Self {
        let whole: String = pieces.iter().map(|(_, text)| text.as_str()).collect();
        let marks: Vec<bool> = letters(&whole).collect();
        let mut ends = Vec::new();
        let (mut chars, mut count) = (0, 0);
        for (at, text) in pieces {
            let more = text.chars().count();
            let marks = marks.iter().skip(chars).take(more);
            count += marks.filter(|mark| **mark).count();
            chars += more;
            ends.push((*at, count));
        }
        let kept = whole.chars().zip(&marks).filter(|(_, mark)| **mark);
        Self {
            letters: kept.map(|(c, _)| c).collect(),
            waits_ns: vec![None; ends.len()],
            ends,
            shown: 0,
            readable: 0,
        }
    }

    /// The messages say this from now on.
    fn shows<'a>(&mut self, now: Moment, texts: impl Iterator<Item = &'a str>) {
        let texts: Vec<&str> = texts.collect();
        let text = texts.join("\n");
        let kept = text.chars().zip(letters(&text));
        let kept = kept.filter(|(_, mark)| *mark).map(|(c, _)| c);
        let same = kept.zip(&self.letters).take_while(|(c, own)| c == *own);
        self.readable = same.count();
        while let Some((at, end)) = self.ends.get(self.shown) {
            if *end > self.readable {
                break;
            }
            let wait = now.as_nanos().saturating_sub(at.as_nanos());
            if let Some(slot) = self.waits_ns.get_mut(self.shown) {
                *slot = Some(wait);
            }
            self.shown += 1;
        }
    }

    fn is_whole(&self) -> bool {
        self.readable == self.letters.len()
    }
}

/// Which characters of a text count: letters and digits, but not on the lines that open and close a
/// code fence. What is added to keep each message's markup whole does not.
fn letters(text: &str) -> impl Iterator<Item = bool> + '_ {
    text.split_inclusive('\n').flat_map(|line| {
        let fence = line.starts_with("```");
        line.chars().map(move |c| !fence && c.is_alphanumeric())
    })
}

/// With wiretape's throttle.
pub(super) fn throttled(
    platform: Platform,
    seed: u64,
    pieces: &[Piece],
) -> Result<Forwarded, Fault> {
    let options = forward::Options {
        seed,
        ..forward::Options::default()
    };
    let mut drive = Drive {
        room: Room::new(platform, pieces)?,
        throttle: Throttle::new(platform.policy(), options),
        answer: None,
        finished: false,
    };
    let mut pieces = pieces.iter().peekable();
    let mut now = Moment(0);
    let mut ended = false;
    while !drive.finished {
        now = match drive.next(&mut pieces, ended, now) {
            Some(next) => next,
            None => break,
        };
        drive.step(now, &mut pieces, &mut ended)?;
    }
    Ok(drive.room.end())
}

/// The throttle in its room.
struct Drive {
    room: Room,
    throttle: Throttle,
    /// The answer that is under way: its call, when it comes, what it says.
    answer: Option<(u64, Moment, Answer)>,
    finished: bool,
}

impl Drive {
    /// When something happens next.
    fn next<'a>(
        &self,
        pieces: &mut Peekable<impl Iterator<Item = &'a Piece>>,
        ended: bool,
        now: Moment,
    ) -> Option<Moment> {
        let piece = pieces.peek().map(|(at, _)| *at);
        let end = (piece.is_none() && !ended).then_some(now);
        let answer = self.answer.as_ref().map(|(_, at, _)| *at);
        let all = [piece, end, answer, self.throttle.deadline()];
        all.into_iter().flatten().min().map(|next| next.max(now))
    }

    /// Everything that is due.
    fn step<'a>(
        &mut self,
        now: Moment,
        pieces: &mut Peekable<impl Iterator<Item = &'a Piece>>,
        ended: &mut bool,
    ) -> Result<(), Fault> {
        let failed = |error| Fault::new(format!("the throttle refuses the reply: {error}"));
        if let Some((call, _, answer)) = self.answer.take_if(|(_, at, _)| *at <= now) {
            let answered = self.throttle.handle(now, Input::Answer { call, answer });
            answered.map_err(failed)?;
            self.act(now);
        }
        while let Some((_, text)) = pieces.next_if(|(at, _)| *at <= now) {
            self.throttle
                .handle(now, Input::Text(text))
                .map_err(failed)?;
            self.act(now);
        }
        if pieces.peek().is_none() && !*ended {
            *ended = true;
            self.throttle.handle(now, Input::End).map_err(failed)?;
        }
        self.throttle.advance(now).map_err(failed)?;
        self.act(now);
        Ok(())
    }

    fn act(&mut self, now: Moment) {
        while let Some(action) = self.throttle.poll() {
            let call = match &action {
                Action::Post { call, .. }
                | Action::Edit { call, .. }
                | Action::Delete { call, .. } => *call,
                Action::Finished(_) => {
                    self.finished = true;
                    continue;
                }
                Action::StopModel => continue,
            };
            if let Some((at, answer)) = self.room.call(now, &action) {
                self.answer = Some((call, at, answer));
            }
        }
    }
}
