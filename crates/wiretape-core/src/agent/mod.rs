//! The agent's loop as a machine in virtual time.
//!
//! ```text
//!            ┌──────────────── results, in the order of the calls ◀──────────────┐
//!            ▼                                                                   │
//! Prompt ─▶ fit ─▶ Request ─▶ head, chunks ─▶ gate ─▶ reply stored ─▶ Call … ────┤
//!   ▲        ▲                    │  │          │                                ▼
//!   │        └─── wait ◀── Reset ◀┘  └▶ Text    └─▶ no calls: Finished        Finished
//! ```
//!
//! What it promises:
//!
//! - Text is shown as it comes. A call leaves only past the gate, when the whole reply is there and
//!   ended well, and each execution key once for the life of the agent: over retries, turns and
//!   prompts (F-60, F-62). A key that comes again is answered with the result it had.
//! - Each call of a reply has its result in the next request: its own, or an error that says why
//!   there is none: rejected by the gate, over a limit, too late, cancelled. A reply enters the
//!   history together with all its results, so that what [`Agent::conversation`] gives is at every
//!   moment one that a provider accepts (F-29, F-46).
//! - What was shown, less what a `Reset` took back, is what the history says. Only blocks of white
//!   space are shown and not stored: a provider refuses them.
//! - A failed request is tried again by [rule](retry); what an attempt that is over still sends is
//!   ignored.
//! - A complete reply is acted on whatever its connection does next (F-14, F-33), and one whose end
//!   is missing is not (F-30).
//! - It has no clock and no chance but the moments and the seed it is given; everything it waits
//!   for has a deadline, everything it keeps a limit.
//!
//! ```
//! use wiretape_core::agent::{Action, Agent, Closed, Input, Options, Outcome};
//! use wiretape_core::budget::{self, Heuristic};
//! use wiretape_core::conversation::Conversation;
//! use wiretape_core::{Dialect, Machine, Moment};
//!
//! let mut conversation = Conversation::new(Dialect::OpenAiChat);
//! conversation.set("model", r#""any""#)?;
//! let budget = budget::Options::new(8_192);
//! let mut agent = Agent::new(conversation, budget, Heuristic::default(), Options::default());
//!
//! agent.handle(Moment(0), Input::Prompt("Say hi."))?;
//! let Some(Action::Request(request)) = agent.poll() else { panic!() };
//! assert!(request.body.contains("Say hi."));
//!
//! let attempt = request.attempt;
//! agent.handle(Moment(1), Input::Head { attempt, status: 200, headers: &[] })?;
//! let bytes = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"}}]}\n\n\
//!               data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
//! agent.handle(Moment(2), Input::Chunk { attempt, bytes })?;
//! assert_eq!(agent.poll(), Some(Action::Text("hi".into())));
//! agent.handle(Moment(3), Input::Closed { attempt, how: Closed::Complete })?;
//! assert_eq!(agent.poll(), Some(Action::Break));
//! assert_eq!(agent.poll(), Some(Action::Finished(Outcome::Done { text: "hi".into() })));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```

mod action;
mod attempt;
mod display;
mod head;
mod ledger;
mod options;
pub mod retry;
mod run;
mod settle;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use core::fmt;

pub use action::{Action, Closed, Failure, Input, Limit, Misuse, Outcome, Request, Stop};
pub use options::{Clocks, Limits, Options, Retry};
pub use retry::{Class, Progress};

use crate::budget::{self, Planner, TokenCounter};
use crate::conversation::{Conversation, ConversationError};
use crate::{Machine, Moment};
use attempt::{Attempt, Next};
use ledger::{Answer, Ledger, Round};
use retry::Chance;

/// The loop of one conversation.
#[derive(Clone)]
pub struct Agent<C> {
    conversation: Conversation,
    planner: Planner<C>,
    options: Options,
    state: State,
    /// What is known of all calls that were given out.
    ledger: Ledger,
    /// The number of the last request.
    requested: u64,
    /// A response that is over and whose connection is not, and how long it may take.
    lingering: Option<(u64, Moment)>,
    run: Run,
    chance: Chance,
    /// Text was handed out that a `Reset` would take back.
    shown: bool,
    actions: VecDeque<Action>,
}

#[derive(Clone, Debug)]
enum State {
    /// Nothing to do: before a prompt, or after the end of a run.
    Idle,
    /// A request failed and is sent again at this moment.
    Wait { until: Moment },
    /// A request is under way.
    Open(Box<Attempt>),
    /// Calls run.
    Calls(Box<Round>),
}

/// What one prompt has used.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    turns: u32,
    calls: u32,
    tokens: u64,
    /// Requests for the reply that is asked for now.
    attempts: u32,
    /// What the last request cost by the budget's count.
    sent: u64,
    /// The budget was made tighter for this reply.
    tightened: bool,
}

