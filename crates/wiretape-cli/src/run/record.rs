//! The first run: the tape is missing, and is recorded.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::channel;
use wiretape_record::{Config, Output, Recorder, Report, Summary, Upstream};

use super::{RunArgs, child};
use crate::exit::{Exit, Fault};
use crate::{Io, screen};

/// How long streams get to end once the command has.
const GRACE: Duration = Duration::from_secs(10);

/// Reports that wait to be printed; more are dropped, the tape has it all.
const WAITING_MAX: usize = 1 << 10;

pub(super) async fn run(
    args: &RunArgs,
    upstream: &Upstream,
    io: &mut Io<'_>,
) -> Result<Exit, Fault> {
    let partial = partial(&args.tape);
    let output = Output::create(&partial).map_err(|error| {
        Fault::with_hint(
            error.to_string(),
            "it is what an earlier run recorded before it failed; move it away, or use it as a tape",
        )
    })?;
    let (sender, mut reports) = channel(WAITING_MAX);
    let mut config = Config::new(upstream.clone());
    config.dialect = args.play.dialect.map(|dialect| dialect.name().into());
    config.observer = Some(Arc::new(move |report: &Report| {
        if matches!(report, Report::Refused { .. } | Report::Failed { .. }) {
            let _ = sender.try_send(report.to_string());
        }
    }));
    let recorder = Recorder::start(config, output).await;
    let recorder = recorder.map_err(|error| Fault::new(error.to_string()))?;
    io.note(&format!(
        "{}: there is no such tape, recording it from {upstream}",
        args.tape.display()
    ));
    let url = recorder.url();
    let mut running = std::pin::pin!(child::run(&args.command, &url, child::Keys::Own));
    let code = loop {
        tokio::select! {
            Some(report) = reports.recv() => io.note(&report),
            code = &mut running => break code,
        }
    };
    let summary = recorder.stop(GRACE).await;
    keep(args, &partial, code?, &summary, io)
}

fn partial(tape: &Path) -> PathBuf {
    let mut name = tape.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// The tape gets its name only if all went well: a later run replays what has it.
fn keep(
    args: &RunArgs,
    partial: &Path,
    code: u8,
    summary: &Summary,
    io: &mut Io<'_>,
) -> Result<Exit, Fault> {
    let tape = args.tape.display();
    let exchanges = usize::try_from(summary.recorded).unwrap_or(usize::MAX);
    if exchanges == 0 {
        let _ = fs::remove_file(partial);
        if code != 0 {
            io.note(&format!(
                "{tape}: not recorded: the command ended with {code} before any request"
            ));
            return Ok(Exit::Command(code));
        }
        io.complain(&Fault::with_hint(
            format!("{tape}: nothing to record, the command sent no request"),
            "it must take its base URL from one of the variables that `wiretape run --help` names",
        ));
        return Ok(Exit::Broken);
    }
    let count = screen::count(exchanges, "exchange");
    if code != 0 || !summary.is_whole() {
        let why = match &summary.failure {
            Some(why) => why.clone(),
            None if code != 0 => format!("the command ended with {code}"),
            None => "not all that passed is on it".into(),
        };
        io.note(&format!("{count} kept as {}: {why}", partial.display()));
        return Ok(if code == 0 {
            Exit::Unusable
        } else {
            Exit::Command(code)
        });
    }
    fs::rename(partial, &args.tape).map_err(|error| {
        Fault::new(format!(
            "{}: cannot become {tape}: {error}",
            partial.display()
        ))
    })?;
    io.note(&format!("{tape}: {count} recorded"));
    Ok(Exit::Good)
}
