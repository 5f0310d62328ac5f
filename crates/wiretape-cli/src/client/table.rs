//! A report as a table.

use anstyle::Style;
use wiretape_check::Severity;
use wiretape_check::report::{BaselineState, Group, Report, UNTOUCHED, standing_name};

use crate::Io;
use crate::exit::Fault;
use crate::screen::{
    self, BAD, FAINT, GOOD, STRONG, WARN, clean, count, duration, elide, grouped, left, right,
};

/// Findings that are told in full; the rest have their rows.
const TOLD_MAX: usize = 40;

/// Columns of what was expected and seen.
const QUOTE_COLUMNS_MAX: usize = 400;

/// Reasons for which classes were not tried.
const REASONS_MAX: usize = 12;

/// The findings of one code, provoked by one class, on all tapes.
struct Row<'a> {
    /// The worst; its example is told.
    group: &'a Group,
    /// The tapes, by their groups.
    tapes: Vec<&'a Group>,
}

/// Prints the whole report.
pub(crate) fn print(report: &Report, io: &mut Io<'_>) -> Result<(), Fault> {
    head(report, io)?;
    let rows = rows(report);
    if !rows.is_empty() {
        table(report, &rows, io)?;
        for row in rows.iter().take(TOLD_MAX) {
            tell(report, row, io)?;
        }
        if rows.len() > TOLD_MAX {
            let more = count(rows.len() - TOLD_MAX, "finding");
            let dim = io.screen.style(FAINT);
            writeln!(
                io.out,
                "{dim}{more} more have their rows above; --json and --html tell them all{dim:#}\n"
            )?;
        }
    }
    not_tried(report, io)?;
    sum(report, io)
}

/// What is missing in a report that is not whole.
pub(crate) fn incomplete(report: &Report) -> String {
    let mut parts = Vec::new();
    let of = report.parts.first().map_or(0, |part| part.of);
    let list = |shards: &[u32]| {
        let numbers: Vec<String> = shards.iter().take(20).map(ToString::to_string).collect();
        let more = if shards.len() > 20 { ", …" } else { "" };
        let s = if shards.len() == 1 { "" } else { "s" };
        format!("shard{s} {}{more} of {of}", numbers.join(", "))
    };
    let missing = report.missing();
    if !missing.is_empty() {
        let verb = if missing.len() == 1 { "is" } else { "are" };
        parts.push(format!("{} {verb} missing", list(&missing)));
    }
    let unfinished = report.parts.iter().filter(|part| !part.finished);
    let unfinished: Vec<u32> = unfinished.map(|part| part.shard).collect();
    if !unfinished.is_empty() && of == 1 {
        parts.push("the campaign was interrupted".into());
    } else if !unfinished.is_empty() {
        let verb = if unfinished.len() == 1 { "was" } else { "were" };
        parts.push(format!("{} {verb} interrupted", list(&unfinished)));
    }
    parts.join("; ")
}

/// Findings of one code and class become one row, in the order of their worst.
fn rows(report: &Report) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for group in report.worst_first() {
        let same =
            |row: &&mut Row<'_>| row.group.code == group.code && row.group.class == group.class;
        match rows.iter_mut().find(same) {
            Some(row) => row.tapes.push(group),
            None => rows.push(Row {
                group,
                tapes: vec![group],
            }),
        }
    }
    rows
}

const fn style(severity: Severity) -> Style {
    match severity {
        Severity::High => BAD,
        Severity::Medium => WARN,
        Severity::Low | Severity::Note => Style::new(),
    }
}

fn head(report: &Report, io: &mut Io<'_>) -> Result<(), Fault> {
    let (strong, dim) = (io.screen.style(STRONG), io.screen.style(FAINT));
    let plan = &report.plan;
    let client = clean(&plan.client.join(" "));
    let room = io.screen.width.unwrap_or(usize::MAX);
    writeln!(io.out, "{strong}{}{strong:#}", elide(&client, room))?;
    let facts = format!(
        "{}, profile {}, {} for each tape, patience {}",
        plan.mode,
        plan.profile,
        count(usize::try_from(plan.runs).unwrap_or(usize::MAX), "run"),
        duration(plan.patience_ns),
    );
    writeln!(io.out, "{dim}{}{dim:#}", elide(&facts, room))?;
    let odd = report.baselines.iter();
    for baseline in odd.filter(|baseline| baseline.state != BaselineState::Stable) {
        let bad = io.screen.style(BAD);
        let says = match baseline.state {
            BaselineState::Fails => "it fails on the untouched tape",
            BaselineState::Varies => "it does not do the same twice on the untouched tape",
            _ => "on the untouched tape, it does not do what the reply says",
        };
        let tape = elide(&clean(&baseline.tape), room);
        writeln!(io.out, "{bad}{tape}: {says}{bad:#}")?;
    }
    writeln!(io.out)?;
    Ok(())
}

