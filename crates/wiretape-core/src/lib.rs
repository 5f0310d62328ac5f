//! See the crate description; the module docs follow.
#![no_std]
extern crate alloc;
