//! A correct client is accused of nothing, and one with a defect of that.

use wiretape_check::{Code, Finding};
use wiretape_vary::{Profile, Scenario};

use crate::model::{Client, Defect, Loaded, all};

const PROFILES: [Profile; 4] = [
    Profile::Lawful,
    Profile::Faults,
    Profile::All,
    Profile::Seen,
];

/// Seeds for each tape and profile.
const SEEDS: u64 = 8;

/// Of a long tape a seed costs as much as all of a short one.
const LONG: usize = 64 * 1024;

/// The correct clients: what they say, and how far they go.
fn correct() -> Vec<Client> {
    let one = Client::CORRECT;
    vec![
        one,
        Client { one: true, ..one },
        Client { says: false, ..one },
        Client { text: true, ..one },
        Client { attempts: 3, ..one },
    ]
}

/// Every tape under every profile: one exchange after the other is changed.
fn cases(loaded: &Loaded) -> Vec<Scenario> {
    let long = loaded
        .tape
        .exchanges
        .iter()
        .any(|exchange| LONG < exchange.body().len());
    let seeds = if long { 1 } else { SEEDS };
    let mut cases = Vec::new();
    for (number, profile) in PROFILES.into_iter().enumerate() {
        for seed in 0..seeds {
            let changed = usize::try_from(seed).unwrap() % loaded.subjects.len();
            let subject = &loaded.subjects[changed];
            let seed = seed * 4 + number as u64;
            let mut scenario = Scenario::generate(seed, profile, subject);
            scenario.exchange = (seed % 5 > 0).then_some(changed);
            if seed % 3 == 0 {
                scenario.retries = Some(Vec::new());
            }
            cases.push(scenario);
        }
    }
    cases
}

fn show(loaded: &Loaded, client: Client, scenario: &Scenario, findings: &[Finding]) -> String {
    let scenario = serde_json::to_string(scenario).unwrap();
    format!("{}, {client:?}\n{scenario}\n{findings:#?}", loaded.name)
}

#[test]
fn correct_clients_are_accused_of_nothing() {
    let mut tried = 0;
    for loaded in all() {
        for client in correct() {
            let findings = loaded.judge_plain(client);
            assert!(
                findings.is_empty(),
                "{}",
                show(&loaded, client, &Scenario::plain(), &findings)
            );
        }
        for (number, scenario) in cases(&loaded).iter().enumerate() {
            let clients = correct();
            let client = clients[number % clients.len()];
            let findings = loaded.judge(client, scenario);
            assert!(
                findings.is_empty(),
                "{}",
                show(&loaded, client, scenario, &findings)
            );
            tried += 1;
        }
    }
    assert!(tried > 1000, "{tried} cases");
}

/// Codes that are found at least once over all tapes, and codes that are found at all.
fn found(client: Client, mut change: impl FnMut(&mut Scenario)) -> Vec<(Code, usize)> {
    let mut counts: Vec<(Code, usize)> = Vec::new();
    for loaded in all().into_iter().filter(Loaded::is_sound) {
        for mut scenario in cases(&loaded) {
            change(&mut scenario);
            for finding in loaded.judge(client, &scenario) {
                match counts.iter_mut().find(|(code, _)| *code == finding.code) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((finding.code, 1)),
                }
            }
        }
    }
    counts.sort();
    counts
}

fn codes(client: Client) -> Vec<Code> {
    let found = found(client, |_| {});
    found.into_iter().map(|(code, _)| code).collect()
}

#[test]
fn a_defect_is_found_by_its_code_and_no_other() {
    for (defect, expected) in [
        (Defect::ActsBeforeEnd, &[Code::ToolFromIncompleteStream][..]),
        (
            Defect::IgnoresErrors,
            &[Code::ErrorSwallowed, Code::TruncationAccepted],
        ),
        (Defect::Waits, &[Code::NoIdleTimeout]),
    ] {
        assert_eq!(codes(Client::with(defect)), expected, "{defect:?}");
    }
}

#[test]
fn text_of_two_attempts_is_a_retry_after_output() {
    let client = Client {
        attempts: 3,
        ..Client::with(Defect::RetriesAfterOutput)
    };
    let found = found(client, |scenario| scenario.retries = Some(Vec::new()));
    let codes: Vec<Code> = found.into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, [Code::RetriedAfterOutput]);
}

#[test]
fn bytes_that_are_read_wrongly_change_text_and_calls() {
    let utf8 = codes(Client::with(Defect::Utf8PerChunk));
    assert!(utf8.contains(&Code::TextDiffers), "{utf8:?}");
    assert!(utf8.contains(&Code::ToolArgumentsDiffer), "{utf8:?}");
    let lf = codes(Client::with(Defect::LfOnly));
    assert!(lf.contains(&Code::ErrorOnLawful), "{lf:?}");
}
