//! The criterion helper: what it gives to a reader, and that it measures.

use std::collections::BTreeSet;
use std::time::Duration;

use criterion::Criterion;
use wiretape::throughput::{Per, throughput};

use crate::support::recordings;

#[test]
fn a_reader_gets_the_whole_body_in_chunks_of_each_size() {
    let path = recordings().join("anthropic/small-tool.tape");
    let loaded = wiretape::load(&path, None).unwrap();
    let subjects: Vec<_> = loaded.subjects().map(Result::unwrap).collect();
    let body = &subjects[0].body;
    let folder = std::env::temp_dir().join(format!("wiretape-criterion-{}", std::process::id()));
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_millis(5))
        .without_plots()
        .output_directory(&folder);
    let mut sizes = BTreeSet::new();
    for per in [Per::Bytes, Per::Events] {
        let all = [0, usize::MAX, 100, 1];
        let name = format!("{per:?}");
        throughput(&mut criterion, &name, per, &subjects, &all, |chunks| {
            assert_eq!(&chunks.concat(), body);
            let longest = chunks.iter().map(|chunk| chunk.len()).max();
            sizes.insert(longest.unwrap());
        });
    }
    assert_eq!(Vec::from_iter(sizes), [1, 100, body.len()]);
    let measured = folder.join("Events").exists();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(measured, "it wrote what it measured");
}
