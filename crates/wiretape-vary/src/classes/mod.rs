//! The catalogue of failures: what is on the wire, what a naive client does, what is right.
//!
//! A [`Class`] is one entry of the catalogue. It has *forms*: the shapes in which it was met, or in
//! which it can be. [`Class::draw`] takes one of them and gives its pieces, with parameters that fit
//! the subject. What a class permits in one place is in [`crate::Script::permits`] of what its
//! pieces give; [`Class::permits`] says it in words.
//!
//! A form draws from its own sub-stream, and the form is chosen as [`Scenario::generate`] chooses
//! kinds: a new one takes over some seeds and leaves the others as they were.

mod content;
mod delivery;
mod draw;
mod drawn;
mod errors;
mod forms;
mod grammar;
mod presets;
mod session;
mod swarm;
mod termination;
mod tools;
mod transport;

use alloc::vec::Vec;
use core::fmt;

use wiretape_core::Dialect;

use crate::catalogue::{Backing, Standing};
use crate::dialect::Family;
use crate::rng::Rng;
use crate::scenario::{Piece, Profile, Scenario};
use crate::subject::Subject;

pub use presets::{Preset, preset, presets};

/// What the pieces of a class do to a reply's meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// They keep it: a reader must come to the same transcript.
    Reshape,
    /// Some of them do not keep it.
    Fault,
}

impl Kind {
    /// Its name: `reshape`, `fault`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reshape => "reshape",
            Self::Fault => "fault",
        }
    }
}

/// A part of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Group {
    /// A: bytes, moments, the connection.
    Transport,
    /// B: the grammar of event streams.
    Grammar,
    /// C: tool calls.
    Tools,
    /// D: how a message ends.
    Termination,
    /// E: errors.
    Errors,
    /// F: content, and what providers do.
    Content,
    /// G: retry, resume, duplicates.
    Retry,
    /// H: resources and security.
    Resources,
}

impl Group {
    /// Its letter in the catalogue.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Transport => 'A',
            Self::Grammar => 'B',
            Self::Tools => 'C',
            Self::Termination => 'D',
            Self::Errors => 'E',
            Self::Content => 'F',
            Self::Retry => 'G',
            Self::Resources => 'H',
        }
    }

    /// What it is about.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Transport => "transport",
            Self::Grammar => "grammar",
            Self::Tools => "tools",
            Self::Termination => "termination",
            Self::Errors => "errors",
            Self::Content => "content",
            Self::Retry => "retry",
            Self::Resources => "resources",
        }
    }
}

/// Pieces that are a case of a class, or why there are none.
pub(crate) type Drawn = Result<Vec<Piece>, &'static str>;

/// One shape of a class.
pub(crate) struct Form {
    /// Its name, which is also that of its sub-stream.
    pub(crate) name: &'static str,
    /// Whether its pieces keep the meaning.
    pub(crate) kind: Kind,
    pub(crate) draw: fn(&mut Rng, &Subject) -> Drawn,
}

/// A form whose pieces keep the meaning.
const fn reshape(name: &'static str, draw: fn(&mut Rng, &Subject) -> Drawn) -> Form {
    let kind = Kind::Reshape;
    Form { name, kind, draw }
}

/// A form whose pieces do not keep the meaning.
const fn fault(name: &'static str, draw: fn(&mut Rng, &Subject) -> Drawn) -> Form {
    let kind = Kind::Fault;
    Form { name, kind, draw }
}

/// One entry of the catalogue.
#[non_exhaustive]
pub struct Class {
    /// Its id, which is stable: `F-21`.
    pub id: &'static str,
    /// Its name, which is stable: `truncated_by_max_tokens`.
    pub name: &'static str,
    /// Whether its pieces keep the meaning.
    pub kind: Kind,
    /// Where it belongs.
    pub group: Group,
    /// What happens, in a few words.
    pub title: &'static str,
    /// What is on the wire.
    pub wire: &'static str,
    /// What a naive client does.
    pub naive: &'static str,
    /// What is right.
    pub right: &'static str,
    /// What a client may make of it, and why.
    pub permits: &'static str,
    /// Where it was met, or where it is documented.
    pub source: &'static [&'static str],
    /// How sure it is in Messages streams, or why it cannot be there.
    pub(crate) messages: Result<Backing, &'static str>,
    /// How sure it is in Chat Completions streams, or why it cannot be there.
    pub(crate) chat: Result<Backing, &'static str>,
    /// Where else it was met, or is documented.
    pub(crate) elsewhere: &'static [(Dialect, Backing)],
    /// The profiles it is in besides those that follow from its kind and standing.
    pub(crate) also: &'static [Profile],
    pub(crate) forms: &'static [Form],
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

impl PartialEq for Class {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Class {}

/// Every class, in the catalogue's order.
#[must_use]
pub fn all() -> &'static [Class] {
    &ALL
}

/// The class with this id or name; the id in either case.
#[must_use]
pub fn find(id_or_name: &str) -> Option<&'static Class> {
    ALL.iter().find(|class| {
        class.id.eq_ignore_ascii_case(id_or_name) || class.name.eq_ignore_ascii_case(id_or_name)
    })
}

