//! Pools of upstream connections: one for each thread that serves, so that no answer is handed from
//! one thread to another. What a pool dials is decided where it is built.

use std::cell::Cell;

use gitflare_core::Result;
use reqwest::Client;

thread_local! {
    static POOL: Cell<usize> = const { Cell::new(0) };
}

/// Gives the calls of this thread the pool of that number, counted from 0; all threads use the first
/// one otherwise. Of fewer pools ([`HttpConfig::pools`](crate::HttpConfig::pools)) some are shared.
pub fn use_pool(number: usize) {
    POOL.set(number);
}

/// Clients that dial alike.
#[derive(Debug)]
pub(super) struct Pools(Vec<Client>);

impl Pools {
    /// So many, at least one.
    pub(super) fn new(count: usize, build: impl Fn() -> Result<Client>) -> Result<Self> {
        (0..count.max(1))
            .map(|_| build())
            .collect::<Result<_>>()
            .map(Self)
    }

    /// The client of this thread.
    pub(super) fn here(&self) -> &Client {
        &self.0[POOL.get() % self.0.len()]
    }
}
