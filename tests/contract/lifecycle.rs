//! What becomes of requests when a handler panics, a client goes away or the server stops.

use std::{
    io::{Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use gitflare_core::{
    Page, PageRequest, Result,
    model::{Branch, Repository, Viewer},
    provider::{Call, Capability, Endpoint, Provider, ProviderId, RepoRef, Support},
};
use serde_json::json;

use crate::contract::support::{
    Client, Response, Server, ServerOptions, client, read_answer, tenant, text,
};

/// A provider that does what no provider should: panic, or take its time.
#[derive(Default)]
struct Moody {
    entered: AtomicUsize,
    released: AtomicBool,
    left: AtomicUsize,
}

#[async_trait]
impl Provider for Moody {
    fn id(&self) -> ProviderId {
        ProviderId::GITEA
    }

    fn capabilities(&self) -> &'static [Capability] {
        const FULL: Support = Support::Full { filters: &[] };
        &[
            Capability {
                endpoint: Endpoint::Profile,
                support: FULL,
            },
            Capability {
                endpoint: Endpoint::Repository,
                support: FULL,
            },
            Capability {
                endpoint: Endpoint::Branches,
                support: FULL,
            },
        ]
    }

    fn is_repository_id(&self, _: &str) -> bool {
        true
    }

    async fn viewer(&self, _: &Call) -> Result<Viewer> {
        Ok(Viewer {
            provider: ProviderId::GITEA,
            connection_id: gitflare_core::ConnectionId::parse("conn_1").unwrap(),
            id: "1".into(),
            login: None,
            name: None,
            email: None,
            avatar_url: None,
            web_url: None,
        })
    }

    async fn repository(&self, _: &Call, _: &RepoRef) -> Result<Repository> {
        panic!("canary-of-the-panic")
    }

    async fn branches(&self, _: &Call, _: &RepoRef, _: PageRequest) -> Result<Page<Branch>> {
        self.entered.fetch_add(1, Ordering::SeqCst);
        while !self.released.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.left.fetch_add(1, Ordering::SeqCst);
        Ok(Page::last(Vec::new()))
    }
}

/// A server with the moody provider and a token for everything it has.
fn moody() -> (Server, Arc<Moody>, Client) {
    moody_at("")
}

/// The same with a token for what lies below the public address there.
fn moody_at(resource: &str) -> (Server, Arc<Moody>, Client) {
    let provider = Arc::new(Moody::default());
    let server = Server::with(ServerOptions {
        providers: vec![Arc::clone(&provider) as _],
        ..ServerOptions::default()
    });
    let admin = server.admin();
    let (id, secret) = client(&admin);
    let company = tenant(&admin, "company");
    let body = json!({"provider": "gitea", "tenantId": company, "accessToken": "a"});
    let connection = text(&admin.post("/v1/connections/manual", &body).ok()["connection"]["id"]);
    let grant = json!({
        "tenantId": company, "clientId": id, "connectionId": connection,
        "permissions": ["read:repositories", "read:branches"], "repositories": "all",
    });
    admin.post("/v1/platform/grants", &grant).ok();
    let body = json!({
        "grant_type": "client_credentials", "client_id": id, "client_secret": secret,
        "resource": format!("http://{}{resource}", server.address),
    });
    let token = text(&server.client().post("/oauth/token", &body).ok()["accessToken"]);
    let reader = server.client().with_bearer(&token);
    (server, provider, reader)
}

#[track_caller]
fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_panic_ends_one_request_and_tells_nothing() {
    // sec: HT-9
    let (_server, _, reader) = moody();
    for _ in 0..3 {
        let answer = reader.get("/v1/repositories/gitea/1");
        assert_eq!(answer.refusal(), (500, "INTERNAL_ERROR".into()));
        let body = String::from_utf8(answer.body).unwrap();
        assert!(!body.contains("canary"), "{body}");
    }
    assert_eq!(reader.get("/health").status, 200);
}

#[test]
fn a_panic_in_a_tool_ends_one_call_and_tells_nothing() {
    // sec: HT-9
    let (_server, _, agent) = moody_at("/mcp");
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "get_repository", "arguments": {"provider": "gitea", "repository": "1"}},
    });
    for _ in 0..3 {
        let call = agent
            .request("POST", "/mcp")
            .header("accept", "application/json, text/event-stream");
        let body = String::from_utf8(call.json(&message).send().body).unwrap();
        assert!(
            body.contains("INTERNAL_ERROR") && !body.contains("canary"),
            "{body}"
        );
    }
    assert_eq!(agent.get("/health").status, 200);
}

