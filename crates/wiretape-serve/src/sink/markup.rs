//! Telegram's markup: what a user sees of it, and why it cannot be read.
//! <https://core.telegram.org/bots/api#formatting-options>
//!
//! The texts of errors are those that the server answers with. Byte offsets are of the text as it
//! was sent.

use std::fmt;

/// A text without its markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// As a user sees it: trimmed, as the server trims it.
    pub(crate) text: String,
    /// What was marked: kind, first and last UTF-16 unit, one after the other.
    pub(crate) entities: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// No mode by that name.
    Mode,
    /// What the server says of the markup.
    Entity(String),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode => f.write_str("no such parse_mode"),
            Self::Entity(why) => f.write_str(why),
        }
    }
}

/// Takes the markup out of a text. `mode` is compared without case; empty is none.
pub(crate) fn parse(mode: &str, text: &str) -> Result<Parsed, Wrong> {
    let mut parsed = match mode.to_ascii_lowercase().as_str() {
        "" => Parsed {
            text: text.to_owned(),
            entities: String::new(),
        },
        "html" => html(text)?,
        "markdown" => markdown(text)?,
        "markdownv2" => markdown_v2(text)?,
        _ => return Err(Wrong::Mode),
    };
    parsed.text.retain(|c| c != '\r');
    let trimmed = parsed.text.trim();
    if trimmed.len() < parsed.text.len() {
        parsed.text = trimmed.to_owned();
    }
    Ok(parsed)
}

fn wrong<T>(why: String) -> Result<T, Wrong> {
    Err(Wrong::Entity(why))
}

/// What is open, and where it began.
#[derive(Clone, Debug)]
struct Open {
    kind: String,
    /// In the text as it was sent.
    byte: usize,
    /// In the text as it is seen, in UTF-16 units.
    from: usize,
}

/// The text as it is seen so far.
#[derive(Default)]
struct Out {
    parsed: Parsed,
    units: usize,
    open: Vec<Open>,
}

impl Out {
    fn push(&mut self, c: char) {
        self.parsed.text.push(c);
        self.units += c.len_utf16();
    }

    fn begin(&mut self, kind: &str, byte: usize) {
        let (kind, from) = (kind.to_owned(), self.units);
        self.open.push(Open { kind, byte, from });
    }

    fn top(&self) -> &str {
        self.open.last().map_or("", |open| open.kind.as_str())
    }

    /// Ends what was opened last.
    fn end(&mut self, argument: &str) {
        if let Some(open) = self.open.pop().filter(|open| open.from < self.units) {
            let Open { kind, from, .. } = open;
            let entity = format!("{kind} {from} {} {argument};", self.units);
            self.parsed.entities.push_str(&entity);
        }
    }
}

/// Characters that stand for themselves only behind a backslash, outside of code.
const RESERVED: &str = "_*[]()~`>#+-=|{}.!";

fn markdown_v2(text: &str) -> Result<Parsed, Wrong> {
    let mut out = Out::default();
    let mut at = 0;
    while let Some(c) = char_at(text, at) {
        let rest = text.get(at..).unwrap_or_default();
        let next = char_at(text, at + c.len_utf8());
        if let ('\\', Some(escaped @ '\u{1}'..='\u{7e}')) = (c, next) {
            out.push(escaped);
            at += 2;
            continue;
        }
        let in_code = matches!(out.top(), "Code" | "Pre" | "PreCode");
        let special = if in_code {
            c == '`'
        } else {
            c == '\n' || RESERVED.contains(c)
        };
        if !special {
            out.push(c);
            at += c.len_utf8();
            continue;
        }
        at = match ended(&out, rest) {
            Some(length) => end_v2(&mut out, text, at, length)?,
            None => begin_v2(&mut out, text, at, c)?,
        };
    }
    if out.top() == "BlockQuote" {
        out.end("");
    }
    match out.open.last() {
        Some(open) => wrong(format!(
            "Can't find end of {} entity at byte offset {}",
            open.kind, open.byte
        )),
        None => Ok(out.parsed),
    }
}

/// Bytes of the mark that ends what was opened last, if `rest` begins with it.
fn ended(out: &Out, rest: &str) -> Option<usize> {
    let mark = match out.top() {
        "Bold" => "*",
        // Two are an underline's.
        "Italic" if !rest.starts_with("__") => "_",
        "Underline" => "__",
        "Strikethrough" => "~",
        "Spoiler" => "||",
        "Code" => "`",
        "Pre" | "PreCode" => "```",
        "TextUrl" | "CustomEmoji" => "]",
        "BlockQuote" if rest.starts_with("\n>") => return None,
        // Marks a quote that can be unfolded.
        "BlockQuote" if rest == "||" || rest.starts_with("||\n") => "||",
        "BlockQuote" => "\n",
        _ => return None,
    };
    rest.starts_with(mark).then_some(mark.len())
}

