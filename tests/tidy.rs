//! The repository's rules, checked over its own files. Each test is one rule and lists whoever
//! breaks it.

mod files;
mod trees;

use std::collections::BTreeSet;

use files::{crates, dependencies, files, has_word, indent, names, occurrences, read, root};

const FILE_LINES_MAX: usize = 800;
const TEST_FILE_LINES_MAX: usize = 1_200;
const FUNCTION_LINES_MAX: usize = 70;

const PURE: [&str; 3] = ["wiretape-core", "wiretape-tape", "wiretape-vary"];

/// Who may depend on whom. A new crate needs a line here.
const ARROWS: [(&str, &str); 9] = [
    ("wiretape-core", ""),
    ("wiretape-tape", ""),
    ("wiretape-tokens", "wiretape-core"),
    ("wiretape-vary", "wiretape-core wiretape-tape"),
    ("wiretape-record", "wiretape-core wiretape-tape"),
    (
        "wiretape-serve",
        "wiretape-core wiretape-tape wiretape-vary",
    ),
    (
        "wiretape",
        "wiretape-core wiretape-serve wiretape-tape wiretape-vary",
    ),
    (
        "wiretape-check",
        "wiretape-core wiretape-serve wiretape-tape wiretape-vary",
    ),
    (
        "wiretape-cli",
        "wiretape wiretape-check wiretape-core wiretape-record wiretape-serve wiretape-tape wiretape-tokens wiretape-vary",
    ),
];

/// What a key begins with, and how many characters must follow.
const KEYS: [(&str, usize); 9] = [
    ("sk-", 8),
    ("Bearer ", 8),
    ("AIza", 20),
    ("xoxb-", 8),
    ("ghp_", 20),
    ("AKIA", 12),
    ("gsk_", 20),
    ("hf_", 20),
    ("xai-", 20),
];

/// `anthropic/plain.tape` in `recordings` has the snapshot `golden__anthropic__plain.snap`.
fn snapshot_of(recording: &str) -> String {
    format!(
        "golden__{}.snap",
        recording.trim_end_matches(".tape").replace('/', "__")
    )
}

#[test]
fn files_are_short() {
    let mut long = Vec::new();
    for file in files("", "rs") {
        let lines = file.text.lines().count();
        if lines
            > if file.is_test() {
                TEST_FILE_LINES_MAX
            } else {
                FILE_LINES_MAX
            }
        {
            long.push(format!("{}: {lines} lines", file.name));
        }
    }
    none(
        &long,
        "a source file has at most 800 lines, one of tests 1,200: cut it by subject",
    );
}

#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    for file in files("", "rs").iter().filter(|file| !file.is_test()) {
        // The function begun last that is still open: its closing brace and where it began.
        let mut open: Option<(String, usize)> = None;
        for (number, line) in file.code() {
            if begins_function(line) {
                open = Some((format!("{}}}", indent(line)), number));
            }
            let Some((close, begun)) = &open else {
                continue;
            };
            let lines = number - begun + 1;
            if line == close || (line.ends_with(';') && indent(line).len() < close.len()) {
                if lines > FUNCTION_LINES_MAX {
                    long.push(format!("{}:{begun}: {lines} lines", file.name));
                }
                open = None;
            }
        }
    }
    none(&long, "a function has at most 70 lines: name its parts");
}

fn begins_function(line: &str) -> bool {
    let qualifiers = ["pub", "pub(crate)", "pub(super)", "const", "async"];
    let mut words = line
        .trim_start()
        .split(' ')
        .skip_while(|word| qualifiers.contains(word));
    words.next() == Some("fn") && !line.ends_with([';', '}'])
}

#[test]
fn pure_crates_do_not_reach_std() {
    let mut impure = Vec::new();
    for name in PURE {
        let root = format!("crates/{name}/src/lib.rs");
        if !read(&root).lines().any(|line| line == "#![no_std]") {
            impure.push(format!("{root}: lacks #![no_std]"));
        }
        for file in files(&format!("crates/{name}/src"), "rs") {
            for (number, line) in file.code().filter(|_| !file.is_test()) {
                if line.contains("extern crate std") || has_word(line, "std", "::") {
                    impure.push(format!("{}:{number}: {}", file.name, line.trim()));
                }
            }
        }
    }
    none(
        &impure,
        "core, tape and vary are no_std: time, chance and I/O are arguments",
    );
}

