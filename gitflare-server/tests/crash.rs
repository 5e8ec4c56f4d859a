//! A server killed without warning, again and again, under mixed writes: what it acknowledged is
//! there afterwards, nothing is half done, and the database is whole. The acknowledgements are kept
//! by this process, outside the one that dies. A hundred rounds under `CI_DRILLS=1`, a tenth of it
//! elsewhere.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where, and what it skips"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::support::{Gitflare, repository};
use serde_json::{Value, json};

const WRITERS: usize = 4;

/// What was acknowledged: each object's id with what must be seen of it.
#[derive(Default)]
struct Acknowledged {
    tenants: BTreeSet<String>,
    clients: BTreeSet<String>,
    connections: BTreeMap<String, bool>,
    grants: BTreeMap<String, bool>,
    tokens: BTreeMap<String, bool>,
    firewall_version: u64,
}

/// One chain of writes, as an admin and a client make it. `None` as soon as the server is gone.
fn write_chain(server: &Gitflare, acknowledged: &Mutex<Acknowledged>, number: u64) -> Option<()> {
    let note = |f: &dyn Fn(&mut Acknowledged)| f(&mut acknowledged.lock().unwrap());
    let id = |object: &Value| object["id"].as_str().unwrap().to_owned();

    let body = json!({"name": format!("Customer {number}"), "kind": "company"});
    let customer = id(&server
        .admin("POST", "/v1/platform/tenants", Some(&body))?
        .expect(201)["tenant"]);
    note(&|a| {
        a.tenants.insert(customer.clone());
    });
    let body = json!({"name": "Developer"});
    let developer = id(&server
        .admin("POST", "/v1/platform/tenants", Some(&body))?
        .expect(201)["tenant"]);
    note(&|a| {
        a.tenants.insert(developer.clone());
    });

    let body = json!({
        "tenantId": developer, "name": "App", "allowedRedirectUris": [],
        "defaultPermissions": ["read:repositories", "read:branches"]
    });
    let created = server
        .admin("POST", "/v1/platform/clients", Some(&body))?
        .expect(201);
    let client = id(&created["client"]);
    note(&|a| {
        a.clients.insert(client.clone());
    });

    let body = json!({"provider": "local", "accessToken": "ignored", "tenantId": customer});
    let created_connection = server
        .admin("POST", "/v1/connections/manual", Some(&body))?
        .expect(201);
    let connection = id(&created_connection["connection"]);
    note(&|a| {
        a.connections.insert(connection.clone(), true);
    });

    let body = json!({
        "tenantId": customer, "clientId": client, "connectionId": connection,
        "permissions": ["read:repositories"], "repositories": "all"
    });
    let grant = id(&server
        .admin("POST", "/v1/platform/grants", Some(&body))?
        .expect(201)["grant"]);
    note(&|a| {
        a.grants.insert(grant.clone(), true);
    });

    let body = json!({
        "grant_type": "client_credentials", "client_id": client, "client_secret": created["clientSecret"]
    });
    let issued = server
        .send("POST", "/oauth/token", &[], Some(&body))?
        .expect(200);
    let token = id(&issued);
    note(&|a| {
        a.tokens.insert(token.clone(), true);
    });

    // A revocation that was not acknowledged may or may not have happened: forget what was known
    // before it is sent, note it again when it is answered.
    match number % 4 {
        0 => {
            note(&|a| {
                a.tokens.remove(&token);
            });
            server
                .admin("DELETE", &format!("/v1/platform/tokens/{token}"), None)?
                .expect(204);
            note(&|a| {
                a.tokens.insert(token.clone(), false);
            });
        }
        1 => {
            note(&|a| {
                a.grants.remove(&grant);
            });
            server
                .admin("DELETE", &format!("/v1/platform/grants/{grant}"), None)?
                .expect(204);
            note(&|a| {
                a.grants.insert(grant.clone(), false);
            });
        }
        2 => {
            note(&|a| {
                a.connections.remove(&connection);
                a.grants.remove(&grant);
            });
            server
                .admin("DELETE", &format!("/v1/connections/{connection}"), None)?
                .expect(204);
            note(&|a| {
                a.connections.insert(connection.clone(), false);
                a.grants.insert(grant.clone(), false);
            });
        }
        _ => {
            let body =
                json!({"enabled": true, "blockedFilePatterns": [".env", format!("n{number}")]});
            let config = server
                .admin("POST", "/v1/security/firewall/config", Some(&body))?
                .expect(200);
            let version = config["version"].as_u64().unwrap();
            note(&|a| a.firewall_version = a.firewall_version.max(version));
        }
    }
    Some(())
}

