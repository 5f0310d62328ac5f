//! A world for the agent: a server that fails in every way it can, tools that answer when they like, a
//! user who cancels, and a judge who looks at every step. All in virtual time, all from a seed.

mod chance;
pub(crate) mod history;
mod judge;
mod replies;
pub(crate) mod reply;
mod server;
pub(crate) mod swarm;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chance::Chance;
use judge::Judge;
pub(crate) use replies::Library;
use server::Server;
use swarm::Swarm;
use wiretape_core::agent::{Action, Agent, Closed, Input, Misuse};
use wiretape_core::budget::Heuristic;
use wiretape_core::conversation::Conversation;
use wiretape_core::turn::ToolCall;
use wiretape_core::{Machine, Moment};

/// Steps of one run; one that needs more does not end.
const STEPS_MAX: u64 = 400_000;

/// What happens, and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Head {
        attempt: u64,
        status: u16,
        headers: Vec<(String, String)>,
    },
    Chunk {
        attempt: u64,
        bytes: Vec<u8>,
    },
    /// A sign of life, and the next one so much later.
    Ping {
        attempt: u64,
        every_ns: u64,
    },
    Closed {
        attempt: u64,
        how: How,
    },
    Result {
        key: String,
        content: String,
        is_error: bool,
    },
    Cancel {
        prompt: u64,
    },
}

/// [`Closed`], in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Complete,
    Incomplete,
    Reset,
    Unreachable,
}

impl From<How> for Closed {
    fn from(how: How) -> Self {
        match how {
            How::Complete => Self::Complete,
            How::Incomplete => Self::Incomplete,
            How::Reset => Self::Reset,
            How::Unreachable => Self::Unreachable,
        }
    }
}

/// What happened in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) steps: u64,
    pub(crate) requests: u64,
    pub(crate) calls: u64,
    pub(crate) resets: u64,
    pub(crate) cancelled_calls: u64,
    /// How each prompt ended, by name.
    pub(crate) outcomes: Vec<String>,
    /// Nanoseconds of the agent's clock.
    pub(crate) took: u64,
    /// Over all actions and their moments.
    pub(crate) digest: u64,
}

struct World<'l> {
    swarm: Swarm,
    chance: Chance,
    agent: Agent<Heuristic>,
    now: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Event)>>,
    queued: u64,
    server: Server<'l>,
    judge: Judge,
    report: Report,
    prompt: u64,
    running: bool,
}

/// Runs one seed to its end.
///
/// # Errors
/// What the judge objects to, with the seed, all that follows from it, and the line to run it again.
pub(crate) fn run(seed: u64, library: &Library) -> Result<Report, String> {
    let swarm = Swarm::new(seed);
    let mut world = World::new(seed, swarm.clone(), library);
    world.play().map_err(|why| {
        format!(
            "seed {seed}, {} steps, at {}: {why}\n{swarm:#?}\n\
             again: WIRETAPE_SEED={seed} cargo test -p tests --test machines agent::simulation",
            world.report.steps,
            Moment(world.now)
        )
    })?;
    Ok(world.report)
}

