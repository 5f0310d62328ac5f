//! The machine that plays a script.

use alloc::vec;
use alloc::vec::Vec;
use core::convert::Infallible;

use wiretape_core::machine::{Machine, Moment};
use wiretape_tape::EndKind;

use crate::json::part;
use crate::script::{Cut, Script};

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
    body: Vec<u8>,
    /// The chunks that are still to come, and where in the body the first of them begins.
    cuts: vec::IntoIter<Cut>,
    from: usize,
    end_after_ns: u64,
    now: Moment,
    /// When the action is due; `None` until the clock has started.
    due: Option<Moment>,
    /// What is next; `None` after the end.
    next: Option<Action>,
    end: EndKind,
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

impl Player {
    /// A player at the start of a script.
    #[must_use]
    pub fn new(script: Script) -> Self {
        let end = script.end;
        Self {
            body: script.body,
            cuts: script.cuts.into_iter(),
            from: 0,
            end_after_ns: script.end_after_ns,
            now: Moment(0),
            due: None,
            next: Some(Action::End(end)),
            end,
            held: None,
        }
    }

    /// Everything was played.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.next.is_none()
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
        let (gap, next) = match self.cuts.next() {
            Some(cut) => {
                let bytes = part(&self.body, self.from..cut.end).to_vec();
                self.from = cut.end;
                (cut.after_ns, Action::Bytes(bytes))
            }
            None => (self.end_after_ns, Action::End(self.end)),
        };
        self.due = Some(after.after(gap));
        self.next = Some(next);
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
        let due = self.due.filter(|_| self.held.is_none())?;
        if self.now < due {
            return None;
        }
        let action = self.next.take()?;
        if matches!(action, Action::Bytes(_)) {
            self.load(due);
        }
        Some(action)
    }

    fn deadline(&self) -> Option<Moment> {
        if self.held.is_some() || self.next.is_none() {
            return None;
        }
        Some(self.due.unwrap_or(self.now))
    }
}
