//! Nothing is lost: the end of a tape that is gone on with, and a tape that cannot be written.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use wiretape_record::{Config, Output, OutputError, Recorder, Report, Sink, StartError, Summary};
use wiretape_tape::{Parsed, parse};

use crate::support::*;

/// Three chunks on every request.
async fn three() -> std::net::SocketAddr {
    upstream(|mut peer| async move {
        loop {
            peer.send(STREAM).await;
            for piece in ["one", "two", "three"] {
                peer.chunk(piece).await;
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            peer.send(LAST).await;
            if peer.next().await.is_none() {
                return;
            }
        }
    })
    .await
}

async fn recorder(addr: std::net::SocketAddr, output: Output) -> Recorder {
    let mut config = Config::new(format!("http://{addr}").parse().unwrap());
    config.server = Some("a server".into());
    Recorder::start(config, output).await.unwrap()
}

/// Records so many exchanges to the end of the tape.
async fn more(addr: std::net::SocketAddr, tape: &Path, count: usize) -> (Parsed, Summary) {
    let recorder = recorder(addr, Output::append(tape).unwrap()).await;
    for _ in 0..count {
        let got = send(recorder.addr(), posted("/v1/messages", "{}")).await;
        assert_eq!(got.body(), b"onetwothree");
    }
    let summary = recorder.stop(SOON).await;
    (read(tape), summary)
}

#[tokio::test]
async fn a_tape_is_gone_on_with() {
    let scratch = Scratch::new();
    let tape = scratch.join("session.tape");
    let addr = three().await;
    let (parsed, _) = more(addr, &tape, 2).await;
    assert_eq!(parsed.tape.exchanges.len(), 2);
    let (parsed, summary) = more(addr, &tape, 1).await;
    assert_eq!(parsed.tape.exchanges.len(), 3);
    assert_eq!(summary.recorded, 1);
    assert_eq!(parsed.tape.header.extra["whole"], true);
    // What our recorder wrote, our encoder writes.
    let text = std::fs::read_to_string(&tape).unwrap();
    assert_eq!(wiretape_tape::encode(&parsed.tape), text);
}

/// Killed at any byte, the tape is gone on with, and not a byte is thrown away.
#[tokio::test]
async fn a_tape_cut_anywhere_is_gone_on_with() {
    let scratch = Scratch::new();
    let tape = scratch.join("session.tape");
    let addr = upstream(|mut peer| async move {
        peer.send(
            [
                STREAM.as_bytes(),
                &chunked("é€".as_bytes()),
                LAST.as_bytes(),
            ]
            .concat(),
        )
        .await;
    })
    .await;
    let first = recorder(addr, Output::create(&tape).unwrap()).await;
    send(first.addr(), posted("/v1/messages", "{}")).await;
    first.stop(SOON).await;
    let whole = std::fs::read(&tape).unwrap();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in (header..whole.len())
        .step_by(7)
        .chain([header, whole.len() - 1])
    {
        std::fs::write(&tape, &whole[..cut]).unwrap();
        let before = parse(&whole[..cut]).unwrap();
        let recorder = recorder(addr, Output::append(&tape).unwrap()).await;
        let got = send(recorder.addr(), posted("/v1/messages", "{}")).await;
        assert_eq!(got.body(), "é€".as_bytes());
        recorder.stop(SOON).await;
        let after = read(&tape);
        assert!(after.torn.is_none());
        let (old, new) = (before.tape.exchanges, after.tape.exchanges);
        assert_eq!(new.len(), old.len() + 1, "cut at {cut}");
        assert_eq!(new[..old.len()], old[..]);
        assert_eq!(new.last().unwrap().body(), "é€".as_bytes());
        let kept = &after.tape.other;
        assert_eq!(kept.len(), usize::from(before.torn.is_some()));
        if let Some(torn) = before.torn {
            let at = usize::try_from(torn.at).unwrap();
            let mut bytes = kept[0].value["torn"].as_str().unwrap().as_bytes().to_vec();
            if let Some(rest) = kept[0].value.get("bytes") {
                bytes.extend(
                    rest.as_array()
                        .unwrap()
                        .iter()
                        .map(|n| n.as_u64().unwrap() as u8),
                );
            }
            assert_eq!(bytes, whole[at..cut]);
        }
        // An exchange without its end is missing something for ever.
        let whole = old.iter().all(|exchange| exchange.end.is_some());
        assert_eq!(after.tape.header.extra["whole"], whole);
    }
}

#[tokio::test]
async fn a_file_that_is_there_is_not_written_over() {
    let scratch = Scratch::new();
    let path = scratch.join("there");
    std::fs::write(&path, "something else\n").unwrap();
    let error = Output::create(&path).unwrap_err();
    assert!(matches!(error, OutputError::Exists(_)), "{error}");
    for (text, why) in [
        ("something else\n", "expected a header line"),
        ("{\"wiretape\":2}\n", "reads version 1"),
        (
            "{\"wiretape\":1,\"source\":{\"kind\":\"authored\"},\"exact\":true}\n",
            "\"authored\"",
        ),
        (
            "{\"wiretape\":1,\"source\":{\"kind\":\"recorded\"},\"exact\":true}\nnonsense\n",
            "line 2",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Output::append(&path).unwrap_err();
        assert!(matches!(error, OutputError::NotATape(..)));
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let error = Output::append(&scratch.join("no/such/folder")).unwrap_err();
    assert!(matches!(error, OutputError::Io(..)), "{error}");
}

/// A header that another program wrote, with a mark before it and no room in it.
#[tokio::test]
async fn a_tape_without_room_in_its_header_gets_some() {
    let scratch = Scratch::new();
    let tape = scratch.join("session.tape");
    let text = "\u{feff}{\"wiretape\": 1, \"source\": {\"kind\": \"recorded\"}, \"exact\": true, \"more\": 1}\r\n\
                {\"request\":0,\"method\":\"GET\",\"path\":\"/\",\"headers\":[]}\n\
                {\"end\":0,\"after_ns\":0,\"kind\":\"upstream_error\",\"bytes\":0,\"sha256\":\"\
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"}";
    std::fs::write(&tape, text).unwrap();
    let (parsed, _) = more(three().await, &tape, 1).await;
    assert_eq!(parsed.tape.exchanges.len(), 2);
    assert_eq!(parsed.tape.header.extra["more"], 1);
    assert_eq!(parsed.tape.header.extra["whole"], true);
    assert_eq!(parsed.tape.exchanges[1].body(), b"onetwothree");
}

/// Room enough for what the header says, and none for what it may have to say.
#[tokio::test]
async fn a_header_without_room_for_the_truth_gets_some() {
    for more in [
        "\"room\":\"\"",
        "\"room\":\"\",\"whole\":true",
        "\"room\":\" \",\"whole\":true",
    ] {
        let scratch = Scratch::new();
        let tape = scratch.join("session.tape");
        let source = "\"source\":{\"kind\":\"recorded\"}";
        let header = format!("{{\"wiretape\":1,{source},\"exact\":true,{more}}}\n");
        std::fs::write(&tape, header).unwrap();
        let recorder = recorder(three().await, Output::append(&tape).unwrap()).await;
        let body = "{\"key\":\"sk-ant-api03-q7Zk2LmN-x_9QwErTyUiOpAsDf\"}";
        send(recorder.addr(), posted("/v1/messages", body)).await;
        recorder.stop(SOON).await;
        let parsed = read(&tape);
        assert!(!parsed.tape.header.exact, "{more}");
        assert_eq!(parsed.tape.header.extra["whole"], true);
    }
}

#[tokio::test]
async fn a_tape_of_another_server_is_left_alone() {
    let scratch = Scratch::new();
    let tape = scratch.join("session.tape");
    let addr = three().await;
    more(addr, &tape, 1).await;
    let before = std::fs::read(&tape).unwrap();
    let config = Config::new(format!("http://{addr}").parse().unwrap());
    let error = Recorder::start(config, Output::append(&tape).unwrap())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::OtherServer { .. }), "{error}");
    assert_eq!(std::fs::read(&tape).unwrap(), before);
}