#[test]
fn a_read_is_recorded_even_when_its_client_is_gone() {
    // sec: HT-9, LG-4
    let (server, provider, reader) = moody();
    let mut socket = reader.connect();
    socket
        .write_all(
            &reader
                .request("GET", "/v1/repositories/gitea/1/branches")
                .bytes(),
        )
        .unwrap();
    eventually("the read began", || {
        provider.entered.load(Ordering::SeqCst) == 1
    });
    drop(socket);
    provider.released.store(true, Ordering::SeqCst);
    eventually("the read ended", || {
        provider.left.load(Ordering::SeqCst) == 1
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    eventually("the read was recorded", || {
        runtime.block_on(async {
            server.storage.usage().flush().await.unwrap();
            let (rows, _) = server
                .storage
                .usage()
                .list(&Default::default(), 0, 10)
                .await
                .unwrap();
            rows.iter()
                .any(|row| row.endpoint_key == "branches.list" && row.status == 200)
        })
    });
}

#[test]
fn a_server_that_stops_finishes_what_it_has_begun() {
    // sec: DU-6
    let (mut server, provider, reader) = moody();
    let mut socket = reader.connect();
    socket
        .write_all(
            &reader
                .request("GET", "/v1/repositories/gitea/1/branches")
                .bytes(),
        )
        .unwrap();
    eventually("the read began", || {
        provider.entered.load(Ordering::SeqCst) == 1
    });
    let mut idle = reader.connect();
    idle.write_all(&reader.request("GET", "/health").bytes())
        .unwrap();
    assert_eq!(read_answer(&mut idle).status, 200);

    server.stop();
    let mut nothing = [0];
    assert_eq!(
        idle.read(&mut nothing).unwrap(),
        0,
        "idle connections close at once"
    );
    eventually("no new connections", || {
        std::net::TcpStream::connect(server.address).is_err()
    });
    provider.released.store(true, Ordering::SeqCst);
    let answer = read_answer(&mut socket);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("connection"), Some("close"));
    server.wait();
}

#[test]
fn no_answer_is_cut_when_servers_stop_under_load() {
    // sec: DU-6
    let rounds = if std::env::var_os("CI_DRILLS").is_some() {
        20
    } else {
        4
    };
    for _ in 0..rounds {
        let mut server = Server::start();
        let request = server
            .client()
            .request("GET", "/v1/platform/capabilities")
            .bytes();
        let address = server.address;
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let (request, answered) = (request.clone(), Arc::clone(&answered));
                std::thread::spawn(move || {
                    while let Ok(mut socket) = std::net::TcpStream::connect(address) {
                        socket
                            .set_read_timeout(Some(Duration::from_secs(20)))
                            .unwrap();
                        // A connection may be refused whole, never answered in part.
                        while socket.write_all(&request).is_ok() {
                            let mut bytes = Vec::new();
                            let mut part = [0; 4096];
                            let whole = loop {
                                match socket.read(&mut part) {
                                    Ok(count) if count > 0 => {
                                        bytes.extend_from_slice(&part[..count])
                                    }
                                    _ => break false,
                                }
                                if is_whole(&bytes) {
                                    break true;
                                }
                            };
                            if !whole {
                                assert!(bytes.is_empty(), "a cut answer");
                                break;
                            }
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                })
            })
            .collect();
        eventually("there is load", || answered.load(Ordering::SeqCst) > 100);
        server.stop();
        server.wait();
        for client in clients {
            client.join().unwrap();
        }
    }
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return false;
    };
    let length = Response::parse(bytes)
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    bytes.len() >= end + 4 + length
}
