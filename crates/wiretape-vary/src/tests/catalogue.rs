//! The catalogue's own words, and what some of its pieces write, byte by byte.

use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use wiretape_core::Dialect;

use super::{ANTHROPIC, BODIES, OPENAI_CHAT, subject};
use crate::classes::{self, Group, Kind};
use crate::{
    Arguments, EventNames, Fields, Ids, Indices, Names, Noise, Order, Outcome, Piece, Profile,
    Scenario, Standing, Tail,
};

/// The lines that a piece takes away, and those that it puts in.
fn changed(dialect: Dialect, body: &str, piece: Piece) -> (Vec<String>, Vec<String>) {
    let script = Scenario::of(vec![piece]).apply(&subject(dialect, body));
    assert_eq!(script.skipped, []);
    let after = String::from_utf8_lossy(script.body()).into_owned();
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.is_empty());
        lines.map(ToString::to_string).collect()
    };
    let (mut old, mut new) = (lines(body), lines(&after));
    while !old.is_empty() && old.first() == new.first() {
        old.remove(0);
        new.remove(0);
    }
    while !old.is_empty() && old.last() == new.last() {
        old.pop();
        new.pop();
    }
    (old, new)
}

/// The same of the two dialects' bodies, with what chunks have in common left out.
fn of_chat(piece: Piece) -> (Vec<String>, Vec<String>) {
    let (old, new) = changed(Dialect::OpenAiChat, OPENAI_CHAT, piece);
    let short = |lines: Vec<String>| -> Vec<String> {
        let head = r#"data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt","choices":["#;
        let lines = lines.into_iter();
        lines.map(|line| line.replace(head, "")).collect()
    };
    (short(old), short(new))
}

fn of_messages(piece: Piece) -> (Vec<String>, Vec<String>) {
    changed(Dialect::Anthropic, ANTHROPIC, piece)
}

#[test]
fn every_class_says_all_that_it_has_to() {
    let mut ids = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut group = Group::Transport;
    for class in classes::all() {
        assert!(ids.insert(class.id) && names.insert(class.name), "{class}");
        assert!(class.group >= group, "{class}");
        group = class.group;
        for text in [
            class.title,
            class.wire,
            class.naive,
            class.right,
            class.permits,
        ] {
            assert!(!text.is_empty() && !text.ends_with('.'), "{class}: {text}");
        }
        let fault = class.forms().any(|(_, kind)| kind == Kind::Fault);
        let none = class.forms().next().is_none();
        assert_eq!(class.kind == Kind::Fault, fault || none, "{class}");
        let forms: BTreeSet<&str> = class.forms().map(|(name, _)| name).collect();
        assert_eq!(forms.len(), class.forms().count(), "{class}");
        for dialect in ["anthropic", "openai-chat"] {
            let backing = class.backing(dialect);
            let lawful = backing.map(|backing| backing.standing == Standing::Lawful);
            let bare = backing.map(|backing| backing.evidence.is_empty());
            assert_eq!(lawful, bare, "{class}");
        }
        assert!(class.backing("x-unknown").is_ok() == (class.group == Group::Transport));
        assert_eq!(classes::find(&class.id.to_lowercase()), Some(class));
        assert_eq!(classes::find(class.name), Some(class));
    }
    assert_eq!(classes::find("F-99"), None);
}

#[test]
fn a_case_of_a_seed_is_the_same_for_ever_and_of_the_profile() {
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        for class in classes::all() {
            for seed in 0..40 {
                let one = class.draw(seed, &subject);
                assert_eq!(class.draw(seed, &subject), one);
                let lawful = class.draw_in(seed, Profile::Lawful, &subject);
                let lawful = lawful.unwrap_or_default();
                assert!(lawful.iter().all(Piece::is_reshape), "{class} {lawful:?}");
                let fault = class.draw_in(seed, Profile::Faults, &subject);
                let fault = fault.unwrap_or_default();
                assert!(
                    fault.is_empty() || !fault.iter().all(Piece::is_reshape),
                    "{class}"
                );
                let seen = class.draw_in(seed, Profile::Seen, &subject);
                let seen = seen.unwrap_or_default();
                let was = |piece: &Piece| piece.standing(dialect.name()) == Standing::Seen;
                assert!(seen.is_empty() || seen.iter().any(was), "{class} {seen:?}");
                let applied = Scenario::of(one.clone().unwrap_or_default()).apply(&subject);
                assert_eq!(applied.skipped, [], "{class} {one:?}");
                let around = Scenario::of_class(seed, class, Profile::All, &subject);
                assert_eq!(around.is_ok(), one.is_ok());
                if let (Ok(around), Ok(one)) = (around, one) {
                    assert_eq!(around.pieces.get(..one.len()), Some(&one[..]), "{class}");
                }
            }
            let fits = class.applies(&subject);
            assert!(fits.is_err() || class.backing(dialect.name()).is_ok());
        }
    }
}

