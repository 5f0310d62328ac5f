//! Code by code: one run that must be found, and one that is nearly the same and must not.

use wiretape_check::client::DUMMY_KEY;
use wiretape_check::{Attempt, Case, Code, Ended, Miss, Observation, Said, SaidEvent, verdict};
use wiretape_tape::EndKind;
use wiretape_vary::{ErrorName, Piece, Scenario};

use crate::model::{Client, Loaded, load};

/// Calls, then text.
const CALLS: &str = "anthropic/parallel-tools.tape";
const TEXT: &str = "anthropic/text.tape";

const S: u64 = 1_000_000_000;

/// A correct client under pieces on the first exchange, and what is said once its run is changed.
struct Scene {
    loaded: Loaded,
    pieces: Option<Vec<Piece>>,
}

impl Scene {
    fn new(tape: &str, pieces: Vec<Piece>) -> Self {
        Self {
            loaded: Loaded::new(tape, load(tape)),
            pieces: Some(pieces),
        }
    }

    /// The untouched tape, twice.
    fn untouched(tape: &str) -> Self {
        Self {
            pieces: None,
            ..Self::new(tape, Vec::new())
        }
    }

    /// The first exchange's answer has this status and these headers.
    fn answered(mut self, status: u16, headers: &[(&str, &str)]) -> Self {
        let response = self.loaded.tape.exchanges[0].response.as_mut().unwrap();
        response.status = status;
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        response.headers = headers.collect();
        self
    }

    fn judge(
        &self,
        client: Client,
        change: impl FnOnce(&mut Observation, &mut Observation),
    ) -> Vec<Code> {
        let pieces = self.pieces.clone().unwrap_or_default();
        let scenario = Scenario {
            exchange: Some(0),
            ..Scenario::of(pieces)
        };
        let sent = self.loaded.scripts(&scenario);
        for script in sent.iter().flatten() {
            assert_eq!(script.skipped, [], "{scenario:?}");
        }
        let mut baseline = client.run(&self.loaded, &self.loaded.scripts(&Scenario::plain()));
        let mut seen = client.run(&self.loaded, &sent);
        change(&mut baseline, &mut seen);
        let case = Case {
            number: 7,
            tape: 0,
            class: "F-00".to_owned(),
            scenario,
        };
        let findings = verdict::judge(verdict::Run {
            tape: &self.loaded.tape,
            replies: &verdict::Replies::of(&self.loaded.tape),
            case: self.pieces.as_ref().map(|_| &case),
            sent: &sent,
            baseline: &baseline,
            seen: &seen,
        });
        findings.iter().map(|finding| finding.code).collect()
    }

    /// What is said where only what was seen is changed.
    fn seen(&self, change: impl FnOnce(&mut Observation)) -> Vec<Code> {
        self.judge(Client::CORRECT, |_, seen| change(seen))
    }
}

fn said(seen: &mut Observation) -> &mut Said {
    seen.said.as_mut().unwrap()
}

fn bom() -> Vec<Piece> {
    vec![Piece::Bom {}]
}

fn terminal(finish: bool) -> Vec<Piece> {
    vec![Piece::DropTerminal { finish }]
}

/// What the client does on the untouched tape, and so acts on.
fn as_if_whole(baseline: &mut Observation, seen: &mut Observation) {
    *seen = baseline.clone();
}

#[test]
fn baseline_fails() {
    let fails = |seen: &mut Observation| said(seen).error = Some("oh".into());
    assert_eq!(Scene::untouched(TEXT).seen(fails), [Code::BaselineFails]);
    // A reply that is an error to anyone.
    let refused = Scene::untouched("recorded/anthropic-bad-request.tape");
    assert_eq!(refused.seen(fails), []);
    let silent = |seen: &mut Observation| seen.turns.clear();
    assert_eq!(Scene::untouched(TEXT).seen(silent), [Code::BaselineFails]);
}

#[test]
fn baseline_varies() {
    let scene = Scene::untouched(TEXT);
    let other = |baseline: &mut Observation, _: &mut Observation| {
        said(baseline).text.as_mut().unwrap().push('!');
        said(baseline).events = None;
    };
    assert_eq!(scene.judge(Client::CORRECT, other), [Code::BaselineVaries]);
    assert_eq!(scene.seen(|seen| seen.elapsed_ns += S), []);
}