impl Class {
    /// How sure it is that streams of this dialect look like that, and on what evidence.
    ///
    /// # Errors
    /// Why the class cannot apply to the dialect.
    pub fn backing(&self, dialect: &str) -> Result<Backing, &'static str> {
        let family = Family::named(dialect);
        if family.is_none() && self.group != Group::Transport {
            return Err("the dialect's payloads are not known");
        }
        let dialect = dialect.parse().ok();
        self.backing_in(dialect.or_else(|| family.map(Family::dialect)), family)
    }

    /// The same, of the dialect as it was found. Of a dialect that is neither Messages nor Chat
    /// Completions it is said where it was met; whether a case of it fits, its pieces tell.
    fn backing_in(
        &self,
        dialect: Option<Dialect>,
        family: Option<Family>,
    ) -> Result<Backing, &'static str> {
        let mut met = self.elsewhere.iter();
        if let Some((_, backing)) = met.find(|(other, _)| Some(*other) == dialect) {
            return Ok(*backing);
        }
        match family {
            Some(Family::Anthropic) => self.messages,
            Some(Family::OpenAiChat) => self.chat,
            _ => Ok(Backing::LAWFUL),
        }
    }

    /// The dialects besides Messages and Chat Completions where it was met or is documented, and on
    /// what evidence.
    pub fn elsewhere(&self) -> impl Iterator<Item = (Dialect, Backing)> + use<> {
        self.elsewhere.iter().copied()
    }

    /// Whether there is a case of it that this exchange can show.
    ///
    /// # Errors
    /// Why there is none.
    pub fn applies(&self, subject: &Subject) -> Result<(), &'static str> {
        self.draw(0, subject).map(|_| ())
    }

    /// The pieces of a case of it. The same seed gives the same case.
    ///
    /// # Errors
    /// Why no case of it fits the exchange.
    pub fn draw(&self, seed: u64, subject: &Subject) -> Result<Vec<Piece>, &'static str> {
        self.draw_in(seed, Profile::All, subject)
    }

    /// The same, of those that the profile has.
    ///
    /// # Errors
    /// Why no case of it fits the profile and the exchange.
    pub fn draw_in(&self, seed: u64, profile: Profile, subject: &Subject) -> Drawn {
        self.backing_in(subject.dialect, subject.family)?;
        draw::one(self, seed, profile, subject, None)
    }

    /// The names of its forms, and whether each keeps the meaning.
    pub fn forms(&self) -> impl Iterator<Item = (&'static str, Kind)> {
        self.forms.iter().map(|form| (form.name, form.kind))
    }

    /// A case of one form.
    ///
    /// # Errors
    /// Why it does not fit the exchange, or that there is no such form.
    pub fn draw_form(&self, seed: u64, form: &str, subject: &Subject) -> Drawn {
        let mut forms = self.forms.iter();
        let found = forms
            .find(|found| found.name == form)
            .ok_or("no such form")?;
        draw::of(self, found, seed, subject)
    }

    /// The profile has cases of it in streams of this dialect.
    #[must_use]
    pub fn in_profile(&self, profile: Profile, dialect: &str) -> bool {
        let Ok(backing) = self.backing(dialect) else {
            return false;
        };
        let has = |kind| self.forms.iter().any(|form| form.kind == kind);
        let group = |level: Group| has(Kind::Reshape) && self.group == level;
        let seen = backing.standing == Standing::Seen;
        match profile {
            Profile::Plain => false,
            Profile::Wire => group(Group::Transport),
            Profile::Framing => group(Group::Grammar),
            Profile::Dialect => group(Group::Tools) || group(Group::Content),
            Profile::Lawful => has(Kind::Reshape),
            Profile::Faults => has(Kind::Fault),
            Profile::All => true,
            Profile::SeenReshapes => seen && has(Kind::Reshape),
            Profile::Seen => seen,
            Profile::Quirks | Profile::Hostile => self.also.contains(&profile),
        }
    }
}

impl Scenario {
    /// A case of a class, and around it reshapes where the profile has them: of each scenario's
    /// kinds of reshapes about half are off.
    ///
    /// # Errors
    /// Why no case of the class fits the profile and the exchange.
    pub fn of_class(
        seed: u64,
        class: &Class,
        profile: Profile,
        subject: &Subject,
    ) -> Result<Self, &'static str> {
        swarm::around(seed, class, profile, subject)
    }
}

static ALL: [Class; 64] = [
    transport::F_01,
    transport::F_02,
    transport::F_03,
    transport::F_04,
    transport::F_05,
    transport::F_06,
    transport::F_07,
    transport::F_08,
    transport::F_09,
    transport::F_10,
    transport::F_11,
    transport::F_12,
    transport::F_13,
    transport::F_14,
    grammar::F_15,
    grammar::F_15B,
    grammar::F_15C,
    grammar::F_16,
    grammar::F_17,
    grammar::F_17B,
    tools::F_18,
    tools::F_19,
    tools::F_20,
    tools::F_21,
    tools::F_22,
    tools::F_23,
    tools::F_24,
    tools::F_25,
    tools::F_26,
    tools::F_27,
    tools::F_28,
    tools::F_29,
    termination::F_30,
    termination::F_31,
    termination::F_32,
    termination::F_33,
    termination::F_34,
    termination::F_35,
    termination::F_36,
    errors::F_40,
    session::F_41,
    session::F_42,
    session::F_43,
    errors::F_44,
    errors::F_45,
    errors::F_46,
    content::F_50,
    content::F_51,
    content::F_52,
    content::F_53,
    content::F_54,
    content::F_55,
    content::F_56,
    content::F_57,
    content::F_58,
    content::F_59,
    session::F_60,
    session::F_61,
    session::F_62,
    session::F_70,
    session::F_71,
    session::F_72,
    session::F_73,
    session::F_74,
];
