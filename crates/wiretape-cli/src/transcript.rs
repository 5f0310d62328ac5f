//! `wiretape transcript`: what a reader makes of each exchange.

use serde::Serialize;
use serde_json::Value;
use wiretape_core::event::Usage;
use wiretape_core::turn::{Ended, Failure};
use wiretape_core::{AnswerView, Dialect, Server, ServerView, Transcript, Warnings, read};

use crate::args::TranscriptArgs;
use crate::exit::{Exit, Fault};
use crate::{Io, decode, source};

/// A transcript as a line. The order of the fields is part of the interface.
#[derive(Debug, Serialize)]
struct Line<'a> {
    file: &'a str,
    dialect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'static str>,
    text: &'a str,
    reasoning: &'a str,
    refusal: &'a str,
    tool_calls: Vec<Call<'a>>,
    rejected_calls: Vec<RejectedCall<'a>>,
    stop: Option<&'a str>,
    ended: Ended,
    error: Option<&'a Failure>,
    frames: u64,
    choices: usize,
    model: Option<&'a str>,
    message_id: Option<&'a str>,
    usage: Usage,
    warnings: &'a Warnings,
    rejected: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    server_calls: &'a [ServerView],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    others: &'a [AnswerView],
}

#[derive(Debug, Serialize)]
struct Call<'a> {
    id: Option<&'a str>,
    name: &'a str,
    arguments: &'a str,
    input: &'a Value,
    ordinal: usize,
}

#[derive(Debug, Serialize)]
struct RejectedCall<'a> {
    id: Option<&'a str>,
    name: &'a str,
    arguments: &'a str,
    why: &'a str,
    ordinal: usize,
}

impl<'a> Line<'a> {
    fn of(file: &'a str, dialect: Dialect, server: Option<Server>, from: &'a Transcript) -> Self {
        let calls = from.tool_calls.iter().map(|call| Call {
            id: call.id.as_deref(),
            name: &call.name,
            arguments: &call.arguments,
            input: &call.input,
            ordinal: call.ordinal,
        });
        let rejected = from.rejected_calls.iter().map(|call| RejectedCall {
            id: call.id.as_deref(),
            name: &call.name,
            arguments: &call.arguments,
            why: &call.why,
            ordinal: call.ordinal,
        });
        Self {
            file,
            dialect: dialect.name(),
            server: server.map(Server::name),
            text: &from.text,
            reasoning: &from.reasoning,
            refusal: &from.refusal,
            tool_calls: calls.collect(),
            rejected_calls: rejected.collect(),
            stop: from.stop.as_deref(),
            ended: from.ended,
            error: from.error.as_ref(),
            frames: from.frames,
            choices: from.choices,
            model: from.model.as_deref(),
            message_id: from.message_id.as_deref(),
            usage: from.usage,
            warnings: &from.warnings,
            rejected: from.rejected.as_deref(),
            server_calls: &from.server_calls,
            others: &from.others,
        }
    }
}

/// Prints a line for each exchange; files that cannot be used are reported and passed over.
pub(crate) fn run(args: &TranscriptArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let options = source::options(args.strict, args.recover);
    let (files, mut faults) = source::files(&args.paths, io);
    for file in files {
        let mut loaded = match source::recorded(&file, args.sender.dialect, io) {
            Ok(loaded) => loaded,
            Err(fault) => {
                faults += 1;
                io.complain(&fault);
                continue;
            }
        };
        let mut lines = 0;
        for (number, why) in decode::bodies(&mut loaded.tape) {
            faults += 1;
            io.complain(&Fault::new(format!("{}#{number}: {why}", file.display())));
        }
        for subject in loaded.subjects() {
            lines += 1;
            match subject {
                Ok(subject) => {
                    if let Some(note) = source::other_dialect(&subject) {
                        io.note(&note);
                    }
                    let server = source::sender(args.sender, &loaded, &subject, io);
                    let options = server.map_or(options, |server| options.as_sent_by(server));
                    let transcript = Transcript::of(&read(subject.dialect, options, &subject.body));
                    let line = Line::of(&subject.name, subject.dialect, server, &transcript);
                    serde_json::to_writer(&mut *io.out, &line)?;
                    io.out.write_all(b"\n")?;
                }
                Err(error) => {
                    faults += 1;
                    io.complain(&error.into());
                }
            }
        }
        if lines == 0 {
            io.note(&format!(
                "{}: no exchange with a streamed body",
                file.display()
            ));
        }
    }
    Ok(if faults == 0 {
        Exit::Good
    } else {
        Exit::Unusable
    })
}