#[test]
fn baseline_differs() {
    let both = |baseline: &mut Observation, seen: &mut Observation, text: &str| {
        for one in [baseline, seen] {
            said(one).text = Some(text.to_owned());
            said(one).events = None;
        }
    };
    let scene = Scene::untouched(TEXT);
    let read = scene.judge(Client::CORRECT, |baseline, seen| {
        both(baseline, seen, "something else");
    });
    assert_eq!(read, [Code::BaselineDiffers]);
    let read = scene.judge(Client::CORRECT, |baseline, seen| {
        let text = said(seen).text.clone().unwrap();
        both(baseline, seen, &format!(" {text}\n\n"));
    });
    assert_eq!(read, []);
}

#[test]
fn tool_from_incomplete_stream() {
    let scene = Scene::new(CALLS, terminal(true));
    let codes = scene.judge(Client::CORRECT, as_if_whole);
    assert_eq!(codes, [Code::ToolFromIncompleteStream]);
    // An error for each call is a report.
    let refused = |baseline: &mut Observation, seen: &mut Observation| {
        as_if_whole(baseline, seen);
        for call in &mut seen.turns[0].echo.as_mut().unwrap().calls {
            call.results[0].content = "the reply was cut".into();
            call.results[0].is_error = true;
        }
        for call in said(seen).tool_calls.as_mut().unwrap() {
            call.invalid = true;
        }
    };
    assert_eq!(scene.judge(Client::CORRECT, refused), []);
    // Without a line of its own, the request tells.
    let quiet = Client {
        says: false,
        ..Client::CORRECT
    };
    assert_eq!(
        scene.judge(quiet, as_if_whole),
        [Code::ToolFromIncompleteStream]
    );
    assert_eq!(scene.judge(quiet, |_, _| {}), []);
    // Arguments that do not parse go back in an object of their own, and results of Chat have no mark.
    let wrapped = |baseline: &mut Observation, seen: &mut Observation| {
        as_if_whole(baseline, seen);
        for call in &mut seen.turns[0].echo.as_mut().unwrap().calls {
            call.arguments = serde_json::json!({"INVALID_JSON": "{\"city"}).to_string();
            call.results[0].content = "no JSON".into();
        }
    };
    assert_eq!(scene.judge(quiet, wrapped), []);
}

#[test]
fn tool_arguments_differ() {
    let scene = Scene::new(CALLS, bom());
    let arguments = |seen: &mut Observation, text: &str| {
        let echo = seen.turns[0].echo.as_mut().unwrap();
        echo.calls[0].arguments = text.to_owned();
    };
    assert_eq!(
        scene.seen(|seen| arguments(seen, "{}")),
        [Code::ToolArgumentsDiffer]
    );
    // The same value, written otherwise.
    let spaced = |seen: &mut Observation| {
        let text = seen.turns[0].echo.as_ref().unwrap().calls[0]
            .arguments
            .clone();
        arguments(seen, &format!(" {} ", text.replace(':', " : ")));
    };
    assert_eq!(scene.seen(spaced), []);
    let name = |seen: &mut Observation| {
        said(seen).tool_calls.as_mut().unwrap()[0].name = "other".into();
    };
    assert_eq!(scene.seen(name), [Code::ToolArgumentsDiffer]);
    // What is not said is not compared.
    let vague = |baseline: &mut Observation, seen: &mut Observation| {
        for one in [baseline, seen] {
            for call in said(one).tool_calls.as_mut().unwrap() {
                call.arguments = None;
            }
        }
    };
    assert_eq!(scene.judge(Client::CORRECT, vague), []);
}

#[test]
fn tool_run_twice() {
    let scene = Scene::new(CALLS, bom());
    let twice = |seen: &mut Observation| {
        let results = &mut seen.turns[0].echo.as_mut().unwrap().calls[0].results;
        results.push(results[0].clone());
    };
    assert_eq!(scene.seen(twice), [Code::ToolRunTwice]);
    // It does so always: then it is the baseline that differs.
    let always = |baseline: &mut Observation, seen: &mut Observation| {
        twice(baseline);
        twice(seen);
    };
    assert_eq!(scene.judge(Client::CORRECT, always), []);
    let untouched = Scene::untouched(CALLS);
    assert_eq!(
        untouched.judge(Client::CORRECT, always),
        [Code::BaselineDiffers]
    );
}

