//! The header of a tape that is still being written.
//!
//! It says what is only known later: of which dialect the exchanges are, whether any byte was
//! replaced, whether the tape was closed with nothing missing. So it has `room`, a text of spaces,
//! and is written over in place, always as long: where a word grows, the room shrinks.

use serde_json::Value;
use wiretape_tape::{Header, encode_header};

/// The field with the spaces.
pub(crate) const ROOM: &str = "room";

/// Bytes of room in a new header: for the longest dialect and a little more.
const ROOM_BYTES: usize = 48;

/// The header's line with its line feed, of so many bytes without it; longer where that is too few.
pub(crate) fn line(header: &mut Header, bytes: usize) -> String {
    let least = with(header, 0);
    with(header, (bytes + 1).saturating_sub(least.len()))
}

/// The header's line with its line feed, with all the room that a new one gets.
pub(crate) fn roomy(header: &mut Header) -> String {
    with(header, ROOM_BYTES)
}

fn with(header: &mut Header, spaces: usize) -> String {
    let room = Value::String(" ".repeat(spaces));
    header.extra.insert(ROOM.into(), room);
    encode_header(header)
}
