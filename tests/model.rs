//! The decoders against models that read a whole body at once, slowly and plainly: frames, offsets,
//! limits, errors and ends agree, however the body is cut.

use proptest::prelude::*;
use wiretape_core::{Error, ErrorKind, Frame, Limits, json, json_stream, ndjson, sse};

/// What a decoder says of a body: its frames, and how it ended.
#[derive(Debug, Default, PartialEq)]
struct Said {
    frames: Vec<String>,
    error: Option<Error>,
    last_id: String,
}

fn show(frame: Frame<'_>) -> String {
    let recovered = frame.meta.is_some_and(|meta| meta.recovered);
    format!(
        "{} event {:?} data {:?} id {:?} retry {:?} comment {:?} unknown {:?} recovered {recovered}",
        frame.at,
        frame.event,
        frame.data,
        frame.id(),
        frame.retry(),
        frame.comment(),
        frame.unknown(),
    )
}

fn decoded(body: &[u8], cuts: &[usize], options: sse::Options, limits: Limits) -> Said {
    let mut decoder = sse::Decoder::new(options, limits);
    let mut said = Said::default();
    let mut from = 0;
    for to in cuts.iter().copied().chain([body.len()]) {
        let mut input = &body[from..to];
        from = to;
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(frame)) => said.frames.push(show(frame)),
                Ok(None) => break,
                Err(error) => {
                    said.error = Some(error);
                    assert_eq!(decoder.finish().err(), Some(error), "the error stays");
                    decoder.last_event_id().clone_into(&mut said.last_id);
                    return said;
                }
            }
        }
    }
    match decoder.finish() {
        Ok(frame) => said.frames.extend(frame.map(show)),
        Err(error) => said.error = Some(error),
    }
    let again = decoder.finish();
    assert_eq!(again.err(), said.error, "the end stays");
    decoder.last_event_id().clone_into(&mut said.last_id);
    said
}

/// The lines of a body: where each begins, its text, and where the next one begins; `None` for a
/// last line without its end.
fn lines(body: &[u8], mut at: usize) -> Vec<(usize, &[u8], Option<usize>)> {
    let mut lines = Vec::new();
    while at < body.len() {
        let rest = &body[at..];
        let Some(len) = rest.iter().position(|b| matches!(b, b'\r' | b'\n')) else {
            lines.push((at, rest, None));
            break;
        };
        let crlf = rest[len..].starts_with(b"\r\n");
        let next = at + len + if crlf { 2 } else { 1 };
        lines.push((at, &rest[..len], Some(next)));
        at = next;
    }
    lines
}

#[derive(Default)]
struct Block {
    at: usize,
    event: Option<String>,
    data: Option<String>,
    id: Option<String>,
    retry: Option<u64>,
    comment: Option<String>,
    unknown: Vec<(String, String)>,
    ill_formed: bool,
    /// A line that is no comment.
    fields: bool,
}

