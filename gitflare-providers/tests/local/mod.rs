//! Provider `local` from the outside: its answers beside those of the `git` program, its limits,
//! and what hostile folders can make it do (nothing). Needs `git`; without it the tests are
//! skipped, except under CI, where its absence is a failure.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected"
)]

mod alternates;
mod api;
mod attributes;
mod compare;
mod conformance;
mod git;
mod histories;
mod history;
mod limits;
mod listing;
mod pinning;
mod public;
mod ranges;
mod safety;
mod single;
mod upkeep;
