//! From a conversation to the request that is sent: counted once, planned, written.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::counted::{Counted, head_text, head_tokens};
use super::plan::{Cut, Cuttable, Entry, Overfull, Pin, Plan, place, plan};
use super::view;
use super::{Budget, THRESHOLD_PERCENT, TokenCounter};
use crate::Dialect;
use crate::conversation::{Conversation, Flaw, FlawKind, Message, Repair, Role, form};
use crate::event::Usage;

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
    /// How far to cut where something must be cut: see [`Budget::target_percent`].
    pub target_percent: u8,
    /// How much to cut at least where something must be cut: see [`Budget::clear_at_least`].
    pub clear_at_least: u64,
    /// A result of more tokens than this may be truncated to about as many.
    pub result_tokens_max: u64,
    /// Messages that stay as they are, by their place from 0, beside those that stay anyway.
    pub pins: Vec<usize>,
    /// Repair, in what is sent, what a provider would refuse; otherwise it is reported and sent.
    pub repair: bool,
    /// Join messages of one role that follow each other. Servers that refuse them want it; most
    /// services of the dialects take them as they are, and a cache holds longer. Those that do not
    /// (Converse; Gemini, where the model calls) get them joined in any case.
    pub alternate: bool,
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
            alternate: false,
        }
    }
}

/// Fits a growing conversation into a window, and remembers what it has counted and cut.
///
/// What was cut stays cut, and only what is visible is measured: the request's first bytes stay the
/// same from turn to turn until something more must go. A planner is for one conversation; where a
/// message has changed, what was cut from there on is forgotten.
///
/// ```
/// use wiretape_core::Dialect;
/// use wiretape_core::budget::{Heuristic, Options, Planner};
/// use wiretape_core::conversation::Conversation;
///
/// let mut history = Conversation::new(Dialect::OpenAiChat);
/// history.set("model", r#""gpt-4o""#)?;
/// history.push_user("What is a tape?");
/// let mut planner = Planner::new(Options::new(128_000), Heuristic::default());
/// let fitted = planner.fit(&history)?;
/// assert_eq!(fitted.body(), history.body());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Planner<C> {
    options: Options,
    counter: C,
    counted: Vec<Counted>,
    /// What was counted of the request beside its messages.
    head: String,
    head_tokens: u64,
    scale: Scale,
    sent: Option<Sent>,
    budget: Option<Budget>,
}

/// How the counter's tokens become the provider's.
#[derive(Clone, Copy)]
struct Scale {
    permille: u64,
    /// What the provider counts beside.
    extra: u64,
}

/// What the last fit sent, as the counter counts.
#[derive(Clone, Copy)]
struct Sent {
    dialect: Dialect,
    tokens: u64,
}

/// Below so many tokens a ratio says nothing.
const RATIO_TOKENS_MIN: u64 = 1_000;

