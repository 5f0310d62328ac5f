//! One reply on its way into a chat: what is shown, what is in flight, what comes next.

mod answer;
mod call;

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::pace::{Due, Gate, Kind, Pace};
use super::parts::Parts;
use super::{
    Action, Answer, Error, First, Growth, Input, Left, Once, Options, Outcome, Policy, Stream,
};
use crate::machine::Moment;

/// Messages whose names are kept for a `Reset`; of a longer reply, the first ones stay.
const MESSAGES_MAX: usize = 4_096;
/// Lost posts whose late answers are still understood.
const LOST_MAX: usize = 64;

/// One reply's forwarding, without the pace that it may share.
#[derive(Debug)]
pub(super) struct Reply {
    options: Options,
    growth: Growth,
    stream: Option<Stream>,
    deletes: bool,
    posts_once: bool,
    markup: bool,
    parts: Parts,
    front: Front,
    means: Means,
    /// Messages that are complete, oldest first.
    delivered: VecDeque<String>,
    /// Messages to be removed.
    doomed: VecDeque<String>,
    /// The removal of the first of them was called for, and may be carried out.
    removing: bool,
    flight: Option<Flight>,
    /// Posts that were never answered, and whether what they say is void.
    lost: Vec<(u64, bool)>,
    out: VecDeque<Action>,
    calls: u64,
    first_at: Option<Moment>,
    /// Unanswered calls are not repeated before.
    retry_at: Moment,
    tries: u32,
    /// There is text that no call has carried.
    dirty: bool,
    /// The stream shows what a `Reset` has made void, and has to be ended before that can go.
    void_stream: bool,
    now: Moment,
    ended: Option<Moment>,
    stopped: bool,
    finished: bool,
    uncertain: usize,
    stale: usize,
    /// Messages that were accepted without a name.
    delivered_nameless: usize,
}

/// The message that stands for the first part of the text that waits.
#[derive(Debug, Default)]
struct Front {
    message: Option<String>,
    /// Up to where the text is shown.
    shown: usize,
    /// What the message says, as rendered, if that is known.
    last: Option<Said>,
    /// It does not parse as markup (M-06).
    plain: bool,
    /// A post to be repeated exactly as it was.
    repeat: Option<Post>,
    /// The key of a post that was lost: if its repetition is refused, the first was not taken either.
    key: Option<u64>,
    /// What a call to a stream that only grows said, if it was not answered: the stream may say it, and
    /// cannot say less.
    longest: Option<Said>,
    /// Up to where an edit that was not answered shows the text, if it was carried out.
    unsure: Option<usize>,
    /// All of it is shown: known from the last answer.
    done: bool,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    text: String,
    markup: bool,
}

#[derive(Clone, Debug)]
struct Post {
    key: u64,
    said: Said,
    shown: usize,
    placeholder: bool,
}

/// The means of the newest message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    /// A stream can be begun.
    Fresh,
    Live {
        since: Moment,
        sequence: u32,
    },
    /// Ordinary messages from now on.
    Message,
}

/// A call without its answer.
#[derive(Debug)]
struct Flight {
    call: u64,
    kind: Kind,
    what: What,
    said: Said,
    key: u64,
    shown: usize,
    sent: Moment,
    streamed: bool,
    /// What it says is no longer meant.
    void: bool,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Placeholder,
    Post,
    Edit,
    /// The last call of the stream. `seals`: the text goes on in another message.
    EndStream {
        seals: bool,
    },
    /// Removes a doomed message.
    Remove,
}

