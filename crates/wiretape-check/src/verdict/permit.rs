//! Does what a client made of a reply fit one of the outcomes that are permitted, and what is it
//! called where it fits none.

use wiretape_vary::Outcome;

use super::compare::{self, CallsDiffer, Done};
use super::deed::Deed;
use crate::Code;

/// One reply: what may be made of it, what was made of it untouched, and what this time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply<'a> {
    /// What the deliveries permit, of all the attempts that were made.
    pub(super) permits: &'a [Outcome],
    /// Of the untouched tape.
    pub(super) want: &'a Deed,
    /// Of this delivery.
    pub(super) got: &'a Deed,
    /// Calls of later replies: there if the client went on, absent if it did not.
    pub(super) later: &'a [Done],
    /// The client asked for a later reply.
    pub(super) went_on: bool,
    /// Requests for it, or for all replies, where it is more than one for one.
    pub(super) attempts: usize,
    /// Where in the untouched text the texts of the replies begin.
    pub(super) starts: &'a [usize],
    /// The run has no proper end, so that nothing is known of what is missing.
    pub(super) gone: bool,
    /// More than one reply's text: what a broken one lacks may be missing in the middle.
    pub(super) joined: bool,
    /// The error that the run ended with, in the client's words.
    pub(super) error: Option<&'a str>,
}

/// Something that is wrong with what was made of a reply.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Blame {
    pub(super) code: Code,
    pub(super) expected: String,
    pub(super) seen: String,
    pub(super) difference: Option<String>,
}

impl Blame {
    pub(super) fn new(code: Code, expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self {
            code,
            expected: expected.into(),
            seen: seen.into(),
            difference: None,
        }
    }
}

/// The outcomes that let calls be run.
fn acts(outcome: Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::NoCalls | Outcome::ErrorReported | Outcome::EofReported
    )
}

/// Nothing but what the untouched reply gives.
pub(super) fn lawful(permits: &[Outcome]) -> bool {
    permits.iter().all(|outcome| whole(*outcome))
}

/// The reply as it was, in all that is compared here: ids and reasoning are not.
fn whole(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Same
            | Outcome::SameButReason
            | Outcome::SameButIds
            | Outcome::SameButReasoning
            | Outcome::SameCalls
            | Outcome::SameFirst
    )
}