/// What is sent of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fitted {
    /// Everything that is cut, now or before, and what that leaves.
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

    /// Nothing was cut and nothing repaired.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.plan.cuts.is_empty() && self.repairs.is_empty()
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
            head: String::new(),
            head_tokens: 0,
            scale: Scale {
                permille: 1_000,
                extra: 0,
            },
            sent: None,
            budget: None,
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

    /// The limits of the last [`fit`](Self::fit), also where it did not succeed.
    #[must_use]
    pub fn last_budget(&self) -> Option<&Budget> {
        self.budget.as_ref()
    }

    /// Chooses what to send. The conversation is not touched.
    ///
    /// # Errors
    /// [`Overfull`] where what must stay is too much. Nothing is cut then, and nothing forgotten.
    pub fn fit(&mut self, conversation: &Conversation) -> Result<Fitted, Overfull> {
        let mut flaws = conversation.refusals();
        // What is sent has them joined.
        flaws.retain(|flaw| flaw.kind != FlawKind::Clash);
        let repaired = (self.options.repair && !flaws.is_empty()).then(|| conversation.repaired());
        let (given, repairs) = match &repaired {
            Some((view, repairs)) => (view, repairs.clone()),
            None => (conversation, Vec::new()),
        };
        let budget = self.budget(given);
        self.budget = Some(budget);
        self.count(given.messages());
        let pins = pins(given, &self.options.pins);
        let groups = given.groups();
        self.settle(&groups, &pins);
        let visible: u64 = self
            .counted
            .iter()
            .map(|counted| self.scale.of(counted.visible()))
            .sum();
        if visible > budget.allowed() {
            let cap = self.options.result_tokens_max;
            for counted in &mut self.counted {
                counted.shorten(cap, &mut self.counter);
            }
            let (entries, places) = self.entries(&groups, &pins);
            let fresh = plan(&budget, &entries)?;
            self.keep(&fresh, &places);
        }
        let plan = self.whole_plan(&budget, &groups, &pins);
        let mut messages = view::of(given.dialect(), &self.counted);
        messages = view::alternating(given.dialect(), messages, self.options.alternate);
        let seen: u64 = self.counted.iter().map(Counted::visible).sum();
        self.sent = Some(Sent {
            dialect: given.dialect(),
            tokens: self.head_tokens + seen,
        });
        Ok(Fitted {
            body: given.write(&messages.iter().map(Message::text)),
            plan,
            flaws,
            repairs,
            messages,
        })
    }

    /// Takes the provider's own count of what the last fit sent: from then on counts are scaled so
    /// that the same request would come to the same number, and what is new is estimated on top.
    pub fn learn(&mut self, usage: &Usage) {
        let (Some(sent), Some(input)) = (self.sent, usage.input) else {
            return;
        };
        self.scale = Scale::learned(sent.tokens, read_by(sent.dialect, usage).unwrap_or(input));
    }

    fn budget(&mut self, conversation: &Conversation) -> Budget {
        let head = head_text(conversation);
        if self.head != head || self.head_tokens == 0 {
            self.head_tokens = head_tokens(conversation, &mut self.counter);
            self.head = head;
        }
        let said = conversation.max_tokens();
        Budget {
            window: self.options.window,
            max_tokens: self.options.max_tokens.or(said).unwrap_or(0),
            threshold_percent: self.options.threshold_percent,
            fixed: self
                .scale
                .of(self.head_tokens)
                .saturating_add(self.scale.extra),
            target_percent: self.options.target_percent,
            clear_at_least: self.options.clear_at_least,
        }
    }

    /// Counts what has not been counted.
    fn count(&mut self, messages: &[Message]) {
        self.counted.truncate(messages.len());
        let mut same = true;
        for (at, message) in messages.iter().enumerate() {
            let counted = self.counted.get_mut(at);
            match counted {
                Some(counted) if counted.message.is(message) => {
                    if !same {
                        counted.forget();
                    }
                }
                Some(counted) => {
                    same = false;
                    *counted = Counted::new(message, &mut self.counter);
                }
                None => self.counted.push(Counted::new(message, &mut self.counter)),
            }
        }
    }

    /// What was cut before stands, where it still may: groups as wholes, and nothing that is pinned.
    fn settle(&mut self, groups: &[Range<usize>], pins: &[Option<Pin>]) {
        for group in groups {
            let pin = pins.get(group.clone()).unwrap_or_default().iter().max();
            let pin = pin.copied().flatten();
            let counted = self.counted.get_mut(group.clone()).unwrap_or_default();
            let gone = pin.is_none() && counted.iter().all(|counted| counted.dropped);
            for counted in counted {
                counted.dropped = gone;
                if !matches!(pin, None | Some(Pin::CurrentTurn)) {
                    counted.forget();
                }
            }
        }
    }

    /// What is visible, and which messages these are.
    fn entries(&self, groups: &[Range<usize>], pins: &[Option<Pin>]) -> (Vec<Entry>, Vec<usize>) {
        let mut entries = Vec::with_capacity(self.counted.len());
        let mut places = Vec::with_capacity(self.counted.len());
        for (number, group) in groups.iter().enumerate() {
            for at in group.clone() {
                let Some(counted) = self.counted.get(at).filter(|counted| !counted.dropped) else {
                    continue;
                };
                let visible = self.scale.of(counted.visible());
                let mut left = visible;
                let open = counted.results.iter().filter(|result| !result.cut);
                let results = open.map(|result| {
                    // Rounding up each number may not save more than there is.
                    let saves = self.scale.down(result.saves()).min(left);
                    left -= saves;
                    let part = result.part;
                    Cuttable { part, saves }
                });
                entries.push(Entry {
                    group: number,
                    pin: pins.get(at).copied().flatten(),
                    tokens: visible,
                    results: results.filter(|result| result.saves > 0).collect(),
                });
                places.push(at);
            }
        }
        (entries, places)
    }

    /// Remembers what a plan over the visible entries cuts.
    fn keep(&mut self, plan: &Plan, places: &[usize]) {
        for cut in &plan.cuts {
            match cut {
                Cut::Drop { messages, .. } => {
                    for at in places.get(messages.clone()).unwrap_or_default() {
                        if let Some(counted) = self.counted.get_mut(*at) {
                            counted.dropped = true;
                        }
                    }
                }
                Cut::Truncate { message, part, .. } => {
                    let at = places.get(*message).copied().unwrap_or(usize::MAX);
                    let results = self.counted.get_mut(at).map(|counted| &mut counted.results);
                    let result = results.and_then(|all| all.iter_mut().find(|r| r.part == *part));
                    if let Some(result) = result {
                        result.cut = true;
                    }
                }
            }
        }
    }

    /// Everything that is cut of the conversation as it stands.
    fn whole_plan(&self, budget: &Budget, groups: &[Range<usize>], pins: &[Option<Pin>]) -> Plan {
        let mut whole = Plan {
            allowed: budget.allowed(),
            ..Plan::default()
        };
        for group in groups {
            let counted = self.counted.get(group.clone()).unwrap_or_default();
            let tokens: u64 = counted.iter().map(|c| self.scale.of(c.tokens)).sum();
            whole.before += tokens;
            if counted.first().is_some_and(|counted| counted.dropped) {
                let messages = group.clone();
                let saves = tokens;
                whole.cuts.push(Cut::Drop { messages, saves });
                continue;
            }
            for (counted, message) in counted.iter().zip(group.start..) {
                whole.after += self.scale.of(counted.visible());
                let current = pins.get(message).copied().flatten().is_some();
                for result in counted.results.iter().filter(|result| result.cut) {
                    whole.cuts.push(Cut::Truncate {
                        message,
                        part: result.part,
                        saves: self.scale.down(result.saves()),
                        current,
                    });
                }
            }
        }
        whole.cuts.sort_by_key(place);
        whole
    }
}

