//! `wiretape budget`: what of a request fits into a context window.

mod input;
mod json;
mod table;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wiretape_core::Dialect;
use wiretape_core::budget::{Fitted, Heuristic, Options, Overfull, Planner, TokenCounter, models};
use wiretape_core::conversation::Conversation;
use wiretape_tokens::Bpe;

use crate::Io;
use crate::args::{at_least_one, dialect};
use crate::exit::{Exit, Fault};

#[derive(Args, Debug)]
#[command(after_help = "\
A request may use --threshold percent of the window, and never more than what max_tokens leaves of
it; system prompt and tools are taken off. What is too much is cut from the oldest on: first large
results of tools, which keep their head and tail around a marker, then groups, each whole: a message
of the assistant with its calls and all their results. What stays: the system prompt, the first
message of the user, everything since the user last spoke, and --pin. Results since then are
truncated only where nothing else is left.

REQUEST is a request body as JSON, or a tape, of which --exchange names the one. What a provider
would refuse in it is listed with the message of its status 400, or in our own words where that is
not known. Every dialect is read but openai-completions, which has no history.

--json, one object: file, dialect, model, counter, window, threshold_percent, max_tokens, fixed,
allowed, before, after, messages, cuts[{what (truncate or drop), messages [first, last], part, name,
saves, why}], flaws[{message, kind, refusal, words (provider or ours)}], repairs[{message, kind,
what}], overfull{pinned, system, first_user, caller, current_turn} or null.

Exit codes: 0 it fits, cut or whole, 1 what must stay is too much, or --apply is given for what a
provider would refuse, 2 a file or an argument cannot be used.

Examples:
  wiretape budget request.json
  wiretape budget request.json --window 8192 --counter heuristic --json
  wiretape budget - --model gpt-4o --apply < request.json > smaller.json
  wiretape budget broken.json --apply --repair > mended.json")]
pub(crate) struct BudgetArgs {
    /// A request body or a tape; `-` is standard input.
    #[arg(value_name = "REQUEST")]
    file: PathBuf,
    /// The context window, in tokens [default: the model's].
    #[arg(long, value_name = "N", value_parser = at_least_one::<u64>, allow_negative_numbers = true)]
    window: Option<u64>,
    /// The model whose window it is [default: the request's].
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// The protocol, where the request does not show it.
    #[arg(long, value_name = "NAME", value_parser = dialect())]
    dialect: Option<Dialect>,
    /// Room for the reply, in tokens [default: the request's own].
    #[arg(long, value_name = "N")]
    max_tokens: Option<u64>,
    /// Which part of the window may be used at most, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 85, value_parser = clap::value_parser!(u8).range(1..=100))]
    threshold: u8,
    /// Where something must go, cut down to this part of what is allowed, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    target: u8,
    /// Where something must go, cut at least so many tokens.
    #[arg(long, value_name = "N", default_value_t = 0)]
    clear_at_least: u64,
    /// Results of more tokens than this may be truncated to about as many.
    #[arg(long, value_name = "N", default_value_t = 2_000)]
    result_tokens: u64,
    /// A message that must stay as it is, counted from 0; repeatable.
    #[arg(long, value_name = "I")]
    pin: Vec<usize>,
    /// How tokens are counted.
    #[arg(long, value_name = "HOW", value_enum, default_value_t = CounterArg::O200k)]
    counter: CounterArg,
    /// Join messages of one role that follow each other.
    #[arg(long)]
    alternate: bool,
    /// Repair what a provider would refuse: results without calls go, missing ones are added.
    #[arg(long)]
    repair: bool,
    /// Print the request that fits, instead of what would be cut.
    #[arg(long, conflicts_with = "json")]
    apply: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Which exchange of a tape, counted from 0 [default: the last].
    #[arg(long, value_name = "I")]
    exchange: Option<usize>,
}

/// How tokens are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CounterArg {
    /// By classes of characters, without a table.
    Heuristic,
    /// Exactly, as GPT-4o and later.
    O200k,
    /// Exactly, as GPT-4.
    Cl100k,
}

