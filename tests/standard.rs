//! The decoders against a second reading of their standards, written down as plainly as it can
//! be: the whole body at once, line by line, nothing borrowed, nothing fast.

use proptest::prelude::*;
use wiretape_core::{Error, ErrorKind, Frame, Limits, ndjson, sse};

/// All that a frame says.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    at: u64,
    event: Option<String>,
    data: Option<String>,
    id: Option<String>,
    retry: Option<u64>,
    comment: Option<String>,
    unknown: Vec<(String, String)>,
    recovered: bool,
    replaced: bool,
}

impl Seen {
    fn of(frame: Frame<'_>) -> Self {
        Self {
            at: frame.at,
            event: frame.event.map(str::to_owned),
            data: frame.data.map(str::to_owned),
            id: frame.id().map(str::to_owned),
            retry: frame.retry(),
            comment: frame.comment().map(str::to_owned),
            unknown: frame.unknown().to_vec(),
            recovered: frame.meta.is_some_and(|meta| meta.recovered),
            replaced: frame.meta.is_some_and(|meta| meta.replaced),
        }
    }
}

/// Frames, the error that ended it if one did, and the last event id.
#[derive(Debug, Default, PartialEq)]
struct Read {
    frames: Vec<Seen>,
    error: Option<Error>,
    last_id: String,
    warnings: Vec<(String, u64)>,
}

fn decoded(body: &[u8], size: usize, options: sse::Options, limits: Limits) -> Read {
    let mut decoder = sse::Decoder::new(options, limits);
    let mut read = Read::default();
    'body: for chunk in body.chunks(size) {
        let mut input = chunk;
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(frame)) => read.frames.push(Seen::of(frame)),
                Ok(None) => break assert!(input.is_empty()),
                Err(error) => {
                    read.error = Some(error);
                    break 'body;
                }
            }
        }
    }
    // What ended the reading stays; nothing is handed out twice.
    let end = decoder.finish().map(|last| last.map(Seen::of));
    if let Some(error) = read.error {
        assert_eq!(end, Err(error));
    } else {
        assert_eq!(decoder.position(), body.len() as u64);
        match end {
            Ok(last) => read.frames.extend(last),
            Err(error) => read.error = Some(error),
        }
        assert_eq!(decoder.finish().map(|last| last.map(Seen::of)), Ok(None));
    }
    read.last_id = decoder.last_event_id().to_owned();
    let warnings = decoder.warnings().iter();
    read.warnings = warnings.map(|(id, n)| (id.to_owned(), n)).collect();
    read
}

