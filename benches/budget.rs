//! Plans over long histories, and tokens counted beside `tiktoken-rs`.

fn main() {}
