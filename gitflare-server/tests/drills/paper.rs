//! What ARCHITECTURE.md says on paper of reads over PostgreSQL: what a read costs the database is
//! counted by the database, and how rows come together in groups is simulated.

use std::thread;

use serde_json::json;

use crate::support::{
    cluster::Cluster,
    load::{App, rounds, wait_for},
    site::Site,
    walk::get,
};

const CALLERS: usize = 16;

/// A count that the database keeps of its own work.
fn counted(cluster: &Cluster, site: &Site, what: &str) -> u64 {
    cluster.ask(&site.url, what).trim().parse().unwrap()
}

/// One look-up of the token, one row, and four counts for each group of rows.
#[test]
fn a_read_costs_the_database_what_the_paper_says() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let node = site.node(0);
    let at = node.address();
    let app = App::make(at);
    let asked = json!({"grant_type": "client_credentials", "tenant_id": app.tenants[0]});
    let token = app.token(at, &asked).unwrap().json();
    let token = token["access_token"].as_str().unwrap();
    let bearer = format!("authorization: Bearer {token}");
    let read = || {
        let answer = get(at, "/v1/repositories?provider=local", &[&bearer]);
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    // The first use is noted in the token's row, others within the minute are not.
    read();
    let rows = || counted(cluster, &site, "SELECT count(*) FROM usage_rows");
    let changed = || {
        let of = "SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0) FROM pg_stat_user_tables
                  WHERE relname = 'usage_counts'";
        counted(cluster, &site, of)
    };
    let each = rounds(25, 500);
    let reads = (CALLERS * each) as u64;
    let before = rows();
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                for _ in 0..each {
                    read();
                }
            });
        }
    });
    assert_eq!(
        rows() - before,
        reads,
        "one row for each read, stored before its answer"
    );
    // What a backend has counted is told when it ends.
    assert_eq!(get(at, "/health", &[]).status, 200);
    drop(node);
    let alive = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                 AND application_name = 'gitflare'";
    wait_for("the node's connections end", || {
        counted(cluster, &site, alive) == 0
    });
    let groups = changed() / 4;
    assert!(groups <= reads + 8, "{groups} groups for {reads} reads");
    let looked = "SELECT coalesce(sum(idx_scan), 0) FROM pg_stat_user_indexes
                  WHERE relname = 'tokens' AND indexrelname = 'tokens_by_hash'";
    let looked = counted(cluster, &site, looked);
    assert!(
        (reads..=reads + reads / 10 + 16).contains(&looked),
        "{looked} look-ups of tokens for {reads} reads"
    );
    println!(
        "{reads} reads of {CALLERS} at once: {groups} groups of rows, {looked} look-ups of a token"
    );
}

/// Rows that arrive evenly, `rate` a second, and are stored in groups: each takes what waits when the
/// one before it is through, and a commit takes `commit` seconds. The mean size of a group.
fn simulated(rate: f64, commit: f64, most: u64) -> f64 {
    const GROUPS: u32 = 10_000;
    let (mut now, mut stored) = (0.0, 0);
    for _ in 0..GROUPS {
        // The next row comes at the latest when nobody waits.
        let mut arrived = (now * rate) as u64 + 1;
        if arrived <= stored {
            arrived = stored + 1;
            now = stored as f64 / rate;
        }
        stored += (arrived - stored).min(most);
        now += commit;
    }
    stored as f64 / f64::from(GROUPS)
}

#[test]
fn rows_come_together_in_groups_as_the_paper_says() {
    const MOST: u64 = 1000;
    // Reads a second, a commit in milliseconds, rows of a group.
    for (rate, commit, expected) in [
        (100.0, 5.0, 1.0),
        (1_000.0, 5.0, 5.0),
        (10_000.0, 5.0, 50.0),
        (10_000.0, 20.0, 200.0),
        // Beyond this nothing helps: reads wait for room in the queue.
        (200_000.0, 5.0, 1000.0),
        (400_000.0, 5.0, 1000.0),
    ] {
        let mean = simulated(rate, commit / 1000.0, MOST);
        let off = (mean - expected).abs() / expected;
        assert!(
            off < 0.05,
            "{rate} a second, {commit} ms: {mean} instead of {expected}"
        );
    }
}
