//! The plan as one JSON object.

use serde_json::{Value, json};
use wiretape_core::budget::Cut;

use super::Subject;
use super::table::Row;
use crate::Io;
use crate::exit::Fault;

pub(super) fn write(subject: &Subject<'_>, io: &mut Io<'_>) -> Result<(), Fault> {
    let plan = subject.result.ok().map(|fitted| &fitted.plan);
    let overfull = subject.result.err().map(|over| {
        json!({
            "pinned": over.pinned, "system": over.system, "first_user": over.first_user,
            "caller": over.caller, "current_turn": over.current_turn,
        })
    });
    let flaws = subject.conversation.refusals();
    let flaws = flaws.iter().map(|flaw| {
        json!({"message": flaw.message, "kind": flaw.kind.name(), "refusal": flaw.refusal,
            "words": flaw.words.name()})
    });
    let repairs = subject.result.map(|fitted| fitted.repairs.as_slice());
    let repairs = repairs.unwrap_or_default().iter().map(|repair| {
        json!({"message": repair.message, "kind": repair.kind.name(), "what": repair.what})
    });
    let allowed = match subject.result {
        Ok(fitted) => fitted.plan.allowed,
        Err(overfull) => overfull.allowed,
    };
    let cuts = plan.map(|plan| plan.cuts.as_slice()).unwrap_or_default();
    let line = json!({
        "file": subject.file,
        "dialect": subject.conversation.dialect().name(),
        "model": subject.model,
        "counter": subject.args.counter.name(),
        "window": subject.options.window,
        "threshold_percent": subject.options.threshold_percent,
        "max_tokens": subject.max_tokens,
        "fixed": subject.fixed,
        "allowed": allowed,
        "before": plan.map(|plan| plan.before),
        "after": plan.map(|plan| plan.after),
        "messages": subject.conversation.messages().len(),
        "cuts": cuts.iter().map(|cut| self::cut(subject, cut)).collect::<Vec<_>>(),
        "flaws": flaws.collect::<Vec<_>>(),
        "repairs": repairs.collect::<Vec<_>>(),
        "overfull": overfull,
    });
    writeln!(io.out, "{line}")?;
    Ok(())
}

fn cut(subject: &Subject<'_>, cut: &Cut) -> Value {
    let row = Row::of(subject.conversation, cut);
    let (first, last) = row.messages;
    json!({
        "what": row.what, "messages": [first, last], "part": row.part, "name": row.name,
        "saves": row.saves, "why": row.why,
    })
}
