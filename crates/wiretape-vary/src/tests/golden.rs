//! Frozen: what a seed gives, for ever. A change here breaks every stored seed.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{BODIES, subject};
use crate::rng::{Ratio, Rng};
use crate::{Profile, Scenario};

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
fn digests_of_seeds() {
    let mut found = Vec::new();
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        for profile in Profile::ALL {
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
