//! Connections to the database that are slow, cut, and swallow what is sent.

use std::{
    path::PathBuf,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{addresses, under_load};
use crate::support::{
    cluster::Cluster,
    load::{App, Ledger, rounds},
    network::{Network, Weather},
    site::Site,
};

/// The socket behind a URL of the cluster, and the database's name.
fn parts(url: &str) -> (PathBuf, &str) {
    let (name, rest) = url["postgres:///".len()..].split_once("?host=").unwrap();
    let folder = rest.split('&').next().unwrap();
    (PathBuf::from(folder).join(".s.PGSQL.5432"), name)
}

#[test]
fn a_network_that_cuts_slows_and_swallows_loses_nothing() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let (socket, name) = parts(&site.url);
    let network = Network::to(socket);
    let url = format!("postgres://gitflare@{}/{name}", network.address());
    let own = [("GITFLARE_DATABASE_URL", url)];
    let nodes: Vec<_> = (0..2).map(|node| site.node_with(node, &own)).collect();
    let nodes_at = addresses(&nodes);
    let app = App::make(nodes_at[0]);
    let ledger = under_load(&app, &nodes_at, false, |ledger| {
        for _ in 0..rounds(1, 20) {
            network.turn(Weather::Slow(Duration::from_millis(15)));
            ledger.advances(3);
            for _ in 0..3 {
                network.cut();
                recovers("a cut", ledger);
            }
            network.turn(Weather::Clear);
            for is_cut in [false, true] {
                let before = ledger.refusals.load(Ordering::Relaxed);
                network.turn(Weather::Silent);
                if is_cut {
                    network.cut();
                }
                ledger.wait_for("a refusal while nothing arrives", || {
                    ledger.refusals.load(Ordering::Relaxed) >= before + 2
                });
                network.turn(Weather::Clear);
                recovers("silence", ledger);
            }
        }
    });
    assert_eq!(
        ledger.silences.load(Ordering::Relaxed),
        0,
        "answers in time"
    );
    ledger.verify(&nodes_at, cluster, &site.url);
}

#[expect(clippy::print_stdout, reason = "a drill says how long it took")]
fn recovers(what: &str, ledger: &Ledger) {
    let begun = Instant::now();
    ledger.advances(3);
    println!(
        "three writes went through {:?} after {what}",
        begun.elapsed()
    );
}
