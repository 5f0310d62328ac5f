//! A line for each exchange: live on a terminal, then as it ended.

use std::collections::BTreeMap;
use std::path::Path;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;
use wiretape_record::{Ended, Report, Summary};
use wiretape_tape::EndKind;

use super::board::{Board, Live};
use crate::Io;
use crate::exit::Fault;
use crate::screen::{self, Screen};

/// Exchanges under way that have a line; of more, the oldest.
const LIVE_MAX: usize = 12;

/// Columns of a path where the terminal does not say more.
const PATH_COLUMNS: usize = 32;

/// What stands on the screen.
pub(super) struct Lines {
    json: bool,
    bars: Option<MultiProgress>,
    live: BTreeMap<u64, ProgressBar>,
}

impl Lines {
    pub(super) fn new(json: bool, screen: Screen) -> Self {
        let shown = screen.bars && !json;
        let bars = || MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        Self {
            json,
            bars: shown.then(bars),
            live: BTreeMap::new(),
        }
    }

    /// Shows what is new.
    pub(super) fn show(&mut self, board: &Board, io: &mut Io<'_>) -> Result<(), Fault> {
        let news = board.news(self.bars.is_some());
        if !news.reports.is_empty() {
            match self.bars.clone() {
                Some(bars) => bars.suspend(|| self.print(&news.reports, io))?,
                None => self.print(&news.reports, io)?,
            }
        }
        if news.passed_over > 0 {
            io.note(&format!(
                "{} lines more than could be shown",
                news.passed_over
            ));
        }
        self.draw(&news.live);
        Ok(())
    }

    fn print<'a>(
        &self,
        reports: impl IntoIterator<Item = &'a Report>,
        io: &mut Io<'_>,
    ) -> Result<(), Fault> {
        for report in reports {
            if self.json {
                self.json(report, io)?;
            }
            match report {
                Report::End(ended) if !self.json => write_end(ended, io)?,
                Report::Failed { why } => {
                    io.complain(&Fault::with_hint(
                        format!("nothing more is recorded: {why}"),
                        "clients go on being served",
                    ));
                }
                Report::Refused { why, status } if !self.json => {
                    io.note(&format!("refused a request with status {status}: {why}"));
                }
                Report::Note { note, .. } if !self.json => io.note(note),
                _ => {}
            }
        }
        Ok(io.out.flush()?)
    }

    /// One JSON line, at once.
    pub(super) fn json(&self, line: &impl Serialize, io: &mut Io<'_>) -> Result<(), Fault> {
        serde_json::to_writer(&mut *io.out, line)?;
        io.out.write_all(b"\n")?;
        Ok(io.out.flush()?)
    }

    /// The lines of what is under way.
    fn draw(&mut self, live: &BTreeMap<u64, Live>) {
        let Some(bars) = &self.bars else {
            return;
        };
        self.live.retain(|id, bar| {
            let stays = live.contains_key(id);
            if !stays {
                bar.finish_and_clear();
                bars.remove(bar);
            }
            stays
        });
        for (id, exchange) in live {
            if self.live.len() >= LIVE_MAX && !self.live.contains_key(id) {
                continue;
            }
            let bar = self.live.entry(*id).or_insert_with(|| {
                let bar = bars.add(ProgressBar::new_spinner());
                let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar
            });
            bar.set_message(under_way(exchange));
            bar.tick();
        }
    }

    /// The last line: what there is on the tape now.
    pub(super) fn sum(
        &mut self,
        tape: &Path,
        summary: &Summary,
        io: &mut Io<'_>,
    ) -> Result<(), Fault> {
        self.draw(&BTreeMap::new());
        if self.json {
            let mut line = serde_json::to_value(summary)?;
            if let Value::Object(fields) = &mut line {
                fields.insert("report".into(), "summary".into());
                fields.insert("tape".into(), tape.display().to_string().into());
            }
            return self.json(&line, io);
        }
        let count = |n: u64, noun| screen::count(usize::try_from(n).unwrap_or(usize::MAX), noun);
        let mut text = format!(
            "{}: {}, {}, {}",
            screen::clean(&tape.display().to_string()),
            count(summary.recorded, "exchange"),
            count(summary.chunks, "chunk"),
            screen::size(summary.bytes),
        );
        let ends: Vec<String> = summary
            .ends
            .iter()
            .map(|(kind, n)| format!("{n} {kind}"))
            .collect();
        if !ends.is_empty() {
            text.push_str(&format!(" ({})", ends.join(", ")));
        }
        if summary.replaced > 0 {
            text.push_str(&format!(", {} replaced", count(summary.replaced, "secret")));
        }
        if summary.lost > 0 {
            text.push_str(&format!(", {} not recorded", summary.lost));
        }
        writeln!(io.err, "{text}")?;
        Ok(())
    }
}

fn number(exchange: Option<usize>) -> String {
    exchange.map_or_else(|| "-".into(), |number| format!("#{number}"))
}

fn under_way(live: &Live) -> String {
    let status = live
        .status
        .map_or_else(|| "…".into(), |status| status.to_string());
    format!(
        "{} {} {}  {status}  {}  {}",
        number(live.exchange),
        live.method,
        screen::elide(&screen::clean(&live.path), PATH_COLUMNS),
        screen::count(usize::try_from(live.chunks).unwrap_or(usize::MAX), "chunk"),
        screen::size(live.bytes),
    )
}

/// `#3    POST  /v1/messages    200   14 chunks  9,128 B  first 81.2 ms  total 2.31 s  complete`
fn write_end(ended: &Ended, io: &mut Io<'_>) -> Result<(), Fault> {
    let style = match (ended.end, ended.status) {
        _ if !ended.recorded => screen::BAD,
        (EndKind::Complete, Some(200..=299)) => screen::GOOD,
        (EndKind::Complete, _) => screen::WARN,
        _ => screen::BAD,
    };
    let style = io.screen.style(style);
    let path = screen::clean(&ended.path);
    let status = ended
        .status
        .map_or_else(|| "-".into(), |status| status.to_string());
    let chunks = screen::count(usize::try_from(ended.chunks).unwrap_or(usize::MAX), "chunk");
    let first = ended
        .first_byte_ns
        .map_or_else(|| "-".into(), screen::duration);
    write!(
        io.out,
        "{:<4} {:<5} {}  {status:>3}  {:>12}  {:>8}  first {:>8}  total {:>8}  {style}{}{style:#}",
        number(ended.exchange),
        ended.method,
        screen::left(&path, PATH_COLUMNS),
        chunks,
        screen::size(ended.bytes),
        first,
        screen::duration(ended.total_ns),
        ended.end.name(),
    )?;
    if !ended.recorded {
        write!(io.out, ", not recorded")?;
    }
    if ended.replaced > 0 {
        let n = usize::try_from(ended.replaced).unwrap_or(usize::MAX);
        write!(io.out, ", {} replaced", screen::count(n, "secret"))?;
    }
    if let Some(error) = &ended.error {
        write!(io.out, ": {}", screen::clean(error))?;
    }
    Ok(writeln!(io.out)?)
}
