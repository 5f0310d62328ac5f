//! Contenders in turn on the same buffers. A cell is the best of many short rounds; the contenders
//! of a row take turns, so that a slow moment of the machine hits all of them.

use std::time::{Duration, Instant};

use benches::{Buffer, CHUNKS};

/// What one contender does in one round.
pub(crate) type Round<'a> = Box<dyn Fn() + 'a>;

/// Rounds of a row: at least this many, and more while its time lasts.
const ROUNDS_MIN: usize = 15;
const ROW_TIME: Duration = Duration::from_millis(1000);

/// Runs each table on each buffer.
pub(crate) fn main(tables: &[fn(&Buffer)]) {
    // A test runner asks what there is to run.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    for buffer in Buffer::all() {
        for table in tables {
            table(&buffer);
        }
    }
}

/// Prints a row per chunk size, with the ratio of ours, the first, to the faster of the rivals, the
/// next up to `rivals_end`. Gives our times.
pub(crate) fn table(
    title: &str,
    rivals: &str,
    names: &[&str],
    rivals_end: usize,
    buffer: &Buffer,
    row: impl Fn(usize) -> Vec<u128>,
) -> Vec<(&'static str, u128)> {
    println!("\n**{title}), MB/s\n");
    println!("| chunk | {} | ours / {rivals} |", names.join(" | "));
    println!("|---|{}---|", "---|".repeat(names.len()));
    let mut ours = Vec::new();
    for (size, chunk) in CHUNKS {
        let best = row(chunk);
        let cells: Vec<String> = (0..names.len())
            .map(|at| speed(buffer.whole.len(), best.get(at).copied()))
            .collect();
        let own = best.first().copied().unwrap_or(0);
        let rival = best
            .iter()
            .take(rivals_end)
            .skip(1)
            .min()
            .copied()
            .unwrap_or(0);
        println!("| {size} | {} | {} |", cells.join(" | "), ratio(rival, own));
        ours.push((size, own));
    }
    ours
}

/// The best time of each contender, in nanoseconds.
pub(crate) fn race(contenders: &[Round<'_>]) -> Vec<u128> {
    let mut best = vec![u128::MAX; contenders.len()];
    // Without `--bench` this runs as a test: once, to see that it works.
    let (rounds_min, row_time) = if std::env::args().any(|argument| argument == "--bench") {
        (ROUNDS_MIN, ROW_TIME)
    } else {
        (1, Duration::ZERO)
    };
    let mut spent = Duration::ZERO;
    let mut rounds = 0;
    while rounds < rounds_min || spent < row_time {
        for (contender, best) in contenders.iter().zip(&mut best) {
            let time = time(contender);
            *best = time.as_nanos().min(*best);
            spent += time;
        }
        rounds += 1;
    }
    best
}

#[expect(
    clippy::disallowed_methods,
    reason = "this bench measures time, here and nowhere else"
)]
fn time(round: &dyn Fn()) -> Duration {
    let start = Instant::now();
    round();
    start.elapsed()
}

/// Bytes in nanoseconds as MB/s; a dash where there was no race.
pub(crate) fn speed(bytes: usize, nanos: Option<u128>) -> String {
    nanos.map_or_else(
        || "–".to_owned(),
        |nanos| (bytes as u128 * 1000 / nanos.max(1)).to_string(),
    )
}

/// Two decimals, rounded, without floats.
pub(crate) fn ratio(of: u128, to: u128) -> String {
    let hundredths = (of * 100 + to / 2) / to.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
