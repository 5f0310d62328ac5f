//! The scanner of the core and `serde_json` agree on what JSON is, and on what strings say.

use proptest::prelude::*;
use serde_json::Value;
use wiretape_core::json::{DEPTH_MAX, Raw};

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Texts made of the pieces that JSON is made of, lawful and not.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"\\u00e9\"",
        "\\",
        "\\u12",
        "null",
        "true",
        "false",
        "nul",
        "0",
        "-",
        "1",
        "-0",
        "01",
        "1.",
        ".5",
        "1e",
        "1E+5",
        "1e-",
        " ",
        "\n",
        "\t",
        "\r",
        "\u{0}",
        "\u{1f}",
        "\u{a0}",
        "\u{feff}",
        "é",
        "😀",
        "/",
        "'",
    ]);
    prop::collection::vec(scrap, 0..12).prop_map(|scraps| scraps.concat())
}

/// `serde_json` refuses two things that are JSON: numbers beyond `f64`, and lone surrogates.
fn agree(text: &str) {
    let ours = Raw::parse(text);
    let theirs = serde_json::from_str::<&serde_json::value::RawValue>(text);
    assert_eq!(
        ours.is_ok(),
        theirs.is_ok(),
        "{text:?}: {ours:?}, {theirs:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whole_documents(value in document(), pretty: bool) {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        agree(&text);
        let raw = Raw::parse(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(raw.text()).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
    }

    #[test]
    fn damaged_documents(value in document(), at: prop::sample::Index, scrap in scraps(), cut: bool) {
        let text = value.to_string();
        let places: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        let place = places[at.index(places.len())];
        let rest = if cut { "" } else { &text[place..] };
        agree(&format!("{}{scrap}{rest}", &text[..place]));
    }

    #[test]
    fn scraps_of_documents(text in scraps()) {
        agree(&text);
    }

    #[test]
    fn any_text(text: String) {
        agree(&text);
    }

    #[test]
    fn strings(text: String, escaped: bool) {
        let mut written = serde_json::to_string(&text).unwrap();
        if escaped {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
            written = format!("\"{}\"", units.collect::<String>());
        }
        let said = Raw::parse(&written).unwrap().as_str().unwrap();
        prop_assert_eq!(said.decode(), text.as_str());
        prop_assert!(said.is(&text));
    }

    #[test]
    fn members(value in document()) {
        let text = value.to_string();
        let raw = Raw::parse(&text).unwrap();
        if let Value::Object(map) = &value {
            let members: Vec<_> = raw.members().collect();
            prop_assert_eq!(members.len(), map.len());
            for (name, member) in members {
                let name = name.decode();
                prop_assert_eq!(&serde_json::from_str::<Value>(member.text()).unwrap(), &serde_json::from_str::<Value>(&map[name.as_ref()].to_string()).unwrap());
            }
        }
        if let Value::Array(items) = &value {
            prop_assert_eq!(raw.elements().count(), items.len());
        }
    }
}

#[test]
fn depth() {
    for depth in [DEPTH_MAX, DEPTH_MAX + 1] {
        let text = "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(Raw::parse(&text).is_ok(), depth <= DEPTH_MAX);
    }
}
