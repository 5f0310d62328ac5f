//! How far the counters are off, and what they promise whatever the text.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use wiretape_core::budget::{Heuristic, TokenCounter};
use wiretape_tokens::Bpe;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(paths: &[&str], end: &str) -> String {
    let mut files = Vec::new();
    for path in paths {
        collect(&root().join(path), end, &mut files);
    }
    files.sort();
    let all = files.iter().map(|file| fs::read_to_string(file).unwrap());
    all.collect()
}

fn collect(path: &Path, end: &str, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), end, files);
        }
    } else if path.to_string_lossy().ends_with(end) {
        files.push(path.to_owned());
    }
}

/// What was not looked at when the weights were found.
fn unseen() -> [(&'static str, String); 6] {
    let fixture = |name: &str| text(&["tests/machines/budget/texts"], name);
    [
        (
            "English",
            text(&["crates/README.md", "tests/README.md"], ".md"),
        ),
        ("Rust", text(&["crates/wiretape-core/src"], ".rs")),
        ("JSON", text(&["recordings/openai-chat"], ".tape")),
        ("Chinese", fixture("chinese-2.txt")),
        ("Japanese", fixture("japanese-2.txt")),
        ("Korean", fixture("korean-2.txt")),
    ]
}

/// By how much an estimate is off, in tenths of a percent of the exact count.
fn off_permille(estimate: u64, exact: u64) -> i64 {
    let difference = i64::try_from(estimate).unwrap() - i64::try_from(exact).unwrap();
    difference * 1_000 / i64::try_from(exact).unwrap()
}

#[test]
fn the_heuristic_is_near_on_texts_it_was_not_made_from() {
    println!("| text | bytes | o200k | heuristic | off | bytes / 4 | off | cl100k |");
    println!("|---|---|---|---|---|---|---|---|");
    let shown = |permille: i64| format!("{:+}.{} %", permille / 10, permille.abs() % 10);
    for (name, text) in unseen() {
        let exact = Bpe::o200k().count(&text);
        let estimate = Heuristic::default().count(&text);
        let quarter = text.chars().count() as u64 / 4;
        let (off, quarter_off) = (off_permille(estimate, exact), off_permille(quarter, exact));
        println!(
            "| {name} | {} | {exact} | {estimate} | {} | {quarter} | {} | {} |",
            text.len(),
            shown(off),
            shown(quarter_off),
            Bpe::cl100k().count(&text),
        );
        assert!(off.abs() <= 150, "{name}: {estimate} for {exact}");
    }
}

#[test]
fn calibration_scales() {
    let text = "a few words, and a number: 1234";
    let mut plain = Heuristic::default();
    let mut more = Heuristic {
        calibration_permille: 1_300,
    };
    let (plain, more) = (plain.count(text), more.count(text));
    assert!(
        plain * 13 / 10 <= more && more <= plain * 13 / 10 + 2,
        "{plain} {more}"
    );
    assert_eq!(
        Heuristic {
            calibration_permille: 0
        }
        .count(text),
        0
    );
    assert_eq!(Heuristic::default().count(""), 0);
    assert_eq!(Heuristic::default().count("word"), 1);
}

#[test]
fn known_counts_are_those_of_tiktoken() {
    // From OpenAI's guide to counting tokens, and its tests.
    for (text, cl100k, o200k) in [
        ("", 0, 0),
        ("tiktoken is great!", 6, 6),
        ("antidisestablishmentarianism", 6, 6),
        ("2 + 2 = 4", 7, 7),
        ("お誕生日おめでとう", 9, 8),
    ] {
        assert_eq!(Bpe::cl100k().count(text), cl100k, "cl100k {text:?}");
        assert_eq!(Bpe::o200k().count(text), o200k, "o200k {text:?}");
    }
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n\r\t]{0,40}",
        "[a-cA-C0-2 ._{\"\n]{0,20}",
        prop::collection::vec(any::<char>(), 0..12).prop_map(|all| all.into_iter().collect()),
    ]
}

proptest! {
    #[test]
    fn more_text_is_never_fewer_tokens(before in words(), after in words()) {
        let mut heuristic = Heuristic::default();
        let both = heuristic.count(&format!("{before}{after}"));
        prop_assert!(both >= heuristic.count(&before));
        prop_assert!(both >= heuristic.count(&after));
    }
}
