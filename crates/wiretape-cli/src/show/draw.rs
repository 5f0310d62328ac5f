//! A picture in characters, at most 80 columns wide.

use std::io::Write;

use anstyle::Style;
use wiretape_core::event::Kind;
use wiretape_core::turn::Reply;

use super::picture::{Lane, Mark, Picture, Point};
use crate::args::Axis;
use crate::exit::Fault;
use crate::screen::{
    BAD, CALL, FAINT, GOOD, STRONG, THOUGHT, WARN, clean, count, duration, elide, grouped, left,
    right, size, width,
};
use crate::{Io, Screen, tolerated};

const COLUMNS_MAX: usize = 80;
const LABEL_COLUMNS: usize = 14;
/// Lanes that are drawn; the rest is counted.
const LANES_MAX: usize = 24;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// One exchange, and how to show it.
pub(super) struct Page<'a> {
    pub(super) name: &'a str,
    pub(super) source: &'a str,
    pub(super) picture: &'a Picture,
    pub(super) by: Option<Axis>,
}

impl Page<'_> {
    pub(super) fn draw(&self, io: &mut Io<'_>) -> Result<(), Fault> {
        let columns = io.screen.width.unwrap_or(COLUMNS_MAX).min(COLUMNS_MAX);
        let has_times = self.picture.has_times();
        let natural = if has_times { Axis::Time } else { Axis::Bytes };
        let plot = Plot {
            picture: self.picture,
            axis: self
                .by
                .filter(|by| has_times || *by == Axis::Bytes)
                .unwrap_or(natural),
            columns: columns.saturating_sub(LABEL_COLUMNS + 2).max(8),
            screen: io.screen,
        };
        self.head(columns, io)?;
        writeln!(io.out)?;
        plot.ruler(io.out)?;
        plot.chunks(io.out)?;
        for lane in self.picture.lanes.iter().take(LANES_MAX) {
            plot.lane(lane, io.out)?;
        }
        plot.marks(io.out)?;
        plot.legend(columns, io.out)?;
        writeln!(io.out)?;
        for lane in self.picture.lanes.iter().take(LANES_MAX) {
            self.entry(lane, columns, io)?;
        }
        let more = self.picture.lanes.len().saturating_sub(LANES_MAX);
        if more > 0 {
            writeln!(io.out, "  … and {} more", grouped(more as u64))?;
        }
        if !self.picture.lanes.is_empty() {
            writeln!(io.out)?;
        }
        self.verdict(columns, io)
    }

    fn head(&self, columns: usize, io: &mut Io<'_>) -> Result<(), Fault> {
        let picture = self.picture;
        let strong = io.screen.style(STRONG);
        let dim = io.screen.style(FAINT);
        let room = columns.saturating_sub(width(&picture.dialect) + 2);
        let name = left(&clean(self.name), room);
        writeln!(io.out, "{strong}{name}{strong:#}  {}", picture.dialect)?;
        let model = picture.reply().model.as_deref().unwrap_or("no model named");
        let mut facts = format!(
            "{} · {} bytes in {}",
            clean(model),
            grouped(picture.total.byte),
            count(picture.chunks.len(), "chunk"),
        );
        if picture.has_times() {
            facts.push_str(" · ");
            facts.push_str(&duration(picture.total.ns));
        }
        facts.push_str(" · ");
        facts.push_str(picture.end.map_or("no end recorded", |end| end.name()));
        writeln!(io.out, "{}", elide(&facts, columns))?;
        writeln!(
            io.out,
            "{dim}{}{dim:#}",
            elide(&clean(self.source), columns)
        )?;
        Ok(())
    }

    /// What a lane holds.
    fn entry(&self, lane: &Lane, columns: usize, io: &mut Io<'_>) -> Result<(), Fault> {
        let (sign, sign_style) = match (lane.is_call(), lane.why_not) {
            (true, None) if self.picture.result.is_ok() => ('✓', GOOD),
            (true, _) => ('✗', BAD),
            (false, _) if lane.is_cut() => ('…', WARN),
            (false, _) => (' ', FAINT),
        };
        let mut text = String::new();
        if let Some(why) = lane.why_not {
            text.push_str(why);
            text.push_str("  ");
        }
        if !lane.id.is_empty() {
            text.push_str(&elide(&lane.id, 16));
            text.push_str("  ");
        }
        text.push_str(&lane.excerpt);
        let room = columns.saturating_sub(2 + LABEL_COLUMNS + 8 + 2);
        let sign_style = io.screen.style(sign_style);
        let style = io.screen.style(colour(lane.kind));
        let dim = io.screen.style(FAINT);
        let label = left(
            &clean(&lane.label(self.picture.has_choices())),
            LABEL_COLUMNS,
        );
        let size = right(&size(lane.bytes), 8);
        let text = elide(&clean(&text), room);
        writeln!(
            io.out,
            "{sign_style}{sign}{sign_style:#} {style}{label}{style:#}{dim}{size}{dim:#}  {text}"
        )?;
        Ok(())
    }

    /// What the gate makes of it.
    fn verdict(&self, columns: usize, io: &mut Io<'_>) -> Result<(), Fault> {
        let reply = self.picture.reply();
        let stop = reply
            .choices
            .first()
            .and_then(|choice| choice.stop.as_deref());
        let stop = stop.unwrap_or("none");
        let calls = self.picture.lanes.iter().filter(|lane| lane.is_call());
        let (rejected, run): (Vec<_>, Vec<_>) = calls.partition(|lane| lane.why_not.is_some());
        let (text, style) = match &self.picture.result {
            Ok(_) => {
                let calls = match run.len() {
                    0 => "no call".into(),
                    n => count(n, "call"),
                };
                let mut text = format!("✓ a turn with {calls} to run");
                if !rejected.is_empty() {
                    text.push_str(&format!(", {} rejected", rejected.len()));
                }
                (format!("{text}; stop reason {stop}"), GOOD)
            }
            Err(why) => (format!("✗ no turn: {why}"), BAD),
        };
        let style = io.screen.style(style);
        writeln!(io.out, "{style}{}{style:#}", elide(&clean(&text), columns))?;
        if self.picture.result.is_err() && !rejected.is_empty() {
            let text = format!("  {} withheld", count(rejected.len(), "call"));
            writeln!(io.out, "{text}")?;
        }
        footnotes(reply, columns, io)
    }
}

