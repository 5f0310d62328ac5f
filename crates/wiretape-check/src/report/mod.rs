//! What was found, for people and for machines.
//!
//! ```text
//!  cases, findings ──▶ Report ──▶ JSON ──▶ merge ──▶ Report ──▶ table, JUnit, HTML
//!  tape, script, observation ──▶ Timeline ──┘
//! ```
//!
//! A [`Report`] is a sum over cases: it does not depend on the order in which they come, nor on how
//! they are divided among machines. [`merge()`] adds up what shards have written, and the union of
//! all shards of a plan is the report of the whole.

mod facts;
mod html;
mod json;
mod junit;
mod merge;
mod order;
#[cfg(test)]
mod tests;
pub mod timeline;

use serde::{Deserialize, Serialize};
use wiretape_vary::{Scenario, Standing};

pub use facts::{ClassFacts, Facts, TapeFacts};
pub use html::PAGE_BYTES_MAX;
pub use json::ReadError;
pub use merge::{MergeError, merge};
pub use order::class_order;
pub use timeline::{Played, Timeline};

use crate::{Code, Finding, Severity};

/// The version of the format.
pub const VERSION: u32 = 1;

/// Bytes that are kept of each text that a finding quotes; the rest becomes `…`.
pub const QUOTE_BYTES_MAX: usize = 2_000;

/// Lines that are kept of an explanation.
pub const EXPLAIN_LINES_MAX: usize = 16;

/// Causes that are kept of a finding.
pub const CAUSES_MAX: usize = 8;

/// Exchanges of an untouched tape that are drawn.
const BASELINE_TIMELINES_MAX: usize = 8;

/// The class of what was found on an untouched tape.
pub const UNTOUCHED: &str = "-";

/// All that a campaign, or a part of one, has come to. Its JSON has no floats, and its keys and
/// lists come in a fixed order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of the format: [`VERSION`].
    #[serde(rename = "wiretape_report")]
    pub version: u32,
    /// What was to be done. The same in all parts.
    pub plan: Facts,
    /// The parts that this report is the sum of, by their numbers.
    pub parts: Vec<Part>,
    /// The classes that are spoken of, in the order of the catalogue.
    pub classes: Vec<ClassFacts>,
    /// How the client does on each untouched tape, in the order of the plan.
    pub baselines: Vec<Baseline>,
    /// How many cases were tried, by class and tape.
    pub counts: Vec<Count>,
    /// Classes that were not tried on a tape, and why.
    pub not_tried: Vec<NotTried>,
    /// What was found, by code, class and tape.
    pub findings: Vec<Group>,
}

/// A part of a campaign: what one machine did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Part {
    /// Which shard, counted from 1.
    pub shard: u32,
    /// Of how many.
    pub of: u32,
    /// Cases that were tried.
    pub cases: u64,
    /// From its begin to its end.
    pub elapsed_ns: u64,
    /// Every case of the shard was tried; `false` where it was interrupted.
    pub finished: bool,
}

/// How a client does on an untouched tape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The tape's name.
    pub tape: String,
    /// In a word.
    pub state: BaselineState,
    /// Each exchange as it was recorded, and what the client did, as pictures; as many as were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timelines: Vec<Timeline>,
}

/// How a client does on an untouched tape, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineState {
    /// It does the same each time, and what the reply says.
    Stable,
    /// It does the same each time, but not what the reply says.
    Differs,
    /// It does not do the same twice.
    Varies,
    /// It fails.
    Fails,
}

/// How many cases of a class were tried on a tape, and what became of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    /// The class's id in the catalogue of failures.
    pub class: String,
    /// The tape's name.
    pub tape: String,
    /// How sure it is that a stream of the tape's dialect looks like that.
    #[serde(with = "facts::standing")]
    pub standing: Option<Standing>,
    /// Cases that were tried.
    pub tried: u64,
    /// Those with a finding: by the worst of each.
    pub found: BySeverity,
}

/// A number for each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BySeverity {
    /// How many are [`Severity::High`].
    pub high: u64,
    /// How many are [`Severity::Medium`].
    pub medium: u64,
    /// How many are [`Severity::Low`].
    pub low: u64,
    /// How many are [`Severity::Note`].
    pub note: u64,
}

/// A class that was not tried on a tape.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NotTried {
    /// The class's id in the catalogue of failures.
    pub class: String,
    /// The tape's name.
    pub tape: String,
    /// Why.
    pub why: String,
}

