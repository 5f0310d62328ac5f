//! The result as a table, and how each of its figures was obtained.

use super::{Approach, Calls, Demo, DemoArgs};
use crate::Io;
use crate::exit::Fault;
use crate::screen::{BAD, FAINT, GOOD, STRONG, count, duration, grouped, left, right, width};

const HEADS: [[&str; 2]; 7] = [
    ["", "approach"],
    ["tool calls", "run as sent"],
    ["run otherwise", "under faults"],
    ["text", "shown"],
    ["chunk to shown text", "median, p99"],
    ["refused by", "the platform"],
    ["requests over", "the window"],
];

/// A cell: what it says, and whether that is well.
struct Cell {
    text: String,
    good: Option<bool>,
}

impl Cell {
    fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            good: None,
        }
    }

    fn judged(text: String, good: bool) -> Self {
        Self {
            text,
            good: Some(good),
        }
    }
}

pub(super) fn print(demo: &Demo, args: &DemoArgs, io: &mut Io<'_>) -> Result<(), Fault> {
    let rows: Vec<Vec<Cell>> = demo.approaches.iter().map(cells).collect();
    let widths: Vec<usize> = HEADS
        .iter()
        .enumerate()
        .map(|(column, heads)| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let cells = cells.map(|cell| width(&cell.text));
            let heads = heads.iter().map(|head| width(head));
            cells.chain(heads).max().unwrap_or_default()
        })
        .collect();
    let (strong, faint) = (io.screen.style(STRONG), io.screen.style(FAINT));
    let upper = HEADS.map(|[upper, _]| upper);
    let lower = HEADS.map(|[_, lower]| lower);
    for heads in [upper, lower] {
        let heads = heads.iter().zip(&widths).enumerate();
        let text: Vec<String> = heads
            .map(|(column, (head, wide))| aligned(column, head, *wide))
            .collect();
        writeln!(io.out, "{strong}{}{strong:#}", text.join("  ").trim_end())?;
    }
    for row in &rows {
        for (column, (cell, wide)) in row.iter().zip(&widths).enumerate() {
            let style = match cell.good {
                Some(true) => io.screen.style(GOOD),
                Some(false) => io.screen.style(BAD),
                None => anstyle::Style::new(),
            };
            let gap = if column == 0 { "" } else { "  " };
            let text = aligned(column, &cell.text, *wide);
            write!(io.out, "{gap}{style}{text}{style:#}")?;
        }
        writeln!(io.out)?;
    }
    writeln!(
        io.out,
        "{faint}{}: {}, {} of profiles {} and fault from {:#x}, {}, a window of {} tokens{faint:#}",
        demo.tape,
        count(demo.tool_calls, "call"),
        count(demo.seeds as usize, "seed"),
        demo.profile,
        demo.seed,
        demo.platform,
        grouped(demo.window),
    )?;
    if args.explain {
        explain(demo, io)?;
    } else {
        writeln!(
            io.out,
            "{faint}--explain says how each figure was obtained{faint:#}"
        )?;
    }
    Ok(())
}

fn aligned(column: usize, text: &str, wide: usize) -> String {
    if column == 0 {
        left(text, wide)
    } else {
        right(text, wide)
    }
}

fn cells(approach: &Approach) -> Vec<Cell> {
    let Calls {
        as_sent,
        expected,
        otherwise,
        faults,
    } = approach.calls;
    let latency = &approach.latency;
    let late = |ns: Option<u64>| ns.map_or_else(|| "never".into(), duration);
    let mut cells = vec![
        Cell::plain(approach.name),
        Cell::judged(percent(as_sent, expected), as_sent == expected),
        Cell::judged(
            format!("{} in {} faults", grouped(otherwise), grouped(faults)),
            otherwise == 0,
        ),
        Cell::judged(
            percent(approach.text.shown, approach.text.sent),
            approach.text.shown == approach.text.sent,
        ),
        Cell::judged(
            format!("{}, {}", late(latency.median_ns), late(latency.p99_ns)),
            latency.p99_ns.is_some(),
        ),
    ];
    cells.push(approach.platform.as_ref().map_or_else(
        || Cell::plain("no platform"),
        |platform| {
            let refused = format!(
                "{} of {}",
                grouped(platform.refused),
                grouped(platform.calls)
            );
            let lost = if platform.whole { "" } else { ", tail lost" };
            let good = platform.refused == 0 && platform.whole;
            Cell::judged(format!("{refused}{lost}"), good)
        },
    ));
    let context = &approach.context;
    cells.push(Cell::judged(
        format!("{} of {}", context.refused, context.turns),
        context.refused == 0,
    ));
    cells
}

/// `99.8 %`, rounded down, so that 100 % is all.
fn percent(part: u64, whole: u64) -> String {
    let permille = part.saturating_mul(1000) / whole.max(1);
    match permille % 10 {
        0 => format!("{} %", permille / 10),
        tenths => format!("{}.{tenths} %", permille / 10),
    }
}

fn explain(demo: &Demo, io: &mut Io<'_>) -> Result<(), Fault> {
    let strong = io.screen.style(STRONG);
    for (what, how) in &demo.how {
        writeln!(io.out, "\n{strong}{what}{strong:#}\n{how}")?;
    }
    Ok(())
}
