//! From a conversation to the request that is sent: counted once, planned, written.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::plan::{Cuttable, Entry, Overfull, Pin, Plan, plan};
use super::{Budget, Cut, THRESHOLD_PERCENT, TokenCounter, cut};
use crate::conversation::{
    Conversation, Flaw, Media, Message, Part, PartKind, Repair, Role, quote,
};
use crate::event::Usage;
use crate::json::Raw;

/// What a message costs beside its text: its role, its ends. `OpenAI`'s guide counts 3 or 4.
const FRAME_TOKENS: u64 = 4;

/// How a conversation is fitted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The model's context window, in tokens.
    pub window: u64,
    /// Room for the reply, in tokens; `None`: what the request's own `max_tokens` says.
    pub max_tokens: Option<u64>,
    /// Which part of the window may be used at most, in percent.
    pub threshold_percent: u8,
    /// See [`Budget::target_percent`].
    pub target_percent: u8,
    /// See [`Budget::clear_at_least`].
    pub clear_at_least: u64,
    /// A result of more tokens than this may be truncated.
    pub result_tokens_max: u64,
    /// Messages that stay, by their place from 0, beside those that stay anyway.
    pub pins: Vec<usize>,
    /// Repair what a provider would refuse, in what is sent; otherwise it is only reported.
    pub repair: bool,
}

impl Options {
    /// The usual options for this window, in tokens.
    #[must_use]
    pub fn new(window: u64) -> Self {
        Self {
            window,
            max_tokens: None,
            threshold_percent: THRESHOLD_PERCENT,
            target_percent: 100,
            clear_at_least: 0,
            result_tokens_max: 2_000,
            pins: Vec::new(),
            repair: false,
        }
    }
}

/// Fits conversations into a window, and remembers what it has counted.
#[derive(Clone)]
pub struct Planner<C> {
    options: Options,
    counter: C,
    counted: Vec<Counted>,
    head: Vec<(String, String)>,
    head_tokens: u64,
}

/// A message that has been counted.
#[derive(Clone)]
struct Counted {
    message: Message,
    tokens: u64,
    /// Results that are longer than the cap.
    long: Vec<Long>,
}

/// A long result, and what stands for it once it is truncated.
#[derive(Clone)]
struct Long {
    part: usize,
    tokens: u64,
    /// The JSON that replaces the part's content, and its tokens; made when first needed.
    short: Option<Short>,
}

#[derive(Clone)]
struct Short {
    edits: Vec<(Range<usize>, String)>,
    tokens: u64,
}

/// What is sent of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fitted {
    /// What was cut.
    pub plan: Plan,
    /// What a provider would refuse in the conversation as it was given.
    pub flaws: Vec<Flaw>,
    /// What was repaired of it, in what is sent.
    pub repairs: Vec<Repair>,
    body: String,
    messages: Vec<Message>,
}

impl Fitted {
    /// The request body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The messages in it.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }
}

impl<C: TokenCounter> Planner<C> {
    /// One that has counted nothing yet.
    #[must_use]
    pub fn new(options: Options, counter: C) -> Self {
        Self {
            options,
            counter,
            counted: Vec::new(),
            head: Vec::new(),
            head_tokens: 0,
        }
    }

    /// How it fits.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Changes how it fits.
    pub fn options_mut(&mut self) -> &mut Options {
        &mut self.options
    }

    /// Chooses what to send. The conversation is not touched.
    ///
    /// # Errors
    /// [`Overfull`] where what must stay is too much.
    pub fn fit(&mut self, conversation: &Conversation) -> Result<Fitted, Overfull> {
        let flaws = conversation.flaws();
        let budget = self.budget(conversation);
        let messages = conversation.messages();
        self.count(messages);
        let total: u64 = self.counted.iter().map(|counted| counted.tokens).sum();
        if total > budget.allowed() {
            self.shorten(conversation);
        }
        let plan = plan(&budget, &self.entries(conversation))?;
        let messages = self.view(conversation, &plan);
        Ok(Fitted {
            body: conversation.write(&messages.iter().map(Message::text)),
            plan,
            flaws,
            repairs: Vec::new(),
            messages,
        })
    }

    /// Takes the provider's own count of what the last fit sent.
    pub fn learn(&mut self, usage: &Usage) {
        let _ = usage;
    }

