//! What each message costs, counted once, and the short forms of long results.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::{TokenCounter, cut};
use crate::conversation::{Conversation, Media, Message, Part, PartKind, quote};
use crate::json::Raw;

/// What a message costs beside its text: its role and its ends. `OpenAI`'s guide to counting says 3,
/// and 1 more for a name: <https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken>.
pub const FRAME_TOKENS: u64 = 4;

/// What begins the reply, by the same guide.
pub const REPLY_TOKENS: u64 = 3;

/// What Messages adds where there are tools: 346 tokens with Claude 4 models,
/// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing>.
pub const TOOLS_TOKENS: u64 = 346;

/// An image, whatever its size. Anthropic says width × height / 750, about 1,600 for the largest
/// that is not made smaller (<https://platform.claude.com/docs/en/build-with-claude/vision>);
/// `OpenAI`'s 85 + 170 a tile is at most 1,445 within 2,048 × 768.
pub const IMAGE_TOKENS: u64 = 1_600;

/// A document that is not plain text: 100 pages of 258 tokens, as gemini-cli counts a PDF.
pub const DOCUMENT_TOKENS: u64 = 25_800;

/// A sound: five minutes at 10 tokens a second.
pub const AUDIO_TOKENS: u64 = 3_000;

/// About what a marker costs, so that the first try is near the cap.
const MARKER_TOKENS: u64 = 40;

/// Tries to bring a result below its cap.
const TRIES_MAX: u32 = 8;

/// A message that has been counted.
#[derive(Clone)]
pub(super) struct Counted {
    pub(super) message: Message,
    pub(super) tokens: u64,
    pub(super) results: Vec<Counting>,
    /// It was left out before, and stays out.
    pub(super) dropped: bool,
}

/// A result that has been counted.
#[derive(Clone)]
pub(super) struct Counting {
    pub(super) part: usize,
    /// Of its text.
    pub(super) tokens: u64,
    /// Made when first needed.
    pub(super) short: Option<Short>,
    /// The short form was sent before, and stands.
    pub(super) cut: bool,
}

/// What stands for a long result.
#[derive(Clone)]
pub(super) struct Short {
    /// For which cap it was made.
    cap: u64,
    /// Which strings of the message become which, as JSON.
    pub(super) edits: Vec<(Range<usize>, String)>,
    pub(super) tokens: u64,
}

impl Counted {
    pub(super) fn new<C: TokenCounter>(message: &Message, counter: &mut C) -> Self {
        let mut tokens = FRAME_TOKENS;
        let mut results = Vec::new();
        for (number, part) in message.parts().iter().enumerate() {
            let text = text_tokens(message, part, counter);
            tokens += text + media_tokens(part);
            if part.kind == PartKind::Result {
                results.push(Counting {
                    part: number,
                    tokens: text,
                    short: None,
                    cut: false,
                });
            }
        }
        Self {
            message: message.clone(),
            tokens,
            results,
            dropped: false,
        }
    }

    /// What is sent of it costs so much.
    pub(super) fn visible(&self) -> u64 {
        let cut = self.results.iter().filter(|result| result.cut);
        let saved: u64 = cut.map(Counting::saves).sum();
        match self.dropped {
            true => 0,
            false => self.tokens.saturating_sub(saved),
        }
    }

    /// Nothing of it was cut before.
    pub(super) fn forget(&mut self) {
        self.dropped = false;
        for result in &mut self.results {
            result.cut = false;
        }
    }

    /// Makes the short form of each result above the cap.
    pub(super) fn shorten<C: TokenCounter>(&mut self, cap: u64, counter: &mut C) {
        for result in self.results.iter_mut().filter(|result| result.tokens > cap) {
            if result.short.as_ref().is_some_and(|short| short.cap == cap) {
                continue;
            }
            result.cut = false;
            let part = self.message.parts().get(result.part);
            let short =
                part.map(|part| Short::new(&self.message, part, result.tokens, cap, counter));
            result.short = short;
        }
    }
}

impl Counting {
    pub(super) fn saves(&self) -> u64 {
        let short = self.short.as_ref();
        short.map_or(0, |short| self.tokens.saturating_sub(short.tokens))
    }
}

