//! The second machine: what looks like a secret.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::Found;
use super::edge::Edge;
use super::rules::{Class, Mix, RULES, Rule};

/// The longest first part of a JSON Web Token that is waited for.
const WEB_HEAD_BYTES_MAX: usize = 1024;

/// The longest that is waited for: such a token, until its second part has begun.
pub(super) const HOLD_BYTES_MAX: usize = WEB_HEAD_BYTES_MAX + 16;

/// Bytes of a secret that was cut by the end of the body which make it one.
const CUT_BYTES_MIN: usize = 8;

/// Bytes of each part of a token that make it one.
const WEB_PART_BYTES: usize = 8;

const PEM: &[u8] = b"-----BEGIN ";
const PRIVATE_KEY: &[u8] = b"PRIVATE KEY";
const PEM_LABEL_BYTES_MAX: usize = 40;

#[derive(Clone, Debug, Default)]
pub(super) struct Patterns {
    edge: Edge,
    /// Bytes from the first that may begin a secret.
    held: VecDeque<u8>,
    /// How many of them were tried.
    seen: usize,
    /// The secrets that they may become.
    tries: Vec<Try>,
    /// The secret that is being replaced.
    inside: Option<Inside>,
    /// Offset of the first held byte.
    at: u64,
}

/// A secret that is certain, as long as it goes on.
#[derive(Clone, Copy, Debug)]
struct Inside {
    class: Class,
    kind: &'static str,
    /// A byte of it was replaced.
    listed: bool,
    /// Where it is listed, if there is room.
    place: Option<usize>,
    dots: u8,
    /// In PEM: dashes in a row, and what escapes leave to be kept.
    dashes: u8,
    escape: Edge,
    /// In PEM: the line end behind the first line has come.
    begun: bool,
}

/// A secret that is not certain yet.
#[derive(Clone, Copy, Debug)]
struct Try {
    what: What,
    /// Bytes that fit.
    fits: usize,
    digit: bool,
    small: bool,
    capital: bool,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// A start, then a run.
    Run(&'static Rule),
    /// `eyJ…`, a dot, `eyJ…`; where the dot is.
    Web { dot: Option<usize> },
    /// `-----BEGIN … PRIVATE KEY … -----`: how much of `PRIVATE KEY` has come, and of dashes.
    Pem { key: usize, dashes: usize },
}

enum Step {
    No,
    More,
    /// Certain: how much of the beginning stays, and what it goes on with.
    Yes(usize, Class, &'static str),
}

impl Patterns {
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>, found: &mut Found) {
        for byte in bytes {
            if self.held.is_empty() && self.inside.is_none() && !begins(*byte) {
                self.edge = self.edge.after(*byte);
                self.at += 1;
                out.push(*byte);
                continue;
            }
            self.held.push_back(*byte);
            self.go_on(out, found);
        }
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>, found: &mut Found) {
        while !self.held.is_empty() {
            match self.tries.iter().find_map(Try::cut) {
                Some((stays, class, kind)) => self.enter(stays, class, kind, out, found),
                None => self.pass_one(out),
            }
            self.go_on(out, found);
        }
    }

    /// Tries what is held and not tried yet.
    fn go_on(&mut self, out: &mut Vec<u8>, found: &mut Found) {
        while let Some(byte) = self.held.get(self.seen).copied() {
            if let Some(inside) = &mut self.inside {
                let (goes_on, sign) = inside.step(byte);
                if goes_on {
                    self.held.pop_front();
                    out.push(sign);
                    if sign != byte {
                        inside.list(self.at, 1, found);
                    }
                    self.at += 1;
                } else {
                    self.inside = None;
                    self.edge = Edge::Word;
                }
                continue;
            }
            if self.seen == 0 {
                self.tries.clear();
                if begins(byte) {
                    self.begin(byte);
                }
            } else {
                match self.step(byte) {
                    Step::Yes(stays, class, kind) => {
                        self.seen += 1;
                        self.enter(stays, class, kind, out, found);
                        continue;
                    }
                    Step::More | Step::No => {}
                }
            }
            if self.tries.is_empty() {
                self.pass_one(out);
            } else {
                self.seen += 1;
            }
        }
    }