    fn budget(&mut self, conversation: &Conversation) -> Budget {
        let said = ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(|name| conversation.head(name).and_then(Raw::as_u64));
        for name in ["system", "tools"] {
            let now = conversation.head(name).map(Raw::text).unwrap_or_default();
            let slot = self.head.iter_mut().find(|(key, _)| key == name);
            match slot {
                Some((_, before)) if before == now => {}
                Some((_, before)) => *before = now.into(),
                None => self.head.push((name.into(), now.into())),
            }
        }
        let counter = &mut self.counter;
        let tokens = |(_, text): &(String, String)| counter.count(text);
        self.head_tokens = self.head.iter().map(tokens).sum();
        Budget {
            window: self.options.window,
            max_tokens: self.options.max_tokens.or(said).unwrap_or(0),
            threshold_percent: self.options.threshold_percent,
            fixed: self.head_tokens,
            target_percent: self.options.target_percent,
            clear_at_least: self.options.clear_at_least,
        }
    }

    /// Counts what has not been counted.
    fn count(&mut self, messages: &[Message]) {
        self.counted.truncate(messages.len());
        for (at, message) in messages.iter().enumerate() {
            match self.counted.get_mut(at) {
                Some(counted) if counted.message.is(message) => {}
                Some(counted) => {
                    *counted = Counted::of(message, &mut self.counter, &self.options);
                }
                None => {
                    let counted = Counted::of(message, &mut self.counter, &self.options);
                    self.counted.push(counted);
                }
            }
        }
    }

    /// Makes the short form of each long result that has none.
    fn shorten(&mut self, conversation: &Conversation) {
        let cap = self.options.result_tokens_max;
        for (counted, message) in self.counted.iter_mut().zip(conversation.messages()) {
            for long in counted.long.iter_mut().filter(|long| long.short.is_none()) {
                let part = message.parts().get(long.part);
                long.short =
                    part.map(|part| short_form(message, part, long.tokens, cap, &mut self.counter));
            }
        }
    }

    fn entries(&self, conversation: &Conversation) -> Vec<Entry> {
        let pins = pins(conversation, &self.options.pins);
        let groups = conversation.groups();
        let mut entries = Vec::with_capacity(self.counted.len());
        for (number, group) in groups.iter().enumerate() {
            for at in group.clone() {
                let Some(counted) = self.counted.get(at) else {
                    continue;
                };
                let saves = |long: &Long| {
                    let short = long.short.as_ref()?;
                    Some(Cuttable {
                        part: long.part,
                        saves: long.tokens.saturating_sub(short.tokens),
                    })
                };
                entries.push(Entry {
                    group: number,
                    pin: pins.get(at).copied().flatten(),
                    tokens: counted.tokens,
                    results: counted.long.iter().filter_map(saves).collect(),
                });
            }
        }
        entries
    }

    fn view(&self, conversation: &Conversation, plan: &Plan) -> Vec<Message> {
        let messages = conversation.messages();
        let mut view = Vec::with_capacity(messages.len());
        let mut cuts = plan.cuts.iter().peekable();
        let mut dropped = 0;
        for (at, message) in messages.iter().enumerate() {
            let mut edits = Vec::new();
            loop {
                match cuts.peek() {
                    Some(Cut::Drop { messages, .. }) if messages.start <= at => {
                        dropped = messages.end;
                    }
                    Some(Cut::Truncate { message, part, .. }) if *message <= at => {
                        let long = self.counted.get(at).map(|counted| counted.long.as_slice());
                        let long = long.unwrap_or_default().iter().find(|l| l.part == *part);
                        let short = long.and_then(|long| long.short.as_ref());
                        edits.extend(short.iter().flat_map(|short| &short.edits));
                    }
                    _ => break,
                }
                cuts.next();
            }
            if at < dropped {
                continue;
            }
            let edited = (!edits.is_empty()).then(|| edited(message.text(), &edits));
            let edited = edited.and_then(|text| Message::parse(conversation.dialect(), &text).ok());
            view.push(edited.unwrap_or_else(|| message.clone()));
        }
        view
    }
}

