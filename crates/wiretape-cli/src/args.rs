//! The command line: what can be typed, and the help that teaches it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use wiretape_core::ui::Protocol;
use wiretape_core::{Dialect, Server};
use wiretape_vary::Profile;

use crate::budget::BudgetArgs;
use crate::client::ClientArgs;
use crate::demo::DemoArgs;
use crate::export::ExportArgs;
use crate::faults::FaultsArgs;
use crate::import::ImportArgs;
use crate::merge::MergeArgs;
use crate::record::RecordArgs;
use crate::run::RunArgs;
use crate::serve::ServeArgs;
use crate::shrink::ShrinkArgs;
use crate::tolerated;

/// Records of streamed LLM replies, replayed in every way the wire could deliver them.
#[derive(Debug, Parser)]
#[command(
    name = "wiretape",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "\
Exit codes:
  0    it did what was asked; all laws hold
  1    a law fails
  2    the arguments or a file cannot be used
  130  Ctrl-C

Start here:
  wiretape check                             all laws over ./recordings
  wiretape show recordings/anthropic/text.tape
  wiretape transcript body.sse               what a reader makes of a captured body"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check that every law holds over tapes; with -- CMD, what a client does wrong.
    Check(Box<CheckArgs>),
    /// List the catalogue of failures, or explain one.
    Faults(FaultsArgs),
    /// Reduce a failing scenario to the smallest that still fails.
    Shrink(ShrinkArgs),
    /// Join the reports of shards.
    Merge(MergeArgs),
    /// Print what a reader makes of each exchange, as JSON.
    Transcript(TranscriptArgs),
    /// Print each frame of the framing, as JSON.
    Frames(FramesArgs),
    /// Draw a tape's timeline.
    Show(ShowArgs),
    /// Write a tape as a scenario delivers it.
    Vary(VaryArgs),
    /// Make tapes of other tools' recordings: VCR, HAR, curl and more.
    Import(ImportArgs),
    /// Write a tape as an HTTP Archive, or a body as it is.
    Export(ExportArgs),
    /// Record the sessions that pass through to a real server.
    Record(RecordArgs),
    /// Replay tapes over HTTP.
    Serve(ServeArgs),
    /// Run a command against a tape: replayed, or recorded where it is missing.
    Run(RunArgs),
    /// Measure what naive, buffered and forwarded reading come to.
    Demo(DemoArgs),
    /// Say what of a request fits into a context window, and what would be cut.
    Budget(BudgetArgs),
}

#[derive(Args, Debug)]
#[command(after_help = "\
Chunking is proved for bodies up to 16 KiB: for all 2^(n-1) ways to cut n bytes. Longer bodies and
the laws that play scenarios are sampled, --runs times each. The same seed tries the same cases.
A law that fails is printed with its case, the first difference and the line that repeats it.
Ctrl-C leaves what has been found so far. Bodies over 16 MiB are not checked.

Exit codes: 0 all laws hold, 1 one fails, 2 a file or an argument cannot be used, 130 Ctrl-C.
Where a law fails and a file cannot be read, it is 1.

--json, a line for each exchange: tape, dialect, bytes, frames, calls, rejected_calls,
laws[{number, law, how, why, cases, failure{case, scenario, difference}}], panic, verdict (holds,
fails, panics, unfinished), repeat. The last line: tapes, exchanges, laws, cases, failures,
unusable, unfinished, interrupted, seed, runs, elapsed_ms.

With -- CMD it is the client CMD that is checked: each tape is played to it untouched, then --runs
times under the classes of a profile, which take turns (wiretape faults lists them). CMD finds the
replay through the variables that `wiretape run` sets, and is run anew each time; with --worker it
stays, and for each run reads a line of JSON and writes one, both ending in LF:
  in   {\"run\":\"17\",\"base_url\":\"http://127.0.0.1:PORT/r17\",\"tape\":\"a.tape\",\"request\":{…} or null}
  out  {\"run\":\"17\",\"text\":\"…\",\"tool_calls\":[{\"name\":\"f\",\"arguments\":{…}}],\"stop\":\"…\",\"error\":null,
        \"events\":[{\"ms\":3.1,\"text\":\"He\"},{\"ms\":9,\"call\":\"f\"}]}
base_url has no /v1, request is the body of the tape's first request. Only run must be answered:
which calls were run and what was retried is seen from the client's requests. arguments_text stands
for arguments that are not parsed, \"invalid\":true for a call that is not run. Without --worker the
last line of standard output may be such a line. Ctrl-C keeps what was found so far; --journal FILE
goes on where a run was stopped. Exit codes: 0 nothing was found, 1 something was (--fail-on) or a
tape could not be tried, 2 an argument, a file or CMD cannot be used, 130 Ctrl-C.

Examples:
  wiretape check
  wiretape check session.tape -- python agent.py
  wiretape check my.tape --worker --profile all --runs 500 --html out.html -- node worker.mjs
  wiretape check my.tape --shard 2/4 --json -- python agent.py
  wiretape check recordings/anthropic my.tape --runs 1000
  wiretape check my.tape --seed 0x2a --runs 64
  wiretape check --json | jq -c 'select(.verdict == \"fails\")'")]
pub(crate) struct CheckArgs {
    /// Tapes, bare bodies, or folders of them.
    #[arg(default_value = "recordings", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Where chance starts: decimal, or hexadecimal after 0x.
    #[arg(
        long,
        default_value = "0",
        value_name = "N",
        value_parser = seed,
        allow_negative_numbers = true
    )]
    pub(crate) seed: u64,
    /// Scenarios for each law that samples; with -- CMD, for each tape.
    #[arg(
        long,
        default_value_t = 64,
        value_name = "N",
        value_parser = at_least_one::<u32>,
        allow_negative_numbers = true
    )]
    pub(crate) runs: u32,
    /// Files checked at the same time, or clients [default: one for each core].
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>, allow_negative_numbers = true)]
    pub(crate) jobs: Option<usize>,
    /// The protocol, where a file does not say.
    #[arg(long, value_name = "NAME", value_parser = dialect())]
    pub(crate) dialect: Option<Dialect>,
    /// One JSON line for each exchange, and one for the sum; with -- CMD, the report.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

