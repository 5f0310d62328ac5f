//! The parameters of a call, as client libraries send them: in the query, as JSON, as a form, in
//! parts. Later ones win.

use serde_json::Value;

use super::Request;

/// Parameters of a call at most.
const FIELDS_MAX: usize = 512;

/// Parameters by name. What is no string is its JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

/// Why there are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The body says that it is JSON and is not.
    Json,
    /// The body is JSON, and no object.
    NoObject,
    /// The parts cannot be told apart.
    Parts,
    /// More than are kept.
    TooMany,
}

impl Form {
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, Wrong> {
        let mut form = Self::default();
        if let Some((_, query)) = request.path.split_once('?') {
            form.urlencoded(query)?;
        }
        let content_type = request.header("content-type").unwrap_or_default();
        let mut parameters = content_type.split(';');
        let kind = parameters
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match kind.as_str() {
            _ if request.body.is_empty() => {}
            "application/json" => form.json(request.body)?,
            "multipart/form-data" => {
                let boundary = boundary(content_type).ok_or(Wrong::Parts)?;
                form.parts(request.body, boundary)?;
            }
            _ => form.urlencoded(&String::from_utf8_lossy(request.body))?,
        }
        Ok(form)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.fields.iter().rev().filter(|(other, _)| other == name);
        all.next().map(|(_, value)| value.as_str())
    }

    /// Empty where it is absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    fn push(&mut self, name: String, value: String) -> Result<(), Wrong> {
        if self.fields.len() >= FIELDS_MAX {
            return Err(Wrong::TooMany);
        }
        self.fields.push((name, value));
        Ok(())
    }

    fn urlencoded(&mut self, text: &str) -> Result<(), Wrong> {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.push(decoded(name), decoded(value))?;
        }
        Ok(())
    }

    fn json(&mut self, body: &[u8]) -> Result<(), Wrong> {
        let value: Value = serde_json::from_slice(body).map_err(|_| Wrong::Json)?;
        let Value::Object(members) = value else {
            return Err(Wrong::NoObject);
        };
        for (name, value) in members {
            match value {
                Value::Null => {}
                Value::String(text) => self.push(name, text)?,
                other => self.push(name, other.to_string())?,
            }
        }
        Ok(())
    }

    fn parts(&mut self, body: &[u8], boundary: &str) -> Result<(), Wrong> {
        let line = format!("--{boundary}");
        let mut rest = after(body, line.as_bytes()).ok_or(Wrong::Parts)?;
        let next = format!("\r\n--{boundary}");
        while !rest.starts_with(b"--") {
            let rest_of_line = rest.strip_prefix(b"\r\n").ok_or(Wrong::Parts)?;
            let end = find(rest_of_line, next.as_bytes()).ok_or(Wrong::Parts)?;
            let (part, behind) = rest_of_line.split_at(end);
            self.part(part)?;
            rest = behind.get(next.len()..).unwrap_or_default();
        }
        Ok(())
    }

    fn part(&mut self, part: &[u8]) -> Result<(), Wrong> {
        // A part without headers begins with the empty line that ends them.
        let at = find(part, b"\r\n\r\n").ok_or(Wrong::Parts)?;
        let head = String::from_utf8_lossy(part.get(..at).unwrap_or_default());
        let value = part.get(at + 4..).unwrap_or_default();
        let disposition = head.split("\r\n").find(|line| {
            line.get(..20)
                .is_some_and(|name| name.eq_ignore_ascii_case("content-disposition:"))
        });
        let disposition = disposition.ok_or(Wrong::Parts)?;
        let name = quoted(disposition, "name").ok_or(Wrong::Parts)?;
        if quoted(disposition, "filename").is_some() {
            return self.push(name, format!("{} bytes", value.len()));
        }
        // Discord's own: all parameters as JSON in one part.
        if name == "payload_json" {
            return self.json(value);
        }
        self.push(name, String::from_utf8_lossy(value).into_owned())
    }
}

fn boundary(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1).map(str::trim);
    let mut values = parameters.filter_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.eq_ignore_ascii_case("boundary")
            .then(|| value.trim_matches('"'))
    });
    values
        .next()
        .filter(|value| !value.is_empty() && value.len() <= 70)
}

/// A parameter of a header, whose value is in quotes or a token.
fn quoted(line: &str, name: &str) -> Option<String> {
    let mut parameters = line.split(';').skip(1).map(str::trim);
    let value = parameters.find_map(|parameter| {
        let (other, value) = parameter.split_once('=')?;
        other.eq_ignore_ascii_case(name).then_some(value)
    })?;
    Some(value.trim_matches('"').to_owned())
}

/// `+` and `%XX`; what is no escape stays.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = bytes.get(at + 1..at + 3).filter(|_| byte == b'%');
        let escape =
            escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match (escape, byte) {
            (Some(escaped), _) => {
                out.push(escaped);
                at += 2;
            }
            (None, b'+') => out.push(b' '),
            (None, other) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn after<'a>(bytes: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    bytes.get(find(bytes, wanted)? + wanted.len()..)
}
