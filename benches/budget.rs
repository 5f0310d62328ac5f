//! Plans over long histories, and tokens counted beside `bpe-openai` alone and `tiktoken-rs`.
#![expect(
    clippy::expect_used,
    clippy::string_slice,
    reason = "a bench may stop at once where its own material is wrong"
)]

#[expect(dead_code, reason = "its tables are those of chunks")]
mod race;

use std::fs;
use std::path::{Path, PathBuf};

use race::{Round, race, ratio, speed};
use wiretape_core::Dialect;
use wiretape_core::budget::{
    Budget, Cuttable, Entry, Heuristic, Options, Pin, Planner, TokenCounter, plan,
};
use wiretape_core::conversation::Conversation;
use wiretape_tokens::Bpe;

/// Bytes of each text: enough that a processor's nearest cache does not hold it.
const TEXT_BYTES: usize = 1 << 20;

fn main() {
    // A test runner asks what there is to run.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    counting();
    plans();
    fits();
}

/// MB/s of each counter, on the same texts in turn.
fn counting() {
    println!("\n**Counting tokens**, MB/s\n");
    println!(
        "| text | bytes a token | ours, o200k | bpe-openai | tiktoken-rs | ours / tiktoken-rs | \
         ours, cl100k | heuristic |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let tiktoken = tiktoken_rs::o200k_base_singleton();
    let reference = bpe_openai::o200k_base();
    for (name, text) in texts() {
        let tokens = tiktoken.encode_ordinary(&text).len() as u64;
        assert_eq!(Bpe::o200k().count(&text), tokens, "{name}");
        let text = text.as_str();
        let rounds: [Round<'_>; 5] = [
            Box::new(move || assert_eq!(Bpe::o200k().count(text), tokens)),
            Box::new(move || assert_eq!(reference.count(text) as u64, tokens)),
            Box::new(move || assert_eq!(tiktoken.encode_ordinary(text).len() as u64, tokens)),
            Box::new(move || assert!(Bpe::cl100k().count(text) > 0)),
            Box::new(move || assert!(Heuristic::default().count(text) > 0)),
        ];
        let best = race(&rounds);
        let at = |place: usize| best.get(place).copied();
        let shown = |place: usize| speed(text.len(), at(place));
        println!(
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            ratio(text.len() as u128, tokens.into()),
            shown(0),
            shown(1),
            shown(2),
            ratio(at(2).unwrap_or(0), at(0).unwrap_or(0)),
            shown(3),
            shown(4),
        );
    }
}

/// The four kinds of text, from this repository.
fn texts() -> Vec<(&'static str, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let kinds = [
        ("English", "", "md"),
        ("Rust", "crates", "rs"),
        ("JSON", "recordings", "tape"),
        (
            "Chinese, Japanese, Korean",
            "tests/machines/budget/texts",
            "txt",
        ),
    ];
    let read = |(name, folder, end): (&'static str, &str, &str)| {
        let mut files = Vec::new();
        collect(&root.join(folder), end, &mut files);
        files.sort();
        let all = files
            .iter()
            .map(|file| fs::read_to_string(file).expect("a text"));
        let all: String = all.collect();
        assert!(!all.is_empty(), "{name}: there are texts");
        let mut text = all.repeat(TEXT_BYTES / all.len() + 1);
        let mut end = TEXT_BYTES;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        (name, text)
    };
    kinds.map(read).into()
}

fn collect(folder: &Path, end: &str, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            collect(&path, end, files);
        } else if path.extension().is_some_and(|other| other == end) {
            files.push(path);
        }
    }
}

/// The pure plan, counts known.
fn plans() {
    println!("\n**`plan()`**, counts known\n");
    let rows = [
        (
            "10,000 messages, 1,000,000 tokens, half must go",
            10_000,
            100,
        ),
        ("10,000 messages, nothing must go", 10_000, 10),
        (
            "1,000 messages, 1,000,000 tokens, half must go",
            1_000,
            1_000,
        ),
        ("100,000 messages, half must go", 100_000, 100),
    ];
    for (name, messages, tokens) in rows {
        let entries = entries(messages, tokens);
        let all: u64 = entries.iter().map(|entry| entry.tokens).sum();
        let budget = Budget {
            threshold_percent: 100,
            ..Budget::new(if tokens == 10 { all } else { all / 2 })
        };
        let cuts = plan(&budget, &entries).expect("it fits").cuts.len();
        assert_eq!(cuts == 0, tokens == 10, "{name}");
        let rounds: [Round<'_>; 1] = [Box::new(|| {
            assert_eq!(plan(&budget, &entries).expect("it fits").cuts.len(), cuts);
        })];
        let best = race(&rounds);
        println!("- {name}: {}, {cuts} cuts", micros(best.first().copied()));
    }
}