impl Block {
    fn line(&mut self, line: &[u8], options: sse::Options) {
        let (name, value) = match line.iter().position(|b| *b == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let join = |old: &mut Option<String>, text: String| match old {
            Some(old) => *old = format!("{old}\n{text}"),
            None => *old = Some(text),
        };
        let text = String::from_utf8_lossy(value).into_owned();
        self.ill_formed |= std::str::from_utf8(line).is_err();
        self.fields |= !name.is_empty();
        match name {
            b"" => join(&mut self.comment, text),
            b"event" => self.event = Some(text),
            b"data" => join(&mut self.data, text),
            b"id" if value.contains(&0) => {}
            b"id" => self.id = Some(text),
            b"retry" => {
                let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                let number = digits.then(|| text.parse().unwrap_or(u64::MAX));
                self.retry = number.or(self.retry);
            }
            _ if options.surface_unknown => {
                self.unknown
                    .push((String::from_utf8_lossy(name).into_owned(), text));
            }
            _ => {}
        }
    }

    fn show(mut self, options: sse::Options, recovered: bool) -> String {
        if options.skip_colon_data && self.data.as_ref().is_some_and(|d| d.starts_with(':')) {
            let text = self.data.take().unwrap_or_default();
            let text = &text[1..];
            self.comment = Some(match self.comment {
                Some(old) => format!("{old}\n{text}"),
                None => text.to_owned(),
            });
        }
        format!(
            "{} event {:?} data {:?} id {:?} retry {:?} comment {:?} unknown {:?} recovered {recovered}",
            self.at,
            self.event.as_deref(),
            self.data.as_deref(),
            self.id.as_deref(),
            self.retry,
            self.comment.as_deref(),
            self.unknown.as_slice(),
        )
    }
}

fn modelled(body: &[u8], options: sse::Options, limits: Limits) -> Said {
    let limit = limits.frame_bytes_max;
    let mut said = Said::default();
    let start = if body.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    let mut block: Option<Block> = None;
    for (at, line, next) in lines(body, start) {
        if line.is_empty() && next.is_some() {
            let Some(block) = block.take() else { continue };
            let error = |kind| {
                Some(Error {
                    at: block.at as u64,
                    kind,
                })
            };
            if at + 1 - block.at > limit {
                said.error = error(ErrorKind::FrameTooLarge { limit });
                return said;
            }
            if block.ill_formed && options.reject_ill_formed {
                said.error = error(ErrorKind::IllFormedUtf8);
                return said;
            }
            if let Some(id) = &block.id {
                said.last_id.clone_from(id);
            }
            said.frames.push(block.show(options, false));
            continue;
        }
        let open = block.get_or_insert_with(|| Block {
            at,
            ..Block::default()
        });
        if next.unwrap_or(body.len()) - open.at > limit {
            let (at, kind) = (open.at as u64, ErrorKind::FrameTooLarge { limit });
            said.error = Some(Error { at, kind });
            return said;
        }
        open.line(line, options);
    }
    let Some(block) = block else { return said };
    let whole = |data: &String| data.trim() == "[DONE]" || json::Raw::parse(data).is_ok();
    let at = block.at as u64;
    if options.recover_last && block.data.as_ref().is_some_and(whole) {
        if block.ill_formed && options.reject_ill_formed {
            said.error = Some(Error {
                at,
                kind: ErrorKind::IllFormedUtf8,
            });
        } else {
            // Handed out is handed out: whoever connects again goes on behind it.
            if let Some(id) = &block.id {
                said.last_id.clone_from(id);
            }
            said.frames.push(block.show(options, true));
        }
    } else if block.fields {
        said.error = Some(Error {
            at,
            kind: ErrorKind::Truncated,
        });
    }
    said
}

/// What a decoder without options says of a body. A macro, since the decoders share a shape and no
/// trait.
macro_rules! decoded_by {
    ($decoder:expr, $body:expr, $cuts:expr) => {{
        let (mut decoder, body, cuts): (_, &[u8], &[usize]) = ($decoder, $body, $cuts);
        let mut said = Said::default();
        let mut from = 0;
        'body: for to in cuts.iter().copied().chain([body.len()]) {
            let mut input = &body[from..to];
            from = to;
            loop {
                match decoder.decode(&mut input) {
                    Ok(Some(frame)) => said.frames.push(show(frame)),
                    Ok(None) => break,
                    Err(error) => {
                        said.error = Some(error);
                        break 'body;
                    }
                }
            }
        }
        match decoder.finish() {
            Ok(frame) => said.frames.extend(frame.map(show)),
            Err(error) => assert_eq!(*said.error.get_or_insert(error), error, "the error stays"),
        }
        assert_eq!(decoder.finish().err(), said.error, "the end stays");
        said
    }};
}

