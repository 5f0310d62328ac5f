//! The cases of a campaign: which delivery of which tape, in which order.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wiretape_core::Dialect;
use wiretape_tape::{Exchange, Tape, sha256_hex};
use wiretape_vary::classes::{self, Class};
use wiretape_vary::{Profile, Scenario, Subject};

use super::{Case, closing};
use crate::verdict::Replies;

/// Cases of one campaign at most.
pub const CASES_MAX: u64 = 100_000_000;

/// Seeds that are tried until a case of a class fits an exchange.
const SEEDS_MAX: u64 = 8;

/// A tape and what it is called in reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Its name: a path, mostly.
    pub name: String,
    /// As it was recorded.
    pub tape: Tape,
}

/// What is to be tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Which classes.
    pub profile: Profile,
    /// Cases for each tape.
    pub runs: u64,
    /// Where chance starts.
    pub seed: u64,
    /// Which part of the campaign; `None`: the whole.
    pub shard: Option<Shard>,
    /// Only the case of this number.
    pub only: Option<u64>,
    /// This one delivery of each tape, instead of any other.
    pub scenario: Option<Scenario>,
    /// The waits between the chunks stay as they were recorded.
    pub recorded_pace: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            profile: Profile::Seen,
            runs: 64,
            seed: 0,
            shard: None,
            only: None,
            scenario: None,
            recorded_pace: false,
        }
    }
}

/// One of several equal parts of a campaign: the cases whose number leaves `part - 1` when it is
/// divided by `of`. Written `1/4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which part, counted from 1.
    pub part: u64,
    /// How many there are.
    pub of: u64,
}

impl Shard {
    fn has(self, number: u64) -> bool {
        number % self.of == self.part - 1
    }
}

/// What is no shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownShard;

impl fmt::Display for UnknownShard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a part and how many there are, such as 1/4")
    }
}

impl std::error::Error for UnknownShard {}

impl FromStr for Shard {
    type Err = UnknownShard;

    fn from_str(text: &str) -> Result<Self, UnknownShard> {
        let (part, of) = text.split_once('/').ok_or(UnknownShard)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| UnknownShard);
        let (part, of) = (number(part)?, number(of)?);
        match 1 <= part && part <= of {
            true => Ok(Self { part, of }),
            false => Err(UnknownShard),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

/// A class of the profile that is not tried on a tape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotTried {
    /// The tape's name.
    pub tape: String,
    /// The class, by its id.
    pub class: String,
    /// Why not.
    pub why: String,
}

/// What cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no tape.
    NoTapes,
    /// A tape, by its name, on which no exchange has an answer.
    NoAnswer(String),
    /// More cases than [`CASES_MAX`].
    TooMany(u64),
    /// Nothing of the profile can be done to any of the tapes.
    NothingApplies(Profile),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTapes => f.write_str("expected a tape, found none"),
            Self::NoAnswer(name) => write!(f, "{name}: expected an exchange with an answer"),
            Self::TooMany(cases) => {
                write!(f, "expected at most {CASES_MAX} cases, found {cases}")
            }
            Self::NothingApplies(profile) => write!(
                f,
                "profile {profile}: nothing of it can be done to any of the tapes"
            ),
        }
    }
}

impl std::error::Error for PlanError {}

/// A tape as it is played to a client.
#[derive(Debug)]
pub struct Prepared {
    /// Its name.
    pub name: String,
    /// The tape: its recorded waits are 0 and a closing turn stands behind last calls.
    pub tape: Tape,
    /// How it is read.
    pub dialect: Option<Dialect>,
    /// A turn of text was put behind the last calls.
    pub closed: bool,
    /// SHA-256 of the tape's file as it would be written, before that.
    pub sha256: String,
    /// What our own reader makes of it.
    pub replies: Replies,
    subjects: Vec<Subject>,
    turns: Vec<Turn>,
}

/// A class, and the exchanges that it can be done to.
#[derive(Debug)]
struct Turn {
    class: &'static Class,
    exchanges: Vec<usize>,
}

/// Tapes, and all the ways in which they are delivered.
#[derive(Debug)]
pub struct Campaign {
    plan: Plan,
    tapes: Vec<Prepared>,
    not_tried: Vec<NotTried>,
}

