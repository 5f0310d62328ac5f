//! Markdown as models write it into the HTML that Telegram takes:
//! <https://core.telegram.org/bots/api#html-style>.
//!
//! Tags always come in pairs and nest, and what is no markup is text, so that nothing written here is
//! refused for its entities (M-06): a `snake_case` name, a lone `*`, a `<` are shown as they are. A
//! text is at most a message long, which bounds the searches for what closes.

use alloc::string::String;

/// Emphasis that is open: none may hold itself.
#[derive(Clone, Copy, Default)]
struct Open {
    bold: bool,
    italic: bool,
    struck: bool,
    link: bool,
}

/// The text, marked up.
pub(super) fn html(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len() + markdown.len() / 8);
    let mut rest = markdown;
    while !rest.is_empty() {
        rest = match fence(rest) {
            Some(fence) => {
                fence.write(&mut out);
                fence.rest
            }
            None => block(rest, &mut out),
        };
    }
    if out.trim().is_empty() {
        // A fence without code: what is blank is refused.
        out.clear();
        escape(markdown, &mut out);
    }
    out
}

/// A block of code between lines of three backticks.
struct Fence<'a> {
    language: &'a str,
    code: &'a str,
    rest: &'a str,
}

/// The block of code that the text begins with. One that is not closed goes to the end.
fn fence(text: &str) -> Option<Fence<'_>> {
    let (first, mut code) = line(text);
    let language = first.trim_end().strip_prefix("```")?;
    if language.contains('`') {
        return None;
    }
    let from = code;
    loop {
        let (next, behind) = line(code);
        let end = from.len() - code.len();
        if next.is_empty() || next.trim() == "```" {
            let code = from.get(..end).unwrap_or_default();
            return Some(Fence {
                language: language.trim(),
                code: code.strip_suffix('\n').unwrap_or(code),
                rest: behind,
            });
        }
        code = behind;
    }
}

impl Fence<'_> {
    fn write(&self, out: &mut String) {
        if self.code.trim().is_empty() {
            return;
        }
        if self.language.is_empty() {
            out.push_str("<pre>");
        } else {
            out.push_str("<pre><code class=\"language-");
            escape(self.language, out);
            out.push_str("\">");
        }
        escape(self.code, out);
        out.push_str(if self.language.is_empty() {
            "</pre>"
        } else {
            "</code></pre>"
        });
        if !self.rest.is_empty() {
            out.push('\n');
        }
    }
}

/// Writes the lines up to a blank one, a heading or a fence, within which emphasis opens and closes;
/// what is left.
fn block<'a>(text: &'a str, out: &mut String) -> &'a str {
    let (first, mut rest) = line(text);
    if let Some(title) = heading(first) {
        out.push_str("<b>");
        let open = Open {
            bold: true,
            ..Open::default()
        };
        inline(title, open, out);
        out.push_str("</b>");
        out.push_str(first.get(first.trim_end().len()..).unwrap_or_default());
        return rest;
    }
    loop {
        let (next, behind) = line(rest);
        let ends = next.trim().is_empty() || heading(next).is_some() || next.starts_with("```");
        if ends {
            let end = text.len() - rest.len();
            inline(text.get(..end).unwrap_or_default(), Open::default(), out);
            return rest;
        }
        rest = behind;
    }
}

/// The title of a heading, without blanks around it.
fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    let marks = line.len() - title.len();
    let title = title.strip_prefix(' ').filter(|_| (1..=6).contains(&marks));
    title.map(str::trim).filter(|title| !title.is_empty())
}

/// The first line with its end, and what follows.
fn line(text: &str) -> (&str, &str) {
    let end = text.find('\n').map_or(text.len(), |at| at + 1);
    text.split_at(end)
}

/// Writes text with code, links and emphasis in it.
fn inline(text: &str, open: Open, out: &mut String) {
    let (mut rest, mut before) = (text, None);
    while let Some(c) = rest.chars().next() {
        if let Some(behind) = marked(rest, before, open, out) {
            let read = rest.len() - behind.len();
            before = rest.get(..read).and_then(|read| read.chars().next_back());
            rest = behind;
            continue;
        }
        // A run of marks that opens nothing is text as a whole.
        let run = rest.len() - rest.trim_start_matches(c).len();
        let end = if "`*_~".contains(c) {
            run
        } else {
            c.len_utf8()
        };
        let (plain, behind) = rest.split_at(end);
        escape(plain, out);
        (rest, before) = (behind, Some(c));
    }
}

