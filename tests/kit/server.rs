//! The mock server, driven by a small agent over a bare socket.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wiretape::serve::Report;
use wiretape::{FromFile, MockServer, Tape, snapshot};
use wiretape_core::{Dialect, Reader, Transcript};
use wiretape_tape::{Body, Exchange, Header, Source, SourceKind};
use wiretape_vary::{Coding, Flushing, Piece, Profile, Scenario};

use super::client::post;

const MESSAGES: &str = "/v1/messages";
const CHAT: &str = "/v1/chat/completions";
const SOON: Duration = Duration::from_secs(10);

fn tape(name: &str) -> Tape {
    Tape::load(format!("../recordings/{name}.tape")).unwrap()
}

/// The exchanges of both, one after the other.
fn session(first: &str, second: &str) -> Tape {
    let [mut one, two] = [first, second].map(tape);
    one.exchanges.extend(two.exchanges);
    one.order.clear();
    one
}

fn asked(exchange: &Exchange) -> Value {
    match &exchange.request.as_ref().unwrap().body {
        Body::Json(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn streaming() -> String {
    json!({"model": "any", "stream": true}).to_string()
}

/// One turn as an agent takes it: shows text at once, acts at the end.
async fn turn(url: &str, path: &str, body: &str, dialect: Dialect) -> Transcript {
    let mut answer = post(url, path, body).await;
    assert_eq!(answer.status(), 200, "{}", answer.head);
    let mut reader = Reader::new(dialect);
    while let Ok(Some(chunk)) = answer.chunk().await {
        // An error stands in the transcript.
        let _ = reader.feed(&chunk, &mut |_| {});
    }
    Transcript::of(&reader.finish())
}

#[tokio::test]
async fn an_agent_of_two_turns() {
    let tape = session("anthropic/parallel-tools", "anthropic/text");
    for seed in 0..4 {
        let replay = MockServer::replay(&tape).seed(seed, Profile::Lawful);
        let server = replay.expect_all_consumed().start().await.unwrap();
        let expected = server.transcript().unwrap();
        let first = turn(&server.url(), MESSAGES, &streaming(), Dialect::Anthropic).await;
        assert_eq!(first, expected[0], "seed {seed}");
        let results = first
            .tool_calls
            .iter()
            .map(|call| json!({"type": "tool_result", "tool_use_id": call.id, "content": "done"}));
        let results: Vec<Value> = results.collect();
        let body = json!({"stream": true, "messages": [
            {"role": "assistant", "id": first.message_id, "content": first.text},
            {"role": "user", "content": results},
        ]});
        let last = turn(
            &server.url(),
            MESSAGES,
            &body.to_string(),
            Dialect::Anthropic,
        )
        .await;
        assert_eq!(last, expected[1], "seed {seed}");

        let state = server.state();
        assert_eq!((state.consumed, state.requests, state.misses), (2, 2, 0));
        // What was sent and what came of it are the same under every seed.
        let settings = super::settings("parallel-tools.tape then text.tape, reshaped");
        let requests = snapshot::requests(&server.requests());
        let meaning: Vec<_> = [&first, &last].map(Transcript::meaning).into();
        let meaning = snapshot::transcripts(&meaning);
        settings.bind(|| {
            insta::assert_json_snapshot!("kit__agent_requests", requests);
            insta::assert_json_snapshot!("kit__agent_turns", meaning);
        });
    }
}

/// A client that waits for the whole body would wait for ever here.
#[tokio::test]
async fn a_hold_shows_that_text_is_handed_out_as_it_comes() {
    let tape = tape("anthropic/text");
    let replay = MockServer::replay(&tape).hold_before(0, 5);
    let server = replay.start().await.unwrap();
    let mut answer = post(&server.url(), MESSAGES, &streaming()).await;
    let mut reader = Reader::new(Dialect::Anthropic);
    let mut text = String::new();
    let mut show = |event: wiretape_core::Event<'_>| {
        if let wiretape_core::Event::Delta { text: delta, .. } = event {
            text.push_str(delta);
        }
    };
    while server.state().held == 0 {
        let next = tokio::time::timeout(Duration::from_millis(20), answer.chunk());
        if let Ok(chunk) = next.await {
            reader.feed(&chunk.unwrap().unwrap(), &mut show).unwrap();
        }
    }
    assert!(server.held(SOON).await);
    assert_eq!(server.release(), 1);
    while let Some(chunk) = answer.chunk().await.unwrap() {
        reader.feed(&chunk, &mut show).unwrap();
    }
    let expected = &server.transcript().unwrap()[0];
    assert_eq!(&Transcript::of(&reader.finish()), expected);
    assert_eq!(text, expected.text);
    assert!(
        !server.held(Duration::from_millis(5)).await,
        "nothing is held any more"
    );
    assert_eq!(server.release(), 0);
}

#[tokio::test]
async fn a_fault_comes_through_and_the_transcript_says_what_is_left() {
    let tape = tape("openai-chat/small-tool");
    let cut = Piece::Cut {
        at: 700,
        end: wiretape_tape::EndKind::Reset,
    };
    let replay = MockServer::replay(&tape).scenario(Scenario::of(vec![cut]));
    let server = replay.start().await.unwrap();
    let mut answer = post(&server.url(), CHAT, &streaming()).await;
    assert_eq!(answer.body().await, Err("reset"));
    let transcript = server.transcript().unwrap().remove(0);
    assert_eq!(transcript.rejected.as_deref(), Some("no_terminal"));
    assert_eq!(server.at("").unwrap().script(0).unwrap().body().len(), 700);
    let error = server.at("").unwrap().script(3).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("expected an exchange below 1"),
        "{error}"
    );
}

#[test]
fn the_transcript_is_what_a_client_reads_that_undoes_a_compression() {
    let tape = tape("anthropic/small-tool");
    let gzip = Piece::Encode {
        coding: Coding::Gzip,
        flush: Flushing::Event,
        truncated: false,
    };
    let replay = MockServer::replay(&tape).scenario(Scenario::of(vec![gzip]));
    let coded = replay.start_blocking().unwrap();
    let plain = MockServer::replay(&tape).start_blocking().unwrap();
    let script = coded.at("").unwrap().script(0).unwrap();
    assert!(script.body().starts_with(b"\x1f\x8b"));
    assert_eq!(coded.transcript().unwrap(), plain.transcript().unwrap());

    // Recorded so, it is said; it can be played all the same.
    let mut recorded = tape.clone();
    recorded.exchanges[0] = script.to_exchange(&tape.exchanges[0]);
    let server = MockServer::replay(&recorded).start_blocking().unwrap();
    let error = server.transcript().unwrap_err().to_string();
    assert!(error.contains("recorded compressed (gzip)"), "{error}");
}

#[tokio::test]
async fn tapes_side_by_side_do_not_touch_each_other() {
    let (text, tools) = (tape("openai-chat/text"), tape("openai-chat/tools-parallel"));
    let server = MockServer::replay(&text).at("/text").start().await.unwrap();
    let tools = MockServer::replay(&tools).seed(3, Profile::Wire);
    let tools = server.mount("/tools/one", tools).unwrap();
    assert!(server.url().ends_with("/text") && tools.url().ends_with("/tools/one"));
    let seen = turn(&tools.url(), CHAT, &streaming(), Dialect::OpenAiChat).await;
    assert_eq!(seen, tools.transcript().unwrap()[0]);
    assert_eq!((tools.state().consumed, server.state().consumed), (1, 0));
    assert_eq!((tools.requests().len(), server.requests().len()), (1, 0));
    // From the first exchange again.
    tools.reset();
    assert_eq!(tools.requests(), []);
    let again = turn(&tools.url(), CHAT, &streaming(), Dialect::OpenAiChat).await;
    assert_eq!(again, seen);
    let seen = turn(&server.url(), CHAT, &streaming(), Dialect::OpenAiChat).await;
    assert_eq!(seen, server.transcript().unwrap()[0]);
    assert!(server.at("/none").is_none());
    let clash = server
        .mount("no-slash", MockServer::replay(&text))
        .unwrap_err();
    assert!(
        clash
            .to_string()
            .contains("expected an empty one, or /name"),
        "{clash}"
    );
}

#[tokio::test]
async fn a_miss_is_told_and_answered_with_a_404() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let tape = tape("anthropic/text");
    let heard = Arc::clone(&reports);
    let replay = MockServer::replay(&tape).observe(move |report| {
        heard.lock().unwrap().push(report.clone());
    });
    let server = replay.start().await.unwrap();
    let mut answer = post(&server.url(), "/v1/complete", &streaming()).await;
    assert_eq!(answer.status(), 404);
    let body: Value = serde_json::from_slice(&answer.body().await.unwrap()).unwrap();
    assert_eq!(body["error"]["type"], "wiretape_miss");
    assert_eq!(server.state().misses, 1);
    let reports = reports.lock().unwrap();
    assert!(matches!(&reports[..], [Report::Miss { .. }]), "{reports:?}");
}