#[test]
fn tool_lost() {
    let pop = |seen: &mut Observation| {
        seen.turns[0].echo.as_mut().unwrap().calls.pop();
        said(seen).tool_calls.as_mut().unwrap().pop();
    };
    assert_eq!(Scene::new(CALLS, bom()).seen(pop), [Code::ToolLost]);
    // It ends with the reply, as if that had none.
    let quiet = Client {
        says: false,
        ..Client::CORRECT
    };
    let stops = |_: &mut Observation, seen: &mut Observation| {
        seen.turns.truncate(1);
        seen.turns[0].echo = None;
    };
    let scene = Scene::new(CALLS, bom());
    assert_eq!(scene.judge(quiet, stops), [Code::ToolLost]);
    // Of a reply that need not be acted on, none is lost.
    assert_eq!(Scene::new(CALLS, terminal(true)).seen(|_| {}), []);
}

#[test]
fn tool_order_differs() {
    let scene = Scene::new(CALLS, bom());
    let reverse = |seen: &mut Observation| {
        seen.turns[0].echo.as_mut().unwrap().calls.reverse();
    };
    assert_eq!(scene.seen(reverse), [Code::ToolOrderDiffers]);
    let results = |seen: &mut Observation| {
        for call in &mut seen.turns[0].echo.as_mut().unwrap().calls {
            call.results[0].content = "now another result".into();
        }
    };
    assert_eq!(scene.seen(results), []);
}

#[test]
fn text_differs() {
    let text = |seen: &mut Observation, change: &dyn Fn(&str) -> String| {
        let said = said(seen);
        said.text = Some(change(said.text.as_deref().unwrap()));
        said.events = None;
    };
    let garbled = |text: &str| text.replacen(' ', "\u{fffd}", 1);
    let scene = Scene::new(TEXT, bom());
    assert_eq!(scene.seen(|seen| text(seen, &garbled)), [Code::TextDiffers]);
    // Half a character at the end of what was cut is none of the text.
    let cut = vec![Piece::Cut {
        at: 900,
        end: EndKind::Reset,
    }];
    let half = |text: &str| format!("{text}\u{fffd}");
    let scene = Scene::new(TEXT, cut);
    assert_eq!(scene.seen(|seen| text(seen, &half)), []);
    assert_eq!(
        scene.seen(|seen| text(seen, &|text| format!("{text}?"))),
        [Code::TextDiffers]
    );
}

#[test]
fn text_duplicated() {
    let twice = |seen: &mut Observation, from: usize, to: usize| {
        let said = said(seen);
        let text = said.text.clone().unwrap();
        let (begin, rest) = text.split_at(to);
        said.text = Some(format!("{begin}{}{rest}", &begin[from..]));
        said.events = None;
    };
    let scene = Scene::new(TEXT, bom());
    assert_eq!(
        scene.seen(|seen| twice(seen, 4, 16)),
        [Code::TextDuplicated]
    );
    assert_eq!(
        scene.seen(|seen| twice(seen, 0, 16)),
        [Code::TextDuplicated]
    );
    assert_eq!(scene.seen(|seen| twice(seen, 16, 16)), []);
}

#[test]
fn stop_differs() {
    let stop = |seen: &mut Observation| said(seen).stop = Some("other".into());
    assert_eq!(Scene::new(TEXT, bom()).seen(stop), [Code::StopDiffers]);
    let reason = vec![Piece::FinishReason {
        reason: "stop_sequence".into(),
    }];
    assert_eq!(Scene::new(TEXT, reason).seen(stop), []);
    assert_eq!(
        Scene::new(TEXT, bom()).seen(|seen| said(seen).stop = None),
        []
    );
}

