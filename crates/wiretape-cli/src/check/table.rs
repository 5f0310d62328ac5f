//! The result as a table.

use std::path::Path;

use anstyle::Style;
use wiretape::laws::{How, Report};
use wiretape_core::Dialect;

use super::{Row, Sum, repeat};
use crate::Io;
use crate::args::CheckArgs;
use crate::exit::Fault;
use crate::screen::{self, BAD, FAINT, GOOD, STRONG, WARN, compact, count, grouped, left, right};

const FAILS: &str = "FAILS";
const NAME_COLUMNS_MAX: usize = 44;

/// A column for each law that applies to any row; chunking has one of its own.
#[derive(Debug)]
struct Law {
    number: u8,
    /// The names of its parts.
    names: Vec<&'static str>,
    columns: usize,
}

/// How wide the columns are.
#[derive(Debug)]
struct Columns {
    name: usize,
    bytes: usize,
    frames: usize,
    chunking: usize,
    laws: Vec<Law>,
    verdict: usize,
    /// The terminal is too narrow for a column each: one for all, and their sums in the legend.
    folded: bool,
}

const CALLS_COLUMNS: usize = 8;
const FOLDED_COLUMNS: usize = 6;

pub(super) fn print(
    rows: &[(&Path, Row)],
    sum: &Sum,
    args: &CheckArgs,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    let mut dialects: Vec<Dialect> = rows.iter().map(|(_, row)| row.dialect).collect();
    dialects.sort_unstable();
    dialects.dedup();
    let groups: Vec<(Dialect, Vec<&Row>)> = dialects
        .into_iter()
        .map(|dialect| {
            let rows = rows.iter().map(|(_, row)| row);
            (dialect, rows.filter(|row| row.dialect == dialect).collect())
        })
        .collect();
    let columns = Columns::of(&groups, io.screen.width);
    for (dialect, rows) in &groups {
        head(*dialect, &columns, io)?;
        let root = shared_folder(rows);
        for row in rows {
            line(row, shown(row, root), &columns, io)?;
        }
        writeln!(io.out)?;
    }
    if !rows.is_empty() {
        legend(rows, &columns, io)?;
    }
    for (path, row) in rows {
        failures(row, &repeat(path, args, io), io)?;
    }
    summary(sum, args, io)
}

impl Columns {
    fn of(groups: &[(Dialect, Vec<&Row>)], screen: Option<usize>) -> Self {
        let mut columns = Self {
            name: 11,
            bytes: 9,
            frames: 8,
            chunking: "1 chunking".len(),
            laws: Vec::new(),
            verdict: 0,
            folded: false,
        };
        for (_, rows) in groups {
            let root = shared_folder(rows);
            for row in rows {
                let name = screen::width(shown(row, root)).min(NAME_COLUMNS_MAX);
                columns.name = columns.name.max(name);
                columns.take(row);
            }
        }
        columns.laws.sort_unstable_by_key(|law| law.number);
        columns.fold(screen.unwrap_or(usize::MAX));
        columns
    }

    /// Makes it fit the screen, as far as the names allow.
    fn fold(&mut self, screen: usize) {
        let laws: usize = self.laws.iter().map(|law| law.columns + 2).sum();
        let rest = self.bytes + self.frames + CALLS_COLUMNS + self.chunking + self.verdict + 4;
        self.folded = self.name + rest + laws > screen;
        if self.folded {
            let room = screen.saturating_sub(rest + FOLDED_COLUMNS + 2);
            self.name = self.name.min(room.max(11));
        }
    }

    /// The columns of the laws: the laws of each, and how wide it is.
    fn of_laws(&self) -> Vec<(&[Law], usize)> {
        if self.folded {
            vec![(self.laws.as_slice(), FOLDED_COLUMNS)]
        } else {
            let one = |law| std::slice::from_ref(law);
            self.laws
                .iter()
                .map(|law| (one(law), law.columns))
                .collect()
        }
    }

    fn take(&mut self, row: &Row) {
        self.verdict = self.verdict.max(row.verdict().len());
        self.bytes = self.bytes.max(grouped(row.bytes).len() + 2);
        self.frames = self.frames.max(grouped(row.frames).len() + 2);
        self.chunking = self.chunking.max(screen::width(&partitions(row)));
        for report in row.reports.iter().filter(|report| applies(report)) {
            if report.number == 1 {
                continue;
            }
            let needed = screen::width(&cases(row, &[report.number])).max(2);
            match self.laws.iter_mut().find(|law| law.number == report.number) {
                Some(law) => {
                    law.columns = law.columns.max(needed);
                    if !law.names.contains(&report.law) {
                        law.names.push(report.law);
                    }
                }
                None => self.laws.push(Law {
                    number: report.number,
                    names: vec![report.law],
                    columns: needed,
                }),
            }
        }
    }
}

