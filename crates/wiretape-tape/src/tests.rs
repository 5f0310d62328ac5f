//! The format: what is read, what is refused and in which words, what comes back.

mod laws;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use serde_json::{Map, json};

use crate::parse::{Limits, parse_within};
use crate::{
    Body, EndKind, ErrorKind, Header, Kind, OtherLine, Parsed, Run, Source, SourceKind, Tape,
    encode, encode_chunk, encode_end, encode_header, encode_request, encode_response, parse,
    sha256_hex, sniff,
};

const HEADER: &str = r#"{"wiretape":1,"source":{"kind":"authored"},"exact":true}"#;
const RESPONSE: &str = r#"{"response":0,"after_ns":1,"status":200,"headers":[]}"#;
const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const UINT: &str = "expected an integer from 0 to 18446744073709551615, found";

const SMALL: Limits = Limits {
    line_bytes: 200,
    exchanges: 2,
};

/// Reads a file under small limits; what came of it, in one line: the error, the torn line, or
/// the file that it is written as if that differs.
#[track_caller]
fn check(file: impl AsRef<[u8]>, expect: &str) {
    let file = file.as_ref();
    let found = match parse_within(file, &SMALL) {
        Err(error) => error.to_string(),
        Ok(Parsed {
            torn: Some(torn), ..
        }) => torn.to_string(),
        Ok(Parsed { tape, torn: None }) => {
            let written = encode(&tape);
            assert_eq!(parse(written.as_bytes()).unwrap().tape, tape);
            if written.as_bytes() == file {
                "same".into()
            } else {
                written
            }
        }
    };
    assert_eq!(found, expect, "{}", String::from_utf8_lossy(file));
}

/// A file of a header and these lines.
fn file(lines: &[&str]) -> String {
    let mut file = format!("{HEADER}\n");
    for line in lines {
        file.push_str(line);
        file.push('\n');
    }
    file
}

/// Checks a line, after a header and the lines that it needs.
#[track_caller]
fn check_line(before: &[&str], line: &str, expect: &str) {
    let mut lines = before.to_vec();
    lines.push(line);
    check(file(&lines), expect);
}

