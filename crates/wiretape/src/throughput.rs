//! How fast a reader is, by criterion. Feature `criterion`.
//!
//! ```no_run
//! use criterion::{Criterion, criterion_group, criterion_main};
//! use wiretape::core::{Dialect, Reader};
//!
//! fn reader(criterion: &mut Criterion) {
//!     let loaded = wiretape::load("recordings/anthropic/reference.tape".as_ref(), None).unwrap();
//!     for subject in loaded.subjects() {
//!         let subject = subject.unwrap();
//!         wiretape::throughput::measure(criterion, "mine", &subject, &[1_460, 64, 1], |chunks| {
//!             let mut reader = Reader::new(Dialect::Anthropic); // yours
//!             for chunk in chunks {
//!                 reader.feed(chunk, &mut |_| ()).unwrap();
//!             }
//!             reader.finish()
//!         });
//!     }
//! }
//! criterion_group!(benches, reader);
//! criterion_main!(benches);
//! ```

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};

use crate::Subject;

/// Measures a reader over a recorded reply: as it was recorded, and in chunks of each of these
/// sizes, in bytes.
///
/// `read` is given all chunks of the reply and must read them from the first to the last, with a
/// reader of its own. The group is `NAME`, each benchmark `TAPE/recorded` or `TAPE/1460`; the
/// throughput is in bytes of the body. What `read` gives is kept from being optimised away.
pub fn measure<T>(
    criterion: &mut Criterion,
    name: &str,
    subject: &Subject<'_>,
    sizes: &[usize],
    mut read: impl FnMut(&[&[u8]]) -> T,
) {
    let tape = subject.name.rsplit('/').next().unwrap_or(&subject.name);
    let recorded = subject.exchange.chunks.iter();
    let mut ways = vec![(
        "recorded".to_owned(),
        recorded
            .map(|chunk| chunk.bytes.as_slice())
            .collect::<Vec<_>>(),
    )];
    for size in sizes {
        ways.push((
            size.to_string(),
            subject.body.chunks((*size).max(1)).collect(),
        ));
    }
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(subject.body.len() as u64));
    for (way, chunks) in &ways {
        group.bench_function(BenchmarkId::new(tape, way), |bencher| {
            bencher.iter(|| black_box(read(black_box(chunks))));
        });
    }
    group.finish();
}
