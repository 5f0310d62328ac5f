//! Scenarios checked per second: one is made from its seed, applied, read, and its transcript
//! compared with the untouched reply's.

use std::time::Duration;

use benches::reply;
use criterion::{BenchmarkId, Criterion, Throughput};
use wiretape_core::{Dialect, Options, Reader, Transcript};
use wiretape_tape::{Chunk, Exchange};
use wiretape_vary::{Profile, Scenario, Subject};

/// Scenarios of one round, always the same.
const SEEDS: u64 = 16;

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for (dialect, name) in [
        (Dialect::Anthropic, "anthropic"),
        (Dialect::OpenAiChat, "openai-chat"),
    ] {
        let mut group = criterion.benchmark_group(format!("scenarios/{name}"));
        group.throughput(Throughput::Elements(SEEDS));
        for tokens in [64, 1024] {
            let body = reply(dialect, 1, tokens).body;
            let chunks = body.chunks(1460).map(|bytes| Chunk {
                after_ns: 1_000_000,
                bytes: bytes.to_vec(),
            });
            let exchange = Exchange {
                chunks: chunks.collect(),
                ..Exchange::default()
            };
            let subject = Subject::new(&exchange, Some(name));
            let original = read(dialect, &Scenario::plain(), &subject).meaning();
            for profile in [Profile::Wire, Profile::Lawful, Profile::Faults] {
                let id = BenchmarkId::new(profile.name(), format!("{tokens} tokens"));
                group.bench_function(id, |bench| {
                    bench.iter(|| {
                        for seed in 1..=SEEDS {
                            let scenario = Scenario::generate(seed, profile, &subject);
                            let found = read(dialect, &scenario, &subject).meaning();
                            assert!(
                                !scenario.is_reshape() || found == original,
                                "seed {seed} of {profile:?} changes the meaning"
                            );
                        }
                    });
                });
            }
        }
        group.finish();
    }
    criterion.final_summary();
}

fn read(dialect: Dialect, scenario: &Scenario, subject: &Subject) -> Transcript {
    let script = scenario.apply(subject);
    let mut reader = Reader::with_options(dialect, Options::default());
    for step in script.steps() {
        // An error stands in the transcript.
        let _ = reader.feed(step.bytes, &mut |_| {});
    }
    Transcript::of(&reader.finish())
}