/// The text with these places replaced, which are in order.
fn edited(text: &str, edits: &[&(Range<usize>, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (place, with) in edits {
        out.push_str(text.get(from..place.start).unwrap_or_default());
        out.push_str(with);
        from = place.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

impl Counted {
    fn of<C: TokenCounter>(message: &Message, counter: &mut C, options: &Options) -> Self {
        let mut tokens = FRAME_TOKENS;
        let mut long = Vec::new();
        for (number, part) in message.parts().iter().enumerate() {
            let cost = cost(message, part, counter);
            tokens += cost;
            let text = part_text(message, part, counter);
            if part.kind == PartKind::Result && text > options.result_tokens_max {
                long.push(Long {
                    part: number,
                    tokens: text,
                    short: None,
                });
            }
        }
        Self {
            message: message.clone(),
            tokens,
            long,
        }
    }
}

/// What a part costs.
fn cost<C: TokenCounter>(message: &Message, part: &Part, counter: &mut C) -> u64 {
    let media = match part.kind {
        PartKind::Media(media) => media_tokens(media),
        _ => part.media.iter().map(|media| media_tokens(*media)).sum(),
    };
    media + part_text(message, part, counter)
}

fn part_text<C: TokenCounter>(message: &Message, part: &Part, counter: &mut C) -> u64 {
    let text = |place: &Range<usize>| message.text().get(place.clone()).unwrap_or_default();
    let mut tokens = part
        .json
        .iter()
        .map(|place| counter.count(text(place)))
        .sum();
    for place in &part.strings {
        tokens += count_string(text(place), counter);
    }
    tokens
}

fn count_string<C: TokenCounter>(json: &str, counter: &mut C) -> u64 {
    let string = Raw::parse(json).ok().and_then(Raw::as_str);
    string.map_or(0, |string| counter.count(&string.decode()))
}

fn media_tokens(media: Media) -> u64 {
    match media {
        Media::Image => 1_600,
        Media::Document => 25_800,
        Media::Audio => 3_000,
    }
}

/// The short form of a result: its longest text is truncated.
fn short_form<C: TokenCounter>(
    message: &Message,
    part: &Part,
    tokens: u64,
    cap: u64,
    counter: &mut C,
) -> Short {
    let text = |place: &Range<usize>| message.text().get(place.clone()).unwrap_or_default();
    let bytes: usize = part.strings.iter().map(Range::len).sum();
    let mut keep = bytes as u128 * u128::from(cap) / u128::from(tokens.max(1));
    let mut short = Short {
        edits: Vec::new(),
        tokens,
    };
    for _ in 0..8 {
        short.edits.clear();
        short.tokens = 0;
        for place in &part.strings {
            let share = keep * place.len() as u128 / bytes.max(1) as u128;
            let share = usize::try_from(share).unwrap_or(usize::MAX);
            let string = Raw::parse(text(place)).ok().and_then(Raw::as_str);
            let decoded = string.map(|string| string.decode()).unwrap_or_default();
            match cut::shortened(&decoded, share) {
                Some(cut) => {
                    short.tokens += counter.count(&cut);
                    let mut json = String::with_capacity(cut.len() + 16);
                    quote(&cut, &mut json);
                    short.edits.push((place.clone(), json));
                }
                None => short.tokens += counter.count(&decoded),
            }
        }
        if short.tokens <= cap {
            return short;
        }
        keep = keep * 3 / 4;
    }
    short
}

/// Why each message must stay.
fn pins(conversation: &Conversation, callers: &[usize]) -> Vec<Option<Pin>> {
    let messages = conversation.messages();
    let current = messages.iter().rposition(Message::is_prompt);
    let first = messages
        .iter()
        .position(|message| message.role() == Role::User);
    let mut pins = Vec::with_capacity(messages.len());
    for (at, message) in messages.iter().enumerate() {
        let mut pin = current
            .filter(|current| at >= *current)
            .map(|_| Pin::CurrentTurn);
        if message.role() == Role::System {
            pin = Some(Pin::System);
        } else if first == Some(at) {
            pin = Some(Pin::FirstUser);
        }
        pins.push(pin);
    }
    for at in callers {
        if let Some(pin) = pins.get_mut(*at) {
            *pin = (*pin).max(Some(Pin::Caller));
        }
    }
    pins
}

impl<C> fmt::Debug for Planner<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planner")
            .field("options", &self.options)
            .field("counted", &self.counted.len())
            .finish_non_exhaustive()
    }
}
