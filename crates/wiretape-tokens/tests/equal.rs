//! The words and the counts are those of `bpe-openai`'s own expressions.

use std::fs;
use std::path::Path;

use bpe_openai::Tokenizer;
use proptest::prelude::*;
use wiretape_core::budget::TokenCounter;
use wiretape_tokens::Bpe;

/// Each encoding cuts the text into the same words as its expression does, and counts the same,
/// whatever was counted before.
fn check(text: &str) {
    let encodings: [(Bpe, &Tokenizer); 2] = [
        (Bpe::o200k(), bpe_openai::o200k_base()),
        (Bpe::cl100k(), bpe_openai::cl100k_base()),
    ];
    for (mut bpe, reference) in encodings {
        let words: Vec<&str> = bpe.words(text).collect();
        let expected: Vec<&str> = reference.split(text).collect();
        assert_eq!(words, expected, "{bpe:?} {text:?}");
        let count = reference.count(text) as u64;
        assert_eq!(bpe.count(text), count, "{bpe:?} {text:?}");
        assert_eq!(bpe.count(text), count, "{bpe:?}, remembered: {text:?}");
    }
}

/// Characters that the expressions tell apart, and those that are on an edge between two classes.
fn odd() -> impl Strategy<Value = char> {
    prop::sample::select(vec![
        'a',
        'b',
        'z',
        'A',
        'Z',
        's',
        'S',
        't',
        'r',
        'e',
        'v',
        'm',
        'l',
        'd',
        '\'',
        '’',
        '0',
        '9',
        ' ',
        ' ',
        '\n',
        '\r',
        '\t',
        '/',
        '.',
        '_',
        '{',
        '"',
        '\u{b}',
        '\u{85}',
        '\u{a0}',
        '\u{2028}',
        '\u{3000}',
        'é',
        'É',
        'ſ',
        'ß',
        'ǅ',
        'ʰ',
        'ª',
        'º',
        'Ⅷ',
        '²',
        '½',
        '٣',
        '\u{301}',
        '\u{fe0f}',
        '\u{200d}',
        '中',
        '文',
        'か',
        'ー',
        '한',
        '글',
        'ا',
        'ि',
        '😀',
        '👍',
        '\u{1f3fd}',
        '€',
        'Ⓐ',
        '\u{0}',
        '\u{7f}',
        '\u{fffd}',
        '\u{10ffff}',
        'K',
        'Ω',
        'ω',
        'İ',
        'ı',
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn odd_characters_in_any_order(text in prop::collection::vec(odd(), 0..40)) {
        check(&text.into_iter().collect::<String>());
    }

    #[test]
    fn any_characters(text in prop::collection::vec(any::<char>(), 0..24)) {
        check(&text.into_iter().collect::<String>());
    }

    #[test]
    fn words_of_ascii(text in "[a-zA-Z0-9 .,;:'\"(){}\\[\\]/\\\\\r\n\t_-]{0,80}") {
        check(&text);
    }
}

#[test]
fn every_character_alone_and_between_letters() {
    for c in (0..=0x10_ffff).filter_map(char::from_u32) {
        // Most of what is above is unassigned or one letter after the other.
        if (0x3400..0xa000).contains(&u32::from(c)) || (0xac00..0xf000).contains(&u32::from(c)) {
            continue;
        }
        if u32::from(c) > 0x2_0000 && u32::from(c) % 251 != 0 {
            continue;
        }
        let text = format!("{c}Aa{c}A {c}a");
        for (bpe, reference) in [
            (Bpe::o200k(), bpe_openai::o200k_base()),
            (Bpe::cl100k(), bpe_openai::cl100k_base()),
        ] {
            assert!(bpe.words(&text).eq(reference.split(&text)), "{bpe:?} {c:?}");
        }
    }
}

#[test]
fn each_token_is_one() {
    for (mut bpe, reference) in [
        (Bpe::o200k(), bpe_openai::o200k_base()),
        (Bpe::cl100k(), bpe_openai::cl100k_base()),
    ] {
        for token in 0..u32::try_from(reference.bpe.num_tokens()).unwrap() {
            let bytes = reference.bpe.token_bytes(token);
            assert_eq!(reference.bpe.count(bytes), 1, "{bytes:?}");
            if let Ok(text) = std::str::from_utf8(bytes) {
                assert_eq!(bpe.count(text), reference.count(text) as u64, "{text:?}");
            }
        }
    }
}

#[test]
fn files_of_this_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in [
        "src/split.rs",
        "Cargo.toml",
        "../../README.md",
        "../../Cargo.lock",
    ] {
        check(&fs::read_to_string(root.join(file)).unwrap());
    }
}
