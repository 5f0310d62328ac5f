//! A report as a careless client would have it: real tapes, real scenarios, real scripts; what the
//! client does is read off the script, with the mistakes that naive clients make.

use wiretape_check::report::Played;
use wiretape_check::report::{
    Baseline, BaselineState, ClassFacts, Example, Facts, Report, TapeFacts, Tried, UNTOUCHED,
};
use wiretape_check::{
    Attempt, Call, CallResult, Case, Code, Echo, Ended, Finding, Observation, Place, Said,
    SaidEvent, Severity, TurnSeen,
};
use wiretape_core::{Dialect, Options, read};
use wiretape_tape::Tape;
use wiretape_vary::{Profile, Scenario, Script, Standing, Subject};

use crate::support;

const TAPES: [&str; 6] = [
    "anthropic/small-tool.tape",
    "anthropic/parallel-tools.tape",
    "anthropic/thinking-signature.tape",
    "anthropic/unicode.tape",
    "openai-chat/tools-parallel.tape",
    "openai-chat/surrogate-split.tape",
];

/// Id, name, reshape, title.
const CLASSES: [(&str, &str, bool, &str); 20] = [
    (
        "F-01",
        "chunk_split_json",
        true,
        "an event cut across reads",
    ),
    ("F-02", "chunk_merge", true, "several events in one read"),
    (
        "F-03",
        "utf8_split",
        true,
        "a chunk ends inside a character",
    ),
    (
        "F-05",
        "surrogate_split",
        true,
        "half of a surrogate pair ends a delta",
    ),
    ("F-06", "crlf_split", true, "CR and LF in different chunks"),
    ("F-07", "bom", true, "a byte order mark in front"),
    (
        "F-09",
        "proxy_buffering",
        true,
        "everything arrives at once",
    ),
    (
        "F-10",
        "stall",
        false,
        "the connection stays open, and nothing comes",
    ),
    (
        "F-13",
        "reset_mid_stream",
        false,
        "the connection is reset in the middle",
    ),
    ("F-15", "comment_keepalive", true, "comments between events"),
    (
        "F-15b",
        "comment_then_blank",
        true,
        "an id that sticks, then a comment",
    ),
    ("F-16", "ping_events", true, "pings anywhere"),
    (
        "F-17",
        "field_variants",
        true,
        "fields written in every lawful way",
    ),
    ("F-22", "delta_sizes", true, "deltas split and joined"),
    (
        "F-23",
        "interleaved_calls",
        true,
        "the deltas of calls take turns",
    ),
    (
        "F-27",
        "unknown_stop",
        false,
        "a reason that forbids acting",
    ),
    (
        "F-30",
        "eof_without_terminal",
        false,
        "a clean end before the message's end",
    ),
    ("F-32", "terminal_lost", false, "no terminal event, or two"),
    (
        "F-40",
        "error_event",
        false,
        "an error event inside the stream",
    ),
    ("F-50", "unknown_fields", true, "fields that nobody expects"),
];

/// What the careless client gets wrong, by what provokes it.
fn mistake(class: &str, seed: u64) -> Option<(Code, Severity)> {
    Some(match class {
        "F-03" => (Code::TextDiffers, Severity::Medium),
        "F-05" => (Code::ToolArgumentsDiffer, Severity::High),
        "F-06" if seed % 2 == 0 => (Code::Crash, Severity::High),
        "F-09" => (Code::NotIncremental, Severity::Note),
        "F-10" => (Code::NoIdleTimeout, Severity::Medium),
        "F-13" if seed % 3 == 0 => (Code::RetriedAfterOutput, Severity::Low),
        "F-15b" => (Code::ErrorOnLawful, Severity::Medium),
        "F-23" => (Code::ToolArgumentsDiffer, Severity::High),
        "F-27" => (Code::ToolFromIncompleteStream, Severity::High),
        "F-30" if seed % 2 == 0 => (Code::ToolFromIncompleteStream, Severity::High),
        "F-30" => (Code::TruncationAccepted, Severity::Medium),
        "F-40" => (Code::ErrorSwallowed, Severity::Medium),
        _ => return None,
    })
}

