//! Law 6, parity: what comes through a socket, and what is written without one, is what the player
//! says in memory.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wiretape_core::machine::{Moment, run};
use wiretape_serve::{Config, Flush, Matching, Mount};
use wiretape_tape::{EndKind, Tape};
use wiretape_vary::classes::{self, Group};
use wiretape_vary::{Action, Player, Profile, Scenario, Script, Subject};

use crate::client::{Client, Ended, post};
use crate::support::{Running, recordings};

/// Scenarios of each tape.
const SCENARIOS: u64 = 100;
/// Chunks of a script beyond which they are sent in batches, to take seconds: the chunks of HTTP
/// are the same, and that each can be a write is compared without a socket.
const CHUNKS_MAX: usize = 5_000;

fn mount(tape: &Tape, number: u64) -> Mount {
    let profiles = Profile::ALL;
    let profile = profiles[usize::try_from(number).unwrap() % profiles.len()];
    Mount::new(tape)
        .seed(number, profile)
        .matching(Matching::First)
}

/// What the player says in memory: the chunks that have bytes, and the end.
fn played(mount: &Mount, exchange: usize) -> (Vec<Vec<u8>>, EndKind) {
    let script = mount.script(exchange).expect("a script").clone();
    let mut chunks = Vec::new();
    let mut end = None;
    let Ok(_) = run(
        &mut Player::new(script),
        Moment(0),
        |_, action| match action {
            Action::Bytes(bytes) => chunks.extend(Some(bytes).filter(|bytes| !bytes.is_empty())),
            Action::End(kind) => end = Some(kind),
        },
    );
    (chunks, end.expect("an end"))
}

fn request(tape: &Tape, exchange: usize, prefix: &str) -> String {
    let request = tape.exchanges[exchange]
        .request
        .as_ref()
        .expect("a request");
    let path = format!("{prefix}{}", request.path);
    match &request.body {
        wiretape_tape::Body::Json(body) => post(&path, body),
        wiretape_tape::Body::Empty => format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"),
        other => panic!("a JSON body or none, and not {other:?}"),
    }
}

