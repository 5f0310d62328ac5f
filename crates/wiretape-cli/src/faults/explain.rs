//! One class, explained, with its bytes.

use wiretape_core::Dialect;
use wiretape_vary::classes::{self, Class};
use wiretape_vary::{Outcome, Piece, Script};

use super::example::{Case, Example};
use super::{profiles, replies};
use crate::exit::Fault;
use crate::{Io, screen};

/// Columns of a page that is not printed on a terminal.
const COLUMNS: usize = 96;

/// Lines that are shown of each side of a difference.
const SHOWN: usize = 8;

/// Characters that are shown before the first difference of a long line.
const LEAD: usize = 16;

/// Chunks that are shown where only the cuts are others.
const CHUNKS: usize = 6;

/// Columns in front of a section's text.
const INDENT: usize = 12;

/// The text in lines that fit behind the names of sections; all but the first begin with the indent.
pub(super) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut words = 0;
    for word in text.split(' ') {
        if words > 0 && screen::width(&line) + 1 + screen::width(word) > COLUMNS - INDENT {
            lines.push(std::mem::replace(&mut line, indent.into()));
            words = 0;
        }
        if words > 0 {
            line.push(' ');
        }
        line.push_str(word);
        words += 1;
    }
    lines.push(line);
    lines
}

fn section(name: &str, text: &str, io: &mut Io<'_>) -> Result<(), Fault> {
    if text.is_empty() {
        return Ok(());
    }
    let mut name = name;
    for line in wrapped(text, "") {
        writeln!(io.out, "  {}{line}", screen::left(name, INDENT - 2))?;
        name = "";
    }
    Ok(())
}

pub(super) fn print(
    class: &Class,
    dialects: &[Dialect],
    examples: &[Example],
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    let strong = io.screen.style(screen::STRONG);
    writeln!(
        io.out,
        "{strong}{} {}{strong:#}: {}",
        class.id, class.name, class.title
    )?;
    writeln!(io.out)?;
    let group = class.group;
    let kind = format!("{}, {} {}", class.kind.name(), group.letter(), group.name());
    section("kind", &kind, io)?;
    for dialect in dialects {
        let said = match class.backing(dialect.name()) {
            Ok(backing) if backing.evidence.is_empty() => backing.standing.name().to_owned(),
            Ok(backing) => format!("{}: {}", backing.standing.name(), backing.evidence),
            Err(why) => format!("cannot be: {why}"),
        };
        section("in", &format!("{}: {said}", dialect.name()), io)?;
    }
    section("on wire", class.wire, io)?;
    section("naive", class.naive, io)?;
    section("right", class.right, io)?;
    section("permitted", class.permits, io)?;
    let forms: Vec<String> = class
        .forms()
        .map(|(name, kind)| format!("{name} ({})", kind.name()))
        .collect();
    section("forms", &forms.join(", "), io)?;
    section("profiles", &profiles(class, dialects).join(", "), io)?;
    let presets = classes::presets().iter().filter(|preset| preset.has(class));
    let presets: Vec<&str> = presets.map(|preset| preset.name).collect();
    section("presets", &presets.join(", "), io)?;
    for (place, source) in class.source.iter().enumerate() {
        section(if place == 0 { "sources" } else { "" }, source, io)?;
    }
    for example in examples {
        writeln!(io.out)?;
        show(example, io)?;
    }
    Ok(())
}

fn show(example: &Example, io: &mut Io<'_>) -> Result<(), Fault> {
    let strong = io.screen.style(screen::STRONG);
    let dialect = &example.dialect;
    match &example.case {
        Err(why) => {
            writeln!(io.out, "{strong}{dialect}{strong:#}: no case: {why}")?;
            Ok(())
        }
        Ok(case) => {
            writeln!(io.out, "{strong}{dialect}{strong:#}")?;
            for piece in &case.pieces {
                writeln!(
                    io.out,
                    "  {}",
                    screen::elide(&serde_json::to_string(piece)?, COLUMNS)
                )?;
            }
            let permits: Vec<&str> = case
                .after
                .permits
                .iter()
                .copied()
                .map(Outcome::name)
                .collect();
            writeln!(io.out, "  here it permits {}", permits.join(", "))?;
            difference(case, io)
        }
    }
}

/// The lines of a body, each as it can be shown.
fn lines(script: &Script) -> Vec<String> {
    let lines = replies::lines(script.body());
    lines.iter().map(|line| screen::clean(line)).collect()
}

