//! What becomes of a call.

use alloc::format;
use alloc::string::String;

use super::{Flight, LOST_MAX, Means, Post, Reply, What};
use crate::forward::pace::Gate;
use crate::forward::{Answer, First, Growth, LostPost};

impl Reply {
    pub(super) fn answer(&mut self, call: u64, answer: Answer, gate: &mut Gate<'_>) {
        let Some(flight) = self.flight.take_if(|flight| flight.call == call) else {
            self.late(call, answer);
            return;
        };
        gate.answered(self.now, flight.kind);
        if let (true, Means::Live { sequence, .. }) = (flight.streamed, &mut self.means) {
            // A call that was refused did not count; one that was lost may have.
            let counts = matches!(
                answer,
                Answer::Posted { .. } | Answer::Done | Answer::NotModified | Answer::Lost
            );
            *sequence += u32::from(counts);
        }
        self.dirty = true;
        if !matches!(answer, Answer::Lost | Answer::Limited { .. }) {
            self.tries = 0;
        }
        match answer {
            Answer::Posted { message } => {
                gate.accepted();
                self.accepted(flight, Some(message));
            }
            Answer::Done | Answer::NotModified => {
                gate.accepted();
                self.accepted(flight, None);
            }
            Answer::Limited {
                retry_after_ns,
                scope,
            } => {
                let repeats = matches!(flight.what, What::Post) && flight.key != flight.call;
                self.stale += usize::from(flight.void && repeats);
                gate.limited(self.now, retry_after_ns, scope);
            }
            Answer::Stopped => self.stop(),
            Answer::Gone => self.gone(&flight),
            Answer::Expired => self.expired(&flight),
            Answer::TooLong => self.too_long(&flight),
            Answer::BadMarkup if flight.said.markup && !flight.void => {
                self.front.plain = true;
                self.front.repeat = None;
            }
            Answer::BadMarkup => {
                self.refused(&flight, "the text does not parse, not even as plain text");
            }
            Answer::Refused { why } => self.refused(&flight, &why),
            Answer::Lost => self.lost(flight, gate),
        }
        if !self.finished {
            self.front.done = self.is_shown();
        }
    }

    /// An answer that nobody waits for: a post that was given up may have been carried out.
    fn late(&mut self, call: u64, answer: Answer) {
        let Some(at) = self.lost.iter().position(|(lost, _)| *lost == call) else {
            return;
        };
        let (_, void) = self.lost.swap_remove(at);
        match answer {
            Answer::Posted { message } if void => {
                self.stale = self.stale.saturating_sub(1);
                self.doomed.push_back(message);
            }
            Answer::Posted { message } => {
                self.uncertain = self.uncertain.saturating_sub(1);
                self.keep(message);
            }
            _ => {}
        }
    }

    fn accepted(&mut self, flight: Flight, message: Option<String>) {
        match flight.what {
            What::Remove => self.removed(),
            What::Placeholder | What::Post => self.posted(flight, message),
            What::Edit => self.edited(flight),
            What::EndStream { seals } => {
                self.means = Means::Message;
                let shown = flight.shown;
                let void = flight.void || self.void_stream;
                self.void_stream = false;
                self.front.plain &= !void;
                self.edited(flight);
                if seals && !void {
                    self.seal_front(shown);
                }
            }
        }
    }

    fn posted(&mut self, flight: Flight, message: Option<String>) {
        self.front.repeat = None;
        self.front.key = None;
        if flight.streamed && self.means == Means::Fresh {
            self.means = Means::Live {
                since: flight.sent,
                sequence: 2,
            };
        }
        match message {
            Some(message) if flight.void && self.front.message.is_some() => {
                self.doomed.push_back(message);
            }
            Some(message) => {
                self.front.message = Some(message);
                self.void_stream = flight.void && self.needs_end();
                self.edited(flight);
            }
            // Accepted without a name: it cannot be changed.
            None if flight.void => self.stale += 1,
            None => {
                self.means = Means::Message;
                if flight.what == What::Post {
                    self.delivered_nameless += 1;
                    self.seal_front(flight.shown);
                }
            }
        }
    }

    fn edited(&mut self, flight: Flight) {
        if !flight.void {
            self.front.shown = flight.shown;
        }
        self.front.unsure = None;
        self.front.longest = None;
        self.front.last = Some(flight.said);
    }

    /// Somebody deleted the message, and with it the wish to read on (M-08).
    fn gone(&mut self, flight: &Flight) {
        match flight.what {
            What::Remove => self.removed(),
            What::Placeholder | What::Post => self.refused(flight, "the chat is gone"),
            What::Edit | What::EndStream { .. } => self.stop(),
        }
    }

