//! The catalogue as a table.

use wiretape_core::Dialect;
use wiretape_vary::classes::{self, Class, Preset};

use super::profiles;
use crate::exit::Fault;
use crate::{Io, screen};

const ID: usize = 6;
const NAME: usize = 34;
const KIND: usize = 9;
const STANDING: usize = 13;

pub(super) fn print(
    shown: &[&Class],
    dialects: &[Dialect],
    preset: Option<&Preset>,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    if let Some(preset) = preset {
        about(preset, io)?;
    }
    let strong = io.screen.style(screen::STRONG);
    let mut head = String::new();
    head += &screen::left("id", ID + 1);
    head += &screen::left("name", NAME + 1);
    head += &screen::left("kind", KIND);
    for dialect in dialects {
        head += &screen::left(dialect.name(), column(*dialect));
    }
    head += "profiles";
    writeln!(io.out, "{strong}{head}{strong:#}")?;
    let mut group = None;
    for class in shown {
        if group != Some(class.group) {
            group = Some(class.group);
            let (letter, name) = (class.group.letter(), class.group.name());
            writeln!(io.out, "{strong}{letter} {name}{strong:#}")?;
        }
        row(class, dialects, io)?;
    }
    if preset.is_none() {
        let names: Vec<&str> = classes::presets()
            .iter()
            .map(|preset| preset.name)
            .collect();
        writeln!(io.out)?;
        for line in super::explain::wrapped(&format!("presets: {}", names.join(", ")), "  ") {
            writeln!(io.out, "{line}")?;
        }
        writeln!(io.out, "`wiretape faults F-21` explains one.")?;
    }
    Ok(())
}

fn row(class: &Class, dialects: &[Dialect], io: &mut Io<'_>) -> Result<(), Fault> {
    let mut line = String::new();
    line += &screen::left(class.id, ID + 1);
    line += &screen::left(class.name, NAME + 1);
    line += &screen::left(class.kind.name(), KIND);
    for dialect in dialects {
        let backing = class.backing(dialect.name());
        let standing = backing.map_or("-", |backing| backing.standing.name());
        line += &screen::left(standing, column(*dialect));
    }
    line += &profiles(class, dialects).join(" ");
    let others = class.elsewhere().map(|(dialect, _)| dialect);
    let others: Vec<&str> = others
        .filter(|dialect| !dialects.contains(dialect))
        .map(Dialect::name)
        .collect();
    if !others.is_empty() && dialects.len() > 1 {
        let dim = io.screen.style(screen::FAINT);
        line += &format!(" {dim}also in {}{dim:#}", others.join(", "));
    }
    writeln!(io.out, "{}", line.trim_end())?;
    Ok(())
}

/// How wide a dialect's column is.
fn column(dialect: Dialect) -> usize {
    STANDING.max(dialect.name().len() + 2)
}

/// What a provider does.
fn about(preset: &Preset, io: &mut Io<'_>) -> Result<(), Fault> {
    let strong = io.screen.style(screen::STRONG);
    writeln!(
        io.out,
        "{strong}{}{strong:#}: {}",
        preset.name, preset.about
    )?;
    writeln!(io.out, "  over tapes of {}", preset.dialect)?;
    for (id, form) in preset.forms {
        let name = classes::find(id).map_or("", |class| class.name);
        let form = if form.is_empty() { "every form" } else { form };
        writeln!(
            io.out,
            "  {} {}",
            screen::left(&format!("{id} {name}"), 40),
            form
        )?;
    }
    for source in preset.source {
        writeln!(io.out, "  {source}")?;
    }
    writeln!(io.out)?;
    Ok(())
}
