//! `OpenAI` legacy Completions: streams after the API's reference, and what must come of each.
#![expect(clippy::indexing_slicing, reason = "tests")]

use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Options, Reader, Transcript, read};

const DIALECT: Dialect = Dialect::OpenAiCompletions;

fn check(options: Options, payloads: &[&str]) -> Transcript {
    let body: String = payloads
        .iter()
        .map(|one| format!("data: {one}\n\n"))
        .collect();
    let body = body.as_bytes();
    let whole = Transcript::of(&read(DIALECT, options, body));
    let mut reader = Reader::with_options(DIALECT, options);
    for byte in body.chunks(1) {
        let _ = reader.feed(byte, &mut |_| {});
    }
    assert_eq!(Transcript::of(&reader.finish()), whole, "byte by byte");
    let mut slow = options;
    slow.dialect.templates = false;
    assert_eq!(Transcript::of(&read(DIALECT, slow, body)), whole, "in full");
    for cut in 0..body.len() {
        let cut = Transcript::of(&read(DIALECT, options, &body[..cut]));
        assert!(whole.text.starts_with(&cut.text));
    }
    whole
}

fn piece(index: u32, text: &str, finish: &str) -> String {
    format!(
        r#"{{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{{"text":"{text}","index":{index},"logprobs":null,"finish_reason":{finish}}}]}}"#
    )
}

#[test]
fn text_to_its_end() {
    let (a, b, c) = (
        piece(0, "Hel", "null"),
        piece(0, "lo\\n", "null"),
        piece(0, "", "\"stop\""),
    );
    let usage = r#"{"id":"cmpl-1","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}"#;
    let read = check(Options::strict(), &[&a, &b, &c, usage, "[DONE]"]);
    assert_eq!(
        (&*read.text, read.stop.as_deref()),
        ("Hello\n", Some("stop"))
    );
    assert_eq!((read.ended, &read.rejected), (Ended::Terminal, &None));
    assert_eq!((read.usage.input, read.usage.output), (Some(5), Some(2)));
    assert_eq!(read.message_id.as_deref(), Some("cmpl-1"));
}

#[test]
fn ends() {
    let (a, cut) = (piece(0, "Hel", "null"), piece(0, "lo", "\"length\""));
    let stop = piece(0, "lo", "\"stop\"");
    let cases: [(&[&str], Option<&str>, Ended); 7] = [
        (&[&a, &stop, "[DONE]"], None, Ended::Terminal),
        (&[&a, &cut, "[DONE]"], Some("unsafe_stop"), Ended::Terminal),
        (&[&a, &stop], Some("no_terminal"), Ended::Eof),
        (&[&a, "[DONE]"], Some("no_stop_reason"), Ended::Terminal),
        (&[&a], Some("no_terminal"), Ended::Eof),
        (
            &[&a, r#"{"error":{"type":"server_error","message":"no"}}"#],
            Some("provider_error"),
            Ended::Error,
        ),
        (&["{"], Some("unreadable"), Ended::Error),
    ];
    for (payloads, rejected, ended) in cases {
        let read = check(Options::default(), payloads);
        assert_eq!(
            (read.rejected.as_deref(), read.ended),
            (rejected, ended),
            "{payloads:?}"
        );
    }
}

#[test]
fn several_answers() {
    let pieces = [
        piece(0, "a", "null"),
        piece(1, "x", "null"),
        piece(0, "b", "\"stop\""),
        piece(1, "y", "\"stop\""),
    ];
    let [a, b, c, d] = &pieces;
    let read = check(Options::default(), &[a, b, c, d, "[DONE]"]);
    assert_eq!((&*read.text, &*read.others[0].text), ("ab", "xy"));
}
