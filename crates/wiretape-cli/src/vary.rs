//! `wiretape vary`: a tape as a scenario delivers it.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use wiretape_tape::{Source, SourceKind, Tape, encode};
use wiretape_vary::{Profile, Scenario, Script, Subject};

use crate::args::VaryArgs;
use crate::exit::{Exit, Fault};
use crate::{Io, screen, source};

/// Writes the varied tape, or prints the scenario.
pub(crate) fn run(args: &VaryArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let loaded = source::open(&args.file, args.dialect, io)?;
    let count = loaded.tape.exchanges.len();
    let Some(exchange) = loaded.tape.exchanges.get(args.exchange) else {
        return Err(Fault::with_hint(
            format!(
                "{}: no exchange {}, the tape has {count}",
                args.file.display(),
                args.exchange
            ),
            "exchanges are counted from 0",
        ));
    };
    let bytes = exchange.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
    source::fits(&args.file.display().to_string(), bytes)?;
    let dialect = loaded.dialect.map(wiretape_core::Dialect::name);
    let name = dialect.or(loaded.tape.header.dialect.as_deref());
    let subject = Subject::new(exchange, name);
    let scenario = scenario(args, &subject)?;
    let as_json = serde_json::to_value(&scenario)?;
    if args.print {
        writeln!(io.out, "{as_json:#}")?;
        return Ok(Exit::Good);
    }
    let script = scenario.apply(&subject);
    report(&scenario, &script, io);

    let mut header = loaded.tape.header.clone();
    header.dialect = name.map(Into::into);
    header.scenario = Some(as_json);
    header.source = Source {
        note: Some(note(args, &scenario)),
        cites: header.source.cites,
        server: header.source.server,
        ..Source::new(SourceKind::Varied)
    };
    let tape = Tape::new(header, vec![script.to_exchange(exchange)]);
    match args.output.as_deref() {
        Some(path) if path != Path::new("-") => save(path, encode(&tape).as_bytes(), args.force)?,
        _ => io.out.write_all(encode(&tape).as_bytes())?,
    }
    Ok(Exit::Good)
}

fn scenario(args: &VaryArgs, subject: &Subject) -> Result<Scenario, Fault> {
    let Some(path) = &args.scenario else {
        let profile = args.profile.unwrap_or(Profile::Lawful);
        return Ok(Scenario::generate(
            args.seed.unwrap_or_default(),
            profile,
            subject,
        ));
    };
    source::scenario(path)
}

/// What the tape is, and what it was made from. Files go by their names alone: the same tape and
/// scenario give the same bytes, in whatever folder they lie.
fn note(args: &VaryArgs, scenario: &Scenario) -> String {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let what = match &args.scenario {
        Some(path) => format!("the scenario {}", name(path)),
        None => format!("seed {}, profile {}", scenario.seed, scenario.profile),
    };
    let file = name(&args.file);
    format!("Exchange {} of {file} under {what}.", args.exchange)
}

fn report(scenario: &Scenario, script: &Script, io: &mut Io<'_>) {
    for (place, why) in &script.skipped {
        io.note(&format!(
            "piece {place} of the scenario did not apply: {why}"
        ));
    }
    let kind = if scenario.is_reshape() {
        "the meaning is kept"
    } else {
        "the meaning may change"
    };
    io.note(&format!(
        "{}, {}, {kind}",
        screen::count(scenario.pieces.len(), "piece"),
        screen::count(script.steps().len(), "chunk"),
    ));
}

/// Writes a file that is not there yet, or with `force` is.
pub(crate) fn save(path: &Path, bytes: &[u8], force: bool) -> Result<(), Fault> {
    let mut options = File::options();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let written = options
        .open(path)
        .and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| {
        if error.kind() == ErrorKind::AlreadyExists {
            let message = format!("{}: the file exists already", path.display());
            Fault::with_hint(message, "--force replaces it")
        } else {
            Fault::new(format!("{}: cannot write it: {error}", path.display()))
        }
    })
}