/// What a panic says.
fn said(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).into()))
        .unwrap()
}

#[test]
fn what_is_not_consumed_fails_the_test_when_it_is_asked_to() {
    let tape = session("anthropic/parallel-tools", "anthropic/text");
    let expecting = || {
        let replay = MockServer::replay(&tape).expect_all_consumed();
        replay.start_blocking().unwrap()
    };
    let dropped = std::panic::catch_unwind(|| drop(expecting()));
    let message = said(&*dropped.unwrap_err());
    assert_eq!(
        message,
        "wiretape: exchanges 0, 1 of 2 answered no request; there were 0 requests"
    );
    // A test that fails already fails with its own words.
    let failing = std::panic::catch_unwind(|| {
        let _server = expecting();
        panic!("my own failure");
    });
    assert_eq!(said(&*failing.unwrap_err()), "my own failure");
    // It was not asked to.
    drop(MockServer::replay(&tape).start_blocking().unwrap());
}

/// A client that blocks, in a test without a runtime.
#[test]
fn a_blocking_client_has_a_server_too() {
    let tape = tape("openai-chat/text");
    let server = MockServer::replay(&tape).hold_before(0, 2);
    let server = server.expect_all_consumed().start_blocking().unwrap();
    let url = server.url();
    let client = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime
            .unwrap()
            .block_on(turn(&url, CHAT, &streaming(), Dialect::OpenAiChat))
    });
    assert!(server.held_blocking(SOON));
    assert_eq!(server.release(), 1);
    assert_eq!(client.join().unwrap(), server.transcript().unwrap()[0]);
    let port = server.server().unwrap().addr();
    drop(server);
    assert!(
        std::net::TcpStream::connect(port).is_err(),
        "it stopped when it was dropped"
    );
}

