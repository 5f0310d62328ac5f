//! A request's head: bytes in, what it says out. Whatever two servers could read differently is
//! refused, not guessed.

use crate::request::Refusal;

/// Lines of a head at most; beyond: 431.
const HEADERS_MAX: usize = 128;

/// Methods that a tape may hold, and `OPTIONS`.
pub(crate) const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What a head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// Path and query, from the first slash.
    pub(crate) target: String,
    /// HTTP/1.0, which knows neither chunks nor our keep-alive.
    pub(crate) old: bool,
    /// In order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) length: Length,
    /// The client waits for a `100 Continue` before it sends the body.
    pub(crate) expects: bool,
    /// The connection ends with the answer.
    pub(crate) close: bool,
}

/// How long the body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Bytes(u64),
    Chunked,
}

impl Head {
    /// A header's value, the first where there are several. The name is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(other, _)| other == name);
        all.next().map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// Where the empty line ends that ends a head, if it is there. Bytes before `from` were looked at.
pub(crate) fn end(bytes: &[u8], from: usize) -> bool {
    let from = from.saturating_sub(3);
    let tail = bytes.get(from..).unwrap_or_default();
    let blank = |window: &[u8]| window.starts_with(b"\n\n") || window == b"\n\r\n";
    tail.windows(3).any(blank) || tail.ends_with(b"\n\n")
}

/// Reads a head and says how many bytes it has; `None`: it is not all there.
pub(crate) fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Refusal> {
    let mut lines = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut parsed = httparse::Request::new(&mut lines);
    let used = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(malformed(error, bytes)),
    };
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(Refusal::bad("expected METHOD TARGET HTTP/1.1"));
    };
    let headers: Vec<(String, String)> = parsed.headers.iter().map(own).collect();
    let mut head = Head {
        method: method.to_owned(),
        target: String::new(),
        old: version == 0,
        headers,
        length: Length::Bytes(0),
        expects: false,
        close: version == 0,
    };
    if !METHODS.contains(&method) {
        let expected = METHODS.join(", ");
        let message = format!("expected a method of {expected}, found {method}");
        return Err(Refusal::new(405, "method_not_allowed", message));
    }
    head.target = origin_form(target, method)?;
    head.close |= has_token(&head, "connection", "close");
    head.length = length(&head)?;
    head.expects = expects(&head)?;
    check_host(&head)?;
    Ok(Some((head, used)))
}

fn malformed(error: httparse::Error, bytes: &[u8]) -> Refusal {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .find(|line| 1 < line.len());
    let mut words = line.unwrap_or_default().split(|&byte| byte == b' ');
    let is_http = words
        .nth(2)
        .is_some_and(|version| version.starts_with(b"HTTP/"));
    match error {
        httparse::Error::Version if is_http => {
            let message = "expected HTTP/1.1 or HTTP/1.0, found another version";
            Refusal::new(505, "http_version_not_supported", message.to_owned())
        }
        httparse::Error::TooManyHeaders => Refusal::new(
            431,
            "request_header_fields_too_large",
            format!("expected at most {HEADERS_MAX} headers"),
        ),
        other => Refusal::bad(&format!(
            "expected the head of an HTTP/1.1 request: {other}"
        )),
    }
}

fn own(header: &httparse::Header<'_>) -> (String, String) {
    let value = String::from_utf8_lossy(header.value).trim().to_owned();
    (header.name.to_ascii_lowercase(), value)
}

/// `/path?query` of `http://host/path?query`, or as it is.
fn origin_form(target: &str, method: &str) -> Result<String, Refusal> {
    if target.starts_with('/') || (target == "*" && method == "OPTIONS") {
        return Ok(target.to_owned());
    }
    let scheme = target.get(..7).map(str::to_ascii_lowercase);
    match scheme.as_deref().zip(target.get(7..)) {
        Some(("http://", rest)) => {
            let from = rest.find(['/', '?']).unwrap_or(rest.len());
            let path = rest.get(from..).unwrap_or_default();
            let slash = if path.starts_with('/') { "" } else { "/" };
            Ok(format!("{slash}{path}"))
        }
        _ => Err(Refusal::bad(
            "expected a target that begins with / or http://",
        )),
    }
}

/// A header lists this token.
fn has_token(head: &Head, name: &str, token: &str) -> bool {
    let values = head.headers.iter().filter(|(other, _)| other == name);
    values
        .flat_map(|(_, value)| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// How long the body is. Two lengths, or a length beside chunks, is how one request is smuggled in
/// another.
fn length(head: &Head) -> Result<Length, Refusal> {
    let all = |name: &str| {
        let values = head.headers.iter().filter(move |(other, _)| other == name);
        values.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
    };
    let (lengths, codings) = (all("content-length"), all("transfer-encoding"));
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Ok(Length::Bytes(0)),
        ([length], []) => {
            let digits = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
            match length.parse() {
                Ok(length) if digits => Ok(Length::Bytes(length)),
                _ if digits => Err(Refusal::too_large("expected a shorter body".to_owned())),
                _ => Err(Refusal::bad("content-length: expected decimal digits")),
            }
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") && !head.old => {
            Ok(Length::Chunked)
        }
        ([], _) => Err(Refusal::bad(
            "transfer-encoding: expected chunked alone, in HTTP/1.1",
        )),
        (_, []) => Err(Refusal::bad("expected one content-length")),
        _ => Err(Refusal::bad(
            "expected content-length or transfer-encoding, found both",
        )),
    }
}

fn expects(head: &Head) -> Result<bool, Refusal> {
    match head.header("expect") {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case("100-continue") => Ok(!head.old),
        Some(_) => Err(Refusal::new(
            417,
            "expectation_failed",
            "expect: expected 100-continue".to_owned(),
        )),
    }
}

fn check_host(head: &Head) -> Result<(), Refusal> {
    let hosts = head.headers.iter().filter(|(name, _)| name == "host");
    match (hosts.count(), head.old) {
        (1, _) | (0, true) => Ok(()),
        _ => Err(Refusal::bad("expected one host header")),
    }
}
