//! How long a page becomes, and what `JUnit`'s XML looks like.

use wiretape_vary::Standing;

use super::{TAPES, baseline, example, facts};
use crate::report::timeline::{
    Act, ActKind, Delta, EDGES_MAX, Edge, EdgeKind, Excerpt, Lane, LaneKind, Timeline, Wire,
};
use crate::report::{BaselineState, ClassFacts, PAGE_BYTES_MAX, Report, TapeFacts, Tried};
use crate::{Code, Severity};

/// A timeline in which everything is as long as it may be.
fn long() -> Timeline {
    let at = |n: usize| n as u64 * 101;
    let edge = |n| Edge {
        at: at(n),
        kind: EdgeKind::InsideCharacter,
        recorded: false,
    };
    let deltas = (0..300).map(|n| Delta {
        from: at(n),
        to: at(n + 1),
        grows: n as u64,
    });
    let lane = Lane {
        kind: LaneKind::Call,
        label: "get_weather".into(),
        text: "<".repeat(200),
        deltas: deltas.collect(),
        opened: 0,
        closed: None,
        closes: true,
    };
    let wire = Wire {
        bytes: at(EDGES_MAX),
        chunks: EDGES_MAX as u64,
        edges: (0..EDGES_MAX).map(edge).collect(),
        lanes: vec![lane; 24],
        excerpts: vec![Excerpt {
            what: "a chunk ends inside a character".into(),
            at: 64,
            from: 0,
            hex: "3c".repeat(128),
            edges: vec![64],
        }],
        ..Wire::default()
    };
    let act = |n| Act {
        at_ns: n,
        until_ns: None,
        kind: ActKind::Call,
        text: "&".repeat(160),
    };
    Timeline {
        exchange: 0,
        wires: vec![wire; 3],
        acts: (0..200).map(act).collect(),
        elapsed_ns: 200,
    }
}

#[test]
fn ten_thousand_findings_make_a_page_that_can_be_opened() {
    let mut plan = facts();
    plan.tapes = (0..200)
        .map(|n| TapeFacts {
            name: format!("folder/of/tapes/number-{n}.tape"),
            ..facts().tapes[0].clone()
        })
        .collect();
    let tapes: Vec<String> = plan.tapes.iter().map(|tape| tape.name.clone()).collect();
    let mut report = Report::new(plan, 1, 1);
    let long = Box::new(long());
    let mut case = 0;
    for class in 1..=70 {
        let class = format!("F-{class:02}");
        for tape in &tapes {
            let mut found = example(
                Some(case),
                Code::TextDiffers,
                Severity::Medium,
                &class,
                tape,
            );
            found.finding.seen = "<".repeat(3_000);
            // Memory is not what is tested.
            found.timeline = (case < 300).then(|| long.clone());
            case += 1;
            let tried = Tried {
                class: &class,
                tape,
                standing: Some(Standing::Seen),
            };
            report.add(tried, vec![found]);
        }
    }
    assert_eq!(report.findings.len(), 14_000);
    let html = report.html();
    // The longest finding comes on top, and what stands around the list.
    let bytes_max = PAGE_BYTES_MAX + 2_000_000;
    assert!(html.len() < bytes_max, "{} bytes", html.len());
    assert!(html.contains("The page is full: "));
    assert!(html.contains("200 tapes were played: the first 60 have a column."));
    let told = html.matches("<details class=\"finding").count();
    let rows = html.matches("<li class=\"finding").count();
    assert!(
        told > 3 && rows > 1_000,
        "{told} are told, {rows} have a row"
    );
    let rest = 14_000 - told - rows;
    let more = format!(
        "<p class=\"aside\">And {} more.</p>",
        crate::words::grouped(rest as u64)
    );
    assert_eq!(html.contains(&more), rest > 0, "{rest} are left");
}

#[test]
fn a_suite_holds_what_failed_and_what_was_left_out() {
    let mut report = Report::new(facts(), 1, 1);
    report.name_class(ClassFacts {
        id: "F-40".into(),
        name: "error_event".into(),
        title: "an error event".into(),
        reshape: false,
        right: "report it".into(),
    });
    report.not_tried("F-02", TAPES[0], "it is one chunk & \"no more\"");
    for tape in TAPES {
        report.add_baseline(baseline(tape, BaselineState::Stable), Vec::new());
    }
    for (case, severity) in [(1, Severity::High), (2, Severity::Note)] {
        let code = match severity {
            Severity::High => Code::ErrorSwallowed,
            _ => Code::NotIncremental,
        };
        let mut found = example(Some(case), code, severity, "F-40", TAPES[0]);
        found.finding.seen = "a line\nand <another>\u{1b}[0m".into();
        found.finding.difference = Some("at character 4".into());
        let tried = Tried {
            class: "F-40",
            tape: TAPES[0],
            standing: Some(Standing::Documented),
        };
        report.add(tried, vec![found]);
    }
    report.finish(1_234_567_890, true);
    insta::assert_snapshot!(report.junit(Severity::Low));
}