/// A report of so many runs for each tape.
pub(crate) fn report(runs: u64) -> Report {
    let all = support::tapes();
    let tapes = TAPES.map(|name| {
        let (_, loaded) = all.iter().find(|(other, _)| other == name).unwrap();
        (name, instant(loaded.tape.clone()))
    });
    let facts = Facts {
        wiretape: env!("CARGO_PKG_VERSION").into(),
        client: ["python3", "agents/weather_bot.py", "--worker"]
            .map(String::from)
            .into(),
        mode: "worker".into(),
        profile: Profile::All,
        runs,
        seed: 0x2a,
        patience_ns: 5_000_000_000,
        cases: runs * TAPES.len() as u64,
        tapes: tapes
            .iter()
            .map(|(name, tape)| TapeFacts::of(name, tape))
            .collect(),
    };
    let mut report = Report::new(facts, 1, 1);
    for (id, name, reshape, title) in CLASSES {
        report.name_class(ClassFacts {
            id: id.into(),
            name: name.into(),
            title: title.into(),
            reshape,
            right: "Keep what has come, and wait for the rest of it.".into(),
        });
    }
    report.name_class(ClassFacts {
        id: "F-72".into(),
        name: "huge_reply".into(),
        title: "a reply of many megabytes".into(),
        reshape: true,
        right: "Bound what is kept.".into(),
    });
    let mut number = 0;
    for (name, tape) in &tapes {
        report.not_tried("F-72", name, "the profile leaves out what takes minutes");
        play(name, tape, runs, &mut number, &mut report);
    }
    report.finish(48_200_000_000, true);
    report
}

/// The tape without its waits.
fn instant(mut tape: Tape) -> Tape {
    for exchange in &mut tape.exchanges {
        for chunk in &mut exchange.chunks {
            chunk.after_ns = 0;
        }
    }
    tape
}

fn play(name: &str, tape: &Tape, runs: u64, number: &mut u64, report: &mut Report) {
    let dialect: Dialect = tape.header.dialect.as_deref().unwrap().parse().unwrap();
    let exchange = &tape.exchanges[0];
    let subject = Subject::new(exchange, Some(dialect.name()));
    let plain: Vec<Vec<Script>> = tape
        .exchanges
        .iter()
        .map(|one| vec![Script::plain(one)])
        .collect();
    let baseline = observed(dialect, &plain[0][0], None);
    let run = Played {
        tape,
        sent: &plain,
        seen: &baseline,
    };
    let varies = name.contains("thinking");
    let (state, found) = if varies {
        let finding = Finding {
            code: Code::BaselineVaries,
            severity: Severity::Medium,
            class: UNTOUCHED.into(),
            expected: "the same text each time".into(),
            seen: "a time of day in the text".into(),
            difference: Some("at character 7: `12:00:01`, then `12:00:02`".into()),
            place: place(name, None, Scenario::plain()),
            flaky: false,
        };
        let example = Example::new(finding, repeat(name)).drawn(run);
        (BaselineState::Varies, vec![example])
    } else {
        (BaselineState::Stable, Vec::new())
    };
    report.add_baseline(Baseline::of(name, state, run), found);
    for seed in 0..runs {
        let profile = if seed % 2 == 0 {
            Profile::Faults
        } else {
            Profile::Lawful
        };
        let mut scenario = Scenario::generate(seed, profile, &subject);
        scenario.exchange = Some(0);
        let last = scenario.pieces.last().cloned();
        let class = last.as_ref().map_or("F-01", |piece| piece.id());
        if !CLASSES.iter().any(|(id, ..)| *id == class) {
            report.not_tried(class, name, "the class needs a second attempt");
            continue;
        }
        // Alone, as after shrinking: what is shown is what it is about.
        let standing = last.as_ref().map(|piece| piece.standing(dialect.name()));
        scenario.pieces = last.into_iter().collect();
        let script = scenario.apply(&subject);
        let mut sent = plain.clone();
        sent[0] = vec![script];
        let case = Case {
            number: *number,
            tape: 0,
            class: class.into(),
            scenario,
        };
        *number += 1;
        let found = judged(name, &case, dialect, &sent, tape, &baseline);
        let tried = Tried {
            class,
            tape: name,
            standing: standing.or(Some(Standing::Lawful)),
        };
        report.add(tried, found.into_iter().collect());
    }
}

