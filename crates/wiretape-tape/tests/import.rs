//! Recordings of other tools: what comes of them, what does not, and that nothing panics.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::panic,
    reason = "a test that cannot go on should stop"
)]

use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use wiretape_tape::import::{Error, Format, Imported, import, import_as, join};
use wiretape_tape::{Body, EndKind, SourceKind, Tape, Unknown, encode, export, parse};

const BODY: &str =
    "event: ping\ndata: {\"type\":\"ping\"}\n\ndata: {\"text\":\"你好 \\\"x\\\"\"}\n\n";

/// A file of one exchange with [`BODY`] for each format that keeps bytes.
fn files() -> Vec<(Format, String)> {
    let quoted = serde_json::to_string(BODY).unwrap();
    let base64 = base64(BODY.as_bytes());
    vec![
        (Format::Vcr, vcrpy(&quoted)),
        (Format::Vcr, vcrpy(&format!("!!binary |\n        {base64}"))),
        (Format::Vcr, ruby(&format!("string: {quoted}"))),
        (
            Format::Vcr,
            ruby(&format!("string: !binary |-\n        {base64}")),
        ),
        (Format::Vcr, ruby(&format!("base64_string: {base64}"))),
        (
            Format::Vcr,
            format!(
                r#"{{"version":1,"interactions":[{{"request":{{"method":"POST","uri":"https://api.test/v1/messages",
                "headers":{{}},"body":"{{}}"}},"response":{{"status":{{"code":200,"message":"OK"}},
                "headers":{{"content-type":["text/event-stream"]}},"body":{{"string":{quoted}}}}}}}]}}"#
            ),
        ),
        (Format::Har, har(&format!(r#""text":{quoted}"#))),
        (
            Format::Har,
            har(&format!(r#""text":"{base64}","encoding":"base64""#)),
        ),
        (Format::Llmcap, llmcap(BODY.as_bytes())),
        (
            Format::Curl,
            format!("HTTP/2 200 \r\ncontent-type: text/event-stream\r\n\r\n{BODY}"),
        ),
        (Format::CurlTrace, trace(BODY.as_bytes(), true)),
    ]
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn vcrpy(body: &str) -> String {
    format!(
        "interactions:
- request:
    body: '{{\"stream\":true}}'
    headers:
      authorization:
      - Bearer sk-ant-abcdefghijklmnop
      content-type:
      - application/json
    method: POST
    uri: https://api.test/v1/messages
  response:
    body:
      string: {body}
    headers: &id001
      Content-Type:
      - text/event-stream
      set-cookie:
      - a=b
    status:
      code: 200
      message: OK
version: 1
"
    )
}

fn ruby(body: &str) -> String {
    format!(
        "---
http_interactions:
- request:
    method: post
    uri: https://api.test/v1/messages
    body:
      encoding: UTF-8
      string: '{{\"stream\":true}}'
    headers:
      Authorization:
      - Bearer sk-ant-abcdefghijklmnop
  response:
    status:
      code: 200
      message: OK
    headers:
      Content-Type:
      - text/event-stream
    body:
      encoding: UTF-8
      {body}
  recorded_at: Fri, 02 Jan 2026 00:00:00 GMT
recorded_with: VCR 6.2.0
"
    )
}

fn har(content: &str) -> String {
    format!(
        r#"{{"log":{{"version":"1.2","creator":{{"name":"x","version":"1"}},"entries":[{{
        "startedDateTime":"2026-01-01T00:00:00.000Z","time":12.5,
        "request":{{"method":"POST","url":"https://api.test/v1/messages","httpVersion":"h2","cookies":[],
          "headers":[{{"name":":method","value":"POST"}},{{"name":"X-Api-Key","value":"abcdefghijklmnop"}}],
          "queryString":[],"postData":{{"mimeType":"application/json","text":"{{\"key\":\"abcdefghijklmnop\"}}"}},
          "headersSize":-1,"bodySize":-1}},
        "response":{{"status":200,"statusText":"OK","httpVersion":"h2","cookies":[],
          "headers":[{{"name":"Content-Type","value":"text/event-stream"}}],
          "content":{{"size":1,"mimeType":"text/event-stream",{content}}},
          "redirectURL":"","headersSize":-1,"bodySize":-1}},
        "cache":{{}},"timings":{{"send":0,"wait":1.25,"receive":3}}}}]}}}}"#
    )
}

