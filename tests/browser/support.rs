//! A whole gateway for a browser test, on a port of its own, with emulated forges behind it.

use gitflare::server::{
    Running, Server,
    config::Config,
    sandbox::{ForgeOptions, Forges, sample},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::tiny::{Https, Task};

/// The providers of most tests.
const FIRST_TWO: &str = "github,gitlab";

/// A running gateway and what belongs to it.
pub(crate) struct Site {
    running: Running,
    /// Its origin as browsers reach it.
    pub(crate) origin: String,
    /// How the developer's server reaches it.
    pub(crate) api: String,
    /// The emulated GitHub.
    github: String,
    http: reqwest::Client,
    _forges: Forges,
    _folder: TempDir,
    _tasks: Vec<Task>,
}

impl Site {
    /// On plain http, in development mode.
    pub(crate) async fn start() -> Self {
        Self::with(None, FIRST_TWO, ForgeOptions::default()).await
    }

    /// The same in front of forges with so many repositories.
    pub(crate) async fn start_with_repositories(count: usize) -> Self {
        let options = ForgeOptions {
            repositories: count,
            ..ForgeOptions::default()
        };
        Self::with(None, FIRST_TWO, options).await
    }

    /// On https under a name, as in production.
    pub(crate) async fn start_https(host: &str) -> Self {
        Self::with(Some(host), FIRST_TWO, ForgeOptions::default()).await
    }

    /// On plain http, with these providers.
    pub(crate) async fn start_with_providers(providers: &str) -> Self {
        Self::with(None, providers, ForgeOptions::default()).await
    }

    async fn with(host: Option<&str>, providers: &str, options: ForgeOptions) -> Self {
        let http = super::driver::client();
        let folder = tempfile::tempdir().unwrap();
        let (data, repositories) = (folder.path().join("data"), folder.path().join("git"));
        sample::write(&repositories).unwrap();
        let options = ForgeOptions {
            roots: vec![repositories],
            ..options
        };
        let forges = Forges::start(&options).await.unwrap();
        let settings = forges.settings();
        let mut pairs = vec![
            ("GITFLARE_LISTEN", "127.0.0.1:0"),
            ("GITFLARE_DATA_DIR", data.to_str().unwrap()),
            ("GITFLARE_RATE_LIMIT_PER_MINUTE", "0"),
            ("GITFLARE_TESTAPP", "true"),
            ("GITFLARE_PROVIDERS", providers),
        ];
        pairs.extend(
            settings
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let mut outside = None;
        let origin;
        match host {
            Some(host) => {
                let https = Https::bind().await;
                origin = format!("https://{host}:{}", https.port);
                outside = Some(https);
                pairs.push(("GITFLARE_PUBLIC_URL", &origin));
                pairs.push(("GITFLARE_PANEL_URL", &origin));
                pairs.push(("GITFLARE_SIGNUP", "open"));
            }
            None => {
                origin = String::new();
                pairs.push(("GITFLARE_DEV", "true"));
            }
        }
        let github = pairs
            .iter()
            .find(|(name, _)| *name == "GITFLARE_GITHUB_WEB_URL");
        let github = github.unwrap().1.to_owned();
        let config = Config::from_pairs(&pairs).unwrap();
        let running = Server::new(config).start().await.unwrap();
        let api = format!("http://{}", running.addr());
        let tasks = outside.map(|https| https.pass_on_to(running.addr()));
        Self {
            origin: if origin.is_empty() {
                api.clone()
            } else {
                origin
            },
            api,
            github,
            running,
            http,
            _forges: forges,
            _folder: folder,
            _tasks: tasks.into_iter().collect(),
        }
    }

    /// The whole URL of a path of the gateway.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Exchanges a code, as the developer's server does.
    pub(crate) async fn exchange(&self, app: &Registered, code: &str) -> Value {
        let body = json!({
            "grant_type": "authorization_code",
            "client_id": app.client_id,
            "client_secret": app.client_secret,
            "code": code,
            "redirect_uri": app.redirect_uri,
        });
        let url = format!("{}/oauth/token", self.api);
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// Reads with a token: status and body.
    pub(crate) async fn read(&self, token: &str, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}{path}", self.api));
        let answer = request.bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Sends JSON with a token: status and body.
    pub(crate) async fn send(&self, token: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.api)).json(body);
        let answer = request.bearer_auth(token).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Makes something happen at the emulated GitHub.
    pub(crate) async fn emit(&self, repository: &str, event: &str) {
        let body = json!({"repository": repository, "event": event}).to_string();
        let request = self.http.post(format!("{}/__emit", self.github)).body(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
    }

    pub(crate) async fn stop(self) {
        self.running.shutdown().await.unwrap();
    }
}

/// An app as its developer knows it.
pub(crate) struct Registered {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) redirect_uri: String,
}
