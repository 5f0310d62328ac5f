//! Framing: ours beside the crates that do the same, on the same buffers in the same chunks.
#![expect(clippy::expect_used, reason = "a bench may stop at once")]

mod framers;

use std::time::Duration;

use benches::{Buffer, CHUNKS};
use criterion::{BenchmarkId, Criterion, Throughput};
use framers::{FRAMERS, check, is_too_slow};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for buffer in Buffer::all() {
        let mut group = criterion.benchmark_group(format!("framing/{}", buffer.name));
        group.throughput(Throughput::Bytes(buffer.whole.len() as u64));
        for (size, chunk) in CHUNKS {
            for (name, framer) in FRAMERS {
                if !is_too_slow(name, chunk) {
                    group.bench_function(BenchmarkId::new(name, size), |bench| {
                        bench.iter(|| check(framer, &buffer, chunk));
                    });
                }
            }
        }
        group.finish();
    }
    criterion.final_summary();
}
