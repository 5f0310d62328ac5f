//! No allocation for each delta where text needs no unescaping, nor where it does: the text that
//! is gathered grows by doubling, and nothing else is allocated.
//!
//! A binary of its own, because a counting allocator counts every thread of its process.

use std::alloc::System;
use std::cell::Cell;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wiretape_core::{Dialect, Event, Options, Reader};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DELTAS: usize = 2_048;

/// What doubling may cost: of the text, of the buffer for a frame that a chunk edge cuts, and of
/// the one for unescaped text.
const GROWTH_MAX: usize = 40;

struct Case {
    name: &'static str,
    dialect: Dialect,
    opening: String,
    /// These take turns.
    deltas: Vec<String>,
}

/// Allocations while so many deltas are fed, in chunks of this many bytes, behind an opening.
fn allocations(case: &Case, options: Options, deltas: usize, chunk_bytes: usize) -> usize {
    let body: String = case.deltas.iter().cycle().take(deltas).cloned().collect();
    let mut reader = Reader::with_options(case.dialect, options);
    let seen = Cell::new(0);
    let mut count = |event: Event<'_>| {
        seen.set(seen.get() + usize::from(matches!(event, Event::Delta { .. })));
    };
    let fed = reader.feed(case.opening.as_bytes(), &mut count);
    assert!(fed.is_ok(), "{fed:?}");
    seen.set(0);
    let region = Region::new(COUNTING);
    for chunk in body.as_bytes().chunks(chunk_bytes) {
        let fed = reader.feed(chunk, &mut count);
        assert!(fed.is_ok(), "{fed:?}");
    }
    let stats = region.change();
    assert_eq!(seen.get(), deltas, "{}: every delta was read", case.name);
    stats.allocations + stats.reallocations
}

fn messages(payloads: &[&str]) -> String {
    let event = |payload: &&str| {
        let name = payload.split('"').nth(3).unwrap_or_default();
        format!("event: {name}\ndata: {payload}\n\n")
    };
    payloads.iter().map(event).collect()
}

fn chat(payloads: &[&str]) -> String {
    let event = |payload: &&str| format!("data: {payload}\n\n");
    payloads.iter().map(event).collect()
}

fn anthropic(name: &'static str, deltas: &[&str]) -> Case {
    let opening = [
        r#"{"type":"message_start","message":{"id":"m","model":"x","content":[],"usage":{"input_tokens":1}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":""}}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}"#,
        r#"{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"u","name":"f","input":{}}}"#,
    ];
    let delta = |delta: &&str| {
        let (index, rest) = delta.split_once(' ').unwrap_or_default();
        let payload =
            format!("{{\"type\":\"content_block_delta\",\"index\":{index},\"delta\":{{{rest}}}}}");
        messages(&[&payload])
    };
    Case {
        name,
        dialect: Dialect::Anthropic,
        opening: messages(&opening),
        deltas: deltas.iter().map(delta).collect(),
    }
}

fn openai(name: &'static str, deltas: &[&str]) -> Case {
    let chunk = |delta: &str| {
        format!(
            "{{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\
             \"choices\":[{{\"index\":0,\"delta\":{{{delta}}},\"finish_reason\":null}}]\
             ,\"usage\":null,\"obfuscation\":\"abcdef\"}}"
        )
    };
    let opening = [
        chunk(r#""role":"assistant","content":"a","reasoning_content":"b""#),
        chunk(
            r#""tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":""}},{"index":1,"id":"u","function":{"name":"f","arguments":""}}]"#,
        ),
    ];
    let opening: Vec<&str> = opening.iter().map(String::as_str).collect();
    let delta = |delta: &&str| chat(&[&chunk(delta)]);
    Case {
        name,
        dialect: Dialect::OpenAiChat,
        opening: chat(&opening),
        deltas: deltas.iter().map(delta).collect(),
    }
}

fn cases() -> [Case; 10] {
    [
        anthropic("text", &[r#"0 "type":"text_delta","text":"hello""#]),
        anthropic(
            "escaped text",
            &[r#"0 "type":"text_delta","text":"hel\"lo\n""#],
        ),
        anthropic(
            "thinking",
            &[r#"1 "type":"thinking_delta","thinking":"hello""#],
        ),
        anthropic(
            "arguments",
            &[r#"2 "type":"input_json_delta","partial_json":"12,""#],
        ),
        anthropic(
            "interleaved calls",
            &[
                r#"2 "type":"input_json_delta","partial_json":"{\"a\"""#,
                r#"3 "type":"input_json_delta","partial_json":"12,""#,
            ],
        ),
        openai("text", &[r#""content":"hello""#]),
        openai("escaped text", &[r#""content":"hel\"lo\n""#]),
        openai("reasoning", &[r#""reasoning_content":"hello""#]),
        openai(
            "arguments",
            &[r#""tool_calls":[{"index":0,"function":{"arguments":"12,"}}]"#],
        ),
        openai(
            "interleaved calls",
            &[
                r#""tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]"#,
                r#""tool_calls":[{"index":1,"function":{"arguments":"12,"}}]"#,
            ],
        ),
    ]
}

#[test]
fn no_allocation_for_each_delta() {
    for case in cases() {
        for options in [Options::lenient(), Options::strict()] {
            for chunk_bytes in [usize::MAX, 16 << 10, 1460, 64, 1] {
                let count = allocations(&case, options, DELTAS, chunk_bytes);
                let twice = allocations(&case, options, 2 * DELTAS, chunk_bytes);
                let what = format!("{} {}, chunks of {chunk_bytes}", case.dialect, case.name);
                println!(
                    "{what}: {count} allocations for {DELTAS} deltas, {twice} for twice as many"
                );
                assert!(count <= GROWTH_MAX, "{what}: {count} allocations");
                // Twice the text is one doubling more of each text that grows.
                assert!(
                    twice <= count + 4,
                    "{what}: {count}, then {twice} allocations"
                );
            }
        }
    }
}
