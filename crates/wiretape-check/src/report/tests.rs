//! What reports promise, over campaigns that chance makes up.

mod laws;
mod pages;
mod timeline;

use wiretape_vary::{Profile, Scenario, Standing};

use super::{
    Baseline, BaselineState, ClassFacts, Example, Facts, Report, TapeFacts, Tried, UNTOUCHED,
};
use crate::{Code, Finding, Place, Severity};

pub(super) const CLASSES: [&str; 5] = ["F-02", "F-15", "F-15b", "F-40", "F-5"];
pub(super) const TAPES: [&str; 3] = ["z.tape", "a.tape", "m.tape"];

pub(super) fn facts() -> Facts {
    let tapes = TAPES.map(|name| TapeFacts {
        name: name.into(),
        dialect: "anthropic".into(),
        exchanges: 2,
        bytes: 4_096,
        sha256: "00".repeat(32),
    });
    Facts {
        wiretape: "0.1.0".into(),
        client: vec!["python3".into(), "worker.py".into()],
        mode: "worker".into(),
        profile: Profile::Faults,
        runs: 10,
        seed: 7,
        patience_ns: 5_000_000_000,
        cases: 30,
        tapes: tapes.into(),
    }
}

/// A finding as one case shows it.
pub(super) fn example(
    case: Option<u64>,
    code: Code,
    severity: Severity,
    class: &str,
    tape: &str,
) -> Example {
    let finding = Finding {
        code,
        severity,
        class: class.into(),
        expected: "an error".into(),
        seen: format!("text of case {case:?}"),
        difference: None,
        place: Place {
            tape: tape.into(),
            case,
            exchange: 0,
            scenario: Scenario::plain(),
        },
        flaky: case.is_some_and(|case| case % 3 == 0),
    };
    Example {
        finding,
        repeat: format!("wiretape check {tape}"),
        explain: vec!["what it is".into()],
        causes: vec!["bom (F-07)".into()],
        timeline: None,
    }
}

pub(super) fn baseline(tape: &str, state: BaselineState) -> Baseline {
    Baseline {
        tape: tape.into(),
        state,
        timelines: Vec::new(),
    }
}

#[test]
fn what_a_report_writes_it_reads() {
    let mut report = Report::new(facts(), 2, 3);
    report.name_class(ClassFacts {
        id: "F-40".into(),
        name: "error_event".into(),
        title: "an error event".into(),
        reshape: false,
        right: "report it".into(),
    });
    report.not_tried("F-03", "a.tape", "the body is ASCII");
    let untouched = example(
        None,
        Code::BaselineDiffers,
        Severity::High,
        UNTOUCHED,
        "a.tape",
    );
    report.add_baseline(baseline("a.tape", BaselineState::Differs), vec![untouched]);
    let tried = Tried {
        class: "F-40",
        tape: "z.tape",
        standing: Some(Standing::Documented),
    };
    let long = "é".repeat(4_000);
    let mut found = example(
        Some(1),
        Code::ErrorSwallowed,
        Severity::Medium,
        "F-40",
        "z.tape",
    );
    found.finding.seen = long;
    report.add(tried, vec![found]);
    report.finish(5, true);
    let text = report.to_json().unwrap();
    assert_eq!(Report::parse(&text), Ok(report));
    insta::assert_snapshot!(text);
}

#[test]
fn a_text_that_is_no_report_is_refused() {
    let report = Report::new(facts(), 1, 3);
    let text = report.to_json().unwrap();
    let with = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(text, changed, "{from}");
        Report::parse(&changed).unwrap_err().to_string()
    };
    insta::assert_snapshot!(
        [
            with("\"wiretape_report\":1", "\"wiretape_report\":2"),
            with("\"shard\":1", "\"shard\":4"),
            with("\"shard\":1", "\"shard\":0"),
            with("\"of\":3", "\"of\":4000000000"),
            with("\"seed\"", "\"speed\""),
            with(
                "\"parts\":[{",
                "\"parts\":[{\"shard\":2,\"of\":3,\"cases\":0,\"elapsed_ns\":0,\"finished\":true},{"
            ),
            with(
                "\"parts\":[{",
                "\"parts\":[{\"shard\":1,\"of\":2,\"cases\":0,\"elapsed_ns\":0,\"finished\":true},{"
            ),
            Report::parse("").unwrap_err().to_string(),
        ]
        .join("\n")
    );
}
