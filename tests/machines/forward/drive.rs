//! Drives a forwarder against a [`World`] in virtual time.

use std::collections::BTreeMap;
use std::fmt::Debug;

use wiretape_core::forward::{Action, Answer, Hub, HubInput, Input, Outcome};
use wiretape_core::{Machine, Moment};

use super::world::World;

/// What the model does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Say {
    Text(String),
    Break,
    Reset,
    End,
    Stop,
}

/// What happens, and when.
pub(super) type Script = Vec<(Moment, Say)>;

/// How it went.
pub(super) struct Run {
    pub(super) world: World,
    pub(super) outcome: Option<Outcome>,
    pub(super) finished_at: Moment,
    pub(super) stopped_at: Option<Moment>,
    /// The text of each attempt of the model.
    pub(super) said: Vec<String>,
    pub(super) ended_at: Option<Moment>,
}

const STEPS_MAX: usize = 100_000;

/// One forwarder, one chat, until nothing more happens.
pub(super) fn drive<M>(mut machine: M, mut world: World, script: &[(Moment, Say)]) -> Run
where
    M: for<'a> Machine<Input<'a> = Input<'a>, Action = Action>,
    M::Error: Debug,
{
    let mut run = Progress::default();
    let mut answers: BTreeMap<(Moment, usize), (u64, Answer)> = BTreeMap::new();
    let mut script = script.iter().peekable();
    let mut now = Moment(0);
    for step in 0.. {
        assert!(
            step < STEPS_MAX,
            "does not come to an end\n{}",
            world.timeline()
        );
        while let Some(action) = machine.poll() {
            if let Some(call) = number(&action) {
                let (at, answer) = world.call(now, &action, run.said.len() - 1);
                answers.insert((at, step), (call, answer));
            } else {
                run.note(now, action);
            }
        }
        let answer = answers.first_key_value().map(|((at, _), _)| *at);
        let says = script.peek().map(|(at, _)| *at);
        let Some(next) = [answer, says, machine.deadline()]
            .into_iter()
            .flatten()
            .min()
        else {
            break;
        };
        now = now.max(next);
        if answer.is_some_and(|at| at <= now) {
            let (_, (call, answer)) = answers.pop_first().unwrap();
            machine.handle(now, Input::Answer { call, answer }).unwrap();
        } else if says.is_some_and(|at| at <= now) {
            let (_, say) = script.next().unwrap();
            run.say(now, say);
            machine.handle(now, input(say)).unwrap();
        } else {
            machine.advance(now).unwrap();
        }
    }
    run.done(world)
}

/// A hub with a reply in one chat for each script; each has a world of its own view, but one set of
/// windows: the first world's.
pub(super) fn drive_hub(
    mut hub: Hub,
    mut world: World,
    scripts: &[Script],
) -> (World, Vec<Option<Outcome>>) {
    let mut all: Vec<(Moment, u64, Say)> = Vec::new();
    for (reply, script) in (0..).zip(scripts) {
        hub.handle(
            Moment(0),
            HubInput::Begin {
                reply,
                chat: 7,
                options: Default::default(),
            },
        )
        .unwrap();
        all.extend(script.iter().map(|(at, say)| (*at, reply, say.clone())));
    }
    all.sort_by_key(|(at, ..)| *at);
    let mut outcomes = vec![None; scripts.len()];
    let mut answers: BTreeMap<(Moment, usize), (u64, u64, Answer)> = BTreeMap::new();
    let mut script = all.iter().peekable();
    let mut now = Moment(0);
    for step in 0.. {
        assert!(step < STEPS_MAX, "does not come to an end");
        while let Some(HubAction { reply, action }) = hub.poll() {
            if let Some(call) = number(&action) {
                let (at, answer) = world.call(now, &action, usize::try_from(reply).unwrap());
                answers.insert((at, step * 64 + answers.len()), (reply, call, answer));
            } else if let Action::Finished(outcome) = action {
                outcomes[usize::try_from(reply).unwrap()] = Some(outcome);
            }
        }
        let answer = answers.first_key_value().map(|((at, _), _)| *at);
        let says = script.peek().map(|(at, ..)| *at);
        let Some(next) = [answer, says, hub.deadline()].into_iter().flatten().min() else {
            break;
        };
        now = now.max(next);
        if answer.is_some_and(|at| at <= now) {
            let (_, (reply, call, answer)) = answers.pop_first().unwrap();
            let input = Input::Answer { call, answer };
            hub.handle(now, HubInput::To { reply, input }).unwrap();
        } else if says.is_some_and(|at| at <= now) {
            let (_, reply, say) = script.next().unwrap();
            let to = HubInput::To {
                reply: *reply,
                input: input(say),
            };
            hub.handle(now, to).unwrap();
        } else {
            hub.advance(now).unwrap();
        }
    }
    (world, outcomes)
}

use wiretape_core::forward::HubAction;

fn input(say: &Say) -> Input<'_> {
    match say {
        Say::Text(text) => Input::Text(text),
        Say::Break => Input::Break,
        Say::Reset => Input::Reset,
        Say::End => Input::End,
        Say::Stop => Input::Stop,
    }
}

fn number(action: &Action) -> Option<u64> {
    match action {
        Action::Post { call, .. } | Action::Edit { call, .. } | Action::Delete { call, .. } => {
            Some(*call)
        }
        Action::StopModel | Action::Finished(_) => None,
    }
}

struct Progress {
    outcome: Option<Outcome>,
    finished_at: Moment,
    stopped_at: Option<Moment>,
    said: Vec<String>,
    ended_at: Option<Moment>,
    breaks: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            outcome: None,
            finished_at: Moment(0),
            stopped_at: None,
            said: vec![String::new()],
            ended_at: None,
            breaks: false,
        }
    }
}

impl Progress {
    fn note(&mut self, now: Moment, action: Action) {
        match action {
            Action::StopModel => self.stopped_at = Some(now),
            Action::Finished(outcome) => {
                assert!(self.outcome.is_none(), "finished twice");
                self.outcome = Some(outcome);
                self.finished_at = now;
            }
            other => panic!("a call: {other:?}"),
        }
    }

    /// What a reader should see in the end: steps are paragraphs.
    fn say(&mut self, now: Moment, say: &Say) {
        if self.stopped_at.is_some() || self.outcome.is_some() {
            return;
        }
        let said = self.said.last_mut().unwrap();
        match say {
            Say::Text(text) => {
                if std::mem::take(&mut self.breaks) {
                    let blank = said.trim_matches([' ', '\t']);
                    let has = blank.len() - blank.trim_end_matches('\n').len();
                    said.push_str(["\n\n", "\n", ""][has.min(2)]);
                }
                said.push_str(text);
            }
            Say::Break => self.breaks = true,
            Say::Reset => {
                self.breaks = false;
                self.said.push(String::new());
            }
            Say::End | Say::Stop => self.ended_at = Some(now),
        }
    }

    fn done(self, world: World) -> Run {
        Run {
            world,
            outcome: self.outcome,
            finished_at: self.finished_at,
            stopped_at: self.stopped_at,
            said: self.said,
            ended_at: self.ended_at,
        }
    }
}

/// Words at a steady pace, then the end.
pub(super) fn talk(text: &str, piece: usize, every_ns: u64) -> Script {
    let mut script = Script::new();
    let mut now = 0;
    let chars: Vec<char> = text.chars().collect();
    for piece in chars.chunks(piece) {
        script.push((Moment(now), Say::Text(piece.iter().collect())));
        now += every_ns;
    }
    script.push((Moment(now), Say::End));
    script
}
