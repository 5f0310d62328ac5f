//! What a recording does not hold, by exchange.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::types::UNKNOWN;
use crate::{Exchange, Header, Tape};

/// Writes down what each exchange lacks: in the header what any of them does, and on an exchange's first
/// line its own, where that is less.
pub(super) fn put(header: &mut Header, exchanges: &mut [Exchange], lists: &[Vec<String>]) {
    for (exchange, list) in exchanges.iter_mut().zip(lists) {
        for name in list {
            if !header.unknown.contains(name) {
                header.unknown.push(name.clone());
            }
        }
        if let Some(extra) = exchange.first_extra() {
            extra.remove(UNKNOWN);
        }
    }
    for (exchange, list) in exchanges.iter_mut().zip(lists) {
        let less = list.len() < header.unknown.len();
        if let Some(extra) = exchange.first_extra().filter(|_| less) {
            let names = list.iter().map(|name| Value::from(name.as_str()));
            extra.insert(UNKNOWN.to_owned(), names.collect());
        }
    }
}

/// What each exchange of a tape lacks.
pub(super) fn of(tape: &Tape) -> Vec<Vec<String>> {
    let own = |names: &[Value]| {
        let names = names.iter().filter_map(Value::as_str);
        names.map(ToOwned::to_owned).collect()
    };
    let list = |exchange: &Exchange| match exchange.unknown() {
        Some(names) => own(names),
        None => tape.header.unknown.clone(),
    };
    tape.exchanges.iter().map(list).collect()
}
