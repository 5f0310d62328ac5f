//! Shards' reports in files, what is printed of their sum, and how the command ends.

use std::path::{Path, PathBuf};

use wiretape_check::report::{
    Baseline, BaselineState, ClassFacts, Example, Facts, Report, TapeFacts, Tried, UNTOUCHED,
};
use wiretape_check::{Code, Finding, Place, Severity};
use wiretape_vary::{Profile, Scenario, Standing};

use crate::Screen;

const TAPES: [&str; 2] = [
    "recordings/anthropic/small-tool.tape",
    "recordings/openai-chat/text.tape",
];

/// A folder that goes when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("wiretape-merge-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The reports of shards in files of it.
    fn holds(&self, reports: &[Report]) -> Vec<String> {
        let write = |(place, report): (usize, &Report)| {
            let path = self.0.join(format!("shard-{}.json", place + 1));
            std::fs::write(&path, report.to_json().unwrap()).unwrap();
            path.display().to_string()
        };
        reports.iter().enumerate().map(write).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn facts() -> Facts {
    let tapes = TAPES.map(|name| TapeFacts {
        name: name.into(),
        dialect: "anthropic".into(),
        exchanges: 2,
        bytes: 1_522,
        sha256: "ab".repeat(32),
    });
    Facts {
        wiretape: "0.1.0".into(),
        client: vec!["python3".into(), "agent.py".into()],
        mode: "worker".into(),
        profile: Profile::All,
        runs: 20,
        seed: 42,
        patience_ns: 5_000_000_000,
        cases: 40,
        tapes: tapes.into(),
    }
}

fn found(case: Option<u64>, code: Code, severity: Severity, class: &str, tape: &str) -> Example {
    let finding = Finding {
        code,
        severity,
        class: class.into(),
        expected: "no call: the reply was cut by max_tokens".into(),
        seen: "get_weather({\"city\": \"Ber\u{1b}gen\"}) was run".into(),
        difference: (severity == Severity::High).then(|| "call 1 of 0".into()),
        place: Place {
            tape: tape.into(),
            case,
            exchange: 0,
            scenario: Scenario::plain(),
        },
        flaky: case == Some(6),
    };
    let mut example = Example::new(
        finding,
        format!("wiretape check {tape} --case 3 -- python3 agent.py"),
    );
    if severity == Severity::High {
        example.explain = vec![
            "the stop reason says max_tokens".into(),
            "the call's arguments are whole".into(),
        ];
    }
    example
}

/// What shard `shard` of `of` writes: it has every `of`th of 20 cases.
fn shard(shard: u32, of: u32, finished: bool) -> Report {
    let mut report = Report::new(facts(), shard, of);
    for (id, name, title, reshape) in [
        (
            "F-03",
            "utf8_split",
            "a chunk ends inside a character",
            true,
        ),
        (
            "F-21",
            "truncated_by_max_tokens",
            "the reply is cut by its limit",
            false,
        ),
        (
            "F-40",
            "error_event",
            "an error event inside the stream",
            false,
        ),
    ] {
        report.name_class(ClassFacts {
            id: id.into(),
            name: name.into(),
            title: title.into(),
            reshape,
            right: "wait".into(),
        });
    }
    report.not_tried("F-03", TAPES[0], "the body is ASCII");
    for (number, tape) in TAPES.into_iter().enumerate() {
        report.not_tried("F-60", tape, "not in the profile");
        let (state, found) = match number {
            0 => (BaselineState::Stable, Vec::new()),
            _ => {
                let found = found(
                    None,
                    Code::BaselineVaries,
                    Severity::Medium,
                    UNTOUCHED,
                    tape,
                );
                (BaselineState::Varies, vec![found])
            }
        };
        let baseline = Baseline {
            tape: tape.into(),
            state,
            timelines: Vec::new(),
        };
        report.add_baseline(baseline, found);
    }
    for case in (0..20).filter(|case| case % u64::from(of) == u64::from(shard - 1)) {
        let tape = TAPES[usize::try_from(case % 2).unwrap()];
        let (class, standing, code, severity) = match case % 5 {
            0 if case % 2 == 1 => (
                "F-03",
                Standing::Seen,
                Some(Code::TextDiffers),
                Severity::Medium,
            ),
            1 => (
                "F-21",
                Standing::Documented,
                Some(Code::ToolFromIncompleteStream),
                Severity::High,
            ),
            3 => (
                "F-40",
                Standing::Lawful,
                Some(Code::NotIncremental),
                Severity::Note,
            ),
            _ => ("F-40", Standing::Lawful, None, Severity::Note),
        };
        let found = code.map(|code| found(Some(case), code, severity, class, tape));
        let standing = Some(standing);
        report.add(
            Tried {
                class,
                tape,
                standing,
            },
            found.into_iter().collect(),
        );
    }
    report.finish(1_500_000_000, finished);
    report
}

/// What is printed, what is complained of, and the exit code.
fn merged(args: &[&str], width: Option<usize>) -> (String, String, u8) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let words = ["wiretape", "merge"].iter().chain(args).map(Into::into);
    let screen = Screen {
        width,
        ..Screen::default()
    };
    let exit = crate::run(words, &mut out, &mut err, screen);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(out), text(err), exit.code())
}

