//! The catalogue of failures over every tape: what is drawn applies, and the reader makes of it what
//! it permits.

use std::collections::BTreeMap;

use wiretape::laws::reshape::permitted;
use wiretape_core::{Dialect, Options, Transcript, read};
use wiretape_vary::classes;
use wiretape_vary::{Level, Profile, Scenario};

use crate::support::{parallel, tapes};

/// Classes whose cases have no reply, or are about several requests.
const ELSEWHERE: [&str; 2] = ["F-41", "F-61"];

/// Classes of megabytes: a few cases of each.
const LARGE: [&str; 3] = ["F-70", "F-71", "F-72"];

/// Cases of each class and exchange: many of short ones, some of long ones.
fn seeds(class: &str, body: &[u8]) -> std::ops::Range<u64> {
    match body.len() {
        _ if LARGE.contains(&class) => 0..2,
        0..0x4000 => 0..16,
        _ => 0..2,
    }
}

fn transcript(dialect: Dialect, options: Options, body: &[u8]) -> Transcript {
    Transcript::of(&read(dialect, options, body))
}

/// What is wrong with some scenarios over one exchange; how many there were.
fn wrong(
    class: &str,
    scenarios: impl Iterator<Item = Result<Scenario, &'static str>>,
    subject: &wiretape::Subject<'_>,
    varied: &wiretape_vary::Subject,
) -> (u64, Vec<String>) {
    let mut wrong = Vec::new();
    let mut tried = 0;
    let readers = [Options::lenient(), Options::strict()];
    let wholes = readers.map(|options| transcript(subject.dialect, options, &subject.body));
    for scenario in scenarios.flatten() {
        // What a client that undoes a coding has.
        let script = scenario.apply(varied).decoded();
        if script.head.as_ref().is_some_and(|head| head.status != 200) {
            continue;
        }
        tried += 1;
        let json = serde_json::to_string(&scenario.pieces).unwrap();
        let name = &subject.name;
        // A cutting of what a fault has left of the body may find nothing to do.
        let wire = |place: &usize| scenario.pieces[*place].level() == Level::Wire;
        if !script.skipped.iter().all(|(place, _)| wire(place)) {
            wrong.push(format!(
                "{class} on {name}: {json} skipped {:?}",
                script.skipped
            ));
            continue;
        }
        for (options, whole) in readers.into_iter().zip(&wholes) {
            let seen = transcript(subject.dialect, options, script.body());
            let right = if scenario.is_reshape() {
                seen.meaning() == whole.meaning()
            } else {
                permitted(&script, whole, &seen)
            };
            if !right {
                let strict = if options == Options::strict() {
                    " (strict)"
                } else {
                    ""
                };
                let permits = &script.permits;
                wrong.push(format!(
                    "{class} on {name}{strict}: {json} permits {permits:?}\n  whole {}\n  seen  {}",
                    serde_json::to_string(whole).unwrap(),
                    serde_json::to_string(&seen).unwrap()
                ));
            }
        }
    }
    (tried, wrong)
}

#[test]
fn the_reader_makes_of_every_class_what_it_permits() {
    let tapes = tapes();
    let found = parallel(&tapes, |(_, loaded)| {
        let mut found = Vec::new();
        for subject in loaded.subjects() {
            let subject = subject.unwrap();
            let varied = subject.varied();
            for class in classes::all() {
                let cases = seeds(class.id, &subject.body)
                    .map(|seed| class.draw(seed, &varied).map(Scenario::of));
                let (tried, wrong) = wrong(class.name, cases, &subject, &varied);
                found.push((class.id, tried, wrong));
            }
            for class in classes::all() {
                let of = |seed| Scenario::of_class(seed, class, Profile::All, &varied);
                let cases = seeds(class.id, &subject.body).take(4).map(of);
                found.push((class.id, 0, wrong(class.name, cases, &subject, &varied).1));
            }
            for preset in classes::presets() {
                let cases = seeds(preset.name, &subject.body)
                    .map(|seed| Scenario::of_preset(seed, preset, &varied));
                let (tried, wrong) = wrong(preset.name, cases, &subject, &varied);
                found.push((preset.name, tried, wrong));
            }
        }
        found
    });
    let mut tried: BTreeMap<&str, u64> = BTreeMap::new();
    let mut wrongs = Vec::new();
    for (id, count, wrong) in found.into_iter().flatten() {
        *tried.entry(id).or_default() += count;
        wrongs.extend(wrong);
    }
    assert!(
        wrongs.is_empty(),
        "{} wrong:\n{}",
        wrongs.len(),
        wrongs.join("\n")
    );
    let never = classes::all()
        .iter()
        .filter(|class| tried.get(class.id).is_none_or(|count| *count == 0));
    for class in never {
        assert!(
            ELSEWHERE.contains(&class.id),
            "no tape has a case of {class}"
        );
    }
}
