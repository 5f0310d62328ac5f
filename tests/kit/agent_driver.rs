//! The driver: tools in parallel, tools that fail, a run that is stopped from elsewhere or dropped.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Barrier, Notify};
use wiretape::agent::Driver;
use wiretape::{FromFile, MockServer, Tape};
use wiretape_core::Dialect;
use wiretape_core::agent::{Agent, Class, Options, Outcome};
use wiretape_core::budget::{self, Heuristic};
use wiretape_core::conversation::Conversation;

use super::agent_loop::agent;

const SOON: Duration = Duration::from_secs(10);

fn tape(name: &str) -> Tape {
    Tape::load(format!("../recordings/{name}.tape")).unwrap()
}

/// Two calls in parallel, then text.
async fn two_calls() -> MockServer {
    let mut tape = tape("anthropic/parallel-tools");
    tape.exchanges
        .extend(self::tape("anthropic/text").exchanges);
    tape.order.clear();
    MockServer::replay(&tape).start().await.unwrap()
}

fn driver(server: &MockServer, options: Options) -> Driver<Heuristic> {
    Driver::new(&server.url(), agent(Dialect::Anthropic, options)).unwrap()
}

/// The names of the tools of the first turn.
fn tools(server: &MockServer) -> Vec<String> {
    let turn = &server.transcript().unwrap()[0];
    turn.tool_calls
        .iter()
        .map(|call| call.name.clone())
        .collect()
}

/// Each tool waits for the other: one after the other they would wait for ever.
#[tokio::test]
async fn tools_run_in_parallel() {
    let server = two_calls().await;
    let count = server.transcript().unwrap()[0].tool_calls.len();
    assert!(count > 1);
    let barrier = Arc::new(Barrier::new(count));
    let mut driver = driver(&server, Options::default());
    for name in tools(&server) {
        let barrier = Arc::clone(&barrier);
        driver = driver.tool(&name, move |_| {
            let barrier = Arc::clone(&barrier);
            async move {
                barrier.wait().await;
                Ok("met".into())
            }
        });
    }
    let outcome = tokio::time::timeout(SOON, driver.prompt("go"))
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let history = driver.agent().conversation().body();
    assert_eq!(history.matches("\"met\"").count(), count);
}

#[tokio::test]
async fn a_tool_that_panics_fails_or_is_not_there_is_an_error_result() {
    let server = two_calls().await;
    let names = tools(&server);
    for (run, said) in [
        (0, "the tool panicked"),
        (1, "no luck"),
        (2, "there is no tool"),
    ] {
        server.reset();
        let mut driver = driver(&server, Options::default());
        for name in &names {
            driver = match run {
                0 => driver.tool(name, |_| async { panic!("on purpose") }),
                1 => driver.tool(name, |_| async { Err("no luck".into()) }),
                _ => driver,
            };
        }
        let outcome = tokio::time::timeout(SOON, driver.prompt("go"))
            .await
            .unwrap();
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        let history = driver.agent().conversation().body();
        assert_eq!(history.matches(said).count(), names.len(), "{history}");
        assert_eq!(history.matches("\"is_error\":true").count(), names.len());
    }
}

#[tokio::test]
async fn a_run_is_stopped_from_elsewhere() {
    let server = two_calls().await;
    let began = Arc::new(Notify::new());
    let mut driver = driver(&server, Options::default());
    for name in tools(&server) {
        let began = Arc::clone(&began);
        driver = driver.tool(&name, move |_| {
            began.notify_one();
            std::future::pending()
        });
    }
    let canceller = driver.canceller();
    let stopping = tokio::spawn(async move {
        began.notified().await;
        canceller.cancel().await;
    });
    let outcome = tokio::time::timeout(SOON, driver.prompt("go"))
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Cancelled);
    stopping.await.unwrap();
    assert!(
        driver
            .agent()
            .conversation()
            .body()
            .contains("cancelled by the user")
    );
    // A second stop comes too late for that run, and does not touch the next.
    driver.canceller().cancel().await;
    let outcome = tokio::time::timeout(SOON, driver.prompt("and now?"))
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}

