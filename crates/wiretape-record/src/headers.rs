//! Which headers go on, and which the tape keeps.

use hyper::header::{ACCEPT_ENCODING, CONNECTION, EXPECT, HOST};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use wiretape_tape::redact::is_kept;

use crate::AcceptEncoding;

/// Headers of one connection, which a proxy answers for by itself.
const OF_THE_CONNECTION: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers of a head that a tape keeps, in order, names in lower case.
pub(crate) fn kept(headers: &HeaderMap) -> Vec<(String, String)> {
    let pairs = headers.iter().filter(|(name, _)| is_kept(name.as_str()));
    let pairs = pairs.map(|(name, value)| (name.as_str().to_owned(), text(value)));
    pairs.collect()
}

/// A value as text; bytes outside ASCII as the characters of Latin-1, which HTTP once said they are.
pub(crate) fn text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.into(),
        Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
    }
}

/// What goes on to the upstream server, in order.
pub(crate) fn to_upstream(
    headers: &HeaderMap,
    host: &HeaderValue,
    encoding: AcceptEncoding,
) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(headers.len() + 2);
    let identity = HeaderValue::from_static("identity");
    for (name, value) in passing(headers) {
        if *name == HOST {
            // One, whatever came.
            out.insert(HOST, host.clone());
        } else if *name == ACCEPT_ENCODING && encoding == AcceptEncoding::Identity {
            out.insert(ACCEPT_ENCODING, identity.clone());
        } else if *name != EXPECT {
            out.append(name.clone(), value.clone());
        }
    }
    if !out.contains_key(HOST) {
        out.insert(HOST, host.clone());
    }
    // Without the header a server may choose.
    if encoding == AcceptEncoding::Identity && !out.contains_key(ACCEPT_ENCODING) {
        out.insert(ACCEPT_ENCODING, identity);
    }
    out
}

/// What goes back to the client, in order.
pub(crate) fn to_client(headers: &HeaderMap) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(headers.len());
    for (name, value) in passing(headers) {
        out.append(name.clone(), value.clone());
    }
    out
}

/// All but those of the connection, and those that `connection` names.
fn passing(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let mut named = Vec::new();
    for value in headers.get_all(CONNECTION) {
        let names = value.as_bytes().split(|byte| *byte == b',');
        named.extend(names.map(|name| name.trim_ascii().to_ascii_lowercase()));
    }
    headers.iter().filter(move |(name, _)| {
        let name = name.as_str();
        !OF_THE_CONNECTION.contains(&name)
            && !named
                .iter()
                .any(|other| other.as_slice() == name.as_bytes())
    })
}
