//! A class's case in the midst of reshapes.

use alloc::format;

use super::{Class, delivery};
use crate::catalogue::Level;
use crate::generate::generate;
use crate::rng::{Ratio, Rng};
use crate::scenario::{Piece, Profile, Scenario, VERSION};
use crate::subject::Subject;

/// How often a kind of reshape is on.
const ON: Ratio = Ratio { n: 1, of: 2 };

pub(super) fn around(
    seed: u64,
    class: &Class,
    profile: Profile,
    subject: &Subject,
) -> Result<Scenario, &'static str> {
    let pieces = class.draw_in(seed, profile, subject)?;
    let mut scenario = Scenario {
        version: VERSION,
        seed,
        profile,
        exchange: None,
        pieces,
        retries: delivery::retries(class.id, seed, subject),
    };
    let reshapes = match profile {
        Profile::Lawful | Profile::All => Profile::Lawful,
        Profile::Seen | Profile::SeenReshapes => Profile::SeenReshapes,
        Profile::Wire | Profile::Framing | Profile::Dialect => profile,
        _ => return Ok(scenario),
    };
    // Another answer stands in the reply's place: nothing of the reply is sent.
    let replaced = |piece: &Piece| {
        matches!(
            piece,
            Piece::HttpError { .. } | Piece::NoStream { .. } | Piece::WrongDialect {}
        )
    };
    let drips = |piece: &Piece| matches!(piece, Piece::Drip { .. });
    if scenario.pieces.iter().any(replaced) {
        return Ok(scenario);
    }
    let cut_already = scenario.pieces.iter().any(drips);
    let fault = scenario.pieces.iter().any(|piece| !piece.is_reshape());
    // Its place is an offset in the bytes: what lengthens them would move it.
    let cut = scenario
        .pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Cut { .. }));
    let mut around = generate(seed, reshapes, subject).pieces;
    around.retain(|piece| {
        let on = Rng::new(seed, &format!("swarm: {}", piece.name())).chance(ON);
        let same = scenario.pieces.iter().any(|own| own.name() == piece.name());
        // Of an interleaved reply that stops early, the text is no prefix of the whole text.
        let breaks = fault && matches!(piece, Piece::Interleave { .. });
        let moves = cut && piece.level() != Level::Wire;
        let recuts = cut_already && matches!(piece, Piece::Rechunk { .. });
        on && !same && !breaks && !moves && !recuts
    });
    let own = scenario.pieces.len();
    scenario.pieces.extend(around);
    keep_own(&mut scenario, own, subject);
    Ok(scenario)
}

/// The first pieces are what it is about: where another has taken their place away, it goes, and so
/// does one for which they left none.
pub(super) fn keep_own(scenario: &mut Scenario, own: usize, subject: &Subject) {
    let skipped = scenario.apply(subject).skipped;
    if skipped.iter().any(|(at, _)| *at < own) {
        scenario.pieces.truncate(own);
        return;
    }
    let mut place = 0;
    scenario.pieces.retain(|_| {
        place += 1;
        !skipped.iter().any(|(at, _)| at + 1 == place)
    });
}