    /// The message cannot be changed by these means any more (M-07).
    fn expired(&mut self, flight: &Flight) {
        let was_stream = flight.streamed;
        if was_stream {
            self.means = Means::Message;
            self.void_stream = false;
        }
        match flight.what {
            What::Placeholder | What::Post if was_stream => {}
            What::Placeholder | What::Post | What::Remove => {
                self.refused(flight, "the platform says that the message has expired");
            }
            // Was it over before the call that was lost, or through it? An edit of the whole text is
            // right in both cases.
            What::Edit | What::EndStream { .. } if was_stream && self.front.unsure.is_some() => {
                self.front.last = None;
            }
            What::Edit | What::EndStream { .. } => {
                if !was_stream {
                    self.growth = Growth::Once;
                }
                self.go_on_after(flight.void);
            }
        }
    }

    /// The first message stays as it is shown; the rest goes into a new one.
    pub(super) fn go_on_after(&mut self, void: bool) {
        if let Some(shown) = self.front.unsure.filter(|shown| *shown > self.front.shown) {
            // The lost edit is taken as carried out, as a lost post is.
            self.uncertain += usize::from(!void);
            self.front.shown = shown;
        }
        if void || self.front.shown <= self.parts.from() {
            // Nothing of the text is in it: a placeholder, or what is void.
            self.doomed.extend(self.front.message.take());
            self.front = super::Front {
                shown: self.parts.from(),
                plain: self.front.plain,
                ..super::Front::default()
            };
        } else {
            self.seal_front(self.front.shown);
        }
    }

    fn too_long(&mut self, flight: &Flight) {
        self.front.repeat = None;
        if flight.streamed && self.front.message.is_some() {
            // What a stream shows cannot shrink; an ordinary message can.
            self.means = Means::Message;
        }
        let void = flight.void || core::mem::take(&mut self.void_stream);
        match flight.what {
            _ if void => {}
            What::Placeholder => self.options.first = First::Text,
            What::Remove => self.give_up_removal(),
            What::Post | What::Edit | What::EndStream { .. } => {
                if !self.parts.shorten(&flight.said.text) {
                    let max = crate::forward::TEXT_MAX_MIN;
                    self.fail(&format!("the platform takes not even {max} characters"));
                }
            }
        }
    }

    fn refused(&mut self, flight: &Flight, why: &str) {
        match flight.what {
            What::Remove => self.give_up_removal(),
            What::Placeholder => self.options.first = First::Text,
            _ if flight.void => {}
            What::Post if flight.streamed => self.means = Means::Message,
            What::Post => self.fail(why),
            What::Edit | What::EndStream { .. } => {
                // A chat in which edits are refused gets whole messages (M-02).
                if !flight.streamed {
                    self.growth = Growth::Once;
                }
                self.means = Means::Message;
                self.void_stream = false;
                self.go_on_after(false);
            }
        }
    }

    fn give_up_removal(&mut self) {
        self.removed();
        self.stale += 1;
    }

    /// Carried out or not: nobody knows (M-11).
    fn lost(&mut self, flight: Flight, gate: &mut Gate<'_>) {
        self.tries += 1;
        self.retry_at = self.now.after(gate.backoff(self.tries - 1));
        if self.tries > self.options.tries_max {
            if flight.what == What::Remove {
                self.give_up_removal();
            } else {
                self.fail("the platform does not answer");
            }
            return;
        }
        let appends = flight.streamed && self.growth == Growth::Append;
        if self.only_grows() && matches!(flight.what, What::EndStream { .. } | What::Edit) {
            self.front.longest = Some(flight.said.clone());
        }
        match flight.what {
            // A deletion or an edit may be carried out twice, and a stream that is over says so.
            What::Remove => {}
            What::EndStream { .. } | What::Edit if flight.void => self.front.last = None,
            What::EndStream { .. } => self.front.unsure = Some(flight.shown),
            What::Edit if !appends => {
                // It says one thing or the other, and is edited in any case.
                self.front.last = None;
                self.front.unsure = Some(flight.shown);
            }
            _ if flight.void => {
                self.stale += 1;
                self.remember(flight.call, true);
            }
            What::Placeholder | What::Post if self.posts_once => {
                self.front.key = Some(flight.key);
                self.front.repeat = Some(Post {
                    key: flight.key,
                    said: flight.said,
                    shown: flight.shown,
                    placeholder: flight.what == What::Placeholder,
                });
            }
            _ if self.options.lost_post == LostPost::Repeat => {}
            What::Placeholder => {
                self.options.first = First::Text;
                self.stale += 1;
                self.remember(flight.call, true);
            }
            What::Post => {
                self.uncertain += 1;
                self.remember(flight.call, false);
                self.means = Means::Message;
                self.seal_front(flight.shown);
            }
            // What was appended cannot be appended again.
            What::Edit => {
                self.uncertain += 1;
                self.front.shown = flight.shown;
                self.front.last = Some(flight.said);
            }
        }
    }

    fn remember(&mut self, call: u64, void: bool) {
        if self.lost.len() == LOST_MAX {
            self.lost.remove(0);
        }
        self.lost.push((call, void));
    }
}
