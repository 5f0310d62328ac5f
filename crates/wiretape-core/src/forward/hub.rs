//! Several replies at once that share what a platform permits.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::pace::{Gate, Pace};
use super::reply::Reply;
use super::{Action, Error, Input, Options, Policy, Scope};
use crate::machine::{Machine, Moment};

/// Replies and chats that a hub takes.
const REPLIES_MAX: usize = 65_536;

/// All replies of one bot: those of one chat share its windows and blocks, and all share the global
/// ones (M-09).
///
/// Sends, edits and deletions of a chat come out of one allowance. Replies take turns: of those that
/// may call, the one that has waited longest is first.
#[derive(Debug)]
pub struct Hub {
    policy: Policy,
    global: Pace,
    chats: BTreeMap<u64, Chat>,
    replies: BTreeMap<u64, Turn>,
    seed: u64,
    turns: u64,
    /// No reply's deadline is before.
    next: Option<Moment>,
}

#[derive(Debug)]
struct Chat {
    pace: Pace,
    replies: usize,
}

#[derive(Debug)]
struct Turn {
    chat: u64,
    reply: Reply,
    /// When it called last, in turns.
    last: u64,
}

/// What a [`Hub`] takes.
#[derive(Debug)]
pub enum HubInput<'a> {
    /// A reply begins.
    Begin {
        /// The caller's number for the reply.
        reply: u64,
        /// The caller's number for the chat.
        chat: u64,
        /// Its options.
        options: Options,
    },
    /// Something for a reply.
    To {
        /// The reply.
        reply: u64,
        /// What.
        input: Input<'a>,
    },
}

/// What a [`Hub`] wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubAction {
    /// For which reply.
    pub reply: u64,
    /// What.
    pub action: Action,
}

impl Hub {
    /// A hub without replies.
    #[must_use]
    pub fn new(policy: Policy, seed: u64) -> Self {
        Self {
            global: Pace::new(&policy, Scope::Global, !seed),
            policy,
            chats: BTreeMap::new(),
            replies: BTreeMap::new(),
            seed,
            turns: 0,
            next: None,
        }
    }

    fn begin(&mut self, reply: u64, chat: u64, options: Options) -> Result<(), Error> {
        if self.chats.len() >= REPLIES_MAX {
            // A chat without replies is kept for its windows, while there is room.
            self.chats.retain(|_, chat| chat.replies > 0);
        }
        if self.replies.len().max(self.chats.len()) >= REPLIES_MAX {
            return Err(Error::Full { limit: REPLIES_MAX });
        }
        let (policy, seed) = (&self.policy, self.seed ^ chat);
        let entry = self.chats.entry(chat).or_insert_with(|| Chat {
            pace: Pace::new(policy, Scope::Chat, seed),
            replies: 0,
        });
        entry.replies += 1;
        let turn = Turn {
            chat,
            reply: Reply::new(&self.policy, options),
            last: 0,
        };
        if let Some(old) = self.replies.insert(reply, turn) {
            self.left(old.chat);
        }
        Ok(())
    }

    fn left(&mut self, chat: u64) {
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.replies = chat.replies.saturating_sub(1);
        }
    }

    fn deadline_of(&self, reply: u64) -> Option<Moment> {
        let turn = self.replies.get(&reply)?;
        let chat = self.chats.get(&turn.chat)?;
        turn.reply.deadline(&chat.pace, &self.global)
    }

    fn turn(&mut self, now: Moment, reply: u64, input: Option<Input<'_>>) -> Result<(), Error> {
        let turn = self.replies.get_mut(&reply);
        let turn = turn.ok_or(Error::Unknown { reply })?;
        let Some(chat) = self.chats.get_mut(&turn.chat) else {
            return Ok(());
        };
        let mut gate = Gate {
            chat: &mut chat.pace,
            global: &mut self.global,
        };
        let calls = turn.reply.calls();
        match input {
            Some(input) => turn.reply.handle(now, input, &mut gate)?,
            None => turn.reply.advance(now, &mut gate),
        }
        if turn.reply.calls() != calls {
            self.turns += 1;
            turn.last = self.turns;
        }
        Ok(())
    }
}

impl Machine for Hub {
    type Input<'a> = HubInput<'a>;
    type Action = HubAction;
    type Error = Error;

    fn handle(&mut self, now: Moment, input: HubInput<'_>) -> Result<(), Error> {
        match input {
            HubInput::Begin {
                reply,
                chat,
                options,
            } => self.begin(reply, chat, options)?,
            HubInput::To { reply, input } => {
                let text = matches!(input, Input::Text(_));
                self.turn(now, reply, Some(input))?;
                if text && self.next.is_none_or(|next| next > now) {
                    // Text frees no slot, and no other reply waits for one that is free.
                    self.turn(now, reply, None)?;
                    let own = self.deadline_of(reply);
                    self.next = self.next.into_iter().chain(own).min();
                    return Ok(());
                }
            }
        }
        // It is not always this reply's turn.
        self.advance(now)
    }

    fn advance(&mut self, now: Moment) -> Result<(), Error> {
        let mut order: Vec<(u64, u64)> = self
            .replies
            .iter()
            .map(|(reply, turn)| (turn.last, *reply))
            .collect();
        order.sort_unstable();
        for (_, reply) in order {
            self.turn(now, reply, None)?;
        }
        self.next = self.deadline();
        Ok(())
    }

    fn poll(&mut self) -> Option<HubAction> {
        let (reply, action) = self
            .replies
            .iter_mut()
            .find_map(|(reply, turn)| Some((*reply, turn.reply.poll()?)))?;
        if matches!(action, Action::Finished(_)) {
            if let Some(turn) = self.replies.remove(&reply) {
                self.left(turn.chat);
            }
        }
        Some(HubAction { reply, action })
    }

    fn deadline(&self) -> Option<Moment> {
        let deadlines = self
            .replies
            .keys()
            .filter_map(|reply| self.deadline_of(*reply));
        deadlines.min()
    }
}
