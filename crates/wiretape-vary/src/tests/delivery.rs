//! Pieces of the transport and the session: bytes, moments, ends, heads.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use wiretape_core::turn::Ended;
use wiretape_core::{Options, Reader, Transcript};
use wiretape_tape::{EndKind, Exchange, Response};

use super::{ANTHROPIC, BODIES, OPENAI_CHAT, exchange, meaning, script, subject};
use crate::classes::{self, Class, Group};
use crate::{
    Beat, Coding, Cutting, ErrorBody, Flushing, NoStream, Outcome, Pace, Piece, Profile,
    RetryAfter, Scenario, Script, Spot, Subject, Unending,
};
use wiretape_core::Dialect;

const MS: u64 = 1_000_000;

/// Each piece as it is written, and the digest of what it does to each body.
#[test]
fn digests_of_pieces() {
    let mut found = Vec::new();
    let mut names = BTreeSet::new();
    for line in include_str!("delivery.txt").lines() {
        let (json, _) = line.split_once("  ").unwrap_or((line, ""));
        let piece: Piece = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&piece).unwrap(), json);
        names.insert(piece.name());
        let mut digests = String::new();
        for (dialect, body) in BODIES {
            let subject = subject(dialect, body);
            let script = Scenario::of([piece.clone()].into()).apply(&subject);
            let digest = script.digest();
            digests += match script.skipped.first() {
                Some((_, why)) => why,
                None => digest.get(..12).unwrap_or_default(),
            };
            digests += " ";
        }
        found.push(format!("{json}  {}", digests.trim()));
    }
    let frozen: Vec<&str> = include_str!("delivery.txt").lines().collect();
    assert_eq!(found, frozen);
    assert_eq!(names.len(), 12, "{names:?}");
}

fn moments(script: &Script) -> Vec<u64> {
    let mut now = 0;
    let steps = script.steps().map(|step| {
        now += step.after_ns;
        now
    });
    steps.collect()
}

/// The body with the moment at which each byte comes.
fn timed(script: &Script) -> Vec<(u8, u64)> {
    let steps = script.steps().zip(moments(script));
    steps
        .flat_map(|(step, at)| step.bytes.iter().map(move |&byte| (byte, at)))
        .collect()
}

#[test]
fn a_stall_makes_what_follows_come_later_and_changes_no_byte() {
    let plain = Scenario::plain().apply(&subject(Dialect::Anthropic, ANTHROPIC));
    let wait_ns = Some(700 * MS);
    for place in 0..=15 {
        let at = Spot::Block(place);
        let stalled = script(
            Dialect::Anthropic,
            ANTHROPIC,
            vec![Piece::Stall { at, wait_ns }],
        );
        assert_eq!(stalled.body(), plain.body());
        let before: usize = ANTHROPIC
            .split_inclusive("\n\n")
            .take(place)
            .map(str::len)
            .sum();
        let later = timed(&stalled);
        for (offset, (byte, at_ns)) in timed(&plain).into_iter().enumerate() {
            let (same, moved) = later[offset];
            assert_eq!(same, byte);
            if offset < before {
                assert!(moved < 700 * MS, "byte {offset} before block {place}");
            } else {
                // A chunk that was cut by the stall comes at its own time, that much later.
                assert!(
                    at_ns + 700 * MS <= moved + MS,
                    "byte {offset} behind block {place}"
                );
            }
        }
        assert_eq!(stalled.permits, [Outcome::Same]);
        assert_eq!(stalled.duration_ns(), plain.duration_ns() + 700 * MS);
    }
}

#[test]
fn a_pace_leaves_the_waits_that_were_put_in() {
    let stall = Piece::Stall {
        at: Spot::Block(3),
        wait_ns: Some(50 * MS),
    };
    let end = Piece::Ending {
        end: EndKind::Complete,
        after_ns: 30 * MS,
    };
    let pace = Pace::Instant;
    let pieces = vec![stall, end, Piece::Pace { pace }];
    let script = script(Dialect::OpenAiChat, OPENAI_CHAT, pieces);
    assert_eq!(script.duration_ns(), 80 * MS);
    assert_eq!(script.end_after_ns, 30 * MS);
}

#[test]
fn a_burst_is_one_chunk_after_all() {
    for (dialect, body) in BODIES {
        for (head, chunk) in [(false, 25 + 400), (true, 25)] {
            let wait_ns = 400 * MS;
            let burst = script(dialect, body, vec![Piece::Burst { wait_ns, head }]);
            assert_eq!(burst.steps().len(), 1);
            let last = u64::try_from(body.len().div_ceil(100)).unwrap();
            assert_eq!(moments(&burst), [(chunk - 25 + last) * MS]);
            assert_eq!(burst.head_after_ns, if head { 400 * MS } else { 0 });
            assert!(burst.body() == body.as_bytes());
        }
    }
}

