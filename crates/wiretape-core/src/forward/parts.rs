//! A reply's text, cut into messages as it comes.
//!
//! A message is cut once it is too long, at the best place in its second half: text is looked at
//! again from there, which is less than half of a message, so that the work stays linear.

use alloc::collections::VecDeque;
use alloc::string::String;

use super::scan::{Scan, rank};
use super::{TEXT_MAX_MIN, Unit};

/// The text that waits to be shown, as messages; the last one is open.
#[derive(Debug)]
pub(super) struct Parts {
    /// Position in the reply of the first byte that is kept.
    base: usize,
    held: String,
    queue: VecDeque<Part>,
    scan: Scan,
    best: Option<(u8, Scan)>,
    latest: Option<Scan>,
    paragraph: Option<Scan>,
    text_max: usize,
    unit: Unit,
    /// The first message may not be cut before here: it is shown, and cannot shrink.
    pinned: usize,
    opener_units: usize,
}

/// One message's text.
#[derive(Debug)]
pub(super) struct Part {
    start: Scan,
    from: usize,
    opener: String,
    end: Option<(usize, String)>,
}

impl Part {
    fn new(start: Scan) -> Self {
        Self {
            start,
            from: start.at,
            opener: start.opener(),
            end: None,
        }
    }
}

impl Parts {
    pub(super) fn new(unit: Unit, text_max: usize, markup: bool) -> Self {
        let scan = Scan::new(unit, markup, 0);
        let mut parts = Self {
            base: 0,
            held: String::new(),
            queue: VecDeque::new(),
            scan,
            best: None,
            latest: None,
            paragraph: None,
            text_max: text_max.max(TEXT_MAX_MIN),
            unit,
            pinned: 0,
            opener_units: 0,
        };
        parts.open(scan);
        parts
    }

    pub(super) fn push(&mut self, text: &str) {
        self.held.push_str(text);
        self.feed();
    }

    /// A paragraph ends, if there is one.
    pub(super) fn break_paragraph(&mut self) {
        let text = self.held.trim_end_matches([' ', '\t']);
        let missing = match text {
            "" => "",
            _ if text.ends_with("\n\n") => "",
            _ if text.ends_with('\n') => "\n",
            _ => "\n\n",
        };
        self.push(missing);
    }

    /// What was said is void.
    pub(super) fn clear(&mut self, markup: bool) {
        let at = self.scan.at;
        self.base = at;
        self.held.clear();
        self.queue.clear();
        self.pinned = at;
        self.open(Scan::new(self.unit, markup, at));
    }

    /// The first message of those that wait is done with.
    pub(super) fn pop(&mut self) {
        if self.queue.len() > 1 {
            self.queue.pop_front();
            self.forget();
        }
    }

    /// The first message ends where it is shown up to; what follows is cut again.
    pub(super) fn seal(&mut self, shown: usize) {
        let end = self.queue.front().and_then(Part::end);
        // More is shown than the message should have, if it was cut since: then that is not repeated.
        if end.is_some_and(|end| shown <= end && self.slice(shown, end).trim().is_empty()) {
            return self.pop();
        }
        let state = self.state_at(shown);
        self.queue.clear();
        self.open(state.restarted());
        self.forget();
        self.feed();
    }

    /// The first message is longer than the platform takes; `false` if it cannot be shorter.
    pub(super) fn shorten(&mut self, text: &str) -> bool {
        let sent = self.unit.len(text).min(self.text_max);
        if sent <= TEXT_MAX_MIN {
            return false;
        }
        self.text_max = (sent / 4 * 3).max(TEXT_MAX_MIN);
        let Some(start) = self.queue.front().map(|part| part.start) else {
            return false;
        };
        self.queue.clear();
        self.open(start);
        self.pinned = 0;
        self.feed();
        true
    }

    /// The open message ends after its last paragraph, or at the end of the text.
    pub(super) fn close_paragraph(&mut self, all: bool) {
        let state = if all { Some(self.scan) } else { self.paragraph };
        if let Some(state) = state.filter(|state| state.at > self.start_of_last()) {
            self.cut_at(state);
            self.feed();
        }
    }

    pub(super) fn pin(&mut self, shown: usize) {
        self.pinned = shown;
    }

    pub(super) fn held_len(&self) -> usize {
        self.held.len()
    }

    /// The first message is complete, whatever comes.
    pub(super) fn is_closed(&self) -> bool {
        self.queue.front().is_some_and(|part| part.end.is_some())
    }

    /// The first message is the open one.
    pub(super) fn is_last(&self) -> bool {
        self.queue.len() == 1
    }

