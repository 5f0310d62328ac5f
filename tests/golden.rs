//! What the reader makes of every tape, as snapshots.

use std::fmt::Write;

use wiretape_core::turn::Reply;
use wiretape_core::{Dialect, Options, Rejected, Transcript, Turn, read};

use crate::support::tapes;

/// `golden__anthropic__text` for `anthropic/text.tape`.
fn name_of(kind: &str, tape: &str) -> String {
    format!(
        "{kind}__{}",
        tape.trim_end_matches(".tape").replace('/', "__")
    )
}

fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

fn results(loaded: &wiretape::Loaded) -> Vec<Result<Turn, Rejected>> {
    let read =
        |subject: wiretape::Subject<'_>| read(subject.dialect, Options::default(), &subject.body);
    loaded
        .subjects()
        .map(|subject| read(subject.unwrap()))
        .collect()
}

#[test]
fn transcripts() {
    let mut settings = settings();
    for (name, loaded) in tapes() {
        let transcripts: Vec<_> = results(&loaded).iter().map(Transcript::of).collect();
        let snapshot = name_of("golden", &name);
        let note = loaded.tape.header.source.note.clone().unwrap_or_default();
        settings.set_description(note);
        settings.bind(|| match transcripts.as_slice() {
            [one] => insta::assert_json_snapshot!(snapshot, one),
            all => insta::assert_json_snapshot!(snapshot, all),
        });
    }
}

/// What must go back to the provider as it came and stands in no transcript: results, redacted
/// reasoning, citations.
#[test]
fn blocks() {
    for (name, loaded) in tapes() {
        let mut seen = String::new();
        let mut more = false;
        for result in &results(&loaded) {
            let reply = result.as_ref().map_or_else(Rejected::reply, Turn::reply);
            more |= has_more(reply);
            seen += &crate::blocks::summary(reply);
        }
        if more {
            settings().bind(|| insta::assert_snapshot!(name_of("blocks", &name), seen));
        }
    }
}

fn has_more(reply: &Reply) -> bool {
    let contents = reply.choices.iter().flat_map(|choice| &choice.contents);
    contents.into_iter().any(|content| {
        !content.raw.is_empty()
            || content.signature.is_some()
            || !content.citations.is_empty()
            || !content.others.is_empty()
    })
}

/// A tape does not change once it is there: scenarios, seeds and reports name its bytes.
#[test]
fn bytes_of_every_tape() {
    let mut sums = String::new();
    for (name, loaded) in tapes() {
        let digest = wiretape_tape::sha256_hex(&std::fs::read(&loaded.path).unwrap());
        let _ = writeln!(sums, "{digest}  {name}");
    }
    settings().bind(|| insta::assert_snapshot!("recordings", sums));
}

/// A tape without its dialect's name is read all the same; a cut one too, as soon as it shows it.
#[test]
fn every_body_shows_its_dialect() {
    for (name, loaded) in tapes() {
        for subject in loaded.subjects() {
            let subject = subject.unwrap();
            assert_eq!(
                Dialect::sniff(&subject.body),
                Some(subject.dialect),
                "{name}"
            );
        }
    }
    let start = "data: {\"type\":\"content_block_start\",\"index\":0}\n\n";
    let noise = |n: usize| ": a\n\n".repeat(n) + "data: no JSON\n\n";
    for (body, dialect) in [
        (noise(60) + start, Some(Dialect::Anthropic)),
        (noise(70) + start, None),
        (
            "data: {\"choices\":[]}\n\n".into(),
            Some(Dialect::OpenAiChat),
        ),
        (
            "data: {\"object\":\"chat.completion.chunk\"}\n\n".into(),
            Some(Dialect::OpenAiChat),
        ),
        (
            "data: {\"object\":\"list\",\"type\":\"ping\"}\n\n".into(),
            None,
        ),
        ("data: [DONE]\n\n".into(), None),
        (String::new(), None),
    ] {
        assert_eq!(Dialect::sniff(body.as_bytes()), dialect, "{body}");
    }
}