#[test]
fn a_drip_is_so_many_bytes_at_a_time() {
    let mut exchange = exchange(ANTHROPIC.as_bytes());
    for chunk in &mut exchange.chunks {
        chunk.after_ns = 0;
    }
    let subject = Subject::new(&exchange, Some("anthropic"));
    let (bytes, every_ns) = (7, 3 * MS);
    let drip = Scenario::of(vec![Piece::Drip { bytes, every_ns }]).apply(&subject);
    let steps: Vec<_> = drip.steps().collect();
    assert_eq!(steps.len(), ANTHROPIC.len().div_ceil(7));
    for (place, step) in steps.iter().enumerate() {
        assert_eq!(step.after_ns, if place == 0 { 0 } else { every_ns });
        assert!(step.bytes.len() == 7 || place + 1 == steps.len());
    }
    assert!(drip.body() == ANTHROPIC.as_bytes());
}

#[test]
fn nothing_comes_where_the_head_does_not() {
    let at = Spot::Head;
    let silent = script(
        Dialect::Anthropic,
        ANTHROPIC,
        vec![Piece::Stall { at, wait_ns: None }],
    );
    assert!(silent.silent && silent.body().is_empty());
    assert_eq!((silent.end, silent.duration_ns()), (EndKind::Timeout, 0));
    assert!(silent.to_exchange(&exchange(b"")).response.is_none());
    let wait_ns = Some(9 * MS);
    let late = script(
        Dialect::Anthropic,
        ANTHROPIC,
        vec![Piece::Stall { at, wait_ns }],
    );
    assert_eq!((late.head_after_ns, late.silent), (9 * MS, false));
}

/// Whatever a script's body holds is in one of its chunks.
#[test]
fn a_mark_without_a_block_does_not_come() {
    for (dialect, body) in BODIES {
        let at = Spot::Block(0);
        let pieces = vec![Piece::Bom {}, Piece::Stall { at, wait_ns: None }];
        assert!(script(dialect, body, pieces).body().is_empty());
    }
}

#[test]
fn keep_alives_come_one_by_one() {
    for (beat, text) in [
        (Beat::Comment, ": keep-alive\n\n"),
        (Beat::Ping, "event: ping\n"),
    ] {
        for then in [None, Some(EndKind::Timeout)] {
            let piece = Piece::KeepAlive {
                before_block: 4,
                beat,
                every_ns: 5 * MS,
                count: 20,
                then,
            };
            let beaten = script(Dialect::Anthropic, ANTHROPIC, vec![piece]);
            let body = core::str::from_utf8(beaten.body()).unwrap();
            let before: usize = ANTHROPIC
                .split_inclusive("\n\n")
                .take(4)
                .map(str::len)
                .sum();
            let (head, rest) = ANTHROPIC.split_at(before);
            let tail = body.strip_prefix(head).unwrap();
            assert_eq!(tail.matches(text).count(), 20);
            assert_eq!(tail.ends_with(rest), then.is_none());
            assert!(100 * MS <= beaten.duration_ns());
            let waits = beaten
                .steps()
                .filter(|step| step.after_ns >= 5 * MS)
                .count();
            assert_eq!(waits, 20);
            assert_eq!(beaten.end, then.unwrap_or(EndKind::Complete));
        }
    }
}

fn with_head(body: &str, headers: &[(&str, &str)]) -> Exchange {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()));
    let mut exchange = exchange(body.as_bytes());
    exchange.response = Some(Response {
        after_ns: 4 * MS,
        status: 200,
        headers: headers.collect(),
        extra: serde_json::Map::new(),
    });
    exchange
}

