//! Payloads that are large (F-70, F-71).

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::PUT_IN_BYTES_MAX;
use crate::json;
use crate::stream::Stream;

/// Adds a field with a string of so many bytes to a payload.
pub(crate) fn grow(stream: &mut Stream, block: usize, bytes: usize) -> Result<(), &'static str> {
    if bytes == 0 || bytes > PUT_IN_BYTES_MAX {
        return Err("no bytes, or more than 64 MiB");
    }
    // A block that was merged is a part of the one before it.
    let origins = stream.blocks.iter().filter_map(|found| found.origin);
    let origin = origins.filter(|origin| *origin <= block).max();
    let mut blocks = stream.blocks.iter_mut();
    let found = blocks.find(|found| origin.is_some() && found.origin == origin);
    let found = found.ok_or("no such block")?;
    let payload = found.payload().filter(|payload| json::is_object(payload));
    let payload = payload.ok_or("the payload is no JSON object on one line")?;
    let root = json::root(payload).ok_or("the payload is no JSON object on one line")?;
    let place = root.end - 1;
    let mut field = Vec::with_capacity(bytes + 32);
    if json::members(payload, &root).next().is_some() {
        field.push(b',');
    }
    field.extend_from_slice(b"\"x_wiretape_size\":\"");
    field.resize(field.len() + bytes, b'x');
    field.push(b'"');
    let grown = json::replace(payload, &(place..place), &field);
    Arc::make_mut(found).set_payload(&grown);
    Ok(())
}
