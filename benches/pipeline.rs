//! Bytes to finished messages: ours beside framing, JSON library and gathering by hand.
#![expect(clippy::expect_used, reason = "a bench may stop at once")]

mod pipelines;

use std::time::Duration;

use benches::{Buffer, CHUNKS};
use criterion::{BenchmarkId, Criterion, Throughput};
use pipelines::{PIPELINES, check, is_too_slow};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for buffer in Buffer::all() {
        let mut group = criterion.benchmark_group(format!("pipeline/{}", buffer.name));
        group.throughput(Throughput::Bytes(buffer.whole.len() as u64));
        for (size, chunk) in CHUNKS.into_iter().filter(|(size, _)| *size != "1") {
            for (name, pipeline) in PIPELINES {
                if !is_too_slow(name, chunk) {
                    group.bench_function(BenchmarkId::new(name, size), |bench| {
                        bench.iter(|| check(pipeline, &buffer, chunk));
                    });
                }
            }
        }
        group.finish();
    }
    criterion.final_summary();
}
