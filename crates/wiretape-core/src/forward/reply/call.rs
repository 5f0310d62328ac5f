//! What the next call is, when it is due, and what it says.

use alloc::borrow::ToOwned;
use alloc::string::String;

use super::{Flight, Means, Reply, Said, What};
use crate::forward::pace::{self, Due, Gate, Kind, Pace};
use crate::forward::{Action, First, Growth, Partial, Via, random};

/// The next call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Want {
    what: What,
    kind: Kind,
    /// It shows a part of the text, and can wait for more.
    partly: bool,
}

impl Reply {
    /// Takes one step; `true` if there may be another.
    pub(super) fn step(&mut self, gate: &mut Gate<'_>) -> bool {
        if self.settle() {
            return true;
        }
        let Some(want) = self.want() else {
            let ended = self.ended.is_some() && self.parts.is_last() && self.is_settled();
            if ended {
                self.finish();
            }
            return false;
        };
        let Due::At(due) = self.due(want, gate.chat, gate.global) else {
            return false;
        };
        let given_up = self.ended.map(|ended| ended.after(self.options.end_ns_max));
        if given_up.is_some_and(|given_up| due > given_up || self.now > given_up) {
            self.fail("the platform does not take the rest in time");
            return false;
        }
        if due > self.now {
            return false;
        }
        self.call(want, gate)
    }

    /// Leaves a message that is complete; `true` if that changed something.
    fn settle(&mut self) -> bool {
        if !self.is_final() || !self.doomed.is_empty() {
            return false;
        }
        if !self.has_text() {
            // Nothing to say: what was posted for it goes (M-10).
            if self.needs_end() {
                return false;
            }
            if let Some(message) = self.front.message.take() {
                self.doomed.push_back(message);
                return true;
            }
            return false;
        }
        if self.front.done && self.parts.is_closed() && !self.needs_end() {
            self.parts.pop();
            if matches!(self.means, Means::Live { .. }) {
                self.means = Means::Message;
            }
            self.leave_front();
            return true;
        }
        false
    }

    /// Nothing is left to be done, if the reply has ended.
    fn is_settled(&self) -> bool {
        self.doomed.is_empty() && (self.front.done || !self.has_text())
    }

    /// The next call, whenever it is due. Looks at no text.
    pub(super) fn want(&self) -> Option<Want> {
        let urgent = |what, kind| {
            Some(Want {
                what,
                kind,
                partly: false,
            })
        };
        let stream_over = self.stream_ends().is_some_and(|ends| ends <= self.now);
        let live = matches!(self.means, Means::Live { .. });
        if self.front.message.is_some() && live && (stream_over || self.is_void_stream()) {
            let seals = !self.is_void_stream();
            return urgent(What::EndStream { seals }, Kind::End);
        }
        if !self.doomed.is_empty() {
            let kind = if self.deletes {
                Kind::Delete
            } else {
                Kind::Edit
            };
            return urgent(What::Remove, kind);
        }
        let last = self.is_final();
        let Some(_) = &self.front.message else {
            if self.front.repeat.is_some() {
                return urgent(What::Post, Kind::Post);
            }
            if last && self.front.done {
                // Nothing of it can be read: blanks in a block of code that goes on.
                return None;
            }
            let waits = self.growth == Growth::Once && !last;
            return match self.has_text() && !waits {
                true if last => urgent(What::Post, Kind::Post),
                true => self.dirty.then_some(Want {
                    what: What::Post,
                    kind: Kind::Post,
                    partly: true,
                }),
                false if self.calls == 0 && self.ended.is_none() && self.wants_placeholder() => {
                    urgent(What::Placeholder, Kind::Post)
                }
                false => None,
            };
        };
        let kind = if live { Kind::Append } else { Kind::Edit };
        if last {
            let what = if self.needs_end() {
                What::EndStream { seals: false }
            } else if self.front.done || !self.has_text() {
                return None;
            } else {
                What::Edit
            };
            let kind = if what == What::Edit { kind } else { Kind::End };
            return urgent(what, kind);
        }
        let waits = self.growth == Growth::Once || !self.dirty || !self.has_text();
        (!waits).then_some(Want {
            what: What::Edit,
            kind,
            partly: true,
        })
    }

    pub(super) fn due(&self, want: Want, chat: &Pace, global: &Pace) -> Due {
        // The first sign of life waits for nobody's edits.
        let paced = want.partly && self.calls > 0;
        let Due::At(due) = pace::due(chat, global, want.kind, paced) else {
            return Due::AfterAnswer;
        };
        let mut due = due.max(self.retry_at);
        if let (true, Some(first)) = (want.partly, self.first_at) {
            due = due.max(first.after(self.options.first_ns));
        }
        Due::At(due)
    }

    /// The stream shows what a `Reset` has made void.
    fn is_void_stream(&self) -> bool {
        self.needs_end() && self.void_stream
    }

