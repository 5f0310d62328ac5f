//! The untouched tape: a client that fails or varies on it cannot be judged by it.

use super::compare::{self, Arguments, Done};
use super::deed::{Content, Deed, Finish};
use super::permit::Blame;
use super::{Replies, Run};
use crate::{Code, Echo, Observation};

/// What is wrong on the untouched tape, and the exchange.
pub(super) fn judge(run: &Run<'_>) -> Vec<(Blame, usize)> {
    let replies = run.replies;
    let asked = |observation: &Observation| -> Vec<usize> {
        let turns = observation.turns.iter();
        turns.map(|turn| turn.exchange).collect()
    };
    let exchanges = asked(run.seen);
    let mut blames = Vec::new();
    if let Some(blame) = fails(run.seen, &exchanges, replies) {
        blames.push((blame, exchanges.last().copied().unwrap_or(0)));
        return blames;
    }
    let first = exchanges.first().copied().unwrap_or(0);
    blames.extend(varies(run.baseline, run.seen).map(|blame| (blame, first)));
    for turn in &run.seen.turns {
        let (Some(echo), Some(content)) = (&turn.echo, replies.of_exchange(turn.exchange)) else {
            continue;
        };
        let got = without_refused(echo, content);
        let blame = differs(&content.text, &runnable(content), &got);
        blames.extend(blame.map(|blame| (blame, turn.exchange)));
    }
    if let Some(said) = &run.seen.said {
        let all: Option<Vec<&Content>> = exchanges
            .iter()
            .map(|exchange| replies.of_exchange(*exchange))
            .collect();
        if let Some(all) = all {
            let text: String = all.iter().map(|content| content.text.as_str()).collect();
            let calls: Vec<Done> = all.iter().flat_map(|content| runnable(content)).collect();
            let mut got = Deed::of_said(said, false);
            let broken = |call: &Done| all.iter().any(|content| content.broken.contains(call));
            got.refused.retain(|call| !broken(call));
            if said.tool_calls.is_none() {
                got.calls.clone_from(&calls);
            }
            blames.extend(differs(&text, &calls, &got).map(|blame| (blame, first)));
        }
    }
    blames
}

/// The calls that can be run.
pub(super) fn runnable(content: &Content) -> Vec<Done> {
    let sound = |call: &&Done| !content.broken.contains(call);
    content.calls.iter().filter(sound).cloned().collect()
}

/// What a client did, without the calls that nobody can run and that it answered with an error: there
/// is nothing else to do with them.
fn without_refused(echo: &Echo, content: &Content) -> Deed {
    let refused = |call: &Done| {
        let mut asked = echo.calls.iter();
        let answered = asked.any(|asked| {
            let same =
                asked.name == call.name && Arguments::of_text(&asked.arguments) == call.arguments;
            same && asked.results.iter().all(|result| result.is_error)
        });
        answered && content.broken.contains(call)
    };
    let mut deed = Deed::of_echo(echo, echo);
    deed.calls.retain(|call| !refused(call));
    deed.refused.retain(|call| !refused(call));
    deed
}

fn fails(seen: &Observation, asked: &[usize], replies: &Replies) -> Option<Blame> {
    let finish = Finish::of(seen);
    let how = match &finish {
        Finish::Clean if asked.is_empty() => "it asked for nothing".to_owned(),
        Finish::Clean => return None,
        Finish::Failed(why) => format!("it ended with an error: {}", compare::shorten(why, 200)),
        Finish::Gone => format!("its run has no proper end: {:?}", seen.ended),
    };
    // A reply that is no turn may well be an error for its client, too.
    let well = asked
        .iter()
        .all(|exchange| replies.of_exchange(*exchange).is_some());
    let expected = finish.failed() && !well && !asked.is_empty();
    let mut blame = Blame::new(Code::BaselineFails, "a run without an error", how);
    blame.difference = seen
        .misses
        .first()
        .map(|miss| format!("no exchange answers {}: {}", miss.asked, miss.why));
    (!expected).then_some(blame)
}

/// The same twice?
fn varies(first: &Observation, second: &Observation) -> Option<Blame> {
    let blame = |expected: String, seen: String, difference| {
        let expected = format!("the same as the first time: {expected}");
        let mut blame = Blame::new(Code::BaselineVaries, expected, seen);
        blame.difference = difference;
        Some(blame)
    };
    let requests = |observation: &Observation| -> Vec<(usize, usize)> {
        let turns = observation.turns.iter();
        turns
            .map(|turn| (turn.exchange, turn.attempts.len()))
            .collect()
    };
    let [one, two] = [requests(first), requests(second)];
    if one != two {
        let shown = |turns: &[(usize, usize)]| {
            let count: usize = turns.iter().map(|turn| turn.1).sum();
            format!("{count} requests for {} exchanges", turns.len())
        };
        return blame(shown(&one), shown(&two), None);
    }
    let [one, two] = [Finish::of(first), Finish::of(second)];
    if std::mem::discriminant(&one) != std::mem::discriminant(&two) {
        return blame(format!("{one:?}"), format!("{two:?}"), None);
    }
    for (one, two) in deeds(first).into_iter().zip(deeds(second)) {
        if let (Some(one), Some(two)) = (&one.text, &two.text) {
            if one != two {
                let difference = Some(compare::difference(one, two));
                return blame(compare::quoted(one), compare::quoted(two), difference);
            }
        }
        let differ = compare::calls(&one.calls, &two.calls);
        if !differ.is_same() {
            let [one, two] = [one, two].map(|deed| compare::shown(&deed.calls));
            return blame(one, two, None);
        }
    }
    None
}

/// All that a run shows, in a fixed order.
fn deeds(observation: &Observation) -> Vec<Deed> {
    let echoes = observation
        .turns
        .iter()
        .filter_map(|turn| turn.echo.as_ref());
    let mut deeds: Vec<Deed> = echoes.map(|echo| Deed::of_echo(echo, echo)).collect();
    let said = observation.said.as_ref();
    deeds.extend(said.map(|said| Deed::of_said(said, false)));
    deeds
}

/// Against what our reader reads. White space at the ends of a text, and lines between the texts of
/// two replies, are a matter of taste.
fn differs(text: &str, calls: &[Done], got: &Deed) -> Option<Blame> {
    let spare = |text: &str| -> String { text.split_whitespace().collect() };
    if let Some(shown) = &got.text {
        if spare(shown) != spare(text) {
            let expected = format!("the text of the reply: {}", compare::quoted(text));
            let mut blame = Blame::new(Code::BaselineDiffers, expected, compare::quoted(shown));
            blame.difference = Some(compare::difference(text, shown));
            return Some(blame);
        }
    }
    let all: Vec<Done> = got.calls.iter().chain(&got.refused).cloned().collect();
    let differ = compare::calls(calls, &all);
    if differ.is_same() || (differ.is_part() && all.len() == calls.len()) {
        return None;
    }
    let expected = format!("the calls of the reply: {}", compare::shown(calls));
    Some(Blame::new(
        Code::BaselineDiffers,
        expected,
        compare::shown(&all),
    ))
}