impl<C: TokenCounter> Agent<C> {
    /// An agent that goes on with a conversation. The conversation's head says what is asked of the
    /// model: `model`, `max_tokens`, `system`, `tools`, as its dialect names them. `stream` is set here
    /// where the dialect has it, and with Chat Completions `stream_options`, if it is not there, so
    /// that tokens are counted.
    #[must_use]
    pub fn new(
        conversation: Conversation,
        budget: budget::Options,
        counter: C,
        options: Options,
    ) -> Self {
        Self {
            conversation: streaming(conversation),
            planner: Planner::new(budget, counter),
            options,
            state: State::Idle,
            ledger: Ledger::default(),
            requested: 0,
            lingering: None,
            run: Run::default(),
            chance: Chance::new(options.seed),
            shown: false,
            actions: VecDeque::new(),
        }
    }

    /// The history: at every moment one that a provider accepts. A reply whose calls still run is
    /// not in it.
    #[must_use]
    pub fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// Sets a member of the request, such as `max_tokens` or `tools`, for the requests to come.
    ///
    /// # Errors
    /// Where `json` is not one JSON value, or the member is `messages`.
    pub fn set(&mut self, member: &str, json: &str) -> Result<(), ConversationError> {
        self.conversation.set(member, json)
    }

    /// What the history would be if all calls that run were given up now: what to store so that an
    /// agent that dies loses nothing.
    #[must_use]
    pub fn snapshot(&self) -> Conversation {
        let mut conversation = self.conversation.clone();
        if let State::Calls(round) = &self.state {
            let calls = conversation.push_reply(&round.reply);
            conversation.push_results(&round.results(&calls));
        }
        conversation
    }

    /// How it works.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// How it fits requests into the window.
    #[must_use]
    pub fn planner(&self) -> &Planner<C> {
        &self.planner
    }

    /// Goes on with another history, such as one without a prompt that was refused. What is known of
    /// calls stays known.
    ///
    /// # Errors
    /// [`Misuse::Busy`] while a run goes on.
    pub fn replace(&mut self, conversation: Conversation) -> Result<(), Misuse> {
        if !self.is_idle() {
            return Err(Misuse::Busy);
        }
        self.conversation = streaming(conversation);
        Ok(())
    }

    /// How many requests it has made: the number of the last one.
    #[must_use]
    pub fn requested(&self) -> u64 {
        self.requested
    }

    /// The request whose response is read now.
    #[must_use]
    pub fn reading(&self) -> Option<u64> {
        match &self.state {
            State::Open(attempt) => Some(attempt.number),
            _ => None,
        }
    }

    /// Nothing is under way: a prompt may come.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    fn show(&mut self, text: String) {
        if !text.is_empty() {
            self.shown = true;
            self.act(Action::Text(text));
        }
    }

    /// What was shown stays.
    fn keep(&mut self) {
        if core::mem::take(&mut self.shown) {
            self.act(Action::Break);
        }
    }

    /// What was shown is void.
    fn take_back(&mut self) {
        if core::mem::take(&mut self.shown) {
            self.act(Action::Reset);
        }
    }

    fn finish(&mut self, outcome: Outcome) {
        self.keep();
        self.state = State::Idle;
        self.act(Action::Finished(outcome));
    }

    /// The attempt of this number, if it is the one that counts.
    fn current(&mut self, number: u64) -> Result<Option<&mut Attempt>, Misuse> {
        if number == 0 || number > self.requested {
            return Err(Misuse::UnknownAttempt);
        }
        match &mut self.state {
            State::Open(attempt) if attempt.number == number => Ok(Some(attempt)),
            _ => Ok(None),
        }
    }

    fn head(
        &mut self,
        now: Moment,
        number: u64,
        status: u16,
        headers: &[(&str, &str)],
    ) -> Result<(), Misuse> {
        let (dialect, options) = (self.conversation.dialect(), self.options);
        let Some(attempt) = self.current(number)? else {
            return Ok(());
        };
        if !matches!(attempt.phase, attempt::Phase::Waiting) {
            return Err(Misuse::SecondHead);
        }
        attempt.head(now, status, headers, dialect, &options);
        Ok(())
    }

    fn chunk(&mut self, now: Moment, number: u64, bytes: &[u8]) -> Result<(), Misuse> {
        let Some(attempt) = self.current(number)? else {
            return Ok(());
        };
        if matches!(attempt.phase, attempt::Phase::Waiting) {
            return Err(Misuse::NoHead);
        }
        let mut text = String::new();
        let next = attempt.chunk(now, bytes, &mut text);
        self.show(text);
        match next {
            Next::Reading => return Ok(()),
            Next::Done => self.linger(number, now),
            Next::Broken => self.act(Action::Abort { attempt: number }),
        }
        self.over(now, None);
        Ok(())
    }

    fn closed(&mut self, now: Moment, number: u64, how: Closed) -> Result<(), Misuse> {
        if self.lingering.is_some_and(|(attempt, _)| attempt == number) {
            self.lingering = None;
        }
        if self.current(number)?.is_some() {
            self.over(now, Class::of_close(how));
        }
        Ok(())
    }

    /// The reply is over and its connection is not: it gets some time to end by itself, so that it
    /// can be used again.
    fn linger(&mut self, number: u64, now: Moment) {
        let until = now.after(self.options.clocks.linger_ns);
        if let Some((attempt, _)) = self.lingering.replace((number, until)) {
            self.act(Action::Abort { attempt });
        }
    }

    fn result(&mut self, now: Moment, key: &str, answer: Answer) -> Result<(), Misuse> {
        if !self.ledger.knows(key) {
            return Err(Misuse::UnknownCall);
        }
        if let State::Calls(round) = &mut self.state {
            round.answer(key, answer, &mut self.ledger);
            self.go_on(now);
        }
        Ok(())
    }

    fn cancel(&mut self) {
        match core::mem::replace(&mut self.state, State::Idle) {
            State::Idle => return,
            State::Wait { .. } => {}
            State::Open(attempt) => {
                self.act(Action::Abort {
                    attempt: attempt.number,
                });
                self.keep_partial(*attempt);
            }
            State::Calls(mut round) => {
                round.cancel(&mut self.ledger, &mut self.actions);
                self.store(&round);
            }
        }
        self.finish(Outcome::Cancelled);
    }
}