    /// The open message has no text.
    pub(super) fn is_last_blank(&self) -> bool {
        self.scan.units == 0
    }

    /// Where the first message begins.
    pub(super) fn from(&self) -> usize {
        self.queue.front().map_or(self.scan.at, |part| part.from)
    }

    /// All text from `at`.
    pub(super) fn rest(&self, at: usize) -> &str {
        self.held
            .get(at.saturating_sub(self.base)..)
            .unwrap_or_default()
    }

    pub(super) fn slice(&self, from: usize, to: usize) -> &str {
        let range = from.saturating_sub(self.base)..to.saturating_sub(self.base);
        self.held.get(range).unwrap_or_default()
    }

    pub(super) fn opener(&self) -> &str {
        self.queue.front().map_or("", |part| part.opener.as_str())
    }

    /// Where the first message's text ends, and what closes it. `all`: nothing more will come.
    /// `heal`: what is incomplete is held back, and what is open is closed.
    pub(super) fn shown(&self, all: bool, heal: bool) -> (usize, String) {
        let Some(part) = self.queue.front() else {
            return (self.scan.at, String::new());
        };
        match &part.end {
            Some((at, closers)) => (*at, closers.clone()),
            None if all => (self.scan.at, self.scan.closers()),
            None if heal => {
                let (at, closers) = self.scan.shown();
                (at.max(part.from), closers)
            }
            None => (self.scan.at, String::new()),
        }
    }

    fn start_of_last(&self) -> usize {
        self.queue.back().map_or(self.scan.at, |part| part.from)
    }

    fn open(&mut self, state: Scan) {
        let part = Part::new(state);
        self.opener_units = self.unit.len(&part.opener);
        self.queue.push_back(part);
        self.scan = state;
        self.best = None;
        self.latest = None;
        self.paragraph = None;
    }

    /// Drops text that no message needs, once that is half of it.
    fn forget(&mut self) {
        let unused = self.from().saturating_sub(self.base);
        if unused * 2 >= self.held.len() && unused > 0 {
            self.held.drain(..unused);
            self.base += unused;
        }
    }

    fn feed(&mut self) {
        while let Some(state) = self.overflow() {
            self.cut_at(state);
        }
    }

    /// Looks at new text; gives the place to cut at once the open message is too long.
    fn overflow(&mut self) -> Option<Scan> {
        let first = self.queue.len() == 1;
        let part = self.queue.back_mut()?;
        let text = self.held.get(self.scan.at - self.base..)?;
        for c in text.chars() {
            if self.scan.skips(c) {
                self.scan.step(c);
                self.scan.units = 0;
                part.from = self.scan.at;
                part.start = self.scan;
                continue;
            }
            let room = self.text_max.saturating_sub(self.opener_units);
            if self.scan.units * 2 >= room && self.scan.ends_before(c) {
                let rank = self.scan.rank(c);
                if self.best.is_none_or(|(best, _)| rank >= best) {
                    self.best = Some((rank, self.scan));
                }
                if first && self.pinned > part.from {
                    self.latest = Some(self.scan);
                }
            }
            if self.scan.rank_is_paragraph(c) {
                self.paragraph = Some(self.scan);
            }
            self.scan.step(c);
            if self.scan.units + self.scan.closers_len() > room {
                let pinned = if first { self.pinned } else { 0 };
                let best = self.best.map(|(_, state)| state);
                let chosen = [best, self.latest].into_iter().flatten();
                let mut chosen = chosen.filter(|state| state.at >= pinned && state.at > part.from);
                return Some(match chosen.next() {
                    Some(state) => state,
                    None if pinned > part.from => self.state_at(pinned),
                    None => self.scan,
                });
            }
        }
        None
    }

    fn cut_at(&mut self, state: Scan) {
        if let Some(part) = self.queue.back_mut() {
            part.end = Some((state.at, state.closers()));
        }
        self.open(state.restarted());
    }

    /// The state at a place inside of the first message.
    fn state_at(&self, at: usize) -> Scan {
        let mut state = self.queue.front().map_or(self.scan, |part| part.start);
        for c in self.rest(state.at).chars() {
            if state.at >= at {
                break;
            }
            state.step(c);
        }
        state
    }
}

impl Part {
    fn end(&self) -> Option<usize> {
        self.end.as_ref().map(|(at, _)| *at)
    }
}

impl Scan {
    fn rank_is_paragraph(&self, next: char) -> bool {
        self.is_line_start() && self.rank(next) == rank::PARAGRAPH
    }
}
