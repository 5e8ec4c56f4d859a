//! An app and its developer on a server of their own, and a customer's browser on the consent page.

use std::sync::Arc;

use gitflare_core::{Clock, FixedClock};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    Account, Client, Forge, Response, Server, ServerOptions, connection, fixed_clock, parameter,
    text,
};
use crate::contract::{
    accounts::{developer, form},
    apps,
};

pub(crate) const CALLBACK: &str = "https://app.example/callback";

pub(crate) const READS: &[&str] = &["read:repositories", "read:commits"];

/// A server, an app, and its developer.
pub(crate) struct ConsentFixture {
    pub(crate) server: Server,
    pub(crate) forge: Forge,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) developer: Client,
    pub(crate) app: Value,
}

impl ConsentFixture {
    pub(crate) fn start() -> Self {
        Self::with(&json!({}))
    }

    pub(crate) fn with(members: &Value) -> Self {
        Self::made(ServerOptions::default(), members)
    }

    /// The same where the server differs.
    pub(crate) fn at(options: ServerOptions) -> Self {
        Self::made(options, &json!({}))
    }

    pub(crate) fn made(options: ServerOptions, members: &Value) -> Self {
        let (forge, clock) = (Forge::start(), fixed_clock());
        let server = Server::with(ServerOptions {
            providers: vec![forge.provider()],
            clock: Some(Arc::clone(&clock)),
            ..options
        });
        let developer = developer(&server, "ada@mail.example");
        let app = apps::create(&developer, members);
        Self {
            server,
            forge,
            clock,
            developer,
            app,
        }
    }

    pub(crate) fn client_id(&self) -> String {
        text(&self.app["client"]["id"])
    }

    /// The link that the app sends a customer to.
    pub(crate) fn link(&self, more: &[(&str, &str)]) -> String {
        let id = self.client_id();
        let mut link = format!(
            "/oauth/authorize?client_id={id}&redirect_uri={}",
            encoded(CALLBACK)
        );
        if !more.iter().any(|(name, _)| *name == "response_type") {
            link.push_str("&response_type=code");
        }
        for (name, value) in more {
            link.push_str(&format!("&{name}={}", encoded(value)));
        }
        link
    }

