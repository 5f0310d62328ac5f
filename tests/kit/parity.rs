//! Law 6 over every tape.

use wiretape::laws::{Effort, How, parity};

use crate::support::{parallel, tapes};

#[test]
fn what_comes_through_a_socket_is_what_the_player_says() {
    let tapes = tapes();
    let effort = Effort {
        seed: 1000,
        runs: 100,
        ..Effort::default()
    };
    let broken = parallel(&tapes, |(name, loaded)| {
        let mut broken = Vec::new();
        for subject in loaded.subjects() {
            let subject = subject.unwrap();
            let report = parity::check(&subject, &subject.varied(), &effort);
            assert_eq!(report.how, How::Sampled, "{name}");
            if report.failure.is_some() {
                broken.push(format!("{name}: {report}"));
            }
            assert!(report.failure.is_some() || report.cases == 100, "{report}");
        }
        broken
    });
    let broken = broken.concat();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}