impl Reply<'_> {
    /// What is wrong; nothing where one of the outcomes fits.
    pub(super) fn judge(&self) -> Vec<Blame> {
        if self.permits.iter().any(|outcome| self.fits(*outcome)) {
            return Vec::new();
        }
        let mut blames = self.blame_calls();
        let calls = !blames.is_empty();
        if !self.gone {
            if lawful(self.permits) && self.got.reported && !self.want.reported {
                // The rest of what is missing follows from it.
                blames.push(Blame::new(
                    Code::ErrorOnLawful,
                    "the reply, which says the same as the untouched one",
                    self.error_shown(),
                ));
                return blames;
            }
            blames.extend(self.blame_text());
            if blames.is_empty() {
                blames.push(self.blame_end());
            } else if !calls {
                blames.extend(self.blame_lost());
            }
        }
        blames
    }

    /// What it reported, in its words where it has any.
    fn error_shown(&self) -> String {
        match self.error.filter(|words| !words.is_empty()) {
            Some(words) => format!("an error: {}", compare::shorten(words, 200)),
            None => "an error".to_owned(),
        }
    }

    /// The calls against those that there ought to be: this reply's, and those of later replies that
    /// the client asked for.
    fn calls(&self) -> CallsDiffer {
        self.calls_of(&self.want.calls)
    }

    fn calls_of(&self, own: &[Done]) -> CallsDiffer {
        let mut due = own.to_vec();
        due.extend_from_slice(self.later);
        let mut differ = compare::calls(&due, &self.got.calls);
        if self.got.reported {
            // What stopped the run may have stopped it in a later reply, too.
            differ.lost.retain(|call| own.contains(call));
        }
        differ
    }

    /// Calls of this reply that were run: not those of later replies, which come last.
    fn own(&self) -> Vec<Done> {
        let mut later = self.later.to_vec();
        let mut own: Vec<Done> = Vec::new();
        for call in self.got.calls.iter().rev() {
            match later.iter().position(|later| later == call) {
                Some(place) => drop(later.remove(place)),
                None => own.push(call.clone()),
            }
        }
        own.reverse();
        own
    }

    fn fits(&self, outcome: Outcome) -> bool {
        match outcome {
            whole if self::whole(whole) => {
                (outcome == Outcome::SameCalls || self.same_text())
                    && self.calls().is_same()
                    && (self.got.reported == self.want.reported || self.gone)
            }
            Outcome::SoFar | Outcome::CallsRefused => self.begun() && self.calls().is_part(),
            Outcome::NoCalls => self.begun() && self.own().is_empty(),
            Outcome::ErrorReported | Outcome::EofReported => {
                self.begun() && self.own().is_empty() && (self.got.reported || self.gone)
            }
            // What is not known here is not judged.
            _ => true,
        }
    }

    fn same_text(&self) -> bool {
        match (&self.want.text, &self.got.text) {
            (Some(want), Some(got)) => want == got || (self.gone && compare::begins(got, want)),
            _ => true,
        }
    }

    /// The text is where the untouched one begins, or may be another.
    fn begun(&self) -> bool {
        if self.permits.contains(&Outcome::SameCalls) {
            return true;
        }
        match (&self.want.text, &self.got.text) {
            (Some(want), Some(got)) if self.joined => compare::left_out(got, want),
            (Some(want), Some(got)) => compare::begins(got, want),
            _ => true,
        }
    }

    fn acting(&self) -> bool {
        self.permits.iter().any(|outcome| acts(*outcome))
    }

    /// Calls that were run and must not be.
    fn blame_calls(&self) -> Vec<Blame> {
        if !self.acting() {
            let own = self.own();
            if own.is_empty() {
                return Vec::new();
            }
            return vec![Blame::new(
                Code::ToolFromIncompleteStream,
                "no call, since the reply did not end in a way that permits acting",
                format!("it ran {}", compare::shown(&own)),
            )];
        }
        let differ = self.calls();
        let mut blames = Vec::new();
        if let Some((want, got)) = differ.other.first() {
            let expected = match want {
                Some(want) => want.shown(),
                None => "no further call".to_owned(),
            };
            let mut blame = Blame::new(
                Code::ToolArgumentsDiffer,
                expected,
                format!("it ran {}", got.shown()),
            );
            let shown = want.as_ref().map(Done::shown);
            blame.difference = shown.map(|want| compare::difference(&want, &got.shown()));
            blames.push(blame);
        }
        if let Some(twice) = differ.twice.first() {
            blames.push(Blame::new(
                Code::ToolRunTwice,
                format!("{} as often as the reply has it", twice.shown()),
                format!("it ran {} more often", compare::shown(&differ.twice)),
            ));
        }
        blames
    }

    /// The text, where it is no beginning of the reply's.
    fn blame_text(&self) -> Option<Blame> {
        let (want, got) = (self.want.text.as_ref()?, self.got.text.as_ref()?);
        let other = self.permits.contains(&Outcome::SameCalls);
        let wrong = if lawful(self.permits) {
            want != got && !other
        } else {
            !self.begun()
        };
        if !wrong {
            return None;
        }
        let (code, expected) = if self.again(want, got) {
            (
                Code::RetriedAfterOutput,
                "no second request behind text that was shown, or that text taken back",
            )
        } else if compare::doubled(got, want) {
            (Code::TextDuplicated, "the reply's text, once")
        } else {
            (Code::TextDiffers, "the reply's text")
        };
        let expected = format!("{expected}: {}", compare::quoted(want));
        let mut blame = Blame::new(code, expected, compare::quoted(got));
        blame.difference = Some(compare::difference(want, got));
        Some(blame)
    }

    /// What was shown is the begin of the reply's text, and then that text from its begin again.
    fn again(&self, want: &str, got: &str) -> bool {
        if self.attempts < 2 {
            return false;
        }
        // Half a character at the end of an attempt is none of the text.
        let whole: String;
        let got = if want.contains('\u{FFFD}') {
            got
        } else {
            whole = got.replace('\u{FFFD}', "");
            &whole
        };
        let texts = self.starts.iter().filter_map(|start| want.get(*start..));
        let texts: Vec<&str> = texts.collect();
        compare::beginnings(got, &texts, self.attempts).is_some_and(|count| count > 1)
    }

    /// Calls that are missing.
    fn blame_lost(&self) -> Option<Blame> {
        if !lawful(self.permits) {
            return None;
        }
        let differ = self.calls();
        let lost = differ.lost.first()?;
        Some(Blame::new(
            Code::ToolLost,
            format!("{} to be run", lost.shown()),
            format!("it did not run {}", compare::shown(&differ.lost)),
        ))
    }

    /// It ends as if all were well, and the reply is not whole.
    fn blame_end(&self) -> Blame {
        if let Some(blame) = self.blame_lost() {
            return blame;
        }
        if self.got.reported && self.went_on {
            let expected = "the later replies, which are as untouched";
            let seen = format!("{}, behind them", self.error_shown());
            return Blame::new(Code::ErrorOnLawful, expected, seen);
        }
        if self.got.reported {
            let own = self.own();
            return Blame::new(
                Code::ToolFromIncompleteStream,
                "the call, or a report that the reply did not end well, and not both",
                format!(
                    "it ran {}, and reported {}",
                    compare::shown(&own),
                    self.error_shown()
                ),
            );
        }
        let text = self.got.text.as_deref().map(compare::quoted);
        let text = text.map_or_else(String::new, |text| format!(", with the text {text}"));
        if self.permits.contains(&Outcome::EofReported) {
            return Blame::new(
                Code::TruncationAccepted,
                "a report that the reply ended early",
                format!("it took the reply for a whole one{text}"),
            );
        }
        Blame::new(
            Code::ErrorSwallowed,
            "a report of the error that the reply ended with",
            format!("it took the reply for a whole one{text}"),
        )
    }
}