fn llmcap(body: &[u8]) -> String {
    let (first, rest) = body.split_at(7);
    let sha256 = wiretape_tape::sha256_hex(body);
    format!(
        r#"{{"kind":"capture","schema":"mock-openai-api.capture","schemaVersion":1,"id":"cap_1","upstreamUrl":"https://api.test/v1/messages"}}
{{"kind":"request.head","atUs":0,"method":"POST","httpVersion":"1.1","rawHeaders":[["Content-Type","application/json"],["Authorization","[REDACTED]"]]}}
{{"kind":"request.body_chunk","seq":0,"atUs":5,"byteOffset":0,"bytesBase64":"{}"}}
{{"kind":"request.end","atUs":6,"bytes":2}}
{{"kind":"response.head","source":"upstream","atUs":1000,"status":200,"rawHeaders":[["content-type","text/event-stream"]]}}
{{"kind":"response.body_chunk","seq":0,"atUs":1500,"byteOffset":0,"bytesBase64":"{}"}}
{{"kind":"response.body_chunk","seq":1,"atUs":1700,"byteOffset":7,"bytesBase64":"{}"}}
{{"kind":"response.end","atUs":1800,"bytes":{},"sha256":"{sha256}"}}
{{"kind":"capture.end","atUs":1900,"outcome":"complete","responseBodyExact":true}}
"#,
        base64(b"{}"),
        base64(first),
        base64(rest),
        body.len()
    )
}

/// As curl writes it, with the chunked coding on.
fn trace(body: &[u8], timed: bool) -> String {
    let (first, rest) = body.split_at(7);
    let chunk = |bytes: &[u8]| {
        let mut out = format!("{:x}\r\n", bytes.len()).into_bytes();
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
        out
    };
    let mut second = chunk(rest);
    let last = second.split_off(9);
    let records: [(&str, Vec<u8>); 8] = [
        ("=> Send header", b"POST /v1/messages?key=secret123 HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer sk-ant-abcdefghijklmnop\r\n\r\n".to_vec()),
        ("=> Send data", b"{\"stream\":true}".to_vec()),
        ("<= Recv header", b"HTTP/1.1 200 OK\r\n".to_vec()),
        ("<= Recv header", b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec()),
        ("<= Recv data", chunk(first)),
        ("<= Recv data", second),
        ("<= Recv data", last),
        ("<= Recv data", b"0\r\n\r\n".to_vec()),
    ];
    let clock = |micros: usize| match (timed, micros < 5) {
        (false, _) => String::new(),
        (true, true) => format!("23:59:59.99999{micros} "),
        (true, false) => format!("00:00:00.00000{micros} "),
    };
    let mut out = format!("{}== Info:   Trying 127.0.0.1:80...\n", clock(0));
    for (number, (what, bytes)) in records.iter().enumerate() {
        let size = bytes.len();
        out.push_str(&format!(
            "{}{what}, {size} bytes (0x{size:x})\n",
            clock(number)
        ));
        for (row, bytes) in bytes.chunks(16).enumerate() {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
            let dots = ".".repeat(bytes.len());
            out.push_str(&format!("{:04x}: {hex:<48}{dots}\n", row * 16));
        }
    }
    out.push_str("== Info: Connection #0 to host api.test left intact\n");
    out
}

