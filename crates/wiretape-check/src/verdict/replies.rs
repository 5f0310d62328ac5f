//! Reply by reply, and the run as a whole: what the client made of them.

use wiretape_vary::Outcome;

use super::compare::{self, Done};
use super::deed::{Deed, Finish, turn_of};
use super::permit::{Blame, Reply, lawful};
use super::{Found, Run, baseline, permits};
use crate::{Code, Echo, TurnSeen};

pub(super) fn judge(found: &mut Found<'_>) {
    let run = found.run;
    let finish = Finish::of(run.seen);
    for turn in &run.seen.turns {
        for blame in by_echo(&run, turn, &finish) {
            found.add(blame, turn.exchange);
        }
    }
    for (blame, exchange) in by_account(&run, &finish) {
        found.add(blame, exchange);
    }
    if let Some((blame, exchange)) = stop(&run, &finish) {
        found.add(blame, exchange);
    }
}

/// By the request behind a reply.
fn by_echo(run: &Run<'_>, turn: &TurnSeen, finish: &Finish) -> Vec<Blame> {
    let before = turn_of(run.baseline, turn.exchange);
    let Some(like) = before.and_then(|before| before.echo.as_ref()) else {
        return Vec::new();
    };
    let permits = permits(run, turn);
    let want = Deed::of_echo(like, like);
    let got = match &turn.echo {
        Some(echo) => Deed::of_echo(echo, like),
        // It did not go on, where it had gone on before: it had nothing to run.
        None => Deed {
            calls: Vec::new(),
            refused: Vec::new(),
            text: None,
            reported: finish.failed(),
        },
    };
    let reply = Reply {
        permits: &permits,
        want: &want,
        got: &got,
        later: &[],
        went_on: turn.echo.is_some(),
        attempts: turn.attempts.len(),
        starts: &[0],
        gone: *finish == Finish::Gone && turn.echo.is_none(),
        joined: false,
        error: finish.words(),
    };
    let mut blames = reply.judge();
    if let Some(echo) = turn.echo.as_ref().filter(|_| blames.is_empty()) {
        blames.extend(order(like, echo));
    }
    blames
}

/// The same calls in another order.
fn order(like: &Echo, echo: &Echo) -> Option<Blame> {
    let [want, got] = [like, echo].map(|echo| Deed::of_echo(echo, like).calls);
    reordered(&want, &got)
}

fn reordered(want: &[Done], got: &[Done]) -> Option<Blame> {
    compare::calls(want, got).order.then(|| {
        let expected = compare::shown(want);
        Blame::new(Code::ToolOrderDiffers, expected, compare::shown(got))
    })
}

/// By the client's own account, which is of the whole run.
fn by_account(run: &Run<'_>, finish: &Finish) -> Vec<(Blame, usize)> {
    let (Some(like), Some(said)) = (&run.baseline.said, &run.seen.said) else {
        return Vec::new();
    };
    let mut want = Deed::of_said(like, Finish::of(run.baseline).failed());
    let mut got = Deed::of_said(said, finish.failed());
    if like.tool_calls.is_none() || said.tool_calls.is_none() {
        want.calls.clear();
        got.calls.clear();
    }
    let first = run.seen.turns.first().map_or(0, |turn| turn.exchange);
    let broken_turn = run
        .seen
        .turns
        .iter()
        .find(|turn| !lawful(&permits(run, turn)));
    let permitted = match broken_turn {
        Some(turn) => permits(run, turn),
        // All of them leave the calls as they were; one may say that the text is another.
        None => run
            .seen
            .turns
            .iter()
            .flat_map(|turn| permits(run, turn))
            .collect(),
    };
    let requests = run.seen.turns.iter().map(|turn| turn.attempts.len());
    let again = requests.clone().any(|count| count > 1);
    let requests = if again { requests.sum() } else { 1 };
    let mut later = Vec::new();
    let mut went_on = false;
    if let Some(turn) = broken_turn {
        let Some(parts) = parts(run, turn.exchange, &want.calls) else {
            return Vec::new();
        };
        // Those of earlier replies are done with.
        for call in &parts.before {
            if let Some(place) = got.calls.iter().position(|done| done == call) {
                got.calls.remove(place);
            }
        }
        want.calls = parts.own;
        went_on = run
            .seen
            .turns
            .iter()
            .any(|other| turn.exchange < other.exchange);
        if went_on {
            later = parts.behind;
        }
    }
    let exchange = broken_turn.map_or(first, |turn| turn.exchange);
    let reply = Reply {
        permits: &permitted,
        want: &want,
        got: &got,
        later: &later,
        went_on,
        attempts: requests,
        starts: &starts(run, &want),
        gone: *finish == Finish::Gone,
        joined: 1 < run.baseline.turns.len(),
        error: finish.words(),
    };
    let mut blames = reply.judge();
    if blames.is_empty() && broken_turn.is_none() {
        blames.extend(reordered(&want.calls, &got.calls));
    }
    blames.into_iter().map(|blame| (blame, exchange)).collect()
}

