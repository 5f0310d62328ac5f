//! What is printed where a law fails: on purpose there is no tape that makes one fail.

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use serde_json::Value;
use wiretape::laws::{Failure, How, Report};
use wiretape_core::Dialect;
use wiretape_vary::{Piece, Scenario};

use super::{Row, Sum, json, table};
use crate::args::{CheckArgs, Cli, Command};
use crate::{Io, Screen, screen};

fn row(panic: Option<&str>) -> Row {
    let scenario = Scenario::of(vec![Piece::Bom {}]);
    let report = Report {
        number: 9,
        law: "reshape",
        how: How::Sampled,
        cases: 3,
        failure: Some(Failure {
            case: "scenario of seed 2".into(),
            scenario: Some(Box::new(scenario)),
            difference: "at character 4: expected `a`, seen `b\u{1b}`".into(),
        }),
    };
    Row {
        name: "it's.tape".into(),
        dialect: Dialect::Anthropic,
        bytes: 10,
        frames: 1,
        calls: 1,
        rejected_calls: 1,
        reports: if panic.is_some() {
            Vec::new()
        } else {
            vec![report]
        },
        panic: panic.map(Into::into),
        finished: true,
    }
}

fn parsed(words: impl IntoIterator<Item = OsString>) -> CheckArgs {
    match Cli::try_parse_from(words).unwrap().command {
        Command::Check(args) => *args,
        other => panic!("no check: {other:?}"),
    }
}

/// The words of a line, as a shell sees them.
fn words(line: &str) -> Vec<OsString> {
    let script = "for word; do printf '%s\\0' \"$word\"; done";
    let output = std::process::Command::new("sh")
        .args(["-c", &format!("set -- {line}\n{script}")])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_terminator('\0').map(Into::into).collect()
}

fn printed(row: Row, args: &CheckArgs) -> (String, Vec<Value>) {
    let mut sum = Sum::of(args);
    sum.tapes = 1;
    let rows = [(Path::new("sp ace/it's.tape"), row)];
    sum.count(&rows);
    assert_eq!(sum.exit().code(), 1);
    let mut texts = [Vec::new(), Vec::new()];
    for (place, out) in texts.iter_mut().enumerate() {
        let mut io = Io {
            out,
            err: &mut std::io::sink(),
            screen: Screen::default(),
            program: Path::new("/opt/my tools/wiretape"),
        };
        let print = if place == 0 {
            table::print
        } else {
            json::print
        };
        print(&rows, &sum, args, &mut io).unwrap();
    }
    let [table, lines] = texts.map(|text| String::from_utf8(text).unwrap());
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (table, lines.collect())
}

#[test]
fn a_failure_names_all_that_repeats_it() {
    let args = [
        "wiretape", "check", "sp ace", "--seed", "0x2a", "--runs", "7",
    ];
    let mut args = parsed(args.map(Into::into));
    args.dialect = Some(Dialect::Anthropic);
    let (table, lines) = printed(row(None), &args);
    for part in [
        "it's.tape: law 9 (reshape) fails",
        "case        scenario of seed 2",
        "scenario    {\"version\":1,",
        "difference  at character 4: expected `a`, seen `b␛`",
        "1 of 2",
        "1 failure (seed 0x2a",
    ] {
        assert!(table.contains(part), "no {part:?} in {table}");
    }
    let (_, repeat) = table.split_once("repeat      ").unwrap();
    let repeat = repeat.lines().next().unwrap();
    assert_eq!(lines[0]["repeat"], repeat);
    assert_eq!(lines[0]["verdict"], "fails");
    assert_eq!(lines[0]["laws"][0]["failure"]["scenario"]["version"], 1);

    let words = words(repeat);
    assert_eq!(words[0], "/opt/my tools/wiretape");
    let again = parsed(words);
    let path = std::env::current_dir().unwrap().join("sp ace/it's.tape");
    assert_eq!(again.paths, [path], "the same from any folder");
    assert_eq!(
        (again.seed, again.runs, again.dialect),
        (args.seed, args.runs, args.dialect)
    );
}

#[test]
fn a_panic_is_a_failure() {
    let args = parsed(["wiretape", "check"].map(Into::into));
    let (table, lines) = printed(row(Some("index\nout of bounds")), &args);
    for part in ["PANICS", "said        index⏎out of bounds", "repeat      "] {
        assert!(table.contains(part), "no {part:?} in {table}");
    }
    assert_eq!(lines[0]["verdict"], "panics");
    assert!(lines[0]["repeat"].is_string());
}

#[test]
fn the_table_fits_a_terminal_of_80_columns() {
    let names = [
        "cut-max-tokens-without-stop.tape",
        "text.tape",
        "unfinished.tape",
    ];
    let rows = names.map(|name| {
        let mut row = row(None);
        row.name = format!("recordings/anthropic/{name}");
        row.bytes = 10_047_820;
        row.frames = 1_001_925;
        row.finished = !name.starts_with("unf");
        let numbers = [1, 2, 3, 4, 5, 7, 8, 9, 12];
        row.reports = numbers
            .map(|number| Report {
                number,
                law: "law",
                how: How::Sampled,
                cases: 1_234_567,
                failure: None,
            })
            .into();
        (Path::new("x"), row)
    });
    let args = parsed(["wiretape", "check"].map(Into::into));
    for (width, folded) in [(None, false), (Some(200), false), (Some(80), true)] {
        let mut sum = Sum::of(&args);
        sum.count(&rows);
        let mut out = Vec::new();
        let mut io = Io {
            out: &mut out,
            err: &mut std::io::sink(),
            screen: Screen {
                width,
                ..Screen::default()
            },
            program: Path::new("wiretape"),
        };
        table::print(&rows, &sum, &args, &mut io).unwrap();
        let text = String::from_utf8(out).unwrap();
        let table: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
        assert_eq!(table.len(), 4, "{text}");
        for line in &table {
            assert!(
                line.contains("  10,047,820  1,001,925") || line.contains("   bytes"),
                "{line}"
            );
            assert!(screen::width(line) <= width.unwrap_or(200), "{line}");
        }
        assert_eq!(
            text.contains("cases of: 2 law 3.7M, 3 law 3.7M"),
            folded,
            "{text}"
        );
        assert_eq!(table[0].ends_with("cases"), folded, "{text}");
    }
}
