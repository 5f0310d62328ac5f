//! `wiretape show`: a tape as a person takes it in at a glance.

mod draw;
mod picture;

use wiretape::Loaded;
use wiretape_tape::{Header, SourceKind, Unknown};

use crate::args::ShowArgs;
use crate::exit::{Exit, Fault};
use crate::{Io, decode, screen, source};
use draw::Page;
use picture::Picture;

/// Draws each exchange that has a streamed body, or the one asked for.
pub(crate) fn run(args: &ShowArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let mut loaded = source::recorded(&args.file, args.sender.dialect, io)?;
    let (mut drawn, mut faults) = (0, 0);
    for (number, why) in decode::bodies(&mut loaded.tape) {
        if args.exchange.is_none_or(|exchange| exchange == number) {
            faults += 1;
            let message = format!("{}#{number}: {why}", args.file.display());
            io.complain(&Fault::new(message));
        }
    }
    for subject in loaded.subjects() {
        let subject = subject?;
        let number = loaded
            .tape
            .exchanges
            .iter()
            .position(|exchange| std::ptr::eq(exchange, subject.exchange));
        if args.exchange.is_some() && args.exchange != number {
            continue;
        }
        if drawn > 0 {
            writeln!(io.out)?;
        }
        drawn += 1;
        if let Some(note) = source::other_dialect(&subject) {
            io.note(&note);
        }
        let server = source::sender(args.sender, &loaded, &subject, io);
        let mut picture = Picture::of(&subject, server);
        let header = &loaded.tape.header;
        if header.source.kind == SourceKind::Bare || subject.exchange.lacks(header, Unknown::End) {
            // Nobody has seen how the connection ended.
            picture.end = None;
        }
        let page = Page {
            name: &subject.name,
            source: &origin(&loaded.tape.header),
            picture: &picture,
            by: args.by,
        };
        page.draw(io)?;
    }
    if faults > 0 {
        return Ok(Exit::Unusable);
    }
    if drawn == 0 && plain(&loaded, args, io)? > 0 {
        return Ok(Exit::Good);
    }
    if drawn == 0 {
        let which = args.exchange.map_or_else(
            || "an exchange".into(),
            |number| format!("exchange {number}"),
        );
        let count = screen::count(loaded.tape.exchanges.len(), "exchange");
        return Err(Fault::with_hint(
            format!(
                "{}: expected {which} with a streamed body, the tape has {count}",
                args.file.display()
            ),
            "exchanges are counted from 0",
        ));
    }
    Ok(Exit::Good)
}

/// Characters of an answer that is no stream that are shown.
const PLAIN_MAX: usize = 2_000;

/// Prints the answers that are no streams, and counts them: their status and what they say.
fn plain(loaded: &Loaded, args: &ShowArgs, io: &mut Io<'_>) -> Result<usize, Fault> {
    let mut printed = 0;
    for (number, exchange) in loaded.tape.exchanges.iter().enumerate() {
        let Some(response) = &exchange.response else {
            continue;
        };
        if args.exchange.is_some_and(|asked| asked != number) {
            continue;
        }
        if printed == 0 {
            let origin = origin(&loaded.tape.header);
            writeln!(io.out, "{}", screen::clean(&origin))?;
        }
        printed += 1;
        let body = exchange.body();
        let said = String::from_utf8_lossy(&body);
        let said: String = said.trim_end().chars().take(PLAIN_MAX).collect();
        let bytes = screen::count(body.len(), "byte");
        let status = response.status;
        writeln!(
            io.out,
            "\nexchange {number}: status {status}, no stream, {bytes}"
        )?;
        writeln!(io.out, "  {}", screen::clean(&said))?;
    }
    Ok(printed)
}

/// Where the bytes come from, in a line.
fn origin(header: &Header) -> String {
    let source = &header.source;
    let mut text = String::from(source.kind.name());
    if !header.exact && source.kind == SourceKind::Imported {
        text.push_str(" (bytes made or changed)");
    } else if !header.exact {
        text.push_str(", bytes of secrets replaced,");
    }
    if source.kind == SourceKind::Bare {
        text.push_str(": the body alone, without times");
    }
    if let Some(server) = &source.server {
        text.push_str(" from ");
        text.push_str(server);
    }
    if let Some(note) = &source.note {
        text.push_str(": ");
        text.push_str(note);
    }
    if !header.unknown.is_empty() {
        text.push_str(" Not known: ");
        text.push_str(&header.unknown.join(", "));
        text.push('.');
    }
    text
}