/// Writes what is marked up where the text begins, and gives what follows; `None` where nothing is.
fn marked<'a>(
    text: &'a str,
    before: Option<char>,
    open: Open,
    out: &mut String,
) -> Option<&'a str> {
    match text.chars().next()? {
        '`' => code(text, out),
        '[' if !open.link => link(text, open, out),
        c @ ('*' | '_') => {
            let run = text.len() - text.trim_start_matches(c).len();
            let word = before.is_some_and(char::is_alphanumeric);
            match run {
                1 if !open.italic && !word => {
                    let open = Open {
                        italic: true,
                        ..open
                    };
                    emphasis(text, run, "i", open, out)
                }
                2 if !(open.bold || word && c == '_') => {
                    let open = Open { bold: true, ..open };
                    emphasis(text, run, "b", open, out)
                }
                _ => None,
            }
        }
        '~' if text.starts_with("~~") && !open.struck => {
            let open = Open {
                struck: true,
                ..open
            };
            emphasis(text, 2, "s", open, out)
        }
        _ => None,
    }
}

/// Text between two marks of `run` characters, which touch it and no other mark.
fn emphasis<'a>(
    text: &'a str,
    run: usize,
    tag: &str,
    open: Open,
    out: &mut String,
) -> Option<&'a str> {
    let (mark, inner) = text.split_at_checked(run)?;
    let c = mark.chars().next()?;
    if inner.starts_with(char::is_whitespace) {
        return None;
    }
    let mut from = 0;
    loop {
        let at = from + inner.get(from..)?.find(c)?;
        let behind = inner.get(at..)?;
        let here = behind.len() - behind.trim_start_matches(c).len();
        let (kept, rest) = (inner.get(..at)?, behind.get(here..)?);
        let word = (run == 1 || c == '_') && rest.starts_with(char::is_alphanumeric);
        if here == run && !kept.is_empty() && !kept.ends_with(char::is_whitespace) && !word {
            tagged(tag, kept, open, out);
            return Some(rest);
        }
        from = at + here;
    }
}

fn tagged(tag: &str, inner: &str, open: Open, out: &mut String) {
    for part in ["<", tag, ">"] {
        out.push_str(part);
    }
    inline(inner, open, out);
    for part in ["</", tag, ">"] {
        out.push_str(part);
    }
}

/// Text between two equal runs of backticks.
fn code<'a>(text: &'a str, out: &mut String) -> Option<&'a str> {
    let inner = text.trim_start_matches('`');
    let run = text.len() - inner.len();
    let mut from = 0;
    loop {
        let at = from + inner.get(from..)?.find('`')?;
        let behind = inner.get(at..)?;
        let here = behind.len() - behind.trim_start_matches('`').len();
        let kept = inner.get(..at)?;
        if here == run && !kept.trim().is_empty() {
            out.push_str("<code>");
            escape(kept, out);
            out.push_str("</code>");
            return behind.get(here..);
        }
        from = at + here;
    }
}

/// `[text](address)`, where the address is one that a client opens.
fn link<'a>(text: &'a str, open: Open, out: &mut String) -> Option<&'a str> {
    let (name, behind) = text.strip_prefix('[')?.split_once("](")?;
    let (address, rest) = behind.split_once(')')?;
    let known = ["http://", "https://", "tg://", "mailto:"];
    let opens = known.iter().any(|scheme| address.starts_with(scheme));
    if !opens
        || name.trim().is_empty()
        || name.contains(['[', ']'])
        || address.contains(char::is_whitespace)
    {
        return None;
    }
    out.push_str("<a href=\"");
    escape(address, out);
    out.push_str("\">");
    inline(name, Open { link: true, ..open }, out);
    out.push_str("</a>");
    Some(rest)
}

/// Writes text in which nothing is markup.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(c),
        }
    }
}
