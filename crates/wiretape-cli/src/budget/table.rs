//! The plan as a table.

use wiretape_core::budget::{Cut, Fitted, Overfull};
use wiretape_core::conversation::{Conversation, Role, Words};

use super::Subject;
use crate::exit::Fault;
use crate::{Io, screen};

/// At most so many cuts are listed; the rest is counted.
const LISTED: usize = 40;

/// Columns of a table that is not printed on a terminal.
const COLUMNS: usize = 100;

/// What is printed of a cut.
pub(super) struct Row {
    pub(super) what: &'static str,
    /// The first message and the last.
    pub(super) messages: (usize, usize),
    pub(super) part: Option<usize>,
    /// The tool's, of a result; the role's, of a group.
    pub(super) name: String,
    pub(super) saves: u64,
    pub(super) why: &'static str,
}

impl Row {
    pub(super) fn of(conversation: &Conversation, cut: &Cut) -> Self {
        match cut {
            Cut::Truncate {
                message,
                part,
                saves,
                current,
            } => Self {
                what: "truncate",
                messages: (*message, *message),
                part: Some(*part),
                name: tool(conversation, *message, *part),
                saves: *saves,
                why: match current {
                    true => "nothing older is left to cut",
                    false => "large results first, oldest first",
                },
            },
            Cut::Drop { messages, saves } => Self {
                what: "drop",
                messages: (messages.start, messages.end.saturating_sub(1)),
                part: None,
                name: group(conversation, messages.start),
                saves: *saves,
                why: "oldest group",
            },
            _ => Self {
                what: "other",
                messages: (0, 0),
                part: None,
                name: String::new(),
                saves: 0,
                why: "",
            },
        }
    }

    fn place(&self) -> String {
        match self.messages {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}-{last}"),
        }
    }
}

/// The name of the tool whose result this is.
fn tool(conversation: &Conversation, message: usize, part: usize) -> String {
    let messages = conversation.messages();
    let result = messages
        .get(message)
        .and_then(|message| message.parts().get(part));
    let id = result.map(|part| part.id.as_str()).unwrap_or_default();
    let before = messages.iter().take(message).rev();
    let mut calls = before.flat_map(|message| message.calls());
    let call = calls.find(|call| call.id == id);
    format!("result of {}", call.map_or(id, |call| &call.name))
}

fn group(conversation: &Conversation, first: usize) -> String {
    let Some(message) = conversation.messages().get(first) else {
        return String::new();
    };
    match message.calls().count() {
        0 => message.role().name().into(),
        calls => format!("{} with {}", Role::Assistant, screen::count(calls, "call")),
    }
}

pub(super) fn write(subject: &Subject<'_>, io: &mut Io<'_>) -> Result<(), Fault> {
    limits(subject, io)?;
    let flaws = match subject.result {
        Ok(fitted) => {
            cuts(subject, fitted, io)?;
            fitted.flaws.clone()
        }
        Err(overfull) => {
            too_much(overfull, io)?;
            subject.conversation.refusals()
        }
    };
    let warn = io.screen.style(screen::WARN);
    for flaw in &flaws {
        let text = screen::clean(&flaw.to_string());
        let ours = match flaw.words {
            Words::Ours => " (in our words)",
            Words::Provider => "",
        };
        writeln!(io.out, "{warn}refused:{warn:#} {text}{ours}")?;
    }
    let repairs = subject.result.map(|fitted| fitted.repairs.as_slice());
    let good = io.screen.style(screen::GOOD);
    for repair in repairs.unwrap_or_default() {
        let what = repair.what;
        writeln!(
            io.out,
            "{good}repaired:{good:#} message {}: {what}",
            repair.message
        )?;
    }
    Ok(())
}

fn limits(subject: &Subject<'_>, io: &mut Io<'_>) -> Result<(), Fault> {
    let strong = io.screen.style(screen::STRONG);
    let dim = io.screen.style(screen::FAINT);
    let options = subject.options;
    let model = subject.model.as_deref().map(screen::clean);
    let model = model.map_or_else(String::new, |model| format!(", {model}"));
    let messages = screen::count(subject.conversation.messages().len(), "message");
    writeln!(
        io.out,
        "{strong}{}{strong:#}  {dim}{}{model}, {messages}, counted with {}{dim:#}",
        screen::clean(&subject.file),
        subject.conversation.dialect(),
        subject.args.counter.name(),
    )?;
    let percent = u128::from(options.window) * u128::from(options.threshold_percent) / 100;
    let threshold = u64::try_from(percent).unwrap_or(u64::MAX);
    let rows = [
        ("window", options.window, String::new()),
        (
            "usable",
            threshold,
            format!("{} % of the window", options.threshold_percent),
        ),
        ("reply", subject.max_tokens, "max_tokens".into()),
        ("fixed", subject.fixed, "system prompt and tools".into()),
    ];
    for (name, tokens, note) in rows {
        let tokens = screen::right(&screen::grouped(tokens), 12);
        writeln!(
            io.out,
            "  {}{tokens}  {dim}{note}{dim:#}",
            screen::left(name, 9)
        )?;
    }
    Ok(())
}