/// The name of what provoked a finding.
fn class(report: &Report, id: &str) -> String {
    if id == UNTOUCHED {
        return "untouched tape".into();
    }
    match report.class(id) {
        Some(class) => format!("{id} {}", class.name),
        None => id.into(),
    }
}

fn standing(report: &Report, group: &Group) -> &'static str {
    let standing = report.standing(&group.class, &group.tape);
    standing.map_or("", standing_name)
}

/// How many cases of those that were tried.
fn cases(report: &Report, row: &Row<'_>) -> String {
    let found: u64 = row
        .tapes
        .iter()
        .map(|group| group.cases)
        .fold(0, u64::saturating_add);
    if row.group.class == UNTOUCHED {
        return grouped(found);
    }
    let tried = report.counts.iter().filter(|count| {
        count.class == row.group.class && row.tapes.iter().any(|group| group.tape == count.tape)
    });
    let tried = tried.map(|count| count.tried).fold(0, u64::saturating_add);
    format!("{} of {}", grouped(found), grouped(tried))
}

fn tapes(report: &Report, row: &Row<'_>) -> String {
    match row.tapes.as_slice() {
        [one] => clean(report.short_name(&one.tape)),
        several => count(several.len(), "tape"),
    }
}

fn table(report: &Report, rows: &[Row<'_>], io: &mut Io<'_>) -> Result<(), Fault> {
    const GAP: usize = 2;
    let cells: Vec<[String; 6]> = rows
        .iter()
        .map(|row| {
            [
                row.group.severity.name().into(),
                row.group.code.name().into(),
                clean(&class(report, &row.group.class)),
                standing(report, row.group).into(),
                tapes(report, row),
                cases(report, row),
            ]
        })
        .collect();
    let names = ["", "code", "class", "standing", "tape", "cases"];
    let mut columns = names.map(screen::width);
    for row in &cells {
        for (columns, cell) in columns.iter_mut().zip(row) {
            *columns = (*columns).max(screen::width(cell));
        }
    }
    // What does not fit is taken from tapes first, then from the classes, which keep their ids.
    let room = io.screen.width.unwrap_or(usize::MAX);
    for (column, least) in [(4, 8), (3, 0), (2, 6), (1, 20)] {
        let all: usize = columns.iter().map(|columns| columns + GAP).sum::<usize>() - GAP;
        let over = all.saturating_sub(room);
        if let Some(columns) = columns.get_mut(column) {
            *columns = columns.saturating_sub(over).max(least).min(*columns);
        }
    }
    let line = |cells: &[&str; 6], style: Style| {
        let mut text = String::new();
        for (place, (cell, columns)) in cells.iter().zip(columns).enumerate() {
            let cell = match place {
                _ if columns == 0 => continue,
                5 => right(cell, columns),
                _ => left(cell, columns),
            };
            let style = if place == 0 { style } else { Style::new() };
            text.push_str(&format!("{style}{cell}{style:#}  "));
        }
        text.trim_end().to_owned()
    };
    let dim = io.screen.style(FAINT);
    writeln!(io.out, "{dim}{}{dim:#}", line(&names, Style::new()))?;
    for (row, cells) in rows.iter().zip(&cells) {
        let style = io.screen.style(style(row.group.severity));
        let cells = cells.each_ref().map(String::as_str);
        writeln!(io.out, "{}", line(&cells, style))?;
    }
    writeln!(io.out)?;
    Ok(())
}

/// One finding, with all that repeats it.
fn tell(report: &Report, row: &Row<'_>, io: &mut Io<'_>) -> Result<(), Fault> {
    let group = row.group;
    let (example, finding) = (&group.example, &group.example.finding);
    let bad = io.screen.style(style(group.severity));
    let (strong, dim) = (io.screen.style(STRONG), io.screen.style(FAINT));
    writeln!(
        io.out,
        "{bad}{}{bad:#} {strong}{}{strong:#}",
        group.severity, group.code
    )?;
    let standing = match standing(report, group) {
        "" => String::new(),
        standing => format!(", {standing}"),
    };
    let provoked = match report.class(&group.class) {
        Some(class) => format!("{} {}{standing}: {}", class.id, class.name, class.title),
        None => format!("{}{standing}", class(report, &group.class)),
    };
    let case = match finding.place.case {
        Some(case) => format!(", case {case}"),
        None => String::new(),
    };
    let place = format!("{}, exchange {}{case}", group.tape, finding.place.exchange);
    let more = match row.tapes.len() {
        1 => String::new(),
        n => format!("; also on {} more", count(n - 1, "tape")),
    };
    let flaky = match group.flaky {
        0 => String::new(),
        n => format!(
            "{} of {} did not show it again",
            grouped(n),
            count(usize::try_from(group.cases).unwrap_or(usize::MAX), "case")
        ),
    };
    let quoted = |text: &str| elide(&clean(text), QUOTE_COLUMNS_MAX);
    let mut lines = vec![
        ("class", quoted(&provoked)),
        ("cause", quoted(&example.causes.join(", "))),
        ("tape", quoted(&format!("{place}{more}"))),
        ("expected", quoted(&finding.expected)),
        ("seen", quoted(&finding.seen)),
    ];
    lines.retain(|(_, text)| !text.is_empty());
    if let Some(difference) = &finding.difference {
        lines.push(("difference", quoted(difference)));
    }
    if !flaky.is_empty() {
        lines.push(("flaky", flaky));
    }
    for (place, line) in example.explain.iter().enumerate() {
        lines.push((if place == 0 { "how" } else { "" }, quoted(line)));
    }
    for (label, text) in lines {
        writeln!(io.out, "  {dim}{label:<10}{dim:#}  {text}")?;
    }
    let repeat = clean(&example.repeat);
    writeln!(
        io.out,
        "  {dim}repeat    {dim:#}  {strong}{repeat}{strong:#}\n"
    )?;
    Ok(())
}

/// Classes by the reason for which they were not tried.
fn not_tried(report: &Report, io: &mut Io<'_>) -> Result<(), Fault> {
    let mut reasons: Vec<(&str, Vec<&str>, usize)> = Vec::new();
    for one in &report.not_tried {
        match reasons.iter_mut().find(|(why, ..)| *why == one.why) {
            Some((_, classes, places)) => {
                if classes.last() != Some(&one.class.as_str()) {
                    classes.push(&one.class);
                }
                *places += 1;
            }
            None => reasons.push((&one.why, vec![&one.class], 1)),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let dim = io.screen.style(FAINT);
    let room = io.screen.width.unwrap_or(usize::MAX);
    let all = report.plan.tapes.len();
    writeln!(io.out, "{dim}not tried")?;
    for (why, classes, places) in reasons.iter().take(REASONS_MAX) {
        let on = if *places == classes.len() * all {
            ""
        } else {
            " (not on every tape)"
        };
        let line = format!("  {}: {}{on}", clean(why), classes.join(", "));
        writeln!(io.out, "{}", elide(&line, room))?;
    }
    if reasons.len() > REASONS_MAX {
        let more = count(reasons.len() - REASONS_MAX, "reason");
        writeln!(io.out, "  and for {more} more, which --json says")?;
    }
    writeln!(io.out, "{dim:#}")?;
    Ok(())
}

/// The last line.
fn sum(report: &Report, io: &mut Io<'_>) -> Result<(), Fault> {
    let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let mut classes: Vec<&str> = report
        .counts
        .iter()
        .map(|count| count.class.as_str())
        .collect();
    classes.dedup();
    let (tried, found) = (report.tried(), report.found());
    let by_severity: Vec<String> = Severity::ALL
        .into_iter()
        .rev()
        .filter(|severity| found.of(*severity) > 0)
        .map(|severity| format!("{} {severity}", grouped(found.of(severity))))
        .collect();
    let (verdict, style) = match (report.worst(), report.is_whole()) {
        (None, _) if tried == 0 => ("nothing was tried".into(), WARN),
        (None, true) => ("nothing found".into(), GOOD),
        (None, false) => ("nothing found so far".into(), WARN),
        (Some(_), _) if found.sum() == 0 => ("the untouched tape alone goes wrong".into(), BAD),
        (Some(worst), _) => {
            let cases = format!("{} with a finding", grouped(found.sum()));
            (
                format!("{cases} ({})", by_severity.join(", ")),
                if worst >= Severity::Medium { BAD } else { WARN },
            )
        }
    };
    let style = io.screen.style(style);
    let incomplete = match report.is_whole() {
        true => String::new(),
        false => format!(", {}", incomplete(report)),
    };
    let took = report.parts.iter().map(|part| part.elapsed_ns);
    let took = duration(took.fold(0, u64::saturating_add));
    let took = match report.parts.len() {
        1 => took,
        shards => format!("{took} in {}", count(shards, "shard")),
    };
    writeln!(
        io.out,
        "{}, {}, {}: {style}{verdict}{style:#}{incomplete} (seed {:#x}, {took})",
        count(report.plan.tapes.len(), "tape"),
        if classes.len() == 1 {
            "1 class".into()
        } else {
            format!("{} classes", grouped(classes.len() as u64))
        },
        count(number(tried), "case"),
        report.plan.seed,
    )?;
    Ok(())
}
