//! Nodes whose clocks are five minutes ahead and behind: they go by the database's. A code that one
//! writes another one takes, and a connection is refreshed once.

use std::{net::SocketAddr, sync::atomic::Ordering, thread};

use gitflare_server::sandbox::{Forge, ForgeKind, ForgeOptions};

use super::{addresses, skip, under_load};
use crate::support::{
    cluster::Cluster,
    load::{App, rounds, wait_for},
    site::Site,
    walk::{self, Answer, get, send},
};

/// Seconds that the nodes' clocks are ahead of the database's.
const AHEAD: [&str; 3] = ["+0", "+300", "-300"];

/// The library that shows a process another time.
fn faketime() -> Option<String> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    let mut paths = folders
        .flatten()
        .map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    let found = paths.find(|path| path.exists())?;
    Some(found.to_str().unwrap().to_owned())
}

fn refreshes(forge: SocketAddr) -> u64 {
    let calls = get(forge, "/__calls", &[]).json();
    let counts = calls.as_object().unwrap().iter();
    counts
        .filter(|(call, _)| call.contains("/login/oauth/access_token"))
        .map(|(_, count)| count.as_u64().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_whose_clocks_are_apart_go_by_the_databases() {
    // sec: PC-9, DU-7
    let Some(cluster) = Cluster::get() else {
        return;
    };
    let Some(library) = faketime() else {
        skip("libfaketime is missing");
        return;
    };
    let Some(site) = Site::new(cluster) else {
        return;
    };
    let options = ForgeOptions {
        github_app: true,
        ..ForgeOptions::default()
    };
    let forge = Forge::start(ForgeKind::Github, &options).await.unwrap();
    let settings = [
        ("GITFLARE_DEV", "true".to_owned()),
        ("ENFORCE_PLATFORM_AUTH", "false".to_owned()),
        ("GITFLARE_PROVIDERS", "local,github".to_owned()),
        ("GITFLARE_GITHUB_API_URL", forge.api_url()),
        ("GITFLARE_GITHUB_CLIENT_ID", forge.client_id().to_owned()),
        (
            "GITFLARE_GITHUB_CLIENT_SECRET",
            forge.client_secret().to_owned(),
        ),
        (
            "GITFLARE_ALLOW_PRIVATE_UPSTREAMS",
            forge.address().to_string(),
        ),
        ("LD_PRELOAD", library),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    tokio::task::block_in_place(|| {
        let nodes: Vec<_> = AHEAD
            .iter()
            .enumerate()
            .map(|(number, ahead)| {
                let clock = ("FAKETIME", (*ahead).to_owned());
                site.node_with(number, &[&settings[..], &[clock]].concat())
            })
            .collect();
        let nodes = addresses(&nodes).into_iter().zip(nodes).collect::<Vec<_>>();
        let nodes_at: Vec<_> = nodes.iter().map(|(at, _)| *at).collect();
        let app = App::make(nodes_at[0]);
        let ledger = under_load(&app, &nodes_at, false, |ledger| {
            let spent = ledger.spent.load(Ordering::Relaxed);
            ledger.advances(20);
            assert!(
                ledger.spent.load(Ordering::Relaxed) > spent,
                "codes are taken"
            );
        });
        assert_eq!(ledger.refusals.load(Ordering::Relaxed), 0);
        assert_eq!(ledger.silences.load(Ordering::Relaxed), 0);
        ledger.verify(&nodes_at, cluster, &site.url);
        refresh_once(&nodes_at, &forge);
    });
}

/// Every node reads with a token that has ended, at once: one refreshes it.
fn refresh_once(nodes: &[SocketAddr], forge: &Forge) {
    let (bearer, _) = walk::sign_up(nodes[0], "eve@mail.example", "several unrelated words");
    let linked = walk::link(nodes[0], forge, &bearer).connection;
    let id = format!("x-connection-id: {}", linked["id"].as_str().unwrap());
    let read = |at| -> Answer { get(at, "/v1/me", &[&id]) };
    for _ in 0..rounds(3, 30) {
        send(forge.address(), "POST", "/__expire", &[], "");
        let before = refreshes(forge.address());
        thread::scope(|scope| {
            for at in nodes.iter().cycle().take(12) {
                scope.spawn(move || {
                    // While another node refreshes, a reader is told to come again.
                    wait_for("the connection is read", || {
                        let answer = read(*at);
                        let is_read = answer.status == 200;
                        assert!(is_read || answer.json()["error"]["retryable"] == true);
                        is_read
                    });
                });
            }
        });
        assert_eq!(refreshes(forge.address()), before + 1, "one refresh");
    }
}
