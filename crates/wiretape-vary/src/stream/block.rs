//! One block: an event of the framing, or what stands between two of them.

use alloc::vec::Vec;

use super::message::Message;
use super::value::Value;
use crate::dialect::{Kind, Lane};
use crate::json::{is_object, part};
use crate::scenario::LineEnd;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: Vec<u8>,
    /// `None` where the body stops in the line.
    pub(crate) end: Option<LineEnd>,
}

impl Line {
    pub(crate) fn is_blank(&self) -> bool {
        self.text.is_empty() && self.end.is_some()
    }

    /// The field's name and value, as the standard reads them; a comment has the name "".
    pub(crate) fn field(&self) -> (&[u8], &[u8]) {
        let Some(colon) = self.text.iter().position(|&byte| byte == b':') else {
            return (&self.text, &[]);
        };
        let value = part(&self.text, colon + 1..self.text.len());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        (part(&self.text, 0..colon), value)
    }
}

/// How a block is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// The block's lines, up to a blank one.
    Lines,
    /// A JSON value.
    Value(Value),
    /// A message of an AWS event stream.
    Message(Message),
    /// The rest of a body that cannot be taken apart.
    Rest(Vec<u8>),
}

/// An event of the framing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Its number in the untouched body; `None` where it was put in.
    pub(crate) origin: Option<usize>,
    /// Where the delta's string begins in that of the untouched block.
    pub(crate) base: i64,
    /// The recorded chunk in which its last byte came.
    pub(crate) slot: usize,
    /// Nanoseconds that it comes later, and all that follows.
    pub(crate) wait_ns: u64,
    /// The untouched payload is a JSON object.
    pub(crate) object: bool,
    pub(crate) kind: Kind,
    /// To what its payload belongs, where blocks of several lanes can be interleaved.
    pub(crate) lane: Option<Lane>,
    pub(crate) form: Form,
    /// Of [`Form::Lines`].
    pub(crate) lines: Vec<Line>,
}

impl Block {
    /// Without a meaning yet.
    pub(super) fn bare(form: Form, lines: Vec<Line>, slot: usize) -> Self {
        Self {
            origin: None,
            base: 0,
            slot,
            wait_ns: 0,
            object: false,
            kind: Kind::Bare,
            lane: None,
            form,
            lines,
        }
    }

    /// Lines that were not in the body, with the blank one behind them.
    pub(crate) fn of_lines(lines: &[&[u8]], end: LineEnd, slot: usize) -> Self {
        let blank: &[&[u8]] = &[b""];
        let lines = lines.iter().chain(blank).map(|text| Line {
            text: text.to_vec(),
            end: Some(end),
        });
        Self::bare(Form::Lines, lines.collect(), slot)
    }

    /// A message that was not in the body, and that tells of an error.
    pub(crate) fn of_message(message: Message, slot: usize) -> Self {
        let mut block = Self::bare(Form::Message(message), Vec::new(), slot);
        block.kind = Kind::Error;
        block
    }

    /// It came to its end: to a blank line, to the end of the value or of the message.
    pub(crate) fn is_complete(&self) -> bool {
        match &self.form {
            Form::Lines => self.lines.last().is_some_and(Line::is_blank),
            Form::Value(value) => value.is_complete(),
            Form::Message(_) => true,
            Form::Rest(_) => false,
        }
    }

    /// Another block says the same with the same bytes.
    pub(crate) fn is_written_like(&self, other: &Self) -> bool {
        self.form == other.form && self.lines == other.lines
    }

    /// What the block says, from all its `data` lines, whatever other fields it has. For reading
    /// only: what is rewritten is [`Block::payload`].
    pub(crate) fn says(&self) -> Option<Vec<u8>> {
        if self.form != Form::Lines {
            return self.payload().map(<[u8]>::to_vec);
        }
        if !self.is_complete() {
            return None;
        }
        let lines = self.lines.iter().map(Line::field);
        let data: Vec<&[u8]> = lines
            .filter(|(name, _)| *name == b"data")
            .map(|(_, value)| value)
            .collect();
        (!data.is_empty()).then(|| data.join(&b'\n'))
    }

