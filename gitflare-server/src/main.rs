//! The `gitflare` binary.
#![forbid(unsafe_code)]

fn main() {}