fn footnotes(reply: &Reply, columns: usize, io: &mut Io<'_>) -> Result<(), Fault> {
    if let Some(error) = &reply.error {
        let text = format!("  error {}: {}", error.kind, error.message);
        writeln!(io.out, "{}", elide(&clean(&text), columns))?;
    }
    let dim = io.screen.style(FAINT);
    for (id, times) in reply.warnings.iter() {
        let text = format!("  tolerated {id} ×{times}: {}", tolerated::name(id));
        writeln!(io.out, "{dim}{}{dim:#}", elide(&clean(&text), columns))?;
    }
    Ok(())
}

fn colour(kind: Kind) -> Style {
    match kind {
        Kind::Text => GOOD,
        Kind::Reasoning | Kind::RedactedReasoning => THOUGHT,
        Kind::Refusal => BAD,
        Kind::Tool | Kind::CustomTool | Kind::ServerTool => CALL,
        _ => FAINT,
    }
}

/// The picture over its axis.
struct Plot<'a> {
    picture: &'a Picture,
    axis: Axis,
    columns: usize,
    screen: Screen,
}

impl Plot<'_> {
    fn value(&self, point: Point) -> u64 {
        match self.axis {
            Axis::Time => point.ns,
            Axis::Bytes => point.byte,
        }
    }

    /// The column of a point; the last one for the end.
    fn column(&self, point: Point) -> usize {
        let total = u128::from(self.value(self.picture.total)) + 1;
        let place = u128::from(self.value(point)) * self.columns as u128 / total;
        usize::try_from(place)
            .map_or(self.columns, |place| place)
            .min(self.columns - 1)
    }

    fn row(
        &self,
        label: &str,
        style: Style,
        cells: &[char],
        out: &mut dyn Write,
    ) -> Result<(), Fault> {
        let style = self.screen.style(style);
        let label = left(&clean(label), LABEL_COLUMNS);
        let text: String = cells.iter().collect();
        writeln!(out, "{label}  {style}{}{style:#}", text.trim_end())?;
        Ok(())
    }

    /// Five numbers over a line.
    fn ruler(&self, out: &mut dyn Write) -> Result<(), Fault> {
        const PARTS: usize = 4;
        let total = self.value(self.picture.total);
        let mut numbers = String::new();
        let mut line = vec!['─'; self.columns];
        for part in 0..=PARTS {
            let at = (self.columns - 1) * part / PARTS;
            if let Some(cell) = line.get_mut(at) {
                *cell = match part {
                    0 => '├',
                    PARTS => '┤',
                    _ => '┼',
                };
            }
            let value = u128::from(total) * part as u128 / PARTS as u128;
            let value = u64::try_from(value).unwrap_or(u64::MAX);
            let text = match self.axis {
                Axis::Time => duration(value),
                Axis::Bytes => grouped(value),
            };
            let start = match part {
                0 => 0,
                PARTS => self.columns.saturating_sub(width(&text)),
                _ => at.saturating_sub(width(&text) / 2),
            };
            let gap = start.saturating_sub(width(&numbers));
            // Where the numbers would touch, the later one is left out.
            if part == 0 || gap > 0 {
                numbers.push_str(&" ".repeat(gap));
                numbers.push_str(&text);
            }
        }
        let unit = match self.axis {
            Axis::Time => "time",
            Axis::Bytes => "byte",
        };
        let numbers: Vec<char> = numbers.chars().collect();
        self.row(unit, FAINT, &numbers, out)?;
        self.row("", FAINT, &line, out)
    }

    fn chunks(&self, out: &mut dyn Write) -> Result<(), Fault> {
        let mut counts = vec![0_usize; self.columns];
        for chunk in &self.picture.chunks {
            if let Some(cell) = counts.get_mut(self.column(*chunk)) {
                *cell += 1;
            }
        }
        let cells: Vec<char> = counts
            .iter()
            .map(|count| match count {
                0 => ' ',
                1 => '│',
                2..=4 => '┃',
                _ => '█',
            })
            .collect();
        self.row("chunks", FAINT, &cells, out)
    }

    /// As tall as much came in that column; a line where the block was open and nothing came.
    fn lane(&self, lane: &Lane, out: &mut dyn Write) -> Result<(), Fault> {
        let mut amounts = vec![0_u64; self.columns];
        for (point, amount) in &lane.deltas {
            if let Some(cell) = amounts.get_mut(self.column(*point)) {
                *cell = cell.saturating_add(*amount);
            }
        }
        let most = amounts.iter().copied().max().unwrap_or(0).max(1);
        let (from, to) = (
            self.column(lane.opened),
            self.column(lane.end(self.picture.total)),
        );
        let cells = amounts.iter().enumerate().map(|(column, amount)| {
            if *amount > 0 {
                let level = u128::from(*amount) * (LEVELS.len() as u128 - 1) / u128::from(most);
                let level = usize::try_from(level).unwrap_or(0);
                LEVELS.get(level).copied().unwrap_or('█')
            } else if lane.is_cut() && column == to {
                '╌'
            } else if from <= column && column <= to {
                '─'
            } else {
                ' '
            }
        });
        let cells: Vec<char> = cells.collect();
        self.row(
            &lane.label(self.picture.has_choices()),
            colour(lane.kind),
            &cells,
            out,
        )
    }

    fn marks(&self, out: &mut dyn Write) -> Result<(), Fault> {
        let mut marks: Vec<Option<Mark>> = vec![None; self.columns];
        for (point, mark) in &self.picture.marks {
            if let Some(cell) = marks.get_mut(self.column(*point)) {
                *cell = (*cell).max(Some(*mark));
            }
        }
        let last = marks.iter().rposition(Option::is_some);
        let last = last.map_or(0, |last| last + 1);
        if last > 0 {
            write!(out, "{}  ", left("events", LABEL_COLUMNS))?;
        } else {
            write!(out, "events")?;
        }
        for mark in marks.iter().take(last) {
            match mark {
                Some(mark) => {
                    let style = self.screen.style(mark.style());
                    write!(out, "{style}{}{style:#}", mark.sign())?;
                }
                None => write!(out, " ")?,
            }
        }
        writeln!(out)?;
        Ok(())
    }

    /// What the signs mean, of those that occur.
    fn legend(&self, columns: usize, out: &mut dyn Write) -> Result<(), Fault> {
        let mut text = String::from("│ a chunk  ┃ 2 to 4  █ more");
        for mark in Mark::ALL {
            let times = self
                .picture
                .marks
                .iter()
                .filter(|(_, seen)| *seen == mark)
                .count();
            if times > 0 {
                text.push_str(&format!("   {} {}", mark.sign(), mark.name()));
            }
            if times > 1 {
                text.push_str(&format!(" ×{times}"));
            }
        }
        let dim = self.screen.style(FAINT);
        writeln!(out, "{dim}{}{dim:#}", elide(&text, columns))?;
        Ok(())
    }
}

impl Mark {
    const ALL: [Self; 5] = [
        Self::Ping,
        Self::Unknown,
        Self::Stop,
        Self::Done,
        Self::Error,
    ];

    const fn sign(self) -> char {
        match self {
            Self::Ping => '•',
            Self::Unknown => '◦',
            Self::Stop => '■',
            Self::Done => '◆',
            Self::Error => '✗',
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Unknown => "unknown",
            Self::Stop => "stop reason",
            Self::Done => "last event",
            Self::Error => "error",
        }
    }

    const fn style(self) -> Style {
        match self {
            Self::Ping => FAINT,
            Self::Unknown => WARN,
            Self::Stop | Self::Done => GOOD,
            Self::Error => BAD,
        }
    }
}