fn modelled_lines(body: &[u8], limits: Limits) -> Said {
    let limit = limits.frame_bytes_max;
    let mut said = Said::default();
    let mut next = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let at = next as u64;
        next += line.len();
        let text = std::str::from_utf8(line);
        let blank = line.iter().all(u8::is_ascii_whitespace);
        let ended = line.ends_with(b"\n");
        let kind = match text {
            _ if line.len() > limit => ErrorKind::FrameTooLarge { limit },
            _ if blank => continue,
            Err(_) if ended => ErrorKind::IllFormedUtf8,
            Ok(text) if ended || json::Raw::parse(text).is_ok() => {
                let data = text.strip_suffix('\n').unwrap_or(text);
                let data = Some(data.strip_suffix('\r').unwrap_or(data));
                said.frames.push(show(Frame {
                    at,
                    data,
                    ..Frame::default()
                }));
                continue;
            }
            _ => ErrorKind::Truncated,
        };
        said.error = Some(Error { at, kind });
        break;
    }
    said
}

/// Where a value ends that begins at the first byte, and whether it is a number or a literal, whose
/// end is shown by what stands behind it.
fn value_end(body: &[u8], array: bool) -> (Option<usize>, bool) {
    let (mut depth, mut string, mut escape) = (0_usize, false, false);
    let bare = !matches!(body.first(), Some(b'{' | b'[' | b'"'));
    for (at, byte) in body.iter().enumerate() {
        if bare {
            let ends = byte.is_ascii_whitespace() && *byte != b'\x0C';
            if ends || array && matches!(byte, b',' | b']') {
                return (Some(at), true);
            }
            continue;
        }
        if escape {
            escape = false;
            continue;
        }
        match byte {
            b'\\' if string => escape = true,
            b'"' => string = !string,
            b'{' | b'[' if !string => depth += 1,
            b'}' | b']' if !string => depth -= 1,
            _ => {}
        }
        if depth == 0 && !string {
            return (Some(at + 1), false);
        }
    }
    (None, bare)
}

/// Values in an array, or one after the other.
fn modelled_values(body: &[u8], limits: Limits) -> Said {
    let limit = limits.frame_bytes_max;
    let mut said = Said::default();
    let fail = |mut said: Said, at: usize, kind: ErrorKind| {
        let at = at as u64;
        said.error = Some(Error { at, kind });
        said
    };
    // What stood last, white space aside: `^` is the start, `v` a value.
    let (mut at, mut array, mut before) = (0, false, b'^');
    while at < body.len() {
        let byte = body[at];
        match (byte, before) {
            (b' ' | b'\t' | b'\n' | b'\r', _) => at += 1,
            (b'[', b'^') => (array, before, at) = (true, b'[', at + 1),
            (b']', b'[' | b'v') if array => (before, at) = (b']', at + 1),
            (b',', b'v') if array => (before, at) = (b',', at + 1),
            (_, last)
                if !b"{[\"-0123456789tfn".contains(&byte)
                    || last == b']'
                    || array && last == b'v' =>
            {
                return fail(said, at, ErrorKind::NotJson { offset: 0 });
            }
            _ => {
                let (end, bare) = value_end(&body[at..], array);
                let value = &body[at..at + end.unwrap_or(body.len() - at)];
                let text = std::str::from_utf8(value);
                let whole = end.is_some()
                    || bare && !array && text.is_ok_and(|text| json::Raw::parse(text).is_ok());
                match text {
                    _ if value.len() > limit => {
                        return fail(said, at, ErrorKind::FrameTooLarge { limit });
                    }
                    _ if !whole => return fail(said, at, ErrorKind::Truncated),
                    Err(_) => return fail(said, at, ErrorKind::IllFormedUtf8),
                    Ok(text) => said.frames.push(show(Frame {
                        at: at as u64,
                        data: Some(text),
                        ..Frame::default()
                    })),
                }
                before = b'v';
                at += value.len();
            }
        }
    }
    if array && before != b']' {
        return fail(said, body.len(), ErrorKind::Truncated);
    }
    said
}

