//! A whole reply on each platform, call by call: moment, call, length, answer. Snapshots to be read.

use std::fmt::Write as _;

use wiretape_core::Moment;
use wiretape_core::forward::{Action, Answer, Options, Platform, Scope, Throttle, Via};

use super::drive::{Say, Script, drive};
use super::world::{Fate, MILLI, SECOND, World};

/// Ten seconds of text, a tool for forty, ten more; the third call meets a 429.
fn script() -> Script {
    let words = "The reply of a model comes in small pieces, a few each second. ".repeat(6);
    let code = "```rust\nfn main() {\n    println!(\"Hello\");\n}\n```\n".repeat(4);
    let mut script = Script::new();
    let mut now = 0;
    for part in [format!("{words}\n\n"), format!("{code}{words}")] {
        let chars: Vec<char> = part.chars().collect();
        for piece in chars.chunks(9) {
            script.push((Moment(now), Say::Text(piece.iter().collect())));
            now += 200 * MILLI;
        }
        script.push((Moment(now), Say::Break));
        now += 40 * SECOND;
    }
    script.push((Moment(now - 40 * SECOND), Say::End));
    script
}

fn check(name: &str, platform: Platform) {
    let mut policy = platform.policy();
    policy.text_max = policy.text_max.min(500);
    let mut world = World::new(&[], policy.text_max, policy.unit);
    world.growth = policy.growth;
    let limited = Answer::Limited {
        retry_after_ns: Some(6 * SECOND),
        scope: Scope::Chat,
    };
    world
        .fates
        .extend([Fate::Taken, Fate::Taken, Fate::Refused(limited)]);
    let run = drive(Throttle::new(policy, Options::default()), world, &script());
    assert!(
        run.world.violations.is_empty(),
        "{:?}",
        run.world.violations
    );
    let mut lines = String::new();
    for call in &run.world.calls {
        let at = call.sent.0 / MILLI;
        let _ = write!(lines, "{:>3}.{:03} ", at / 1000, at % 1000);
        let means = |via| match via {
            Via::Message => String::new(),
            Via::Stream { sequence } => format!(" stream {sequence}"),
            Via::StreamEnd { sequence } => format!(" stream {sequence}, last"),
        };
        let len = |text: &str| run.world.unit.len(text);
        let _ = match &call.action {
            Action::Post { text, via, .. } => {
                write!(lines, "post    {:>4}{}", len(text), means(*via))
            }
            Action::Edit {
                message, text, via, ..
            } => {
                write!(lines, "edit {message} {:>4}{}", len(text), means(*via))
            }
            other => write!(lines, "{other:?}"),
        };
        let _ = match &call.answer {
            Answer::Posted { message } => writeln!(lines, "  {message}"),
            Answer::Done => writeln!(lines),
            other => writeln!(lines, "  {other:?}"),
        };
    }
    let ended = run.ended_at.unwrap().0 / MILLI;
    let _ = writeln!(
        lines,
        "{:>3}.{:03} end of the reply",
        ended / 1000,
        ended % 1000
    );
    let _ = writeln!(lines, "{:?}", run.outcome.unwrap());
    insta::assert_snapshot!(name, lines);
}

#[test]
fn a_reply_on_each_platform() {
    check("slack", Platform::Slack);
    check("slack_stream", Platform::SlackStream);
    check("discord", Platform::Discord);
    check("telegram", Platform::Telegram);
    check("telegram_group", Platform::TelegramGroup);
    check("teams", Platform::Teams);
    check("plain", Platform::Plain);
}
