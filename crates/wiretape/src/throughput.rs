//! How fast a reader is, with [`criterion`], over tapes.
//!
//! ```no_run
//! use criterion::Criterion;
//! use wiretape::core::{Dialect, Reader};
//! use wiretape::throughput::{Per, throughput};
//!
//! fn main() -> Result<(), wiretape::LoadError> {
//!     let mut criterion = Criterion::default().configure_from_args();
//!     let loaded = wiretape::load("recordings/anthropic/text.tape".as_ref(), None)?;
//!     let subjects: Vec<_> = loaded.subjects().collect::<Result<_, _>>()?;
//!     let sizes = [usize::MAX, 1460, 64];
//!     throughput(&mut criterion, "mine", Per::Bytes, &subjects, &sizes, |chunks| {
//!         let mut reader = Reader::new(Dialect::Anthropic); // yours here
//!         for chunk in chunks {
//!             reader.feed(chunk, &mut |_| {}).unwrap();
//!         }
//!         reader.finish()
//!     });
//!     criterion.final_summary();
//!     Ok(())
//! }
//! ```

use criterion::{BenchmarkId, Criterion, Throughput};
use wiretape_core::{Options, read};

use crate::Subject;

/// What is counted for each iteration, which is one whole body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Bytes of the body.
    Bytes,
    /// Events of the stream that hold a payload.
    Events,
}

/// Measures a reader over each subject, for each size of chunks: one group of benches, each named
/// `SUBJECT/SIZE`.
///
/// `chunk_bytes` are sizes in bytes; 0, and any that is not less than the body's, give it whole. The
/// body is cut before the clock starts. What `read` gives is kept from the optimiser, and dropped
/// within the time that is measured.
pub fn throughput<T>(
    criterion: &mut Criterion,
    group: &str,
    per: Per,
    subjects: &[Subject<'_>],
    chunk_bytes: &[usize],
    mut read: impl FnMut(&[&[u8]]) -> T,
) {
    let mut group = criterion.benchmark_group(group);
    for subject in subjects {
        group.throughput(counted(subject, per));
        let mut measured = Vec::new();
        for &size in chunk_bytes {
            let whole = size == 0 || subject.body.len() <= size;
            let (size, label) = match whole {
                true => (subject.body.len().max(1), "whole".to_owned()),
                false => (size, size.to_string()),
            };
            // Of a short body several sizes may be the whole of it.
            if measured.contains(&size) {
                continue;
            }
            measured.push(size);
            let chunks: Vec<&[u8]> = subject.body.chunks(size).collect();
            let id = BenchmarkId::new(&subject.name, label);
            group.bench_function(id, |bench| bench.iter(|| read(&chunks)));
        }
    }
    group.finish();
}

fn counted(subject: &Subject<'_>, per: Per) -> Throughput {
    match per {
        Per::Bytes => Throughput::Bytes(subject.body.len() as u64),
        Per::Events => {
            let result = read(subject.dialect, Options::default(), &subject.body);
            let reply = match &result {
                Ok(turn) => turn.reply(),
                Err(rejected) => rejected.reply(),
            };
            Throughput::Elements(reply.frames)
        }
    }
}
