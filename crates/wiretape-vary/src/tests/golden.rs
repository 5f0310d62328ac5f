//! Frozen: what a seed gives, for ever. A change here breaks every stored seed.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{BODIES, subject};
use crate::generate::chosen;
use crate::rng::{Ratio, Rng};
use crate::{Piece, Profile, Scenario};

#[test]
fn numbers_of_a_seed() {
    let mut rng = Rng::new(42, "golden");
    let drawn: Vec<u64> = (0..8).map(|_| rng.within(0, 999)).collect();
    assert_eq!(drawn, [612, 468, 136, 574, 916, 787, 848, 598]);
    assert_eq!(rng.within(0, u64::MAX), 18295342338479206664);
    let chances = (0..1000)
        .filter(|_| rng.chance(Ratio { n: 1, of: 4 }))
        .count();
    assert_eq!(chances, 263);
    assert_ne!(
        Rng::new(42, "golde").within(0, u64::MAX),
        Rng::new(42, "golden").within(0, u64::MAX)
    );
}

/// The library's generator, whose values are promised not to change, is what ours is held to.
#[test]
fn numbers_are_those_of_the_cipher() {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};
    use sha2::{Digest, Sha256};

    for seed in [0, 1, 42, u64::MAX] {
        let name = "a sub-stream: b";
        let hash = Sha256::new()
            .chain_update(seed.to_le_bytes())
            .chain_update(name);
        let mut cipher = ChaCha8Rng::from_seed(hash.finalize().into());
        let mut whole = Rng::new(seed, name);
        let mut parts = Rng::of(seed, &["a sub-stream", ": ", "b"]);
        for _ in 0..100 {
            let next = cipher.next_u64();
            assert_eq!(whole.within(0, u64::MAX), next);
            assert_eq!(parts.within(0, u64::MAX), next);
        }
    }
}

#[test]
fn numbers_lie_in_their_closed_range() {
    let mut rng = Rng::new(1, "range");
    let mut seen = [0_u32; 5];
    for _ in 0..1000 {
        let drawn = rng.size(3, 7);
        seen[drawn - 3] += 1;
    }
    assert!(seen.iter().all(|&count| 150 < count), "{seen:?}");
    assert_eq!(rng.within(9, 9), 9);
    assert_eq!(rng.within(9, 2), 9);
}

#[test]
fn pieces_of_a_seed_fit() {
    for (dialect, body) in BODIES {
        for body in [
            body.into(),
            body.replace('\n', "\r\n"),
            body.replace("data: ", "data:"),
        ] {
            let subject = subject(dialect, &body);
            for profile in Profile::ALL {
                for seed in 0..150 {
                    let scenario = Scenario::generate(seed, profile, &subject);
                    let mut skipped = scenario.apply(&subject).skipped;
                    if matches!(profile, Profile::All | Profile::Seen) && !scenario.is_reshape() {
                        let piece = |place: usize| scenario.pieces.get(place).map(Piece::name);
                        skipped.retain(|(place, _)| piece(*place) != Some("rechunk"));
                    }
                    assert_eq!(skipped, [], "{dialect} {scenario:?}");
                }
            }
        }
    }
}

#[test]
fn digests_of_seeds() {
    let mut found = Vec::new();
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        // Those that take their cases from the catalogue grow with it.
        let grows = |profile: &Profile| {
            matches!(profile, Profile::Seen | Profile::Quirks | Profile::Hostile)
        };
        for profile in Profile::ALL.into_iter().filter(|profile| !grows(profile)) {
            for seed in [0, 1, 2, u64::MAX] {
                let scenario = Scenario::generate(seed, profile, &subject);
                let digest = scenario.apply(&subject).digest();
                found.push(format!(
                    "{dialect} {profile} {seed:x} {}",
                    digest.get(..16).unwrap_or("")
                ));
            }
        }
    }
    let frozen: Vec<String> = include_str!("golden.txt")
        .lines()
        .map(String::from)
        .collect();
    assert_eq!(found, frozen);
}

/// Each piece as it is written, and the digest of what it does to each body. The list names every
/// kind, and most ways of some.
#[test]
fn digests_of_pieces() {
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for line in include_str!("pieces.txt").lines() {
        let (json, _) = line.split_once("  ").unwrap_or((line, ""));
        let piece: Piece = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&piece).unwrap(), json);
        names.insert(piece.name());
        let mut digests = String::new();
        for (dialect, body) in BODIES {
            let subject = subject(dialect, body);
            let script = Scenario::of([piece.clone()].into()).apply(&subject);
            let digest = script.digest();
            digests += match script.skipped.first() {
                Some(_) => " skipped",
                None => digest.get(..12).unwrap_or_default(),
            };
            digests += " ";
        }
        found.push(format!("{json}  {}", digests.trim()));
    }
    let frozen: Vec<&str> = include_str!("pieces.txt").lines().collect();
    assert_eq!(found, frozen);
    assert_eq!(names.len(), 46, "{names:?}");
}

/// A kind more takes over some seeds, and leaves the others as they are.
#[test]
fn a_new_kind_shifts_no_seed() {
    let before = [("a", 2, true), ("b", 1, true), ("c", 1, false)];
    let after = [
        ("a", 2, true),
        ("new", 1, true),
        ("b", 1, true),
        ("c", 1, true),
    ];
    let mut taken = [0_u32; 2];
    let mut a = 0_u32;
    for seed in 0..3000 {
        let name = |kinds: &[(&'static str, u32, bool)]| {
            Some(kinds.get(chosen(seed, "x", kinds.iter().copied())?)?.0)
        };
        let [one, two] = [name(&before), name(&after)];
        a += u32::from(one == Some("a"));
        match two {
            Some("new") => taken[0] += 1,
            Some("c") => taken[1] += 1,
            _ => assert_eq!(one, two, "seed {seed}"),
        }
    }
    assert!((1900..2100).contains(&a), "two of three: {a}");
    assert!(
        taken.iter().all(|taken| (530..670).contains(taken)),
        "one of five each: {taken:?}"
    );
}