#[test]
fn error_swallowed_and_truncation_accepted() {
    let fine = |seen: &mut Observation| said(seen).error = None;
    let error = vec![Piece::ErrorEvent {
        before_block: 6,
        error: ErrorName::Overloaded,
        then: Some(EndKind::Complete),
    }];
    let scene = Scene::new(TEXT, error);
    assert_eq!(scene.seen(fine), [Code::ErrorSwallowed]);
    assert_eq!(scene.seen(|_| {}), []);
    let cut = vec![Piece::Cut {
        at: 900,
        end: EndKind::Complete,
    }];
    let scene = Scene::new(TEXT, cut);
    assert_eq!(scene.seen(fine), [Code::TruncationAccepted]);
    assert_eq!(scene.seen(|_| {}), []);
    // All of the text is there, and only the last event is missing.
    let scene = Scene::new(TEXT, terminal(false));
    assert_eq!(scene.judge(Client::CORRECT, as_if_whole), []);
    // A process says so by its code.
    let quiet = Client {
        says: false,
        ..Client::CORRECT
    };
    let calls = Scene::new(CALLS, terminal(true));
    let fine = |_: &mut Observation, seen: &mut Observation| seen.ended = Ended::Exited { code: 0 };
    // Nothing was run: the message had come to its end without a reason.
    assert_eq!(calls.judge(quiet, fine), []);
}

#[test]
fn error_on_lawful() {
    let fails = |seen: &mut Observation| said(seen).error = Some("oh".into());
    assert_eq!(Scene::new(TEXT, bom()).seen(fails), [Code::ErrorOnLawful]);
    assert_eq!(Scene::new(TEXT, terminal(false)).seen(fails), []);
    let again = |seen: &mut Observation| {
        let attempt = seen.turns[0].attempts[0].clone();
        seen.turns[0].attempts.push(Attempt {
            at_ns: attempt.at_ns + 5 * S,
            ..attempt
        });
    };
    assert_eq!(Scene::new(TEXT, bom()).seen(again), [Code::ErrorOnLawful]);
    assert_eq!(Scene::new(TEXT, terminal(false)).seen(again), []);
}

#[test]
fn crash_and_hang() {
    let crashes = |seen: &mut Observation| {
        seen.said = None;
        seen.ended = Ended::Crashed {
            why: "signal 11".into(),
        };
    };
    assert_eq!(Scene::new(TEXT, bom()).seen(crashes), [Code::Crash]);
    let leaves = |seen: &mut Observation| {
        seen.said = None;
        seen.ended = Ended::Exited { code: 1 };
    };
    assert_eq!(Scene::new(TEXT, terminal(true)).seen(leaves), []);
    let hangs = |seen: &mut Observation| {
        seen.said = None;
        seen.ended = Ended::Hung {
            patience_ns: 60 * S,
        };
    };
    assert_eq!(Scene::new(TEXT, bom()).seen(hangs), [Code::Hang]);
    let cut = |end| vec![Piece::Cut { at: 900, end }];
    assert_eq!(
        Scene::new(TEXT, cut(EndKind::Timeout)).seen(hangs),
        [Code::NoIdleTimeout]
    );
    assert_eq!(
        Scene::new(TEXT, cut(EndKind::Reset)).seen(hangs),
        [Code::Hang]
    );
}

/// The first exchange is asked for at these moments.
fn asked(seen: &mut Observation, moments: &[u64]) {
    let attempts = moments.iter().enumerate().map(|(request, at_ns)| Attempt {
        request,
        at_ns: *at_ns,
        sent_ns: Some(*at_ns),
        ..Attempt::default()
    });
    seen.turns[0].attempts = attempts.collect();
}

