//! `wiretape import`: other tools' recordings as tapes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use wiretape::FILE_BYTES_MAX;
use wiretape_core::Dialect;
use wiretape_tape::import::{Format, Imported, import, import_as, join};
use wiretape_tape::{Kind, Tape, encode, sniff};

use crate::exit::{Exit, Fault};
use crate::vary::save;
use crate::{Io, args, screen};

#[derive(Args, Debug)]
#[command(after_help = "\
What each format holds:
  vcr         bodies in one piece           cassettes of vcrpy and Ruby's VCR, YAML or JSON
  har         bodies as text, decompressed  HTTP Archives of browsers and proxies
  chunks      payloads, not bytes           *.chunks.txt of the Vercel AI SDK: a payload a line
  aimock      what was said, not bytes      fixtures of aimock, as a stream that says it
  llmcap      bytes, boundaries and times   .llmcap.jsonl of mock-openai-api
  curl        bodies in one piece           curl -N -i
  curl-trace  bytes, boundaries and times   curl -N --trace FILE --trace-time
What a format does not hold is not invented: the tape's header names it in \"unknown\" (request,
status, headers, body, bytes, boundaries, times, end), and says \"exact\":false where bytes were
made or changed. Such a body replays as one chunk, at once, with a complete end; give it
boundaries with `wiretape vary` or `wiretape serve --seed`. Headers that may hold secrets are left
out, and keys in bodies and queries replaced, as in recording. Bare bodies (.sse, .ndjson) need no
import: every command reads them.

Examples:
  wiretape import session.har
  wiretape import cassettes/a.yaml cassettes/b.yaml -o all.tape
  wiretape import anthropic-text.chunks.txt -o - | wiretape transcript /dev/stdin
  wiretape import trace.txt --format curl-trace --dialect anthropic -o trace.tape")]
pub(crate) struct ImportArgs {
    /// Recordings; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the files are [default: what they look like].
    #[arg(long, value_name = "NAME", value_parser = format())]
    format: Option<Format>,
    /// The tape to write, with all exchanges; `-` is standard output [default: a tape beside each
    /// file, of its name].
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// The protocol [default: what paths and bodies show]; of aimock, the one to make streams in
    /// [default: openai-chat].
    #[arg(long, value_name = "NAME", value_parser = args::dialect())]
    dialect: Option<Dialect>,
    /// Replace what exists.
    #[arg(long)]
    force: bool,
}

fn format() -> impl TypedValueParser<Value = Format> {
    let values = Format::ALL.map(|format| PossibleValue::new(format.name()).help(format.says()));
    PossibleValuesParser::new(values).try_map(|name| {
        let found = Format::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or("expected the name of a format")
    })
}

/// Reads all before it writes any.
pub(crate) fn run(args: &ImportArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let mut read = Vec::new();
    for file in &args.files {
        let mut imported = one(file, args.format, args.dialect, io)?;
        imported.tape.header.dialect = dialect(&imported.tape, args.dialect);
        imported.tape.header.source.note = Some(format!("Imported from {}.", name(file)));
        read.push((file, imported));
    }
    let Some(output) = args.output.as_deref() else {
        let mut outputs = Vec::new();
        for (file, imported) in read {
            let path = beside(file)?;
            if outputs.contains(&path) {
                return Err(Fault::with_hint(
                    format!("{}: two files would become this tape", path.display()),
                    "-o OUT makes one tape of all files",
                ));
            }
            outputs.push(path.clone());
            write(&path, &imported, args.force, io)?;
        }
        return Ok(Exit::Good);
    };
    let names: Vec<String> = args.files.iter().map(|file| name(file)).collect();
    let parts = read.into_iter().map(|(_, imported)| imported).collect();
    let Some(mut joined) = join(parts) else {
        return Ok(Exit::Good);
    };
    joined.tape.header.dialect = dialect(&joined.tape, args.dialect);
    joined.tape.header.source.note = Some(format!("Imported from {}.", names.join(", ")));
    write(output, &joined, args.force, io)?;
    Ok(Exit::Good)
}