    /// What a secret may be that begins with this byte.
    fn begin(&mut self, byte: u8) {
        if byte == b'-' {
            self.tries.push(Try::new(What::Pem { key: 0, dashes: 0 }));
        }
        if !self.edge.opens(byte) {
            return;
        }
        if byte == b'e' {
            self.tries.push(Try::new(What::Web { dot: None }));
        }
        let rules = RULES
            .iter()
            .filter(|rule| rule.start.first() == Some(&byte));
        self.tries
            .extend(rules.map(|rule| Try::new(What::Run(rule))));
    }

    /// Gives the next byte to all tries; those that it does not fit go.
    fn step(&mut self, byte: u8) -> Step {
        let mut certain = Step::More;
        self.tries.retain_mut(|this| match this.step(byte) {
            Step::No => false,
            Step::More => true,
            yes @ Step::Yes(..) => {
                if matches!(certain, Step::More) {
                    certain = yes;
                }
                true
            }
        });
        certain
    }

    /// The tried bytes are a secret's: the first of them stay, the others are replaced.
    fn enter(
        &mut self,
        stays: usize,
        class: Class,
        kind: &'static str,
        out: &mut Vec<u8>,
        found: &mut Found,
    ) {
        let length = self.seen.saturating_sub(stays);
        out.extend(self.held.drain(..stays));
        self.held.drain(..length);
        out.resize(out.len() + length, b'*');
        let from = self.at + stays as u64;
        self.at = from + length as u64;
        let mut inside = Inside {
            class,
            kind,
            listed: false,
            place: None,
            // Of a token, the first dot is among the bytes that made it certain.
            dots: 1,
            dashes: 0,
            escape: Edge::Open,
            begun: false,
        };
        if length > 0 {
            inside.list(from, length as u64, found);
        }
        self.inside = Some(inside);
        self.seen = 0;
        self.tries.clear();
    }

    /// No secret begins with the first held byte.
    fn pass_one(&mut self, out: &mut Vec<u8>) {
        if let Some(byte) = self.held.pop_front() {
            self.edge = self.edge.after(byte);
            self.at += 1;
            out.push(byte);
        }
        self.seen = 0;
        self.tries.clear();
    }
}

/// Some secret begins with this byte.
#[expect(clippy::indexing_slicing, reason = "a byte is below 256")]
const fn begins(byte: u8) -> bool {
    BEGINS[byte as usize]
}

#[expect(clippy::indexing_slicing, reason = "evaluated while compiling")]
const BEGINS: [bool; 256] = {
    let mut begins = [false; 256];
    begins[b'-' as usize] = true;
    begins[b'e' as usize] = true;
    let mut rule = 0;
    while rule < RULES.len() {
        begins[RULES[rule].start[0] as usize] = true;
        rule += 1;
    }
    begins
};

impl Inside {
    /// Bytes of it were replaced.
    fn list(&mut self, offset: u64, length: u64, found: &mut Found) {
        if self.listed {
            found.reach(self.place, offset + length);
        } else {
            self.listed = true;
            self.place = found.add(offset, length, self.kind);
        }
    }

    /// Whether the secret goes on with this byte, and what stands in its place.
    fn step(&mut self, byte: u8) -> (bool, u8) {
        match self.class {
            Class::Pem => self.step_pem(byte),
            Class::Web if byte == b'.' && self.dots < 2 => {
                self.dots += 1;
                (true, b'*')
            }
            class => (class.has(byte), b'*'),
        }
    }

    /// Line ends, raw or escaped, and signs stay; letters and digits go; five dashes end it.
    fn step_pem(&mut self, byte: u8) -> (bool, u8) {
        let escaped = !matches!(self.escape, Edge::Open | Edge::Word);
        self.escape = match self.escape.after(byte) {
            // No `%` in here.
            Edge::Percent(_) => Edge::Open,
            edge => edge,
        };
        if !self.begun {
            self.begun = true;
            return (matches!(byte, b'\n' | b'\r' | b'\\'), byte);
        }
        if escaped {
            return (true, byte);
        }
        self.dashes = if byte == b'-' { self.dashes + 1 } else { 0 };
        match byte {
            b'-' => (self.dashes < 5, byte),
            b'+' | b'/' | b'=' => (true, b'*'),
            b'\n' | b'\r' | b' ' | b'\t' | b'\\' | b':' | b',' => (true, byte),
            _ => (byte.is_ascii_alphanumeric(), b'*'),
        }
    }
}

impl Try {
    /// The first byte fits.
    const fn new(what: What) -> Self {
        Self {
            what,
            fits: 1,
            digit: false,
            small: false,
            capital: false,
        }
    }