impl Short {
    /// Each string of the result is shortened by the same part, until all are within the cap.
    fn new<C: TokenCounter>(
        message: &Message,
        part: &Part,
        tokens: u64,
        cap: u64,
        counter: &mut C,
    ) -> Self {
        // A result that is an object is cut as its text, and stays one.
        let strings = part.strings.iter().chain(&part.json);
        let texts: Vec<_> = strings
            .map(|place| (place, decoded(message, place)))
            .collect();
        let bytes: u128 = texts.iter().map(|(_, text)| text.len() as u128).sum();
        let room = cap - MARKER_TOKENS.min(cap / 4);
        let mut keep = bytes * u128::from(room) / u128::from(tokens.max(1));
        let mut short = Self {
            cap,
            edits: Vec::new(),
            tokens,
        };
        for _ in 0..TRIES_MAX {
            short.edits.clear();
            short.tokens = 0;
            for (place, text) in &texts {
                let is_object = part.json.as_ref() == Some(*place);
                let share = keep * text.len() as u128 / bytes.max(1);
                let share = usize::try_from(share).unwrap_or(usize::MAX);
                let Some(cut) = cut::shortened(text, share) else {
                    short.tokens += counter.count(text);
                    continue;
                };
                let (tokens, json) = if is_object {
                    let json = object(cut);
                    (counter.count(&json), json)
                } else {
                    (counter.count(&cut), quoted(&cut))
                };
                short.tokens += tokens;
                short.edits.push(((*place).clone(), json));
            }
            if short.tokens <= cap {
                break;
            }
            keep = keep * 7 / 8;
        }
        short
    }
}

fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 16);
    quote(text, &mut json);
    json
}

/// The text itself where it is an object; otherwise the one that holds it.
fn object(text: String) -> String {
    match Raw::parse(&text).is_ok_and(Raw::is_object) {
        true => text,
        false => ["{\"output\":", &quoted(&text), "}"].concat(),
    }
}

/// What a whole request costs, in tokens of the counter: system prompt, tools, messages and frames.
pub fn count<C: TokenCounter>(conversation: &Conversation, counter: &mut C) -> u64 {
    let messages = conversation.messages().iter();
    let messages = messages.map(|message| Counted::new(message, counter).tokens);
    let messages: u64 = messages.sum();
    messages + head_tokens(conversation, counter)
}

/// What is sent beside the messages: system prompt, tools, how the reply is to look.
pub(super) fn head_tokens<C: TokenCounter>(conversation: &Conversation, counter: &mut C) -> u64 {
    let mut tokens = REPLY_TOKENS;
    let system = conversation.system_texts();
    if !system.is_empty() {
        let texts = system.iter().map(|text| counter.count(text));
        tokens += FRAME_TOKENS + texts.sum::<u64>();
    }
    let form = conversation.form();
    for name in form.head_json() {
        tokens += conversation
            .head(name)
            .map_or(0, |json| counter.count(json.text()));
    }
    let tools = conversation
        .head("tools")
        .and_then(|tools| tools.elements().next());
    tokens + tools.map_or(0, |_| form.tools_tokens())
}

/// The members of a request that are counted, one after the other: what to compare.
pub(super) fn head_text(conversation: &Conversation) -> String {
    let mut text = String::new();
    let form = conversation.form();
    for name in form.head_json().iter().chain(form.system()) {
        text.push_str(conversation.head(name).map(Raw::text).unwrap_or_default());
        text.push('\n');
    }
    text
}

fn text_tokens<C: TokenCounter>(message: &Message, part: &Part, counter: &mut C) -> u64 {
    let json = part
        .json
        .iter()
        .map(|place| message.text().get(place.clone()));
    let mut tokens: u64 = json.flatten().map(|json| counter.count(json)).sum();
    for place in &part.strings {
        tokens += counter.count(&decoded(message, place));
    }
    tokens
}

/// The text of a string, or that of the JSON it is.
fn decoded<'a>(message: &'a Message, place: &Range<usize>) -> alloc::borrow::Cow<'a, str> {
    let json = message.text().get(place.clone()).unwrap_or_default();
    match Raw::parse(json).ok().and_then(Raw::as_str) {
        Some(string) => string.decode(),
        None => json.into(),
    }
}

fn media_tokens(part: &Part) -> u64 {
    let of = |media: &Media| match media {
        Media::Image => IMAGE_TOKENS,
        Media::Document => DOCUMENT_TOKENS,
        Media::Audio => AUDIO_TOKENS,
    };
    match &part.kind {
        PartKind::Media(media) => of(media),
        _ => part.media.iter().map(of).sum(),
    }
}