#[test]
fn what_cannot_be_replayed_says_why() {
    let text = tape("anthropic/text");
    let mut smoke = text.clone();
    smoke.header.dialect = Some("smoke-signals".into());
    let server = MockServer::replay(&smoke).start_blocking().unwrap();
    let error = server.transcript().unwrap_err().to_string();
    assert!(
        error.contains("expected the dialect anthropic or openai-chat"),
        "{error}"
    );
    assert!(error.contains("found \"smoke-signals\""), "{error}");
    let named = MockServer::replay(&smoke).dialect(Dialect::Anthropic);
    let named = named.start_blocking().unwrap().transcript().unwrap();
    assert_eq!(named[0].stop.as_deref(), Some("end_turn"));

    let hold = MockServer::replay(&text).hold_before(4, 0).start_blocking();
    let error = hold.unwrap_err().to_string();
    assert!(
        error.contains("expected an exchange below 1, found 4"),
        "{error}"
    );

    let nothing = Tape::new(Header::new(None, Source::new(SourceKind::Bare)), Vec::new());
    let error = MockServer::replay(&nothing).start_blocking().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("expected a tape with an exchange"),
        "{error}"
    );

    // No runtime: told in a sentence, not by a panic of tokio.
    let mut start = Box::pin(MockServer::replay(&text).start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(started) = start.as_mut().poll(&mut context) else {
        panic!("it waits");
    };
    let error = started.unwrap_err().to_string();
    assert!(error.contains("start_blocking() brings its own"), "{error}");
}

#[tokio::test]
async fn the_recorded_request_is_found_again_by_strict_matching() {
    let tape = session("anthropic/parallel-tools", "anthropic/text");
    let replay = MockServer::replay(&tape).matching(wiretape::serve::Matching::Strict {
        ignore: vec!["/model".into()],
    });
    let server = replay.start().await.unwrap();
    let mut body = asked(&tape.exchanges[1]);
    body["model"] = "another".into();
    let seen = turn(
        &server.url(),
        MESSAGES,
        &body.to_string(),
        Dialect::Anthropic,
    )
    .await;
    assert_eq!(seen, server.transcript().unwrap()[1]);
    assert_eq!(server.state().unused, [0]);
}
