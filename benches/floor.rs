//! The floor: `memchr` at each newline, and lines with a UTF-8 check.

mod floors;

use std::time::Duration;

use benches::Buffer;
use criterion::{Criterion, Throughput};
use floors::{FLOORS, check};

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    for buffer in Buffer::all() {
        let mut group = criterion.benchmark_group(format!("floor/{}", buffer.name));
        group.throughput(Throughput::Bytes(buffer.whole.len() as u64));
        for (name, floor) in FLOORS {
            group.bench_function(name, |bench| bench.iter(|| check(floor, &buffer)));
        }
        group.finish();
    }
    criterion.final_summary();
}
