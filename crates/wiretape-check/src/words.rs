//! Numbers and texts as people read them: in reports, and in what the command prints.

/// `12,345`.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 case`, `2 cases`.
#[must_use]
pub fn count(n: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { several })
}

/// `430 ns`, `812 µs`, `34.5 ms`, `2.31 s`, `3 min 4 s`.
#[must_use]
pub fn duration(ns: u64) -> String {
    match ns {
        0 => "0 s".into(),
        1..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} µs", ns / 1_000),
        1_000_000..1_000_000_000 => format!("{}.{} ms", ns / 1_000_000, ns / 100_000 % 10),
        1_000_000_000..100_000_000_000 => {
            format!("{}.{:02} s", ns / 1_000_000_000, ns / 10_000_000 % 100)
        }
        _ => {
            let s = ns / 1_000_000_000;
            format!("{} min {} s", grouped(s / 60), s % 60)
        }
    }
}

/// What cannot be seen, or would turn the writing round, as something that can: a control character
/// becomes its picture. Line ends stay where `lines` says so.
#[must_use]
pub fn visible(c: char, lines: bool) -> char {
    match c {
        '\n' | '\t' if lines => c,
        '\n' | '\u{2028}' | '\u{2029}' => '⏎',
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '␡',
        '\u{80}'..='\u{9f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{fffe}'
        | '\u{ffff}' => '\u{fffd}',
        _ => c,
    }
}