/// The conversation, asked for as a stream, with its tokens counted.
fn streaming(mut conversation: Conversation) -> Conversation {
    for (member, json) in conversation.form().stream() {
        if *member == "stream" || conversation.head(member).is_none() {
            let set = conversation.set(member, json);
            debug_assert!(set.is_ok(), "a constant member");
        }
    }
    conversation
}

impl<C: TokenCounter> Machine for Agent<C> {
    type Input<'a> = Input<'a>;
    type Action = Action;
    type Error = Misuse;

    fn handle(&mut self, now: Moment, input: Input<'_>) -> Result<(), Misuse> {
        match input {
            Input::Prompt(text) => {
                if !self.is_idle() {
                    return Err(Misuse::Busy);
                }
                self.conversation.push_user(text);
                self.run = Run::default();
                self.ask(now);
            }
            Input::Head {
                attempt,
                status,
                headers,
            } => self.head(now, attempt, status, headers)?,
            Input::Chunk { attempt, bytes } => self.chunk(now, attempt, bytes)?,
            Input::Closed { attempt, how } => self.closed(now, attempt, how)?,
            Input::Result {
                key,
                content,
                is_error,
            } => {
                let answer = self.answer(content, is_error);
                self.result(now, key, answer)?;
            }
            Input::Cancel => self.cancel(),
        }
        // What came counts before a deadline that has passed meanwhile.
        self.advance(now)
    }

    fn advance(&mut self, now: Moment) -> Result<(), Misuse> {
        if let Some((attempt, _)) = self.lingering.filter(|(_, until)| *until <= now) {
            self.lingering = None;
            self.act(Action::Abort { attempt });
        }
        match &mut self.state {
            State::Idle => {}
            State::Wait { until } => {
                if *until <= now {
                    self.request(now);
                }
            }
            State::Open(attempt) => {
                let (until, class) = attempt.deadline(&self.options.clocks);
                if until <= now {
                    let attempt = attempt.number;
                    self.act(Action::Abort { attempt });
                    self.over(now, Some(class));
                }
            }
            State::Calls(round) => {
                if round.deadline().is_some_and(|until| until <= now) {
                    let call_ns = self.options.clocks.call_ns;
                    round.expire(now, call_ns, &mut self.ledger, &mut self.actions);
                    self.go_on(now);
                }
            }
        }
        Ok(())
    }

    fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    fn deadline(&self) -> Option<Moment> {
        let own = match &self.state {
            State::Idle => None,
            State::Wait { until } => Some(*until),
            State::Open(attempt) => Some(attempt.deadline(&self.options.clocks).0),
            State::Calls(round) => round.deadline(),
        };
        let lingering = self.lingering.map(|(_, until)| until);
        own.into_iter().chain(lingering).min()
    }
}

impl<C> fmt::Debug for Agent<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent")
            .field("state", &self.state)
            .field("run", &self.run)
            .field("requested", &self.requested)
            .field("lingering", &self.lingering)
            .field("messages", &self.conversation.messages().len())
            .field("keys", &self.ledger.len())
            .finish_non_exhaustive()
    }
}