fn difference(case: &Case, io: &mut Io<'_>) -> Result<(), Fault> {
    let (before, after) = (&case.before, &case.after);
    if before.body() == after.body() {
        chunks(before, after, io)?;
    } else {
        let (old, new) = (lines(before), lines(after));
        let pairs = old.iter().zip(&new);
        let same = pairs.take_while(|(one, other)| one == other).count();
        let left = old.len().min(new.len()) - same;
        let behind = old.iter().rev().zip(new.iter().rev()).take(left);
        let tail = behind.take_while(|(one, other)| one == other).count();
        let last = old.get(..same).unwrap_or(&[]).iter().rev();
        let last = last.map(String::as_str).find(|line| !line.is_empty());
        let last = last.unwrap_or_default();
        writeln!(io.out, "    {}", screen::elide(last, COLUMNS - 4))?;
        let old = filled(old.get(same..old.len() - tail));
        let new = filled(new.get(same..new.len() - tail));
        side("-", &windows(&old, &new, last), screen::BAD, io)?;
        side("+", &windows(&new, &old, last), screen::GOOD, io)?;
    }
    let cut = |piece: &Piece| matches!(piece, Piece::Cut { .. });
    if before.end != after.end || case.pieces.iter().any(cut) {
        let count = screen::grouped(after.body().len().try_into().unwrap_or(u64::MAX));
        let end = serde_json::to_value(after.end)?;
        let end = end.as_str().unwrap_or_default().to_owned();
        writeln!(io.out, "  and then the end, after {count} bytes: {end}")?;
    }
    Ok(())
}

/// The lines that are not empty.
fn filled(lines: Option<&[String]>) -> Vec<&str> {
    let lines = lines.unwrap_or(&[]).iter();
    lines
        .map(String::as_str)
        .filter(|line| !line.is_empty())
        .collect()
}

/// Each line from a little before the place where it differs from its counterpart, or, where it has
/// none, from the line before.
fn windows(lines: &[&str], others: &[&str], before: &str) -> Vec<String> {
    let mut before = before;
    let mut shown = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let mut like = common(line, before);
        if let Some(other) = others.get(place) {
            like = common(line, other);
        }
        let skipped = like.saturating_sub(LEAD);
        let short = screen::width(line) <= COLUMNS - 4;
        let text: String = line.chars().skip(skipped).collect();
        shown.push(if short || skipped == 0 {
            (*line).to_owned()
        } else {
            format!("…{text}")
        });
        before = line;
    }
    shown
}

/// How many characters two lines begin with alike.
fn common(one: &str, other: &str) -> usize {
    let pairs = one.chars().zip(other.chars());
    pairs.take_while(|(one, other)| one == other).count()
}

fn side(mark: &str, lines: &[String], style: anstyle::Style, io: &mut Io<'_>) -> Result<(), Fault> {
    let style = io.screen.style(style);
    for line in lines.iter().take(SHOWN) {
        let line = screen::elide(line, COLUMNS - 4);
        writeln!(io.out, "  {style}{mark} {line}{style:#}")?;
    }
    if let Some(more) = lines.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        writeln!(io.out, "  {mark} … and {more} more")?;
    }
    Ok(())
}

/// The first chunks, where the bytes are the same.
fn chunks(before: &Script, after: &Script, io: &mut Io<'_>) -> Result<(), Fault> {
    let count = |script: &Script| screen::count(script.steps().len(), "chunk");
    let total = |script: &Script| {
        let total: u64 = script.steps().map(|step| step.after_ns).sum();
        screen::grouped(total / 1_000_000)
    };
    writeln!(
        io.out,
        "  the same bytes in {} over {} ms, recorded in {} over {} ms",
        count(after),
        total(after),
        count(before),
        total(before),
    )?;
    for step in after.steps().take(CHUNKS) {
        let bytes: String = step
            .bytes
            .utf8_chunks()
            .flat_map(|chunk| {
                let hex = chunk.invalid().iter().map(|byte| format!("‹{byte:02x}›"));
                let mut text = screen::clean(chunk.valid());
                text.extend(hex);
                text.chars().collect::<Vec<char>>()
            })
            .collect();
        writeln!(io.out, "  | {}", screen::elide(&bytes, COLUMNS - 4))?;
    }
    if after.steps().len() > CHUNKS {
        writeln!(io.out, "  | …")?;
    }
    Ok(())
}