#[test]
fn nothing_is_left_unfinished() {
    // Cut in two, so that this file does not hold them.
    let marks = [
        ["FIX", "ME"],
        ["to", "do!("],
        ["unimple", "mented!("],
        ["db", "g!("],
    ];
    let found = occurrences(&files("", "rs"), &marks.map(|mark| mark.concat()));
    none(
        &found,
        "sources hold no unfinished work: finish it, or open an issue",
    );
}

#[test]
fn no_path_of_one_machine() {
    let roots = ["work", "tmp", "root", "home"].map(|root| format!("/{root}/"));
    let found = ["rs", "md", "toml"].map(|end| occurrences(&files("", end), &roots));
    none(
        &found.concat(),
        "sources and documents hold no absolute path of one machine",
    );
}

#[test]
fn recordings_and_snapshots_belong_together() {
    let recordings = names("recordings", "tape");
    let wanted: BTreeSet<_> = recordings.iter().map(|name| snapshot_of(name)).collect();
    let (there, more): (BTreeSet<_>, BTreeSet<_>) = names("tests/snapshots", "snap")
        .into_iter()
        .partition(|name| name.starts_with("golden__"));
    let of_none = |name: &String| match name.strip_prefix("blocks__") {
        Some(rest) => !wanted.contains(&format!("golden__{rest}")),
        None => name != "recordings.snap" && !name.starts_with("kit__"),
    };
    let mut apart = Vec::new();
    apart.extend(
        more.iter()
            .filter(|name| of_none(name))
            .map(|name| format!("{name}: of no recording")),
    );
    apart.extend(
        wanted
            .difference(&there)
            .map(|name| format!("{name}: missing")),
    );
    apart.extend(
        there
            .difference(&wanted)
            .map(|name| format!("{name}: of no recording")),
    );
    none(
        &apart,
        "tests/snapshots holds one golden snapshot for each recording, and no other",
    );
    assert!(!recordings.is_empty(), "recordings/ holds no tape");
}

#[test]
fn recordings_hold_no_keys() {
    let mut found = Vec::new();
    for file in files("recordings", "tape") {
        for (line, number) in file.text.lines().zip(1..) {
            for (start, _) in KEYS
                .iter()
                .filter(|(start, more)| has_key(line, start, *more))
            {
                found.push(format!("{}:{number}: {start}…", file.name));
            }
        }
    }
    none(&found, "recordings hold no keys: redact and record again");
}

fn has_key(line: &str, start: &str, more: usize) -> bool {
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    line.match_indices(start).any(|(at, _)| {
        let (before, after) = line.split_at(at);
        let following = after.chars().skip(start.len()).take_while(|c| is_key(*c));
        !before.ends_with(|c: char| c.is_ascii_alphanumeric()) && following.count() >= more
    })
}

/// Its name stands in a test, or its variant does. A limit out of reach is tested inside its crate,
/// with a smaller one.
#[test]
fn every_kind_of_error_has_a_test() {
    let sources = [
        "wiretape-core/src/error.rs",
        "wiretape-core/src/turn/call.rs",
    ];
    let more = [
        "wiretape-core/src/turn/mod.rs",
        "wiretape-tape/src/error.rs",
    ];
    let tests: Vec<String> = files("", "rs")
        .into_iter()
        .filter(|file| file.is_test() && file.name != "tests/tidy.rs")
        .map(|file| file.text)
        .collect();
    let out_of_reach = "line_too_long";
    let mut untested = Vec::new();
    let mut kinds = 0;
    for source in sources.iter().chain(&more) {
        for line in read(&format!("crates/{source}")).lines() {
            let Some((variant, name)) = named_kind(line) else {
                continue;
            };
            kinds += 1;
            let variant = format!("ErrorKind::{variant}");
            if name != out_of_reach
                && !tests
                    .iter()
                    .any(|text| has_word(text, name, "") || has_word(text, &variant, ""))
            {
                untested.push(format!("crates/{source}: {name}"));
            }
        }
    }
    none(&untested, "every kind of error has a test that meets it");
    assert!(kinds > 30, "the names are where this test looks for them");
}

