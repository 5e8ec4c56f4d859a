//! A host over the sample repository, and a client that follows no redirect.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use gitflare_sandbox::{Forge, ForgeKind, ForgeOptions, sample};
use reqwest::{
    Method, RequestBuilder, Response,
    header::{AUTHORIZATION, CONTENT_TYPE},
    redirect::Policy,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::form_urlencoded;

/// The account that owns everything.
pub(crate) const OWNER: &str = "anna-berg";

/// A running host.
pub(crate) struct Host {
    pub(crate) forge: Forge,
    pub(crate) token: String,
    client: reqwest::Client,
    _folder: TempDir,
}

impl Host {
    pub(crate) async fn start(kind: ForgeKind) -> Self {
        let folder = tempfile::tempdir().unwrap();
        sample::write(folder.path()).unwrap();
        let options = ForgeOptions {
            roots: vec![folder.path().to_owned()],
            ..ForgeOptions::default()
        };
        let forge = Forge::start(kind, &options).await.unwrap();
        // Another test may have chosen it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .user_agent("sandbox-tests")
            .build()
            .unwrap();
        Self {
            token: forge.personal_token(OWNER).unwrap(),
            forge,
            client,
            _folder: folder,
        }
    }

    /// A request without a token, by a path from the root or a whole address.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.forge.web_url())
        };
        self.client.request(method, url)
    }

    /// A request with the owner's token, in the provider's scheme.
    fn authorized(&self, method: Method, path: &str) -> RequestBuilder {
        let scheme = match self.forge.kind() {
            ForgeKind::Gitflic => "token",
            _ => "Bearer",
        };
        let value = format!("{scheme} {}", self.token);
        self.request(method, path).header(AUTHORIZATION, value)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        let request = self.authorized(Method::GET, path);
        request.send().await.unwrap()
    }

    /// Status and JSON body.
    pub(crate) async fn json(&self, path: &str) -> (u16, Value) {
        let answer = self.get(path).await;
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.authorized(Method::POST, path);
        let answer = request.json(body).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// Sends an event, and gives the one delivery as its receiver got it.
    pub(crate) async fn emitted(&self, receiver: Receiver, body: Value) -> Delivery {
        let taken = tokio::task::spawn_blocking(move || receiver.take());
        let (status, answer) = self.post("/__emit", &body).await;
        assert_eq!(status, 200, "{answer}");
        taken.await.unwrap()
    }
}

/// A receiver of one delivery.
pub(crate) struct Receiver(TcpListener);

/// What a hook was told.
pub(crate) struct Delivery {
    head: String,
    pub(crate) body: Value,
}

impl Delivery {
    /// The value of a header; its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines();
        lines
            .filter_map(|line| line.split_once(": "))
            .find_map(|(known, value)| (known == name).then_some(value))
    }
}

impl Receiver {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.0.local_addr().unwrap())
    }

    pub(crate) fn take(self) -> Delivery {
        let (mut stream, _) = self.0.accept().unwrap();
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&bytes);
            if let Some((head, body)) = text.split_once("\r\n\r\n")
                && let Ok(body) = serde_json::from_str(body)
            {
                stream
                    .write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
                    .unwrap();
                let head = head.to_owned();
                return Delivery { head, body };
            }
            let count = stream.read(&mut part).unwrap();
            assert!(count > 0, "the delivery ended early: {text}");
            bytes.extend_from_slice(&part[..count]);
        }
    }
}

/// The names of the rows of a list, or another member of theirs.
pub(crate) fn column<'v>(rows: &'v Value, member: &str) -> Vec<&'v Value> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| &row[member]).collect()
}

/// A form (application/x-www-form-urlencoded).
pub(crate) trait Form {
    fn form(self, pairs: &[(&str, &str)]) -> Self;
}

impl Form for RequestBuilder {
    fn form(self, pairs: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        self.header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body)
    }
}

/// The body of a call that switches a fault on.
pub(crate) fn fault(kind: &str) -> Value {
    json!({ "kind": kind })
}