fn judged(
    name: &str,
    case: &Case,
    dialect: Dialect,
    sent: &[Vec<Script>],
    tape: &Tape,
    baseline: &Observation,
) -> Option<Example> {
    let (code, severity) = mistake(&case.class, case.number)?;
    let seen = observed(dialect, &sent[0][0], Some(code));
    let calls = |seen: &Observation| {
        let echo = seen.turns[0].echo.clone().unwrap_or_default();
        let calls = echo
            .calls
            .iter()
            .map(|call| format!("{}({})", call.name, call.arguments));
        let calls: Vec<String> = calls.collect();
        if calls.is_empty() {
            format!("text {:?}", echo.text)
        } else {
            calls.join("\n")
        }
    };
    let (expected, said, difference) = match code {
        Code::Crash => (
            "the same as on the untouched tape".into(),
            "the process ended by signal 6".into(),
            None,
        ),
        Code::NoIdleTimeout => (
            "an error, some time after the last byte".into(),
            "it still waits 10 s after the last byte".into(),
            None,
        ),
        Code::ErrorSwallowed => (
            "an error: the stream reports one".into(),
            "the reply so far, as if it were whole".into(),
            None,
        ),
        Code::NotIncremental => (
            "text as it comes".into(),
            "everything after the last byte".into(),
            None,
        ),
        Code::RetriedAfterOutput => (
            "an error: 96 characters had been shown".into(),
            "a second request, and the text from its begin".into(),
            None,
        ),
        Code::ErrorOnLawful => (
            calls(baseline),
            "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)".into(),
            None,
        ),
        _ => (
            calls(baseline),
            calls(&seen),
            Some("at character 31: expected `\u{e9}`, seen `\u{fffd}`".into()),
        ),
    };
    let finding = Finding {
        code,
        severity,
        class: case.class.clone(),
        expected,
        seen: said,
        difference,
        place: place(name, Some(case.number), case.scenario.clone()),
        flaky: case.number % 11 == 0,
    };
    let run = Played {
        tape,
        sent,
        seen: &seen,
    };
    let mut example = Example::new(finding, repeat(name)).drawn(run);
    example.explain = vec![
        "The reply calls get_weather; its arguments come in 4 deltas.".into(),
        "The chunk ends after byte 1,203, inside a character.".into(),
        "What had come by then is \u{1b}[31mnot yet text\u{1b}[0m.".into(),
    ];
    Some(example)
}

fn place(tape: &str, case: Option<u64>, scenario: Scenario) -> Place {
    Place {
        tape: tape.into(),
        case,
        exchange: 0,
        scenario,
    }
}

fn repeat(tape: &str) -> String {
    format!(
        "wiretape check recordings/{tape} --scenario failures/text_differs-3f9c1e.scenario.json --worker -- python3 agents/weather_bot.py --worker"
    )
}

/// What the client did with a script: it reads it well, and then does something else.
fn observed(dialect: Dialect, script: &Script, mistake: Option<Code>) -> Observation {
    const MS: u64 = 1_000_000;
    let reply = match read(dialect, Options::lenient(), script.body()) {
        Ok(turn) => turn.reply().clone(),
        Err(rejected) => rejected.reply().clone(),
    };
    let contents = reply.choices.iter().flat_map(|choice| &choice.contents);
    let (mut text, mut calls) = (String::new(), Vec::new());
    for content in contents {
        match &content.name {
            Some(name) => calls.push(Call {
                id: content.id.clone().unwrap_or_default(),
                name: name.clone(),
                arguments: content.text.clone(),
                results: vec![CallResult {
                    content: "21 degrees".into(),
                    is_error: false,
                }],
            }),
            None => text.push_str(&content.text),
        }
    }
    let asks = |request: usize, at_ns: u64| Attempt {
        request,
        at_ns,
        sent_ns: Some(at_ns + 3 * MS),
        left_ns: None,
        bytes: script.body().len() as u64,
        whole: true,
        accepts: String::new(),
    };
    let mut first = TurnSeen {
        exchange: 0,
        attempts: vec![asks(0, 2 * MS)],
        echo: None,
    };
    let mut events: Vec<SaidEvent> = text
        .split_inclusive(' ')
        .take(12)
        .zip(0_u32..)
        .map(|(word, n)| SaidEvent {
            ms: f64::from(3 + n),
            text: Some(word.into()),
            call: None,
        })
        .collect();
    let (mut ended, mut elapsed_ns) = (Ended::Answered, 11 * MS);
    match mistake {
        Some(Code::Crash) => {
            ended = Ended::Crashed {
                why: "signal 6 (SIGABRT)".into(),
            };
            elapsed_ns = 6 * MS;
        }
        Some(Code::NoIdleTimeout) => {
            first.attempts[0].sent_ns = None;
            ended = Ended::Hung {
                patience_ns: 10_000 * MS,
            };
            elapsed_ns = 10_004 * MS;
        }
        Some(Code::RetriedAfterOutput) => {
            first.attempts.push(asks(1, 512 * MS));
            elapsed_ns = 530 * MS;
        }
        Some(Code::ErrorOnLawful) => {
            first.attempts[0].left_ns = Some(3 * MS);
            first.attempts[0].whole = false;
        }
        _ => {}
    }
    let mut turns = vec![first];
    if ended == Ended::Answered && !calls.is_empty() {
        events.extend(calls.iter().map(|call| SaidEvent {
            ms: 5.5,
            text: None,
            call: Some(call.name.clone()),
        }));
        turns.push(TurnSeen {
            exchange: 1,
            attempts: vec![asks(2, elapsed_ns - 4 * MS)],
            echo: None,
        });
    }
    turns[0].echo = Some(Echo {
        text: text.clone(),
        calls,
        flaws: Vec::new(),
    });
    Observation {
        turns,
        misses: Vec::new(),
        said: Some(Said {
            text: Some(text),
            events: Some(events),
            ..Said::default()
        }),
        ended,
        stderr: String::new(),
        elapsed_ns,
    }
}

