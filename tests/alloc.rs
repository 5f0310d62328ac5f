//! No allocation for each delta where text needs no unescaping.
//!
//! A binary of its own, because a counting allocator counts every thread of its process.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use wiretape_core::{Dialect, Reader};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const DELTAS: usize = 10_000;

/// Allocations while these deltas are fed, in chunks of this many bytes, behind an opening.
fn allocations(dialect: Dialect, opening: &str, delta: &str, chunk_bytes: usize) -> usize {
    let body = delta.repeat(DELTAS);
    let mut reader = Reader::new(dialect);
    let mut bytes = 0;
    let mut count = |event: wiretape_core::Event<'_>| {
        if let wiretape_core::Event::Delta { text, .. } = event {
            bytes += text.len();
        }
    };
    let fed = reader.feed(opening.as_bytes(), &mut count);
    assert!(fed.is_ok(), "{fed:?}");
    let region = Region::new(COUNTING);
    for chunk in body.as_bytes().chunks(chunk_bytes) {
        let fed = reader.feed(chunk, &mut count);
        assert!(fed.is_ok(), "{fed:?}");
    }
    let stats = region.change();
    assert!(bytes >= 5 * DELTAS, "the deltas were read: {bytes} bytes");
    stats.allocations + stats.reallocations
}

#[test]
fn no_allocation_for_each_delta() {
    let anthropic = (
        Dialect::Anthropic,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\
         \"model\":\"x\",\"content\":[],\"usage\":{\"input_tokens\":1}}}\n\n\
         event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\
         \"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
         \"delta\":{\"type\":\"text_delta\",\"text\":\"hello\"}}\n\n",
    );
    let chat = (
        Dialect::OpenAiChat,
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\
         \"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\
         \"finish_reason\":null}]}\n\n",
        "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"x\",\
         \"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},\"finish_reason\":null}]}\n\n",
    );
    for (dialect, opening, delta) in [anthropic, chat] {
        for chunk_bytes in [usize::MAX, 16 << 10, 1460, 64, 1] {
            let count = allocations(dialect, opening, delta, chunk_bytes);
            println!("{dialect}, chunks of {chunk_bytes}: {count} allocations for {DELTAS} deltas");
            assert!(
                count < DELTAS / 50,
                "{dialect} {chunk_bytes}: {count} allocations"
            );
        }
    }
}
