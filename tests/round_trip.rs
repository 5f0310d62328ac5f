//! Law 4 through sockets: what our recorder makes of our server's replay is the tape that was
//! replayed: its bytes, where each chunk ends, and how the body ends.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use wiretape::MockServer;
use wiretape_record::{Config, Output, Recorder};
use wiretape_tape::{Body, EndKind, Exchange, Tape};
use wiretape_vary::{Piece, Scenario, Script, Subject};

use crate::support::tapes;

/// A file that goes when it is dropped.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Asks for an exchange and reads all that comes, until the connection is closed or reset.
fn ask(address: &str, prefix: &str, exchange: &Exchange) {
    let request = exchange.request.as_ref().unwrap();
    let body = match &request.body {
        Body::Json(body) => body.as_str(),
        Body::Empty => "",
        other => panic!("{other:?}"),
    };
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "{} {prefix}{} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        request.method,
        request.path,
        body.len()
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let wait = Some(Duration::from_secs(20));
    stream.set_read_timeout(wait).unwrap();
    let mut bytes = [0; 4096];
    while stream.read(&mut bytes).is_ok_and(|length| length > 0) {}
}

/// What is to be recorded: how the body is cut and how it ends.
fn wanted(script: &Script) -> (Vec<&[u8]>, EndKind) {
    (script.steps().map(|step| step.bytes).collect(), script.end)
}

fn recorded(exchange: &Exchange) -> (Vec<&[u8]>, EndKind) {
    let chunks = exchange.chunks.iter().map(|chunk| chunk.bytes.as_slice());
    (chunks.collect(), exchange.end.as_ref().unwrap().kind)
}

/// Replays each of these and records that, all on one tape.
fn replayed_and_recorded(all: &[(Tape, Scenario)]) -> Tape {
    let name = format!(
        "wiretape-round-trip-{}-{}.tape",
        std::process::id(),
        all.len()
    );
    let file = Scratch(std::env::temp_dir().join(name));
    let _ = std::fs::remove_file(&file.0);
    let server = MockServer::replay(&all[0].0)
        .at("/first")
        .start_blocking()
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = Config::new(server.url().replace("/first", "").parse().unwrap());
    config.dialect = Some("anthropic".into());
    let output = Output::create(&file.0).unwrap();
    let recorder = runtime.block_on(Recorder::start(config, output)).unwrap();
    let address = recorder.addr().to_string();
    for (number, (tape, scenario)) in all.iter().enumerate() {
        let prefix = format!("/{number}");
        let replay = MockServer::replay(tape).scenario(scenario.clone());
        server.mount(&prefix, replay).unwrap();
        for exchange in &tape.exchanges {
            ask(&address, &prefix, exchange);
        }
    }
    let summary = runtime.block_on(recorder.stop(Duration::from_secs(5)));
    assert_eq!(summary.failure, None);
    let parsed = wiretape_tape::parse(&std::fs::read(&file.0).unwrap()).unwrap();
    assert_eq!(parsed.torn, None);
    parsed.tape
}

/// Where each chunk ends.
fn ends(chunks: &[&[u8]]) -> BTreeSet<usize> {
    let mut at = 0;
    let end = |chunk: &&[u8]| {
        at += chunk.len();
        at
    };
    chunks.iter().map(end).collect()
}

/// A body that comes at once is cut where the recorder's buffer is full, within a chunk of HTTP: of
/// it every boundary is recorded, and some more. A shorter one than this, with its framing, fits.
const WHOLE_BYTES_MAX: usize = 7 << 10;

#[test]
fn recording_a_replay_gives_every_tape_back() {
    let tapes = tapes().into_iter();
    let all: Vec<_> = tapes
        .map(|(_, loaded)| (loaded.tape, Scenario::plain()))
        .collect();
    let seen = replayed_and_recorded(&all);
    let played = all.iter().flat_map(|(tape, _)| &tape.exchanges);
    let played: Vec<&Exchange> = played.collect();
    assert_eq!(seen.exchanges.len(), played.len());
    let mut exact = 0;
    for (number, (played, seen)) in played.iter().zip(&seen.exchanges).enumerate() {
        let (played, seen) = (recorded(played), recorded(seen));
        assert_eq!(
            played.0.concat(),
            seen.0.concat(),
            "bytes of exchange {number}"
        );
        // A server that was hung up on had sent no more; its replay stops there, and closes.
        let end = match played.1 {
            EndKind::ClientClosed => EndKind::Unterminated,
            end => end,
        };
        assert_eq!(end, seen.1, "end of exchange {number}");
        let [cuts, seen] = [&played.0, &seen.0].map(|chunks| ends(chunks));
        let lost: Vec<_> = cuts.difference(&seen).collect();
        assert_eq!(
            lost, [&0; 0],
            "chunks of exchange {number} were put together"
        );
        if played.0.concat().len() < WHOLE_BYTES_MAX {
            assert_eq!(cuts, seen, "chunks of exchange {number}");
            exact += 1;
        }
    }
    assert!(
        exact > 20,
        "most tapes are compared in every boundary, not {exact}"
    );
}

#[test]
fn an_end_that_is_no_complete_one_is_recorded_as_it_was() {
    let tapes = tapes();
    let mut all = Vec::new();
    let mut expected = Vec::new();
    for end in [EndKind::Unterminated, EndKind::Reset, EndKind::Complete] {
        for (_, loaded) in tapes
            .iter()
            .filter(|(name, _)| name.ends_with("small-tool.tape"))
        {
            let exchange = &loaded.tape.exchanges[0];
            let subject = Subject::new(exchange, loaded.tape.header.dialect.as_deref());
            let scenario = Scenario::of(vec![Piece::Cut { at: 500, end }]);
            expected.push(scenario.apply(&subject));
            all.push((loaded.tape.clone(), scenario));
        }
    }
    let seen = replayed_and_recorded(&all);
    assert!(expected.len() >= 6, "{}", expected.len());
    assert_eq!(seen.exchanges.len(), expected.len());
    for (script, exchange) in expected.iter().zip(&seen.exchanges) {
        assert_eq!(recorded(exchange), wanted(script));
    }
}
