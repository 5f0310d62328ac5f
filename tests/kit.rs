//! The test kit as its users meet it: an agent's client against a replay, snapshots of what it
//! sent, strategies, wiremock.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use wiretape::strategy::{partitions, pieces, scenarios};
use wiretape::vary::{Piece, Profile};
use wiretape::{LoadTape, MockServer, Tape, core, respond};

use crate::support::recordings;

fn tape(name: &str) -> Tape {
    Tape::load(recordings().join(name)).unwrap()
}

/// The smallest client there is: one request, all that comes until the server closes.
fn ask(addr: SocketAddr, path: &str, body: &Value) -> String {
    let mut socket = TcpStream::connect(addr).unwrap();
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
        let server = replay.verified().start_blocking().unwrap();
        for turn in turns() {
            let answer = ask(server.addr(), "/v1/messages", &turn);
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
        let [first, second]: [core::Transcript; 2] = server.transcript().try_into().unwrap();
        assert_eq!(first.tool_calls.len(), 1);
        assert!(!second.text.is_empty());
        assert_eq!(server.requests().len(), 2);
    }
}

#[test]
fn what_the_agent_sent_and_what_came_as_stable_snapshots() {
    let session = session(["anthropic/small-tool.tape", "anthropic/text.tape"]);
    let server = MockServer::replay(&session).start_blocking().unwrap();
    for turn in turns() {
        ask(server.addr(), "/v1/messages", &turn);
    }
    wiretape::assert_stable_snapshot!("kit__requests", server.requests());
    wiretape::assert_stable_snapshot!("kit__transcript", server.transcript());
}

#[test]
fn a_held_reply_proves_that_a_client_shows_what_has_come() {
    let replay = MockServer::replay(&tape("anthropic/text.tape")).hold_before(0, 8);
    let server = replay.start_blocking().unwrap();
    let mut socket = TcpStream::connect(server.addr()).unwrap();
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
        .quiet()
        .start_blocking()
        .unwrap();
    ask(server.addr(), "/v1/messages", &turns()[0]);
    ask(server.addr(), "/v1/complete", &turns()[1]);
    let wrong = server.verify().unwrap_err();
    assert_eq!(
        wrong,
        "of 2 exchanges these were not asked for: [1]; of 2 requests 1 fitted no exchange"
    );
    server.reset();
    assert_eq!((server.requests().len(), server.state().misses), (0, 0));

    let dropped = std::panic::catch_unwind(|| {
        let replay = MockServer::replay(&tape("anthropic/text.tape"));
        drop(replay.verified().start_blocking().unwrap());
    });
    let message = *dropped.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("not asked for: [0]"), "{message}");
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
            let addr = server.addr();
            let asked = tokio::task::spawn_blocking(move || ask(addr, "/v1/messages", &turns()[0]));
            asked.await.unwrap()
        });
        assert!(body.contains("message_stop"), "{body}");
    }
}

#[test]
fn a_mistake_is_said_in_full() {
    let missing = Tape::load("no/such.tape").unwrap_err().to_string();
    assert!(
        missing.starts_with("no/such.tape: cannot read it: "),
        "{missing}"
    );
    let text = tape("anthropic/text.tape");
    let hold = MockServer::replay(&text).hold_before(3, 0).start_blocking();
    assert_eq!(
        hold.unwrap_err().to_string(),
        "the tape cannot be replayed: hold: expected an exchange below 1, found 3"
    );
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
    let answer = ask(*server.address(), "/v1/messages", &turns()[0]);
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

proptest! {
    #![proptest_config(crate::support::cases(64))]

    #[test]
    fn a_partition_is_the_body_again((body, cuts) in any::<Vec<u8>>().prop_flat_map(|body| {
        let cuts = partitions(body.len());
        (Just(body), cuts)
    })) {
        prop_assert!(cuts.iter().all(|cut| (1..body.len().max(2)).contains(cut)), "{:?}", cuts);
        let pieces = pieces(&body, &cuts);
        prop_assert!(pieces.len() > cuts.len() || body.len() < 2);
        prop_assert_eq!(pieces.concat(), body);
    }
}

/// A reader that forgets a character cut in two: the kit finds it, and shrinks to the one piece.
#[test]
fn a_careless_reader_is_found_and_shrunk_to_one_piece() {
    let subject = wiretape::vary::Subject::new(
        &tape("anthropic/unicode.tape").exchanges[0],
        Some("anthropic"),
    );
    let careless = |chunks: &[&[u8]]| -> String {
        let texts = chunks
            .iter()
            .map(|chunk| String::from_utf8_lossy(chunk).into_owned());
        texts.collect()
    };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let found = runner.run(&scenarios(&subject, Profile::Wire), |scenario| {
        let script = scenario.apply(&subject);
        let chunks: Vec<&[u8]> = script.steps().map(|step| step.bytes).collect();
        let broken = careless(&chunks).contains(char::REPLACEMENT_CHARACTER);
        prop_assert!(!broken, "a character was cut in two");
        Ok(())
    });
    let Err(proptest::test_runner::TestError::Fail(_, scenario)) = found else {
        unreachable!("{found:?}");
    };
    assert!(
        matches!(scenario.pieces[..], [Piece::Rechunk { .. }]),
        "{scenario:?}"
    );
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
