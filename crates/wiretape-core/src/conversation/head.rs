//! What of a request is not a message: model, system prompt, tools, how long the reply may be.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::write::Object;
use super::{Conversation, ConversationError, ELSEWHERE, form, parse_json, quote};
use crate::Dialect;
use crate::json::Raw;

impl Conversation {
    /// Sets a member of the request other than its messages: `model`, `max_tokens`, `tools`. One
    /// that is there keeps its place. Where the path names the model and not the body, `model` is
    /// kept beside the body.
    ///
    /// # Errors
    /// Where `json` is not one JSON value, or the member has the messages, or says that a part of
    /// the history is on the server.
    pub fn set(&mut self, member: &str, json: &str) -> Result<(), ConversationError> {
        let form = self.form();
        if member == form.messages() {
            let expected = "a member other than the messages, which are pushed";
            return Err(ConversationError::new(member, 0, expected));
        }
        let value = parse_json(json)?;
        if form.elsewhere().contains(&member) && !value.is_null() {
            return Err(ConversationError::new(json, 0, ELSEWHERE));
        }
        let value = String::from(value.text());
        if member == "model" && form.model_in_path() {
            self.model = Some(value);
            return Ok(());
        }
        let mut quoted = String::new();
        quote(member, &mut quoted);
        let name = quoted.get(1..quoted.len() - 1).unwrap_or_default();
        match self.head.iter_mut().rev().find(|(key, _)| key == name) {
            Some((_, slot)) => *slot = value,
            None => {
                if self.messages_at == self.head.len() {
                    self.messages_at += 1;
                }
                self.head.push((name.into(), value));
            }
        }
        Ok(())
    }

    /// A member of the request other than its messages.
    #[must_use]
    pub fn head(&self, member: &str) -> Option<Raw<'_>> {
        let mut all = self.head.iter().rev();
        let found = all.find(|(key, _)| key == member);
        let value = match found {
            Some((_, value)) => value,
            None => self.model.as_ref().filter(|_| member == "model")?,
        };
        Raw::parse(value).ok()
    }

    /// The model's name, in the body or beside it.
    #[must_use]
    pub fn model(&self) -> Option<Cow<'_, str>> {
        Some(self.head("model")?.as_str()?.decode())
    }

    /// Takes the model from the path of the request, where the dialect names it there.
    pub fn take_path(&mut self, path: &str) {
        if !self.form().model_in_path() {
            return;
        }
        let path = path.split('?').next().unwrap_or_default();
        // `/v1beta/models/NAME:streamGenerateContent`, `/model/NAME/converse-stream`.
        let name = match path.rsplit_once("/models/") {
            Some((_, name)) => name.split(':').next(),
            None => path
                .rsplit_once("/model/")
                .and_then(|(_, rest)| rest.split('/').next()),
        };
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            let mut json = String::new();
            quote(name, &mut json);
            self.model = Some(json);
        }
    }

    /// It is the path of a request for a reply.
    #[must_use]
    pub fn asks(dialect: Dialect, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let ends = form::of(dialect).asks();
        ends.iter().any(|end| path.ends_with(end))
    }

    /// How many tokens the reply may have, where the request says it.
    #[must_use]
    pub fn max_tokens(&self) -> Option<u64> {
        let room = self.form().room().iter();
        let mut said = room.filter_map(|path| {
            let (first, rest) = path.split_first()?;
            let inner = rest.iter();
            let raw = inner.fold(self.head(first), |raw, name| raw?.field(name));
            raw.and_then(Raw::as_u64)
        });
        said.next()
    }

    /// Says how many tokens the reply may have, where the dialect says it.
    ///
    /// # Errors
    /// Where the request has something else in its place.
    pub fn set_max_tokens(&mut self, tokens: u64) -> Result<(), ConversationError> {
        let number = tokens.to_string();
        match self.form().room() {
            [.., [member]] => self.set(member, &number),
            [.., [outer, inner]] => {
                let object = self.head(outer).map_or("{}", Raw::text);
                let object = with_member(object, inner, &number)?;
                self.set(outer, &object)
            }
            _ => Ok(()),
        }
    }

    /// The texts of the system prompt that stands beside the messages.
    pub(crate) fn system_texts(&self) -> Vec<Cow<'_, str>> {
        let members = self.form().system().iter();
        let mut texts = Vec::new();
        for system in members.filter_map(|name| self.head(name)) {
            if let Some(text) = system.as_str() {
                texts.push(text.decode());
            }
            let blocks = system.field("parts").unwrap_or(system).elements();
            texts.extend(blocks.filter_map(|block| block.str_field("text")));
        }
        texts
    }
}

/// The object with this member set.
fn with_member(object: &str, name: &str, value: &str) -> Result<String, ConversationError> {
    let raw = parse_json(object)?;
    if !raw.is_object() {
        let expected = "an object that says how long the reply may be";
        return Err(ConversationError::new(object, 0, expected));
    }
    let mut written = Object::new();
    let mut found = false;
    for (key, old) in raw.members() {
        let is = key.is(name);
        found |= is;
        written.json(&key.decode(), if is { value } else { old.text() });
    }
    if !found {
        written.json(name, value);
    }
    Ok(written.end())
}