/// Replies whose begin in the text of a run is looked for.
const STARTS_MAX: usize = 16;

/// Where in the text of the untouched run the texts of its replies begin, as far as it can be told.
fn starts(run: &Run<'_>, want: &Deed) -> Vec<usize> {
    let text = want.text.as_deref().unwrap_or_default();
    let mut starts = vec![0];
    let mut at = 0;
    for turn in run.baseline.turns.iter().take(STARTS_MAX) {
        let Some(content) = run.replies.of_exchange(turn.exchange) else {
            break;
        };
        if !text
            .get(at..)
            .is_some_and(|rest| rest.starts_with(&content.text))
        {
            break;
        }
        at += content.text.len();
        starts.push(at);
    }
    starts
}

/// A run's calls by the reply that they are of.
struct Parts {
    before: Vec<Done>,
    own: Vec<Done>,
    behind: Vec<Done>,
}

/// Which of the untouched run's calls are of the exchange; `None` where it cannot be told.
fn parts(run: &Run<'_>, exchange: usize, all: &[Done]) -> Option<Parts> {
    let turns = run.baseline.turns.iter().map(|turn| turn.exchange);
    let count = |exchange: usize| -> Option<usize> {
        let content = run.replies.of_exchange(exchange)?;
        Some(baseline::runnable(content).len())
    };
    let counts: Option<Vec<(usize, usize)>> = turns
        .map(|exchange| Some((exchange, count(exchange)?)))
        .collect();
    if all.is_empty() {
        let [before, own, behind] = [Vec::new(), Vec::new(), Vec::new()];
        return Some(Parts {
            before,
            own,
            behind,
        });
    }
    let counts = counts?;
    if counts.iter().map(|(_, count)| count).sum::<usize>() != all.len() {
        return None;
    }
    let sum = |within: &dyn Fn(usize) -> bool| -> usize {
        let counts = counts.iter().filter(|(number, _)| within(*number));
        counts.map(|(_, count)| count).sum()
    };
    let before = sum(&|number| number < exchange);
    let own = sum(&|number| number == exchange);
    let (before, rest) = all.split_at_checked(before)?;
    let (own, behind) = rest.split_at_checked(own)?;
    let [before, own, behind] = [before, own, behind].map(<[Done]>::to_vec);
    Some(Parts {
        before,
        own,
        behind,
    })
}

/// The reason of the end, where nothing that was sent says another.
fn stop(run: &Run<'_>, finish: &Finish) -> Option<(Blame, usize)> {
    let [want, got] = [run.baseline, run.seen].map(|observation| {
        let said = observation.said.as_ref();
        said.and_then(|said| said.stop.as_deref())
    });
    let (want, got) = (want?, got?);
    let same = |turn: &TurnSeen| permits(run, turn) == [Outcome::Same];
    if want == got || *finish != Finish::Clean || !run.seen.turns.iter().all(same) {
        return None;
    }
    let last = run.seen.turns.last().map_or(0, |turn| turn.exchange);
    Some((
        Blame::new(Code::StopDiffers, format!("{want:?}"), format!("{got:?}")),
        last,
    ))
}
