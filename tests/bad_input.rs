//! Hostile input: a clear error or a rejected turn with position and kind, never a panic, never
//! unbounded memory.

use crate::support::MADE;
use wiretape_core::turn::Ended;
use wiretape_core::{Dialect, Limits, Options, Reader, Transcript, read};
use wiretape_tape::parse;

fn of(dialect: Dialect, body: &[u8]) -> Transcript {
    Transcript::of(&read(dialect, Options::default(), body))
}

fn chat(payload: &str) -> String {
    format!("data: {payload}\n\n")
}

/// Both dialects refuse the payload behind `before` with this kind of error, at its frame.
fn refused(before: &str, payload: &str, kind: &str) {
    for dialect in MADE {
        let body = format!("{before}{}", chat(payload));
        let seen = of(dialect, body.as_bytes());
        assert_eq!(
            seen.rejected.as_deref(),
            Some("unreadable"),
            "{dialect} {kind}"
        );
        assert_eq!(seen.ended, Ended::Error);
        let error = seen.error.unwrap();
        assert_eq!(
            (error.kind.as_str(), error.at),
            (kind, Some(before.len() as u64)),
            "{dialect}"
        );
        assert!(seen.tool_calls.is_empty());
    }
}

#[test]
fn nesting() {
    let brackets = "[".repeat(100_000);
    refused(": hello\n\n", &brackets, "too_deep");
    refused(
        "",
        &format!("{{\"a\":{}", "{\"a\":".repeat(100_000)),
        "too_deep",
    );
    let whole = format!("{brackets}{}", "]".repeat(100_000));
    refused("", &whole, "too_deep");
}

#[test]
fn arguments_that_nest() {
    let arguments = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let call = format!(
        "{{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":0,\"id\":\"a\",\
         \"function\":{{\"name\":\"f\",\"arguments\":\"{arguments}\"}}}}]}},\
         \"finish_reason\":\"tool_calls\"}}]}}"
    );
    let seen = of(
        Dialect::OpenAiChat,
        (chat(&call) + "data: [DONE]\n\n").as_bytes(),
    );
    assert!(seen.tool_calls.is_empty());
    assert_eq!(seen.rejected_calls.len(), 1);
    assert_eq!(seen.rejected_calls[0].arguments, arguments);
}

#[test]
fn not_json() {
    refused("", "{\"type\":\"ping\"", "not_json");
    refused(": x\n\n", "{\"a\":\u{0}}", "not_json");
    refused("", "{\"a\":\"\u{0}\"}", "not_json");
    refused("", "{\"a\":01}", "not_json");
    refused("", "{\"a\":\"\\ud83\"}", "not_json");
    refused("", "<html>502 Bad Gateway</html>", "not_json");
}

#[test]
fn an_index_of_a_thousand_million() {
    let call = |index: &str| {
        chat(&format!(
            "{{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},\
             \"id\":\"a\",\"function\":{{\"name\":\"f\",\"arguments\":\"{{}}\"}}}}]}},\
             \"finish_reason\":\"tool_calls\"}}]}}"
        )) + "data: [DONE]\n\n"
    };
    for index in [
        "1000000000",
        "18446744073709551615",
        "99999999999999999999999",
        "-1",
        "1e9",
    ] {
        let seen = of(Dialect::OpenAiChat, call(index).as_bytes());
        let ids: Vec<_> = seen
            .tool_calls
            .iter()
            .map(|call| call.id.as_deref())
            .collect();
        assert_eq!(ids, [Some("a")], "index {index}");
    }
    let body = "data: {\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}\n\n\
                data: {\"type\":\"content_block_start\",\"index\":1000000000,\"content_block\":\
                {\"type\":\"text\",\"text\":\"\"}}\n\n\
                data: {\"type\":\"content_block_delta\",\"index\":1000000000,\"delta\":\
                {\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n\
                data: {\"type\":\"content_block_stop\",\"index\":1000000000}\n\n\
                data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n\
                data: {\"type\":\"message_stop\"}\n\n";
    let seen = of(Dialect::Anthropic, body.as_bytes());
    assert_eq!((seen.text.as_str(), seen.rejected), ("hi", None));
}