const fn applies(report: &Report) -> bool {
    !matches!(report.how, How::DoesNotApply(_))
}

/// The folder, with its slash, that all names begin with.
fn shared_folder<'a>(rows: &[&'a Row]) -> &'a str {
    let mut names = rows.iter().map(|row| row.name.as_str());
    let first = names.next().unwrap_or_default();
    let mut shared = first.rfind('/').map_or(0, |slash| slash + 1);
    for name in names {
        while !name.starts_with(first.get(..shared).unwrap_or_default()) {
            let folder = first.get(..shared.saturating_sub(1)).unwrap_or_default();
            shared = folder.rfind('/').map_or(0, |slash| slash + 1);
        }
    }
    first.get(..shared).unwrap_or_default()
}

fn shown<'a>(row: &'a Row, root: &str) -> &'a str {
    let name = row.name.strip_prefix(root).unwrap_or(&row.name);
    name.strip_suffix(".tape").unwrap_or(name)
}

fn head(dialect: Dialect, columns: &Columns, io: &mut Io<'_>) -> Result<(), Fault> {
    let strong = io.screen.style(STRONG);
    let dim = io.screen.style(FAINT);
    let name = left(dialect.name(), columns.name);
    write!(io.out, "{strong}{name}{strong:#}{dim}")?;
    write!(
        io.out,
        "{}{}{}",
        right("bytes", columns.bytes),
        right("frames", columns.frames),
        right("calls", CALLS_COLUMNS)
    )?;
    write!(io.out, "  {}", left("1 chunking", columns.chunking))?;
    for (laws, columns) in columns.of_laws() {
        let name = match laws {
            [law] => law.number.to_string(),
            _ => "cases".into(),
        };
        write!(io.out, "  {}", right(&name, columns))?;
    }
    writeln!(io.out, "{dim:#}")?;
    Ok(())
}

fn line(row: &Row, name: &str, columns: &Columns, io: &mut Io<'_>) -> Result<(), Fault> {
    let screen = io.screen;
    write!(io.out, "{}", left(&screen::clean(name), columns.name))?;
    let calls = match (row.calls, row.rejected_calls) {
        (calls, 0) => calls.to_string(),
        (calls, rejected) => format!("{calls} of {}", calls + rejected),
    };
    write!(
        io.out,
        "{}{}{}",
        right(&grouped(row.bytes), columns.bytes),
        right(&grouped(row.frames), columns.frames),
        right(&calls, CALLS_COLUMNS)
    )?;
    let chunking = left(&partitions(row), columns.chunking);
    let style = screen.style(style(row, &[1]));
    write!(io.out, "  {style}{chunking}{style:#}")?;
    for (laws, columns) in columns.of_laws() {
        let numbers: Vec<u8> = laws.iter().map(|law| law.number).collect();
        let text = right(&cases(row, &numbers), columns);
        let style = screen.style(self::style(row, &numbers));
        write!(io.out, "  {style}{text}{style:#}")?;
    }
    let (verdict, style) = match row.verdict() {
        verdict @ "holds" => (verdict.into(), GOOD),
        verdict @ "unfinished" => (verdict.into(), WARN),
        verdict => (verdict.to_uppercase(), BAD),
    };
    let style = screen.style(style);
    writeln!(io.out, "  {style}{verdict}{style:#}")?;
    Ok(())
}

fn style(row: &Row, numbers: &[u8]) -> Style {
    let mut reports = reports(row, numbers);
    if reports.clone().any(|report| report.failure.is_some()) {
        BAD
    } else if reports.any(applies) {
        Style::new()
    } else {
        FAINT
    }
}

fn reports<'a>(row: &'a Row, numbers: &'a [u8]) -> impl Iterator<Item = &'a Report> + Clone {
    let all = row.reports.iter();
    all.filter(|report| numbers.contains(&report.number))
}

/// How the chunking law was established, and over how many ways to cut the bytes.
fn partitions(row: &Row) -> String {
    let proved = |report: &Report| report.number == 1 && report.how == How::Proved;
    if row.reports.iter().any(proved) && cases(row, &[1]) != FAILS {
        return format!("proved 2^{}", row.bytes.saturating_sub(1));
    }
    match cases(row, &[1]) {
        text if [FAILS, "–", "?"].contains(&text.as_str()) => text,
        text => format!("sampled {text}"),
    }
}