/// Who drops the future drops the run; the next prompt begins with a valid history.
#[tokio::test]
async fn a_run_that_is_dropped_is_cancelled() {
    let server = two_calls().await;
    let mut driver = driver(&server, Options::default());
    for name in tools(&server) {
        driver = driver.tool(&name, |_| std::future::pending());
    }
    let short = Duration::from_millis(300);
    assert!(
        tokio::time::timeout(short, driver.prompt("go"))
            .await
            .is_err()
    );
    assert!(!driver.agent().is_idle());
    let outcome = tokio::time::timeout(SOON, driver.prompt("and now?"))
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let requests = server.requests();
    let body = String::from_utf8(requests.last().unwrap().body.clone()).unwrap();
    assert!(
        body.contains("cancelled by the user") && body.contains("and now?"),
        "{body}"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let mut options = Options::default();
    options.retry.base_ns = 1_000_000;
    let mut driver = Driver::new(&url, agent(Dialect::OpenAiChat, options)).unwrap();
    let outcome = tokio::time::timeout(SOON, driver.prompt("go"))
        .await
        .unwrap();
    let Outcome::Failed(failure) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!((failure.class, failure.attempts), (Class::Connect, 3));
}

#[tokio::test]
async fn credentials_are_sent_and_not_shown() {
    let server = two_calls().await;
    let mut driver = driver(&server, Options::default()).header("x-api-key", "sesame-7");
    driver.prompt("go").await;
    let requests = server.requests();
    assert!(!format!("{driver:?}").contains("sesame-7"));
    let sent = requests[0]
        .headers
        .iter()
        .any(|(name, _)| name == "x-api-key");
    assert!(sent, "{:?}", requests[0].headers);
}

/// Base URLs with and without the version: what is asked for is the same.
#[tokio::test]
async fn a_base_url_may_have_the_version() {
    let server = two_calls().await;
    for base in ["", "/", "/v1", "/v1/"] {
        server.reset();
        let agent = agent(Dialect::Anthropic, Options::default());
        let mut driver = Driver::new(&format!("{}{base}", server.url()), agent).unwrap();
        driver.prompt("go").await;
        assert_eq!(server.requests()[0].path, "/v1/messages", "{base}");
    }
}

/// Calls, their results and the answer in each dialect, over sockets: the path, the history, the text.
#[tokio::test]
async fn every_dialect_over_http() {
    let bedrock = |what: &str| format!("/model/us.m%3A0/{what}");
    let gemini = "/v1beta/models/us.m:0:streamGenerateContent?alt=sse";
    for (dialect, calls, text, path) in [
        (
            Dialect::OpenAiResponses,
            "reasoning-encrypted",
            "text",
            "/v1/responses".to_owned(),
        ),
        (Dialect::Gemini, "parallel-tools", "text", gemini.to_owned()),
        (
            Dialect::BedrockConverse,
            "reasoning-signature",
            "text",
            bedrock("converse-stream"),
        ),
        (
            Dialect::BedrockInvoke,
            "anthropic-tool",
            "nova-text",
            bedrock("invoke-with-response-stream"),
        ),
        (
            Dialect::Ollama,
            "parallel-tools",
            "text",
            "/api/chat".into(),
        ),
        (
            Dialect::Cohere,
            "tools-parallel",
            "thinking",
            "/v2/chat".into(),
        ),
    ] {
        let mut tape = tape(&format!("{dialect}/{calls}"));
        let answer = self::tape(&format!("{dialect}/{text}"));
        tape.exchanges.extend(answer.exchanges);
        tape.order.clear();
        for exchange in &mut tape.exchanges {
            exchange.request.as_mut().unwrap().path.clone_from(&path);
        }
        let server = MockServer::replay(&tape).start().await.unwrap();
        let mut conversation = Conversation::new(dialect);
        conversation.set("model", "\"us.m:0\"").unwrap();
        let budget = budget::Options::new(100_000);
        let agent = Agent::new(
            conversation,
            budget,
            Heuristic::default(),
            Options::default(),
        );
        let mut driver = Driver::new(&server.url(), agent).unwrap();
        let outcome = driver.prompt("go").await;

        let turns = server.transcript().unwrap();
        let Outcome::Done { text } = outcome else {
            panic!("{dialect}: {outcome:?}");
        };
        assert_eq!(text, turns[1].text, "{dialect}");
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "{dialect}");
        for seen in &requests {
            assert_eq!(seen.path, path);
            let body = String::from_utf8(seen.body.clone()).unwrap();
            let sent = Conversation::parse(dialect, &body).unwrap();
            assert_eq!(sent.refusals(), [], "{body}");
        }
        // A result for each call, under its own.
        let history = driver.agent().conversation();
        let results = history.messages().iter().flat_map(|m| m.results().cloned());
        let results: Vec<_> = results.map(|result| result.id).collect();
        let calls = history.messages().iter().flat_map(|m| m.calls().cloned());
        let calls: Vec<_> = calls.map(|call| call.id).collect();
        assert_eq!(results, calls, "{dialect}");
        assert_eq!(calls.len(), turns[0].tool_calls.len(), "{dialect}");
    }
}

/// The path of some dialects has the model in it.
#[tokio::test]
async fn without_a_model_there_is_no_path() {
    for dialect in [Dialect::Gemini, Dialect::BedrockConverse] {
        let conversation = Conversation::new(dialect);
        let budget = budget::Options::new(100_000);
        let agent = Agent::new(
            conversation,
            budget,
            Heuristic::default(),
            Options::default(),
        );
        let mut driver = Driver::new("http://127.0.0.1:9", agent).unwrap();
        let Outcome::Failed(failure) = driver.prompt("go").await else {
            panic!("expected a failure");
        };
        assert_eq!((failure.class, failure.attempts), (Class::Request, 0));
        let expected = format!("expected `model`, which {dialect} has in the path");
        assert_eq!(failure.message, expected);
    }
}

/// A base URL often has the first segment of the path already.
#[tokio::test]
async fn a_base_with_the_version_has_it_once() {
    for (dialect, prefix, path) in [
        (Dialect::OpenAiResponses, "/v1", "/v1/responses"),
        (Dialect::Ollama, "/api", "/api/chat"),
        (Dialect::Cohere, "", "/v2/chat"),
    ] {
        let text = if dialect == Dialect::Cohere {
            "thinking"
        } else {
            "text"
        };
        let mut tape = tape(&format!("{dialect}/{text}"));
        tape.exchanges[0].request.as_mut().unwrap().path = path.into();
        let server = MockServer::replay(&tape).start().await.unwrap();
        let mut conversation = Conversation::new(dialect);
        conversation.set("model", "\"m\"").unwrap();
        let budget = budget::Options::new(100_000);
        let agent = Agent::new(
            conversation,
            budget,
            Heuristic::default(),
            Options::default(),
        );
        let base = format!("{}{prefix}", server.url());
        let outcome = Driver::new(&base, agent).unwrap().prompt("go").await;
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
        assert_eq!(server.requests()[0].path, path);
    }
}