fn end_line(bytes: u64, sha256: &str) -> String {
    format!(r#"{{"end":0,"after_ns":1,"kind":"complete","bytes":{bytes},"sha256":"{sha256}"}}"#)
}

/// Two exchanges whose lines alternate, an unknown line and unknown fields, all that is optional.
fn sample() -> String {
    let body = "\u{feff}data: \0\r\u{2028}\"\\\u{8}\u{c}\u{1f}\u{7f}é\n\n";
    let chunks = [body.as_bytes(), b"\xe2\x82", b"\xac", b""];
    let all: Vec<u8> = chunks.concat();
    [
        concat!(
            r#"{"wiretape":1,"dialect":"anthropic","source":{"kind":"recorded","server":"a.example""#,
            r#","cites":["b","c"],"note":"n","by":"x"},"exact":false,"scenario":{"seed":7},"at":[]}"#
        ),
        r#"{"request":0,"method":"POST","path":"/v1?a=b","headers":[["a","b"],["a","c"]],"body":{"json":{"t":0.1}},"new":1}"#,
        r#"{"note":"unknown"}"#,
        r#"{"request":1,"method":"GET","path":"/","headers":[]}"#,
        r#"{"response":0,"after_ns":81234567,"status":200,"headers":[["content-type","text/event-stream"]],"new":1}"#,
        r#"[0,18446744073709551615,"data: \u0000\r \"\\\b\f\u001fé\n\n"]"#,
        r#"{"response":1,"after_ns":0,"status":404,"headers":[]}"#,
        r#"[0,1,{"base64":"4oI="}]"#,
        r#"[0,1,{"base64":"rA=="}]"#,
        r#"[0,0,""]"#,
        &format!(
            r#"{{"end":1,"after_ns":1,"kind":"reset","bytes":0,"sha256":"{NOTHING}","new":null}}"#
        ),
        &format!(
            r#"{{"end":0,"after_ns":1000,"kind":"upstream_error","bytes":{},"sha256":"{}"}}"#,
            all.len(),
            sha256_hex(&all)
        ),
        r#"{"last":true}"#,
    ]
    .map(|line| {
        // Raw in the file, and not to be seen in a source.
        let line = line.replacen("\"data: ", "\"\u{feff}data: ", 1);
        format!("{}\n", line.replace("\\r \\\"", "\\r\u{2028}\\\"").replace("\\u001f", "\\u001f\u{7f}"))
    })
    .concat()
}

/// A request's JSON keeps what a value would lose, and stays on its line.
#[test]
fn the_json_of_a_request_stays_as_it_was_sent() {
    let json = r#"{"z": 1,"a":12345678901234567890123,"f":1.0,"a":-0, "s":"\u00e9\n"}"#;
    let tape = |json: &str| {
        format!(
            "{{\"wiretape\":1,\"source\":{{\"kind\":\"bare\"}},\"exact\":true}}\n\
             {{\"request\":0,\"method\":\"POST\",\"path\":\"/\",\"headers\":[],\"body\":{{\"json\":{json}}}}}\n"
        )
    };
    let mut read = parse(tape(json).as_bytes()).unwrap().tape;
    assert_eq!(encode(&read), tape(json));
    let request = read.exchanges[0].request.as_mut().unwrap();
    assert_eq!(request.body, Body::Json(json.into()));
    request.body = Body::Json("[1,\r\n2]".into());
    assert_eq!(encode(&read), tape("[1,  2]"));
    let request = read.exchanges[0].request.as_mut().unwrap();
    request.body = Body::Json("[1".into());
    let again = parse(encode(&read).as_bytes()).unwrap().tape;
    let body = &again.exchanges[0].request.as_ref().unwrap().body;
    assert_eq!(*body, Body::Text("[1".into()), "what is no JSON is text");
}

#[test]
fn reads_what_it_writes() {
    let parsed = parse(sample().as_bytes()).unwrap();
    assert_eq!(encode(&parsed.tape), sample());
    assert_eq!(parsed.torn, None);
    let tape = parsed.tape;
    assert_eq!(tape.exchanges[0].chunks[1].bytes, b"\xe2\x82");
    assert_eq!(tape.exchanges[0].chunks[0].after_ns, u64::MAX);
    assert_eq!(
        tape.exchanges[0].request.as_ref().unwrap().body,
        Body::Json("{\"t\":0.1}".into())
    );
    assert_eq!(tape.exchanges[1].end.as_ref().unwrap().kind, EndKind::Reset);
    assert_eq!(
        tape.order.first(),
        Some(&Run {
            exchange: 0,
            lines: 1
        })
    );
    assert_eq!(
        tape.other
            .iter()
            .map(|other| other.after)
            .collect::<Vec<_>>(),
        [1, 10]
    );
    assert_eq!(tape.header.source.kind, SourceKind::Recorded);
    check(file(&[]), "same");
    check(file(&[RESPONSE, r#"[0,1,"a"]"#]), "same");
    check(file(&[&end_line(0, NOTHING)]), "same");
    check(
        file(&[r#"{"request":0,"method":"","path":"","headers":[],"body":{"text":""}}"#]),
        "same",
    );
    check(
        file(&[r#"{"request":0,"method":"","path":"","headers":[],"body":{"base64":"/w=="}}"#]),
        "same",
    );
    check(
        file(&[r#"{"request":0,"method":"","path":"","headers":[],"body":{"json":null}}"#]),
        "same",
    );
}

#[test]
fn reads_what_others_write() {
    let plain = file(&[RESPONSE]);
    check(format!("\u{feff}{plain}"), &plain);
    check(plain.replace('\n', "\r\n"), &plain);
    check(plain.replace(',', " , "), &plain);
    check(plain.trim_end(), &plain);
    check_line(&[], r#"{"response":0,"status":200,"after_ns":1}"#, &plain);
    let request = r#"{"request":0,"method":"GET","path":"/","headers":[]}"#;
    check_line(
        &[],
        r#"{"request":0,"method":"GET","path":"/","body":null}"#,
        &file(&[request]),
    );
    let chunk = r#"[0,1,{"base64":"YQ=="}]"#;
    check_line(&[RESPONSE], chunk, &file(&[RESPONSE, r#"[0,1,"a"]"#]));
}

/// A number comes back with its value, or not at all.
#[test]
fn numbers_keep_their_value() {
    let line = |number: &str| file(&[&format!(r#"{{"x":"\\\"1e999","y":{number}}}"#)]);
    for number in [
        "0",
        "-0.0",
        "7",
        "-7",
        "18446744073709551615",
        "-9223372036854775808",
        "0.1",
        "1e-7",
        "1.7976931348623157e+308",
        "5e-324",
    ] {
        check(line(number), "same");
    }
    for (spelled, written) in [
        ("1.50", "1.5"),
        ("1e2", "100.0"),
        ("123456789012345680000.0", "1.2345678901234568e+20"),
        ("0E9999", "0.0"),
        ("-0", "-0.0"),
        ("10000000000000000000000", "1e+22"),
    ] {
        check(line(spelled), &line(written));
    }
    for number in [
        "18446744073709551617",
        "-9223372036854775809",
        "0.10000000000000000555",
        "3.14159265358979323846264338327950288",
        "1.7976931348623157e307999e",
    ] {
        assert!(parse(line(number).as_bytes()).is_err(), "{number}");
    }
    let error = parse(line("1e999").as_bytes()).unwrap_err();
    assert_eq!(error.kind.name(), "not_json");
    let error = parse(line("0.123456789012345678901234567890").as_bytes()).unwrap_err();
    assert_eq!(error.kind.name(), "number");
}

#[test]
fn refuses_a_bad_header() {
    check(
        "",
        r#"line 1: the file is empty, expected a header line such as {"wiretape":1,…}"#,
    );
    check(
        "\u{feff}",
        r#"line 1: the file is empty, expected a header line such as {"wiretape":1,…}"#,
    );
    for file in [
        "\n",
        "data: {}\n",
        "[0,1,\"a\"]\n",
        "{}",
        "{\"request\":0}\n",
        "{\"wire",
        "7",
    ] {
        check(
            file,
            r#"line 1: expected a header line such as {"wiretape":1,…}"#,
        );
    }
    check(
        "{\"wiretape\":1,",
        "line 1: not JSON at column 14: EOF while parsing a value",
    );
    check(
        "{\"wiretape\":7}",
        "line 1: this reader reads version 1, the file says 7",
    );
    check(
        "{\"wiretape\":-1}",
        r#"line 1: "wiretape": expected an integer from 0 to 18446744073709551615, found -1"#,
    );
    check(
        "{\"wiretape\":1,\"end\":0}",
        r#"line 1: both "wiretape" and "end", expected one"#,
    );
    check(
        "{\"wiretape\":1}",
        "line 1: \"source\": expected an object such as \
         {\"kind\":\"recorded\",\"server\":\"…\"}, found nothing",
    );
}

#[test]
fn refuses_a_bad_source() {
    for (source, expect) in [
        (
            r#"{"kind":"real"}"#,
            r#""kind": expected one of recorded, authored, varied, bare, imported, found "real""#,
        ),
        (
            r#"{"kind":"bare","server":1}"#,
            r#""server": expected a string or nothing, found 1"#,
        ),
        (
            r#"{"kind":"bare","cites":"a"}"#,
            r#""cites": expected an array of strings, found "a""#,
        ),
        (
            r#"{"kind":"bare","cites":[null]}"#,
            r#""cites": expected an array of strings, found null"#,
        ),
        (
            r#"{"kind":"bare"}"#,
            r#""exact": expected true or false, found nothing"#,
        ),
    ] {
        check(
            format!(r#"{{"wiretape":1,"source":{source}}}"#),
            &format!("line 1: {expect}"),
        );
    }
}

#[test]
fn refuses_a_bad_line() {
    for (line, expect) in [
        (
            "",
            "expected an object or a chunk's array, found a blank line",
        ),
        (
            " \r",
            "expected an object or a chunk's array, found a blank line",
        ),
        (
            "[0,1,\"a\"",
            "not JSON at column 8: EOF while parsing a list",
        ),
        (
            "[0,1,\"\\ud800\"]",
            "not JSON at column 13: unexpected end of hex escape",
        ),
        ("{} {}", "not JSON at column 4: trailing characters"),
        (
            &"[".repeat(128),
            "the JSON nests too deep, expected at most 127 levels",
        ),
        (
            &" ".repeat(201),
            "the line is longer than the limit of 200 bytes",
        ),
        (HEADER, "a second header, expected one tape in a file"),
        ("null", "expected an object or a chunk's array, found null"),
        (
            &format!("{:?}", "a".repeat(65)),
            "expected an object or a chunk's array, found a string of 65 bytes",
        ),
        (
            r#"{"request":0,"end":0}"#,
            r#"both "request" and "end", expected one"#,
        ),
        (
            r#"{"a":["\"7",{"b":-12345678901234567890123}]}"#,
            "the number -12345678901234567890123 loses digits in 64 bits, expected it as a string, \
             or a request's body as {\"text\":\"…\"}",
        ),
    ] {
        check_line(&[], line, &format!("line 2: {expect}"));
    }
    let mut bytes = file(&[r#"{"a":"é"}"#]).into_bytes();
    let at = bytes.iter().position(|&byte| byte == 0xa9).unwrap();
    bytes[at] = b'a';
    check(
        &bytes,
        &format!("line 2: not UTF-8 at byte {} of the file", at - 1),
    );
}

#[test]
fn refuses_a_bad_chunk() {
    for (line, expect) in [
        (
            "[]",
            "expected a chunk line such as [0,1200345,\"text\"] or [0,330021,{\"base64\":\"4oI=\"}], found an array of 0",
        ),
        (
            "[0,1,\"\",1]",
            "expected a chunk line such as [0,1200345,\"text\"] or [0,330021,{\"base64\":\"4oI=\"}], found an array of 4",
        ),
        ("[-1,0,\"\"]", &format!("\"exchange\": {UINT} -1")),
        ("[0,-0,\"\"]", &format!("\"after_ns\": {UINT} -0.0")),
        ("[0,1.5,\"\"]", &format!("\"after_ns\": {UINT} 1.5")),
        (
            "[0,[],\"\"]",
            &format!("\"after_ns\": {UINT} an array of 0"),
        ),
        ("[0,1e2,\"\"]", &format!("\"after_ns\": {UINT} 100.0")),
        (
            "[0,18446744073709551616,\"\"]",
            &format!("\"after_ns\": {UINT} 1.8446744073709552e+19"),
        ),
        (
            "[0,1,null]",
            r#""bytes": expected a string or {"base64":"…"}, found null"#,
        ),
        (
            r#"[0,1,{"base64":"","a":0}]"#,
            r#""bytes": expected a string or {"base64":"…"}, found an object"#,
        ),
        (
            r#"[0,1,{"base64":0}]"#,
            r#""base64": expected a string, found 0"#,
        ),
        (
            r#"[0,1,{"base64":"4oI"}]"#,
            r#""base64": expected base64 with padding: Invalid padding"#,
        ),
        (
            r#"[0,1,{"base64":"4oJ="}]"#,
            r#""base64": expected base64 with padding: Invalid last symbol 74, offset 2."#,
        ),
        ("[2,1,\"\"]", "more exchanges than the limit of 2"),
        (
            "[18446744073709551615,1,\"\"]",
            "more exchanges than the limit of 2",
        ),
        ("[0,1,\"\"]", "exchange 0: a chunk before its response"),
    ] {
        check_line(&[], line, &format!("line 2: {expect}"));
    }
}

#[test]
fn refuses_a_bad_request_response_or_end() {
    for (line, expect) in [
        (r#"{"request":"0"}"#, &*format!("\"request\": {UINT} \"0\"")),
        (
            r#"{"request":0}"#,
            r#""method": expected a string, found nothing"#,
        ),
        (
            r#"{"request":0,"method":"GET"}"#,
            r#""path": expected a string, found nothing"#,
        ),
        (
            r#"{"request":0,"method":"","path":"","headers":{}}"#,
            r#""headers": expected an array of [name, value] pairs of strings, found an object"#,
        ),
        (
            r#"{"request":0,"method":"","path":"","headers":[["a"]]}"#,
            r#""headers": expected an array of [name, value] pairs of strings, found an array of 1"#,
        ),
        (
            r#"{"request":0,"method":"","path":"","body":"a"}"#,
            r#""body": expected {"json":…}, {"text":"…"}, {"base64":"…"} or nothing, found "a""#,
        ),
        (
            r#"{"request":0,"method":"","path":"","body":{}}"#,
            r#""body": expected {"json":…}, {"text":"…"}, {"base64":"…"} or nothing, found an object"#,
        ),
        (
            r#"{"request":1,"method":"","path":""}"#,
            "exchange 1 out of order, expected at most 0",
        ),
        (
            r#"{"response":0}"#,
            &format!("\"after_ns\": {UINT} nothing"),
        ),
        (
            r#"{"response":0,"after_ns":0,"status":65536}"#,
            r#""status": expected an integer from 0 to 65535, found 65536"#,
        ),
        (
            r#"{"end":0,"after_ns":0,"kind":"done"}"#,
            r#""kind": expected one of complete, unterminated, reset, timeout, client_closed, upstream_error, found "done""#,
        ),
        (
            r#"{"end":0,"after_ns":0,"kind":"reset","bytes":0}"#,
            r#""sha256": expected a string, found nothing"#,
        ),
    ] {
        check_line(&[], line, &format!("line 2: {expect}"));
    }
}

#[test]
fn refuses_lines_out_of_place() {
    let request = r#"{"request":0,"method":"","path":""}"#;
    let end = end_line(0, NOTHING);
    let chunk = r#"[0,1,"a"]"#;
    for (before, line, expect) in [
        (
            vec![request],
            request,
            "exchange 0 has a second request, expected one",
        ),
        (
            vec![RESPONSE],
            RESPONSE,
            "exchange 0 has a second response, expected one",
        ),
        (
            vec![&end],
            &*end,
            "exchange 0 has a second end, expected one",
        ),
        (
            vec![RESPONSE],
            request,
            "exchange 0: its request after its response",
        ),
        (
            vec![&end],
            request,
            "exchange 0: expected no line after its end",
        ),
        (
            vec![RESPONSE, &end],
            chunk,
            "exchange 0: expected no line after its end",
        ),
        (
            vec![RESPONSE, chunk],
            &end,
            "bad tape: exchange 0 says \"bytes\" 0, its chunks hold 1",
        ),
        (
            vec![RESPONSE, chunk],
            &end_line(1, NOTHING),
            &format!(
                "bad tape: exchange 0 says \"sha256\" {NOTHING}, its chunks hold {}",
                sha256_hex(b"a")
            ),
        ),
    ] {
        check_line(
            &before,
            line,
            &format!("line {}: {expect}", before.len() + 2),
        );
    }
}

#[test]
fn reports_a_torn_line() {
    let torn = |bytes: usize| {
        format!("line 3 is torn after {bytes} bytes, the lines before it were read: ")
    };
    let whole = file(&[RESPONSE]);
    check(
        format!("{whole}[0,1,\"a"),
        &(torn(7) + "not JSON at column 7: EOF while parsing a string"),
    );
    let cut = [whole.as_bytes(), b"[0,1,\"\xe2\x82"].concat();
    check(
        cut,
        &(torn(8) + &format!("not UTF-8 at byte {} of the file", whole.len() + 6)),
    );
    // Whole but for the line feed, and wrong: not torn.
    check(
        format!("{whole}null"),
        "line 3: expected an object or a chunk's array, found null",
    );
}

#[test]
fn a_tape_cut_anywhere_keeps_its_whole_lines() {
    let whole = sample();
    let header = whole.find('\n').unwrap();
    for cut in 0..whole.len() {
        let bytes = &whole.as_bytes()[..cut];
        let begun = bytes
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        match parse(bytes) {
            Err(error) => assert!(cut < header && error.line == 1, "{cut}: {error}"),
            Ok(Parsed {
                tape,
                torn: Some(torn),
            }) => {
                assert_eq!(torn.at, begun as u64);
                assert_eq!(torn.bytes, (cut - begun) as u64);
                assert_eq!(encode(&tape).as_bytes(), &bytes[..begun], "{cut}");
            }
            Ok(Parsed { tape, torn: None }) => {
                let written = encode(&tape);
                assert_eq!(
                    written.trim_end().as_bytes(),
                    bytes.trim_ascii_end(),
                    "{cut}"
                );
            }
        }
    }
}

#[test]
fn damage_never_panics() {
    let whole = sample();
    for at in 0..whole.len() {
        for byte in [0, b'0', b'"', b'\n', b'}', 0xff] {
            let mut bytes = whole.clone().into_bytes();
            bytes[at] = byte;
            if let Ok(Parsed { tape, .. }) = parse(&bytes) {
                assert_eq!(parse(encode(&tape).as_bytes()).unwrap().tape, tape);
            }
        }
    }
}

#[test]
fn every_error_has_a_name() {
    let name = |file: &str| parse(file.as_bytes()).unwrap_err().kind.name();
    assert_eq!(name(""), "empty");
    assert_eq!(name("{\"wiretape\":2}"), "version");
    assert_eq!(
        ErrorKind::LateRequest { exchange: 0 }.name(),
        "late_request"
    );
}

#[test]
fn kinds_have_one_name() {
    for kind in SourceKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
    for kind in EndKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

#[test]
fn lines_make_a_file() {
    let tape = parse(sample().as_bytes()).unwrap().tape;
    let exchange = &tape.exchanges[0];
    let mut lines = encode_header(&tape.header);
    lines += &encode_request(0, exchange.request.as_ref().unwrap());
    lines += &encode_response(0, exchange.response.as_ref().unwrap());
    for chunk in &exchange.chunks {
        lines += &encode_chunk(0, chunk);
    }
    lines += &encode_end(0, exchange.end.as_ref().unwrap());
    let one = Tape::new(tape.header.clone(), vec![exchange.clone()]);
    assert_eq!(lines, encode(&one));
}

#[test]
fn an_order_that_does_not_fit_still_makes_a_tape() {
    let mut tape = parse(sample().as_bytes()).unwrap().tape;
    tape.order = vec![
        Run {
            exchange: 9,
            lines: 1,
        },
        Run {
            exchange: 1,
            lines: usize::MAX,
        },
        Run {
            exchange: 0,
            lines: 2,
        },
    ];
    tape.other.insert(
        0,
        OtherLine {
            after: 99,
            value: Map::new(),
        },
    );
    let again = parse(encode(&tape).as_bytes()).unwrap().tape;
    assert_eq!(again.exchanges, tape.exchanges);
    assert_eq!(
        again.order[..2],
        [
            Run {
                exchange: 0,
                lines: 1
            },
            Run {
                exchange: 1,
                lines: 3
            }
        ]
    );
    assert_eq!(again.other.len(), 3);
}

#[test]
fn a_known_name_among_the_unknown_is_left_out() {
    let mut header = Header::new(None, Source::new(SourceKind::Varied));
    header.extra = Map::from_iter([("exact".into(), json!(0)), ("end".into(), json!(0))]);
    let line = "{\"wiretape\":1,\"source\":{\"kind\":\"varied\"},\"exact\":true}\n";
    assert_eq!(encode_header(&header), line);
}

#[test]
fn a_bare_body_is_a_tape() {
    let tape = Tape::from_body(b"data: \xff\n\n", Some("gemini"));
    assert_eq!(tape.header.source.kind, SourceKind::Bare);
    assert_eq!(tape.exchanges[0].body(), b"data: \xff\n\n");
    assert_eq!(parse(encode(&tape).as_bytes()).unwrap().tape, tape);
    let tape = Tape::from_body(b"", None);
    assert_eq!(tape.exchanges[0].chunks, []);
    assert_eq!(tape.exchanges[0].end.as_ref().unwrap().sha256, NOTHING);
}

#[test]
fn sniffs_by_content() {
    for (bytes, kind) in [
        ("", Kind::Empty),
        ("\u{feff} \r\n", Kind::Empty),
        (HEADER, Kind::Tape),
        ("\u{feff}{ \"a\":0, \"wiretape\":1}\nx", Kind::Tape),
        ("{\"wiretape\":1,\"dia", Kind::Tape),
        ("data: {\"wiretape\":1}", Kind::Sse),
        ("\u{feff}\n: ping\r\r", Kind::Sse),
        ("event:x\rdata:y", Kind::Sse),
        ("data\n", Kind::Sse),
        ("id: 1", Kind::Sse),
        ("retry: 1", Kind::Sse),
        ("{\"done\":true}\r\n{", Kind::Lines),
        ("[{},{}]", Kind::Lines),
        ("[{\n", Kind::Lines),
        ("[\n  {\n", Kind::Lines),
        ("[x\n", Kind::Unknown),
        ("7\n", Kind::Unknown),
        ("HTTP/1.1 200 OK\r\n", Kind::Unknown),
    ] {
        assert_eq!(sniff(bytes.as_bytes()), kind, "{bytes:?}");
    }
    assert_eq!(sniff(b"\xff\xfe"), Kind::Unknown);
    let message = b"\0\0\0\x40\0\0\0\x30\x1b\xd4\xfc\x9e\x0b:event-type\x07";
    assert_eq!(sniff(message), Kind::EventStream);
    assert_eq!(sniff(&message[..13]), Kind::Unknown);
    assert_eq!(
        sniff(b"\0\0\0\x40\0\0\0\x31\x1b\xd4\xfc\x9e\x0b:e"),
        Kind::Unknown
    );
}