impl Campaign {
    /// Plans the campaign. Pure: the same tapes and plan give the same cases.
    ///
    /// The cases of a tape do not depend on the tapes beside it. The classes of the profile that
    /// can be done to it take turns, and each class the exchanges that it can be done to.
    ///
    /// # Errors
    /// Where there is nothing to try, or too much.
    pub fn plan(tapes: Vec<Named>, plan: Plan) -> Result<Self, PlanError> {
        if tapes.is_empty() {
            return Err(PlanError::NoTapes);
        }
        let cases = plan.runs.saturating_mul(tapes.len() as u64);
        if cases > CASES_MAX {
            return Err(PlanError::TooMany(cases));
        }
        let mut not_tried = Vec::new();
        let prepare = |named| Prepared::new(named, &plan, &mut not_tried);
        let tapes: Vec<Prepared> = tapes.into_iter().map(prepare).collect::<Result<_, _>>()?;
        let asked = plan.scenario.is_none() && plan.profile != Profile::Plain;
        if asked && tapes.iter().all(|tape| tape.turns.is_empty()) {
            return Err(PlanError::NothingApplies(plan.profile));
        }
        Ok(Self {
            plan,
            tapes,
            not_tried,
        })
    }

    /// What was planned.
    #[must_use]
    pub fn planned(&self) -> &Plan {
        &self.plan
    }

    /// The tapes, as they are played.
    #[must_use]
    pub fn tapes(&self) -> &[Prepared] {
        &self.tapes
    }

    /// The classes of the profile that are not tried, and why: sorted by tape, then as the
    /// catalogue has them.
    #[must_use]
    pub fn not_tried(&self) -> &[NotTried] {
        &self.not_tried
    }

    /// Numbers of cases in the whole campaign, those of other shards too.
    #[must_use]
    pub fn len(&self) -> u64 {
        let tapes = self.tapes.len() as u64;
        match self.plan.scenario {
            Some(_) => tapes,
            None => self.plan.runs.saturating_mul(tapes),
        }
    }

    /// There is no case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cases of this shard, in order. Each is made when it is asked for.
    pub fn cases(&self) -> impl Iterator<Item = Case> + '_ {
        self.numbers().filter_map(|number| self.case(number))
    }

    /// The numbers of this shard, in order.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + use<> {
        let Plan { shard, only, .. } = self.plan;
        (0..self.len()).filter(move |number| {
            shard.is_none_or(|shard| shard.has(*number)) && only.is_none_or(|only| only == *number)
        })
    }

    /// Which tape the case of this number is of.
    #[must_use]
    pub fn tape_of(&self, number: u64) -> usize {
        let tapes = self.tapes.len() as u64;
        usize::try_from(number.checked_rem(tapes).unwrap_or(0)).unwrap_or(usize::MAX)
    }

    /// The case of this number; `None` where nothing can be done to its tape, or there is none.
    #[must_use]
    pub fn case(&self, number: u64) -> Option<Case> {
        if number >= self.len() {
            return None;
        }
        let tapes = self.tapes.len() as u64;
        let tape = self.tape_of(number);
        let prepared = self.tapes.get(tape)?;
        let (class, scenario) = match &self.plan.scenario {
            Some(scenario) => (class_of(scenario), scenario.clone()),
            None => prepared.draw(number / tapes, &self.plan)?,
        };
        Some(Case {
            number,
            tape,
            class,
            scenario,
        })
    }
}

impl Prepared {
    fn new(named: Named, plan: &Plan, not_tried: &mut Vec<NotTried>) -> Result<Self, PlanError> {
        let answered = |exchange: &Exchange| exchange.response.is_some();
        if !named.tape.exchanges.iter().any(answered) {
            return Err(PlanError::NoAnswer(named.name));
        }
        let mut prepared = Self::of(named, plan.recorded_pace);
        if plan.scenario.is_none() {
            for class in classes::all() {
                match prepared.exchanges(class, plan) {
                    Ok(exchanges) => prepared.turns.push(Turn { class, exchanges }),
                    Err(None) => {}
                    Err(Some(why)) => not_tried.push(NotTried {
                        tape: prepared.name.clone(),
                        class: class.id.to_owned(),
                        why: why.to_owned(),
                    }),
                }
            }
        }
        Ok(prepared)
    }