fn values() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"["[..],
        b"]",
        b",",
        b"{",
        b"}",
        b"{\"a\":1}",
        b"{\"a\":\"}]\"}",
        b"[1]",
        b"\"x\"",
        b"\"",
        b"\\",
        b"\\\"",
        b" ",
        b"\n",
        b"\r\n",
        b"\x0C",
        b"1",
        b"-2.5e3",
        b"true",
        b"null",
        b"nul",
        b"x",
        b":",
        b"\xC3",
        b"\xA9",
        b"\xFF",
        b"\0",
    ]);
    let start = prop_oneof![Just(&b"["[..]), Just(&b""[..])];
    (start, prop::collection::vec(piece, 0..16))
        .prop_map(|(start, pieces)| [start, &pieces.concat()].concat())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"data"[..],
        b"data:",
        b"data: ",
        b"event:",
        b"event: a",
        b"id: 1",
        b"id",
        b"id: \0",
        b"retry: 5",
        b"retry:x",
        b":",
        b": c",
        b"error: e",
        b"{}",
        b"[DONE]",
        b"1",
        b"a",
        b" ",
        b"\xC3",
        b"\xA9",
        b"\xFF",
        b"\xEF\xBB\xBF",
        b"\xEF",
        b"\xBB",
        b"\0",
        b"\n",
        b"\n",
        b"\n\n",
        b"\n\n",
        b"\r",
        b"\r",
        b"\r\n",
        b"\r\n\r\n",
        b"\r\r",
        b"event: content_block_delta\n",
        b"data: {}\n\n",
        b"data: :x\n\n",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: ProptestConfig::default().cases.max(4096), ..ProptestConfig::default() })]

    #[test]
    fn json_streams_are_their_model(
        body in values(),
        bits in prop::collection::vec(any::<bool>(), 256),
        limit in prop_oneof![Just(1 << 20), 1..12_usize],
    ) {
        let limits = Limits { frame_bytes_max: limit, ..Limits::default() };
        let expected = modelled_values(&body, limits);
        let drawn: Vec<usize> = (1..body.len()).filter(|at| bits[at % bits.len()]).collect();
        let single: Vec<usize> = (1..body.len()).collect();
        for cuts in [vec![], single, drawn] {
            let seen = decoded_by!(json_stream::Decoder::new(limits), &body, &cuts);
            prop_assert_eq!(&seen, &expected, "{:?} cut at {:?}", String::from_utf8_lossy(&body), cuts);
        }
    }

    #[test]
    fn decoders_are_their_models(
        body in body(),
        bits in prop::collection::vec(any::<bool>(), 256),
        limit in prop_oneof![Just(1 << 20), 1..40_usize],
        flags in any::<[bool; 4]>(),
    ) {
        let mut options = sse::Options::standard();
        [options.reject_ill_formed, options.recover_last, options.skip_colon_data, options.surface_unknown] = flags;
        let limits = Limits { frame_bytes_max: limit, ..Limits::default() };
        let expected = modelled(&body, options, limits);
        let drawn: Vec<usize> = (1..body.len()).filter(|at| bits[at % bits.len()]).collect();
        let single: Vec<usize> = (1..body.len()).collect();
        for cuts in [vec![], single, drawn] {
            prop_assert_eq!(&decoded_by!(ndjson::Decoder::new(limits), &body, &cuts), &modelled_lines(&body, limits), "{:?} cut at {:?}", String::from_utf8_lossy(&body), cuts);
            prop_assert_eq!(&decoded(&body, &cuts, options, limits), &expected, "{:?} cut at {:?}", String::from_utf8_lossy(&body), cuts);
        }
    }
}

#[test]
fn a_recovered_frame_moves_the_last_event_id() {
    let body = b"id: 1\ndata: {}";
    let mut options = sse::Options::standard();
    options.recover_last = true;
    let said = decoded(body, &[], options, Limits::default());
    assert_eq!(said.last_id, "1");
    assert_eq!(said, modelled(body, options, Limits::default()));
}

#[test]
fn unknown_fields_of_one_frame_are_bounded() {
    let body = "a\n".repeat(100_000) + "data: b\n\n";
    let mut decoder = sse::Decoder::new(sse::Options::lenient(), Limits::default());
    let mut input = body.as_bytes();
    let frame = decoder.decode(&mut input).unwrap().unwrap();
    assert_eq!((frame.data, frame.unknown().len()), (Some("b"), 256));
    assert_eq!(decoder.warnings().of("F-17"), 100_000);
}
