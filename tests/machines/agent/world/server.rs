//! The server: what it answers to a request, and when each part of it arrives.

use std::collections::BTreeMap;

use serde_json::json;
use wiretape_core::Moment;
use wiretape_core::machine::run;
use wiretape_tape::{EndKind, Exchange};
use wiretape_vary::{Action, Player, Scenario, Subject};

use super::chance::Chance;
use super::replies::Library;
use super::swarm::{FATES, Fate, SECOND, Swarm};
use super::{Event, How};

pub(super) struct Server<'l> {
    library: &'l Library,
    chance: Chance,
    /// Connections that are open, and how much still arrives of those that were given up.
    open: BTreeMap<u64, u32>,
    aborted: BTreeMap<u64, ()>,
    last: Option<Exchange>,
}

/// Everything of a connection arrives.
const ALL: u32 = u32::MAX;

type Events = Vec<(u64, Event)>;

impl<'l> Server<'l> {
    pub(super) fn new(seed: u64, library: &'l Library) -> Self {
        Self {
            library,
            chance: Chance::new(seed ^ 0x5E12),
            open: BTreeMap::new(),
            aborted: BTreeMap::new(),
            last: None,
        }
    }

    /// What happens on this connection is told to the agent: while it is open, and a little of what
    /// was on its way when it was given up.
    pub(super) fn reaches(&mut self, attempt: u64) -> bool {
        match self.open.get_mut(&attempt) {
            None | Some(0) => false,
            Some(&mut ALL) => true,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }

    pub(super) fn closed(&mut self, attempt: u64) {
        self.open.insert(attempt, 0);
    }

    pub(super) fn abort(&mut self, attempt: u64) -> Result<(), String> {
        if self.open.get(&attempt).is_none_or(|left| *left == 0) {
            return Err(format!(
                "the connection {attempt} is given up, and it is not open"
            ));
        }
        if self.aborted.insert(attempt, ()).is_some() {
            return Err(format!("the connection {attempt} is given up twice"));
        }
        let late = self.chance.count(0, 3);
        self.open.insert(attempt, late);
        Ok(())
    }

    pub(super) fn answer(&mut self, attempt: u64, body: &str, swarm: &Swarm) -> Events {
        self.open.insert(attempt, ALL);
        let latency = self.chance.below(2 * SECOND);
        let fate = FATES[self.chance.weighted(&swarm.fates)];
        let ok = |kind: &str| Event::Head {
            attempt,
            status: 200,
            headers: vec![("Content-Type".into(), kind.into())],
        };
        match fate {
            Fate::Silent => Events::new(),
            Fate::Unreachable => {
                let how = How::Unreachable;
                vec![(latency, Event::Closed { attempt, how })]
            }
            Fate::Status => self.error(attempt, latency),
            Fate::Overflow => {
                let message = format!("prompt is too long: {} tokens > 200 maximum", body.len());
                let error = json!({"type": "invalid_request_error", "message": message});
                let error = json!({"type": "error", "error": error}).to_string();
                whole(attempt, latency, 400, Vec::new(), &error)
            }
            Fate::NotAStream => {
                let page = *self
                    .chance
                    .pick(&["<html>502</html>", r#"{"error":"no"}"#, ""]);
                let kind = if page.starts_with('<') {
                    "text/html"
                } else {
                    "application/json"
                };
                let headers = vec![("content-type".into(), kind.into())];
                whole(attempt, latency, 200, headers, page)
            }
            _ => {
                let exchange = self.exchange(attempt, fate, swarm);
                let mut events = vec![(latency, ok("text/event-stream"))];
                events.extend(self.played(attempt, latency, &exchange, swarm));
                self.spoil(attempt, fate, &mut events, swarm);
                events
            }
        }
    }

    fn exchange(&mut self, attempt: u64, fate: Fate, swarm: &Swarm) -> Exchange {
        if fate == Fate::Duplicate {
            if let Some(last) = &self.last {
                return last.clone();
            }
        }
        let exchange = self.library.reply(attempt, &mut self.chance, swarm);
        self.last = Some(exchange.clone());
        exchange
    }

    /// The reply under a scenario of the swarm's profile, as the player gives it.
    fn played(&mut self, attempt: u64, latency: u64, exchange: &Exchange, swarm: &Swarm) -> Events {
        let subject = Subject::new(exchange, Some(swarm.dialect.name()));
        let scenario = Scenario::generate(self.chance.next(), swarm.profile, &subject);
        let mut player = Player::new(scenario.apply(&subject));
        let mut events = Events::new();
        let played = run(&mut player, Moment(latency), |now, action| {
            events.push((
                now.0,
                match action {
                    Action::Bytes(bytes) => Event::Chunk { attempt, bytes },
                    Action::End(end) => {
                        let how = match end {
                            EndKind::Complete => How::Complete,
                            EndKind::Unterminated => How::Incomplete,
                            _ => How::Reset,
                        };
                        Event::Closed { attempt, how }
                    }
                },
            ));
        });
        assert!(played.is_ok(), "a player does not fail");
        events
    }

    /// What else goes wrong with a response.
    fn spoil(&mut self, attempt: u64, fate: Fate, events: &mut Events, swarm: &Swarm) {
        let after = 1 + self.chance.size(events.len());
        let end = |events: &mut Events, how| {
            let at = events.last().map_or(0, |(at, _)| *at);
            events.push((at, Event::Closed { attempt, how }));
        };
        match fate {
            Fate::Stall => events.truncate(after),
            Fate::Masked => {
                events.truncate(after);
                let at = events.last().map_or(0, |(at, _)| *at);
                let every_ns = 4 * SECOND;
                events.push((at + every_ns, Event::Ping { attempt, every_ns }));
            }
            Fate::Drip => {
                let gap = swarm.options.clocks.idle_ns - 1;
                for (number, (at, _)) in (0..).zip(events.iter_mut()) {
                    *at += gap * number;
                }
            }
            Fate::Reset => {
                events.truncate(after);
                end(events, How::Reset);
            }
            Fate::Incomplete => {
                events.truncate(after);
                end(events, How::Incomplete);
            }
            Fate::Linger => events.retain(|(_, event)| !matches!(event, Event::Closed { .. })),
            _ => {}
        }
    }

    fn error(&mut self, attempt: u64, latency: u64) -> Events {
        let statuses = [
            400, 401, 404, 408, 409, 413, 429, 429, 500, 503, 529, 529, 302,
        ];
        let status = *self.chance.pick(&statuses);
        let mut headers = Vec::new();
        let mut header = |name: &str, value: &str| headers.push((name.into(), value.into()));
        match self.chance.below(6) {
            0 => header("retry-after", "3"),
            1 => header("Retry-After-Ms", "1500.5"),
            2 => header("retry-after", "4000"),
            3 => header("x-should-retry", "false"),
            4 => header("x-should-retry", "true"),
            _ => {}
        }
        let error = json!({"error": {"type": "some_error", "message": "No."}}).to_string();
        let body =
            *self
                .chance
                .pick(&[&*error, "", "<html>", "[{\"error\":{\"code\":1}}]", "{\"er"]);
        whole(attempt, latency, status, headers, body)
    }
}

/// A response with a small body.
fn whole(attempt: u64, at: u64, status: u16, headers: Vec<(String, String)>, body: &str) -> Events {
    let head = Event::Head {
        attempt,
        status,
        headers,
    };
    let mut events = vec![(at, head)];
    if !body.is_empty() {
        let bytes = body.as_bytes().to_vec();
        events.push((at, Event::Chunk { attempt, bytes }));
    }
    let how = How::Complete;
    events.push((at, Event::Closed { attempt, how }));
    events
}
