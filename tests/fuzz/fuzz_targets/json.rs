//! The scanner and `serde_json` agree on what is JSON, and every value can be walked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use wiretape_core::{ErrorKind, json::Raw};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let read = Raw::parse(text);
    let theirs = serde_json::from_str::<IgnoredAny>(text);
    let deep = |e: &serde_json::Error| e.to_string().contains("recursion limit");
    if read != Err(ErrorKind::TooDeep) && !theirs.as_ref().is_err_and(deep) {
        assert_eq!(read.is_ok(), theirs.is_ok(), "{read:?} {theirs:?}");
    }
    let mut open: Vec<Raw<'_>> = read.into_iter().collect();
    while let Some(value) = open.pop() {
        assert_eq!(Raw::parse(value.text()), Ok(value));
        let _ = value.as_str().map(|text| text.decode().len());
        open.extend(value.elements());
        open.extend(value.members().map(|(_, member)| member));
    }
});
