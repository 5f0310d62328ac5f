//! Do these messages show that text? Knows nothing of how it was cut.

use std::collections::BTreeSet;

/// Longest decoration that opens or closes a message.
const DECORATION_MAX: usize = 48;

/// The messages, in order, show the source from its start: whole, if `complete`. Blanks may be missing
/// where one message ends and the next begins; a message may open and close what is open there.
pub(super) fn covers(source: &str, messages: &[String], complete: bool) -> Result<(), String> {
    let mut dead = BTreeSet::new();
    if follows(source, 0, messages, complete, &mut dead) {
        return Ok(());
    }
    let furthest = dead.iter().map(|(at, _)| *at).max().unwrap_or(0);
    let around = source[furthest..].chars().take(60).collect::<String>();
    Err(format!(
        "{} messages do not show the text; the source goes on with {around:?}, of {} bytes at {furthest}\n{}",
        messages.len(),
        source.len(),
        messages
            .iter()
            .map(|m| brief(m))
            .collect::<Vec<_>>()
            .join("\n")
    ))
}

/// `dead`: from there, that many messages were seen not to follow.
fn follows(
    source: &str,
    at: usize,
    messages: &[String],
    complete: bool,
    dead: &mut BTreeSet<(usize, usize)>,
) -> bool {
    if dead.contains(&(at, messages.len())) {
        return false;
    }
    let rest = &source[at..];
    let Some((message, others)) = messages.split_first() else {
        let ends = !complete || rest.trim().is_empty();
        if !ends {
            dead.insert((at, 0));
        }
        return ends;
    };
    let bare = at + (rest.len() - rest.trim_start().len());
    // What is likely first: nothing is missing, all blanks are, all but what the next line is
    // indented by; then each number of them.
    let blanks = &source[at..bare];
    let indent = at + blanks.rfind('\n').map_or(0, |line| line + 1);
    let each = (at..bare).filter(|start| source.is_char_boundary(*start));
    let starts = [at, bare, indent].into_iter().chain(each);
    for start in starts {
        for body in bodies(message) {
            let common = common(&source[start..], body);
            // The longest match first; a shorter one where the source repeats the decoration.
            for len in (common.saturating_sub(DECORATION_MAX)..=common).rev() {
                let closes = body.is_char_boundary(len) && is_closer(&body[len..]);
                if closes
                    && source.is_char_boundary(start + len)
                    && (len > 0 || body.is_empty())
                    && follows(source, start + len, others, complete, dead)
                {
                    return true;
                }
            }
        }
    }
    dead.insert((at, messages.len()));
    false
}

/// The message without each decoration it may open with, the plain message first.
fn bodies(message: &str) -> Vec<&str> {
    let mut found = vec![message];
    let marks = message.len() - message.trim_start_matches(['*', '_', '~', '`']).len();
    found.extend((1..=marks.min(16)).map(|len| &message[len..]));
    if message.starts_with("```") || message.starts_with("~~~") {
        found.extend(message.split_once('\n').map(|(_, body)| body));
    }
    found
}

fn is_closer(text: &str) -> bool {
    text.len() <= DECORATION_MAX && text.chars().all(|c| "*_~`\n".contains(c))
}

fn common(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let mut len = same;
    while !a.is_char_boundary(len) || !b.is_char_boundary(len) {
        len -= 1;
    }
    len
}

/// The text's two ends.
pub(super) fn brief(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= 100 {
        return format!("{text:?}");
    }
    let head: String = chars[..40].iter().collect();
    let tail: String = chars[chars.len() - 40..].iter().collect();
    format!("{head:?} … {tail:?}")
}