#[track_caller]
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn the_table_fits_its_terminal() {
    let folder = Folder::new("table");
    let files = folder.holds(&[shard(2, 2, true), shard(1, 2, true)]);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    for (name, width) in [("piped", None), ("wide", Some(140)), ("narrow", Some(60))] {
        let (out, err, code) = merged(&files, width);
        assert_eq!((err.as_str(), code), ("", 1));
        // The table itself is as wide as the terminal; what is told below it may be broken by it.
        let table = out.lines().skip_while(|line| !line.contains("code"));
        let table: Vec<&str> = table.take_while(|line| !line.is_empty()).collect();
        assert_eq!(table.len(), 5, "{out}");
        for line in table {
            let columns = crate::screen::width(line);
            assert!(
                width.is_none_or(|width| columns <= width),
                "{columns}: {line}"
            );
        }
        snapshot(&format!("table_{name}"), &out);
    }
}

#[test]
fn the_sum_does_not_depend_on_how_it_was_divided() {
    let folder = Folder::new("sum");
    let files = folder.holds(&[shard(3, 3, true), shard(1, 3, true), shard(2, 3, true)]);
    let sum = |args: &[&str]| {
        let mut all: Vec<&str> = files.iter().map(String::as_str).collect();
        all.extend(args);
        merged(&all, None)
    };
    let (out, _, code) = sum(&["--json", "--fail-on", "high"]);
    assert_eq!(code, 1);
    let mut union = Report::parse(&out).unwrap();
    let mut whole = shard(1, 1, true);
    assert_eq!(union.parts.len(), 3);
    whole.parts.clear();
    union.parts.clear();
    assert_eq!(union, whole);

    let path = |name: &str| folder.0.join(name).display().to_string();
    let (json, xml, html) = (path("all.json"), path("all.xml"), path("all.html"));
    let (table, _, _) = sum(&["-o", &json, "--junit", &xml, "--html", &html]);
    assert!(
        table.ends_with("(seed 0x2a, 4.50 s in 3 shards)\n"),
        "{table}"
    );
    assert_eq!(std::fs::read_to_string(&json).unwrap(), out);
    assert!(std::fs::read_to_string(xml).unwrap().starts_with("<?xml "));
    assert!(
        std::fs::read_to_string(html)
            .unwrap()
            .starts_with("<!doctype html>")
    );
    // A sum is a report like any other.
    let (again, _, _) = merged(&[&json, "--json"], None);
    assert_eq!(again, out);
}

#[test]
fn what_cannot_be_added_up_is_refused() {
    let folder = Folder::new("refused");
    let mut other = shard(2, 3, true);
    other.plan.seed = 43;
    let files = folder.holds(&[
        shard(1, 3, true),
        shard(1, 3, true),
        shard(2, 2, true),
        other,
    ]);
    let tape = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recordings/anthropic/text.tape");
    let absent = folder.0.join("none.json").display().to_string();
    let tape = tape.display().to_string();
    let mut said = String::new();
    for args in [
        vec![files[0].as_str(), &files[1]],
        vec![&files[0], &files[2]],
        vec![&files[0], &files[3]],
        vec![&files[0], "-o", &files[0]],
        vec![&tape],
        vec![&absent],
        vec![],
    ] {
        let (out, err, code) = merged(&args, None);
        assert_eq!((out.as_str(), code), ("", 2), "{args:?}");
        said.push_str(err.split("Usage:").next().unwrap().trim_end());
        said.push('\n');
    }
    let said = said
        .replace(&folder.0.display().to_string(), "DIR")
        .replace(&tape, "TAPE");
    snapshot("refusals", &said);
}

#[test]
fn what_is_missing_is_said_and_counts() {
    let folder = Folder::new("missing");
    let mut clean: Vec<Report> = (1..=4).map(|n| shard(n, 4, n != 3)).collect();
    for report in &mut clean {
        report.findings.clear();
    }
    let files = folder.holds(&clean);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let some = |files: &[&str], args: &[&str]| {
        let all: Vec<&str> = files.iter().chain(args).copied().collect();
        merged(&all, None)
    };
    let (out, err, code) = some(&files[..2], &[]);
    assert!(
        out.contains("nothing found so far, shards 3, 4 of 4 are missing"),
        "{out}"
    );
    assert!(err.contains("error: shards 3, 4 of 4 are missing"), "{err}");
    assert_eq!(code, 2);
    let (_, err, code) = some(&files, &[]);
    assert!(err.contains("error: shard 3 of 4 was interrupted"), "{err}");
    assert_eq!(code, 2);
    let (_, err, code) = some(&files[1..3], &["--partial"]);
    let note = "note: shards 1, 4 of 4 are missing; shard 3 of 4 was interrupted";
    assert!(err.contains(note), "{err}");
    assert_eq!(code, 0);
    // What was found counts in any case.
    let files = folder.holds(&[shard(1, 4, true)]);
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let (_, err, code) = some(&files, &[]);
    assert!(
        err.contains("note: shards 2, 3, 4 of 4 are missing"),
        "{err}"
    );
    assert_eq!(code, 1);
    assert_eq!(some(&files, &["--partial", "--fail-on", "high"]).2, 1);
}
