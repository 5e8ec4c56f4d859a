//! Accounts linked at the emulated forges, over the whole server: GitHub as OAuth App and as GitHub
//! App, and GitLab, from the consent page to a read, a refresh and the revocation upstream.

#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use gitflare_server::{
    Running, Server,
    config::Config,
    sandbox::{Forge, ForgeKind, ForgeOptions, sample},
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

const PATIENCE: Duration = Duration::from_secs(20);

/// An answer: status, `Location`, body.
struct Answer {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{} {}", self.status, self.body))
    }
}

fn send(at: SocketAddr, method: &str, target: &str, headers: &[&str], body: &str) -> Answer {
    let mut socket = TcpStream::connect(at).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = format!("{method} {target} HTTP/1.1\r\nhost: {at}\r\nconnection: close\r\n");
    for header in headers {
        request += &format!("{header}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(socket);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{head}");
    }
    let value_of = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let length = value_of("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        location: value_of("location"),
        body: String::from_utf8(body).unwrap(),
    }
}

fn get(at: SocketAddr, target: &str, headers: &[&str]) -> Answer {
    send(at, "GET", target, headers, "")
}

fn path_of(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

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
        let (gateway, forge) = (self.running.addr(), self.forge.address());
        let id = self.forge.kind().id();
        let body = json!({"email": "ada@mail.example", "password": "a password of some length"});
        let json_type = "content-type: application/json";
        let session = send(
            gateway,
            "POST",
            "/app/signup",
            &[json_type],
            &body.to_string(),
        )
        .json();
        let bearer = format!(
            "authorization: Bearer {}",
            session["sessionToken"].as_str().unwrap()
        );

        let started = get(gateway, &format!("/v1/auth/{id}/start"), &[&bearer]).json();
        let url = started["authorizationUrl"].as_str().unwrap();
        let page = get(forge, &path_of(url), &[]);
        assert_eq!(page.status, 200, "{}", page.body);
        // What the page's form carries along, and the choice.
        let asked = Url::parse(url).unwrap();
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in asked.query_pairs() {
            form.append_pair(&name, &value);
        }
        let form = form.append_pair("login", "anna-berg").finish();
        let form_type = "content-type: application/x-www-form-urlencoded";
        let agreed = send(forge, "POST", "/__sign-in", &[form_type], &form);
        let back = agreed.location.unwrap_or_else(|| panic!("{}", agreed.body));
        let returned = get(gateway, &path_of(&back), &[]).json();
        let claim = json!({
            "flowId": returned["flowId"], "completionCode": returned["completionCode"],
        });
        let headers = [json_type, &*bearer];
        let done = send(
            gateway,
            "POST",
            "/v1/auth/complete",
            &headers,
            &claim.to_string(),
        );
        assert_eq!(done.status, 201, "{}", done.body);
        done.json()["connection"].clone()
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
                let readers: Vec<_> = (0..20)
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
    let storage = stage.running.gateway().storage();
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