    /// The payload, where the block is complete and has one and nothing that must not be there
    /// twice.
    pub(crate) fn payload(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Lines => self.line_payload(),
            Form::Value(value) => value.is_complete().then_some(value.text.as_slice()),
            Form::Message(message) => Some(&message.payload),
            Form::Rest(_) => None,
        }
    }

    fn line_payload(&self) -> Option<&[u8]> {
        if !self.is_complete() {
            return None;
        }
        let mut payload = None;
        for line in &self.lines {
            match line.field() {
                (b"data", _) if payload.is_some() => return None,
                (b"data", value) => payload = Some(value),
                (b"event" | b"", _) => {}
                _ => return None,
            }
        }
        payload
    }

    /// The payload, where it is a JSON object. `trusted`: payloads that were objects still are.
    pub(crate) fn object(&self, trusted: bool) -> Option<&[u8]> {
        let payload = self.payload()?;
        ((trusted && self.object) || is_object(payload)).then_some(payload)
    }

    /// Replaces the payload; a line keeps its spacing where the payload permits it. One that stood in
    /// several lines stands in one: where JSON may have a line's end, it may have a space.
    pub(crate) fn set_payload(&mut self, payload: &[u8]) {
        match &mut self.form {
            Form::Lines => self.set_line_payload(payload),
            Form::Value(value) => value.text = payload.to_vec(),
            Form::Message(message) => message.set_payload(payload),
            Form::Rest(_) => {}
        }
    }

    fn set_line_payload(&mut self, payload: &[u8]) {
        let mut some = false;
        self.lines.retain(|line| {
            let data = line.field().0 == b"data";
            let kept = !(data && some);
            some |= data;
            kept
        });
        let mut lines = self.lines.iter_mut();
        if let Some(line) = lines.find(|line| line.field().0 == b"data") {
            let tight = !line.text.starts_with(b"data: ") && !payload.starts_with(b" ");
            line.text = if tight {
                b"data:".to_vec()
            } else {
                b"data: ".to_vec()
            };
            let flat = payload
                .iter()
                .map(|&byte| if byte == b'\n' { b' ' } else { byte });
            line.text.extend(flat);
        }
    }

    /// The name of the event that the framing says beside the payload.
    pub(crate) fn event_name(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Lines => {
                let mut fields = self.lines.iter().map(Line::field);
                fields
                    .find(|field| field.0 == b"event")
                    .map(|field| field.1)
            }
            Form::Message(message) => Some(message.event.as_bytes()),
            Form::Value(_) | Form::Rest(_) => None,
        }
    }

    /// Says another name of the event, where the framing says one.
    pub(crate) fn set_event_name(&mut self, name: &str) {
        match &mut self.form {
            Form::Lines => {
                let mut lines = self.lines.iter_mut();
                if let Some(line) = lines.find(|line| line.field().0 == b"event") {
                    line.text = [b"event: ", name.as_bytes()].concat();
                }
            }
            // The event of a chunk is named inside.
            Form::Message(message) if message.is_coded() => {}
            Form::Message(message) => message.set_event(name),
            Form::Value(_) | Form::Rest(_) => {}
        }
    }

    /// About how many bytes it has.
    pub(super) fn size(&self) -> usize {
        match &self.form {
            Form::Lines => self.lines.iter().map(|line| line.text.len() + 2).sum(),
            Form::Value(value) => value.text.len() + 4,
            Form::Message(message) => message.bytes.len(),
            Form::Rest(bytes) => bytes.len(),
        }
    }

    /// Appends its bytes. `first`: nothing was written before it.
    pub(super) fn write(&self, first: bool, out: &mut Vec<u8>) {
        match &self.form {
            Form::Lines => self.write_lines(out),
            Form::Value(value) => value.write(first, out),
            Form::Message(message) => out.extend_from_slice(&message.bytes),
            Form::Rest(bytes) => out.extend_from_slice(bytes),
        }
    }

    fn write_lines(&self, out: &mut Vec<u8>) {
        for line in &self.lines {
            out.extend_from_slice(&line.text);
            let Some(end) = line.end else { continue };
            // A CR and the LF of a blank line after it would be read as one line end.
            let merges = line.text.is_empty() && out.last() == Some(&b'\r');
            let end = if merges && end == LineEnd::Lf {
                LineEnd::CrLf
            } else {
                end
            };
            out.extend_from_slice(end.bytes());
        }
    }
}
