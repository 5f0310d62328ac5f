//! The tape format, version 1: a recorded session as UTF-8 JSON Lines, lossless and append-only.
//!
//! ```text
//! {"wiretape":1,"dialect":"anthropic","source":{"kind":"recorded","server":"…"},"exact":true}
//! {"request":0,"method":"POST","path":"/v1/messages","headers":[…],"body":{"json":{…}}}
//! {"response":0,"after_ns":81234567,"status":200,"headers":[…]}
//! [0,1200345,"event: message_start\ndata: {…}\n\n"]     exchange, ns since the previous, bytes
//! [0,330021,{"base64":"4oI="}]                          a chunk that is not UTF-8 by itself
//! {"end":0,"after_ns":1000,"kind":"complete","bytes":18234,"sha256":"…"}
//! ```
//!
//! What a tape was made from without knowing it, as where another tool kept no times, is named in its
//! header: `"source":{"kind":"imported","format":"har",…},"unknown":["boundaries","times","end"]`.
//!
//! Promises: no panic on any input; memory in proportion to the input; what [`encode()`] wrote,
//! [`parse()`] reads back equal, and what [`parse()`] read of our own files, [`encode()`] writes
//! byte for byte. Never: a clock, a file, a guess about damaged bytes.
//!
//! ```
//! use wiretape_tape::{Tape, encode, parse};
//!
//! let tape = Tape::from_body(b"data: {}\n\n", Some("openai_chat"));
//! let parsed = parse(encode(&tape).as_bytes())?;
//! assert_eq!(parsed.tape, tape);
//! assert!(parsed.torn.is_none());
//! # Ok::<(), wiretape_tape::Error>(())
//! ```
#![no_std]

extern crate alloc;

mod digest;
mod encode;
mod error;
pub mod export;
mod fields;
#[cfg(feature = "import")]
pub mod import;
mod number;
mod parse;
pub mod redact;
mod sniff;
#[cfg(test)]
mod tests;
mod types;

pub use digest::{Measure, sha256_hex};
pub use encode::{
    encode, encode_chunk, encode_end, encode_header, encode_request, encode_response,
};
pub use error::{Error, ErrorKind};
pub use parse::{EXCHANGES_MAX, LINE_BYTES_MAX, Parsed, Torn, VERSION, parse};
pub use sniff::{Kind, sniff};
pub use types::*;
