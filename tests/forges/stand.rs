//! A gateway with both forges as upstreams, and an app that may read everything.

use std::time::Duration;

use gitflare_server::{
    Running, Server,
    config::Config,
    sandbox::{self, AgentDocument, Forge, ForgeOptions, Forges, sample},
};
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::contract::support::{document, schema};

pub(crate) const ADMIN_KEY: &str = "k9w2v7c4x1m8q3t6y5z0r2n4b7d1f8h3";
pub(crate) const STOREFRONT: &str = "acme%2Fstorefront";
pub(crate) const PROVIDERS: [&str; 2] = ["github", "gitlab"];
/// Every emulated host.
pub(crate) const HOSTS: [&str; 5] = ["github", "gitlab", "bitbucket", "azure", "gitflic"];

/// The sample repository as one segment of a path.
pub(crate) fn storefront(provider: &str) -> &'static str {
    match provider {
        // Organization, project and repository.
        "azure" => "acme%2FWeb%20Shop%2Fstorefront",
        _ => STOREFRONT,
    }
}

/// Forges, gateway, and a token over all of it.
pub(crate) struct Stand {
    pub(crate) forges: Forges,
    pub(crate) running: Running,
    pub(crate) sample: sample::Sample,
    pub(crate) client: Client,
    pub(crate) token: String,
    /// The app's `client_id` and `client_secret`.
    pub(crate) app: (String, String),
    agent: AgentDocument,
    settings: Vec<(String, String)>,
    folder: TempDir,
}

fn config(settings: &[(String, String)]) -> Config {
    let pairs = settings.iter();
    let pairs: Vec<_> = pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    Config::from_pairs(&pairs).unwrap()
}

/// An HTTP answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn rows(&self) -> &Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["data"].as_array().unwrap()
    }

    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or("none")
    }
}

impl Stand {
    pub(crate) async fn start(more: &[(&str, &str)]) -> Self {
        // Chosen already when another test was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("repositories");
        let sample = sample::write(&root).unwrap();
        let forges = Forges::start(&ForgeOptions {
            roots: vec![root.clone()],
            ..ForgeOptions::default()
        })
        .await
        .unwrap();
        let of_forges = forges.settings();
        let (data, root) = (folder.path().join("data"), root.display().to_string());
        let data = data.display().to_string();
        let mut pairs = vec![
            ("GITFLARE_LISTEN", "127.0.0.1:0"),
            ("GITFLARE_DEV", "true"),
            ("GITFLARE_DATA_DIR", &data),
            ("GITFLARE_LOCAL_ROOT", &root),
            (
                "GITFLARE_PROVIDERS",
                "github,gitlab,bitbucket,azure,gitflic,local",
            ),
            ("SGG_ADMIN_API_KEY", ADMIN_KEY),
        ];
        pairs.extend(
            of_forges
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        pairs.extend(more);
        let settings = pairs.iter();
        let settings: Vec<_> = settings
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let agent = AgentDocument::serve().await.unwrap();
        let server = Server::new(config(&settings));
        let server = server.with_document_host(sandbox::AGENT_HOST, agent.address());
        let running = server.start().await.unwrap();
        let accounts: Vec<_> = forges
            .all()
            .iter()
            .map(|forge| {
                (
                    forge.kind().id(),
                    forge.personal_token("anna-berg").unwrap(),
                )
            })
            .collect();
        let seeded = sandbox::seed(&running.gateway(), &accounts, Vec::new(), None)
            .await
            .unwrap();
        Self {
            forges,
            running,
            sample,
            client: Client::builder().no_proxy().build().unwrap(),
            token: seeded.access_token,
            app: (seeded.client_id, seeded.client_secret),
            agent,
            settings,
            folder,
        }
    }

    /// The folder of the sample repository.
    pub(crate) fn repository(&self) -> std::path::PathBuf {
        let folder = self.folder.path();
        folder.join("repositories/acme/storefront.git")
    }

    /// The same gateway after its process has ended and was started again.
    pub(crate) async fn restarted(mut self) -> Self {
        self.running.shutdown().await.unwrap();
        let server = Server::new(config(&self.settings))
            .with_document_host(sandbox::AGENT_HOST, self.agent.address());
        self.running = server.start().await.unwrap();
        self
    }

    /// The same without a setting.
    pub(crate) async fn restarted_without(mut self, name: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.restarted().await
    }

    pub(crate) fn forge(&self, provider: &str) -> &Forge {
        match provider {
            "github" => self.forges.github(),
            "bitbucket" => self.forges.bitbucket(),
            "azure" => self.forges.azure(),
            "gitflic" => self.forges.gitflic(),
            _ => self.forges.gitlab(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr())
    }

    /// A call with the app's token.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self
            .client
            .request(method.clone(), self.url(path))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request, &method, path).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// A call with the admin key.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.client.request(method.clone(), self.url(path));
        let mut request = request.header("x-admin-api-key", ADMIN_KEY);
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request, &method, path).await
    }

    /// A new tenant's id.
    pub(crate) async fn tenant(&self, kind: &str) -> String {
        let tenant = json!({"name": kind, "kind": kind});
        let made = self
            .admin(Method::POST, "/v1/platform/tenants", Some(&tenant))
            .await;
        made.body["tenant"]["id"].as_str().unwrap().to_owned()
    }

    /// A form, as standard OAuth clients send it.
    pub(crate) async fn form(&self, path: &str, form: &str) -> Answer {
        let request = self.client.post(self.url(path)).body(form.to_owned());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        answer(request, &Method::POST, path).await
    }

    /// A call with another credential, or none.
    pub(crate) async fn bare(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<&Value>,
    ) -> Answer {
        let mut request = self.client.request(method.clone(), self.url(path));
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request, &method, path).await
    }

    /// A read below the sample repository.
    pub(crate) async fn read(&self, provider: &str, below: &str) -> Answer {
        let name = storefront(provider);
        self.get(&format!("/v1/repositories/{provider}/{name}{below}"))
            .await
    }

    /// Every row of a list, page by page.
    pub(crate) async fn walk(&self, provider: &str, below: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor = None;
        loop {
            let more = match &cursor {
                Some(cursor) => {
                    let sign = if below.contains('?') { '&' } else { '?' };
                    format!("{below}{sign}cursor={cursor}")
                }
                None => below.to_owned(),
            };
            let page = self.read(provider, &more).await;
            rows.extend(page.rows().iter().cloned());
            match page.body["page_info"]["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return rows,
            }
        }
    }

    /// Something at the control surface of a forge.
    pub(crate) async fn control(
        &self,
        provider: &str,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Value {
        let url = format!("{}{path}", self.forge(provider).web_url());
        let request = self.client.request(method, url).json(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap_or_default()
    }
}

/// Sends a request. What is answered is what the OpenAPI document says, whatever the test is about.
async fn answer(request: reqwest::RequestBuilder, method: &Method, path: &str) -> Answer {
    let request = request.timeout(Duration::from_secs(60));
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let bytes = answer.bytes().await.unwrap();
    let is_json = headers
        .get("content-type")
        .is_some_and(|it| it == "application/json");
    let mismatch = document().mismatch(schema::Answer {
        method: method.as_str(),
        target: path,
        status: status.as_u16(),
        is_json,
        body: &bytes,
    });
    schema::report(method.as_str(), path, status.as_u16(), mismatch);
    Answer {
        status,
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    }
}
