//! The `gitflare` binary. Everything it does is the library's.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    gitflare_server::main_with(std::env::args_os().skip(1))
}
