//! What was read as a tape is written and read back equal.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wiretape_tape::{encode, parse};

fuzz_target!(|data: &[u8]| {
    let Ok(read) = parse(data) else {
        return;
    };
    let again = parse(encode(&read.tape).as_bytes()).expect("reads what it wrote");
    assert_eq!(again.tape, read.tape);
    assert!(again.torn.is_none(), "writes whole lines");
});