fn one(
    file: &Path,
    format: Option<Format>,
    dialect: Option<Dialect>,
    io: &mut Io<'_>,
) -> Result<Imported, Fault> {
    let shown = file.display();
    let bytes =
        bytes(file).map_err(|error| Fault::new(format!("{shown}: cannot read it: {error}")))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let message = format!("{shown}: expected at most {FILE_BYTES_MAX} bytes, found more");
        return Err(Fault::new(message));
    }
    let Some(found) = format.or_else(|| seen(&bytes)) else {
        return Err(unseen(file, sniff(&bytes)));
    };
    let read = match dialect {
        Some(dialect) => import_as(found, &bytes, dialect.name()),
        None => import(found, &bytes),
    };
    let imported = read.map_err(|error| {
        let hint = match format {
            None => format!(
                "it was taken for {}; --format NAME says otherwise",
                found.says()
            ),
            Some(_) => format!("--format {} expects {}", found.name(), found.says()),
        };
        Fault::with_hint(format!("{shown}: {error}"), hint)
    })?;
    let count = screen::count(imported.tape.exchanges.len(), "exchange");
    io.note(&format!(
        "{shown}: {} ({}), {count}",
        found.name(),
        found.says()
    ));
    for note in &imported.notes {
        io.note(&format!("{shown}: {note}"));
    }
    Ok(imported)
}

fn bytes(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin()
            .lock()
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)?;
    } else {
        File::open(file)?
            .take(FILE_BYTES_MAX + 1)
            .read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A tape has lines of JSON, too.
fn seen(bytes: &[u8]) -> Option<Format> {
    (sniff(bytes) != Kind::Tape)
        .then(|| Format::sniff(bytes))
        .flatten()
}

fn unseen(file: &Path, kind: Kind) -> Fault {
    let shown = file.display();
    match kind {
        Kind::Tape => Fault::new(format!("{shown}: it is a tape already")),
        Kind::Empty => Fault::new(format!("{shown}: expected a recording, found nothing")),
        Kind::Sse | Kind::Lines | Kind::EventStream => Fault::with_hint(
            format!("{shown}: expected another tool's recording, found a bare body"),
            "it needs no import: every command reads it as it is",
        ),
        Kind::Unknown => {
            let names = Format::ALL.map(Format::name).join(", ");
            Fault::with_hint(
                format!("{shown}: expected a recording of one of {names}; it looks like none"),
                "--format NAME says which it is, and then what does not fit",
            )
        }
    }
}

/// The one dialect that all exchanges show, by their paths or their bodies.
fn dialect(tape: &Tape, asked: Option<Dialect>) -> Option<String> {
    if let Some(asked) = asked {
        return Some(asked.name().into());
    }
    let shown = tape.exchanges.iter().filter_map(|exchange| {
        let asked = exchange.request.as_ref();
        let by_path = asked.and_then(|request| wiretape_record::dialect_of(&request.path));
        by_path.or_else(|| Dialect::sniff(&exchange.body()))
    });
    let mut shown: Vec<&str> = shown.map(Dialect::name).collect();
    shown.sort_unstable();
    shown.dedup();
    match shown.as_slice() {
        [one] => Some((*one).into()),
        _ => None,
    }
}

/// `a.chunks.txt` becomes `a.tape`.
fn beside(file: &Path) -> Result<PathBuf, Fault> {
    let name = file.file_name().and_then(OsStr::to_str).unwrap_or("-");
    if name == "-" {
        let message = "standard input has no name: expected -o OUT";
        return Err(Fault::with_hint(message, "-o - writes to standard output"));
    }
    let ends = [".chunks.txt", ".llmcap.jsonl"];
    let stem = ends.into_iter().find_map(|end| name.strip_suffix(end));
    Ok(match stem {
        Some(stem) => file.with_file_name(format!("{stem}.tape")),
        None => file.with_extension("tape"),
    })
}

fn name(file: &Path) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    if name == "-" {
        return "standard input".into();
    }
    name.to_string_lossy().into_owned()
}

fn write(path: &Path, imported: &Imported, force: bool, io: &mut Io<'_>) -> Result<(), Fault> {
    let header = &imported.tape.header;
    let text = encode(&imported.tape);
    if path == Path::new("-") {
        io.out.write_all(text.as_bytes())?;
    } else {
        save(path, text.as_bytes(), force)?;
    }
    let unknown = match header.unknown.as_slice() {
        [] => String::new(),
        unknown => format!("; not known: {}", unknown.join(", ")),
    };
    let dialect = header
        .dialect
        .as_deref()
        .unwrap_or("no one dialect is shown");
    let exact = if header.exact { "" } else { "; not exact" };
    let written = if path == Path::new("-") {
        "the tape".into()
    } else {
        path.display().to_string()
    };
    io.note(&format!("{written}: {dialect}{unknown}{exact}"));
    Ok(())
}