    /// What makes a link a signed one, good for five minutes.
    pub(crate) fn signature(&self, customer_ref: &str, nonce: &str) -> [(&'static str, String); 3] {
        let ends = self.clock.now().as_seconds() + 300;
        self.signature_until(customer_ref, nonce, ends)
    }

    pub(crate) fn signature_until(
        &self,
        customer_ref: &str,
        nonce: &str,
        ends: i64,
    ) -> [(&'static str, String); 3] {
        let secret = text(&self.app["embedSecret"]);
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{}\n{customer_ref}\n{ends}\n{nonce}", self.client_id()).as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        [
            ("customer_sig", signature),
            ("customer_exp", ends.to_string()),
            ("customer_nonce", nonce.to_owned()),
        ]
    }

    /// Opens a customer's consent page by a signed link in a fresh browser.
    pub(crate) fn open_signed(
        &self,
        customer_ref: &str,
        nonce: &str,
        more: &[(&str, &str)],
    ) -> ConsentPage {
        let signature = self.signature(customer_ref, nonce);
        let mut all: Vec<(&str, &str)> = vec![("customer_ref", customer_ref)];
        all.extend(
            signature
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        all.extend(more);
        ConsentPage::open(&self.server.client(), &self.link(&all))
    }

    /// The tenant of a customer.
    pub(crate) fn tenant(&self, customer_ref: &str) -> String {
        let id = gitflare_core::ClientId::parse(&self.client_id()).unwrap();
        let tenants = self.server.storage.tenants();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let found = runtime.block_on(tenants.find_customer(&id, customer_ref));
        found.unwrap().unwrap().id.as_str().to_owned()
    }

    /// A customer with a connection to the local repositories, and the page that sees it.
    pub(crate) fn customer(
        &self,
        customer_ref: &str,
        more: &[(&str, &str)],
    ) -> (ConsentPage, String) {
        ConsentPage::open(
            &self.server.client(),
            &self.link(&[("customer_ref", customer_ref)]),
        );
        let connection = connection(&self.server.admin(), &self.tenant(customer_ref));
        let page = self.open_signed(
            customer_ref,
            &format!("first {customer_ref}").replace(' ', "-"),
            more,
        );
        (page, connection)
    }

    pub(crate) fn token(&self, body: &Value) -> Response {
        let mut all = json!({
            "grant_type": "authorization_code",
            "client_id": self.client_id(),
            "client_secret": self.app["clientSecret"],
            "redirect_uri": CALLBACK,
        });
        for (name, value) in body.as_object().unwrap() {
            all[name] = value.clone();
        }
        self.server.client().post("/oauth/token", &all)
    }
}

/// A page that a customer's browser shows.
pub(crate) struct ConsentPage {
    pub(crate) browser: Client,
    pub(crate) html: String,
    pub(crate) request_id: String,
    pub(crate) csrf: String,
}

impl ConsentPage {
    pub(crate) fn open(client: &Client, target: &str) -> Self {
        let answer = client.get(target);
        assert_eq!(answer.status, 200, "{target} {}", body(&answer));
        Self::of(client, &answer)
    }

    pub(crate) fn of(client: &Client, answer: &Response) -> Self {
        let browser = match answer.header("set-cookie") {
            Some(set) => client
                .clone()
                .with("cookie", set.split(';').next().unwrap()),
            None => client.clone(),
        };
        let html = body(answer);
        Self {
            request_id: field(&html, "name=\"request_id\" value=\""),
            csrf: field(&html, "name=\"csrf\" value=\""),
            browser,
            html,
        }
    }

    /// The token that its forms carry.
    pub(crate) fn csrf(&self) -> &str {
        &self.csrf
    }

    /// The choices that can be ticked, as `connectionId:repoId`.
    pub(crate) fn repositories(&self) -> Vec<String> {
        let parts = self.html.split("name=\"repositories\" value=\"").skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn approve(&self, permissions: &[&str], repositories: &[&str]) -> Response {
        let mut fields = format!("csrf={}&request_id={}", self.csrf, self.request_id);
        for permission in permissions {
            fields.push_str(&format!("&permissions={}", encoded(permission)));
        }
        for repository in repositories {
            fields.push_str(&format!("&repositories={}", encoded(repository)));
        }
        form(&self.browser, "/oauth/authorize/approve", &fields).send()
    }
}

/// Where an answer leads, after checking how it does so (OA-3).
#[track_caller]
pub(crate) fn location(answer: &Response) -> String {
    assert_eq!(answer.status, 303, "{}", body(answer));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    answer.header("location").unwrap().to_owned()
}

#[track_caller]
pub(crate) fn refused(answer: &Response) -> (u16, bool) {
    (answer.status, answer.header("location").is_none())
}

pub(crate) fn body(answer: &Response) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// What stands behind a mark, up to the next quote; empty where there is no such mark.
pub(crate) fn field(html: &str, mark: &str) -> String {
    let found = html
        .split_once(mark)
        .map(|(_, rest)| rest.split('"').next().unwrap());
    found.unwrap_or_default().to_owned()
}

pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

pub(crate) fn challenge(verifier: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// The request's id, from the page's link to deny it.
pub(crate) fn request_of(page: &ConsentPage) -> String {
    field(&page.html, "/oauth/authorize/deny?request_id=")
}

pub(crate) const OCTO: Account = Account {
    id: 77,
    login: "marker-octo",
};

pub(crate) const EVE: Account = Account {
    id: 78,
    login: "marker-eve",
};

/// Follows a page's link to connect an account, and the provider back.
pub(crate) fn connect(fixture: &ConsentFixture, page: &ConsentPage, account: &Account) -> String {
    let target = field(&page.html, "href=\"/oauth/authorize/connect/");
    let target = format!("/oauth/authorize/connect/{}", target.replace("&amp;", "&"));
    let target = target.replace("&#38;", "&");
    let started = page.browser.get(&target);
    let url = location(&started);
    let flow = started
        .header("set-cookie")
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let code = fixture.forge.approve(&url, account);
    let state = encoded(&parameter(&url, "state"));
    let path = format!("/v1/auth/gitlab/callback?code={code}&state={state}");
    let answer = fixture.server.client().with("cookie", &flow).get(&path);
    location(&answer)
}