#[test]
fn a_coding_stands_in_the_head_and_can_be_undone() {
    let recorded = with_head(
        OPENAI_CHAT,
        &[("content-type", "text/event-stream"), ("x-a", "b")],
    );
    let subject = Subject::new(&recorded, Some("openai-chat"));
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Br] {
        for flush in [Flushing::Event, Flushing::End] {
            let encode = |truncated| Piece::Encode {
                coding,
                flush,
                truncated,
            };
            let coded = Scenario::of(vec![encode(false)]).apply(&subject);
            let head = coded.head.as_ref().unwrap();
            let names: Vec<&str> = head.headers.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["content-type", "x-a", "content-encoding"]);
            assert_eq!(head.headers[2].1, coding.name());
            assert_eq!(coded.coding, Some(coding));
            assert_eq!(coded.permits, [Outcome::Same]);
            assert!(coded.body() != OPENAI_CHAT.as_bytes());
            assert!(coded.decoded().body() == OPENAI_CHAT.as_bytes());
            // The events come when they came, or all at the end.
            let events = OPENAI_CHAT.matches("\n\n").count();
            let count = if flush == Flushing::End { 1 } else { events };
            assert_eq!(coded.steps().len(), count);
            assert_eq!(coded.duration_ns(), coded.decoded().duration_ns());
            let cut = Scenario::of(vec![encode(true)]).apply(&subject);
            assert!(coded.body().starts_with(cut.body()) && cut.body() != coded.body());
            assert!(!Scenario::of(vec![encode(true)]).is_reshape());
            if coding != Coding::Br && flush == Flushing::End {
                assert!(coded.body().len() * 2 < OPENAI_CHAT.len(), "it compresses");
            }
        }
    }
}

#[test]
fn a_body_that_is_cut_has_no_end_of_its_coding() {
    let subject = subject(Dialect::Anthropic, ANTHROPIC);
    let (coding, flush, truncated) = (Coding::Gzip, Flushing::Event, false);
    let encode = Piece::Encode {
        coding,
        flush,
        truncated,
    };
    let cut = |end| Piece::Cut { at: 500, end };
    let broken = Scenario::of(vec![encode.clone(), cut(EndKind::Reset)]).apply(&subject);
    assert!(broken.body().ends_with(&[0, 0, 0xff, 0xff]));
    assert!(broken.decoded().body() == &ANTHROPIC.as_bytes()[..500]);
    let closed = Scenario::of(vec![encode, cut(EndKind::Complete)]).apply(&subject);
    assert!(closed.body().ends_with(&500_u32.to_le_bytes()));
    assert_eq!(
        broken.permits,
        [Outcome::ErrorReported, Outcome::EofReported]
    );
}

#[test]
fn other_ends_come_behind_the_terminal_event_alone() {
    let ending = |end, after_ns| Piece::Ending { end, after_ns };
    for (dialect, body) in BODIES {
        let reset = script(dialect, body, vec![ending(EndKind::Reset, 0)]);
        assert!(reset.body() == body.as_bytes());
        assert_eq!(
            (reset.end, &*reset.permits),
            (EndKind::Reset, &[Outcome::Same][..])
        );
        let late = script(dialect, body, vec![ending(EndKind::Complete, 9)]);
        assert_eq!((late.end, late.end_after_ns), (EndKind::Complete, 9));
        for other in [
            Piece::DropTerminal { finish: false },
            Piece::Cut {
                at: body.len() - 1,
                end: EndKind::Reset,
            },
            Piece::Stall {
                at: Spot::Block(2),
                wait_ns: None,
            },
        ] {
            let scenario = Scenario::of(vec![other, ending(EndKind::Timeout, 0)]);
            let script = scenario.apply(&subject(dialect, body));
            assert_eq!(script.skipped.len(), 1, "{:?}", script.skipped);
        }
    }
}

#[test]
fn errors_of_http_are_in_the_dialects_shape() {
    let of = |dialect, body, piece| {
        let script = script(dialect, body, vec![piece]);
        let head = script.head.clone().unwrap();
        let text = core::str::from_utf8(script.body()).unwrap();
        let headers: Vec<String> = head
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}"))
            .collect();
        format!("{} | {} | {text}", head.status, headers.join(", "))
    };
    let error = |status, body, retry_after, should_retry| Piece::HttpError {
        status,
        body,
        retry_after,
        should_retry,
    };
    let json = error(
        429,
        ErrorBody::Json,
        Some(RetryAfter::Seconds(7)),
        Some(true),
    );
    assert_eq!(
        of(Dialect::Anthropic, ANTHROPIC, json.clone()),
        r#"429 | content-type: application/json, content-length: 134, retry-after: 7, x-should-retry: true | {"type":"error","error":{"type":"rate_limit_error","message":"This request would exceed your rate limit"},"request_id":"req_wiretape"}"#
    );
    assert_eq!(
        of(Dialect::OpenAiChat, OPENAI_CHAT, json),
        r#"429 | content-type: application/json, content-length: 102, retry-after: 7, x-should-retry: true | {"error":{"message":"Rate limit reached","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#
    );
    let millis = error(
        503,
        ErrorBody::Empty,
        Some(RetryAfter::Milliseconds(40)),
        None,
    );
    assert_eq!(
        of(Dialect::Anthropic, ANTHROPIC, millis),
        "503 | content-length: 0, retry-after-ms: 40 | "
    );
    let half = script(
        Dialect::OpenAiChat,
        OPENAI_CHAT,
        vec![error(500, ErrorBody::Truncated, None, None)],
    );
    let length = half.head.unwrap().headers[1].1.parse::<usize>().unwrap();
    assert_eq!(
        (half.body.len(), half.end),
        (length / 2, EndKind::Unterminated)
    );
    assert_eq!(half.permits, [Outcome::ErrorReported]);
    let fine = Scenario::of(vec![error(200, ErrorBody::Json, None, None)]);
    assert_eq!(
        fine.apply(&subject(Dialect::Anthropic, ANTHROPIC))
            .skipped
            .len(),
        1
    );
}

