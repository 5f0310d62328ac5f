//! Every kind of error of a tape: a small file, the line at fault and the kind's name.

use wiretape_tape::{Parsed, parse};

const HEADER: &str = "{\"wiretape\":1,\"source\":{\"kind\":\"authored\"},\"exact\":true}\n";
const REQUEST: &str = "{\"request\":0,\"method\":\"POST\",\"path\":\"/\",\"headers\":[]}\n";
const RESPONSE: &str = "{\"response\":0,\"after_ns\":1,\"status\":200,\"headers\":[]}\n";
const CHUNK: &str = "[0,1,\"data: a\\n\\n\"]\n";

/// An end line for these bytes.
fn end(body: &str, says: u64) -> String {
    let sum = wiretape_tape::sha256_hex(body.as_bytes());
    format!(
        "{{\"end\":0,\"after_ns\":1,\"kind\":\"complete\",\"bytes\":{says},\"sha256\":\"{sum}\"}}\n"
    )
}

fn check(lines: &[&str], line: u64, name: &str) {
    let file = lines.concat();
    let error = parse(file.as_bytes()).unwrap_err();
    assert_eq!((error.line, error.kind.name()), (line, name), "{file}");
    assert!(error.to_string().starts_with(&format!("line {line}: ")));
}

#[test]
fn each_kind_of_error() {
    let whole = [HEADER, REQUEST, RESPONSE, CHUNK, &end("data: a\n\n", 9)].concat();
    let read = parse(whole.as_bytes());
    assert!(matches!(read, Ok(Parsed { torn: None, .. })), "{read:?}");
    check(&[], 1, "empty");
    check(&["hello\n"], 1, "no_header");
    check(&[CHUNK], 1, "no_header");
    check(&["{\"wiretape\":2}\n"], 1, "version");
    check(&["{\"wiretape\":1,\"exact\":true}\n"], 1, "field");
    check(&[HEADER, HEADER], 2, "second_header");
    check(&[HEADER, "{\"request\"\n", REQUEST], 2, "not_json");
    let deep = format!("{}{}\n", "[".repeat(200), "]".repeat(200));
    check(&[HEADER, &deep], 2, "too_deep");
    check(&[HEADER, "7\n"], 2, "not_a_line");
    check(
        &[HEADER, "{\"request\":0,\"response\":0}\n"],
        2,
        "ambiguous",
    );
    check(&[HEADER, RESPONSE, "[0,1]\n"], 3, "not_a_chunk");
    check(&[HEADER, RESPONSE, "[0,-1,\"a\"]\n"], 3, "field");
    check(
        &[HEADER, RESPONSE, "[0,1,{\"base64\":\"4oI\"}]\n"],
        3,
        "base64",
    );
    check(
        &[
            HEADER,
            "{\"request\":1,\"method\":\"POST\",\"path\":\"/\",\"headers\":[]}\n",
        ],
        2,
        "exchange_order",
    );
    check(&[HEADER, REQUEST, REQUEST], 3, "duplicate");
    check(&[HEADER, RESPONSE, REQUEST], 3, "late_request");
    check(&[HEADER, REQUEST, CHUNK], 3, "no_response");
    check(&[HEADER, RESPONSE, &end("", 0), CHUNK], 4, "after_end");
    check(
        &[HEADER, RESPONSE, &end("", 0), &end("", 0)],
        4,
        "duplicate",
    );
    check(
        &[HEADER, RESPONSE, CHUNK, &end("data: a\n\n", 8)],
        4,
        "length",
    );
    check(
        &[HEADER, RESPONSE, CHUNK, &end("data: b\n\n", 9)],
        4,
        "digest",
    );
    let bad = [
        HEADER.as_bytes(),
        b"{\"request\":\"\xFF\"}\n",
        REQUEST.as_bytes(),
    ]
    .concat();
    let error = parse(&bad).unwrap_err();
    assert_eq!((error.line, error.kind.name()), (2, "not_utf8"));
}

#[test]
fn too_many_exchanges() {
    use std::fmt::Write;
    let mut file = HEADER.to_owned();
    for number in 0..=wiretape_tape::EXCHANGES_MAX {
        let _ = writeln!(
            file,
            "{{\"response\":{number},\"after_ns\":1,\"status\":200,\"headers\":[]}}"
        );
    }
    let error = parse(file.as_bytes()).unwrap_err();
    let line = wiretape_tape::EXCHANGES_MAX as u64 + 2;
    assert_eq!(
        (error.line, error.kind.name()),
        (line, "too_many_exchanges")
    );
}