    /// A tape made ready, without cases: for one that is not of the plan.
    #[must_use]
    pub fn of(named: Named, recorded_pace: bool) -> Self {
        let Named { name, mut tape } = named;
        let sha256 = sha256_hex(wiretape_tape::encode(&tape).as_bytes());
        let mut bodies = tape.exchanges.iter().map(Exchange::body);
        let dialect = match tape.header.dialect.as_deref() {
            Some(named) => named.parse().ok(),
            None => bodies.find_map(|body| Dialect::sniff(&body)),
        };
        if !recorded_pace {
            tape.exchanges.iter_mut().for_each(at_once);
        }
        let closing = dialect.and_then(|dialect| closing::closing(tape.exchanges.last()?, dialect));
        let closed = closing.is_some();
        let tried = tape.exchanges.len();
        tape.exchanges.extend(closing);
        tape.order.clear();
        let subject = |exchange| Subject::new(exchange, dialect.map(Dialect::name));
        let subjects = tape.exchanges.iter().take(tried).map(subject).collect();
        Self {
            name,
            replies: Replies::of(&tape),
            tape,
            dialect,
            closed,
            sha256,
            subjects,
            turns: Vec::new(),
        }
    }

    /// The exchanges that the profile's cases of a class can be done to; why there are none, and
    /// nothing where the profile has none.
    fn exchanges(&self, class: &Class, plan: &Plan) -> Result<Vec<usize>, Option<&'static str>> {
        let named = self.tape.header.dialect.as_deref();
        let dialect = self.dialect.map(Dialect::name).or(named);
        let dialect = dialect.unwrap_or_default();
        if !class.in_profile(plan.profile, dialect) {
            let cannot = class.backing(dialect).err();
            let asked = matches!(plan.profile, Profile::All);
            return Err(cannot.filter(|_| asked));
        }
        let mut why = "the tape has no answer";
        let mut exchanges = Vec::new();
        for (exchange, subject) in self.subjects.iter().enumerate() {
            match scenario(class, plan, 0, subject) {
                Ok(_) => exchanges.push(exchange),
                Err(not) => why = not,
            }
        }
        match exchanges.is_empty() {
            true => Err(Some(why)),
            false => Ok(exchanges),
        }
    }

    /// The class whose turn it is, and a case of it.
    fn draw(&self, round: u64, plan: &Plan) -> Option<(String, Scenario)> {
        let classes = self.turns.len() as u64;
        let place = usize::try_from(round.checked_rem(classes)?).ok()?;
        let turn = self.turns.get(place)?;
        let exchanges = turn.exchanges.len() as u64;
        let place = usize::try_from((round / classes).checked_rem(exchanges)?).ok()?;
        let exchange = *turn.exchanges.get(place)?;
        let subject = self.subjects.get(exchange)?;
        let mut scenario = scenario(turn.class, plan, round, subject).ok()?;
        scenario.exchange = Some(exchange);
        Some((turn.class.id.to_owned(), scenario))
    }
}

/// A case of a class for this round, by the first of a few seeds that gives one.
fn scenario(
    class: &Class,
    plan: &Plan,
    round: u64,
    subject: &Subject,
) -> Result<Scenario, &'static str> {
    let mut first = None;
    for again in 0..SEEDS_MAX {
        let seed = seed_of(plan.seed, round).wrapping_add(again);
        match Scenario::of_class(seed, class, plan.profile, subject) {
            Ok(scenario) => return Ok(scenario),
            Err(why) => first = first.or(Some(why)),
        }
    }
    Err(first.unwrap_or_default())
}

/// The class of the first fault, else of the first piece; `-` where nothing is done.
fn class_of(scenario: &Scenario) -> String {
    let fault = scenario.pieces.iter().find(|piece| !piece.is_reshape());
    let piece = fault.or_else(|| scenario.pieces.first());
    piece.map_or("-", |piece| piece.id()).to_owned()
}

/// Recorded waits are left out: a campaign waits only where a case says so.
fn at_once(exchange: &mut Exchange) {
    if let Some(response) = &mut exchange.response {
        response.after_ns = 0;
    }
    for chunk in &mut exchange.chunks {
        chunk.after_ns = 0;
    }
    if let Some(end) = &mut exchange.end {
        end.after_ns = 0;
    }
}

/// A number for each round that looks like chance, from the campaign's seed: `splitmix64`.
fn seed_of(seed: u64, round: u64) -> u64 {
    let step = 0x9e37_79b9_7f4a_7c15_u64;
    let mut mixed = seed.wrapping_add(round.wrapping_add(1).wrapping_mul(step));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
