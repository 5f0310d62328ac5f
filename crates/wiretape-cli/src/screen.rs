//! What the terminal can show, and text made fit for it.

use std::io::IsTerminal;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;
use wiretape_check::words::visible;
pub(crate) use wiretape_check::words::{duration, grouped};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const CALL: Style = AnsiColor::Cyan.on_default();
pub(crate) const THOUGHT: Style = AnsiColor::Magenta.on_default();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const STRONG: Style = Style::new().bold();

/// What standard output and standard error can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Columns of the terminal at standard output; `None` where it is none.
    pub width: Option<usize>,
    /// Standard output shows colour.
    pub colour: bool,
    /// Standard error shows colour.
    pub err_colour: bool,
    /// Standard error is a terminal, so that a progress bar makes sense.
    pub bars: bool,
}

impl Screen {
    /// The terminal of this process. `NO_COLOR` and `TERM=dumb` turn colour off.
    #[must_use]
    pub fn detect() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let allowed = !set("NO_COLOR") && !dumb;
        let out = std::io::stdout().is_terminal();
        let err = std::io::stderr().is_terminal();
        let size = console::Term::stdout().size_checked();
        Self {
            width: out.then(|| size.map_or(80, |(_, columns)| usize::from(columns).max(40))),
            colour: out && allowed,
            err_colour: err && allowed,
            bars: err && !dumb,
        }
    }

    /// The style where standard output shows colour, else none.
    pub(crate) const fn style(self, style: Style) -> Style {
        if self.colour { style } else { Style::new() }
    }

    pub(crate) const fn err_style(self, style: Style) -> Style {
        if self.err_colour { style } else { Style::new() }
    }
}

/// Columns that the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The text without what could move the cursor, colour the screen or turn the writing round:
/// a control character becomes its picture.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| visible(c, false)).collect()
}

/// The text in at most so many columns; what was left out is marked by `…`.
pub(crate) fn elide(text: &str, columns: usize) -> String {
    let mut kept = String::new();
    let mut used = 0;
    // Where to cut if the rest turns out not to fit: the place that leaves a column for the mark.
    let mut fits = 0;
    for c in text.chars() {
        let next = used + char_width(c);
        if next > columns {
            kept.truncate(fits);
            if columns > 0 {
                kept.push('…');
            }
            return kept;
        }
        kept.push(c);
        used = next;
        if used < columns {
            fits = kept.len();
        }
    }
    kept
}

/// The text in exactly so many columns, at the left.
pub(crate) fn left(text: &str, columns: usize) -> String {
    let mut text = elide(text, columns);
    let used = width(&text);
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    text
}

/// The text in at least so many columns, at the right.
pub(crate) fn right(text: &str, columns: usize) -> String {
    let mut padded = " ".repeat(columns.saturating_sub(width(text)));
    padded.push_str(text);
    padded
}

/// The path as a shell takes it.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | '=');
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `9,128`, `91k`, `9.1M`: five columns at most below 10^12.
pub(crate) fn compact(n: u64) -> String {
    for (unit, sign) in [(1_000_000_000, 'G'), (1_000_000, 'M'), (1_000, 'k')] {
        if unit == 1_000 && n < 10_000 {
            break;
        }
        let tenths = n / (unit / 10);
        if tenths >= 100 {
            return format!("{}{sign}", n / unit);
        }
        if n >= unit {
            return format!("{}.{}{sign}", tenths / 10, tenths % 10);
        }
    }
    grouped(n)
}

/// `9,128 B`, `14 kB`, `1.5 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let text = compact(bytes);
    match text.strip_suffix(['k', 'M', 'G']) {
        Some(number) => format!("{number} {}B", text.trim_start_matches(number)),
        None => format!("{text} B"),
    }
}

/// `1 call`, `2 calls`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(n as u64))
}