/// Variant and name of a line like `Self::TooDeep => "too_deep",`.
fn named_kind(line: &str) -> Option<(&str, &str)> {
    let (left, right) = line.trim().strip_prefix("Self::")?.split_once(" => \"")?;
    let name = right.strip_suffix("\",")?;
    let is_name = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let variant = left.split([' ', '(']).next()?;
    is_name.then_some((variant, name))
}

#[test]
fn recordings_are_in_their_table() {
    let table = read("recordings/README.md");
    let absent: Vec<String> = names("recordings", "tape")
        .into_iter()
        .filter(|name| {
            let stem = name.trim_end_matches(".tape").rsplit('/').next();
            !table.contains(&format!("| `{}` |", stem.unwrap_or_default()))
        })
        .collect();
    none(&absent, "recordings/README.md has a row for each tape");
}

#[test]
fn dependencies_point_inwards() {
    let mut wrong = Vec::new();
    for (name, manifest) in crates() {
        let known = ARROWS.iter().find(|(krate, _)| *krate == name);
        let Some((_, permitted)) = known else {
            wrong.push(format!("{name}: not in the table"));
            continue;
        };
        for to in dependencies(&manifest) {
            if to.starts_with("wiretape") && !permitted.split(' ').any(|krate| krate == to) {
                wrong.push(format!("{name} -> {to}"));
            }
        }
        if !manifest.contains("[lints]\nworkspace = true") {
            wrong.push(format!("{name}: does not take the lints of the workspace"));
        }
    }
    none(
        &wrong,
        "crates depend on each other only as ARROWS in tests/tidy.rs permits",
    );
}

#[test]
fn documents_name_crates_and_dependencies() {
    let (map, readme) = (read("crates/README.md"), read("README.md"));
    let mut absent = Vec::new();
    for (name, manifest) in crates() {
        for word in dependencies(&manifest).iter().chain([&name]) {
            if !has_word(&map, word, "") {
                absent.push(format!("crates/README.md: {word} (of {name})"));
            }
        }
        if !has_word(&readme, &name, "") {
            absent.push(format!("README.md: {name}"));
        }
    }
    none(
        &absent,
        "README.md names each crate; crates/README.md also what each dependency saves",
    );
}

#[test]
fn links_in_documents_lead_somewhere() {
    let mut dead = Vec::new();
    for file in files("", "md") {
        let path = root().join(&file.name);
        for rest in file.text.split("](").skip(1) {
            let to = rest.split([')', '#']).next().unwrap_or_default();
            let own = !to.is_empty() && !to.contains("://");
            if own && !path.parent().is_some_and(|folder| folder.join(to).exists()) {
                dead.push(format!("{}: {to}", file.name));
            }
        }
    }
    none(&dead, "a link in a document leads to a file that exists");
}

#[test]
fn the_oldest_compiler_is_stated_once() {
    let own = numbers_after("rust-version = \"", &read("Cargo.toml"));
    assert_eq!(own.len(), 1, "Cargo.toml states one rust-version");
    let mut manifests = files("", "toml");
    manifests.retain(|file| file.name != "Cargo.toml");
    let marks = ["rust-version = \"", "msrv = \""].map(str::to_owned);
    let mut wrong = occurrences(&manifests, &marks);
    let readme = numbers_after("Rust ", &read("README.md"));
    if readme != own {
        wrong.push(format!("README.md says {readme:?}, Cargo.toml {own:?}"));
    }
    none(
        &wrong,
        "the oldest compiler stands in Cargo.toml, once, and README.md says the same",
    );
}

/// The versions `1.x` that stand after `mark`.
fn numbers_after(mark: &str, text: &str) -> BTreeSet<String> {
    let is_number = |c: &char| c.is_ascii_digit() || *c == '.';
    let rests = text
        .split(mark)
        .skip(1)
        .filter(|rest| rest.starts_with("1."));
    let numbers = rests.map(|rest| rest.chars().take_while(is_number).collect::<String>());
    numbers
        .map(|number| number.trim_end_matches('.').to_owned())
        .collect()
}

fn none(offenders: &[String], rule: &str) {
    assert!(
        offenders.is_empty(),
        "{rule}\n  {}\n",
        offenders.join("\n  ")
    );
}