#[test]
fn retries() {
    let limited = Scene::new(TEXT, bom()).answered(429, &[("Retry-After", "2")]);
    let at = |scene: &Scene, moments: &[u64]| {
        scene.judge(Client::CORRECT, |baseline, seen| {
            asked(baseline, moments);
            asked(seen, moments);
        })
    };
    assert_eq!(at(&limited, &[0, S]), [Code::RetryIgnoredRetryAfter]);
    assert_eq!(at(&limited, &[0, 2 * S - S / 100]), []);
    let precise = [("retry-after", "9"), ("retry-after-ms", "1500")];
    let precise = Scene::new(TEXT, bom()).answered(503, &precise);
    assert_eq!(at(&precise, &[0, S]), [Code::RetryIgnoredRetryAfter]);
    assert_eq!(at(&precise, &[0, S + S / 2]), []);
    let dated = [("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")];
    assert_eq!(
        at(&Scene::new(TEXT, bom()).answered(429, &dated), &[0, 1]),
        []
    );

    let busy = Scene::new(TEXT, bom()).answered(500, &[]);
    let every =
        |ns: u64, count: u64| -> Vec<u64> { (0..count).map(|number| number * ns).collect() };
    assert_eq!(at(&busy, &every(S / 10, 6)), [Code::RetryStorm]);
    assert_eq!(at(&busy, &every(S, 6)), []);
    assert_eq!(at(&busy, &every(S, 21)), [Code::RetryStorm]);

    let refused = Scene::new(TEXT, bom()).answered(400, &[]);
    assert_eq!(at(&refused, &[0, S]), [Code::RetriedPermanentError]);
    let told = Scene::new(TEXT, bom()).answered(400, &[("x-should-retry", "true")]);
    assert_eq!(at(&told, &[0, S]), []);
    let locked = Scene::new(TEXT, bom()).answered(401, &[]);
    assert_eq!(at(&locked, &[0, S]), []);
    assert_eq!(at(&locked, &[0, S, 2 * S]), [Code::RetriedPermanentError]);
}

#[test]
fn retried_after_output() {
    let scene = Scene::new(TEXT, terminal(true));
    let shown = |again: bool| {
        scene.judge(Client::CORRECT, |baseline, seen| {
            as_if_whole(baseline, seen);
            asked(seen, &[0, 3 * S]);
            let said = said(seen);
            let text = said.text.clone().unwrap();
            let part: String = text.chars().take(12).collect();
            let part = if again { part } else { String::new() };
            said.text = Some(part + &text);
            said.events = None;
            said.error = Some("it broke".into());
        })
    };
    assert_eq!(shown(true), [Code::RetriedAfterOutput]);
    assert_eq!(shown(false), []);
}

#[test]
fn not_incremental() {
    let mut scene = Scene::untouched(TEXT);
    let chunks = &mut scene.loaded.tape.exchanges[0].chunks;
    let last = chunks.len() - 1;
    assert!(last > 4);
    chunks[last].after_ns = S;
    scene.loaded = Loaded::new(TEXT, scene.loaded.tape.clone());
    scene.pieces = Some(bom());
    let first = |ms: f64| {
        scene.seen(|seen| {
            let attempt = &mut seen.turns[0].attempts[0];
            attempt.sent_ns = Some(attempt.at_ns + S);
            let said = said(seen);
            let text = said.text.clone();
            said.events = Some(vec![SaidEvent {
                ms,
                text,
                call: None,
            }]);
        })
    };
    assert_eq!(first(1_200.0), [Code::NotIncremental]);
    assert_eq!(first(40.0), []);
}

#[test]
fn requests_that_must_not_be_sent() {
    let miss = |why: &str| {
        let why = why.to_owned();
        Scene::new(TEXT, bom()).seen(|seen| {
            seen.misses.push(Miss {
                request: 1,
                asked: "POST /v1/messages".into(),
                why,
            });
        })
    };
    let large = "larger than the context window: 9000 + 1024 > 8000 tokens";
    assert_eq!(miss(large), [Code::ContextOverflowSent]);
    assert_eq!(miss("all exchanges are used"), []);
    let scene = Scene::new(CALLS, bom());
    let flaw = |one: &mut Observation| {
        let echo = one.turns[0].echo.as_mut().unwrap();
        echo.flaws.push("message 2: an orphan".into());
    };
    assert_eq!(scene.seen(flaw), [Code::HistoryBroken]);
    let always = |baseline: &mut Observation, seen: &mut Observation| {
        flaw(baseline);
        flaw(seen);
    };
    assert_eq!(scene.judge(Client::CORRECT, always), []);
}

#[test]
fn secret_echoed() {
    let scene = Scene::new(TEXT, bom());
    let stderr = |text: &str| {
        let text = text.to_owned();
        scene.seen(|seen| seen.stderr = text)
    };
    assert_eq!(
        stderr(&format!("authorization: Bearer {DUMMY_KEY}")),
        [Code::SecretEchoed]
    );
    assert_eq!(stderr("authorization: Bearer ***************"), []);
    assert_eq!(stderr("no key here"), []);
}
