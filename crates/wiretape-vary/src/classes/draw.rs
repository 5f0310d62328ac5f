//! Which form of a class.

use alloc::format;
use alloc::vec::Vec;

use super::{Class, Drawn, Form, Kind, Preset};
use crate::catalogue::Standing;
use crate::rng::Rng;
use crate::scenario::{Piece, Profile};
use crate::subject::Subject;

/// A case of the first form, in the seed's order, that fits the profile and the subject.
///
/// Of a preset only its own forms are taken.
pub(super) fn one(
    class: &Class,
    seed: u64,
    profile: Profile,
    subject: &Subject,
    preset: Option<&Preset>,
) -> Drawn {
    let mut order: Vec<(u64, &Form)> = class
        .forms
        .iter()
        .filter(|form| has(profile, form.kind))
        .filter(|form| preset.is_none_or(|preset| preset.takes(class, form.name)))
        .map(|form| {
            let mut rng = Rng::new(seed, &format!("{}: {}", class.id, form.name));
            (rng.within(0, u64::MAX), form)
        })
        .collect();
    // The highest draw first: a new form changes only the seeds that it wins.
    order.sort_by_key(|(drawn, _)| core::cmp::Reverse(*drawn));
    let mut why = "the profile has no form of it";
    for (_, form) in order {
        match of(class, form, seed, subject) {
            Ok(pieces) if fits(profile, &pieces, subject) => return Ok(pieces),
            Ok(_) => why = "nobody was seen doing it",
            Err(not) => why = not,
        }
    }
    Err(why)
}

/// A case of one form, from the form's own sub-stream.
pub(super) fn of(class: &Class, form: &Form, seed: u64, subject: &Subject) -> Drawn {
    let mut rng = Rng::new(seed, &format!("{}, {}", class.id, form.name));
    (form.draw)(&mut rng, subject)
}

/// The profile has pieces of this kind.
fn has(profile: Profile, kind: Kind) -> bool {
    match profile {
        Profile::Plain => false,
        Profile::Wire
        | Profile::Framing
        | Profile::Dialect
        | Profile::Lawful
        | Profile::SeenReshapes => kind == Kind::Reshape,
        Profile::Faults => kind == Kind::Fault,
        Profile::All | Profile::Seen | Profile::Quirks | Profile::Hostile => true,
    }
}

/// Of what was seen only what was seen: where a form is of several pieces, any of them.
fn fits(profile: Profile, pieces: &[Piece], subject: &Subject) -> bool {
    let seen = |piece: &Piece| piece.backing_in(subject.family).standing == Standing::Seen;
    let only_seen = matches!(profile, Profile::Seen | Profile::SeenReshapes);
    !only_seen || pieces.is_empty() || pieces.iter().any(seen)
}