impl CounterArg {
    const fn name(self) -> &'static str {
        match self {
            Self::Heuristic => "heuristic",
            Self::O200k => "o200k",
            Self::Cl100k => "cl100k",
        }
    }

    fn counter(self) -> Box<dyn TokenCounter> {
        match self {
            Self::Heuristic => Box::new(Heuristic::default()),
            Self::O200k => Box::new(Bpe::o200k()),
            Self::Cl100k => Box::new(Bpe::cl100k()),
        }
    }
}

/// What is printed, in whatever form.
struct Subject<'a> {
    file: String,
    args: &'a BudgetArgs,
    conversation: &'a Conversation,
    model: Option<String>,
    options: &'a Options,
    /// What the request asks for at most.
    max_tokens: u64,
    /// System prompt and tools.
    fixed: u64,
    result: Result<&'a Fitted, &'a Overfull>,
}

/// Plans, and prints the plan or what it leaves.
pub(crate) fn run(args: &BudgetArgs, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let request = input::read(args, io)?;
    let conversation = &request.conversation;
    let model = args.model.clone().or_else(|| input::model(conversation));
    let options = options(args, model.as_deref())?;
    if let Some(pin) = args
        .pin
        .iter()
        .find(|pin| conversation.messages().len() <= **pin)
    {
        let count = conversation.messages().len();
        return Err(Fault::new(format!(
            "--pin {pin}: expected a message below {count}, which is how many there are"
        )));
    }
    let mut planner = Planner::new(options.clone(), args.counter.counter());
    let result = planner.fit(conversation);
    let budget = planner.last_budget();
    let subject = Subject {
        file: request.name,
        args,
        conversation,
        model,
        options: &options,
        max_tokens: budget.map_or(0, |budget| budget.max_tokens),
        fixed: budget.map_or(0, |budget| budget.fixed),
        result: result.as_ref(),
    };
    if args.apply {
        return apply(&subject, io);
    }
    if args.json {
        json::write(&subject, io)?;
    } else {
        table::write(&subject, io)?;
    }
    Ok(match result {
        Ok(_) => Exit::Good,
        Err(_) => Exit::Broken,
    })
}

fn options(args: &BudgetArgs, model: Option<&str>) -> Result<Options, Fault> {
    let known = model.and_then(models::window).map(|model| model.window);
    let Some(window) = args.window.or(known) else {
        let message = match model {
            Some(model) => format!("{model}: the window of this model is not known"),
            None => "the request names no model, so its window is not known".into(),
        };
        return Err(Fault::with_hint(message, "--window N says it, in tokens"));
    };
    let mut options = Options::new(window);
    options.max_tokens = args.max_tokens;
    options.threshold_percent = args.threshold;
    options.target_percent = args.target;
    options.clear_at_least = args.clear_at_least;
    options.result_tokens_max = args.result_tokens;
    options.pins.clone_from(&args.pin);
    options.repair = args.repair;
    options.alternate = args.alternate;
    Ok(options)
}

/// Prints the request that fits, if a provider takes it.
fn apply(subject: &Subject<'_>, io: &mut Io<'_>) -> Result<Exit, Fault> {
    let fitted = match subject.result {
        Ok(fitted) => fitted,
        Err(overfull) => {
            io.complain(&Fault::new(format!("{}: {overfull}", subject.file)));
            return Ok(Exit::Broken);
        }
    };
    let dialect = subject.conversation.dialect();
    let sent = Conversation::parse(dialect, fitted.body());
    let flaws = sent.map(|sent| sent.refusals()).unwrap_or_default();
    if let Some(first) = flaws.first() {
        let hint = match subject.args.repair {
            true => "this is none that can be repaired",
            false => "--repair mends what can be mended",
        };
        let more = match flaws.len() {
            1 => String::new(),
            all => format!(", and {} more", all - 1),
        };
        let message = format!(
            "{}: a provider would refuse it: {first}{more}",
            subject.file
        );
        io.complain(&Fault::with_hint(message, hint));
        return Ok(Exit::Broken);
    }
    for repair in &fitted.repairs {
        io.note(&format!("message {}: {}", repair.message, repair.what));
    }
    io.note(&table::sum(subject, fitted));
    writeln!(io.out, "{}", fitted.body())?;
    Ok(Exit::Good)
}