impl Reply {
    pub(super) fn new(policy: &Policy, options: Options) -> Self {
        let markup = policy.markup && options.markup;
        Self {
            growth: policy.growth,
            stream: policy.stream,
            deletes: policy.deletes,
            posts_once: policy.posts_once && options.reply.is_some(),
            markup,
            parts: Parts::new(policy.unit, policy.text_max, markup),
            front: Front::default(),
            means: if policy.stream.is_some() {
                Means::Fresh
            } else {
                Means::Message
            },
            delivered: VecDeque::new(),
            doomed: VecDeque::new(),
            removing: false,
            flight: None,
            lost: Vec::new(),
            out: VecDeque::new(),
            calls: 0,
            first_at: None,
            retry_at: Moment(0),
            tries: 0,
            dirty: false,
            void_stream: false,
            now: Moment(0),
            ended: None,
            stopped: false,
            finished: false,
            uncertain: 0,
            stale: 0,
            delivered_nameless: 0,
            options,
        }
    }

    /// Takes an input, and calls nothing yet.
    pub(super) fn handle(
        &mut self,
        now: Moment,
        input: Input<'_>,
        gate: &mut Gate<'_>,
    ) -> Result<(), Error> {
        self.now = self.now.max(now);
        match input {
            Input::Answer { call, answer } => self.answer(call, answer, gate),
            Input::Left(Left {
                calls,
                reset_after_ns,
            }) => gate.left_over(self.now, calls, reset_after_ns),
            _ if self.finished || self.stopped => {}
            Input::Stop => {
                self.out.push_back(Action::StopModel);
                self.stopped = true;
                self.end();
            }
            _ if self.ended.is_some() => return Err(Error::Ended),
            Input::Text(text) => self.text(text)?,
            Input::Break => {
                self.parts.break_paragraph();
                self.dirty |= self.has_text();
                if self.growth == Growth::Once && self.options.once == Once::Paragraphs {
                    self.parts.close_paragraph(true);
                }
            }
            Input::Reset => self.reset(),
            Input::End => self.end(),
        }
        Ok(())
    }

    pub(super) fn advance(&mut self, now: Moment, gate: &mut Gate<'_>) {
        self.now = self.now.max(now);
        if let Some(flight) = &self.flight {
            if flight.sent.after(self.options.answer_ns_max) <= self.now {
                let call = flight.call;
                self.answer(call, Answer::Lost, gate);
            }
        }
        while self.flight.is_none() && !self.finished && self.step(gate) {}
    }

    pub(super) fn poll(&mut self) -> Option<Action> {
        self.out.pop_front()
    }

    pub(super) fn deadline(&self, chat: &Pace, global: &Pace) -> Option<Moment> {
        if self.finished {
            return None;
        }
        if let Some(flight) = &self.flight {
            return Some(flight.sent.after(self.options.answer_ns_max));
        }
        let next = self
            .want()
            .and_then(|want| match self.due(want, chat, global) {
                Due::At(due) => Some(due),
                Due::AfterAnswer => None,
            });
        let stream = self.stream_ends().filter(|ends| *ends > self.now);
        next.into_iter().chain(stream).min()
    }

