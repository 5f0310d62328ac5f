//! What tests of dialects share: reading a body in every way, and a transcript in a line.

use wiretape_core::{Dialect, Options, Reader, Transcript};

pub(crate) fn of(dialect: Dialect, options: Options, chunks: &[&[u8]]) -> Transcript {
    let mut reader = Reader::with_options(dialect, options);
    for chunk in chunks {
        // The error stands in the reply.
        let _ = reader.feed(chunk, &mut |_| {});
    }
    Transcript::of(&reader.finish())
}

/// Reads a body whole, byte by byte and without the fast path, and cut after every byte.
#[track_caller]
pub(crate) fn alike(dialect: Dialect, body: &[u8]) -> Transcript {
    let whole = of(dialect, Options::default(), &[body]);
    let bytes: Vec<&[u8]> = body.chunks(1).collect();
    let seen = of(dialect, Options::default(), &bytes);
    assert_eq!(whole, seen, "byte by byte");
    let mut slow = Options::default();
    slow.dialect.templates = false;
    let seen = of(dialect, slow, &[body]);
    assert_eq!(whole, seen, "without the fast path");
    for cut in 0..body.len() {
        let seen = of(dialect, Options::default(), &[&body[..cut]]);
        let calls = &seen.tool_calls;
        assert!(
            calls.is_empty() || *calls == whole.tool_calls,
            "cut at {cut}"
        );
    }
    whole
}

/// What matters of a transcript, in a line; of its error, what is given.
pub(crate) fn line(of: &Transcript, error: Option<&str>) -> String {
    let calls = of.tool_calls.iter();
    let calls = calls.map(|call| format!(" {}{}", call.name, call.arguments));
    let not = of.rejected_calls.iter();
    let not = not.map(|call| format!(" -{}{} {}", call.name, call.arguments, call.why));
    let server = of.server_calls.iter();
    let server = server.map(|call| format!(" server:{}{}", call.name, call.arguments));
    let error = error.map(|error| format!(" !{error}"));
    let why = of.rejected.as_deref().map(|why| format!(" ({why})"));
    format!(
        "{}|{}|{}{}{} {}{}{}",
        of.text,
        of.reasoning,
        of.stop.as_deref().unwrap_or("-"),
        calls.chain(not).chain(server).collect::<String>(),
        why.unwrap_or_default(),
        format!("{:?}", of.ended).to_lowercase(),
        error.unwrap_or_default(),
        if of.choices > 1 { " +" } else { "" },
    )
}