#[test]
fn presets_name_what_there_is() {
    for preset in classes::presets() {
        assert!(!preset.source.is_empty(), "{}", preset.name);
        for (id, form) in preset.forms {
            let class = classes::find(id).unwrap();
            let mut forms = class.forms();
            let known = form.is_empty() || forms.any(|(name, _)| name == *form);
            assert!(known, "{} {id} {form}", preset.name);
        }
        let mut classes = preset.classes();
        let dialect = preset.dialect.name();
        assert!(
            classes.all(|class| class.backing(dialect).is_ok()),
            "{}",
            preset.name
        );
    }
    assert!(classes::preset("groq").is_some());
    assert!(classes::preset("grok").is_none());
}

#[test]
fn noise_stands_between_events() {
    for (noise, line) in [
        (Noise::BareComment, ":"),
        (Noise::EventWithoutData, "event: ping"),
        (Noise::IdWithNul, "id: a\0b"),
        (Noise::RetryText, "retry: soon"),
        (Noise::EmptyData, "data:"),
        (Noise::CommentAsData, "data: : keepalive"),
        (Noise::True, "data: true"),
        (Noise::Text, "data: \"Overloaded\""),
        (Noise::List, "data: []"),
        (Noise::Null, "data: null"),
    ] {
        let before_block = 2;
        let piece = Piece::Noise {
            before_block,
            noise,
        };
        assert_eq!(of_chat(piece), (vec![], vec![line.to_string()]));
    }
    let (old, new) = of_messages(Piece::EventNames {
        names: EventNames::Dropped,
    });
    assert!(old.iter().any(|line| line.starts_with("event:")));
    assert!(new.iter().all(|line| line.starts_with("data:")));
}

#[test]
fn arguments_in_each_shape() {
    let of = |call, shape| {
        let (_, new) = of_messages(Piece::Arguments { call, shape });
        new.into_iter()
            .filter(|line| line.contains("input_json_delta"))
            .map(|line| line.split("partial_json\":").nth(1).unwrap().to_string())
            .collect::<Vec<String>>()
    };
    assert_eq!(of(1, Arguments::NullText), [r#""null"}}"#]);
    assert_eq!(of(1, Arguments::Null), ["null}}"]);
    assert_eq!(of(1, Arguments::Late), [r#""{}"}}"#]);
    let object = r#"{"path":"a\nb\ud83d\ude00","n": 12345678901234567890}}}"#;
    assert_eq!(of(0, Arguments::Object), [object]);
    assert_eq!(of(0, Arguments::Blank), [r#"" \n"}}"#]);
    assert_eq!(of(0, Arguments::Placeholder), [r#""{}"}}"#]);
    let junk = of(0, Arguments::Junk);
    assert!(
        junk[0].ends_with(r#"7890}{\"x_wiretape\":1}"}}"#),
        "{junk:?}"
    );
    let headless = of(0, Arguments::Headless);
    assert!(headless[0].starts_with(r#""\"path\""#), "{headless:?}");
}

/// Chat: what was cut is gone, and the reason says why, or does not.
#[test]
fn a_call_cut_by_the_limit() {
    let reason = |reason: &str| Piece::Truncate {
        block: 4,
        at: 3,
        reason: reason.to_string(),
        closed: false,
    };
    let (_, new) = of_chat(reason("length"));
    assert_eq!(
        new,
        [
            r#"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\""}}]},"finish_reason":null}]}"#,
            r#"{"index":0,"delta":{},"finish_reason":"length"}]}"#,
        ]
    );
    assert_eq!(
        reason("length").permits(),
        [Outcome::NoCalls, Outcome::ErrorReported]
    );
    let hidden = reason("tool_calls");
    assert!(hidden.permits().contains(&Outcome::CallsRefused));
    assert_eq!(of_chat(hidden).1.len(), 1);
}

#[test]
fn labels_of_calls() {
    let words = |piece| of_chat(piece).1.concat();
    let missing = words(Piece::Indices {
        indices: Indices::Missing,
    });
    assert!(
        missing.contains(r#""tool_calls":[{"id":"call_1""#),
        "{missing}"
    );
    let text = words(Piece::Indices {
        indices: Indices::Text,
    });
    assert!(text.contains(r#"{"index":"1","id":"call_2""#), "{text}");
    let ids = words(Piece::Ids {
        ids: Ids::EmptyAfter,
    });
    assert_eq!(ids.matches(r#""id":"""#).count(), 2, "{ids}");
    let split = words(Piece::Names {
        names: Names::Split,
    });
    assert!(
        split.contains(r#""name":"wr""#) && split.contains(r#""name":"ite""#),
        "{split}"
    );
}

#[test]
fn order_ends_and_fields() {
    let (_, new) = of_chat(Piece::Order {
        order: Order::CallInFinish,
    });
    assert_eq!(
        new,
        [
            r#"{"index":0,"delta":{"tool_calls":[{"index":1,"id":"call_2","type":"function","function":{"name":"read","arguments":"{\"n\": 1}"}}]},"finish_reason":"tool_calls"}]}"#
        ]
    );
    let done = |tail| of_chat(Piece::Tail { tail }).1;
    assert_eq!(done(Tail::DoneLetters), ["data: [DONE]xyz"]);
    assert_eq!(done(Tail::DoneNamed), ["event: done"]);
    assert_eq!(
        done(Tail::ReasonTwice),
        [r#"{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#]
    );
    let (old, new) = of_chat(Piece::Fields {
        fields: Fields::NoRole,
    });
    assert_eq!(old[0].replace(r#""role":"assistant","#, ""), new[0]);
}
