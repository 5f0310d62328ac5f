//! One text of an answer, of servers that send more in it than its next piece: all of the text so
//! far (F-58), or the thought between tags in front of it (F-51).

use alloc::string::String;

use super::Options;
use crate::json::Str;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// What the pieces of one text have said so far, as far as the next one depends on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Passage {
    pieces: Pieces,
    tags: Tags,
    /// What may be the beginning of the tag that is looked for: shorter than a tag.
    held: String,
    /// Half of a surrogate pair (F-05).
    high: Option<u16>,
}

/// What a piece is.
#[derive(Clone, Debug, Default)]
enum Pieces {
    /// What goes on from the piece before.
    #[default]
    Deltas,
    /// It has not been seen: the first piece, and how often it came again since.
    Undecided { first: String, again: usize },
    /// All of the text so far, the latest being this.
    SoFar(String),
}

/// Where the tags of a thought are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tags {
    /// Nowhere: what comes is the answer.
    #[default]
    Answer,
    /// There was nothing but blanks so far.
    Start,
    /// The thought has begun.
    Thought,
}

/// What a piece says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// More of the text.
    Text(&'a str),
    /// More of the thought in front of it.
    Thought(&'a str),
    /// Something to be counted.
    Odd(&'static str),
}

type Out<'o> = &'o mut dyn FnMut(Said<'_>);

impl Passage {
    /// The answer's own text.
    pub(super) fn of_text(options: Options) -> Self {
        let tags = match options.split_think_tags {
            true => Tags::Start,
            false => Tags::Answer,
        };
        Self {
            tags,
            ..Self::of_thought(options)
        }
    }

    /// A thought in a field of its own.
    pub(super) fn of_thought(options: Options) -> Self {
        let pieces = match options.cumulative_text {
            true => Pieces::Undecided {
                first: String::new(),
                again: 0,
            },
            false => Pieces::Deltas,
        };
        Self {
            pieces,
            ..Self::default()
        }
    }

    /// From now on each piece is more of the text, and nothing else.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.pieces, Pieces::Deltas) && self.tags == Tags::Answer && self.high.is_none()
    }

    /// Reads a piece.
    pub(super) fn take(&mut self, text: Str<'_>, out: Out<'_>) {
        match core::mem::take(&mut self.pieces) {
            Pieces::Deltas => drop(self.more(text, out)),
            Pieces::Undecided { first, .. } if first.is_empty() => {
                let first = self.more(text, out);
                self.pieces = Pieces::Undecided { first, again: 0 };
            }
            Pieces::Undecided { first, again } => self.second(text, first, again, out),
            Pieces::SoFar(before) => self.so_far(text, before, out),
        }
    }

    /// The text ends here, or seems to: what was held back is handed out.
    pub(super) fn flush(&mut self, out: Out<'_>) {
        if let Pieces::Undecided { again, .. } = &mut self.pieces {
            (0..core::mem::take(again)).for_each(|_| out(Said::Odd("F-58")));
        }
        if self.high.take().is_some() {
            out(Said::Odd("F-05"));
            self.say("\u{FFFD}", out);
        }
        let held = core::mem::take(&mut self.held);
        match self.tags {
            _ if held.is_empty() => {}
            Tags::Thought => out(Said::Thought(&held)),
            Tags::Start | Tags::Answer => {
                self.tags = Tags::Answer;
                out(Said::Text(&held));
            }
        }
    }

    /// The piece behind the first that is not the first again tells what pieces are.
    fn second(&mut self, text: Str<'_>, first: String, again: usize, out: Out<'_>) {
        let (whole, high) = decode(text, None);
        if whole == first && high == self.high {
            let again = again + 1;
            self.pieces = Pieces::Undecided { first, again };
        } else if whole.starts_with(&first) {
            (0..again).for_each(|_| out(Said::Odd("F-58")));
            self.so_far(text, first, out);
        } else {
            (0..again).for_each(|_| self.say(&first, out));
            self.more(text, out);
        }
    }

    /// All of the text so far: what is new of it.
    fn so_far(&mut self, text: Str<'_>, mut before: String, out: Out<'_>) {
        let (whole, high) = decode(text, None);
        if let Some(rest) = whole.strip_prefix(before.as_str()) {
            out(Said::Odd("F-58"));
            self.high = high;
            self.say(rest, out);
            before = whole;
        } else if before.starts_with(&whole) {
            out(Said::Odd("F-58"));
        } else {
            before.push_str(&self.more(text, out));
        }
        self.pieces = Pieces::SoFar(before);
    }

    /// A piece that goes on from the one before; gives back its text.
    fn more(&mut self, text: Str<'_>, out: Out<'_>) -> String {
        let carried = self.high.take();
        let (text, high) = decode(text, carried);
        if carried.is_some() || high.is_some() {
            out(Said::Odd("F-05"));
        }
        self.high = high;
        self.say(&text, out);
        text
    }

    /// Says what is new, a thought apart from the answer.
    fn say(&mut self, text: &str, out: Out<'_>) {
        if text.is_empty() {
            return;
        }
        match self.tags {
            Tags::Answer => out(Said::Text(text)),
            Tags::Start => {
                let seen = core::mem::take(&mut self.held) + text;
                self.start(&seen, out);
            }
            Tags::Thought => {
                let seen = core::mem::take(&mut self.held) + text;
                self.thought(&seen, out);
            }
        }
    }

    fn start(&mut self, seen: &str, out: Out<'_>) {
        let inked = seen.trim_start();
        let blanks = seen.strip_suffix(inked).unwrap_or_default();
        let thought = inked.strip_prefix(OPEN);
        if thought.is_none() && !OPEN.starts_with(inked) {
            self.tags = Tags::Answer;
            return out(Said::Text(seen));
        }
        if !blanks.is_empty() {
            out(Said::Text(blanks));
        }
        match thought {
            Some(thought) => {
                self.tags = Tags::Thought;
                out(Said::Odd("F-51"));
                self.say(thought, out);
            }
            None => self.held.push_str(inked),
        }
    }

    fn thought(&mut self, seen: &str, out: Out<'_>) {
        let (thought, answer) = match seen.split_once(CLOSE) {
            Some((thought, answer)) => (thought, Some(answer)),
            None => {
                let (thought, held) = without_beginning_of(CLOSE, seen);
                self.held.push_str(held);
                (thought, None)
            }
        };
        if !thought.is_empty() {
            out(Said::Thought(thought));
        }
        if let Some(answer) = answer {
            self.tags = Tags::Answer;
            self.say(answer, out);
        }
    }
}

/// The text, and half of a pair at its end; `carried` is such a half in front of it.
fn decode(text: Str<'_>, carried: Option<u16>) -> (String, Option<u16>) {
    let (mut decoded, mut high) = (String::new(), carried);
    text.push_to(&mut decoded, &mut high);
    (decoded, high)
}

/// The text without the beginning of `tag` that it ends in, and that beginning.
fn without_beginning_of<'a>(tag: &str, text: &'a str) -> (&'a str, &'a str) {
    let mut beginnings = (1..tag.len()).rev().filter_map(|length| tag.get(..length));
    let held = beginnings.find_map(|beginning| text.strip_suffix(beginning));
    held.map_or((text, ""), |rest| {
        text.split_at_checked(rest.len()).unwrap_or((text, ""))
    })
}
