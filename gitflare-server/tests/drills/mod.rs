//! What breaks around several nodes of one PostgreSQL database, under load: the network to it, its
//! disk, the nodes' clocks, an upgrade halfway, the nodes themselves behind a proxy. In each, nothing
//! that was acknowledged is lost, nothing is spent twice, refusals are ones that a client can act on,
//! and all goes on by itself. A few rounds; many under `CI_DRILLS=1`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod clocks;
mod disk;
mod kills;
mod memory;
mod network;
mod paper;
mod plans;
mod queue;
mod size;
mod upgrade;

use std::{net::SocketAddr, thread};

use crate::support::{
    Gitflare,
    load::{App, CUSTOMERS, IsProxied, Ledger},
};

fn addresses(nodes: &[Gitflare]) -> Vec<SocketAddr> {
    nodes.iter().map(Gitflare::address).collect()
}

/// Breaks something while three callers work at the nodes; what they noted.
fn under_load(
    app: &App,
    nodes: &[SocketAddr],
    is_proxied: IsProxied,
    break_it: impl FnOnce(&Ledger),
) -> Ledger {
    let ledger = Ledger::default();
    thread::scope(|scope| {
        let _over = ledger.over();
        for customer in 0..CUSTOMERS {
            let ledger = &ledger;
            scope.spawn(move || ledger.work(app, nodes, customer, is_proxied));
        }
        ledger.advances(5);
        break_it(&ledger);
    });
    ledger
}

/// Whether a test may be skipped for want of a tool, said aloud.
#[expect(clippy::print_stdout, reason = "a test says what it skips")]
fn skip(why: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(!is_ci, "{why}");
    println!("skipped: {why}");
}
