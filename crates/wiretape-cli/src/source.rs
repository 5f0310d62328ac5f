//! Files, from arguments.

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;

use wiretape::{Loaded, Subject, find, load};
use wiretape_core::{Dialect, Options, Server};
use wiretape_tape::Exchange;
use wiretape_vary::Scenario;

use crate::args::{Sender, SenderArgs};
use crate::exit::Fault;
use crate::{Io, decode};

/// The files that the paths name; paths that name none are reported and counted.
pub(crate) fn files(paths: &[PathBuf], io: &mut Io<'_>) -> (Vec<PathBuf>, usize) {
    let mut files = Vec::new();
    let mut faults = 0;
    for path in paths {
        match find(slice::from_ref(path)) {
            Ok(found) => {
                for file in found {
                    // As in `check recordings recordings/anthropic`.
                    if !files.contains(&file) {
                        files.push(file);
                    }
                }
            }
            Err(error) => {
                faults += 1;
                io.complain(&error.into());
            }
        }
    }
    (files, faults)
}

/// Reads a file, with bodies that are compressed as text.
pub(crate) fn open(
    path: &Path,
    dialect: Option<Dialect>,
    io: &mut Io<'_>,
) -> Result<Loaded, Fault> {
    let mut loaded = recorded(path, dialect, io)?;
    if decode::is_needed(&loaded.tape) {
        if let Some((number, why)) = decode::bodies(&mut loaded.tape).into_iter().next() {
            return Err(Fault::new(format!("{}#{number}: {why}", path.display())));
        }
        let mut bodies = loaded.tape.exchanges.iter().map(Exchange::body);
        let shown = || bodies.find_map(|body| Dialect::sniff(&body));
        loaded.dialect = loaded.dialect.or_else(shown);
        io.note(&format!(
            "{}: compressed bodies are taken as their text",
            path.display()
        ));
    }
    Ok(loaded)
}

/// Reads a file as it was recorded, and says so if its last line is torn.
pub(crate) fn recorded(
    path: &Path,
    dialect: Option<Dialect>,
    io: &mut Io<'_>,
) -> Result<Loaded, Fault> {
    let loaded = load(path, dialect)?;
    if let Some(torn) = &loaded.torn {
        io.note(&format!("{}: {torn}", path.display()));
    }
    Ok(loaded)
}

/// Reads a scenario.
pub(crate) fn scenario(path: &Path) -> Result<Scenario, Fault> {
    let text = fs::read(path)
        .map_err(|error| Fault::new(format!("{}: cannot read it: {error}", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| {
        Fault::with_hint(
            format!("{}: not a scenario: {error}", path.display()),
            "`wiretape vary TAPE --seed 7 --print` prints one to start from",
        )
    })
}

/// The longest body that is checked or varied: both hold a scenario's chunks in memory, and a
/// scenario may make each byte one.
const BODY_BYTES_MAX: usize = 16 << 20;

/// The subject, if it is short enough to be checked or varied.
pub(crate) fn bounded(subject: Subject<'_>) -> Result<Subject<'_>, Fault> {
    fits(&subject.name, subject.body.len())?;
    Ok(subject)
}

/// An error for a body that is too long to be checked or varied.
pub(crate) fn fits(name: &str, bytes: usize) -> Result<(), Fault> {
    if bytes <= BODY_BYTES_MAX {
        return Ok(());
    }
    Err(Fault::with_hint(
        format!("{name}: expected a body of at most {BODY_BYTES_MAX} bytes, found {bytes}"),
        "transcript, frames and show read longer ones",
    ))
}

/// What to say of a tape on which no stream is: an error where there is no answer either.
pub(crate) fn without_stream(loaded: &Loaded) -> Result<String, Fault> {
    let path = loaded.path.display();
    let mut answers = loaded
        .tape
        .exchanges
        .iter()
        .map(|exchange| exchange.response.as_ref());
    if answers.any(|answer| answer.is_some()) {
        return Ok(format!(
            "{path}: its answers are no streams: nothing to check"
        ));
    }
    Err(Fault::new(format!(
        "{path}: expected an exchange with a streamed body, found none"
    )))
}

/// What to say of a body that seems to be in another dialect than the one it is read in.
pub(crate) fn other_dialect(subject: &Subject<'_>) -> Option<String> {
    let seen = Dialect::sniff(&subject.body).filter(|seen| *seen != subject.dialect)?;
    Some(format!(
        "{}: read as {}, but its first frames are those of {seen}",
        subject.name, subject.dialect
    ))
}

/// How to read: by the standards alone, or with what real servers need.
pub(crate) fn options(strict: bool, recover: bool) -> Options {
    let mut options = if strict {
        Options::strict()
    } else {
        Options::lenient()
    };
    options.sse.recover_last = recover;
    options
}

/// The server whose ways an exchange is read by: the one that was asked for, or the one that the
/// tape names. Says so where it makes a difference.
pub(crate) fn sender(
    asked: SenderArgs,
    loaded: &Loaded,
    subject: &Subject<'_>,
    io: &mut Io<'_>,
) -> Option<Server> {
    let (name, dialect) = (&subject.name, subject.dialect);
    let server = match asked.server {
        Some(Sender::None) => None,
        Some(Sender::Named(server)) => Some(server),
        None => loaded.server(subject.exchange),
    }?;
    if dialect != Dialect::OpenAiChat {
        if asked.server.is_some() {
            io.note(&format!(
                "{name}: {dialect}, expected openai-chat for --server {server}: it changes nothing"
            ));
        }
        return None;
    }
    if asked.server.is_some() || !server.needs().is_empty() {
        let ways = ways(server);
        io.note(&format!(
            "{name}: {dialect}, read as {server} sends it: {ways}"
        ));
    }
    Some(server)
}

/// What a server sends, as far as an option is about it.
pub(crate) fn ways(server: Server) -> String {
    let mut ways: Vec<String> = Vec::new();
    for need in server.needs() {
        let way = format!("{} ({})", need.why, need.id);
        // Several options may be about one thing.
        if !ways.iter().any(|known| known.starts_with(need.why)) {
            ways.push(way);
        }
    }
    match ways.is_empty() {
        true => "as documented".into(),
        false => ways.join("; "),
    }
}
