//! Two code hosts of one kind as two instances at once: what belongs to one never reaches the other,
//! and one that is taken out of the configuration leaves its data alone.

use std::time::Duration;

use gitflare_server::{
    Running, Server,
    config::Config,
    sandbox::{self, Forge, ForgeKind, ForgeOptions, sample},
};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::forges::{receiver::Receiver, stand::STOREFRONT};

/// Two emulated GitHubs behind one gateway, and a token over both.
struct Pair {
    forges: [Forge; 2],
    running: Running,
    client: Client,
    token: String,
    settings: Vec<(String, String)>,
    _folder: TempDir,
}

const IDS: [&str; 2] = ["github", "ghe-acme"];

impl Pair {
    async fn start(receiver: &Receiver) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repositories");
        sample::write(&root).unwrap();
        let options = ForgeOptions {
            roots: vec![root.clone()],
            ..ForgeOptions::default()
        };
        let forges = [
            Forge::start(ForgeKind::Github, &options).await.unwrap(),
            Forge::start(ForgeKind::Github, &options).await.unwrap(),
        ];
        let data = folder.path().join("data").display().to_string();
        let mut settings = vec![
            ("GITFLARE_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("GITFLARE_DEV".to_owned(), "true".to_owned()),
            ("GITFLARE_DATA_DIR".to_owned(), data),
            ("GITFLARE_LOCAL_ROOT".to_owned(), root.display().to_string()),
            (
                "GITFLARE_ALLOW_PRIVATE_UPSTREAMS".to_owned(),
                forges[0].address().to_string(),
            ),
            (
                "GITFLARE_ALLOW_PRIVATE_CALLBACKS".to_owned(),
                receiver.address.clone(),
            ),
            (
                "GITFLARE_PROVIDER_GHE_ACME_KIND".to_owned(),
                "github".to_owned(),
            ),
            (
                "GITFLARE_PROVIDER_GHE_ACME_NAME".to_owned(),
                "Acme GHE".to_owned(),
            ),
            (
                "GITFLARE_PROVIDER_GHE_ACME_ALLOW_PRIVATE".to_owned(),
                "true".to_owned(),
            ),
        ];
        for (forge, prefix) in forges
            .iter()
            .zip(["GITFLARE_GITHUB", "GITFLARE_PROVIDER_GHE_ACME"])
        {
            settings.extend([
                (format!("{prefix}_API_URL"), forge.api_url()),
                (format!("{prefix}_WEB_URL"), forge.web_url()),
                (format!("{prefix}_CLIENT_ID"), forge.client_id().to_owned()),
                (
                    format!("{prefix}_CLIENT_SECRET"),
                    forge.client_secret().to_owned(),
                ),
            ]);
        }
        let running = serve(&settings, |_| true).await;
        let accounts: Vec<_> = IDS
            .iter()
            .zip(&forges)
            .map(|(id, forge)| (*id, forge.personal_token("anna-berg").unwrap()))
            .collect();
        let seeded = sandbox::seed(&running.gateway(), &accounts, Vec::new(), None)
            .await
            .unwrap();
        Self {
            forges,
            running,
            client: Client::builder().no_proxy().build().unwrap(),
            token: seeded.access_token,
            settings,
            _folder: folder,
        }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("http://{}{path}", self.running.addr());
        let request = self.client.get(url).bearer_auth(&self.token);
        let answer = request
            .timeout(Duration::from_secs(60))
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    async fn post(&self, url: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(url).bearer_auth(&self.token).json(body);
        let answer = request
            .timeout(Duration::from_secs(60))
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    async fn hooks(&self, at: usize) -> usize {
        let url = format!("{}/__hooks", self.forges[at].web_url());
        let hooks: Value = self
            .client
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        hooks.as_array().unwrap().len()
    }

    /// The same gateway with the settings that `keeps` takes.
    async fn restarted(mut self, keeps: impl Fn(&str) -> bool) -> Self {
        self.running.shutdown().await.unwrap();
        self.running = serve(&self.settings, keeps).await;
        self
    }
}

async fn serve(settings: &[(String, String)], keeps: impl Fn(&str) -> bool) -> Running {
    let kept = settings.iter().filter(|(name, _)| keeps(name));
    let pairs: Vec<_> = kept
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    Server::new(Config::from_pairs(&pairs).unwrap())
        .start()
        .await
        .unwrap()
}

fn code(body: &Value) -> &str {
    body["error"]["code"].as_str().unwrap_or("none")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_of_a_kind_share_nothing() {
    let receiver = Receiver::start().await;
    let pair = Pair::start(&receiver).await;

    // Each has its own name, callback URL and kind.
    let (_, body) = pair.get("/v1/providers").await;
    let row = |id: &str| {
        let rows = body["data"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == id).unwrap().clone()
    };
    assert_eq!(row("github")["name"], "GitHub");
    assert_eq!(
        row("ghe-acme"),
        json!({"id": "ghe-acme", "kind": "github", "name": "Acme GHE", "enabled": true, "oauth": true, "manual": true})
    );
    let (_, body) = pair.get("/v1/platform/capabilities").await;
    assert_eq!(body["kinds"]["ghe-acme"], "github");
    assert_eq!(body["providers"]["ghe-acme"], body["providers"]["github"]);
    let (_, body) = pair.get("/v1/auth/callback-urls").await;
    let urls = body.to_string();
    for id in IDS {
        assert!(
            urls.contains(&format!("/v1/auth/{id}/callback\"")),
            "{urls}"
        );
        let start = format!("http://{}/v1/auth/{id}/start", pair.running.addr());
        let started = pair.client.get(start).send().await.unwrap();
        let started: Value = started.json().await.unwrap();
        let url = started["authorizationUrl"].as_str().unwrap_or_default();
        let at = IDS.iter().position(|other| other == &id).unwrap();
        assert!(url.starts_with(&pair.forges[at].web_url()), "{url}");
        assert!(
            url.contains(&format!("%2Fv1%2Fauth%2F{id}%2Fcallback")),
            "{url}"
        );
    }
    let page = pair
        .client
        .get(format!("http://{}/docs/api", pair.running.addr()));
    assert!(
        page.send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("Acme GHE")
    );

    // Resources name the instance; a cursor and a connection are good at their own one alone.
    let mut cursors = Vec::new();
    let mut connections = Vec::new();
    for id in IDS {
        let (status, body) = pair
            .get(&format!("/v1/repositories/{id}/{STOREFRONT}"))
            .await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["data"]["provider"], id);
        connections.push(body["data"]["connectionId"].as_str().unwrap().to_owned());
        let path = format!("/v1/repositories/{id}/{STOREFRONT}/commits?limit=1");
        let (status, body) = pair.get(&path).await;
        assert_eq!(status, 200, "{body}");
        cursors.push(
            body["page_info"]["next_cursor"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    for (id, own, other) in [(IDS[0], 0, 1), (IDS[1], 1, 0)] {
        let commits = format!("/v1/repositories/{id}/{STOREFRONT}/commits?limit=1");
        let (status, body) = pair
            .get(&format!("{commits}&cursor={}", cursors[own]))
            .await;
        assert_eq!(status, 200, "{body}");
        let (status, body) = pair
            .get(&format!("{commits}&cursor={}", cursors[other]))
            .await;
        assert_eq!((status, code(&body)), (400, "INVALID_CURSOR"), "{body}");
        let (status, _) = pair
            .get(&format!("{commits}&connectionId={}", connections[own]))
            .await;
        assert_eq!(status, 200);
        let (status, body) = pair
            .get(&format!("{commits}&connectionId={}", connections[other]))
            .await;
        assert!(status >= 400, "{body}");
    }
    let (_, body) = pair.get("/v1/repositories?provider=ghe-acme").await;
    let rows = body["data"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["provider"] == "ghe-acme"));

    // A subscription has its hook at its own host, and only that host's calls count.
    let base = format!("http://{}", pair.running.addr());
    let wish = json!({"callbackUrl": receiver.url(), "events": ["push"]});
    let url = format!("{base}/v1/repositories/ghe-acme/{STOREFRONT}/events/subscribe");
    let (status, made) = pair.post(&url, &wish).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!((pair.hooks(0).await, pair.hooks(1).await), (0, 1));
    let id = made["data"]["id"].as_str().unwrap();
    let (status, _) = pair
        .post(&format!("{base}/v1/hooks/github/{id}"), &json!({}))
        .await;
    assert_eq!(status, 404, "another instance's address leads nowhere");
    let emit = format!("{}/__emit", pair.forges[1].web_url());
    let event = json!({"repository": "acme/storefront", "event": "push"});
    pair.client.post(emit).json(&event).send().await.unwrap();
    let mut tries = 0;
    let delivered = loop {
        if let Some(delivered) = receiver.received().first() {
            break delivered.json();
        }
        tries += 1;
        assert!(tries < 1000, "the event did not arrive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(delivered["provider"], "ghe-acme");
    assert_eq!(delivered["repository"]["fullName"], "acme/storefront");

    // Out of the configuration it is unsupported, and what it had is there again afterwards.
    let path = format!("/v1/repositories/ghe-acme/{STOREFRONT}/commits?limit=1");
    let pair = pair.restarted(|name| !name.contains("GHE_ACME")).await;
    let (status, body) = pair.get(&path).await;
    assert_eq!(
        (status, code(&body)),
        (400, "UNSUPPORTED_PROVIDER"),
        "{body}"
    );
    let (status, _) = pair
        .get(&format!("/v1/repositories/github/{STOREFRONT}"))
        .await;
    assert_eq!(status, 200);
    let pair = pair.restarted(|_| true).await;
    let (status, body) = pair.get(&path).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(pair.hooks(1).await, 1);
}
