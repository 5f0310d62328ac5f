//! Laws 4 and 5: recording a replay gives the tape back; the same tape and seed give the same
//! digest.

use wiretape_core::machine::{Moment, run};
use wiretape_tape::{Chunk, End, Exchange, Header, Source, SourceKind, Tape, encode, parse};
use wiretape_vary::{Action, Player, Profile, Scenario};

use super::{Effort, Failure, How, Report, difference};
use crate::Subject;

/// Law 4: the tape is written and read; the exchange is played in virtual time and recorded.
#[must_use]
pub fn round_trip(subject: &Subject<'_>, varied: &wiretape_vary::Subject) -> Report {
    let mut report = Report::new(4, "round trip", How::Proved);
    let header = Header::new(Some(subject.dialect.name()), Source::new(SourceKind::Bare));
    let tape = Tape::new(header, vec![subject.exchange.clone()]);
    report.case(write_and_read(&tape));
    let recorded = record(
        Player::new(Scenario::plain().apply(varied)),
        subject.exchange,
    );
    report.case(equal(
        "the plain scenario, played and recorded",
        subject.exchange,
        &recorded,
    ));
    report
}

fn write_and_read(tape: &Tape) -> Result<(), Failure> {
    let case = "the tape written and read";
    let text = encode(tape);
    let parsed = parse(text.as_bytes()).map_err(|error| Failure::new(case, error.to_string()))?;
    if parsed.tape != *tape || parsed.torn.is_some() {
        return Err(Failure::new(case, difference::of(tape, &parsed.tape)));
    }
    let again = encode(&parsed.tape);
    if again != text {
        let what = difference::of_texts(&text, &again);
        return Err(Failure::new("the tape written, read and written", what));
    }
    Ok(())
}

/// What a recorder would write of what a player sends.
fn record(mut player: Player, original: &Exchange) -> Exchange {
    let mut chunks = Vec::new();
    let mut end = None;
    let mut last = Moment(0);
    // A player's inputs cannot be wrong.
    let _ = run(&mut player, Moment(0), |now, action| {
        let after_ns = now.as_nanos().saturating_sub(last.as_nanos());
        last = now;
        match action {
            Action::Bytes(bytes) => chunks.push(Chunk { after_ns, bytes }),
            Action::End(kind) => end = Some(End::of(&chunks, after_ns, kind)),
        }
    });
    Exchange {
        request: original.request.clone(),
        response: original.response.clone(),
        chunks,
        end,
    }
}

/// Equal in all that is sent. Where the tape stops before the end, a player still ends. A clock stops
/// at its last moment: what the tape says to come later comes then.
fn equal(case: &str, expected: &Exchange, seen: &Exchange) -> Result<(), Failure> {
    let what = |exchange: &Exchange| {
        let mut now = Moment(0);
        let mut gap = |after_ns: u64| {
            let before = now;
            now = before.after(after_ns);
            now.as_nanos() - before.as_nanos()
        };
        let chunks = exchange.chunks.iter().map(|chunk| Chunk {
            after_ns: gap(chunk.after_ns),
            bytes: chunk.bytes.clone(),
        });
        let chunks: Vec<Chunk> = chunks.collect();
        let end = exchange.end.as_ref().filter(|_| expected.end.is_some());
        let end = end.map(|end| (gap(end.after_ns), end.kind, end.bytes, end.sha256.clone()));
        (chunks, end)
    };
    if what(expected) != what(seen) {
        return Err(Failure::new(
            case,
            difference::of(&what(expected), &what(seen)),
        ));
    }
    Ok(())
}

/// Law 5: the same tape and seed give the same scenario, the same bytes at the same moments.
#[must_use]
pub fn replay(varied: &wiretape_vary::Subject, effort: &Effort) -> Report {
    let mut report = Report::new(5, "replay", How::Sampled);
    for run in 0..u64::from(effort.runs) {
        let seed = effort.seed.wrapping_add(run);
        let [one, two] = [(), ()].map(|()| Scenario::generate(seed, Profile::All, varied));
        let [first, second] = [&one, &two].map(|scenario| scenario.apply(varied).digest());
        let case = if first == second {
            Ok(())
        } else {
            Err(Failure {
                case: format!("seed {seed}, twice"),
                difference: difference::of(&(&one, first), &(&two, second)),
                scenario: Some(Box::new(one)),
            })
        };
        if !report.case(case) {
            return report;
        }
    }
    report
}
