//! One message: its parts, and how they are written.

use alloc::vec::Vec;

use super::{HEADERS_BYTES_MAX, MESSAGE_BYTES_MIN, PAYLOAD_BYTES_MAX, PRELUDE_BYTES};
use crate::ErrorKind;

/// The value of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Types 0 and 1: the value is the type.
    Bool(bool),
    /// Type 2.
    Byte(i8),
    /// Type 3.
    Short(i16),
    /// Type 4.
    Int(i32),
    /// Type 5.
    Long(i64),
    /// Type 6.
    Bytes(&'a [u8]),
    /// Type 7.
    Text(&'a str),
    /// Type 8, in milliseconds since 1970.
    Timestamp(i64),
    /// Type 9.
    Uuid([u8; 16]),
}

/// A whole message, its checksums and headers checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    headers: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// The message at the start of `bytes`, and how long it is; `None` where it goes on behind them.
    ///
    /// # Errors
    /// As [`super::Decoder::decode`], but for payloads that are not UTF-8.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<(Self, usize)>, ErrorKind> {
        let Some(len) = length(bytes, usize::MAX)? else {
            return Ok(None);
        };
        let Some(whole) = bytes.get(..len) else {
            return Ok(None);
        };
        Ok(Some((Self::read(whole)?, len)))
    }

    /// Reads a message whose [`length`] is that of `whole`.
    pub(super) fn read(whole: &'a [u8]) -> Result<Self, ErrorKind> {
        let (body, sum) = whole.split_last_chunk().ok_or(ErrorKind::BadLength)?;
        if crc32fast::hash(body) != u32::from_be_bytes(*sum) {
            return Err(ErrorKind::MessageCrc);
        }
        let (headers, payload) = body
            .get(PRELUDE_BYTES..)
            .and_then(|rest| rest.split_at_checked(word(body, 4) as usize))
            .ok_or(ErrorKind::BadLength)?;
        Ok(Self { headers, payload })
    }

    /// The headers in their order, up to one that cannot be read.
    pub fn headers(self) -> impl Iterator<Item = Result<(&'a str, Value<'a>), ErrorKind>> {
        let mut rest = self.headers;
        let mut failed = false;
        core::iter::from_fn(move || {
            if rest.is_empty() || failed {
                return None;
            }
            let header = header(&mut rest).ok_or(ErrorKind::BadHeader);
            failed = header.is_err();
            Some(header)
        })
    }

    /// The payload.
    #[must_use]
    pub fn payload(self) -> &'a [u8] {
        self.payload
    }
}

/// How long the message at the start of `bytes` is; `None` where not even its prelude is whole.
pub(super) fn length(bytes: &[u8], frame_bytes_max: usize) -> Result<Option<usize>, ErrorKind> {
    let Some((lengths, sum)) = bytes
        .get(..PRELUDE_BYTES)
        .and_then(<[u8]>::split_last_chunk::<4>)
    else {
        return Ok(None);
    };
    if crc32fast::hash(lengths) != u32::from_be_bytes(*sum) {
        return Err(ErrorKind::PreludeCrc);
    }
    let (total, headers) = (word(lengths, 0) as usize, word(lengths, 4) as usize);
    let Some(payload) = total
        .checked_sub(MESSAGE_BYTES_MIN)
        .and_then(|rest| rest.checked_sub(headers))
    else {
        return Err(ErrorKind::BadLength);
    };
    for (bytes, limit) in [
        (headers, HEADERS_BYTES_MAX),
        (payload, PAYLOAD_BYTES_MAX),
        (total, frame_bytes_max),
    ] {
        if bytes > limit {
            return Err(ErrorKind::FrameTooLarge { limit });
        }
    }
    Ok(Some(total))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u32::from_be_bytes(*word))
}