/// Lines with their offsets and whether they have an end.
fn lines(body: &[u8]) -> Vec<(usize, &[u8], bool)> {
    let mut lines = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < body.len() {
        if !b"\r\n".contains(&body[at]) {
            at += 1;
            continue;
        }
        lines.push((from, &body[from..at], true));
        at += if body[at..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        from = at;
    }
    if from < at {
        lines.push((from, &body[from..], false));
    }
    lines
}

struct Reference {
    options: sse::Options,
    limit: usize,
    read: Read,
    warnings: std::collections::BTreeMap<String, u64>,
}

impl Reference {
    fn read(body: &[u8], options: sse::Options, limits: Limits) -> Read {
        let limit = limits.frame_bytes_max;
        let mut reference = Self {
            options,
            limit,
            read: Read::default(),
            warnings: std::collections::BTreeMap::new(),
        };
        reference.read.error = reference.body(body).err();
        reference.read.warnings = reference.warnings.into_iter().collect();
        reference.read
    }

    fn warn(&mut self, id: &str) {
        *self.warnings.entry(id.to_owned()).or_default() += 1;
    }

    fn body(&mut self, body: &[u8]) -> Result<(), Error> {
        let mark = if body.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        let mut block: Vec<(usize, &[u8], bool)> = Vec::new();
        for (at, line, ended) in lines(&body[mark..]) {
            let at = at + mark;
            let first = block.first().map_or(at, |(first, ..)| *first);
            if line.is_empty() && block.is_empty() {
                continue;
            }
            // One byte of the line's end counts; the LF of a CR LF only where the block goes on.
            let length = at + line.len() + usize::from(ended) - first;
            if self.limit < length {
                let limit = self.limit;
                let kind = ErrorKind::FrameTooLarge { limit };
                return Err(Error {
                    at: first as u64,
                    kind,
                });
            }
            if line.is_empty() {
                let block = std::mem::take(&mut block);
                self.block(&block, false)?;
            } else {
                block.push((at, line, ended));
            }
        }
        // A CR LF after the last whole line belongs to the block as well.
        if let Some((at, line, true)) = block.last() {
            let whole = body.len() - block[0].0;
            if self.limit < whole {
                let (at, limit) = (block[0].0 as u64, self.limit);
                let kind = ErrorKind::FrameTooLarge { limit };
                return Err(Error { at, kind });
            }
            assert!(at + line.len() < body.len());
        }
        let data: Vec<&[u8]> = block
            .iter()
            .map(|(_, line, _)| field(line))
            .filter(|(name, _)| *name == b"data")
            .map(|(_, value)| value)
            .collect();
        if data.is_empty() {
            return Ok(());
        }
        self.warn("F-31");
        let data = String::from_utf8_lossy(&data.join(&b'\n')).into_owned();
        let json = serde_json::from_str::<&serde_json::value::RawValue>(&data).is_ok();
        if self.options.recover_last && (data.trim() == "[DONE]" || json) {
            return self.block(&block, true);
        }
        let at = block[0].0 as u64;
        let kind = ErrorKind::Truncated;
        Err(Error { at, kind })
    }

    fn block(&mut self, block: &[(usize, &[u8], bool)], recovered: bool) -> Result<(), Error> {
        let mut seen = Seen {
            at: block[0].0 as u64,
            recovered,
            ..Seen::default()
        };
        let ill_formed = |line: &[u8]| std::str::from_utf8(line).is_err();
        if self.options.reject_ill_formed && block.iter().any(|(_, line, _)| ill_formed(line)) {
            let kind = ErrorKind::IllFormedUtf8;
            return Err(Error { at: seen.at, kind });
        }
        let text = |bytes: &[u8], seen: &mut Seen| {
            seen.replaced |= std::str::from_utf8(bytes).is_err();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let join = |to: &mut Option<String>, line: String| {
            *to = Some(match to.take() {
                Some(before) => before + "\n" + &line,
                None => line,
            });
        };
        let mut event = None;
        for (_, line, _) in block {
            let (name, value) = field(line);
            match name {
                b"" => {
                    let value = text(value, &mut seen);
                    join(&mut seen.comment, value);
                }
                b"data" => {
                    let value = text(value, &mut seen);
                    join(&mut seen.data, value);
                }
                b"event" => event = Some(value),
                b"id" if value.contains(&0) => self.warn("F-17"),
                b"id" => seen.id = Some(text(value, &mut seen)),
                b"retry" => {
                    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                    if digits {
                        let number = std::str::from_utf8(value).unwrap().parse();
                        seen.retry = Some(number.unwrap_or(u64::MAX));
                    }
                }
                _ if self.options.surface_unknown => {
                    self.warn("F-17");
                    let pair = (text(name, &mut seen), text(value, &mut seen));
                    seen.unknown.push(pair);
                }
                _ => {}
            }
        }
        // Of several names the last one counts, also for what is replaced.
        seen.event = event.map(|name| text(name, &mut seen));
        if let Some(comment) = seen.data.clone().filter(|data| data.starts_with(':')) {
            if self.options.skip_colon_data {
                self.warn("F-15c");
                join(&mut seen.comment, comment[1..].to_owned());
                seen.data = None;
            }
        }
        if seen.replaced {
            self.warn("F-03");
        }
        if let Some(id) = &seen.id {
            self.read.last_id.clone_from(id);
        }
        self.read.frames.push(seen);
        Ok(())
    }
}

fn field(line: &[u8]) -> (&[u8], &[u8]) {
    match line.iter().position(|byte| *byte == b':') {
        None => (line, &[]),
        Some(at) => {
            let value = &line[at + 1..];
            (&line[..at], value.strip_prefix(b" ").unwrap_or(value))
        }
    }
}

fn scraps() -> impl Strategy<Value = Vec<u8>> {
    let scrap = prop::sample::select(vec![
        "data",
        "event",
        "id",
        "retry",
        "error",
        ":",
        ": ",
        " ",
        "a",
        "b: c",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\r\n\r\n",
        "7",
        "99999999999999999999",
        "\0",
        "\u{FEFF}",
        "é",
        "😀",
        "{}",
        "[DONE]",
        "data: a\n\n",
        "data: {\"a\":1}\n\n",
        "event: content_block_delta\n",
        "event: x\n",
        "event: content_block_delta\ndata: {}\n\n",
        "data: : a\n\n",
        "data: :b",
        "data: ",
        "id: 1\n",
        ": comment\n\n",
        "retry: 10\n",
        "error: {}\n",
        "id: \0\n",
        "data:a\ndata:  b\n",
    ]);
    let bad = prop::sample::select(vec![&b"\xFF"[..], b"\xE2\x82", b"\xF0\x9F", b"\xEF\xBB"]);
    let piece = prop_oneof![
        12 => scrap.prop_map(|text| text.as_bytes().to_vec()),
        1 => bad.prop_map(<[u8]>::to_vec),
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

fn options() -> impl Strategy<Value = sse::Options> {
    let base = prop::sample::select(vec![
        sse::Options::standard(),
        sse::Options::strict(),
        sse::Options::lenient(),
    ]);
    (base, any::<bool>()).prop_map(|(mut options, recover_last)| {
        options.recover_last = recover_last;
        options
    })
}

fn tight(frame_bytes_max: usize) -> Limits {
    Limits {
        frame_bytes_max,
        ..Limits::default()
    }
}

proptest! {
    #![proptest_config(crate::support::cases(8192))]

    #[test]
    fn event_streams(
        body in scraps(),
        options in options(),
        limit in prop::sample::select(vec![3_usize, 8, 9, 10, 16, 40, 1 << 20]),
        size in 1_usize..9,
    ) {
        let limits = tight(limit);
        let expected = Reference::read(&body, options, limits);
        for size in [size, body.len().max(1)] {
            let seen = decoded(&body, size, options, limits);
            prop_assert_eq!(&seen, &expected, "{:?} in chunks of {}", String::from_utf8_lossy(&body), size);
        }
    }

    #[test]
    fn lines_of_json(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "{}", "{\"a\":1}", "{", "7", " ", "\t", "\n", "\r\n", "\r", "\n\n", "é", "x",
        ]), 0..16),
        bad in prop::option::weighted(0.1, any::<prop::sample::Index>()),
        limit in prop::sample::select(vec![1_usize, 3, 4, 8, 1 << 20]),
        size in 1_usize..9,
    ) {
        let mut body = pieces.concat().into_bytes();
        if let (Some(at), false) = (bad, body.is_empty()) {
            let at = at.index(body.len());
            body[at] = 0xFF;
        }
        let expected = lines_reference(&body, limit);
        for size in [size, body.len().max(1)] {
            let seen = lines_decoded(&body, size, tight(limit));
            prop_assert_eq!(&seen, &expected, "{:?} in chunks of {}", String::from_utf8_lossy(&body), size);
        }
    }
}

type Lines = (Vec<(u64, String)>, Option<Error>);

fn lines_decoded(body: &[u8], size: usize, limits: Limits) -> Lines {
    let mut decoder = ndjson::Decoder::new(limits);
    let mut seen = Vec::new();
    let own = |frame: Frame<'_>| (frame.at, frame.data.unwrap().to_owned());
    for chunk in body.chunks(size) {
        let mut input = chunk;
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(frame)) => seen.push(own(frame)),
                Ok(None) => break assert!(input.is_empty()),
                Err(error) => {
                    let mut more = &b"{}\n"[..];
                    assert_eq!(decoder.decode(&mut more).err(), Some(error), "final");
                    assert_eq!(decoder.finish().err(), Some(error), "final");
                    return (seen, Some(error));
                }
            }
        }
    }
    match decoder.finish().map(|last| last.map(own)) {
        Ok(last) => seen.extend(last),
        Err(error) => return (seen, Some(error)),
    }
    assert_eq!(decoder.finish(), Ok(None));
    (seen, None)
}

