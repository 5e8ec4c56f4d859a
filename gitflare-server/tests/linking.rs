//! Accounts linked at the emulated forges, over the whole server: GitHub as OAuth App and as GitHub
//! App, and GitLab, from the consent page to a read, a refresh and the revocation upstream.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::time::Instant;

use crate::support::walk::{self, Answer, PATIENCE, get, send};
use gitflare_server::{
    Running, Server,
    config::Config,
    sandbox::{Forge, ForgeKind, ForgeOptions, sample},
};
use serde_json::Value;

/// A gateway in front of one forge.
struct Stage {
    forge: Forge,
    running: Running,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set(kind: ForgeKind, github_app: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repositories = folder.path().join("repositories");
        std::fs::create_dir(&repositories).unwrap();
        sample::write(&repositories).unwrap();
        let forge = Forge::start(
            kind,
            &ForgeOptions {
                roots: vec![repositories],
                repositories: 3,
                github_app,
                ..ForgeOptions::default()
            },
        )
        .await
        .unwrap();
        let data = folder.path().join("data");
        let name = kind.id().to_ascii_uppercase();
        let variable = |rest: &str| format!("GITFLARE_{name}_{rest}");
        let mut settings = vec![
            ("GITFLARE_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("GITFLARE_DATA_DIR".to_owned(), data.display().to_string()),
            ("GITFLARE_DEV".to_owned(), "true".to_owned()),
            ("ENFORCE_PLATFORM_AUTH".to_owned(), "false".to_owned()),
            (variable("API_URL"), forge.api_url()),
            (variable("CLIENT_ID"), forge.client_id().to_owned()),
            (variable("CLIENT_SECRET"), forge.client_secret().to_owned()),
            (
                "GITFLARE_ALLOW_PRIVATE_UPSTREAMS".to_owned(),
                forge.address().to_string(),
            ),
        ];
        if github_app {
            settings.push(("GITFLARE_GITHUB_APP_SLUG".to_owned(), "gitflare".to_owned()));
        }
        let pairs: Vec<_> = settings
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        let config = Config::from_pairs(&pairs).unwrap();
        let running = Server::new(config).start().await.unwrap();
        Self {
            forge,
            running,
            _folder: folder,
        }
    }

    /// How often calls with this in their path have reached the forge.
    fn calls(&self, path: &str) -> u64 {
        let calls = get(self.forge.address(), "/__calls", &[]).json();
        let counts = calls.as_object().unwrap().iter();
        counts
            .filter(|(call, _)| call.contains(path))
            .map(|(_, count)| count.as_u64().unwrap())
            .sum()
    }

    /// Links an account as a person does; the connection.
    fn link(&self) -> Value {
        let gateway = self.running.addr();
        let password = "a password of some length";
        let (bearer, _) = walk::sign_up(gateway, "ada@mail.example", password);
        walk::link(gateway, &self.forge, &bearer).connection
    }

    fn read(&self, connection: &Value) -> Answer {
        let id = connection["id"].as_str().unwrap();
        get(
            self.running.addr(),
            "/v1/me",
            &[&format!("x-connection-id: {id}")],
        )
    }
}

async fn check(kind: ForgeKind, github_app: bool, token_path: &str, revoke_path: &str) {
    let stage = Stage::set(kind, github_app).await;
    let connection = tokio::task::block_in_place(|| stage.link());
    assert_eq!(connection["login"], "anna-berg");
    let expires = github_app || kind == ForgeKind::Gitlab;
    tokio::task::block_in_place(|| {
        assert_eq!(stage.read(&connection).status, 200);
        assert_eq!(stage.calls(token_path), 1);
        if expires {
            send(stage.forge.address(), "POST", "/__expire", &[], "");
            std::thread::scope(|scope| {
                let readers: Vec<_> = (0..100)
                    .map(|_| scope.spawn(|| stage.read(&connection).status))
                    .collect();
                for reader in readers {
                    assert_eq!(reader.join().unwrap(), 200);
                }
            });
            assert_eq!(stage.calls(token_path), 2, "one exchange and one refresh");
        }
        let id = connection["id"].as_str().unwrap();
        let key = stage.running.new_admin_key().unwrap().expose().clone();
        let headers = [&*format!("x-admin-api-key: {key}")];
        let target = format!("/v1/connections/{id}");
        let ended = send(stage.running.addr(), "DELETE", &target, &headers, "");
        assert_eq!(ended.status, 204);
        let deadline = Instant::now() + PATIENCE;
        while stage.calls(revoke_path) == 0 {
            assert!(Instant::now() < deadline, "nothing is revoked");
            std::thread::yield_now();
        }
    });
    let gateway = stage.running.gateway();
    let storage = gateway.storage();
    let id = connection["id"].as_str().unwrap();
    let revocation = gitflare_core::storage::CleanupKind::RevokeTokens;
    let deadline = Instant::now() + PATIENCE;
    while storage
        .cleanup()
        .find(revocation, id)
        .await
        .unwrap()
        .is_some()
    {
        assert!(Instant::now() < deadline, "the revocation is still queued");
        tokio::task::yield_now().await;
    }
    stage.running.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_github_account_is_linked_by_an_oauth_app() {
    let revoked = "/applications/";
    check(
        ForgeKind::Github,
        false,
        "/login/oauth/access_token",
        revoked,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_github_account_is_linked_by_a_github_app() {
    // sec: PC-9
    let revoked = "/applications/";
    check(
        ForgeKind::Github,
        true,
        "/login/oauth/access_token",
        revoked,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gitlab_account_is_linked_refreshed_and_revoked() {
    // sec: PC-9 CA-2
    check(ForgeKind::Gitlab, false, "/oauth/token", "/oauth/revoke").await;
}
