//! An agent's client against a replay; wiremock; what the kit needs.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use wiretape::vary::Profile;
use wiretape::{FromFile, MockServer, Tape, core, respond};

use crate::support::recordings;

fn tape(name: &str) -> Tape {
    Tape::load(recordings().join(name)).unwrap()
}

/// The smallest client there is: one request, all that comes until the server closes.
fn ask(url: &str, path: &str, body: &Value) -> String {
    let mut socket = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let body = body.to_string();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: k\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    socket.write_all((head + &body).as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// An agent's first turn, and the one after its tool.
fn turns() -> [Value; 2] {
    let user = json!({"role": "user", "content": "what is in it?"});
    let call = json!({"type": "tool_use", "id": "toolu_01", "name": "read", "input": {}});
    let result = json!({"type": "tool_result", "tool_use_id": "toolu_01", "content": "nothing"});
    let first = json!({"model": "m", "stream": true, "messages": [user]});
    let second = json!({"model": "m", "stream": true, "messages": [
        user,
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]});
    [first, second]
}

/// Two recorded replies as one session.
fn session(names: [&str; 2]) -> Tape {
    let [mut first, second] = names.map(tape);
    first.exchanges.extend(second.exchanges);
    first
}

#[test]
fn an_agents_two_turns_against_a_varied_replay() {
    let session = session(["anthropic/small-tool.tape", "anthropic/text.tape"]);
    for seed in 0..8 {
        let replay = MockServer::replay(&session).seed(seed, Profile::Reshape);
        let server = replay.expect_all_consumed().start_blocking().unwrap();
        for turn in turns() {
            let answer = ask(&server.url(), "/v1/messages", &turn);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
        let [first, second]: [core::Transcript; 2] =
            server.transcript().unwrap().try_into().unwrap();
        assert_eq!(first.tool_calls.len(), 1);
        assert!(!second.text.is_empty());
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn a_held_reply_proves_that_a_client_shows_what_has_come() {
    let replay = MockServer::replay(&tape("anthropic/text.tape")).hold_before(0, 8);
    let server = replay.start_blocking().unwrap();
    let mut socket = TcpStream::connect(&server.url()).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let request =
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 15\r\n\r\n{\"stream\":true}";
    socket.write_all(request.as_bytes()).unwrap();
    let mut come = Vec::new();
    let mut byte = [0; 1];
    while !String::from_utf8_lossy(&come).contains("content_block_delta") {
        assert_eq!(socket.read(&mut byte).unwrap(), 1);
        come.extend(byte);
    }
    assert!(!String::from_utf8_lossy(&come).contains("message_stop"));
    assert_eq!(server.state().in_flight, 1);
    server.release();
    while !String::from_utf8_lossy(&come).contains("message_stop") {
        assert_eq!(socket.read(&mut byte).unwrap(), 1);
        come.extend(byte);
    }
}

#[test]
fn verification_names_what_was_not_asked_for() {
    let session = session(["anthropic/small-tool.tape", "anthropic/text.tape"]);
    let server = MockServer::replay(&session)
        .observe(|_| {})
        .start_blocking()
        .unwrap();
    ask(&server.url(), "/v1/messages", &turns()[0]);
    ask(&server.url(), "/v1/complete", &turns()[1]);
    let wrong = server.verify().unwrap_err();
    assert_eq!((wrong.state.unused, wrong.state.misses), (vec![1], 1));
    server.reset();
    assert_eq!((server.requests().len(), server.state().misses), (0, 0));

    let dropped = std::panic::catch_unwind(|| {
        let replay = MockServer::replay(&tape("anthropic/text.tape"));
        drop(replay.expect_all_consumed().start_blocking().unwrap());
    });
    let message = *dropped.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("[0]"), "{message}");
}

#[test]
fn a_server_lives_inside_a_runtime_of_any_kind() {
    let text = tape("anthropic/text.tape");
    for threads in [1, 2] {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap();
        let body = runtime.block_on(async {
            // The blocking one too, for a test that calls blocking code from async code.
            drop(MockServer::replay(&text).start_blocking().unwrap());
            let server = MockServer::replay(&text).start().await.unwrap();
            let url = server.url();
            let asked = tokio::task::spawn_blocking(move || ask(&url, "/v1/messages", &turns()[0]));
            asked.await.unwrap()
        });
        assert!(body.contains("message_stop"), "{body}");
    }
}

#[test]
fn wiremock_answers_with_a_tape_in_one_piece() {
    let text = tape("anthropic/text.tape");
    let replay = respond::Replay::new(&text, 0).unwrap();
    assert!(respond::Replay::new(&text, 1).is_none());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(async {
        let server = wiremock::MockServer::start().await;
        let varied = replay.seed(3, Profile::Dialect);
        let post = wiremock::Mock::given(wiremock::matchers::path("/v1/messages"));
        post.respond_with(varied).mount(&server).await;
        server
    });
    let answer = ask(&server.uri(), "/v1/messages", &turns()[0]);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    let options = core::Options::default();
    let read = |body: &[u8]| {
        let read = core::read(core::Dialect::Anthropic, options, body);
        core::Transcript::of(&read).meaning()
    };
    assert_eq!(read(body.as_bytes()), read(&text.exchanges[0].body()));
    assert_ne!(body.as_bytes(), text.exchanges[0].body());
}

/// Whoever tests with the kit does not compile TLS, nor tokio without the server.
#[test]
fn the_kit_needs_no_tls() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tree = |args: &[&str]| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        let common = [
            "tree",
            "--offline",
            "--locked",
            "-p",
            "wiretape",
            "-e",
            "normal",
            "--prefix",
            "none",
        ];
        let output = cargo
            .current_dir(&root)
            .args(common)
            .args(args)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let has = |tree: &str, name: &str| {
        tree.lines()
            .any(|line| line.starts_with(&format!("{name} ")))
    };
    let all = tree(&["--all-features"]);
    assert!(has(&all, "tokio") && has(&all, "wiremock"), "{all}");
    for tls in ["rustls", "ring", "openssl", "native-tls", "wiretape-record"] {
        assert!(!has(&all, tls), "{tls}");
    }
    assert!(!has(&tree(&["--no-default-features"]), "tokio"));
}