fn read(format: Format, file: &str) -> Imported {
    import(format, file.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{file}"))
}

/// Written and read again, with the same body; nothing secret in the file.
fn on_disk(tape: &Tape) -> Tape {
    let text = encode(tape);
    for secret in ["abcdefghijklmnop", "secret123", "a=b"] {
        assert!(!text.contains(secret), "{text}");
    }
    let parsed = parse(text.as_bytes()).unwrap();
    assert_eq!(parsed.torn, None);
    assert_eq!(parsed.tape, *tape);
    parsed.tape
}

#[test]
fn bytes_status_and_headers_come_through() {
    for (format, file) in files() {
        assert_eq!(Format::sniff(file.as_bytes()), Some(format), "{file}");
        let tape = on_disk(&read(format, &file).tape);
        let header = &tape.header;
        assert_eq!(header.source.kind, SourceKind::Imported);
        assert_eq!(header.source.extra["format"], format.name());
        let exchange = &tape.exchanges[0];
        assert_eq!(exchange.body(), BODY.as_bytes(), "{file}");
        let response = exchange.response.as_ref().unwrap();
        assert_eq!(response.status, 200);
        let kind = ("content-type".to_owned(), "text/event-stream".to_owned());
        assert!(response.headers.contains(&kind), "{file}");
        assert_eq!(exchange.end.as_ref().unwrap().kind, EndKind::Complete);
        if let Some(request) = &exchange.request {
            assert_eq!(request.method, "POST");
            assert!(request.path.starts_with("/v1/messages"), "{file}");
            assert!(matches!(request.body, Body::Json(_)), "{file}");
            let server = header.source.server.as_deref().unwrap();
            assert!(server.ends_with("://api.test"), "{server}");
        }
    }
}

#[test]
fn what_is_not_known_is_named() {
    let unknown = |format, file: &str| read(format, file).tape.header.unknown.join(" ");
    for (format, file) in files() {
        let expected = match format {
            Format::Llmcap | Format::CurlTrace => "",
            Format::Curl => "request boundaries times end",
            _ => "boundaries times end",
        };
        assert_eq!(unknown(format, &file), expected, "{file}");
    }
    assert_eq!(
        unknown(Format::CurlTrace, &trace(BODY.as_bytes(), false)),
        "times"
    );
    let made = "request status headers bytes boundaries times end";
    assert_eq!(unknown(Format::Chunks, "{\"a\":1}\n"), made);
    assert_eq!(unknown(Format::Aimock, AIMOCK), made);
    assert_eq!(
        unknown(Format::Har, &har("\"comment\":\"\"")),
        "body boundaries times end"
    );
}

/// Exchanges of one file, and files joined to one tape, need not lack the same.
#[test]
fn each_exchange_names_what_it_does_not_know() {
    let curl = |length: usize| {
        let file = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{BODY}");
        import(Format::Curl, file.as_bytes()).unwrap()
    };
    let traced = import(Format::CurlTrace, trace(BODY.as_bytes(), true).as_bytes()).unwrap();
    let open = import(
        Format::Curl,
        format!("HTTP/1.1 200 OK\r\n\r\n{BODY}").as_bytes(),
    )
    .unwrap();
    let parts = vec![curl(BODY.len()), traced, open.clone()];
    let tape = on_disk(&join(parts).unwrap().tape);
    let all = [
        Unknown::Request,
        Unknown::Boundaries,
        Unknown::Times,
        Unknown::End,
    ];
    assert_eq!(tape.header.unknown, all.map(Unknown::name));
    let lacks = |number: usize| -> Vec<&str> {
        let lacks = |what: &Unknown| tape.exchanges[number].lacks(&tape.header, *what);
        all.into_iter().filter(lacks).map(Unknown::name).collect()
    };
    assert_eq!(lacks(0), ["request", "boundaries", "times"]);
    assert_eq!(lacks(1), [""; 0]);
    assert_eq!(lacks(2), all.map(Unknown::name));
    // What all of them lack stands in the header alone.
    let same = join(vec![open.clone(), open]).unwrap().tape;
    assert!(
        !encode(&same)
            .lines()
            .skip(1)
            .any(|line| line.contains("unknown"))
    );

    let entry = har(r#""text":"x""#);
    let (before, behind) = entry.split_once(r#""entries":["#).unwrap();
    let (first, rest) = behind.rsplit_once("]").unwrap();
    let lost = har(r#""size":9"#);
    let (_, lost) = lost.split_once(r#""entries":["#).unwrap();
    let (lost, _) = lost.rsplit_once("]").unwrap();
    let file = format!(r#"{before}"entries":[{first},{lost}]{rest}"#);
    let tape = read(Format::Har, &file).tape;
    let lacks = |number: usize| tape.exchanges[number].lacks(&tape.header, Unknown::Body);
    assert_eq!((lacks(0), lacks(1)), (false, true), "{file}");
}

#[test]
fn boundaries_and_times_are_kept_where_they_are_told() {
    let pieces = |format, file: &str| -> Vec<(u64, usize)> {
        let tape = read(format, file).tape;
        let chunks = tape.exchanges[0].chunks.iter();
        chunks
            .map(|chunk| (chunk.after_ns, chunk.bytes.len()))
            .collect()
    };
    let rest = BODY.len() - 7;
    let capture = llmcap(BODY.as_bytes());
    assert_eq!(
        pieces(Format::Llmcap, &capture),
        [(500_000, 7), (200_000, rest)]
    );
    // Over midnight; the head of a chunk is no chunk.
    let traced = trace(BODY.as_bytes(), true);
    assert_eq!(
        pieces(Format::CurlTrace, &traced),
        [(1000, 7), (11_000, 5), (1000, rest - 5)]
    );
}

const AIMOCK: &str = r#"{"fixtures":[{"match":{"userMessage":"hi"},"response":{"content":"Hello","toolCalls":[{"name":"f","arguments":"{\"a\":1}"}]}},
    {"match":{},"response":{"blocks":[{"type":"toolCall","id":"c","name":"g","arguments":{}},{"type":"text","text":"t"}]}},
    {"match":{},"response":{"error":{"message":"slow down"},"status":429}}]}"#;

#[test]
fn payloads_become_events() {
    let file = "{\"type\":\"ping\"}\r\n\n{\"choices\":[]}\n[DONE]\n";
    assert_eq!(Format::sniff(file.as_bytes()), Some(Format::Chunks));
    let tape = on_disk(&read(Format::Chunks, file).tape);
    assert!(!tape.header.exact);
    let expected =
        "event: ping\ndata: {\"type\":\"ping\"}\n\ndata: {\"choices\":[]}\n\ndata: [DONE]\n\n";
    assert_eq!(tape.exchanges[0].body(), expected.as_bytes());

    assert_eq!(Format::sniff(AIMOCK.as_bytes()), Some(Format::Aimock));
    let tape = on_disk(&read(Format::Aimock, AIMOCK).tape);
    assert!(!tape.header.exact);
    let body = |number: usize| String::from_utf8(tape.exchanges[number].body()).unwrap();
    assert!(body(0).contains(r#""content":"Hello""#));
    assert!(body(0).contains(r#""arguments":"{\"a\":1}""#));
    assert!(body(0).contains(r#""finish_reason":"tool_calls""#));
    assert!(body(0).ends_with("data: [DONE]\n\n"));
    assert!(body(1).find("\"name\":\"g\"") < body(1).find("\"content\":\"t\""));
    assert_eq!(tape.exchanges[2].response.as_ref().unwrap().status, 429);
    assert_eq!(body(2), r#"{"error":{"message":"slow down"}}"#);
}

/// In each dialect that streams are made in, byte for byte.
#[test]
fn fixtures_become_the_stream_that_is_asked_for() {
    let fixture = r#"{"fixtures":[{"match":{},"response":{"reasoning":"r","content":"t","toolCalls":[{"name":"f","arguments":{}}]}}]}"#;
    let body = |dialect| {
        let tape = import_as(Format::Aimock, fixture.as_bytes(), dialect)
            .unwrap()
            .tape;
        String::from_utf8(tape.exchanges[0].body()).unwrap()
    };
    let chat = import(Format::Aimock, fixture.as_bytes()).unwrap().tape;
    assert_eq!(body("openai-chat").as_bytes(), chat.exchanges[0].body());
    for (dialect, kinds, last) in [
        (
            "anthropic",
            "message_start content_block_start content_block_delta content_block_stop \
             content_block_start content_block_delta content_block_stop \
             content_block_start content_block_delta content_block_stop message_delta message_stop",
            r#"{"type":"message_stop"}"#,
        ),
        (
            "openai-responses",
            "response.created response.output_item.added response.reasoning_text.delta \
             response.reasoning_text.done response.output_item.done response.output_item.added \
             response.output_text.delta response.output_text.done response.output_item.done \
             response.output_item.added response.function_call_arguments.delta \
             response.function_call_arguments.done response.output_item.done response.completed",
            r#""sequence_number":13,"type":"response.completed"}"#,
        ),
    ] {
        let body = body(dialect);
        let events = body.split_terminator("\n\n");
        let names = events.map(|event| event.lines().next().unwrap().trim_start_matches("event: "));
        assert_eq!(names.collect::<Vec<_>>().join(" "), kinds);
        assert!(body.trim_end().ends_with(last), "{body}");
    }
    let error = import_as(Format::Aimock, fixture.as_bytes(), "cohere").unwrap_err();
    assert!(error.to_string().contains("cohere"), "{error}");
}

#[test]
fn har_gives_the_tape_back() {
    for (format, file) in files() {
        let before = read(format, &file).tape;
        let archive = export::har(&before);
        assert_eq!(Format::sniff(archive.as_bytes()), Some(Format::Har));
        let after = read(Format::Har, &archive).tape;
        assert_eq!(after.header.source.server, before.header.source.server);
        assert_eq!(
            after.header.exact,
            before.header.exact || after.header.exact
        );
        let (one, two) = (&before.exchanges[0], &after.exchanges[0]);
        assert_eq!(one.body(), two.body());
        let (head, again) = (
            one.response.as_ref().unwrap(),
            two.response.as_ref().unwrap(),
        );
        assert_eq!((head.status, &head.headers), (again.status, &again.headers));
        assert_eq!(head.after_ns, again.after_ns);
        assert_eq!(one.request.is_some(), two.request.is_some());
        if let (Some(one), Some(two)) = (&one.request, &two.request) {
            assert_eq!(
                (&one.method, &one.path, &one.headers),
                (&two.method, &two.path, &two.headers)
            );
            assert_eq!(one.body, two.body);
        }
    }
}

#[test]
fn bytes_that_are_no_text_come_through() {
    let body = [0x1f, 0x8b, 0, 255, 10, 13];
    let file = vcrpy(&format!("!!binary |\n        {}", base64(&body))).replace(
        "Content-Type:\n      - text/event-stream",
        "content-encoding:\n      - gzip",
    );
    let tape = read(Format::Vcr, &file).tape;
    assert_eq!(tape.exchanges[0].body(), body);
    let headers = &tape.exchanges[0].response.as_ref().unwrap().headers;
    assert_eq!(headers[0], ("content-encoding".into(), "gzip".into()));
    let again = read(Format::Har, &export::har(&tape)).tape;
    assert_eq!(again.exchanges[0].body(), body);
    assert_eq!(
        &again.exchanges[0].response.as_ref().unwrap().headers,
        headers
    );

    let decoded = har("\"text\":\"data: 1\\n\\n\"").replace("Content-Type", "Content-Encoding");
    let imported = read(Format::Har, &decoded);
    assert!(!imported.tape.header.exact);
    assert!(imported.notes[0].contains("decompressed"));
    assert!(
        imported.tape.exchanges[0]
            .response
            .as_ref()
            .unwrap()
            .headers
            .is_empty()
    );
}

#[test]
fn ends_are_told_by_what_was_seen() {
    let curl = |length: usize| {
        let file = format!(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\ncontent-length: {length}\n\nabc"
        );
        let tape = read(Format::Curl, &file).tape;
        let knows = !tape.header.unknown.contains(&"end".to_owned());
        (tape.exchanges[0].end.as_ref().unwrap().kind, knows)
    };
    assert_eq!(curl(3), (EndKind::Complete, true));
    assert_eq!(curl(9), (EndKind::Unterminated, true));

    let traced = trace(BODY.as_bytes(), true);
    let cut = traced.rfind("00:00:00.000007").unwrap();
    let end = |said: &str| {
        let file = format!("{}{said}", &traced[..cut]);
        let tape = read(Format::CurlTrace, &file).tape;
        (
            tape.exchanges[0].end.as_ref().map(|end| end.kind),
            tape.header.unknown.join(" "),
        )
    };
    assert_eq!(end(""), (None, "end".into()));
    let line = "00:00:00.000008 == Info: transfer closed with outstanding read data remaining\n";
    assert_eq!(end(line), (Some(EndKind::Unterminated), String::new()));
    let line = "00:00:00.000008 == Info: Recv failure: Connection reset by peer\n";
    assert_eq!(end(line), (Some(EndKind::Reset), String::new()));

    let capture = llmcap(BODY.as_bytes());
    let partial = capture.rsplit_once("{\"kind\":\"capture.end\"").unwrap().0;
    let tape = read(Format::Llmcap, &format!("{partial}{{\"kind\":\"capt")).tape;
    assert_eq!(tape.exchanges[0].end, None);
    assert_eq!(tape.header.unknown, ["end"]);
}

/// Each fault with the message it gets.
#[test]
fn faults_are_placed() {
    let fails = |format: Format, file: &str, message: &str| {
        let error: Error = import(format, file.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), message);
    };
    fails(
        Format::Har,
        "{",
        "line 1: expected JSON, found at column 1: EOF while parsing an object",
    );
    fails(
        Format::Har,
        "{\"log\":{}}",
        "log.entries: expected an array, found nothing",
    );
    fails(
        Format::Har,
        "{\"log\":{\"entries\":[]}}",
        "expected an entry, found none",
    );
    let file = har("\"text\":\"!\",\"encoding\":\"base64\"");
    fails(
        Format::Har,
        &file,
        "log.entries[0].response.content.text: expected base64, found Invalid symbol 33, offset 0.",
    );
    let file = har("\"text\":\"\"").replace("\"status\":200", "\"status\":\"200\"");
    fails(
        Format::Har,
        &file,
        "log.entries[0].response.status: expected a status code, found \"200\"",
    );
    let file = vcrpy("a").replace("code: 200", "code: ok");
    fails(
        Format::Vcr,
        &file,
        "line 20: interactions[0].response.status.code: expected a status code, found \"ok\"",
    );
    let file = vcrpy("!!binary '*'");
    fails(
        Format::Vcr,
        &file,
        "line 13: interactions[0].response.body.string: expected base64, found Invalid symbol 42, offset 0.",
    );
    fails(
        Format::Vcr,
        "a: 1\n",
        "line 1: expected a mapping with interactions or http_interactions, found a mapping of 1",
    );
    let file = ruby("string: a").replace("    method: post\n", "");
    fails(
        Format::Vcr,
        &file,
        "line 4: http_interactions[0].request.method: expected a string, found nothing",
    );
    let error = import(Format::Vcr, b"interactions: [\n  {").unwrap_err();
    assert!(error.line.is_some(), "{error}");
    fails(
        Format::Chunks,
        "{}\nx\n",
        "line 2: expected a JSON object or array, the data of one event, found \"x\"",
    );
    fails(
        Format::Aimock,
        "{}",
        "fixtures: expected an array, found nothing",
    );
    fails(
        Format::Aimock,
        "{\"fixtures\":[{\"response\":{}}]}",
        "fixtures[0].response: expected a response with content, toolCalls, blocks or error, found an object",
    );
    fails(
        Format::Llmcap,
        "{\"kind\":\"request.head\"}\n",
        "line 1: expected a record of kind capture first, found request.head",
    );
    let file = llmcap(BODY.as_bytes()).replace("\"byteOffset\":7", "\"byteOffset\":8");
    fails(
        Format::Llmcap,
        &file,
        "line 7: byteOffset: expected 7, found 8",
    );
    let file = llmcap(BODY.as_bytes()).replace("\"atUs\":1700", "\"atUs\":3");
    fails(
        Format::Llmcap,
        &file,
        "line 7: atUs: expected at least 1500, found 3",
    );
    fails(
        Format::Curl,
        "HTP\n",
        "line 1: expected a status line such as HTTP/1.1 200 OK, found \"HTP\"",
    );
    fails(
        Format::Curl,
        "HTTP/1.1 200 OK\nx\n\n",
        "line 2: expected a header such as content-type: text/event-stream, found \"x\"",
    );
    fails(
        Format::Curl,
        "HTTP/1.1 200 OK\na: b\n",
        "line 3: expected a blank line behind the headers, found the end of the file",
    );
    fails(
        Format::CurlTrace,
        "what\n",
        "line 1: expected a record such as <= Recv data, 20 bytes (0x14), found \"what\"",
    );
    let ascii = "<= Recv data, 8 bytes (0x8)\n0000: data: 1.\n";
    fails(
        Format::CurlTrace,
        ascii,
        "line 2: expected a row of hexadecimal as --trace writes it (--trace-ascii keeps no line ends), found \"0000: data: 1.\"",
    );
    let file = trace(BODY.as_bytes(), true);
    let file = file
        .replace("0000: 37 0d 0a", "0000: 39 0d 0a")
        .replace("0000: 30 0d 0a", "0000: 31 0d 0a");
    let error = import(Format::CurlTrace, file.as_bytes()).unwrap_err();
    assert!(
        error.to_string().contains("expected the chunked coding"),
        "{error}"
    );
    let error = import(Format::Har, b"{\n\xff").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2: expected UTF-8, found byte 2, which is not"
    );
}

/// Aliases share what they stand for, and cannot be nested without end.
#[test]
fn yaml_does_not_explode() {
    let mut file = String::from("interactions:\n- &a0 [x]\n");
    for level in 1..4000 {
        let before = level - 1;
        file.push_str(&format!(
            "- &a{level} [*a{before}, *a{before}, *a{before}]\n"
        ));
    }
    let error = import(Format::Vcr, file.as_bytes()).unwrap_err();
    assert_eq!(error.expected, "at most 128 levels");
    let deep = format!("interactions: {}", "[".repeat(10_000));
    assert!(import(Format::Vcr, deep.as_bytes()).is_err());
}

/// Whatever the bytes, also those that are nearly right, nothing panics; what is read can be written.
#[test]
fn nothing_panics() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(1500)
    };
    let files = files();
    let extra = [
        AIMOCK.to_owned(),
        "{\"type\":\"x\"}\n[1]\n[DONE]\n".to_owned(),
    ];
    let texts: Vec<String> = files
        .into_iter()
        .map(|(_, file)| file)
        .chain(extra)
        .collect();
    let edits = proptest::collection::vec((any::<usize>(), 0..6_u8, any::<u8>()), 0..6);
    let bytes = proptest::collection::vec(any::<u8>(), 0..200);
    let cases = (0..texts.len() + 1, edits, bytes).prop_map(move |(which, edits, bytes)| {
        let Some(text) = texts.get(which) else {
            return bytes;
        };
        let mut file = text.clone().into_bytes();
        for (at, what, byte) in edits {
            let at = at % (file.len() + 1);
            match what {
                0 => file.truncate(at),
                1 => file.insert(at, byte),
                2 if at < file.len() => file[at] = byte,
                3 if at < file.len() => {
                    file.remove(at);
                }
                4 => {
                    let tail = file.split_off(at);
                    file.splice(0..0, tail);
                }
                _ => file.extend_from_within(at..),
            }
            file.truncate(20_000);
        }
        file
    });
    TestRunner::new_with_rng(config, rng)
        .run(&cases, |file| {
            let _ = Format::sniff(&file);
            let dialects = ["openai-chat", "anthropic", "openai-responses"];
            let ways = Format::ALL.map(|format| dialects.map(|dialect| (format, dialect)));
            for (format, dialect) in ways.into_iter().flatten() {
                if let Ok(imported) = import_as(format, &file, dialect) {
                    let text = encode(&imported.tape);
                    let again = parse(text.as_bytes()).unwrap().tape;
                    assert_eq!(again.exchanges.len(), imported.tape.exchanges.len());
                    let _ = export::har(&imported.tape);
                }
            }
            Ok(())
        })
        .unwrap();
}

/// Also cut in two, also where the body alone shows that it is one.
#[test]
fn secrets_do_not_come_through() {
    let body = b"data: sk-ant-api03-Zm9vYmFyYmF6\n\n";
    let split = llmcap(body).replace("\"byteOffset\":7", "\"byteOffset\":12");
    let split = split.replace(&base64(&body[..7]), &base64(&body[..12]));
    let split = split.replace(&base64(&body[7..]), &base64(&body[12..]));
    for file in [llmcap(body), split] {
        let imported = read(Format::Llmcap, &file);
        assert!(!imported.tape.header.exact, "{file}");
        assert_eq!(imported.tape.exchanges[0].body().len(), body.len());
        assert!(!encode(&imported.tape).contains("Zm9vYmFy"), "{file}");
        assert_eq!(imported.notes, ["secrets were replaced in 1 place"]);
    }
}

#[test]
fn cassettes_have_many_shapes() {
    let parsed = vcrpy("x").replace(
        "    body:\n      string: x\n",
        "    parsed_body:\n      choices: []\n",
    );
    let imported = read(Format::Vcr, &parsed);
    assert_eq!(imported.tape.exchanges[0].end, None);
    assert_eq!(
        imported.tape.header.unknown,
        ["body", "boundaries", "times", "end"]
    );

    let httpx = vcrpy("x")
        .replace(
            "    body:\n      string: x\n",
            "    content: 'data: 1'\n    http_version: HTTP/1.1\n",
        )
        .replace(
            "    status:\n      code: 200\n      message: OK\n",
            "    status_code: 200\n",
        );
    let tape = read(Format::Vcr, &httpx).tape;
    assert_eq!(tape.exchanges[0].body(), b"data: 1");

    let latin = ruby("string: é").replace(
        "encoding: UTF-8\n      string: é",
        "encoding: ISO-8859-1\n      string: é",
    );
    let imported = read(Format::Vcr, &latin);
    assert!(!imported.tape.header.exact);
    assert_eq!(
        imported.notes,
        ["a body was in ISO-8859-1, and is in UTF-8 now"]
    );

    // An alias, as PyYAML writes what two interactions share.
    let (head, tail) = vcrpy("x")
        .split_once("version: 1")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let second = "- request: {method: GET, uri: /v1/models, headers: {}, body: null}\n  response: {status: {code: 404}, headers: *id001, body: {string: ''}}\n";
    let tape = read(Format::Vcr, &format!("{head}{second}version: 1{tail}")).tape;
    let [one, two] = tape.exchanges.as_slice() else {
        panic!("two exchanges");
    };
    let headers = |exchange: &wiretape_tape::Exchange| exchange.response.clone().unwrap().headers;
    assert_eq!(headers(one), headers(two));
    assert_eq!(two.request.as_ref().unwrap().body, Body::Empty);
    assert_eq!(two.end.as_ref().unwrap().bytes, 0);
}

/// Of HTTP/2, and of a curl that has taken the chunked coding off itself; other exchanges behind it.
#[test]
fn traces_have_many_shapes() {
    let record = |what: &str, bytes: &[u8]| {
        let mut out = format!(
            "12:00:00.000001 [0-0] {what}, {0} bytes (0x{0:x})\n",
            bytes.len()
        );
        for (row, bytes) in bytes.chunks(16).enumerate() {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x} ")).collect();
            out.push_str(&format!("{:04x}: {hex:<48}.\n", row * 16));
        }
        out
    };
    let asks = record("=> Send header", b"GET /a HTTP/2\r\nHost: api.test\r\n\r\n");
    let tls = record("<= Recv SSL data", b"12345");
    let connect = record(
        "=> Send header",
        b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n",
    );
    let accepts = record(
        "<= Recv header",
        b"HTTP/1.1 200 Connection established\r\n\r\n",
    );
    let chunked = record(
        "<= Recv header",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    let second = record(
        "<= Recv header",
        b"HTTP/2 200 \r\ncontent-type: text/event-stream\r\n\r\n",
    );
    let data = record("<= Recv data", b"data: 1\n\n");
    let more = record("<= Recv data", b"data: 2\n\n");
    let intact = "12:00:00.000001 == Info: Connection #0 to host api.test left intact\n";
    let file = format!(
        "{connect}{accepts}{tls}{asks}{chunked}{data}{more}{intact}{asks}{second}{data}{intact}"
    );
    let tape = read(Format::CurlTrace, &file).tape;
    assert!(tape.header.unknown.is_empty());
    assert_eq!(
        tape.header.source.server.as_deref(),
        Some("https://api.test")
    );
    let [one, two] = tape.exchanges.as_slice() else {
        panic!("two exchanges");
    };
    assert_eq!(one.body(), b"data: 1\n\ndata: 2\n\n");
    assert_eq!(one.chunks.len(), 2);
    assert_eq!(two.body(), b"data: 1\n\n");
    assert_eq!(two.end.as_ref().unwrap().kind, EndKind::Complete);
}