const TRANSCRIPT_KEYS: &str = "\
Keys come in this order: file, dialect, text, reasoning, refusal, tool_calls[{id, name, arguments,
input, ordinal}], rejected_calls[{id, name, arguments, why, ordinal}], stop, ended (terminal, error
or eof), error{type, message, at}, frames, choices, model, message_id, usage{input, output},
warnings, rejected; then server_calls, and others (further choices), where there are any; behind
dialect, server, where one was asked for or the tape names one. A call is in tool_calls only if the
reply has ended in a way that permits to run it; `rejected` says why a reply as a whole must not be
acted on. A reply that cannot be read is a result, not a failure: the exit code is 0, and 2 is for a
file that cannot be used.
";

const TRANSCRIPT_EXAMPLES: &str = "
Examples:
  wiretape transcript recordings/anthropic/parallel-tools.tape | jq .tool_calls
  wiretape transcript captured/*.sse --dialect openai-chat
  wiretape transcript body.sse --server groq  read what groq sends as groq means it
  wiretape transcript cut.sse --recover      read a last event without its blank line";

#[derive(Args, Debug)]
#[command(after_help = format!("{TRANSCRIPT_KEYS}\n{}{TRANSCRIPT_EXAMPLES}", tolerated::listing()))]
pub(crate) struct TranscriptArgs {
    /// Tapes, bare bodies, or folders of them.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) sender: SenderArgs,
    /// Read by the standards alone, without what real servers need.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Read a last event that lacks its blank line, if its payload is whole.
    #[arg(long)]
    pub(crate) recover: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Each line is one frame: at (offset of its first byte), event, data, id, retry, comment; and, where
they apply, unknown (fields), recovered, replaced (bytes that were not UTF-8). The last line says
how the stream ended: end (clean, truncated or error), at, error, frames. In a tape each line begins
with the number of its exchange. How the bytes are cut changes nothing:

  wiretape frames body.sse > whole
  wiretape frames body.sse --chunk 1 | diff whole -

Examples:
  wiretape frames recordings/openai-chat/text.tape | jq -r .data
  wiretape frames generate.jsonl --ndjson --chunk 7")]
pub(crate) struct FramesArgs {
    /// A tape or a bare body.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Feed so many bytes at a time [default: all at once].
    #[arg(long, value_name = "N", value_parser = at_least_one::<usize>, allow_negative_numbers = true)]
    pub(crate) chunk: Option<usize>,
    /// Read JSON lines; otherwise what the tape's dialect has, or what the body begins as.
    #[arg(long)]
    pub(crate) ndjson: bool,
    /// The standard, and an error for bytes that are not UTF-8.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Read a last event that lacks its blank line, if its payload is whole.
    #[arg(long)]
    pub(crate) recover: bool,
}

/// What the timeline's axis counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Axis {
    /// Time since the response's head.
    Time,
    /// Bytes of the body.
    Bytes,
}

#[derive(Args, Debug)]
#[command(after_help = "\
One lane for each text, thought and call: taller where more of it came. Under it, what each lane
holds, and what the gate makes of the reply: the calls that may be run, or why none may.

Examples:
  wiretape show recordings/anthropic/parallel-tools.tape
  wiretape show session.tape --exchange 2 --by bytes
  NO_COLOR=1 wiretape show body.sse --dialect openai-chat | less")]
pub(crate) struct ShowArgs {
    /// A tape or a bare body.
    #[arg(value_name = "TAPE")]
    pub(crate) file: PathBuf,
    /// The axis [default: time, or bytes where the tape has no times].
    #[arg(long, value_enum)]
    pub(crate) by: Option<Axis>,
    /// Only this exchange, counted from 0.
    #[arg(long, value_name = "I")]
    pub(crate) exchange: Option<usize>,
    #[command(flatten)]
    pub(crate) sender: SenderArgs,
}

#[derive(Args, Debug)]
#[command(after_help = "\
A reshape keeps the reply's meaning, a fault does not. Profiles: plain, wire, framing, dialect,
lawful (reshapes of every level), faults (one fault), all (reshapes, and a fault every other time),
seen (what was seen in traffic of the tape's dialect), seen_reshapes (without its faults), quirks
(what compatible servers do), hostile (sizes, depths, floods). The tape that is written holds the one
exchange, and the scenario in its header; print it, edit it, and give it back with --scenario.

Examples:
  wiretape vary in.tape --seed 7 -o out.tape
  wiretape vary in.tape --seed 0x2a --profile faults -o - | wiretape show /dev/stdin
  wiretape vary in.tape --seed 7 --print > scenario.json
  wiretape vary in.tape --scenario scenario.json -o out.tape")]
pub(crate) struct VaryArgs {
    /// A tape or a bare body.
    #[arg(value_name = "TAPE")]
    pub(crate) file: PathBuf,
    /// Where chance starts: decimal, or hexadecimal after 0x.
    #[arg(
        long,
        value_name = "N",
        value_parser = seed,
        allow_negative_numbers = true,
        required_unless_present = "scenario",
        conflicts_with = "scenario"
    )]
    pub(crate) seed: Option<u64>,
    /// What to choose from [default: lawful].
    #[arg(long, value_name = "NAME", value_parser = profile(), conflicts_with = "scenario")]
    pub(crate) profile: Option<Profile>,
    /// A scenario as JSON, instead of a seed.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
    /// Which exchange, counted from 0.
    #[arg(long, value_name = "I", default_value_t = 0)]
    pub(crate) exchange: usize,
    /// The protocol, where the file does not say.
    #[arg(long, value_name = "NAME", value_parser = dialect())]
    pub(crate) dialect: Option<Dialect>,
    /// The file to write; `-` is standard output.
    #[arg(
        short,
        long,
        value_name = "OUT",
        required_unless_present = "print",
        conflicts_with = "print"
    )]
    pub(crate) output: Option<PathBuf>,
    /// Replace OUT if it exists.
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the scenario as JSON, and write no tape.
    #[arg(long)]
    pub(crate) print: bool,
}

pub(crate) fn dialect() -> impl TypedValueParser<Value = Dialect> {
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::name))
        .try_map(|name| name.parse::<Dialect>())
}

/// Who sent what is read.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct SenderArgs {
    /// The protocol, where a file does not say.
    #[arg(long, value_name = "NAME", value_parser = dialect())]
    pub(crate) dialect: Option<Dialect>,
    /// The openai-chat server whose ways to read it by, or `none` [default: the one that the tape names].
    #[arg(long, value_name = "NAME", value_parser = sender(), hide_possible_values = true)]
    pub(crate) server: Option<Sender>,
}

/// What was given for `--server`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// None, whatever the tape says.
    None,
    /// This one.
    Named(Server),
}

fn sender() -> impl TypedValueParser<Value = Sender> {
    let names = Server::ALL.map(Server::name).into_iter();
    PossibleValuesParser::new(names.chain(["none"]))
        .map(|name| name.parse().map_or(Sender::None, Sender::Named))
}

pub(crate) fn protocol() -> impl TypedValueParser<Value = Protocol> {
    PossibleValuesParser::new(Protocol::ALL.map(Protocol::name))
        .try_map(|name| name.parse::<Protocol>())
}

pub(crate) fn profile() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name))
        .try_map(|name| name.parse::<Profile>())
}

pub(crate) fn seed(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let hex = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"));
    let read = hex.map_or_else(|| digits.parse(), |hex| u64::from_str_radix(hex, 16));
    read.map_err(|_| "expected a number below 2^64, such as 42 or 0x2a".into())
}

pub(crate) fn at_least_one<N: FromStr + From<u8> + PartialOrd>(text: &str) -> Result<N, String> {
    let number = text.parse().ok().filter(|number| *number >= N::from(1));
    number.ok_or_else(|| "expected a number from 1 up".into())
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Cli;

    #[test]
    fn every_example_in_the_help_can_be_typed() {
        let mut texts = vec![Cli::command().render_help().to_string()];
        for command in Cli::command().get_subcommands_mut() {
            texts.push(command.render_help().to_string());
        }
        let mut seen = 0;
        for line in texts.iter().flat_map(|text| text.lines()) {
            let line = line.trim().trim_start_matches("NO_COLOR=1 ");
            if !line.starts_with("wiretape ") {
                continue;
            }
            // Without what the shell does, and without what is said of it.
            let typed = line.split(['|', '>', '<']).next().unwrap_or_default();
            let typed = typed.split("   ").next().unwrap_or_default();
            if let Err(error) = Cli::try_parse_from(typed.split_whitespace()) {
                panic!("{line}\n{error}");
            }
            seen += 1;
        }
        assert!(seen >= 18, "{seen} examples");
    }
}