    fn step(&mut self, byte: u8) -> Step {
        let step = match self.what {
            What::Run(rule) => self.step_run(rule, byte),
            What::Web { dot } => self.step_web(dot, byte),
            What::Pem { key, dashes } => self.step_pem(key, dashes, byte),
        };
        self.fits += 1;
        step
    }

    fn step_run(&mut self, rule: &'static Rule, byte: u8) -> Step {
        if let Some(expected) = rule.start.get(self.fits) {
            return if *expected == byte {
                Step::More
            } else {
                Step::No
            };
        }
        if !rule.class.has(byte) {
            return Step::No;
        }
        self.digit |= byte.is_ascii_digit();
        self.small |= byte.is_ascii_lowercase();
        self.capital |= byte.is_ascii_uppercase();
        if self.fits + 1 < rule.start.len() + rule.least {
            Step::More
        } else if self.is_mixed(rule.mix) {
            Step::Yes(rule.stays, rule.class, rule.kind)
        } else {
            Step::No
        }
    }

    const fn is_mixed(&self, mix: Mix) -> bool {
        match mix {
            Mix::Any => true,
            Mix::Digit => self.digit,
            Mix::DigitOrCapital => self.digit || self.capital,
            Mix::DigitOrBoth => self.digit || (self.small && self.capital),
        }
    }

    fn step_web(&mut self, dot: Option<usize>, byte: u8) -> Step {
        let from = self.fits - dot.map_or(0, |dot| dot + 1);
        if let Some(expected) = b"eyJ".get(from) {
            return if *expected == byte {
                Step::More
            } else {
                Step::No
            };
        }
        if byte == b'.' && dot.is_none() && from >= 3 + WEB_PART_BYTES {
            let dot = Some(self.fits);
            self.what = What::Web { dot };
            return Step::More;
        }
        if !Class::Web.has(byte) || self.fits > HOLD_BYTES_MAX - 2 {
            return Step::No;
        }
        match dot {
            None if self.fits > WEB_HEAD_BYTES_MAX => Step::No,
            Some(_) if from + 1 >= 3 + WEB_PART_BYTES => Step::Yes(0, Class::Web, "jwt"),
            _ => Step::More,
        }
    }

    fn step_pem(&mut self, key: usize, dashes: usize, byte: u8) -> Step {
        if let Some(expected) = PEM.get(self.fits) {
            return if *expected == byte {
                Step::More
            } else {
                Step::No
            };
        }
        let whole = PRIVATE_KEY.len();
        let (key, dashes) = match (byte, PRIVATE_KEY.get(key)) {
            (b'-', None) => (key, dashes + 1),
            _ if dashes > 0 => return Step::No,
            (_, None) if byte == b' ' || byte.is_ascii_uppercase() => (key, 0),
            (_, Some(expected)) if byte == *expected => (key + 1, 0),
            (b'P', Some(_)) => (1, 0),
            (_, Some(_)) if byte == b' ' || byte.is_ascii_alphanumeric() => (0, 0),
            _ => return Step::No,
        };
        self.what = What::Pem { key, dashes };
        if dashes == 5 && key == whole {
            // The first line stays, and says what was there.
            return Step::Yes(self.fits + 1, Class::Pem, "private_key");
        }
        if self.fits > PEM.len() + PEM_LABEL_BYTES_MAX {
            return Step::No;
        }
        Step::More
    }

    /// At the end of the body: enough of a secret, though it was cut.
    fn cut(&self) -> Option<(usize, Class, &'static str)> {
        match self.what {
            What::Run(rule) => {
                let enough = self.fits >= rule.start.len() + CUT_BYTES_MIN;
                let is_one = enough && self.is_mixed(rule.mix);
                is_one.then_some((rule.stays, rule.class, rule.kind))
            }
            What::Web { dot: Some(_) } => Some((0, Class::Web, "jwt")),
            What::Web { dot: None } | What::Pem { .. } => None,
        }
    }
}
