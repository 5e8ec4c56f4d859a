//! A gateway that dies between the provider's answer and the disk: the provider has rotated the
//! tokens, and the new ones are lost. The account has to be connected again, and the answer says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{net::SocketAddr, time::Instant};

use crate::support::Gitflare;
use crate::support::walk::{self, Answer, JSON, PATIENCE, get, send};
use gitflare_server::sandbox::{Forge, ForgeKind, ForgeOptions};
use serde_json::json;

/// How often the forge's token endpoint was called.
fn exchanges(forge: SocketAddr, path: &str) -> u64 {
    let calls = get(forge, "/__calls", &[]).json();
    let counts = calls.as_object().unwrap().iter();
    counts
        .filter(|(call, _)| call.contains(path))
        .map(|(_, count)| count.as_u64().unwrap())
        .sum()
}

async fn check(kind: ForgeKind, path: &str) {
    let folder = tempfile::tempdir().unwrap();
    let options = ForgeOptions {
        github_app: kind == ForgeKind::Github,
        ..ForgeOptions::default()
    };
    let forge = Forge::start(kind, &options).await.unwrap();
    let name = kind.id().to_ascii_uppercase();
    let settings = [
        ("GITFLARE_DEV".to_owned(), "true".to_owned()),
        ("ENFORCE_PLATFORM_AUTH".to_owned(), "false".to_owned()),
        (format!("GITFLARE_{name}_API_URL"), forge.api_url()),
        (
            format!("GITFLARE_{name}_CLIENT_ID"),
            forge.client_id().to_owned(),
        ),
        (
            format!("GITFLARE_{name}_CLIENT_SECRET"),
            forge.client_secret().to_owned(),
        ),
        (
            "GITFLARE_ALLOW_PRIVATE_UPSTREAMS".to_owned(),
            forge.address().to_string(),
        ),
    ];
    let settings: Vec<_> = settings
        .iter()
        .map(|(k, v)| (k.as_str(), v.clone()))
        .collect();
    let data = folder.path().join("data");
    tokio::task::block_in_place(|| {
        let server = Gitflare::start_with(&data, &settings);
        let password = "several unrelated words";
        let (bearer, _) = walk::sign_up(server.address(), "ada@mail.example", password);
        let linked = walk::link(server.address(), &forge, &bearer).connection;
        let id = format!("x-connection-id: {}", linked["id"].as_str().unwrap());
        let read = |at| -> Answer { get(at, "/v1/me", &[&id]) };
        assert_eq!(read(server.address()).status, 200);

        // The provider rotates, and its answer never arrives.
        let fault = json!({"kind": "slow", "path": path, "milliseconds": 600_000}).to_string();
        send(forge.address(), "POST", "/__faults", &[JSON], &fault);
        send(forge.address(), "POST", "/__expire", &[], "");
        let before = exchanges(forge.address(), path);
        std::thread::scope(|scope| {
            // It ends with the process, without an answer.
            scope.spawn(|| server.send("GET", "/v1/me", &[("x-connection-id", &id[17..])], None));
            let deadline = Instant::now() + PATIENCE;
            while exchanges(forge.address(), path) == before {
                assert!(Instant::now() < deadline, "nothing was refreshed");
                std::thread::yield_now();
            }
            server.kill();
        });

        send(forge.address(), "DELETE", "/__faults", &[], "");
        let again = Gitflare::start_with(&data, &settings);
        for _ in 0..3 {
            let refused = read(again.address());
            assert_eq!(refused.status, 401, "{}", refused.body);
            assert_eq!(refused.json()["error"]["code"], "AUTH_EXPIRED");
        }
        assert!(
            exchanges(forge.address(), path) <= before + 2,
            "it keeps asking"
        );
        // The same account once more, the same connection.
        let linked_again = walk::link(again.address(), &forge, &bearer).connection;
        assert_eq!(linked_again["id"], linked["id"]);
        assert_eq!(read(again.address()).status, 200);
        again.kill();
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_died_with_the_process_asks_for_a_new_connection() {
    // sec: PC-9
    check(ForgeKind::Github, "/login/oauth/access_token").await;
    check(ForgeKind::Gitlab, "/oauth/token").await;
}
