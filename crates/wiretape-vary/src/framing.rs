//! Reshapes of the framing: the same payloads in other lines and blocks.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::dialect::{Family, Kind};
use crate::json::{self, Token, part};
use crate::rewrite::inside_message;
use crate::scenario::{Ends, LineEnd, Piece};
use crate::stream::{Line, Stream};
use crate::subject::NO_CHANGE;

/// Why a piece did not apply.
type Applied = Result<(), &'static str>;

/// Applies a piece of the framing.
pub(crate) fn reframe(stream: &mut Stream, family: Option<Family>, piece: &Piece) -> Applied {
    let any = matches!(
        piece,
        Piece::Ping { .. } | Piece::UnknownHeader { .. } | Piece::Blanks { .. }
    );
    if !any {
        stream.of_lines()?;
    }
    match piece {
        Piece::LineEnds { ends } => line_ends(stream, ends),
        Piece::Bom {} if stream.bom => Err("there is a byte order mark already"),
        Piece::Bom {} => {
            stream.bom = true;
            Ok(())
        }
        Piece::Comment { before_block, text } => {
            one_line(text)?;
            let mut line = b": ".to_vec();
            line.extend_from_slice(text.as_bytes());
            let place = stream.place(*before_block)?;
            insert(stream, place, &[&line], Kind::Bare)
        }
        Piece::Ping { before_block } => {
            let family = family.ok_or("the dialect is not known")?;
            let place = stream.place(*before_block)?;
            inside_message(&stream.blocks, place)?;
            let ping = family.rules().ping;
            if ping.is_empty() {
                return Err("the dialect has no keep-alive");
            }
            insert(stream, place, ping, Kind::Other)
        }
        Piece::DataSpacing { space } => {
            let mut done = Err(NO_CHANGE);
            for line in stream.blocks_mut().flat_map(|block| &mut block.lines) {
                if respace(line, *space) {
                    done = Ok(());
                }
            }
            done
        }
        Piece::UnknownSseField { block, name, value } => {
            one_line(name)?;
            one_line(value)?;
            if ["", "data", "error", "event", "id", "retry"].contains(&name.as_str())
                || name.contains(':')
                || name.starts_with('\u{feff}')
            {
                return Err("the field's name means something");
            }
            add_field(stream, *block, name, value)
        }
        Piece::IdField { block, id } => {
            one_line(id)?;
            if id.contains('\0') {
                return Err("an id with NUL is ignored");
            }
            add_field(stream, *block, "id", id)
        }
        Piece::MultiData { block, gap } => multi_data(stream, family, *block, *gap),
        _ => crate::quirk::apply(stream, family, piece).map(|_| ()),
    }
}

fn one_line(text: &str) -> Applied {
    if text.contains(['\r', '\n']) {
        return Err("the text has a line end");
    }
    Ok(())
}

/// Puts in a block.
pub(crate) fn insert(stream: &mut Stream, place: usize, lines: &[&[u8]], kind: Kind) -> Applied {
    let mut block = stream.made(lines, place)?;
    block.kind = kind;
    let place = place.min(stream.blocks.len());
    stream.blocks.insert(place, Arc::new(block));
    Ok(())
}

fn line_ends(stream: &mut Stream, ends: &Ends) -> Applied {
    let order: &[LineEnd] = match ends {
        Ends::Lf => &[LineEnd::Lf],
        Ends::CrLf => &[LineEnd::CrLf],
        Ends::Cr => &[LineEnd::Cr],
        Ends::Mixed(order) => order,
    };
    let lines = stream.blocks_mut().flat_map(|block| &mut block.lines);
    let ended = lines.filter_map(|line| line.end.as_mut());
    if order.is_empty() {
        return Err("no line ends are given");
    }
    let mut done = Err(NO_CHANGE);
    for (end, &wanted) in ended.zip(order.iter().cycle()) {
        if *end != wanted {
            done = Ok(());
        }
        *end = wanted;
    }
    done
}

fn respace(line: &mut Line, space: bool) -> bool {
    let with = respaced(line, space);
    let changes = with.is_some();
    line.text = with.unwrap_or_else(|| core::mem::take(&mut line.text));
    changes
}

/// The line with or without a space after `data:`, where that changes it and means the same.
pub(crate) fn respaced(line: &Line, space: bool) -> Option<Vec<u8>> {
    let value = line.text.strip_prefix(b"data:")?;
    match value.strip_prefix(b" ") {
        // Without its space, a value that begins with one would lose that.
        Some(rest) if !space && !rest.starts_with(b" ") => {
            let mut text = b"data:".to_vec();
            text.extend_from_slice(rest);
            Some(text)
        }
        None if space => {
            let mut text = b"data: ".to_vec();
            text.extend_from_slice(value);
            Some(text)
        }
        _ => None,
    }
}

fn add_field(stream: &mut Stream, block: usize, name: &str, value: &str) -> Applied {
    let end = stream.line_end();
    let found = stream.block_mut(block).ok_or("no such block")?;
    // An error of Gemini's, in which a field would be no JSON.
    let first = found.lines.first().map(|line| line.text.trim_ascii_start());
    if first.is_some_and(|text| text.starts_with(b"{") || text.starts_with(b"[")) {
        return Err("the block is JSON and has no fields");
    }
    if found
        .lines
        .iter()
        .any(|line| line.field().0 == name.as_bytes())
    {
        return Err("the block has such a field already");
    }
    let mut text = name.as_bytes().to_vec();
    text.extend_from_slice(b": ");
    text.extend_from_slice(value.as_bytes());
    let line = Line {
        text,
        end: Some(end),
    };
    found.lines.insert(0, line);
    Ok(())
}

/// The offsets in a JSON payload at which a line may break, one after each `{ [ , :` outside
/// strings and outside values that readers keep verbatim.
///
/// Of a dialect that is not known (`known`), only those of the payload's own members: what is in
/// them, a reader may keep verbatim.
pub(crate) fn gaps(payload: &[u8], family: Option<Family>, known: bool) -> Vec<usize> {
    let tokens = json::tokens(payload);
    let verbatim = json::verbatim(payload, &tokens, kept(family));
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for token in &tokens {
        let Token::Mark(at, mark) = *token else {
            continue;
        };
        match mark {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let opens = !matches!(mark, b'}' | b']');
        if opens && (known || depth == 1) && json::outside(&verbatim, at) {
            found.push(at + 1);
        }
    }
    found
}

/// The fields whose values stay as they are written.
pub(crate) fn kept(family: Option<Family>) -> &'static [&'static str] {
    family.map_or(&["input", "arguments"], |family| family.rules().verbatim)
}

fn multi_data(stream: &mut Stream, family: Option<Family>, block: usize, gap: usize) -> Applied {
    let (trusted, known) = (stream.trusted, family.is_some() || stream.asks.is_none());
    let found = stream.block_mut(block).ok_or("no such block")?;
    let payload = found.object(trusted);
    let payload = payload
        .ok_or("the payload is no JSON object on one line")?
        .to_vec();
    let at = *gaps(&payload, family, known)
        .get(gap)
        .ok_or("the payload has no such gap")?;
    found.set_payload(part(&payload, 0..at));
    let place = found
        .lines
        .iter()
        .position(|line| line.field().0 == b"data");
    let place = place.ok_or("no data line")?;
    let end = found.lines.get(place).and_then(|line| line.end);
    let mut text = b"data: ".to_vec();
    text.extend_from_slice(part(&payload, at..payload.len()));
    found.lines.insert(place + 1, Line { text, end });
    Ok(())
}
