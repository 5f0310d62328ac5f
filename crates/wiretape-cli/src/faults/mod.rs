//! `wiretape faults`: the catalogue of failures, and one of them explained.

mod example;
mod explain;
mod json;
mod list;

use std::path::PathBuf;

use clap::Args;
use wiretape_core::Dialect;
use wiretape_vary::Profile;
use wiretape_vary::classes::{self, Class, Preset};

use crate::exit::{Exit, Fault};
use crate::{Io, args, source};
use example::Tape;

#[derive(Args, Debug)]
#[command(after_help = "\
Of each class: what is on the wire, what a naive client does, what is right, what a client may
make of it and why, where it was met. What is shown is a real case, over a small built-in reply or
over a tape of yours. What a class cannot be in a dialect says so.

Examples:
  wiretape faults
  wiretape faults F-21
  wiretape faults F-24 --dialect openai-chat --form zero
  wiretape faults --preset groq
  wiretape faults --profile quirks --json
  wiretape faults F-18 --tape recordings/openai-chat/empty-arguments.tape")]
pub(crate) struct FaultsArgs {
    /// The class to explain, by id or name; without one, all are listed.
    class: Option<String>,
    /// Only what this provider or server was met doing.
    #[arg(long, value_name = "NAME", conflicts_with = "class")]
    preset: Option<String>,
    /// Only this dialect.
    #[arg(long, value_name = "NAME", value_parser = args::dialect())]
    dialect: Option<Dialect>,
    /// Only classes of this profile.
    #[arg(long, value_name = "NAME", value_parser = args::profile(), conflicts_with = "class")]
    profile: Option<Profile>,
    /// Show the case over this tape instead of the built-in reply.
    #[arg(long, value_name = "FILE", requires = "class")]
    tape: Option<PathBuf>,
    /// Which of the tape's exchanges, from 0.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "tape")]
    exchange: usize,
    /// Show this form of the class.
    #[arg(long, value_name = "NAME", requires = "class")]
    form: Option<String>,
    /// The case of this seed, of any form, instead of one of the first form that fits.
    #[arg(long, value_name = "N", value_parser = args::seed, requires = "class")]
    seed: Option<u64>,
    /// Print JSON: a line for each class.
    #[arg(long)]
    json: bool,
}

/// The dialects whose replies the classes rewrite.
const REWRITTEN: [Dialect; 2] = [Dialect::Anthropic, Dialect::OpenAiChat];

/// The dialects to speak of.
fn dialects(args: &FaultsArgs) -> Vec<Dialect> {
    match args.dialect {
        Some(only) => Vec::from([only]),
        None => REWRITTEN.to_vec(),
    }
}

/// The profiles a class is in, in one of the dialects.
fn profiles(class: &Class, dialects: &[Dialect]) -> Vec<&'static str> {
    let named = [
        Profile::Seen,
        Profile::Lawful,
        Profile::Quirks,
        Profile::Faults,
        Profile::Hostile,
    ];
    let of = |profile: &Profile| {
        let mut dialects = dialects.iter();
        dialects.any(|dialect| class.in_profile(*profile, dialect.name()))
    };
    let found = named.into_iter().filter(of);
    found.map(Profile::name).collect()
}

pub(crate) fn run(args: &FaultsArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let dialects = dialects(args);
    let Some(name) = &args.class else {
        let preset = args.preset.as_deref().map(preset).transpose()?;
        let mut shown: Vec<&Class> = classes::all().iter().collect();
        shown.retain(|class| preset.is_none_or(|preset| preset.has(class)));
        shown.retain(|class| {
            let mut dialects = dialects.iter();
            let has = |profile: Profile| {
                dialects.any(|dialect| class.in_profile(profile, dialect.name()))
            };
            args.profile.is_none_or(has)
        });
        if args.json {
            json::list(&shown, &dialects, preset, io)?;
        } else {
            list::print(&shown, &dialects, preset, io)?;
        }
        return Ok(Exit::Good);
    };
    let class = classes::find(name).ok_or_else(|| unknown(name))?;
    if let Some(form) = &args.form {
        let mut forms = class.forms().map(|(name, _)| name);
        if !forms.any(|name| name == form) {
            let forms: Vec<&str> = class.forms().map(|(name, _)| name).collect();
            let message = format!("{class} has no form `{form}`");
            let hint = format!("it has {}", forms.join(", "));
            return Err(Fault::with_hint(message, hint));
        }
    }
    let examples = examples(args, class, &dialects, io)?;
    if args.json {
        json::explain(class, &dialects, &examples, io)?;
    } else {
        explain::print(class, &dialects, &examples, io)?;
    }
    Ok(Exit::Good)
}

