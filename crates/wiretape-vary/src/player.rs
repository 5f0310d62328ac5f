//! The machine that plays a script.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;

use wiretape_core::machine::{Machine, Moment};
use wiretape_tape::EndKind;

use crate::rechunk;
use crate::scenario::Pace;
use crate::script::Script;

/// Plays a script: gives each chunk at its moment, then the end.
///
/// Its clock starts with the first call that tells it the time. A chunk is due its gap after the
/// moment at which the previous one was *due*, so that a late driver does not shift the rest.
///
/// ```
/// use wiretape_core::machine::{Moment, run};
/// use wiretape_tape::{Chunk, Exchange};
/// use wiretape_vary::{Action, Player, Scenario, Subject};
///
/// let chunks = vec![Chunk { after_ns: 70, bytes: b": hi\n\n".to_vec() }];
/// let exchange = Exchange { chunks, ..Exchange::default() };
/// let script = Scenario::plain().apply(&Subject::new(&exchange, None));
/// let mut sent = Vec::new();
/// let end = run(&mut Player::new(script), Moment(30), |now, action| sent.push((now, action)));
/// assert_eq!(end, Ok(Moment(100)));
/// assert_eq!(sent.first(), Some(&(Moment(100), Action::Bytes(b": hi\n\n".to_vec()))));
/// ```
#[derive(Clone, Debug)]
pub struct Player {
    /// Shared: many players may be at different places of one script.
    script: Arc<Script>,
    pace: Pace,
    /// How many chunks were given.
    position: usize,
    now: Moment,
    /// When what is next is due; `None` until the clock has started.
    due: Option<Moment>,
    finished: bool,
    held: Option<Moment>,
}

/// What a player does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sends these bytes as one chunk.
    Bytes(Vec<u8>),
    /// Ends the body in this way.
    End(EndKind),
}

/// What can be asked of a player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Stop the clock.
    Hold,
    /// Go on where it was stopped.
    Release,
}

/// What is due, by its place in the script: what a driver needs that has the bytes already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// The chunk of this number, counted from 0.
    Chunk(usize),
    /// The end of the body.
    End(EndKind),
}

impl Player {
    /// A player at the start of a script: its own, or one that it shares with others by [`Arc`].
    #[must_use]
    pub fn new(script: impl Into<Arc<Script>>) -> Self {
        Self {
            script: script.into(),
            pace: Pace::Recorded,
            position: 0,
            now: Moment(0),
            due: None,
            finished: false,
            held: None,
        }
    }

    /// The same with the script's times changed: `Recorded` leaves them. For a player whose clock
    /// has not started.
    #[must_use]
    pub fn at_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// What is due now, without its bytes: like [`Machine::poll`].
    pub fn poll_due(&mut self) -> Option<Due> {
        let due = self.due.filter(|_| self.held.is_none())?;
        if self.finished || self.now < due {
            return None;
        }
        if self.position == self.script.cuts.len() {
            self.finished = true;
            return Some(Due::End(self.script.end));
        }
        let chunk = self.position;
        self.position += 1;
        self.load(due);
        Some(Due::Chunk(chunk))
    }

    /// How many chunks were given.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Everything was played.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// The clock is stopped.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    fn tell(&mut self, now: Moment) {
        self.now = self.now.max(now);
        if self.due.is_none() {
            self.load(self.now);
        }
    }

    /// Makes the next chunk, or the end, due its gap after a moment.
    fn load(&mut self, after: Moment) {
        let gap = match self.script.cuts.get(self.position) {
            Some(cut) => cut.after_ns,
            None => self.script.end_after_ns,
        };
        self.due = Some(after.after(rechunk::paced(gap, &self.pace)));
    }
}

impl Machine for Player {
    type Input<'a> = Control;
    type Action = Action;
    type Error = Infallible;

    fn handle(&mut self, now: Moment, input: Control) -> Result<(), Infallible> {
        self.tell(now);
        match (input, self.held) {
            (Control::Hold, None) => self.held = Some(self.now),
            (Control::Release, Some(since)) => {
                let pause = self.now.as_nanos().saturating_sub(since.as_nanos());
                self.due = self.due.map(|due| due.after(pause));
                self.held = None;
            }
            _ => {}
        }
        Ok(())
    }

    fn advance(&mut self, now: Moment) -> Result<(), Infallible> {
        self.tell(now);
        Ok(())
    }

    fn poll(&mut self) -> Option<Action> {
        Some(match self.poll_due()? {
            Due::Chunk(chunk) => Action::Bytes(self.script.chunk(chunk).to_vec()),
            Due::End(end) => Action::End(end),
        })
    }

    fn deadline(&self) -> Option<Moment> {
        if self.held.is_some() || self.finished {
            return None;
        }
        Some(self.due.unwrap_or(self.now))
    }
}
