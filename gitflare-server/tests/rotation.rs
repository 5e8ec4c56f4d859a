//! Changing the master key of a server that is read from and killed without warning: no read fails,
//! and in the end the old key is not needed. Twenty rounds over 10,000 connections under
//! `CI_DRILLS=1`, over a tenth of them elsewhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Output},
};

use crate::support::Gitflare;
use gitflare_core::{
    AuditId, ConnectionId, RequestId, Secret, SystemRandom, Timestamp,
    keys::{Cell, KeyRing, MasterKey, Vault},
    provider::ProviderId,
    storage::{
        Actor, AuditAction, AuditEntry, Connection, ConnectionMode, ConnectionStatus, Outcome,
        SealedTokens, Storage,
    },
};
use gitflare_server::storage::sqlite::SqliteStorage;

const ROUNDS: usize = 20;
const OLD: &str = "1:469e2d70fbe37104173498a4bf3c90d18c51e7fa1587470c45b13b2d67f79cae";
const NEW: &str = "2:891badb8ab14735bcfb7b768dff3a8098f1bdffbb1f0157926579d01ebe0155e";

fn connections() -> usize {
    match std::env::var_os("CI_DRILLS") {
        Some(_) => 10_000,
        None => 1_000,
    }
}

/// A provider that knows each connection by its token.
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&socket));
        }
    });
    address
}

fn answer(socket: &TcpStream) {
    let mut lines = BufReader::new(socket).lines();
    let mut token = None;
    while let Some(Ok(line)) = lines.next() {
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            token = value.strip_prefix("Bearer canary-").map(str::to_owned);
        }
        if line.is_empty() {
            let id = token.take().unwrap();
            let body = format!(r#"{{"id":{id},"login":"octo"}}"#);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length";
            let written =
                (&*socket).write_all(format!("{head}: {}\r\n\r\n{body}", body.len()).as_bytes());
            if written.is_err() {
                return;
            }
        }
    }
}

fn id(number: usize) -> String {
    format!("conn_{number:06}")
}

/// Connections whose tokens the old key has sealed.
async fn fill(data: &Path) {
    let storage = SqliteStorage::at(data).unwrap();
    let (_, key) = OLD.split_once(':').unwrap();
    let bytes = hex::decode(key).unwrap();
    let old = MasterKey::new(1, Secret::new(bytes)).unwrap();
    let vault = Vault::new(&KeyRing::new(old, Vec::new()));
    let at = Timestamp::from_millis(1_800_000_000_000);
    let storage = &storage;
    let inserts = (1..=connections()).map(|number| {
        let connection = Connection {
            id: ConnectionId::parse(&id(number)).unwrap(),
            tenant_id: None,
            provider: ProviderId::GITHUB,
            login: None,
            account_id: number.to_string(),
            display_name: None,
            avatar_url: None,
            scopes: Vec::new(),
            mode: ConnectionMode::Manual,
            status: ConnectionStatus::Active,
            created_at: at,
            last_used_at: None,
            api_base_url: None,
            organization: None,
            reconnect_cause: None,
        };
        let cell = Cell {
            table: "connections",
            column: "access_token",
            row: connection.id.as_str(),
            tenant: "",
        };
        let token = format!("canary-{number}");
        let tokens = SealedTokens {
            access_token: Some(vault.seal(cell, &token, &SystemRandom).unwrap()),
            ..SealedTokens::default()
        };
        let audit = AuditEntry {
            id: AuditId::parse(&format!("audit_{number}")).unwrap(),
            at,
            actor: Actor::System,
            action: AuditAction::ConnectionCreate,
            object: String::new(),
            outcome: Outcome::Ok,
            request_id: RequestId::parse("gf_req_1").unwrap(),
        };
        storage.connections().insert(connection, tokens, audit)
    });
    for inserted in futures_util::future::join_all(inserts).await {
        inserted.unwrap();
    }
    storage.close().await.unwrap();
}

fn rotate_keys(data: &Path, keys: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gitflare"))
        .arg("rotate-keys")
        .env_clear()
        .env("GITFLARE_DATA_DIR", data)
        .env("GITFLARE_MASTER_KEY", keys)
        .output()
        .unwrap()
}

fn read(server: &Gitflare, number: usize) {
    let headers = [("x-connection-id", &*id(number))];
    let answer = server.send("GET", "/v1/me", &headers, None).unwrap();
    let body = answer.expect(200);
    assert_eq!(body["data"][0]["id"], number.to_string(), "{body}");
}

#[test]
fn a_server_changes_its_master_key_while_it_is_read_from_and_killed() {
    // sec: KY-4
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let none = rotate_keys(&data, OLD);
    assert!(!none.status.success() && !data.exists(), "{none:?}");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(fill(&data));
    let first = rotate_keys(&data, OLD);
    assert!(first.status.success(), "{first:?}");

    let upstream = upstream();
    let settings = |keys: &str| {
        [
            ("GITFLARE_MASTER_KEY", keys.to_owned()),
            ("GITFLARE_GITHUB_API_URL", format!("http://{upstream}")),
            ("GITFLARE_ALLOW_PRIVATE_UPSTREAMS", upstream.to_string()),
            ("ENFORCE_PLATFORM_AUTH", "false".to_owned()),
        ]
    };
    let both = format!("{NEW},{OLD}");
    for round in 0..ROUNDS {
        let server = Gitflare::start_with(&data, &settings(&both));
        std::thread::scope(|scope| {
            for reader in 0..4 {
                let server = &server;
                scope.spawn(move || {
                    // Spread over the rows, so that some are before and some behind the rotation.
                    for step in 0..5 {
                        let at = (round * 37 + reader * 211 + step * 509) % connections();
                        read(server, at + 1);
                    }
                });
            }
        });
        server.kill();
    }
    let last = rotate_keys(&data, &both);
    assert!(last.status.success(), "{last:?}");
    let said = String::from_utf8(last.stdout).unwrap();
    assert!(said.contains("can be taken out"), "{said}");

    let server = Gitflare::start_with(&data, &settings(NEW));
    for number in (1..=connections()).step_by(97) {
        read(&server, number);
    }
    server.kill();
    let nothing_left = rotate_keys(&data, NEW);
    let said = String::from_utf8(nothing_left.stdout).unwrap();
    assert!(said.starts_with("0 values"), "{said}");
}