/// The findings of one code, provoked by one class on one tape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What the client does wrong.
    pub code: Code,
    /// What provoked it: the class's id in the catalogue of failures.
    pub class: String,
    /// The tape's name.
    pub tape: String,
    /// The worst of its findings.
    pub severity: Severity,
    /// How many cases show it.
    pub cases: u64,
    /// How many of them did not show it again when they were repeated.
    pub flaky: u64,
    /// The one with the lowest number.
    pub example: Example,
}

/// A finding with all that helps to understand it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The finding.
    pub finding: Finding,
    /// The line that repeats it.
    pub repeat: String,
    /// What happens in it, in a few lines; empty where nobody explained it.
    pub explain: Vec<String>,
    /// What of the delivery is left in the smallest case, as in `bom (F-07)`: a class is tried with
    /// other pieces around it, and one of them may be the cause. Empty where nobody made it small.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The delivery and what the client did, as a picture; `None` where nobody made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Box<Timeline>>,
}

/// A case that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried<'a> {
    /// The class's id in the catalogue of failures.
    pub class: &'a str,
    /// The tape's name.
    pub tape: &'a str,
    /// How sure it is that a stream of the tape's dialect looks like that.
    pub standing: Option<Standing>,
}

impl Report {
    /// A report of nothing yet: of shard `shard` (counted from 1) of `of`.
    #[must_use]
    pub fn new(plan: Facts, shard: u32, of: u32) -> Self {
        let part = Part {
            shard,
            of,
            cases: 0,
            elapsed_ns: 0,
            finished: false,
        };
        Self {
            version: VERSION,
            plan,
            parts: vec![part],
            classes: Vec::new(),
            baselines: Vec::new(),
            counts: Vec::new(),
            not_tried: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Says what a class is. Once is enough.
    pub fn name_class(&mut self, class: ClassFacts) {
        let wanted = class_order(&class.id);
        let mut order = self.classes.iter().map(|other| class_order(&other.id));
        let place = order.clone().take_while(|other| *other < wanted).count();
        if order.nth(place) != Some(wanted) {
            self.classes.insert(place, class);
        }
    }

    /// A class that was not tried on a tape.
    pub fn not_tried(&mut self, class: &str, tape: &str, why: &str) {
        let wanted = self.place(class, tape);
        let place = |other: &NotTried| self.place(&other.class, &other.tape).cmp(&wanted);
        let found = self.not_tried.binary_search_by(place);
        if let Err(place) = found {
            let not_tried = NotTried {
                class: class.into(),
                tape: tape.into(),
                why: quote(why),
            };
            self.not_tried.insert(place, not_tried);
        }
    }

    /// How the client does on an untouched tape, and what is wrong with that.
    pub fn add_baseline(&mut self, new: Baseline, found: Vec<Example>) {
        let wanted = self.place("", &new.tape);
        let place = |other: &Baseline| self.place("", &other.tape).cmp(&wanted);
        match self.baselines.binary_search_by(place) {
            Ok(place) => {
                if let Some(baseline) = self.baselines.get_mut(place) {
                    baseline.state = baseline.state.max(new.state);
                }
            }
            Err(place) => self.baselines.insert(place, new),
        }
        for example in found {
            self.add_example(example);
        }
    }

    /// A case that was tried, and what was found.
    pub fn add(&mut self, tried: Tried<'_>, found: Vec<Example>) {
        let worst = found.iter().map(|example| example.finding.severity).max();
        let count = self.count(tried);
        count.tried += 1;
        if let Some(worst) = worst {
            count.found.add(worst, 1);
        }
        if let Some(part) = self.parts.first_mut() {
            part.cases += 1;
        }
        for example in found {
            self.add_example(example);
        }
    }

    /// The end: how long it took, and whether every case was tried.
    pub fn finish(&mut self, elapsed_ns: u64, finished: bool) {
        if let Some(part) = self.parts.first_mut() {
            part.elapsed_ns = elapsed_ns;
            part.finished = finished;
        }
    }

    /// A finding of this kind, from a case of this number, would become the example of its group:
    /// it pays to explain it.
    #[must_use]
    pub fn would_show(&self, finding: &Finding) -> bool {
        let key = (
            finding.code,
            finding.class.as_str(),
            finding.place.tape.as_str(),
        );
        let group = self
            .find(key)
            .ok()
            .and_then(|place| self.findings.get(place));
        group.is_none_or(|group| finding.place.case < group.example.finding.place.case)
    }

    /// What was found, the worst first.
    #[must_use]
    pub fn worst_first(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.findings.iter().collect();
        // Stable: then by code, class and tape.
        groups.sort_by_key(|group| std::cmp::Reverse(group.severity));
        groups
    }

    /// Cases that were tried.
    #[must_use]
    pub fn tried(&self) -> u64 {
        let counts = self.counts.iter().map(|count| count.tried);
        counts.fold(0, u64::saturating_add)
    }

    /// Cases with a finding, by the worst of each.
    #[must_use]
    pub fn found(&self) -> BySeverity {
        let mut sum = BySeverity::default();
        for count in &self.counts {
            sum.add_all(count.found);
        }
        sum
    }

    /// The worst that was found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|group| group.severity).max()
    }

    /// The shards that are not in it, counted from 1.
    #[must_use]
    pub fn missing(&self) -> Vec<u32> {
        let of = self.parts.first().map_or(0, |part| part.of);
        let mut shards = self.parts.iter().map(|part| part.shard).peekable();
        (1..=of)
            .filter(|shard| shards.next_if_eq(shard).is_none())
            .collect()
    }

    /// Every shard is in it, and each tried all of its cases.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.missing().is_empty() && self.parts.iter().all(|part| part.finished)
    }

