//! What is tested without a socket.

use proptest::prelude::*;
use serde_json::json;
use wiretape_tape::{EndKind, Tape};

use crate::body::Chunked;
use crate::diff::{canonical, diff, remove};
use crate::head::{self, Length};
use crate::matching::{Asked, paths_agree};
use crate::report::{Report, without_keys};
use crate::{Mount, Pace};

/// What a decoder makes of pieces: the body, whether it is done, what is left over; or the refusal.
fn decoded(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool, Vec<u8>), u16> {
    let mut decoder = Chunked::new(100, 50);
    let (mut body, mut rest) = (Vec::new(), Vec::new());
    for piece in pieces {
        rest.extend_from_slice(piece);
        let used = decoder
            .decode(&rest, &mut body)
            .map_err(|refusal| refusal.status)?;
        rest.drain(..used);
        assert!(decoder.is_done() || rest.is_empty(), "it takes all it can");
    }
    Ok((body, decoder.is_done(), rest))
}

#[test]
fn a_chunked_body_is_what_its_chunks_hold() {
    let bytes = b"3\r\nabc\r\n00b;x=\"y\"\r\n0123456789a\r\n0\r\nt: u\r\n\r\nGET /";
    let (body, done, rest) = decoded(&[bytes]).unwrap();
    assert_eq!(
        (body.as_slice(), done, rest.as_slice()),
        (&b"abc0123456789a"[..], true, &b"GET /"[..])
    );
    assert_eq!(decoded(&[b"64\r\n"]), Ok((Vec::new(), false, Vec::new())));
    assert_eq!(decoded(&[b"65\r\n"]), Err(413));
    assert_eq!(
        decoded(&[b"1\r\na\r\n64\r\n"]),
        Err(413),
        "together they are too long"
    );
    assert_eq!(decoded(&[b"0\r\n", &[b'x'; 60]]), Err(431));
    assert_eq!(decoded(&[b"1 ;\n"]), Err(400));
}

proptest! {
    #[test]
    fn how_a_chunked_body_is_cut_changes_nothing(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            "([0-9a-f]{1,2}(;[a-z]{0,9})?\r\n[a-z]{0,20}(\r\n)?){0,4}(0\r\n)?([a-z]: x\r\n){0,3}(\r\n)?.{0,4}"
                .prop_map(String::into_bytes),
        ],
        at in any::<prop::sample::Index>(),
    ) {
        let whole = decoded(&[&bytes]);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&decoded(&single), &whole);
        let (one, two) = bytes.split_at(at.index(bytes.len() + 1));
        prop_assert_eq!(&decoded(&[one, two]), &whole);
    }

    #[test]
    fn any_head_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = head::parse(&bytes);
        let text: Vec<u8> = [b"GET / HTTP/1.1\r\n", bytes.as_slice()].concat();
        if let Ok(Some((head, used))) = head::parse(&text) {
            prop_assert!(used <= text.len());
            prop_assert!(head::end(&text, 0));
            prop_assert_eq!(head.length, Length::Bytes(0));
        }
    }

    /// The end of a head is seen at the byte that brings it, whatever was looked at before.
    #[test]
    fn the_end_of_a_head_is_not_overlooked(lines in "(a(\r\n|\n)){0,5}", end in "(\r\n|\n)") {
        let text = format!("a\r\n{lines}{end}");
        for from in 0..text.len() {
            prop_assert!(head::end(text.as_bytes(), from));
        }
    }
}

#[test]
fn dates_are_written_as_http_has_them() {
    for (epoch_s, date) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (1_445_412_480, "Wed, 21 Oct 2015 07:28:00 GMT"),
        (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    ] {
        assert_eq!(crate::clock::http_date(epoch_s), date);
    }
}

