//! The messages of all chats: what a user sees.

use std::collections::BTreeMap;

use wiretape_core::Moment;

use super::options::Options;
use super::report::Shown;
use super::{MESSAGES_MAX, Platform, TEXT_BYTES_MAX};

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) chat: String,
    pub(crate) id: String,
    /// As a user sees it.
    pub(crate) text: String,
    /// What else makes two messages differ: entities, buttons.
    pub(crate) form: String,
    pub(crate) edits: u64,
    /// The bot's; else a user's.
    pub(crate) own: bool,
    /// It streams until then.
    pub(crate) streams: Option<Moment>,
    /// A change of it is unanswered until then.
    flies: Moment,
    /// Its post was never answered.
    pub(crate) unanswered: bool,
}

/// All messages, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Room {
    messages: BTreeMap<u64, Message>,
    numbers: BTreeMap<(String, String), u64>,
    next: u64,
    bytes: usize,
    /// Messages that had to make room.
    pub(crate) forgotten: u64,
}

impl Room {
    /// What the next message is called: a number, a timestamp, a snowflake.
    pub(crate) fn next_id(&self, platform: Platform, options: &Options, now: Moment) -> String {
        let seconds = options
            .epoch_s()
            .saturating_add(now.as_nanos() / 1_000_000_000);
        match platform {
            Platform::Telegram => (self.next + 1).to_string(),
            // Unique in the whole workspace, ordered by time: seconds, and a count behind the point.
            Platform::Slack => format!("{seconds}.{:06}", (self.next + 1) % 1_000_000),
            // Milliseconds since the first second of 2015, and a count in the low 22 bits.
            Platform::Discord => {
                let millis = now.as_nanos() / 1_000_000 % 1_000;
                let since = seconds.saturating_sub(1_420_070_400);
                let millis = since.saturating_mul(1_000).saturating_add(millis);
                ((millis << 22) | ((self.next + 1) & 0x3f_ffff)).to_string()
            }
        }
    }

    pub(crate) fn add(&mut self, chat: &str, id: &str, text: &str, form: &str, own: bool) {
        self.next += 1;
        self.bytes += text.len() + form.len();
        let message = Message {
            chat: chat.to_owned(),
            id: id.to_owned(),
            text: text.to_owned(),
            form: form.to_owned(),
            edits: 0,
            own,
            streams: None,
            flies: Moment(0),
            unanswered: false,
        };
        self.messages.insert(self.next, message);
        let name = (chat.to_owned(), id.to_owned());
        self.numbers.insert(name, self.next);
        self.make_room();
    }

    /// Puts another text in place of a message's.
    pub(crate) fn change(&mut self, chat: &str, id: &str, text: &str, form: &str) {
        let Some(message) = self.get_mut(chat, id) else {
            return;
        };
        let before = message.text.len() + message.form.len();
        message.text = text.to_owned();
        message.form = form.to_owned();
        message.edits += 1;
        self.bytes = self.bytes.saturating_sub(before) + text.len() + form.len();
        self.make_room();
    }

    /// Puts a message that stands under a name that begins so in a chat of its own.
    pub(crate) fn adopt(&mut self, chat: &str, id: &str, begins: &str) {
        let found = self
            .numbers
            .keys()
            .find(|(other, name)| name == id && other.starts_with(begins));
        let Some(found) = found.cloned() else { return };
        let number = self.numbers.remove(&found);
        if let Some(message) = number.and_then(|number| self.messages.get_mut(&number)) {
            message.chat = chat.to_owned();
        }
        if let Some(number) = number {
            self.numbers
                .insert((chat.to_owned(), id.to_owned()), number);
        }
    }

    pub(crate) fn remove(&mut self, chat: &str, id: &str) -> bool {
        let number = self.numbers.remove(&(chat.to_owned(), id.to_owned()));
        let message = number.and_then(|number| self.messages.remove(&number));
        let bytes = message.map(|message| message.text.len() + message.form.len());
        self.bytes = self.bytes.saturating_sub(bytes.unwrap_or(0));
        bytes.is_some()
    }

    pub(crate) fn get(&self, chat: &str, id: &str) -> Option<&Message> {
        let number = self.numbers.get(&(chat.to_owned(), id.to_owned()))?;
        self.messages.get(number)
    }

    pub(crate) fn get_mut(&mut self, chat: &str, id: &str) -> Option<&mut Message> {
        let number = self.numbers.get(&(chat.to_owned(), id.to_owned()))?;
        self.messages.get_mut(number)
    }

    /// The last message of a chat.
    pub(crate) fn last_mut(&mut self, chat: &str) -> Option<&mut Message> {
        self.messages
            .values_mut()
            .rev()
            .find(|message| message.chat == chat)
    }

    /// Until when a change of it is unanswered.
    pub(crate) fn in_flight(&self, chat: &str, id: &str, now: Moment) -> Option<Moment> {
        self.get(chat, id)
            .map(|message| message.flies)
            .filter(|until| now < *until)
    }

    pub(crate) fn fly(&mut self, chat: &str, id: &str, until: Moment) {
        if let Some(message) = self.get_mut(chat, id) {
            message.flies = message.flies.max(until);
        }
    }

    pub(crate) fn shown(&self) -> Vec<Shown> {
        let all = self.messages.values().map(|message| Shown {
            chat: message.chat.clone(),
            id: message.id.clone(),
            text: message.text.clone(),
            edits: message.edits,
            own: message.own,
        });
        all.collect()
    }

    fn make_room(&mut self) {
        while self.messages.len() > MESSAGES_MAX || self.bytes > TEXT_BYTES_MAX {
            let Some((_, oldest)) = self.messages.pop_first() else {
                break;
            };
            self.bytes = self
                .bytes
                .saturating_sub(oldest.text.len() + oldest.form.len());
            self.numbers.remove(&(oldest.chat, oldest.id));
            self.forgotten += 1;
        }
    }
}