/// Ends what was opened last; where the text goes on.
fn end_v2(out: &mut Out, text: &str, at: usize, length: usize) -> Result<usize, Wrong> {
    let behind = at + length;
    match out.top() {
        "TextUrl" | "CustomEmoji" if char_at(text, behind) == Some('(') => {
            let from = behind + 1;
            let Some(end) = url_end(text, from) else {
                return wrong(format!("Can't find end of a URL at byte offset {from}"));
            };
            let url = text.get(from..end).unwrap_or_default().to_owned();
            out.end(&url);
            Ok(end + 1)
        }
        "CustomEmoji" => wrong("The entity must contain a tg://emoji or tg://time URL".to_owned()),
        "BlockQuote" if length == 1 => {
            out.end("");
            out.push('\n');
            Ok(behind)
        }
        _ => {
            out.end("");
            Ok(behind)
        }
    }
}

/// Where the parenthesis is that ends a URL.
fn url_end(text: &str, from: usize) -> Option<usize> {
    let mut escaped = false;
    for (place, c) in text.get(from..)?.char_indices() {
        match c {
            ')' if !escaped => return Some(from + place),
            _ => escaped = c == '\\' && !escaped,
        }
    }
    None
}

/// Opens what a mark opens; where the text goes on.
fn begin_v2(out: &mut Out, text: &str, at: usize, c: char) -> Result<usize, Wrong> {
    let rest = text.get(at..).unwrap_or_default();
    let starts_line = at == 0 || text.get(..at).is_some_and(|before| before.ends_with('\n'));
    let (kind, length) = match c {
        '\n' => {
            out.push('\n');
            // The mark of a quote that goes on is not seen.
            let goes_on = out.top() == "BlockQuote" && rest.starts_with("\n>");
            return Ok(at + 1 + usize::from(goes_on));
        }
        '_' if rest.starts_with("__") => ("Underline", 2),
        '_' => ("Italic", 1),
        '*' => ("Bold", 1),
        '~' => ("Strikethrough", 1),
        '|' if rest.starts_with("||") => ("Spoiler", 2),
        '[' => ("TextUrl", 1),
        '!' if rest.starts_with("![") => ("CustomEmoji", 2),
        '>' if starts_line => ("BlockQuote", 1),
        '`' if rest.starts_with("```") => return Ok(begin_pre(out, text, at)),
        '`' => ("Code", 1),
        _ => {
            let why =
                format!("Character '{c}' is reserved and must be escaped with the preceding '\\'");
            return wrong(why);
        }
    };
    out.begin(kind, at);
    Ok(at + length)
}

/// Opens a block of code, whose first word is a language where something follows it.
fn begin_pre(out: &mut Out, text: &str, at: usize) -> usize {
    let from = at + 3;
    let rest = text.get(from..).unwrap_or_default();
    let word = rest.find(|c: char| c.is_whitespace() || c == '`');
    match word.filter(|end| *end > 0 && !rest.get(*end..).unwrap_or_default().starts_with('`')) {
        Some(end) => {
            out.begin("PreCode", at);
            from + end + line_end(rest.get(end..).unwrap_or_default())
        }
        None => {
            out.begin("Pre", at);
            from + line_end(rest)
        }
    }
}