/// A call and its result in turn, every eighth result a long one.
fn entries(messages: usize, tokens: u64) -> Vec<Entry> {
    let entry = |at: usize| {
        let long = at % 16 == 1;
        Entry {
            group: at / 2,
            pin: match at {
                0 => Some(Pin::FirstUser),
                at if at + 4 > messages => Some(Pin::CurrentTurn),
                _ => None,
            },
            tokens: if long { tokens * 3 } else { tokens },
            results: Vec::from_iter(long.then_some(Cuttable {
                part: 0,
                saves: tokens,
            })),
        }
    };
    (0..messages).map(entry).collect()
}

/// From a stored history to the body that is sent.
fn fits() {
    println!("\n**`Planner::fit`**, a history of 10,000 messages\n");
    let history = history(10_000);
    let bytes = history.body().len();
    let mut first = Planner::new(options(&history), Bpe::o200k());
    let sent = first.fit(&history).expect("it fits");
    assert!(!sent.plan.cuts.is_empty(), "something must go");
    let mut grown = history.clone();
    grown
        .push(r#"{"role":"assistant","content":"so be it"}"#)
        .expect("a message");
    grown.push_user("and then?");
    let rounds: [Round<'_>; 3] = [
        Box::new(|| {
            let mut planner = Planner::new(options(&history), Bpe::o200k());
            planner.fit(&history).expect("it fits");
        }),
        Box::new(|| {
            first.clone().fit(&grown).expect("it fits");
        }),
        Box::new(|| drop(first.clone())),
    ];
    let best = race(&rounds);
    let at = |place: usize| best.get(place).copied();
    println!("- {} tokens in {bytes} bytes of requests", sent.plan.before);
    println!("- first time, everything counted: {}", micros(at(0)));
    let again = at(1)
        .zip(at(2))
        .map(|(fit, clone)| fit.saturating_sub(clone));
    println!("- two messages later: {}", micros(again));
}

fn options(history: &Conversation) -> Options {
    let mut options = Options::new(500_000);
    options.max_tokens = Some(8_192);
    options.pins = vec![history.messages().len() / 2];
    options
}

fn history(messages: usize) -> Conversation {
    let reply = benches::reply(Dialect::OpenAiChat, 7, 8_192);
    let mut words = reply.text.as_str();
    let mut history = Conversation::new(Dialect::OpenAiChat);
    history.push_user("The task, and all that belongs to it.");
    while history.messages().len() < messages {
        let n = history.messages().len();
        let long = if n % 32 == 1 { 8_000 } else { 300 };
        if words.len() < long + 4 {
            words = reply.text.as_str();
        }
        let mut end = long;
        while !words.is_char_boundary(end) {
            end += 1;
        }
        let text = &words[..end];
        words = &words[end..];
        let call = serde_json::json!({"role": "assistant", "content": null, "tool_calls": [{
            "id": format!("call_{n}"), "type": "function",
            "function": {"name": "read", "arguments": "{\"path\":\"src/lib.rs\"}"}}]});
        let result = serde_json::json!({
            "role": "tool", "tool_call_id": format!("call_{n}"), "content": text});
        history.push(&call.to_string()).expect("a message");
        history.push(&result.to_string()).expect("a message");
        if n % 16 == 1 {
            history
                .push(r#"{"role":"assistant","content":"done"}"#)
                .expect("a message");
            history.push_user("go on");
        }
    }
    history
}

fn micros(ns: Option<u128>) -> String {
    let ns = ns.unwrap_or(0);
    format!("{}.{:02} ms", ns / 1_000_000, ns / 10_000 % 100)
}
