//! What stands where, before the first request.

use serde_json::json;
use wiretape_core::Dialect;
use wiretape_serve::Server;

use super::{ServeArgs, Tape, name, places};
use crate::exit::Fault;
use crate::{Io, screen};

/// At most so many base URLs are listed; the rest is counted.
const LISTED: usize = 12;

pub(super) fn text(
    args: &ServeArgs,
    tapes: &[Tape],
    server: &Server,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    let strong = io.screen.style(screen::STRONG);
    let dim = io.screen.style(screen::FAINT);
    let url = server.url();
    let mut listed = 0;
    let mut all = 0;
    for tape in tapes {
        for (prefix, seed) in places(args, tape) {
            all += 1;
            if listed == LISTED {
                continue;
            }
            listed += 1;
            let how = args.play.describe(seed);
            let exchanges = screen::count(tape.loaded.tape.exchanges.len(), "exchange");
            writeln!(
                io.out,
                "{strong}{}{strong:#}  {dim}{}: {exchanges}, {how}{dim:#}",
                base(tape, &format!("{url}{prefix}")),
                tape.loaded.path.display(),
            )?;
        }
    }
    if all > listed {
        writeln!(io.out, "and {} more: {url}/_wiretape/state", all - listed)?;
    }
    args.sinks.announce(server, io)?;
    let state = if tapes.is_empty() { "sink" } else { "state" };
    writeln!(
        io.out,
        "{dim}control: {url}/_wiretape/{state}   Ctrl-C stops{dim:#}"
    )?;
    Ok(())
}

/// The variable that the provider's own clients read, with the form of the URL they expect.
fn base(tape: &Tape, url: &str) -> String {
    match tape.loaded.dialect {
        Some(Dialect::OpenAiChat | Dialect::OpenAiResponses | Dialect::OpenAiCompletions) => {
            format!("OPENAI_BASE_URL={url}/v1")
        }
        Some(Dialect::Anthropic) => format!("ANTHROPIC_BASE_URL={url}"),
        Some(Dialect::Gemini) => format!("GOOGLE_GEMINI_BASE_URL={url}"),
        _ => url.into(),
    }
}

pub(super) fn json(
    args: &ServeArgs,
    tapes: &[Tape],
    server: &Server,
    io: &mut Io<'_>,
) -> Result<(), Fault> {
    let mut mounts = Vec::new();
    for tape in tapes {
        for (prefix, seed) in places(args, tape) {
            mounts.push(json!({
                "prefix": prefix,
                "tape": name(tape),
                "file": tape.loaded.path.display().to_string(),
                "dialect": tape.loaded.dialect.map(Dialect::name),
                "exchanges": tape.loaded.tape.exchanges.len(),
                "seed": seed,
            }));
        }
    }
    let line = if args.sinks.any() {
        let sinks = args.sinks.json(server);
        json!({"listening": server.url(), "mounts": mounts, "sinks": sinks})
    } else {
        json!({"listening": server.url(), "mounts": mounts})
    };
    writeln!(io.out, "{line}")?;
    Ok(())
}