fn header<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, Value<'a>)> {
    let len = usize::from(number::<1>(rest)?[0]);
    let name = core::str::from_utf8(take(rest, len)?).ok()?;
    if name.is_empty() {
        return None;
    }
    let value = match number::<1>(rest)?[0] {
        0 => Value::Bool(true),
        1 => Value::Bool(false),
        2 => Value::Byte(i8::from_be_bytes(number(rest)?)),
        3 => Value::Short(i16::from_be_bytes(number(rest)?)),
        4 => Value::Int(i32::from_be_bytes(number(rest)?)),
        5 => Value::Long(i64::from_be_bytes(number(rest)?)),
        6 => Value::Bytes(sized(rest)?),
        7 => Value::Text(core::str::from_utf8(sized(rest)?).ok()?),
        8 => Value::Timestamp(i64::from_be_bytes(number(rest)?)),
        9 => Value::Uuid(number(rest)?),
        _ => return None,
    };
    Some((name, value))
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(len)?;
    *rest = left;
    Some(taken)
}

fn number<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    take(rest, N)?.try_into().ok()
}

fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = u16::from_be_bytes(number(rest)?);
    take(rest, usize::from(len))
}

/// Appends a message to `out`.
///
/// # Errors
/// [`ErrorKind::BadHeader`] where a name is empty or over 255 bytes, or a value over 65,535;
/// [`ErrorKind::FrameTooLarge`] where the format's limits are exceeded. `out` is then as it was.
pub fn encode(
    headers: &[(&str, Value<'_>)],
    payload: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), ErrorKind> {
    let start = out.len();
    let written = append(headers, payload, start, out);
    if written.is_err() {
        out.truncate(start);
    }
    written
}

fn append(
    headers: &[(&str, Value<'_>)],
    payload: &[u8],
    start: usize,
    out: &mut Vec<u8>,
) -> Result<(), ErrorKind> {
    out.extend_from_slice(&[0; PRELUDE_BYTES]);
    for (name, value) in headers {
        let len = u8::try_from(name.len()).map_err(|_| ErrorKind::BadHeader)?;
        if len == 0 {
            return Err(ErrorKind::BadHeader);
        }
        out.push(len);
        out.extend_from_slice(name.as_bytes());
        append_value(*value, out)?;
        if out.len() - start - PRELUDE_BYTES > HEADERS_BYTES_MAX {
            let limit = HEADERS_BYTES_MAX;
            return Err(ErrorKind::FrameTooLarge { limit });
        }
    }
    let too_large = ErrorKind::FrameTooLarge {
        limit: PAYLOAD_BYTES_MAX,
    };
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(too_large);
    }
    let headers = u32::try_from(out.len() - start - PRELUDE_BYTES).map_err(|_| too_large)?;
    out.extend_from_slice(payload);
    let total = u32::try_from(out.len() - start + 4).map_err(|_| too_large)?;
    let mut prelude = [0; 8];
    prelude[..4].copy_from_slice(&total.to_be_bytes());
    prelude[4..].copy_from_slice(&headers.to_be_bytes());
    let sum = crc32fast::hash(&prelude).to_be_bytes();
    let written = out.iter_mut().skip(start);
    for (slot, byte) in written.zip(prelude.into_iter().chain(sum)) {
        *slot = byte;
    }
    let sum = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&sum.to_be_bytes());
    Ok(())
}

fn append_value(value: Value<'_>, out: &mut Vec<u8>) -> Result<(), ErrorKind> {
    let mut plain = |kind: u8, bytes: &[u8]| {
        out.push(kind);
        out.extend_from_slice(bytes);
    };
    match value {
        Value::Bool(true) => plain(0, &[]),
        Value::Bool(false) => plain(1, &[]),
        Value::Byte(n) => plain(2, &n.to_be_bytes()),
        Value::Short(n) => plain(3, &n.to_be_bytes()),
        Value::Int(n) => plain(4, &n.to_be_bytes()),
        Value::Long(n) => plain(5, &n.to_be_bytes()),
        Value::Timestamp(n) => plain(8, &n.to_be_bytes()),
        Value::Uuid(bytes) => plain(9, &bytes),
        Value::Bytes(bytes) => return append_sized(6, bytes, out),
        Value::Text(text) => return append_sized(7, text.as_bytes(), out),
    }
    Ok(())
}

fn append_sized(kind: u8, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ErrorKind> {
    let len = u16::try_from(bytes.len()).map_err(|_| ErrorKind::BadHeader)?;
    out.push(kind);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}