fn cuts(subject: &Subject<'_>, fitted: &Fitted, io: &mut Io<'_>) -> Result<(), Fault> {
    let plan = &fitted.plan;
    let dim = io.screen.style(screen::FAINT);
    let good = io.screen.style(screen::GOOD);
    let number = |tokens: u64| screen::right(&screen::grouped(tokens), 12);
    writeln!(io.out, "  allowed  {}", number(plan.allowed))?;
    writeln!(io.out, "  messages {}", number(plan.before))?;
    if plan.cuts.is_empty() {
        writeln!(io.out, "{good}it fits: nothing is cut{good:#}")?;
        return Ok(());
    }
    writeln!(io.out, "  after    {}", number(plan.after))?;
    let rows: Vec<Row> = plan
        .cuts
        .iter()
        .map(|cut| Row::of(subject.conversation, cut))
        .collect();
    let places = rows.iter().map(|row| screen::width(&row.place()));
    let place = places.max().unwrap_or(0).max("message".len());
    let names = rows.iter().map(|row| screen::width(&row.name));
    let name = names.max().unwrap_or(0).clamp("of".len(), 32);
    let columns = io.screen.width.unwrap_or(COLUMNS);
    writeln!(
        io.out,
        "{dim}{}  {}  {}  {}  why{dim:#}",
        screen::left("message", place),
        screen::left("cut", 8),
        screen::left("of", name),
        screen::right("saves", 10),
    )?;
    for row in rows.iter().take(LISTED) {
        let line = format!(
            "{}  {}  {}  {}  {}",
            screen::left(&row.place(), place),
            screen::left(row.what, 8),
            screen::left(&screen::clean(&row.name), name),
            screen::right(&screen::grouped(row.saves), 10),
            row.why,
        );
        writeln!(io.out, "{}", screen::elide(&line, columns))?;
    }
    if rows.len() > LISTED {
        writeln!(
            io.out,
            "and {} more: --json lists them all",
            rows.len() - LISTED
        )?;
    }
    writeln!(io.out, "{good}{}{good:#}", sum(subject, fitted))?;
    Ok(())
}

/// What the plan comes to, in one line.
pub(super) fn sum(subject: &Subject<'_>, fitted: &Fitted) -> String {
    let plan = &fitted.plan;
    if plan.cuts.is_empty() {
        let (tokens, allowed) = (screen::grouped(plan.after), screen::grouped(plan.allowed));
        return format!("it fits: {tokens} of {allowed} tokens, nothing is cut");
    }
    let dropped = plan.cuts.iter().map(|cut| match cut {
        Cut::Drop { messages, .. } => messages.len(),
        _ => 0,
    });
    let dropped: usize = dropped.sum();
    let results = plan
        .cuts
        .iter()
        .filter(|cut| matches!(cut, Cut::Truncate { .. }))
        .count();
    format!(
        "it fits: {} of {} tokens, with {} truncated and {} of {} dropped",
        screen::grouped(plan.after),
        screen::grouped(plan.allowed),
        screen::count(results, "result"),
        screen::count(dropped, "message"),
        screen::grouped(subject.conversation.messages().len() as u64),
    )
}

fn too_much(overfull: &Overfull, io: &mut Io<'_>) -> Result<(), Fault> {
    let bad = io.screen.style(screen::BAD);
    let number = |tokens: u64| screen::right(&screen::grouped(tokens), 12);
    writeln!(io.out, "  allowed  {}", number(overfull.allowed))?;
    writeln!(io.out, "  pinned   {}", number(overfull.pinned))?;
    let parts = [
        ("system", overfull.system),
        ("task", overfull.first_user),
        ("turn", overfull.current_turn),
        ("caller", overfull.caller),
    ];
    for (name, tokens) in parts.into_iter().filter(|(_, tokens)| *tokens > 0) {
        writeln!(io.out, "    {}{}", screen::left(name, 7), number(tokens))?;
    }
    let over = screen::grouped(overfull.pinned.saturating_sub(overfull.allowed));
    writeln!(
        io.out,
        "{bad}it does not fit: what must stay is {over} tokens too much{bad:#}"
    )?;
    Ok(())
}