    /// What a class is, where the report says so.
    #[must_use]
    pub fn class(&self, id: &str) -> Option<&ClassFacts> {
        self.classes.iter().find(|class| class.id == id)
    }

    /// How sure it is that a stream of the tape's dialect looks as the class says.
    #[must_use]
    pub fn standing(&self, class: &str, tape: &str) -> Option<Standing> {
        let mut counts = self.counts.iter();
        let count = counts.find(|count| count.class == class && count.tape == tape)?;
        count.standing
    }

    /// The tape's name without the folder that all tapes lie in, and without what names of tapes
    /// end in.
    #[must_use]
    pub fn short_name<'a>(&self, tape: &'a str) -> &'a str {
        let mut names = self.plan.tapes.iter().map(|tape| tape.name.as_str());
        let first = names.next().unwrap_or_default();
        let mut shared = first.rfind('/').map_or(0, |slash| slash + 1);
        for name in names {
            while !name.starts_with(first.get(..shared).unwrap_or_default()) {
                let folder = first.get(..shared.saturating_sub(1)).unwrap_or_default();
                shared = folder.rfind('/').map_or(0, |slash| slash + 1);
            }
        }
        let folder = first.get(..shared).unwrap_or_default();
        let name = tape.strip_prefix(folder).unwrap_or(tape);
        name.strip_suffix(".tape").unwrap_or(name)
    }

    /// Where a class on a tape stands among others.
    fn place<'a>(&self, class: &'a str, tape: &'a str) -> Place<'a> {
        let mut tapes = self.plan.tapes.iter();
        let tape_place = tapes.position(|facts| facts.name == tape);
        let tape_place = tape_place.unwrap_or(usize::MAX);
        (class_order(class), tape_place, tape)
    }

    fn count(&mut self, tried: Tried<'_>) -> &mut Count {
        let wanted = self.place(tried.class, tried.tape);
        let place = |count: &Count| self.place(&count.class, &count.tape).cmp(&wanted);
        let found = self.counts.binary_search_by(place);
        let place = match found {
            Ok(place) => place,
            Err(place) => {
                let count = Count {
                    class: tried.class.into(),
                    tape: tried.tape.into(),
                    standing: tried.standing,
                    tried: 0,
                    found: BySeverity::default(),
                };
                self.counts.insert(place, count);
                place
            }
        };
        #[expect(clippy::indexing_slicing, reason = "found, or inserted just now")]
        &mut self.counts[place]
    }

    fn add_example(&mut self, mut example: Example) {
        example.clip();
        let finding = &example.finding;
        let group = Group {
            code: finding.code,
            class: finding.class.clone(),
            tape: finding.place.tape.clone(),
            severity: finding.severity,
            cases: 1,
            flaky: u64::from(finding.flaky),
            example,
        };
        self.add_group(group);
    }

    /// Adds findings to those of the same kind.
    fn add_group(&mut self, group: Group) {
        let key = (group.code, group.class.as_str(), group.tape.as_str());
        match self.find(key) {
            Ok(place) => {
                if let Some(same) = self.findings.get_mut(place) {
                    same.add(group);
                }
            }
            Err(place) => self.findings.insert(place, group),
        }
    }

    fn find(&self, (code, class, tape): (Code, &str, &str)) -> Result<usize, usize> {
        let wanted = (code, self.place(class, tape));
        let place = |other: &Group| {
            let place = (other.code, self.place(&other.class, &other.tape));
            place.cmp(&wanted)
        };
        self.findings.binary_search_by(place)
    }
}

/// A class's place in the catalogue, a tape's in the plan, and its name.
type Place<'a> = ((u32, &'a str), usize, &'a str);