#[test]
fn sockets_and_writes_are_what_the_player_says() {
    let running = Running::start(Config::default());
    let tapes = recordings();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let total = tapes.len() * usize::try_from(SCENARIOS).unwrap();
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if total <= at {
                        return;
                    }
                    let (path, tape) = &tapes[at % tapes.len()];
                    let number = u64::try_from(at / tapes.len()).unwrap();
                    let mount = mount(tape, number);
                    for exchange in 0..tape.exchanges.len() {
                        done.fetch_add(1, Ordering::Relaxed);
                        if let Err(why) = compare(&running, path, tape, &mount, exchange, at) {
                            wrong.lock().unwrap().push(why);
                        }
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(total <= done.into_inner());
}

fn compare(
    running: &Running,
    path: &Path,
    tape: &Tape,
    mount: &Mount,
    exchange: usize,
    at: usize,
) -> Result<(), String> {
    let (chunks, end) = played(mount, exchange);
    let name = format!("{} #{exchange} under {at}", path.display());
    let response = tape.exchanges[exchange].response.as_ref();
    let headers = response.map_or(&[][..], |response| &response.headers);
    let sized = headers.iter().any(|(name, _)| name == "content-length");
    written(mount, exchange, &chunks, end, sized).map_err(|why| format!("{name}: {why}"))?;
    let flush = if chunks.len() <= CHUNKS_MAX {
        Flush::Chunk
    } else {
        Flush::Batch
    };
    let prefix = format!("/{at}");
    running
        .server()
        .mount(&prefix, mount.clone().flush(flush))
        .expect("a mount");
    let mut client = Client::connect(running.addr());
    client.send(request(tape, exchange, &prefix).as_bytes());
    if end == EndKind::Timeout {
        client.gather(|| running.is_done(&prefix));
    }
    let answer = client.answer();
    running.server().unmount(&prefix);
    // A body that has a length is not framed in chunks.
    let same = match sized {
        true => answer.body() == chunks.concat(),
        false => answer.chunks == chunks,
    };
    if !same {
        let (came, said) = (answer.body().len(), chunks.concat().len());
        let numbers = (answer.chunks.len(), chunks.len());
        return Err(format!(
            "{name}: {came} of {said} bytes, chunks {numbers:?}, {end:?}"
        ));
    }
    let expected = match end {
        EndKind::Complete => Ended::Whole,
        EndKind::Reset => Ended::Reset,
        EndKind::Timeout => Ended::Open,
        _ => Ended::Fin,
    };
    if answer.ended != expected {
        return Err(format!(
            "{name}: expected {expected:?}, found {:?}",
            answer.ended
        ));
    }
    Ok(())
}

/// A writer that keeps each write by itself.
#[derive(Default)]
struct Writes(Vec<Vec<u8>>);

impl AsyncWrite for Writes {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.push(bytes.to_vec());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn framed(chunk: &[u8]) -> Vec<u8> {
    let size = format!("{:x}\r\n", chunk.len());
    [size.as_bytes(), chunk, b"\r\n"].concat()
}

/// Without a socket each chunk is one write; in batches the same bytes come in few.
fn written(
    mount: &Mount,
    exchange: usize,
    chunks: &[Vec<u8>],
    end: EndKind,
    sized: bool,
) -> Result<(), String> {
    let play = |mount: &Mount| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let mut writes = Writes::default();
        let said = runtime.unwrap().block_on(mount.play(exchange, &mut writes));
        (writes.0, said.expect("it takes all"))
    };
    let (writes, said) = play(mount);
    let mut expected = chunks.to_vec();
    if !sized {
        expected = chunks.iter().map(|chunk| framed(chunk)).collect();
    }
    if end == EndKind::Complete && !sized {
        expected.push(b"0\r\n\r\n".to_vec());
    }
    let (head, body) = writes.split_first().expect("a head");
    if said != end || !head.ends_with(b"\r\n\r\n") || body != expected {
        return Err(format!(
            "{} writes, expected {}",
            body.len(),
            expected.len()
        ));
    }
    let (batches, said) = play(&mount.clone().flush(Flush::Batch));
    let enough = body.concat().len() / (32 << 10) + 2;
    if said != end || batches.concat() != writes.concat() || enough < batches.len() {
        return Err(format!("in batches: {} writes", batches.len()));
    }
    Ok(())
}

#[test]
fn a_plain_script_is_what_the_plain_scenario_gives() {
    for (path, tape) in recordings() {
        for exchange in &tape.exchanges {
            let subject = Subject::new(exchange, tape.header.dialect.as_deref());
            let plain = Scenario::plain().apply(&subject);
            assert!(Script::plain(exchange) == plain, "{}", path.display());
        }
        let mounted = Mount::new(&tape).seed(3, Profile::Plain);
        assert_eq!(mounted.script(0), Mount::new(&tape).script(0));
    }
}

/// Cases of every class that changes what is around a reply: its head, its coding, its end, its
/// attempts. Each tape has some of them.
#[test]
fn heads_codings_and_attempts_are_what_the_script_says() {
    let running = Running::start(Config::default());
    let large = ["F-70", "F-71", "F-72"];
    let classes = classes::all().iter().filter(|class| {
        let groups = [
            Group::Transport,
            Group::Errors,
            Group::Retry,
            Group::Termination,
        ];
        groups.contains(&class.group) && !large.contains(&class.id)
    });
    let classes: Vec<_> = classes.collect();
    let mut played = 0;
    for (number, (path, tape)) in recordings().iter().enumerate() {
        let exchange = &tape.exchanges[0];
        let dialect = tape.header.dialect.as_deref();
        let subject = Subject::new(exchange, dialect);
        for (place, class) in classes
            .iter()
            .enumerate()
            .filter(|(at, _)| at % 4 == number % 4)
        {
            let seed = u64::try_from(number * 100 + place).unwrap();
            let Ok(mut scenario) = Scenario::of_class(seed, class, Profile::All, &subject) else {
                continue;
            };
            scenario.exchange = Some(0);
            let prefix = format!("/{number}/{place}");
            let mount = Mount::new(tape)
                .matching(Matching::First)
                .scenario(scenario);
            running
                .server()
                .mount(&prefix, mount.clone())
                .expect("a mount");
            let name = format!("{} under {class}, seed {seed}", path.display());
            for script in mount.scripts(0) {
                played += 1;
                let mut client = Client::connect(running.addr());
                client.send(request(tape, 0, &prefix).as_bytes());
                if script.end == EndKind::Timeout {
                    client.gather(|| running.server().activity(&prefix).unwrap().stalled > 0);
                }
                let answer = client.answer();
                assert_eq!(answer.body(), script.body(), "{name}");
                if let Some(head) = &script.head {
                    assert_eq!(answer.status(), head.status, "{name}");
                    let own = [
                        "connection",
                        "content-length",
                        "keep-alive",
                        "transfer-encoding",
                    ];
                    let named = |name: &str| own.iter().any(|own| name.eq_ignore_ascii_case(own));
                    for (header, value) in head.headers.iter().filter(|(name, _)| !named(name)) {
                        assert_eq!(answer.header(header), Some(value.as_str()), "{name}");
                    }
                }
                let ended = match script.end {
                    EndKind::Complete => Ended::Whole,
                    EndKind::Reset => Ended::Reset,
                    EndKind::Timeout => Ended::Open,
                    _ => Ended::Fin,
                };
                assert_eq!(answer.ended, ended, "{name}");
            }
            running.server().unmount(&prefix);
        }
    }
    assert!(300 < played, "{played}");
}