/// The tokens that the model read: some providers count those of a cache beside the input.
pub(crate) fn read_by(dialect: Dialect, usage: &Usage) -> Option<u64> {
    let cached = [usage.cache_read, usage.cache_write];
    let beside = form::of(dialect).counts_cache_beside();
    let cached = cached.into_iter().flatten().filter(|_| beside);
    Some(cached.fold(usage.input?, u64::saturating_add))
}

impl Scale {
    /// So many tokens of the counter, in the provider's.
    fn of(self, tokens: u64) -> u64 {
        tokens.saturating_mul(self.permille).div_ceil(1_000)
    }

    /// The same, rounded down: what is certain to be saved.
    fn down(self, tokens: u64) -> u64 {
        tokens.saturating_mul(self.permille) / 1_000
    }

    /// The scale by which what the counter called `own` is what the provider called `actual`.
    fn learned(own: u64, actual: u64) -> Self {
        let permille = match own {
            0..RATIO_TOKENS_MIN => 1_000,
            _ => (actual.saturating_mul(1_000) / own).clamp(500, 3_000),
        };
        let scale = Self { permille, extra: 0 };
        Self {
            permille,
            extra: actual.saturating_sub(scale.of(own)),
        }
    }
}

/// Why each message must stay.
fn pins(conversation: &Conversation, callers: &[usize]) -> Vec<Option<Pin>> {
    let messages = conversation.messages();
    let current = messages.iter().rposition(Message::is_prompt).unwrap_or(0);
    let first = messages
        .iter()
        .position(|message| message.role() == Role::User);
    let mut pins = Vec::with_capacity(messages.len());
    for (at, message) in messages.iter().enumerate() {
        pins.push(match message.role() {
            Role::System => Some(Pin::System),
            _ if first == Some(at) => Some(Pin::FirstUser),
            _ if current <= at => Some(Pin::CurrentTurn),
            _ => None,
        });
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