#[test]
fn a_whole_reply_and_another_dialect_say_the_same() {
    for (dialect, body) in BODIES {
        let piece = Piece::NoStream {
            body: NoStream::Whole,
        };
        let whole = script(dialect, body, vec![piece]);
        let value: serde_json::Value = serde_json::from_slice(whole.body()).unwrap();
        let text = value.pointer("/content/0/text");
        let text = text.or_else(|| value.pointer("/choices/0/message/content"));
        assert_eq!(text.unwrap(), "Grüße 😀 from \"Bergen\"\n");
        let input = value.pointer("/content/2/input");
        let arguments = value.pointer("/choices/0/message/tool_calls/1/function/arguments");
        assert!(input == Some(&serde_json::json!({})) || arguments.unwrap() == "{\"n\":1}");
        let other = script(dialect, body, vec![Piece::WrongDialect {}]);
        let others = BODIES.map(|(dialect, _)| dialect);
        let reads = others.into_iter().find(|other| *other != dialect).unwrap();
        let (one, two) = (
            meaning(dialect, body.as_bytes()),
            meaning(reads, other.body()),
        );
        assert_eq!(one.text, two.text);
        let names = |of: &Transcript| {
            of.tool_calls
                .iter()
                .map(|call| call.name.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&one), names(&two));
        // Its own reader does not take it for a reply.
        let read = meaning(dialect, other.body());
        assert!(read.rejected.is_some() && read.text.is_empty() && read.tool_calls.is_empty());
    }
}

#[test]
fn another_attempt_has_other_ids() {
    for (dialect, body) in BODIES {
        let suffix = "_2".into();
        let again = script(dialect, body, vec![Piece::NewIds { suffix }]);
        let (one, two) = (
            meaning(dialect, body.as_bytes()),
            meaning(dialect, again.body()),
        );
        assert_eq!((&one.text, &one.stop), (&two.text, &two.stop));
        for (one, two) in one.tool_calls.iter().zip(&two.tool_calls) {
            let id = one.id.as_ref().map(|id| format!("{id}_2"));
            assert_eq!(two.id, id);
            assert_eq!((&one.name, &one.arguments), (&two.name, &two.arguments));
        }
    }
}

#[test]
fn sizes_are_what_they_say() {
    for (dialect, body) in BODIES {
        let (block, bytes) = (1, 100_000);
        let grown = script(dialect, body, vec![Piece::Grow { block, bytes }]);
        assert_eq!(
            grown.body().len(),
            body.len() + bytes + ",\"x_wiretape_size\":\"\"".len()
        );
        assert_eq!(
            meaning(dialect, grown.body()),
            meaning(dialect, body.as_bytes())
        );
        for what in [Unending::Comment, Unending::Line, Unending::Event] {
            let (before_block, end) = (2, EndKind::Timeout);
            let piece = Piece::Endless {
                before_block,
                what,
                bytes,
                end,
            };
            let endless = script(dialect, body, vec![piece]);
            let before: usize = body.split_inclusive("\n\n").take(2).map(str::len).sum();
            let put_in = endless.body().len() - before;
            assert!(
                (bytes..bytes + 2_000).contains(&put_in),
                "{what:?}: {put_in}"
            );
            assert!(
                !endless.body()[before..]
                    .windows(2)
                    .any(|two| two == b"\n\n")
            );
        }
        for bytes in [0, (64 << 20) + 1] {
            let piece = Piece::Grow { block, bytes };
            let script = Scenario::of(vec![piece]).apply(&subject(dialect, body));
            assert_eq!(script.skipped.len(), 1);
        }
    }
}

