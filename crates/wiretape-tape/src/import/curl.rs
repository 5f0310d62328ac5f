//! What curl prints.

use super::draft::{Answered, Builder, Draft};
use super::head::{self, Head};
use super::{Error, Format, Imported};
use crate::{EndKind, Unknown};

/// Reads what `curl -N -i` prints: the heads of all answers, then the body, as
/// <https://curl.se/docs/manpage.html#-i> says.
///
/// curl has taken the chunked coding off, and says nothing of boundaries, times and what it asked for:
/// `curl -N --trace FILE --trace-time` does. The end is known where there is a `content-length`. Heads of
/// answers before the last, as those of `100 Continue`, of a proxy or of redirects, are left out.
pub(super) fn read(bytes: &[u8]) -> Result<Imported, Error> {
    let known = [Unknown::Boundaries, Unknown::Times];
    let mut builder = Builder::new(Format::Curl, &known);
    let mut rest = bytes;
    let mut line = 1;
    let (found, body) = loop {
        let Some((head, body)) = head::split(rest) else {
            let lines = rest.iter().filter(|byte| **byte == b'\n').count() as u64;
            let expected = "a blank line behind the headers";
            // Without a status line there is nothing to end.
            head::response(rest)
                .map_err(|bad| Error::at(line + bad.line, bad.expected, bad.found))?;
            return Err(Error::at(line + lines, expected, "the end of the file"));
        };
        let found = head::response(head)
            .map_err(|bad| Error::at(line + bad.line, bad.expected, bad.found))?;
        if !body.starts_with(b"HTTP/") {
            break (found, body);
        }
        builder.note("heads before the last answer's are left out");
        line += head.iter().filter(|byte| **byte == b'\n').count() as u64;
        rest = body;
    };
    let length = length(&found);
    let mut draft = Draft {
        response: Some(Answered {
            after_ns: 0,
            status: found.status,
            headers: found.headers,
        }),
        ..Draft::default()
    };
    let coded = draft.was_decoded_text(body);
    if coded {
        builder.is_inexact();
        builder.note("the body was decompressed; headers that say it is compressed are left out");
    }
    draft.whole(body.to_vec());
    match length {
        Some(length) if !coded && (body.len() as u64) < length => {
            draft.end = Some((0, EndKind::Unterminated));
        }
        Some(length) if !coded && body.len() as u64 == length => {}
        _ => builder.unknown(Unknown::End),
    }
    builder.push(draft)?;
    builder.finish("an answer")
}

/// How long the body should be, where the head says it.
pub(super) fn length(head: &Head) -> Option<u64> {
    let mut headers = head.headers.iter();
    let found = headers.find(|(name, _)| name == "content-length");
    found.and_then(|(_, value)| value.parse().ok())
}