#[test]
fn json_has_one_form() {
    let one = json!({"b": [1.0, 2.5, 1e300], "a": {"y": null, "x": "é"}});
    let other: serde_json::Value =
        serde_json::from_str(r#"{"a":{"x":"\u00e9","y":null},"b":[1,2.50,1e300]}"#).unwrap();
    assert_eq!(canonical(&one), canonical(&other));
    assert_ne!(
        canonical(&one),
        canonical(&json!({"b": ["1", 2.5, 1e300], "a": one["a"]}))
    );
    assert_ne!(
        canonical(&json!(["a,", "b"])),
        canonical(&json!(["a", ",b"]))
    );
}

#[test]
fn differences_are_told_by_pointer() {
    let told = |expected, found| {
        let all = diff(&expected, &found);
        all.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(told(json!({"a": [1, 2]}), json!({"a": [1, 2]})), [""; 0]);
    assert_eq!(
        told(
            json!({"a": [1, {"b": 2}], "c": 1}),
            json!({"a": [1, {"b": 3}, 4]})
        ),
        [
            "/a/1/b: expected 2, found 3",
            "/a/2: expected nothing, found 4",
            "/c: expected 1, found nothing",
        ]
    );
    assert_eq!(
        told(json!([]), json!({})),
        ["the body: expected [], found {}"]
    );
    let many = |value: i32| json!(vec![value; 1000]);
    assert_eq!(diff(&many(1), &many(2)).len(), 20);
}

#[test]
fn what_is_ignored_is_removed_where_it_is() {
    let mut value = json!({"a": [{"id": 1, "x/y~": 2}], "b": 3});
    for pointer in [
        "/a/0/id",
        "/a/0/x~1y~0",
        "/b",
        "/no/where",
        "b",
        "",
        "/a/7",
        "/a/-",
    ] {
        remove(&mut value, pointer);
    }
    assert_eq!(value, json!({"a": [{}]}));
}

#[test]
fn paths_agree_as_base_urls_differ() {
    assert!(paths_agree("/v1beta/models/m:x?alt=sse", "/models/m:x"));
    assert!(paths_agree("/openai/v1/responses", "/v1/responses"));
    assert!(paths_agree("/v1beta/models/m:x?alt=sse", "/v1/models/n:x"));
    assert!(!paths_agree("/v1beta/models/m:x", "/v1beta/models/m:y"));
    let bedrock = "/model/a.b-v1:0/converse-stream";
    assert!(paths_agree(bedrock, "/model/c%3A0/converse-stream"));
    assert!(!paths_agree(bedrock, "/model/a.b-v1:0/converse"));
    assert!(!paths_agree("/v1", "/v1beta"));
    assert!(!paths_agree("/v1/messages", "/v1//messages"));
    assert!(!paths_agree("/v1/a", "/b"));
}

#[test]
fn streaming_is_in_the_body_or_the_path() {
    let streams = |path: &str, body: &str| Asked::new("POST", path, body.as_bytes(), &[]).streams;
    assert!(streams("/v1/messages", r#"{"stream":true}"#));
    assert!(!streams("/v1/messages", r#"{"stream":"true"}"#));
    assert!(!streams("/v1/messages", "stream=true"));
    assert!(streams(
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        "{}"
    ));
    assert!(!streams(
        "/v1beta/models/m:generateContent?x=:streamGenerateContent",
        "{}"
    ));
}

#[test]
fn keys_in_a_query_are_not_shown() {
    assert_eq!(
        without_keys("/a?alt=sse&key=abc&API_KEY=d&k=v"),
        "/a?alt=sse&key=(not shown)&API_KEY=(not shown)&k=v"
    );
    assert_eq!(without_keys("/a"), "/a");
}

#[test]
fn a_report_is_one_line_and_one_object() {
    let report = Report::Played {
        prefix: "/x".to_owned(),
        number: 3,
        exchange: 1,
        scenario: "seed 7, profile lawful".to_owned(),
        bytes: 10,
        chunks: 2,
        sha256: "ab".to_owned(),
        same_bytes: true,
        equal: false,
        end: EndKind::Complete,
        whole: true,
        elapsed: std::time::Duration::from_micros(1_234_500),
    };
    assert_eq!(
        report.to_string(),
        "/x request 3: exchange 1, seed 7, profile lawful: 10 bytes, 2 chunks, complete, 1.234 s, \
         sha256 ab, the recording's bytes, cut otherwise"
    );
    let told = serde_json::to_value(&report).unwrap();
    assert_eq!(
        (&told["report"], &told["elapsed_ns"]),
        (&json!("played"), &json!(1_234_500_000))
    );
}

/// Time is the runtime's: a test that holds it waits for nothing.
#[tokio::test(start_paused = true)]
async fn a_paced_answer_is_written_at_its_moments() {
    let mut tape = Tape::from_body(b"data: 1\n\ndata: 2\n\n", None);
    tape.exchanges[0].chunks[0].after_ns = 90_000_000_000;
    let mount = Mount::new(&tape).pace(Pace::Scripted { n: 3, of: 1 });
    let clock = crate::clock::Clock::start();
    let mut out = Vec::new();
    assert_eq!(mount.play(0, &mut out).await.unwrap(), EndKind::Complete);
    let seconds = clock.elapsed().as_secs();
    assert_eq!(seconds, 30);
    assert!(out.ends_with(b"\r\n12\r\ndata: 1\n\ndata: 2\n\n\r\n0\r\n\r\n"));
    assert!(mount.play(1, &mut out).await.is_err());
}

#[test]
fn a_tape_in_a_front_ends_protocol_keeps_its_moments() {
    let pieces: [(u64, &str); 3] = [
        (
            5,
            "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"con",
        ),
        (
            7,
            "tent\":\"hey\"}}]}\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        ),
        (11, "data: [DONE]\n\n"),
    ];
    let mut tape = Tape::from_body(b"", Some("openai-chat"));
    let exchange = &mut tape.exchanges[0];
    exchange.chunks = pieces
        .map(|(after_ns, text)| wiretape_tape::Chunk {
            after_ns,
            bytes: text.into(),
        })
        .into();
    exchange.end = Some(wiretape_tape::End::of(
        &exchange.chunks,
        13,
        EndKind::Unterminated,
    ));
    let told = crate::in_protocol(
        &tape,
        Some(wiretape_core::Dialect::OpenAiChat),
        wiretape_core::ui::Protocol::AgUi,
    );
    let exchange = &told.exchanges[0];
    let told: Vec<(u64, String)> = exchange
        .chunks
        .iter()
        .map(|chunk| {
            let event: serde_json::Value = serde_json::from_slice(&chunk.bytes[6..]).unwrap();
            (chunk.after_ns, event["type"].as_str().unwrap().to_owned())
        })
        .collect();
    let wanted = [
        (12, "RUN_STARTED"),
        (0, "TEXT_MESSAGE_START"),
        (0, "TEXT_MESSAGE_CONTENT"),
        (24, "TEXT_MESSAGE_END"),
        (0, "RUN_FINISHED"),
    ];
    assert_eq!(told, wanted.map(|(after, kind)| (after, kind.to_owned())));
    let end = exchange.end.as_ref().unwrap();
    assert_eq!(end.kind, EndKind::Complete);
    let head = exchange.response.as_ref().unwrap();
    assert_eq!(head.headers[0].1, "text/event-stream");
}