impl Group {
    fn add(&mut self, other: Self) {
        self.severity = self.severity.max(other.severity);
        if other.class == UNTOUCHED {
            // Every part plays the untouched tape: what all of them find is one thing.
            self.cases = self.cases.max(other.cases);
            self.flaky = self.flaky.max(other.flaky);
        } else {
            self.cases = self.cases.saturating_add(other.cases);
            self.flaky = self.flaky.saturating_add(other.flaky);
        }
        if other.example.rank() < self.example.rank() {
            self.example = other.example;
        }
    }
}

impl Baseline {
    /// The baseline of a tape that was played untouched, with a picture of each exchange.
    #[must_use]
    pub fn of(name: &str, state: BaselineState, run: Played<'_>) -> Self {
        let exchanges = 0..run.tape.exchanges.len().min(BASELINE_TIMELINES_MAX);
        Self {
            tape: name.into(),
            state,
            timelines: exchanges
                .map(|exchange| Timeline::of(run, exchange))
                .collect(),
        }
    }
}

impl Example {
    /// A finding and the line that repeats it, neither explained nor drawn yet.
    #[must_use]
    pub fn new(finding: Finding, repeat: String) -> Self {
        Self {
            finding,
            repeat,
            explain: Vec::new(),
            causes: Vec::new(),
            timeline: None,
        }
    }

    /// With the causes that the smallest case has left.
    #[must_use]
    pub fn caused_by(mut self, smallest: &Scenario) -> Self {
        for piece in &smallest.pieces {
            let cause = format!("{} ({})", piece.name(), piece.id());
            if !self.causes.contains(&cause) {
                self.causes.push(cause);
            }
        }
        self
    }

    /// With a picture of the run that shows it.
    #[must_use]
    pub fn drawn(mut self, run: Played<'_>) -> Self {
        let exchange = self.finding.place.exchange;
        self.timeline = Some(Box::new(Timeline::of(run, exchange)));
        self
    }

    /// The example of the lowest rank is shown; two of one rank are the same.
    fn rank(&self) -> (Option<u64>, usize, &str, &str, Option<&str>, bool, &str) {
        let finding = &self.finding;
        (
            finding.place.case,
            finding.place.exchange,
            &finding.expected,
            &finding.seen,
            finding.difference.as_deref(),
            finding.flaky,
            &self.repeat,
        )
    }

    fn clip(&mut self) {
        let finding = &mut self.finding;
        for text in [&mut finding.expected, &mut finding.seen] {
            *text = quote(text);
        }
        finding.difference = finding.difference.as_deref().map(quote);
        self.explain.truncate(EXPLAIN_LINES_MAX);
        self.causes.truncate(CAUSES_MAX);
        for line in &mut self.explain {
            *line = quote(line);
        }
    }
}

impl BySeverity {
    /// The number of one severity.
    #[must_use]
    pub const fn of(self, severity: Severity) -> u64 {
        match severity {
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Note => self.note,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn sum(self) -> u64 {
        let (bad, mild) = (
            self.high.saturating_add(self.medium),
            self.low.saturating_add(self.note),
        );
        bad.saturating_add(mild)
    }

    /// The worst severity of which there is one.
    #[must_use]
    pub fn worst(self) -> Option<Severity> {
        let mut worst_first = Severity::ALL.into_iter().rev();
        worst_first.find(|severity| self.of(*severity) > 0)
    }

    const fn add(&mut self, severity: Severity, more: u64) {
        let number = match severity {
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Note => &mut self.note,
        };
        *number = number.saturating_add(more);
    }

    const fn add_all(&mut self, other: Self) {
        self.high = self.high.saturating_add(other.high);
        self.medium = self.medium.saturating_add(other.medium);
        self.low = self.low.saturating_add(other.low);
        self.note = self.note.saturating_add(other.note);
    }
}

impl BaselineState {
    /// Its name: stable.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Differs => "differs",
            Self::Varies => "varies",
            Self::Fails => "fails",
        }
    }

    /// The state that a finding on the untouched tape tells of.
    #[must_use]
    pub const fn of(code: Code) -> Option<Self> {
        match code {
            Code::BaselineFails => Some(Self::Fails),
            Code::BaselineVaries => Some(Self::Varies),
            Code::BaselineDiffers => Some(Self::Differs),
            _ => None,
        }
    }
}

/// A standing's name.
#[must_use]
pub const fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Seen => "seen",
        Standing::Documented => "documented",
        Standing::Lawful => "lawful",
    }
}

/// As much of the text as is kept.
fn quote(text: &str) -> String {
    quote_bytes(text, QUOTE_BYTES_MAX)
}

/// The text, or its begin of at most so many bytes and `…`.
fn quote_bytes(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.into();
    }
    let mut end = bytes_max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", text.get(..end).unwrap_or_default())
}
