//! A server's other names for the same reply (F-60).

use alloc::sync::Arc;

use crate::dialect::Family;
use crate::json;
use crate::stream::Stream;

/// Characters of a suffix at most.
const SUFFIX_MAX: usize = 32;

/// Lengthens the ids of the message and of its calls.
pub(crate) fn rename(
    stream: &mut Stream,
    family: Family,
    suffix: &str,
) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if suffix.is_empty() || suffix.len() > SUFFIX_MAX || !suffix.bytes().all(plain) {
        return Err("expected a suffix of at most 32 letters, digits, _ and -");
    }
    let mut done = Err("no id");
    for block in &mut stream.blocks {
        let Some(payload) = block.payload().filter(|payload| json::is_object(payload)) else {
            continue;
        };
        let mut ids = family.ids(payload);
        ids.retain(|id| !id.is_empty());
        ids.sort_unstable_by_key(|id| id.start);
        if ids.is_empty() {
            continue;
        }
        let mut renamed = payload.to_vec();
        for id in ids.iter().rev() {
            renamed = json::replace(&renamed, &(id.end..id.end), suffix.as_bytes());
        }
        Arc::make_mut(block).set_payload(&renamed);
        done = Ok(());
    }
    done
}