    /// `true` if there was nothing to call after all.
    fn call(&mut self, want: Want, gate: &mut Gate<'_>) -> bool {
        let mut key = self.front.key.unwrap_or(self.calls);
        let mut what = want.what;
        let (said, shown) = match want.what {
            What::Remove => (self.empty(), 0),
            What::Placeholder => {
                let text = match &self.options.first {
                    First::Placeholder(text) => text.trim().to_owned(),
                    First::Text => String::new(),
                };
                (
                    Said {
                        text,
                        markup: false,
                    },
                    self.parts.from(),
                )
            }
            What::Post if self.front.repeat.is_some() => match self.front.repeat.clone() {
                Some(post) => {
                    key = post.key;
                    if post.placeholder {
                        what = What::Placeholder;
                    }
                    (post.said, post.shown)
                }
                None => return false,
            },
            What::EndStream { seals } if !self.needs_end() => {
                // It ends by itself.
                if seals {
                    self.means = Means::Message;
                    self.go_on_after(false);
                }
                return true;
            }
            What::EndStream { .. } if self.void_stream => {
                let said = self.front.longest.as_ref().or(self.front.last.as_ref());
                let mut last = said.cloned().unwrap_or_else(|| self.empty());
                last.markup &= !self.front.plain;
                (last, self.front.shown)
            }
            _ => {
                self.dirty = false;
                self.build(what)
            }
        };
        if matches!(what, What::Post | What::Edit) {
            let nothing = said.text.trim().is_empty();
            if nothing || self.front.last.as_ref() == Some(&said) {
                self.front.done = self.is_final();
                return self.front.done;
            }
        }
        self.send(want, what, key, said, shown, gate);
        false
    }

    fn send(
        &mut self,
        want: Want,
        what: What,
        key: u64,
        said: Said,
        shown: usize,
        gate: &mut Gate<'_>,
    ) {
        let call = self.calls;
        self.calls += 1;
        let via = self.via(what);
        self.removing |= what == What::Remove;
        let message = match what {
            What::Remove => self.doomed.front().cloned(),
            _ => self.front.message.clone(),
        };
        let text = self.worded(what, &said, shown);
        let markup = said.markup;
        let action = match (what, message) {
            (What::Remove, Some(message)) if self.deletes => Action::Delete { call, message },
            (_, Some(message)) => Action::Edit {
                call,
                message,
                text,
                markup,
                via,
            },
            (_, None) => Action::Post {
                call,
                key: self.options.reply.map(|reply| mixed(reply, key)),
                text,
                markup,
                via,
            },
        };
        if self.only_grows() {
            self.parts.pin(shown);
        }
        self.out.push_back(action);
        gate.left(self.now, want.kind);
        self.flight = Some(Flight {
            call,
            kind: want.kind,
            what,
            said,
            key,
            shown,
            sent: self.now,
            streamed: via != Via::Message,
            void: false,
        });
    }

    /// What the call's text is: all of it, or what is added.
    fn worded(&self, what: What, said: &Said, shown: usize) -> String {
        if !self.appends() || self.front.message.is_none() || what == What::Remove {
            return said.text.clone();
        }
        if self.void_stream {
            return String::new();
        }
        let mut text = self.parts.slice(self.front.shown, shown).to_owned();
        if self.is_final() || matches!(what, What::EndStream { .. }) {
            text.push_str(&self.parts.shown(self.ended.is_some(), true).1);
        }
        text
    }

    fn via(&self, what: What) -> Via {
        match (self.means, what) {
            (_, What::Remove) | (Means::Message, _) => Via::Message,
            (Means::Fresh, _) => Via::Stream { sequence: 1 },
            (Means::Live { sequence, .. }, What::EndStream { .. }) => Via::StreamEnd { sequence },
            (Means::Live { sequence, .. }, _) => Via::Stream { sequence },
        }
    }

    /// What the first message should say, and up to where that shows the text.
    fn build(&self, what: What) -> (Said, usize) {
        let ending = matches!(what, What::EndStream { .. });
        let last = self.is_final() || ending;
        let grows = self.only_grows();
        let heals = self.markup && self.options.partial == Partial::Healed;
        let (end, mut closers) = self
            .parts
            .shown(self.ended.is_some(), heals && (ending || !grows));
        if grows && !last {
            closers.clear();
        }
        let from = self.parts.from();
        let end = if grows {
            end.max(self.front.shown)
        } else {
            end
        };
        let body = self.parts.slice(from, end).trim_end();
        let shown = from + body.len();
        let mut text = String::new();
        if !body.is_empty() {
            text.reserve(body.len() + 64);
            text.push_str(self.parts.opener());
            text.push_str(body);
            text.push_str(&closers);
        }
        let markup = self.markup && !self.front.plain && (last || heals);
        (Said { text, markup }, shown)
    }

    /// The first message says all it should, as far as is known.
    pub(super) fn is_shown(&self) -> bool {
        self.is_final()
            && self.front.message.is_some()
            && self.has_text()
            && self.front.last.as_ref() == Some(&self.build(What::Edit).0)
    }

    /// Edits say only what is new.
    fn appends(&self) -> bool {
        self.growth == Growth::Append && self.only_grows()
    }

    fn empty(&self) -> Said {
        Said {
            text: self.options.void.clone(),
            markup: false,
        }
    }
}

/// A key that other replies' keys do not meet.
fn mixed(reply: u64, post: u64) -> u64 {
    random::mix(reply ^ random::mix(post))
}