/// The classes that this is about.
fn of_delivery() -> Vec<&'static Class> {
    let ids = [
        "F-08", "F-09", "F-10", "F-11", "F-12", "F-13", "F-14", "F-33", "F-41", "F-42", "F-43",
        "F-60", "F-62", "F-70", "F-71", "F-72",
    ];
    ids.iter().map(|id| classes::find(id).unwrap()).collect()
}

fn is(outcome: Outcome, whole: &Transcript, seen: &Transcript) -> bool {
    let rejected = seen.rejected.is_some() && seen.tool_calls.is_empty();
    let rejected = rejected
        && whole
            .text
            .starts_with(seen.text.trim_end_matches('\u{fffd}'));
    match outcome {
        Outcome::Same => {
            let said = |of: &Transcript| (of.text.clone(), of.stop.clone(), of.tool_calls.clone());
            said(seen) == said(whole) && seen.rejected == whole.rejected
        }
        Outcome::ErrorReported => rejected && seen.ended == Ended::Error,
        Outcome::EofReported => rejected && seen.ended == Ended::Eof,
        Outcome::SoFar => whole.text.starts_with(&seen.text),
        _ => false,
    }
}

/// Whatever is drawn fits, and our own reader makes of it what is permitted.
#[test]
fn cases_of_these_classes_fit_and_permit_what_a_reader_makes_of_them() {
    for (dialect, body) in BODIES {
        let whole = meaning(dialect, body.as_bytes());
        let recorded = with_head(body, &[("content-type", "text/event-stream")]);
        let subject = Subject::new(&recorded, Some(dialect.name()));
        for class in of_delivery() {
            let seeds = if class.group == Group::Resources {
                6
            } else {
                60
            };
            for seed in 0..seeds {
                let pieces = class.draw(seed, &subject).unwrap();
                let script = Scenario::of(pieces.clone()).apply(&subject);
                assert_eq!(script.skipped, [], "{class} {pieces:?}");
                let scenario = Scenario::of_class(seed, class, Profile::All, &subject).unwrap();
                let around = scenario.apply(&subject);
                let own = |(place, _): &&(usize, &str)| *place < pieces.len();
                assert_eq!(around.skipped.iter().find(own), None, "{scenario:?}");
                if script.head.as_ref().is_some_and(|head| head.status != 200) {
                    continue;
                }
                let decoded = script.decoded();
                let mut reader = Reader::with_options(dialect, Options::default());
                for step in decoded.steps() {
                    let _ = reader.feed(step.bytes, &mut |_| {});
                }
                let seen = Transcript::of(&reader.finish()).meaning();
                let permitted = script
                    .permits
                    .iter()
                    .any(|outcome| is(*outcome, &whole, &seen));
                assert!(
                    permitted,
                    "{class} {pieces:?}: {:?}, seen {seen:?}",
                    script.permits
                );
            }
        }
    }
}

#[test]
fn attempts_are_for_the_classes_that_are_about_them() {
    for (dialect, body) in BODIES {
        let subject = subject(dialect, body);
        for class in classes::all() {
            let Ok(scenario) = Scenario::of_class(3, class, Profile::All, &subject) else {
                continue;
            };
            let about = ["F-60", "F-62", "F-41"].contains(&class.id);
            assert!(about || scenario.retries.is_none(), "{class}");
            if class.id == "F-60" {
                let retries = scenario.retries.unwrap();
                assert_eq!(retries[0].name(), "new_ids");
            }
        }
    }
}

/// No order of these pieces, nor anything around them, is refused by a panic, and none takes longer
/// than the bytes that it puts in.
#[test]
fn any_of_them_together() {
    let subjects = BODIES.map(|(dialect, body)| subject(dialect, body));
    let bare = Subject::new(&exchange(b"{\"no\": \"stream\"}"), None);
    for line in include_str!("delivery.txt").lines() {
        for other in include_str!("delivery.txt").lines() {
            let piece = |line: &str| -> Piece {
                let (json, _) = line.split_once("  ").unwrap_or((line, ""));
                serde_json::from_str(json).unwrap()
            };
            let cut = Cutting::Every(64);
            let pieces = vec![piece(line), Piece::Rechunk { cut }, piece(other)];
            for subject in subjects.iter().chain([&bare]) {
                let script = Scenario::of(pieces.clone()).apply(subject);
                let steps: usize = script.steps().map(|step| step.bytes.len()).sum();
                assert_eq!(steps, script.body().len());
                assert!(!script.permits.is_empty(), "{pieces:?}");
            }
        }
    }
}