/// Bytes of a line's end that the text begins with.
fn line_end(text: &str) -> usize {
    match text {
        text if text.starts_with("\r\n") => 2,
        text if text.starts_with('\n') => 1,
        _ => 0,
    }
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

/// The old mode: nothing nests, and a backslash protects four characters.
fn markdown(text: &str) -> Result<Parsed, Wrong> {
    let mut out = Out::default();
    let mut at = 0;
    while let Some(c) = char_at(text, at) {
        let next = char_at(text, at + 1).filter(|next| "_*`[".contains(*next));
        if let ('\\', Some(escaped)) = (c, next) {
            out.push(escaped);
            at += 2;
            continue;
        }
        if !"_*`[".contains(c) {
            out.push(c);
            at += c.len_utf8();
            continue;
        }
        let pre = c == '`' && text.get(at..).is_some_and(|rest| rest.starts_with("```"));
        let (kind, mark, close) = match c {
            '_' => ("Italic", 1, "_"),
            '*' => ("Bold", 1, "*"),
            '[' => ("TextUrl", 1, "]"),
            _ if pre => ("Pre", 3, "```"),
            _ => ("Code", 1, "`"),
        };
        let inner = text.get(at + mark..).unwrap_or_default();
        let Some(end) = inner.find(close) else {
            return wrong(format!(
                "Can't find end of the entity starting at byte offset {at}"
            ));
        };
        let skipped = if pre {
            begin_pre(&mut out, text, at) - at - mark
        } else {
            out.begin(kind, at);
            0
        };
        let shown = inner.get(skipped..end).unwrap_or_default();
        shown.chars().for_each(|c| out.push(c));
        at += mark + end + close.len();
        let url = text.get(at..).and_then(|rest| rest.strip_prefix('('));
        let url = url
            .filter(|_| c == '[')
            .and_then(|url| url.split_once(')'))
            .map(|(url, _)| url);
        out.end(url.unwrap_or_default());
        at += url.map_or(0, |url| url.len() + 2);
    }
    Ok(out.parsed)
}

/// Tags that have a meaning.
const TAGS: [&str; 15] = [
    "a",
    "b",
    "strong",
    "i",
    "em",
    "s",
    "strike",
    "del",
    "u",
    "ins",
    "tg-spoiler",
    "tg-emoji",
    "span",
    "pre",
    "code",
];

fn html(text: &str) -> Result<Parsed, Wrong> {
    let mut out = Out::default();
    let mut at = 0;
    while let Some(c) = char_at(text, at) {
        let rest = text.get(at..).unwrap_or_default();
        at += match c {
            '&' => {
                let (decoded, length) = reference(rest).unwrap_or(('&', 1));
                out.push(decoded);
                length
            }
            '<' if rest.starts_with("</") => end_tag(&mut out, rest, at)?,
            '<' => start_tag(&mut out, rest, at)?,
            other => {
                out.push(other);
                other.len_utf8()
            }
        };
    }
    match out.open.last() {
        Some(open) => wrong(format!(
            "Can't find end tag corresponding to start tag \"{}\"",
            open.kind
        )),
        None => Ok(out.parsed),
    }
}

/// The character that a reference at the start of a text stands for, and the bytes of it.
fn reference(text: &str) -> Option<(char, usize)> {
    const LENGTH_MAX: usize = 12;
    let end = text
        .bytes()
        .take(LENGTH_MAX)
        .position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let number = |digits: &str, radix| {
        u32::from_str_radix(digits, radix)
            .ok()
            .and_then(char::from_u32)
    };
    let decoded = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        _ => match name.strip_prefix("#x") {
            Some(hex) => number(hex, 16)?,
            None => number(name.strip_prefix('#')?, 10)?,
        },
    };
    Some((decoded, end + 1))
}

/// Opens what a tag opens; how many bytes it has.
fn start_tag(out: &mut Out, rest: &str, at: usize) -> Result<usize, Wrong> {
    let inner = rest.get(1..).unwrap_or_default();
    let Some(end) = inner.find(|c: char| c.is_whitespace() || c == '>') else {
        return wrong(format!("Unclosed start tag at byte offset {at}"));
    };
    let name = inner.get(..end).unwrap_or_default().to_ascii_lowercase();
    if !TAGS.contains(&name.as_str()) && name != "blockquote" {
        return wrong(format!(
            "Unsupported start tag \"{name}\" at byte offset {at}"
        ));
    }
    let mut quote = None;
    let close = inner
        .char_indices()
        .skip_while(|(place, _)| *place < end)
        .find(|(_, c)| {
            match (quote, *c) {
                (None, '"' | '\'') => quote = Some(*c),
                (Some(open), c) if open == c => quote = None,
                _ => {}
            }
            quote.is_none() && *c == '>'
        });
    let Some((close, _)) = close else {
        return wrong(format!("Unclosed start tag at byte offset {at}"));
    };
    let attributes = inner.get(end..close).unwrap_or_default();
    if name == "span" && !attributes.contains("tg-spoiler") {
        return wrong(format!(
            "Tag \"span\" must have class \"tg-spoiler\" at byte offset {at}"
        ));
    }
    out.begin(&name, at);
    Ok(close + 2)
}

/// Closes what a tag closes; how many bytes it has.
fn end_tag(out: &mut Out, rest: &str, at: usize) -> Result<usize, Wrong> {
    if out.open.is_empty() {
        return wrong(format!("Unexpected end tag at byte offset {at}"));
    }
    let Some(end) = rest.find('>') else {
        return wrong(format!("Unclosed end tag at byte offset {at}"));
    };
    let name = rest
        .get(2..end)
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let top = out.top();
    if !name.is_empty() && name != top {
        let why = format!(
            "Unmatched end tag at byte offset {at}, expected \"</{top}>\", found \"</{name}>\""
        );
        return wrong(why);
    }
    out.end("");
    Ok(end + 1)
}