    /// Calls made so far.
    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished && self.out.is_empty()
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        let limit = self.options.text_bytes_max;
        if self.parts.held_len().saturating_add(text.len()) > limit {
            return Err(Error::TextTooLong { limit });
        }
        if text.is_empty() {
            return Ok(());
        }
        let was_open = !self.parts.is_closed();
        self.parts.push(text);
        self.dirty = true;
        if was_open && self.parts.is_closed() {
            self.front.done = self.is_shown();
        }
        if self.first_at.is_none() && self.has_text() {
            self.first_at = Some(self.now);
        }
        if self.growth == Growth::Once && self.options.once == Once::Paragraphs {
            self.parts.close_paragraph(false);
        }
        Ok(())
    }

    fn end(&mut self) {
        self.ended = Some(self.now);
        self.dirty = true;
        self.front.done = self.is_shown();
    }

    /// What was said is void: the oldest message takes what comes, the others go, newest first.
    fn reset(&mut self) {
        self.parts.clear(self.markup);
        let front = core::mem::take(&mut self.front);
        match &mut self.flight {
            Some(flight) => flight.void = true,
            // The lost post may stand there, and is not asked about again.
            None => self.stale += usize::from(front.key.is_some()),
        }
        self.dirty = false;
        self.first_at = None;
        self.uncertain = 0;
        for (_, void) in &mut self.lost {
            self.stale += usize::from(!core::mem::replace(void, true));
        }
        let live = front.message.clone();
        self.doomed.extend(front.message);
        while let Some(message) = self.delivered.pop_back() {
            self.doomed.push_back(message);
        }
        if self.growth == Growth::Once {
            if !self.deletes {
                self.stale += self.doomed.len();
                self.doomed.clear();
                self.removing = false;
            }
        } else if let Some(kept) = self.take_back() {
            let is_front = live.as_ref() == Some(&kept);
            self.front.message = Some(kept);
            self.front.last = front.last.filter(|_| is_front);
            self.front.longest = front.longest.filter(|_| is_front);
            self.front.unsure = front.unsure.filter(|_| is_front);
        }
        self.front.shown = self.parts.from();
        self.void_stream = self.needs_end() && self.front.message.is_some();
    }

    /// A message that was to be removed, and whose removal was not called for.
    fn take_back(&mut self) -> Option<String> {
        let called = usize::from(self.removing);
        (self.doomed.len() > called).then(|| self.doomed.pop_back())?
    }

    /// The first of the doomed is gone, or stays.
    fn removed(&mut self) {
        self.doomed.pop_front();
        self.removing = false;
    }

    fn has_text(&self) -> bool {
        self.parts.is_closed() || !self.parts.is_last_blank()
    }

    /// Nothing more will be added to the first message.
    fn is_final(&self) -> bool {
        self.parts.is_closed() || self.ended.is_some()
    }

    fn stream_ends(&self) -> Option<Moment> {
        match (self.means, self.stream) {
            (Means::Live { since, .. }, Some(stream)) => Some(since.after(stream.lifetime_ns)),
            _ => None,
        }
    }

    /// The stream is live and cannot replace what it has shown.
    fn only_grows(&self) -> bool {
        matches!(self.means, Means::Live { .. } | Means::Fresh)
            && matches!(self.growth, Growth::Append | Growth::Whole)
    }

    fn needs_end(&self) -> bool {
        matches!(self.means, Means::Live { .. }) && self.stream.is_some_and(|stream| stream.ends)
    }

    /// The first message is complete and stands in the chat: the next one's turn.
    fn leave_front(&mut self) {
        let front = core::mem::take(&mut self.front);
        if let Some(message) = front.message {
            self.keep(message);
        }
        self.front.shown = self.parts.from();
        self.dirty = true;
    }

    fn keep(&mut self, message: String) {
        if self.delivered.len() == MESSAGES_MAX {
            self.delivered.pop_front();
        }
        self.delivered.push_back(message);
    }

    /// The message cannot be changed any more: what it does not show follows in another one.
    fn seal_front(&mut self, shown: usize) {
        self.parts.seal(shown.max(self.parts.from()));
        self.leave_front();
    }

    fn finish(&mut self) {
        self.finished = true;
        let outcome = if self.stopped {
            Outcome::Stopped
        } else {
            Outcome::Delivered {
                messages: self.delivered.len()
                    + self.delivered_nameless
                    + usize::from(self.front.message.is_some()),
                uncertain: self.uncertain,
                stale: self.stale,
            }
        };
        self.out.push_back(Action::Finished(outcome));
    }

    fn fail(&mut self, why: &str) {
        self.finished = true;
        let shown = self.front.shown.max(self.parts.from());
        let undelivered = self.parts.rest(shown).to_string();
        let why = why.to_string();
        self.out
            .push_back(Action::Finished(Outcome::Failed { why, undelivered }));
    }

    /// Nobody reads on.
    fn stop(&mut self) {
        if !self.stopped {
            self.out.push_back(Action::StopModel);
        }
        self.stopped = true;
        self.finished = true;
        self.out.push_back(Action::Finished(Outcome::Stopped));
    }

    fn wants_placeholder(&self) -> bool {
        matches!(&self.options.first, First::Placeholder(text) if !text.trim().is_empty())
            && !self.only_grows()
            && self.growth != Growth::Once
    }
}