impl<'l> World<'l> {
    fn new(seed: u64, swarm: Swarm, library: &'l Library) -> Self {
        let mut conversation = Conversation::new(swarm.dialect);
        assert!(conversation.set("model", r#""m""#).is_ok());
        assert!(conversation.set_max_tokens(swarm.max_tokens).is_ok());
        let counter = Heuristic::default();
        let agent = Agent::new(conversation, swarm.budget.clone(), counter, swarm.options);
        Self {
            chance: Chance::new(seed),
            agent,
            now: 0,
            queue: BinaryHeap::new(),
            queued: 0,
            server: Server::new(seed, library),
            judge: Judge::new(swarm.dialect),
            report: Report::default(),
            prompt: 0,
            running: false,
            swarm,
        }
    }

    fn play(&mut self) -> Result<(), String> {
        for prompt in 1..=self.swarm.prompts {
            self.prompt = prompt;
            self.running = true;
            if self.swarm.cancel_one_in > 0 && self.chance.one_in(self.swarm.cancel_one_in) {
                let wait = self.chance.below(self.swarm.cancel_ns_max);
                self.put(wait, Event::Cancel { prompt });
            }
            let text = format!(
                "Prompt {prompt}. {}",
                "Say more. ".repeat(self.chance.size(16))
            );
            let began = self.now;
            self.give(Input::Prompt(&text))?;
            while self.running {
                self.step()?;
            }
            let bound = self.bound();
            if self.now - began > bound {
                return Err(format!(
                    "a run of {} ns, expected at most {bound}",
                    self.now - began
                ));
            }
        }
        // What is still on its way changes nothing.
        let history = self.agent.conversation().body();
        while !self.queue.is_empty() || self.agent.deadline().is_some() {
            self.step()?;
        }
        if self.agent.conversation().body() != history || !self.agent.is_idle() {
            return Err("what came after the end changed something".into());
        }
        self.judge.end(&self.agent)
    }

    /// The longest that a run may take by its options.
    fn bound(&self) -> u64 {
        let options = &self.swarm.options;
        let request =
            options.clocks.total_ns + options.retry.cap_ns.max(options.retry.retry_after_max_ns);
        let turn = request * u64::from(options.retry.attempts_max + 1);
        let calls = 40 * options.clocks.call_ns;
        (turn + calls) * u64::from(options.limits.turns_max)
    }

    /// The next event or deadline, whichever is first.
    fn step(&mut self) -> Result<(), String> {
        self.report.steps += 1;
        if self.report.steps > STEPS_MAX {
            return Err(format!("more than {STEPS_MAX} steps"));
        }
        let due = self.agent.deadline().map(|due| due.0.max(self.now));
        let next = self.queue.peek().map(|Reverse((at, ..))| *at);
        match (next, due) {
            (None, None) => return Err("a run waits for nothing".into()),
            (Some(at), due) if due.is_none_or(|due| at <= due) => {
                if let Some(Reverse((at, _, event))) = self.queue.pop() {
                    self.now = at;
                    self.happen(event)?;
                }
            }
            (_, Some(due)) => {
                self.now = due;
                let before = self.agent.deadline();
                self.agent
                    .advance(Moment(due))
                    .map_err(|misuse| misuse.to_string())?;
                self.drain()?;
                if self.agent.deadline() == before {
                    return Err("a deadline passed and nothing changed".into());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn happen(&mut self, event: Event) -> Result<(), String> {
        self.judge.time(self.now, &self.agent)?;
        match event {
            Event::Head {
                attempt,
                status,
                headers,
            } => {
                if !self.server.reaches(attempt) {
                    return Ok(());
                }
                self.judge.began(self.now, attempt);
                let headers = headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
                let headers: Vec<(&str, &str)> = headers.collect();
                self.give(Input::Head {
                    attempt,
                    status,
                    headers: &headers,
                })
            }
            Event::Chunk { attempt, bytes } => {
                if !self.server.reaches(attempt) {
                    return Ok(());
                }
                self.arrives(attempt, &bytes);
                let bytes = bytes.as_slice();
                self.give(Input::Chunk { attempt, bytes })
            }
            Event::Ping { attempt, every_ns } => {
                if !self.server.reaches(attempt) {
                    return Ok(());
                }
                self.put(every_ns, Event::Ping { attempt, every_ns });
                let bytes = &reply::ping(self.swarm.dialect);
                self.arrives(attempt, bytes);
                self.give(Input::Chunk { attempt, bytes })
            }
            Event::Closed { attempt, how } => {
                if !self.server.reaches(attempt) {
                    return Ok(());
                }
                self.server.closed(attempt);
                let how = how.into();
                self.give(Input::Closed { attempt, how })
            }
            Event::Result {
                key,
                content,
                is_error,
            } => {
                self.judge
                    .answered(&key, &content, is_error, &self.swarm.options);
                self.give(Input::Result {
                    key: &key,
                    content: &content,
                    is_error,
                })
            }
            Event::Cancel { prompt } if prompt == self.prompt && self.running => {
                self.give(Input::Cancel)?;
                if self.running {
                    return Err("cancelled, and it goes on".into());
                }
                Ok(())
            }
            Event::Cancel { .. } => Ok(()),
        }
    }

    /// The judge counts what the agent still reads: what comes later must not matter.
    fn arrives(&mut self, attempt: u64, bytes: &[u8]) {
        if self.agent.reading() == Some(attempt) {
            self.judge.arrived(self.now, attempt, bytes);
        }
    }

    fn give(&mut self, input: Input<'_>) -> Result<(), String> {
        let given = self.agent.handle(Moment(self.now), input);
        given.map_err(|misuse: Misuse| format!("{misuse}, for {input:?}"))?;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), String> {
        let mut look = false;
        while let Some(action) = self.agent.poll() {
            self.report.digest = mixed(self.report.digest, &(self.now, &action));
            look |= !matches!(action, Action::Text(_) | Action::Abort { .. });
            self.judge.act(&action, &self.swarm)?;
            self.act(action)?;
        }
        self.judge.look(&self.agent, look)
    }

    fn act(&mut self, action: Action) -> Result<(), String> {
        match action {
            Action::Request(request) => {
                self.report.requests += 1;
                self.judge
                    .request(self.now, &request, &self.agent, &self.swarm)?;
                let events = self
                    .server
                    .answer(request.attempt, &request.body, &self.swarm);
                for (after_ns, event) in events {
                    self.put(after_ns, event);
                }
            }
            Action::Abort { attempt } => self.server.abort(attempt)?,
            Action::Reset => self.report.resets += 1,
            Action::Call(call) => {
                self.report.calls += 1;
                self.call(&call);
            }
            Action::CancelCall { .. } => self.report.cancelled_calls += 1,
            Action::Finished(outcome) => {
                if !self.running {
                    return Err(format!("a second end: {outcome:?}"));
                }
                self.running = false;
                self.report.took = self.now;
                self.report.outcomes.push(judge::name(&outcome).into());
            }
            _ => {}
        }
        Ok(())
    }

    /// A tool: answers once, twice or never, soon or late.
    fn call(&mut self, call: &ToolCall) {
        let swarm = &self.swarm;
        if swarm.deaf_one_in > 0 && self.chance.one_in(swarm.deaf_one_in) {
            return;
        }
        let key = call.execution_key().to_owned();
        let padding = self.chance.size(swarm.result_bytes_max);
        let content = match self.chance.below(24) {
            0 => String::new(),
            1 => " \n".to_owned(),
            2 => "x".repeat(padding),
            _ => format!(
                "{key} {} {}",
                call.arguments,
                "東京 rain. ".repeat(padding / 12)
            ),
        };
        let is_error = self.chance.one_in(5);
        let wait = self.chance.below(swarm.tool_ns_max);
        let twice = self.chance.one_in(8);
        let event = Event::Result {
            key,
            content,
            is_error,
        };
        if twice {
            self.put(wait + self.chance.clone().below(SOON), event.clone());
        }
        self.put(wait, event);
    }

    fn put(&mut self, after_ns: u64, event: Event) {
        self.queued += 1;
        self.queue
            .push(Reverse((self.now + after_ns, self.queued, event)));
    }
}

const SOON: u64 = 2 * swarm::SECOND;

/// A digest that takes in more, in order.
fn mixed(digest: u64, what: &impl std::fmt::Debug) -> u64 {
    let mut digest = digest;
    for byte in format!("{what:?}").bytes() {
        digest = (digest ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    digest
}
