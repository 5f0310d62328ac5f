//! What several tests need: where the recordings lie, and work in parallel.

use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use proptest::prelude::ProptestConfig;
use wiretape_core::Dialect;

/// The dialects whose replies the strategies make: the others come from tapes.
pub(crate) const MADE: [Dialect; 2] = [Dialect::Anthropic, Dialect::OpenAiChat];

pub(crate) fn recordings() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../recordings"))
}

/// Every tape, with its name as in `anthropic/text.tape`.
pub(crate) fn tapes() -> Vec<(String, wiretape::Loaded)> {
    let root = recordings();
    let files = wiretape::find(std::slice::from_ref(&root)).unwrap();
    let load = |path: PathBuf| {
        let name = path.strip_prefix(&root).unwrap();
        let parts: Vec<_> = name.iter().map(|part| part.to_string_lossy()).collect();
        (parts.join("/"), wiretape::load(&path, None).unwrap())
    };
    files.into_iter().map(load).collect()
}

/// Runs `work` over all items on every core; results in order.
pub(crate) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = Mutex::new(0..items.len());
    let results = Mutex::new(Vec::new());
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let Some(place) = next.lock().unwrap().next() else {
                        return;
                    };
                    let result = work(&items[place]);
                    results.lock().unwrap().push((place, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

/// So many cases of a property, unless `PROPTEST_CASES` says otherwise.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default().cases,
        None => cases,
    };
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