/// Two that write to one tape would write over each other's lines.
#[cfg(unix)]
#[tokio::test]
async fn a_tape_is_written_by_one_recorder_at_a_time() {
    let scratch = Scratch::new();
    let tape = scratch.join("session.tape");
    let addr = three().await;
    let without_room = "{\"wiretape\":1,\"source\":{\"kind\":\"recorded\"},\"exact\":true}\n";
    for before in [None, Some(without_room), Some("")] {
        let first = match before {
            None => Output::create(&tape).unwrap(),
            Some(text) => {
                std::fs::write(&tape, text).unwrap();
                Output::append(&tape).unwrap()
            }
        };
        let first = recorder(addr, first).await;
        let error = Output::append(&tape).unwrap_err();
        assert!(matches!(error, OutputError::Busy(_)), "{error}");
        send(first.addr(), posted("/v1/messages", "{}")).await;
        first.stop(SOON).await;
        let (parsed, _) = more(addr, &tape, 1).await;
        assert_eq!(parsed.tape.exchanges.len(), 2);
        assert_eq!(parsed.tape.header.extra["whole"], true);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_a_tape() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let tape = scratch.join("session.tape");
    more(three().await, &tape, 0).await;
    let mode = std::fs::metadata(&tape).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// A disk with so many bytes.
struct Small {
    file: File,
    room: Arc<Mutex<usize>>,
}

impl Sink for Small {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut room = self.room.lock().unwrap();
        // As a disk does: what fits is written.
        let fits = bytes.len().min(*room);
        self.file.write_all(&bytes[..fits])?;
        *room -= fits;
        if fits < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn overwrite(&mut self, bytes: &[u8]) -> io::Result<()> {
        Sink::overwrite(&mut self.file, bytes)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        *self.room.lock().unwrap() += usize::try_from(self.file.metadata()?.len() - bytes).unwrap();
        Sink::truncate(&mut self.file, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Wherever the disk is full, clients get everything, and the tape reads up to its last line.
#[tokio::test]
async fn a_full_disk_costs_a_client_nothing() {
    let scratch = Scratch::new();
    let addr = three().await;
    let tape = scratch.join("whole.tape");
    let (_, summary) = more(addr, &tape, 2).await;
    assert!(summary.is_whole());
    let bytes = usize::try_from(std::fs::metadata(&tape).unwrap().len()).unwrap();
    let mut marked = 0;
    for room in (150..bytes - 8).step_by(29) {
        let tape = scratch.join(&format!("{room}.tape"));
        let file = File::create_new(&tape).unwrap();
        let sink = Small {
            file,
            room: Arc::new(Mutex::new(room)),
        };
        let mut config = Config::new(format!("http://{addr}").parse().unwrap());
        config.server = Some("a server".into());
        let reports = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&reports);
        config.observer = Some(Arc::new(move |report| {
            told.lock().unwrap().push(report.clone());
        }));
        let output = Output::sink(Box::new(sink));
        let recorder = match Recorder::start(config, output).await {
            Ok(recorder) => recorder,
            Err(error) => {
                assert!(matches!(error, StartError::Write(_)), "{error}");
                continue;
            }
        };
        for _ in 0..2 {
            let got = send(recorder.addr(), posted("/v1/messages", "{}")).await;
            assert_eq!(got.body(), b"onetwothree");
            assert!(got.complete);
        }
        let summary = recorder.stop(SOON).await;
        assert!(
            !summary.is_whole() && summary.lost > 0,
            "{room}: {summary:?}"
        );
        assert!(summary.failure.unwrap().contains("cannot write the tape"));
        let failed = |report: &&Report| matches!(report, Report::Failed { .. });
        assert_eq!(reports.lock().unwrap().iter().filter(failed).count(), 1);
        let parsed = read(&tape);
        assert!(parsed.torn.is_none(), "what did not fit is gone");
        assert_eq!(parsed.tape.header.extra["whole"], false);
        marked += parsed.tape.other.len();
        if let Some(line) = parsed.tape.other.first() {
            assert!(
                line.value["incomplete"]
                    .as_str()
                    .unwrap()
                    .contains("cannot write")
            );
        }
    }
    assert!(marked > 0, "where there is room for it, a line says so");
}
