//! JSON strings as the scanner decodes them, against UTF-16: every escape, every half of a pair,
//! whole or in two pieces.

use proptest::prelude::*;
use proptest::sample::select;
use wiretape_core::ErrorKind;
use wiretape_core::json::Raw;

/// Pieces as written, with the UTF-16 units each means.
fn pieces() -> impl Strategy<Value = Vec<(String, Vec<u16>)>> {
    let escape = select(vec![
        ("\\b", '\u{8}'),
        ("\\f", '\u{c}'),
        ("\\n", '\n'),
        ("\\r", '\r'),
        ("\\t", '\t'),
        ("\\\"", '"'),
        ("\\\\", '\\'),
        ("\\/", '/'),
    ]);
    let plain = select(vec!["a", "é", "漢", "😀", "\u{FFFD}", "u0041"]);
    let unit = prop_oneof![
        any::<u16>(),
        0xD800..0xDC00_u16,
        0xDC00..0xE000_u16,
        select(vec![
            0, 0x41, 0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0xE000, 0xFFFD, 0xFFFF
        ]),
    ];
    let piece = prop_oneof![
        1 => escape.prop_map(|(text, c)| (text.to_owned(), vec![c as u16])),
        1 => plain.prop_map(|text| (text.to_owned(), text.encode_utf16().collect())),
        3 => (unit, any::<bool>()).prop_map(|(unit, upper)| {
            let text = if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
            (text, vec![unit])
        }),
    ];
    prop::collection::vec(piece, 0..8)
}

proptest! {
    #![proptest_config(crate::support::cases(2048))]

    #[test]
    fn decoded(pieces in pieces(), cut: prop::sample::Index) {
        let written = |pieces: &[(String, Vec<u16>)]| {
            let inside: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
            format!("\"{inside}\"")
        };
        let units: Vec<u16> = pieces.iter().flat_map(|(_, units)| units.clone()).collect();
        let expected = String::from_utf16_lossy(&units);
        let whole = written(&pieces);
        let said = Raw::parse(&whole).unwrap().as_str().unwrap();
        prop_assert_eq!(said.decode(), expected.as_str(), "{}", whole);
        prop_assert!(said.is(&expected));
        let longer = expected.clone() + "x";
        prop_assert!(!said.is(&longer));
        // A pair may begin in one string and end in the next (F-05).
        let (first, second) = pieces.split_at(cut.index(pieces.len() + 1));
        let mut text = String::new();
        let mut high = None;
        for half in [first, second] {
            let half = written(half);
            Raw::parse(&half).unwrap().as_str().unwrap().push_to(&mut text, &mut high);
        }
        text.extend(high.map(|_| char::REPLACEMENT_CHARACTER));
        prop_assert_eq!(text, expected, "{} cut", whole);
    }
}

#[test]
fn what_is_no_object_has_no_members() {
    for text in ["null", "7", "\"{\\\"a\\\":1}\"", "[{\"a\":1}]", "{}"] {
        let raw = Raw::parse(text).unwrap();
        assert_eq!(raw.members().count(), 0, "{text}");
        assert_eq!(raw.field("a"), None, "{text}");
    }
    for text in ["null", "{\"a\":[1]}", "\"[1]\"", "[]", "[ ]"] {
        assert_eq!(Raw::parse(text).unwrap().elements().count(), 0, "{text}");
    }
    let raw = Raw::parse("{\"a\":1,\"b\":2,\"a\":3}").unwrap();
    let [a, none, b] = raw.fields(["a", "c", "b"]).map(|raw| raw.map(Raw::text));
    assert_eq!((a, none, b), (Some("3"), None, Some("2")));
}

/// Where the scanner says a text stops being JSON.
#[test]
fn what_is_no_json_and_where() {
    let mut wrong = Vec::new();
    for (text, offset) in [
        ("", 0),
        (" ", 1),
        ("{a\":1}", 1),
        ("{\"a\" 1}", 5),
        ("{\"a\"\"b\"}", 4),
        ("{\"a\":1,}", 7),
        ("{\"a\":1 \"b\":2}", 7),
        ("{\"a\":1,b\":2}", 7),
        ("{,}", 1),
        ("[,]", 1),
        ("[1,]", 3),
        ("[1 2]", 3),
        ("[1}", 2),
        ("{\"a\":1]", 6),
        ("[[1]", 4),
        ("[{\"a\":[1}]]", 8),
        ("1 2", 2),
        ("01", 1),
        ("-", 1),
        ("+1", 0),
        (".5", 0),
        ("1.", 2),
        ("1.e5", 2),
        ("1e", 2),
        ("1e+", 3),
        ("--1", 1),
        ("tru", 0),
        ("[nulL]", 1),
        ("falsey", 5),
        ("\"a", 2),
        ("\"a\u{1}b\"", 2),
        ("\"a b\u{1}\"", 4),
        ("\"\\n \u{1f}\"", 4),
        ("\"\\x\"", 2),
        ("\"\\u12\"", 2),
        ("\"\\ug123\"", 2),
        ("\"\\u123g\"", 2),
        ("\"\\", 2),
        ("'a'", 0),
        ("\u{FEFF}1", 0),
        ("\u{A0}1", 0),
    ] {
        let seen = Raw::parse(text);
        if seen != Err(ErrorKind::NotJson { offset }) {
            wrong.push(format!("{text:?}: expected {offset}, seen {seen:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
