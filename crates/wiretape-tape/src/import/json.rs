//! Fields of JSON, with the path to them.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Error;
use super::error::short;

/// The one JSON value of a text.
pub(super) fn parse(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        let why = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(why, _)| why);
        let found = format!("at column {}: {why}", error.column());
        Error::at(error.line().max(1) as u64, "JSON", found)
    })
}

/// A value and the way to it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    value: &'a Value,
    path: Path<'a>,
}

#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Key(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(above, key) => match above.text() {
                above if above.is_empty() => (*key).to_owned(),
                above => format!("{above}.{key}"),
            },
            Self::Item(above, item) => format!("{}[{item}]", above.text()),
        }
    }
}

static NULL: Value = Value::Null;

impl<'a> Place<'a> {
    pub(super) const fn root(value: &'a Value) -> Self {
        Self {
            value,
            path: Path::Root,
        }
    }

    /// The field of this name; null where there is none.
    pub(super) fn get(&'a self, key: &'a str) -> Self {
        Self {
            value: self.value.get(key).unwrap_or(&NULL),
            path: Path::Key(&self.path, key),
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.value.is_null()
    }

    pub(super) const fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn path(&self) -> String {
        self.path.text()
    }

    pub(super) fn error(&self, expected: &str) -> Error {
        let found = match self.value {
            Value::Null => "nothing".into(),
            Value::String(text) => short(text),
            Value::Array(items) => format!("an array of {}", items.len()),
            Value::Object(_) => "an object".into(),
            value => value.to_string(),
        };
        Error::field(self.path(), expected, found)
    }

    pub(super) fn text(&self) -> Result<&'a str, Error> {
        self.value.as_str().ok_or_else(|| self.error("a string"))
    }

    /// A string, or nothing.
    pub(super) fn text_if_any(&self) -> Result<Option<&'a str>, Error> {
        if self.is_null() {
            Ok(None)
        } else {
            self.text().map(Some)
        }
    }

    pub(super) fn uint(&self) -> Result<u64, Error> {
        let expected = "an integer from 0 up";
        self.value.as_u64().ok_or_else(|| self.error(expected))
    }

    pub(super) fn status(&self) -> Result<u16, Error> {
        let status = self.value.as_u64().and_then(|n| u16::try_from(n).ok());
        status.ok_or_else(|| self.error("a status code"))
    }

    pub(super) fn base64(&self) -> Result<Vec<u8>, Error> {
        let text = self.text()?;
        STANDARD
            .decode(text)
            .map_err(|error| Error::field(self.path(), "base64", error.to_string()))
    }

    /// What `read` makes of each item of an array; of nothing, nothing.
    pub(super) fn each<T>(
        &self,
        mut read: impl FnMut(&Place<'_>) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let items = match self.value {
            Value::Null => return Ok(Vec::new()),
            Value::Array(items) => items,
            _ => return Err(self.error("an array")),
        };
        let mut out = Vec::with_capacity(items.len());
        for (number, value) in items.iter().enumerate() {
            let path = Path::Item(&self.path, number);
            out.push(read(&Place { value, path })?);
        }
        Ok(out)
    }
}