fn lines_reference(body: &[u8], limit: usize) -> Lines {
    let mut seen = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let error = |kind| Some(Error { at, kind });
        if limit < line.len() {
            return (seen, error(ErrorKind::FrameTooLarge { limit }));
        }
        let blank = line.iter().all(u8::is_ascii_whitespace);
        let whole = line.ends_with(b"\n");
        match std::str::from_utf8(line) {
            _ if blank => {}
            Ok(text) if whole || serde_json::from_str::<serde_json::Value>(text).is_ok() => {
                let text = text.strip_suffix('\n').unwrap_or(text);
                let text = text.strip_suffix('\r').unwrap_or(text);
                seen.push((at, text.to_owned()));
            }
            Err(_) if whole => return (seen, error(ErrorKind::IllFormedUtf8)),
            _ => return (seen, error(ErrorKind::Truncated)),
        }
        at += line.len() as u64;
    }
    (seen, None)
}

/// What chance seldom makes: last events without their blank line.
#[test]
fn last_events() {
    for body in [
        "id: 1\ndata: 7",
        "id: 1\n\nid: 2\ndata: 7\n",
        "id: 1\ndata: a\n\nid: 2\ndata: {",
        "data: 1\ndata: 2",
        "data: [1,\ndata: 2]\r\n",
        "event: a\ndata: [DONE] ",
        ": a\n: b\nid: 3",
        "retry: 5\nretry: x\ndata: {}",
        "data: : a",
    ] {
        for base in [sse::Options::standard(), sse::Options::lenient()] {
            for recover_last in [false, true] {
                let mut options = base;
                options.recover_last = recover_last;
                let limits = Limits::default();
                let expected = Reference::read(body.as_bytes(), options, limits);
                for size in [1, 3, body.len()] {
                    let seen = decoded(body.as_bytes(), size, options, limits);
                    assert_eq!(seen, expected, "{body:?} in chunks of {size}");
                }
            }
        }
    }
}
