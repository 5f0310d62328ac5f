//! F-45 and its like: what stands around the payloads of framings that are not server-sent events.

use alloc::format;
use alloc::sync::Arc;

use wiretape_tape::EndKind;

use super::{Applied, NO_BLOCK};
use crate::dialect::{Kind, message};
use crate::fault::put_message;
use crate::parameters::{Blanks, Frame};
use crate::stream::{Form, Message, Shape, Stream};

const NO_MESSAGES: &str = "the body is no AWS event stream";

/// Puts in a message that is an error, or breaks one that is there.
pub(super) fn broken(
    stream: &mut Stream,
    before_block: usize,
    frame: Frame,
    then: Option<EndKind>,
) -> Result<Option<EndKind>, &'static str> {
    if stream.shape != Shape::Messages {
        return Err(NO_MESSAGES);
    }
    let place = stream.place(before_block)?;
    let before = stream.blocks.get(..place).unwrap_or(&[]);
    if before.iter().any(|block| block.kind == Kind::Terminal) {
        return Err("the place is after the terminal event");
    }
    let exception = |name: &str| {
        let payload = format!(r#"{{"message":"{}"}}"#, message(name));
        Message::exception(name, payload.as_bytes())
    };
    let message = match frame {
        Frame::Throttling => exception("throttlingException"),
        Frame::ModelStreamError => exception("modelStreamErrorException"),
        Frame::InternalServer => exception("internalServerException"),
        Frame::ServiceUnavailable => exception("serviceUnavailableException"),
        Frame::Validation => exception("validationException"),
        Frame::ModelTimeout => exception("modelTimeoutException"),
        Frame::Error => Message::error("InternalFailure", "An internal server error occurred"),
        Frame::PreludeChecksum | Frame::MessageChecksum => {
            return corrupt(stream, place, frame).map(|()| None);
        }
    };
    put_message(stream, place, message);
    if then.is_some() {
        stream.blocks.truncate(place + 1);
    }
    Ok(then)
}

/// Changes a checksum of the message at a place.
fn corrupt(stream: &mut Stream, place: usize, frame: Frame) -> Applied {
    let block = stream.blocks.get_mut(place).ok_or(NO_BLOCK)?;
    let block = Arc::make_mut(block);
    let Form::Message(message) = &mut block.form else {
        return Err(NO_BLOCK);
    };
    let at = match frame {
        Frame::PreludeChecksum => 8,
        _ => message.bytes.len().checked_sub(1).ok_or(NO_BLOCK)?,
    };
    let byte = message.bytes.get_mut(at).ok_or(NO_BLOCK)?;
    *byte ^= 1;
    // Nothing of it can be read, nor of what follows.
    block.form = Form::Rest(core::mem::take(&mut message.bytes));
    block.kind = Kind::Error;
    Ok(())
}

/// A header that nobody knows on a message.
pub(super) fn unknown_header(stream: &mut Stream, block: usize) -> Applied {
    if stream.shape != Shape::Messages {
        return Err(NO_MESSAGES);
    }
    let found = stream.block_mut(block).ok_or(NO_BLOCK)?;
    match &mut found.form {
        Form::Message(message) => {
            message.add_header("x-wiretape", "1");
            Ok(())
        }
        _ => Err(NO_BLOCK),
    }
}

/// Blanks before an item of an array, where they say nothing.
pub(super) fn blanks(stream: &mut Stream, block: usize, blanks: Blanks) -> Applied {
    let first = stream.place_of(block)? == 0;
    let Some(found) = stream.block_mut(block) else {
        return Err(NO_BLOCK);
    };
    let Form::Value(value) = &mut found.form else {
        return Err("the body is no row of JSON values");
    };
    if value.line {
        return Err("a line without a value is none of the format's");
    }
    if first {
        return Err("nothing stands before the first value");
    }
    let text: &[u8] = match blanks {
        Blanks::Line => b"\n",
        Blanks::CrLf => b"\r\n",
        Blanks::Spaces => b" \t ",
    };
    if value.before.is_empty() {
        value.before.extend_from_slice(b",");
    }
    value.before.extend_from_slice(text);
    Ok(())
}
