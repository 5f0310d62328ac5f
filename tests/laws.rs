//! Every law over every tape.

use wiretape::laws::{Effort, How, check};

use crate::support::{parallel, tapes};

const PROOF_BYTES_MAX: usize = 16 << 10;

#[test]
fn every_tape_keeps_every_law() {
    let tapes = tapes();
    let effort = Effort {
        seed: 1,
        runs: 24,
        proof_bytes_max: PROOF_BYTES_MAX,
    };
    let broken = parallel(&tapes, |(name, loaded)| {
        assert_eq!(loaded.torn, None, "{name}");
        let mut broken = Vec::new();
        for subject in loaded.subjects() {
            let subject = subject.unwrap();
            let reports = check(&subject, &effort);
            let chunking = reports.iter().find(|report| report.law == "chunking").unwrap();
            let short = subject.body.len() <= PROOF_BYTES_MAX;
            assert_eq!(chunking.how == How::Proved, short, "{name}");
            let failed = reports.iter().filter(|report| report.failure.is_some());
            broken.extend(failed.map(|report| format!("{name}: {report}")));
        }
        broken
    });
    let broken = broken.concat();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}