/// A case for each dialect, or over the tape that is given.
fn examples(
    args: &FaultsArgs,
    class: &Class,
    dialects: &[Dialect],
    io: &mut Io<'_>,
) -> Result<Vec<example::Example>, Fault> {
    let tapes = match &args.tape {
        None => dialects
            .iter()
            .map(|dialect| Tape::built_in(*dialect))
            .collect(),
        Some(path) => {
            let loaded = source::open(path, args.dialect, io)?;
            let Some(exchange) = loaded.tape.exchanges.get(args.exchange) else {
                let count = loaded.tape.exchanges.len();
                let message = format!(
                    "{}: no exchange {}, the tape has {count}",
                    path.display(),
                    args.exchange
                );
                return Err(Fault::with_hint(message, "exchanges are counted from 0"));
            };
            let dialect = loaded.dialect.map(Dialect::name);
            let dialect = dialect.or(loaded.tape.header.dialect.as_deref());
            vec![Tape::of(exchange.clone(), dialect.unwrap_or_default())]
        }
    };
    let form = args.form.as_deref();
    Ok(tapes
        .iter()
        .map(|tape| tape.example(class, args.seed, form))
        .collect())
}

fn preset(name: &str) -> Result<&'static Preset, Fault> {
    classes::preset(name).ok_or_else(|| {
        let names: Vec<&str> = classes::presets()
            .iter()
            .map(|preset| preset.name)
            .collect();
        let nearest = nearest(name, names.iter().copied());
        let message = format!("no preset `{name}`, the nearest is `{nearest}`");
        Fault::with_hint(message, format!("there are {}", names.join(", ")))
    })
}

fn unknown(name: &str) -> Fault {
    let all = classes::all().iter();
    let by_id = name
        .get(..1)
        .is_some_and(|first| first.eq_ignore_ascii_case("f"))
        && name.bytes().any(|byte| byte.is_ascii_digit());
    let names = all.map(|class| if by_id { class.id } else { class.name });
    let nearest = nearest(&name.to_lowercase(), names);
    let nearest = classes::find(nearest).map_or_else(String::new, ToString::to_string);
    Fault::with_hint(
        format!("no class `{name}` in the catalogue, the nearest is {nearest}"),
        "`wiretape faults` lists them all",
    )
}

/// The name that takes the fewest changes of letters.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> &'a str {
    // A word of a name is enough: `truncated` finds `truncated_by_max_tokens`.
    let far = |other: &str| {
        let other = other.to_lowercase();
        let words = other.split('_').map(|word| changes(name, word) * 2 + 1);
        words.chain([changes(name, &other) * 2]).min()
    };
    names.min_by_key(|other| far(other)).unwrap_or_default()
}

/// How many letters must be put in, taken out or replaced.
fn changes(one: &str, other: &str) -> usize {
    // Longer names are no names of ours.
    let one: Vec<char> = one.chars().take(64).collect();
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, letter) in one.iter().enumerate() {
        let mut corner = above;
        let mut left = above + 1;
        let mut next = vec![left];
        for (letters, above) in other.iter().zip(row.iter().skip(1)) {
            let replaced = corner + usize::from(letter != letters);
            left = replaced.min(left + 1).min(above + 1);
            corner = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::changes;

    #[test]
    fn letters_that_differ() {
        for (one, other, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("stall", "stall", 0),
            ("stal", "stall", 1),
            ("kitten", "sitting", 3),
            ("f-21", "f-12", 2),
        ] {
            assert_eq!(changes(one, other), count, "{one} {other}");
            assert_eq!(changes(other, one), count, "{other} {one}");
        }
    }
}
