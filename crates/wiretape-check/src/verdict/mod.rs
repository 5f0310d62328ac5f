//! The oracle: what a client did against what the delivery permits.
//!
//! ```text
//!  untouched tape ──▶ client ──▶ baseline ─┐
//!                                          ├─ judge ──▶ findings
//!  tape × case ─────▶ client ──▶ seen ─────┘
//!          └─▶ scripts: what each delivery permits
//! ```
//!
//! A client is judged against itself: a reshape must give what the untouched tape gave, a fault one
//! of the [outcomes](Outcome) that it permits. Two kinds of evidence are read alike: the request
//! behind a reply, which repeats its text and calls with their results, and the client's own
//! account. What neither shows is not judged.
//!
//! Nothing here reads a clock or draws a number: the same run gives the same findings.

mod baseline;
mod compare;
mod deed;
mod ends;
mod evidence;
mod explain;
mod permit;
mod replies;
mod retries;

use wiretape_tape::Tape;
use wiretape_vary::{Backing, Outcome, Scenario, Script, Standing};

use crate::{Case, Code, Finding, Observation, Place, TurnSeen};
use deed::Content;
pub use explain::explain;
use permit::Blame;

/// All that is known of one run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The tape, untouched.
    pub tape: &'a Tape,
    /// What our own reader makes of it.
    pub replies: &'a Replies,
    /// Which delivery it was; `None`: the untouched tape.
    pub case: Option<&'a Case>,
    /// What was sent for each exchange, attempt by attempt; the last stands for all that follow.
    pub sent: &'a [Vec<Script>],
    /// What the client did on the untouched tape.
    pub baseline: &'a Observation,
    /// What it did this time.
    pub seen: &'a Observation,
}

/// What our own reader makes of a tape's replies: read once, for all runs on it.
#[derive(Clone, Debug)]
pub struct Replies(Vec<Option<Content>>);

impl Replies {
    /// Reads every reply of the tape.
    #[must_use]
    pub fn of(tape: &Tape) -> Self {
        Self(deed::contents(tape))
    }

    /// What an exchange says; `None` where its dialect is not known, or it is no turn.
    fn of_exchange(&self, exchange: usize) -> Option<&Content> {
        self.0.get(exchange)?.as_ref()
    }
}

/// What the client did wrong; empty where nothing is. Each code at most once, in the order of the
/// codes. [`Place::tape`] is left empty: a tape does not know its name.
///
/// Of the untouched tape (`case` is `None`), `baseline` is what the client did on it the first
/// time, and `seen` the second.
#[must_use]
pub fn judge(run: Run<'_>) -> Vec<Finding> {
    let mut found = Found {
        run,
        findings: Vec::new(),
    };
    if let Some((blame, exchange)) = ends::judge(&run) {
        found.add(blame, exchange);
    }
    if run.case.is_none() {
        for (blame, exchange) in baseline::judge(&run) {
            found.add(blame, exchange);
        }
    } else {
        replies::judge(&mut found);
    }
    for turn in &run.seen.turns {
        for blame in retries::judge(&run, turn) {
            found.add(blame, turn.exchange);
        }
        found.extend(evidence::not_incremental(&run, turn), turn.exchange);
        found.extend(evidence::history(&run, turn), turn.exchange);
    }
    let last = run.seen.turns.last().map_or(0, |turn| turn.exchange);
    found.extend(evidence::overflow(&run), last);
    found.extend(evidence::secret(&run), last);
    found.findings.sort_by_key(|finding| finding.code);
    found.findings
}

/// What the deliveries of a reply permit, of all the attempts that were made: a client that asks
/// again may come to the reply, or give up.
fn permits(run: &Run<'_>, turn: &TurnSeen) -> Vec<Outcome> {
    let mut all = Vec::new();
    for attempt in 0..turn.attempts.len().max(1) {
        match deed::script_of(run.sent, turn.exchange, attempt) {
            Some(script) => all.extend_from_slice(&script.permits),
            None => all.push(Outcome::Same),
        }
        let accepts = turn
            .attempts
            .get(attempt)
            .map_or("", |attempt| &attempt.accepts);
        let coding = deed::head_of(run, turn.exchange, attempt);
        let coding = coding.and_then(|head| head.value("content-encoding"));
        if coding.is_some_and(|coding| !offered(accepts, coding)) {
            // Nobody needs to read what they did not ask for.
            all.extend([Outcome::ErrorReported, Outcome::EofReported]);
        }
    }
    all.sort_unstable();
    all.dedup();
    all
}

/// The coding is among those that a request accepts.
fn offered(accepts: &str, coding: &str) -> bool {
    let mut offers = accepts.split(',').filter_map(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let name = parts.next()?;
        let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        (!refused).then_some(name)
    });
    let plain = coding.is_empty() || coding.eq_ignore_ascii_case("identity");
    plain || offers.any(|offer| offer == "*" || offer.eq_ignore_ascii_case(coding))
}

/// The findings of a run, each code once.
struct Found<'a> {
    run: Run<'a>,
    findings: Vec<Finding>,
}

impl Found<'_> {
    fn extend(&mut self, blame: Option<Blame>, exchange: usize) {
        if let Some(blame) = blame {
            self.add(blame, exchange);
        }
    }

    fn add(&mut self, blame: Blame, exchange: usize) {
        let mut findings = self.findings.iter();
        if findings.any(|finding| finding.code == blame.code) {
            return;
        }
        let run = &self.run;
        let case = run.case;
        let mut severity = blame.code.severity(standing(run));
        if blame.code == Code::NoIdleTimeout {
            severity = ends::severity(run, severity);
        }
        self.findings.push(Finding {
            code: blame.code,
            severity,
            class: case.map_or_else(|| "-".to_owned(), |case| case.class.clone()),
            expected: blame.expected,
            seen: blame.seen,
            difference: blame.difference,
            place: Place {
                tape: String::new(),
                case: case.map(|case| case.number),
                exchange,
                scenario: case.map_or_else(Scenario::plain, |case| case.scenario.clone()),
            },
            flaky: false,
        });
    }
}

/// How sure it is that a provider sends this: as sure as of the piece that is least so, since any
/// of them may have done it. Of the untouched tape it is certain.
fn standing(run: &Run<'_>) -> Standing {
    let Some(case) = run.case else {
        return Standing::Seen;
    };
    let dialect = run.tape.header.dialect.clone();
    let dialect = dialect.or_else(|| deed::dialect(run.tape).map(|one| one.name().to_owned()));
    let dialect = dialect.unwrap_or_default();
    weakest(&case.scenario, &dialect).map_or(Standing::Seen, |backing| backing.standing)
}

/// The evidence for the piece that is least sure; `None` where nothing is done.
fn weakest(scenario: &Scenario, dialect: &str) -> Option<Backing> {
    let retries = scenario.retries.iter().flatten();
    let pieces = scenario.pieces.iter().chain(retries);
    let all = pieces.map(|piece| piece.backing(dialect));
    all.max_by_key(|backing| backing.standing)
}
