//! What the README quotes of the whole path: MB/s of all contenders in turn, and the ratios.
//!
//! A binary of its own: in one binary with the framing alone, the compiler inlines less of either.
#![expect(clippy::expect_used, reason = "a bench may stop at once")]

mod pipelines;
mod race;

use benches::Buffer;
use pipelines::PIPELINES;
use race::{Round, race, table};

fn main() {
    race::main(&[pipeline]);
}

fn pipeline(buffer: &Buffer) {
    let names = PIPELINES.map(|(name, _)| name);
    let title = format!(
        "Bytes → Turn, {}** ({} replies",
        buffer.name,
        buffer.replies.len()
    );
    table(&title, "sse-core + sonic-rs", &names, 2, buffer, |chunk| {
        let here = PIPELINES
            .iter()
            .filter(|(name, _)| !pipelines::is_too_slow(name, chunk));
        let rounds = here.map(|&(_, pipeline)| {
            Box::new(move || pipelines::check(pipeline, buffer, chunk)) as Round<'_>
        });
        race(&rounds.collect::<Vec<_>>())
    });
}
