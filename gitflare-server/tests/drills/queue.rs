//! A hundred thousand deliveries that are due: what beginning and settling one of them reads is
//! counted, and does not grow with those that wait. A fiftieth of them without `CI_DRILLS=1`.

use gitflare_server::sandbox::{Forge, ForgeKind, ForgeOptions, sample};

use super::{
    kills::{Receiver, subscribe},
    plans,
};
use crate::support::{
    cluster::Cluster,
    load::{App, rounds, wait_for},
    site::Site,
};

/// As many as an app may have of one repository.
const LINES: usize = 20;
/// Rows of the queue's tables that one delivery may cost: its own, its line's and its client's by
/// several statements, some of which look at all lines of the client. About 75 whatever waits.
const MOST_READ: u64 = 120;

/// Deliveries that are due at once, as many of each line.
fn fill(each: usize) -> String {
    format!(
        "INSERT INTO deliveries (id, subscription_id, sequence, source, event, payload, status,
           firewall, next_attempt_at, queued_at, created_at)
         SELECT 'evt_' || lpad((n * {each} + sequence)::text, 26, '0'), id, sequence,
           'drill-' || sequence, 'push', '{{\"type\": \"push\"}}', 'pending', 1, now, now, now
         FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM subscriptions) AS lines,
           generate_series(1, {each}) AS sequence,
           LATERAL (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS clock;
         INSERT INTO receivers (client_id, due_at, next_at)
           SELECT DISTINCT client_id, 0, 0 FROM subscriptions ON CONFLICT (client_id)
           DO UPDATE SET due_at = 0, next_at = 0;
         INSERT INTO lines (subscription_id, client_id, last_sequence, due_at)
           SELECT id, client_id, {each}, 0 FROM subscriptions ON CONFLICT (subscription_id)
           DO UPDATE SET last_sequence = {each}, due_at = 0;
         ANALYZE deliveries, lines, receivers, subscriptions"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_costs_the_same_whatever_waits_behind_it() {
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let samples = site.folder.path().join("samples");
    std::fs::create_dir(&samples).unwrap();
    sample::write(&samples).unwrap();
    let options = ForgeOptions {
        roots: vec![samples],
        ..ForgeOptions::default()
    };
    let forge = Forge::start(ForgeKind::Github, &options).await.unwrap();
    let receiver = Receiver::start();
    let settings = [
        ("GITFLARE_DEV", "true".to_owned()),
        ("GITFLARE_PROVIDERS", "local,github".to_owned()),
        ("GITFLARE_GITHUB_API_URL", forge.api_url()),
        (
            "GITFLARE_ALLOW_PRIVATE_UPSTREAMS",
            forge.address().to_string(),
        ),
        ("GITFLARE_ALLOW_PRIVATE_CALLBACKS", receiver.at.to_string()),
    ];
    tokio::task::block_in_place(|| {
        let node = site.node_with(0, &settings);
        let app = App::make(node.address());
        for _ in 0..LINES {
            subscribe(node.address(), &app, &forge, &receiver);
        }
        drop(node);
        let each = rounds(100, 5000);
        cluster.ask(&site.url, &fill(each));
        let _alone = plans::alone();
        let before = cluster.log().len();
        let mut settings = settings.to_vec();
        settings.push(plans::explained(&site));
        let node = site.node_with(0, &settings);
        wait_for("deliveries", || receiver.distinct() >= LINES * 25);
        drop(node);
        // The log is complete when the database has heard of the end.
        cluster.ask(&site.url, "SELECT 1");
        let delivered = receiver.distinct() as u64;
        let tables = ["deliveries", "lines", "receivers", "attempts"];
        let read = plans::rows_read(&cluster.log()[before..], &tables);
        println!(
            "{} due: {delivered} delivered, {read} rows read, {} each",
            LINES * each,
            read / delivered
        );
        assert!(read <= delivered * MOST_READ, "{read} for {delivered}");
    });
}