/// How many cases of the laws were tried, over all of their parts.
fn cases(row: &Row, numbers: &[u8]) -> String {
    let mut reports = reports(row, numbers);
    if reports.clone().any(|report| report.failure.is_some()) {
        FAILS.into()
    } else if reports.clone().any(applies) {
        compact(total(reports))
    } else if reports.next().is_some() {
        "–".into()
    } else {
        "?".into()
    }
}

fn total<'a>(reports: impl Iterator<Item = &'a Report>) -> u64 {
    reports.fold(0, |sum, report| report.cases.saturating_add(sum))
}

fn legend(rows: &[(&Path, Row)], columns: &Columns, io: &mut Io<'_>) -> Result<(), Fault> {
    let dim = io.screen.style(FAINT);
    let name = |law: &Law| {
        let name = format!("{} {}", law.number, law.names.join(" and "));
        if !columns.folded {
            return name;
        }
        let all = rows.iter().flat_map(|(_, row)| row.reports.iter());
        let cases = total(all.filter(|report| report.number == law.number));
        format!("{name} {}", compact(cases))
    };
    let names: Vec<String> = columns.laws.iter().map(name).collect();
    writeln!(
        io.out,
        "{dim}1 chunking: proved for all 2^(bytes-1) ways to cut the body, or sampled"
    )?;
    if !names.is_empty() {
        writeln!(io.out, "cases of: {}", names.join(", "))?;
    }
    writeln!(
        io.out,
        "calls: those that may be run, of those that came; – does not apply, ? not done{dim:#}\n"
    )?;
    Ok(())
}

/// Each failure, with the one line that repeats it.
fn failures(row: &Row, repeat: &str, io: &mut Io<'_>) -> Result<(), Fault> {
    let bad = io.screen.style(BAD);
    let strong = io.screen.style(STRONG);
    let name = screen::clean(&row.name);
    if let Some(panic) = &row.panic {
        writeln!(io.out, "{bad}{name}: the check panicked{bad:#}")?;
        writeln!(io.out, "  said        {}", screen::clean(panic))?;
        writeln!(io.out, "  repeat      {strong}{repeat}{strong:#}\n")?;
    }
    for report in &row.reports {
        let Some(failure) = &report.failure else {
            continue;
        };
        let (number, law) = (report.number, report.law);
        writeln!(io.out, "{bad}{name}: law {number} ({law}) fails{bad:#}")?;
        writeln!(io.out, "  case        {}", screen::clean(&failure.case))?;
        if let Some(scenario) = &failure.scenario {
            writeln!(io.out, "  scenario    {}", serde_json::to_string(scenario)?)?;
        }
        for (place, line) in failure.difference.lines().enumerate() {
            let label = if place == 0 { "difference" } else { "" };
            writeln!(io.out, "  {label:<10}  {}", screen::clean(line))?;
        }
        writeln!(io.out, "  repeat      {strong}{repeat}{strong:#}\n")?;
    }
    Ok(())
}

fn summary(sum: &Sum, args: &CheckArgs, io: &mut Io<'_>) -> Result<(), Fault> {
    let style = io.screen.style(match sum.failures {
        0 if sum.exchanges == 0 || sum.interrupted => WARN,
        0 => GOOD,
        _ => BAD,
    });
    let verdict = match sum.failures {
        0 if sum.exchanges == 0 => "nothing was checked".into(),
        0 if sum.interrupted => "no failure so far".into(),
        0 => "all hold".into(),
        n => count(n, "failure"),
    };
    let mut line = format!(
        "{}, {}, {}: {style}{verdict}{style:#}",
        count(sum.tapes, "tape"),
        count(sum.laws, "law"),
        count(usize::try_from(sum.cases).unwrap_or(usize::MAX), "case"),
    );
    if sum.exchanges != sum.tapes {
        line = line.replacen(
            ", ",
            &format!(" ({}), ", count(sum.exchanges, "exchange")),
            1,
        );
    }
    if sum.unusable > 0 {
        line.push_str(&format!(", {} unusable", grouped(sum.unusable as u64)));
    }
    if sum.interrupted {
        line.push_str(&format!(
            ", interrupted, {} unfinished",
            count(sum.unfinished, "file")
        ));
    }
    let took = screen::duration(u64::try_from(sum.elapsed.as_nanos()).unwrap_or(u64::MAX));
    writeln!(io.out, "{line} (seed {:#x}, {took})", args.seed)?;
    Ok(())
}