/// Every object of a list, by id, all pages of it.
fn list(server: &Gitflare, path: &str) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let url = format!("{path}{separator}limit=100{cursor}");
        let page = server
            .admin("GET", &url, None)
            .expect("the server lives")
            .expect(200);
        for object in page["data"].as_array().unwrap() {
            all.insert(object["id"].as_str().unwrap().to_owned(), object.clone());
        }
        match page["page_info"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn verify(server: &Gitflare, acknowledged: &Acknowledged) {
    let tenants = list(server, "/v1/platform/tenants");
    for id in &acknowledged.tenants {
        assert!(tenants.contains_key(id), "tenant {id} is lost");
    }
    let clients = list(server, "/v1/platform/clients");
    for id in &acknowledged.clients {
        assert!(clients.contains_key(id), "client {id} is lost");
    }
    let connections = list(server, "/v1/connections");
    for (id, live) in &acknowledged.connections {
        assert_eq!(connections.contains_key(id), *live, "connection {id}");
    }
    let grants = list(server, "/v1/platform/grants");
    for (id, live) in &acknowledged.grants {
        let status = if *live { "active" } else { "revoked" };
        assert_eq!(grants[id]["status"], status, "grant {id}");
    }
    // No cascade is half done: a grant over a connection that is gone does not count.
    for (id, grant) in &grants {
        let connected = connections.contains_key(grant["connectionId"].as_str().unwrap());
        assert!(
            connected || grant["status"] == "revoked",
            "grant {id} outlives its connection"
        );
    }
    let tokens = list(server, "/v1/platform/tokens");
    for (id, live) in &acknowledged.tokens {
        assert_eq!(tokens[id]["revokedAt"].is_null(), *live, "token {id}");
    }
    let config = server
        .admin("GET", "/v1/security/firewall/config", None)
        .unwrap()
        .expect(200);
    assert!(config["version"].as_u64().unwrap() >= acknowledged.firewall_version);
}

fn check_integrity(data: &Path) {
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "sqlite" || extension == "db")
        {
            let database = rusqlite::Connection::open(&path).unwrap();
            let answer: String = database
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(answer, "ok", "{}", path.display());
        }
    }
}

#[test]
fn no_acknowledged_write_is_lost_by_kill() {
    // sec: DU-2
    let rounds = if std::env::var_os("CI_DRILLS").is_some() {
        100
    } else {
        10
    };
    let folder = tempfile::tempdir().unwrap();
    let Some(root) = repository(folder.path()) else {
        return;
    };
    let data = folder.path().join("data");
    let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
    let mut writes = 0;
    for round in 0..rounds {
        let server = Arc::new(Gitflare::start(&data, &root));
        // Verifying reads everything: at every tenth start and after the last.
        if round % 10 == 0 {
            verify(&server, &acknowledged.lock().unwrap());
        }
        let before = acknowledged.lock().unwrap().tenants.len();
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (server, stop) = (Arc::clone(&server), Arc::clone(&stop));
                let acknowledged = Arc::clone(&acknowledged);
                thread::spawn(move || {
                    let mut number = writer as u64;
                    while !stop.load(Ordering::Relaxed)
                        && write_chain(&server, &acknowledged, number).is_some()
                    {
                        number += 1;
                    }
                })
            })
            .collect();
        // Kill at another point of the work each round, but never before any of it.
        let enough = before + 4 + round % 13;
        let deadline = Instant::now() + Duration::from_secs(30);
        while acknowledged.lock().unwrap().tenants.len() < enough {
            assert!(Instant::now() < deadline, "the writers do not get on");
            thread::yield_now();
        }
        server.kill();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        writes += acknowledged.lock().unwrap().tenants.len() - before;
    }
    let server = Gitflare::start(&data, &root);
    verify(&server, &acknowledged.lock().unwrap());
    server.kill();
    check_integrity(&data);
    assert!(writes >= rounds * 4, "{writes} writes in {rounds} rounds");
}