#[test]
fn a_line_of_100_mb() {
    let chunk = vec![b'a'; 1 << 20];
    for dialect in MADE {
        let mut reader = Reader::new(dialect);
        let mut fed = 0_usize;
        let error = (0..100).find_map(|_| {
            fed += chunk.len();
            reader.feed(&chunk, &mut |_| {}).err()
        });
        let error = error.unwrap();
        assert_eq!((error.at, error.kind.name()), (0, "frame_too_large"));
        assert!(
            fed <= Limits::default().frame_bytes_max + 2 * chunk.len(),
            "stops at the limit"
        );
        assert!(
            error.to_string().contains("limit of 33554432 bytes"),
            "{error}"
        );
        assert!(reader.finish().is_err());
    }
}

#[test]
fn too_many_blocks() {
    let mut body = String::new();
    for index in 0..5_000 {
        body += &chat(&format!(
            "{{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},\
             \"id\":\"c{index}\",\"function\":{{\"name\":\"f\",\"arguments\":\"\"}}}}]}}}}]}}"
        ));
    }
    let seen = of(Dialect::OpenAiChat, body.as_bytes());
    assert_eq!(seen.error.unwrap().kind, "too_many_blocks");
    assert_eq!(seen.rejected_calls.len(), Limits::default().blocks_max);
}

#[test]
fn a_raised_limit_of_blocks_is_the_limit() {
    let options = Options {
        limits: Limits {
            blocks_max: 6_000,
            ..Limits::default()
        },
        ..Options::default()
    };
    let call = |index: usize| {
        chat(&format!(
            "{{\"choices\":[{{\"index\":0,\"delta\":{{\"tool_calls\":[{{\"index\":{index},\
             \"id\":\"c{index}\",\"function\":{{\"name\":\"f\"}}}}]}}}}]}}"
        ))
    };
    for (calls, error) in [(6_000, None), (6_001, Some("too_many_blocks".to_owned()))] {
        let body: String = (0..calls).map(call).collect();
        let seen = Transcript::of(&read(Dialect::OpenAiChat, options, body.as_bytes()));
        assert_eq!(seen.error.map(|error| error.kind), error);
        assert_eq!(seen.rejected_calls.len(), 6_000);
    }
}

#[test]
fn ids_names_and_reasons_count_as_bytes_of_the_reply() {
    let long = "x".repeat(60);
    let call = format!("{{\"index\":0,\"id\":\"{long}\",\"function\":{{\"name\":\"f\"}}}}");
    let choices = [
        format!("{{\"index\":0,\"delta\":{{\"tool_calls\":[{call}]}}}}"),
        format!("{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"{long}\"}}"),
    ];
    for choice in choices {
        let options = Options {
            limits: Limits {
                message_bytes_max: 50,
                ..Limits::default()
            },
            ..Options::default()
        };
        let body = chat(&format!("{{\"choices\":[{choice}]}}"));
        let seen = Transcript::of(&read(Dialect::OpenAiChat, options, body.as_bytes()));
        assert_eq!(seen.error.unwrap().kind, "message_too_large", "{body}");
    }
}

#[test]
fn a_reply_beyond_its_limit() {
    let options = Options {
        limits: Limits {
            message_bytes_max: 10,
            ..Limits::default()
        },
        ..Options::default()
    };
    let text = chat("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"123456\"}}]}");
    let body = format!("{text}{text}");
    let seen = Transcript::of(&read(Dialect::OpenAiChat, options, body.as_bytes()));
    let error = seen.error.unwrap();
    assert_eq!(
        (error.kind.as_str(), error.at),
        ("message_too_large", Some(text.len() as u64))
    );
}

