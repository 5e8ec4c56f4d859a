//! An upgrade node by node: those of the older release go on while a newer one has migrated, and do
//! not start again; and several nodes that start at once migrate once.

use std::{sync::atomic::Ordering, thread};

use super::{addresses, under_load};
use crate::support::{cluster::Cluster, load::App, site::Site};

/// As `migrations.rs` numbers them, but for the newest.
const OLDER: [&str; 2] = [
    include_str!("../../migrations/postgres/0001_core.sql"),
    include_str!("../../migrations/postgres/0002_usage.sql"),
];

#[test]
fn older_nodes_go_on_while_a_newer_release_has_migrated() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let nodes = [site.node(0), site.node(1)];
    let nodes_at = addresses(&nodes);
    let app = App::make(nodes_at[0]);
    let ledger = under_load(&app, &nodes_at, false, |ledger| {
        // What a migration may do: whole in one transaction, and nothing that older statements name
        // is taken away.
        cluster.ask(
            &site.url,
            "BEGIN; ALTER TABLE tenants ADD COLUMN of_the_next TEXT;
             ALTER TABLE tokens ADD COLUMN of_the_next BIGINT NOT NULL DEFAULT 0;
             CREATE INDEX of_the_next ON tokens (of_the_next);
             INSERT INTO migrations VALUES (1000, ''); COMMIT",
        );
        ledger.advances(20);
    });
    assert_eq!(ledger.refusals.load(Ordering::Relaxed), 0);
    assert_eq!(ledger.silences.load(Ordering::Relaxed), 0);
    ledger.verify(&nodes_at, cluster, &site.url);
    let again = crate::nodes::gitflare(
        &["serve"],
        &site.data(0),
        &[("GITFLARE_DATABASE_URL", &site.url)],
    );
    let error = String::from_utf8(again.stderr).unwrap();
    assert_eq!(again.status.code(), Some(1), "{error}");
    assert!(error.contains("newer release"), "{error}");
}

#[test]
fn nodes_that_start_at_once_migrate_an_older_database_once() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let newest = cluster.ask(&site.url, "SELECT max(number) FROM migrations");
    let mut older = "DROP SCHEMA public CASCADE; CREATE SCHEMA public;
         CREATE TABLE migrations (number BIGINT PRIMARY KEY, checksum BYTEA NOT NULL);"
        .to_owned();
    for (number, text) in (1..).zip(OLDER) {
        older += text;
        older += &format!(
            "INSERT INTO migrations VALUES ({number}, sha256(convert_to($file${text}$file$, 'UTF8')));"
        );
    }
    cluster.ask(&site.url, &older);
    let nodes = thread::scope(|scope| {
        let site = &site;
        let starts: Vec<_> = (0..3)
            .map(|node| scope.spawn(move || site.node(node)))
            .collect();
        let nodes = starts.into_iter().map(|start| start.join().unwrap());
        nodes.collect::<Vec<_>>()
    });
    let nodes_at = addresses(&nodes);
    let app = App::make(nodes_at[0]);
    let ledger = under_load(&app, &nodes_at, false, |ledger| ledger.advances(5));
    ledger.verify(&nodes_at, cluster, &site.url);
    assert_eq!(
        cluster.ask(&site.url, "SELECT max(number) FROM migrations"),
        newest
    );
}