/// A report in which every text that comes from elsewhere is this one.
pub(crate) fn hostile(text: &str) -> Report {
    let all = support::tapes();
    let (_, loaded) = all.iter().find(|(name, _)| name == TAPES[1]).unwrap();
    let mut tape = instant(loaded.tape.clone());
    // Also in the reply itself: in its text and in the names of its tools.
    let written = serde_json::to_string(text).unwrap();
    let written = written.trim_matches('"');
    let body = String::from_utf8(tape.exchanges[0].body()).unwrap();
    let body = body
        .replace("get_weather", written)
        .replace("\"text\":\"", &format!("\"text\":\"{written}"));
    assert!(body.matches(written).count() > 2, "the reply holds it");
    tape.exchanges[0].chunks = vec![wiretape_tape::Chunk {
        after_ns: 0,
        bytes: body.into_bytes(),
    }];
    let facts = Facts {
        wiretape: text.into(),
        client: vec![text.into()],
        mode: text.into(),
        profile: Profile::Faults,
        runs: 1,
        seed: 0,
        patience_ns: 1,
        cases: 2,
        tapes: vec![TapeFacts {
            dialect: text.into(),
            sha256: text.into(),
            ..TapeFacts::of(text, &tape)
        }],
    };
    let mut report = Report::new(facts, 1, 1);
    report.name_class(ClassFacts {
        id: text.into(),
        name: text.into(),
        title: text.into(),
        reshape: true,
        right: text.into(),
    });
    report.not_tried("F-99", text, text);
    let subject = Subject::new(&tape.exchanges[0], Some("anthropic"));
    let mut scenario = Scenario::generate(3, Profile::Lawful, &subject);
    scenario.pieces.push(wiretape_vary::Piece::UnknownField {
        block: 2,
        first: true,
        value: text.into(),
    });
    let script = scenario.apply(&subject);
    let mut sent: Vec<Vec<Script>> = tape
        .exchanges
        .iter()
        .map(|one| vec![Script::plain(one)])
        .collect();
    sent[0] = vec![script];
    let mut seen = observed(Dialect::Anthropic, &sent[0][0], Some(Code::Crash));
    seen.misses.push(wiretape_check::Miss {
        request: 9,
        asked: text.into(),
        why: text.into(),
    });
    seen.ended = Ended::Crashed { why: text.into() };
    let finding = Finding {
        code: Code::Crash,
        severity: Severity::High,
        class: text.into(),
        expected: text.into(),
        seen: text.into(),
        difference: Some(text.into()),
        place: place(text, Some(0), scenario),
        flaky: false,
    };
    let run = Played {
        tape: &tape,
        sent: &sent,
        seen: &seen,
    };
    let mut example = Example::new(finding, text.into()).drawn(run);
    example.explain = vec![text.into()];
    report.add_baseline(Baseline::of(text, BaselineState::Fails, run), Vec::new());
    let tried = Tried {
        class: text,
        tape: text,
        standing: None,
    };
    report.add(tried, vec![example]);
    report.finish(1, false);
    report
}