#[test]
fn bodies_that_are_no_stream() {
    let bodies: [&[u8]; 6] = [
        b"",
        b"\0\0\0\0",
        b"\n\n\n",
        b"{\"error\":{\"message\":\"no\"}}",
        b"<html>",
        b"\xFF\xFE",
    ];
    for dialect in MADE {
        for body in bodies {
            let seen = of(dialect, body);
            assert_eq!(
                seen.rejected.as_deref(),
                Some("empty_stream"),
                "{dialect} {body:?}"
            );
        }
    }
}

#[test]
fn a_dialect_that_does_not_match() {
    for (_, loaded) in crate::support::tapes() {
        for subject in loaded.subjects() {
            let subject = subject.unwrap();
            for dialect in MADE.into_iter().filter(|other| *other != subject.dialect) {
                let seen = of(dialect, &subject.body);
                assert!(
                    seen.rejected.is_some(),
                    "{} read as {dialect}",
                    subject.name
                );
                assert!(
                    seen.tool_calls.is_empty(),
                    "{} read as {dialect}",
                    subject.name
                );
            }
        }
    }
}

#[test]
fn tapes_cut_in_half_and_files_that_are_none() {
    for (name, loaded) in crate::support::tapes() {
        let text = std::fs::read(&loaded.path).unwrap();
        let half = parse(&text[..text.len() / 2]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(half.tape.exchanges.len() <= loaded.tape.exchanges.len());
    }
    let folder = std::env::temp_dir().join(format!("wiretape-bad-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let cases: [(&str, &[u8], &str); 6] = [
        ("empty.tape", b"", "empty file, expected a tape"),
        ("text.tape", b"Dear diary,\n", "line 1 is nothing this program reads, expected a tape"),
        ("nul.tape", b"\0\0\0", "line 1 is nothing this program reads"),
        ("version.tape", b"{\"wiretape\":9,\"source\":{\"kind\":\"authored\"},\"exact\":true}\n", "line 1: this reader reads version 1, the file says 9"),
        ("line.tape", b"{\"wiretape\":1,\"source\":{\"kind\":\"authored\"},\"exact\":true}\n[0]\n", "line 2: expected a chunk line"),
        ("dialect.tape", b"{\"wiretape\":1,\"dialect\":\"morse\",\"source\":{\"kind\":\"authored\"},\"exact\":true}\n", "the dialect \"morse\": no such dialect, expected anthropic, openai-chat"),
    ];
    for (name, bytes, expected) in cases {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = wiretape::load(&path, None).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(expected), "{error}");
    }
    let bare = folder.join("bare.sse");
    std::fs::write(&bare, "data: hello\n\n").unwrap();
    let loaded = wiretape::load(&bare, None).unwrap();
    let error = loaded.subjects().next().unwrap().unwrap_err().to_string();
    assert!(error.contains("do not show their dialect"), "{error}");
    assert!(wiretape::find(&[folder.join("absent")]).is_err());
    let found = wiretape::find(std::slice::from_ref(&folder)).unwrap();
    assert_eq!(found.len(), cases.len() + 1);
    assert!(found.is_sorted());
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Wherever a tape is cut, inside a line or between two, it says so; what is left is read.
#[test]
fn a_tape_cut_anywhere_says_so() {
    let source = crate::support::recordings().join("anthropic/small-tool.tape");
    let whole = std::fs::read(source).unwrap();
    let header = whole.iter().position(|&byte| byte == b'\n').unwrap();
    let last = whole.trim_ascii_end().len();
    let path = std::env::temp_dir().join(format!("wiretape-cut-{}.tape", std::process::id()));
    for at in header..=whole.len() {
        std::fs::write(&path, &whole[..at]).unwrap();
        let loaded = wiretape::load(&path, None).unwrap();
        assert_eq!(loaded.torn.is_none(), last <= at, "cut after {at} bytes");
    }
    let between = whole[..last].iter().rposition(|&byte| byte == b'\n');
    std::fs::write(&path, &whole[..=between.unwrap()]).unwrap();
    let torn = wiretape::load(&path, None).unwrap().torn.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        torn,
        "exchange 0 has no end line, as where the recorder was stopped; what came before was read"
    );
}
