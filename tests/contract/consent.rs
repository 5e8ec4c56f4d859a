//! Asking, deciding, redeeming: the authorization server over real sockets, and what it refuses.

use std::sync::Arc;

use gitflare_core::{Clock, FixedClock};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::contract::{
    accounts::{cookie, developer, form},
    apps,
    support::{
        Account, Client, Forge, Response, Server, Wishes, connection, fixed_clock, parameter, text,
    },
};

pub(crate) const CALLBACK: &str = "https://app.example/callback";

/// A server, an app, and its developer.
pub(crate) struct Bed {
    pub(crate) server: Server,
    pub(crate) forge: Forge,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) developer: Client,
    pub(crate) app: Value,
}

impl Bed {
    pub(crate) fn start() -> Self {
        Self::with(&json!({}))
    }

    pub(crate) fn with(members: &Value) -> Self {
        Self::made(Wishes::default(), members)
    }

    /// The same where the server differs.
    pub(crate) fn at(wishes: Wishes) -> Self {
        Self::made(wishes, &json!({}))
    }

    fn made(wishes: Wishes, members: &Value) -> Self {
        let (forge, clock) = (Forge::start(), fixed_clock());
        let server = Server::with(Wishes {
            providers: vec![forge.provider()],
            clock: Some(Arc::clone(&clock)),
            ..wishes
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
    fn signature(&self, customer_ref: &str, nonce: &str) -> [(&'static str, String); 3] {
        let ends = self.clock.now().as_seconds() + 300;
        self.signature_until(customer_ref, nonce, ends)
    }

    fn signature_until(
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
    ) -> Page {
        let signature = self.signature(customer_ref, nonce);
        let mut all: Vec<(&str, &str)> = vec![("customer_ref", customer_ref)];
        all.extend(
            signature
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        all.extend(more);
        Page::open(&self.server.client(), &self.link(&all))
    }

    /// The tenant of a customer.
    fn tenant(&self, customer_ref: &str) -> String {
        let id = gitflare_core::ClientId::parse(&self.client_id()).unwrap();
        let tenants = self.server.storage.tenants();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let found = runtime.block_on(tenants.find_customer(&id, customer_ref));
        found.unwrap().unwrap().id.as_str().to_owned()
    }

    /// A customer with a connection to the local repositories, and the page that sees it.
    pub(crate) fn customer(&self, customer_ref: &str, more: &[(&str, &str)]) -> (Page, String) {
        Page::open(
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
pub(crate) struct Page {
    pub(crate) browser: Client,
    pub(crate) html: String,
    request_id: String,
    csrf: String,
}

impl Page {
    pub(crate) fn open(client: &Client, target: &str) -> Self {
        let answer = client.get(target);
        assert_eq!(answer.status, 200, "{target} {}", body(&answer));
        Self::of(client, &answer)
    }

    fn of(client: &Client, answer: &Response) -> Self {
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

fn body(answer: &Response) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// What stands behind a mark, up to the next quote; empty where there is no such mark.
fn field(html: &str, mark: &str) -> String {
    let found = html
        .split_once(mark)
        .map(|(_, rest)| rest.split('"').next().unwrap());
    found.unwrap_or_default().to_owned()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
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
fn refused(answer: &Response) -> (u16, bool) {
    (answer.status, answer.header("location").is_none())
}

pub(crate) const READS: &[&str] = &["read:repositories", "read:commits"];

#[test]
fn a_customer_approves_and_the_app_reads_what_was_chosen() {
    // sec: OA-3, OA-7, OA-10, TK-3, TK-12
    let bed = Bed::start();
    let (page, connection) = bed.customer("42", &[("state", "s +%&=\u{e9}")]);
    let all = page.repositories();
    let Some(first) = all.first() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "git is needed to make repositories"
        );
        return;
    };
    assert!(all.len() > 1 && first.starts_with(&connection));
    assert!(!page.html.contains("name=\"repositories\" value=\"checked"));
    let to = location(&page.approve(READS, &[first]));
    assert!(
        to.starts_with("https://app.example/callback?code=sggac_"),
        "{to}"
    );
    assert_eq!(parameter(&to, "state"), "s +%&=\u{e9}");
    assert_eq!(
        parameter(&to, "iss"),
        format!("http://{}", bed.server.address)
    );
    let code = parameter(&to, "code");
    let issued = bed.token(&json!({"code": code}));
    let token = issued.ok();
    assert_eq!(token["issuedBy"], "authorization_code");
    assert_eq!(token["permissions"], json!(READS));
    assert_eq!(token["connectionIds"], json!([connection]));
    let reader = bed
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    let listed = reader.get("/v1/repositories").ok();
    let ids: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, [&first.split_once(':').unwrap().1]);
    // The code is spent: using it again ends what it bought.
    let again = bed.token(&json!({"code": code}));
    assert_eq!(again.refusal(), (400, "INVALID_REQUEST".into()));
    assert_eq!(
        reader.get("/v1/repositories").refusal(),
        (401, "AUTH_EXPIRED".into())
    );
    // So is the request.
    assert_eq!(refused(&page.approve(READS, &[first])), (403, true));
}

#[test]
fn nothing_leads_to_an_address_that_is_not_registered() {
    // sec: OA-1, RU-2
    let bed = Bed::start();
    let id = bed.client_id();
    let good = encoded(CALLBACK);
    let mut links = vec![
        "/oauth/authorize".to_owned(),
        format!("/oauth/authorize?redirect_uri={good}&response_type=code"),
        format!("/oauth/authorize?client_id=client_0&redirect_uri={good}"),
        format!("/oauth/authorize?client_id={id}&client_id={id}&redirect_uri={good}"),
        format!("/oauth/authorize?client_id={id}"),
        format!("/oauth/authorize?client_id={id}&redirect_uri={good}&redirect_uri={good}"),
    ];
    for uri in [
        "",
        "https:app.example/callback",
        " https://app.example/callback",
        "https://app.example/callback ",
        "https://app.example/callback/",
        "https://app.example/callback?x",
        "https://app.example/callback#x",
        "https://app.example/a/../callback",
        "https://app.example/call\tback",
        "https://app.example/callback\n",
        "https://APP.example/callback",
        "https://app.example:443/callback",
        "https://user@app.example/callback",
        "https://app.example\\@evil.example/callback",
        "https://evil.example/callback",
        "//app.example/callback",
        "javascript:alert(1)",
        "https://app.example/callbac%6b",
    ] {
        links.push(format!(
            "/oauth/authorize?response_type=code&client_id={id}&redirect_uri={}",
            encoded(uri)
        ));
    }
    for link in links {
        let answer = bed.server.client().get(&link);
        assert_eq!(refused(&answer), (400, true), "{link}");
        assert!(!body(&answer).contains("evil.example"), "{link}");
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[test]
fn everything_else_is_told_to_the_app() {
    // sec: OA-2, OA-4, OA-7, TK-4
    let bed = Bed::start();
    let long = "x".repeat(1025);
    let challenge = "x".repeat(43);
    for (more, word) in [
        (
            vec![("response_type", "token")],
            "unsupported_response_type",
        ),
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("scope", "read:everything")], "invalid_scope"),
        (vec![("scope", "read:tags")], "invalid_scope"),
        (vec![("scope", " ")], "invalid_scope"),
        (vec![("state", long.as_str())], "invalid_request"),
        (vec![("state", "a\r\nb")], "invalid_request"),
        (vec![("code_challenge", &challenge)], "invalid_request"),
        (
            vec![
                ("code_challenge", &challenge),
                ("code_challenge_method", "plain"),
            ],
            "invalid_request",
        ),
        (
            vec![
                ("code_challenge", "short"),
                ("code_challenge_method", "S256"),
            ],
            "invalid_request",
        ),
        (vec![("code_challenge_method", "S256")], "invalid_request"),
        (vec![("customer_ref", "a\u{1}b")], "invalid_request"),
        (
            vec![("scope", "read:commits"), ("scope", "read:commits")],
            "invalid_request",
        ),
        (vec![("state", "a"), ("state", "b")], "invalid_request"),
        (
            vec![("customer_ref", "a"), ("customer_ref", "b")],
            "invalid_request",
        ),
        (
            vec![("response_type", "code"), ("response_type", "code")],
            "invalid_request",
        ),
    ] {
        let answer = bed.server.client().get(&bed.link(&more));
        let to = location(&answer);
        assert!(
            to.starts_with("https://app.example/callback?error="),
            "{to}"
        );
        assert_eq!(parameter(&to, "error"), word, "{more:?}");
        assert_eq!(
            parameter(&to, "iss"),
            format!("http://{}", bed.server.address)
        );
        assert_eq!(answer.header("set-cookie"), None);
    }
    let to = location(
        &bed.server
            .client()
            .get(&bed.link(&[("scope", "x"), ("state", "s")])),
    );
    assert_eq!(parameter(&to, "state"), "s");
}

#[test]
fn denying_is_told_once() {
    // sec: OA-3, OA-5
    let bed = Bed::start();
    let page = Page::open(&bed.server.client(), &bed.link(&[("state", "s")]));
    let target = format!("/oauth/authorize/deny?request_id={}", request_of(&page));
    assert_eq!(refused(&bed.server.client().get(&target)), (403, true));
    let to = location(&page.browser.get(&target));
    assert_eq!(parameter(&to, "error"), "access_denied");
    assert_eq!(parameter(&to, "state"), "s");
    assert_eq!(refused(&page.browser.get(&target)), (403, true));
}

/// The request's id, from the page's link to deny it.
fn request_of(page: &Page) -> String {
    field(&page.html, "/oauth/authorize/deny?request_id=")
}

#[test]
fn only_the_browser_that_was_asked_can_answer() {
    // sec: OA-5, OA-6, CS-1
    let bed = Bed::start();
    let (victim, _) = bed.customer("42", &[]);
    let (attacker, _) = bed.customer("43", &[]);
    let Some(own) = victim.repositories().into_iter().next() else {
        return;
    };
    // The attacker's request in the victim's browser, and the other way round.
    for (browser, csrf, request, status) in [
        (&victim.browser, &victim.csrf, &attacker.request_id, 403),
        (&attacker.browser, &attacker.csrf, &victim.request_id, 403),
        (&victim.browser, &attacker.csrf, &victim.request_id, 403),
        (&victim.browser, &String::new(), &victim.request_id, 403),
        (&bed.server.client(), &victim.csrf, &victim.request_id, 403),
    ] {
        let fields = format!(
            "csrf={csrf}&request_id={request}&permissions=read%3Acommits&repositories={}",
            encoded(&own)
        );
        let answer = form(browser, "/oauth/authorize/approve", &fields).send();
        assert_eq!(refused(&answer), (status, true));
    }
    let show = format!("/oauth/authorize?request_id={}", attacker.request_id);
    assert_eq!(refused(&victim.browser.get(&show)), (403, true));
    for origin in ["https://evil.example", "null"] {
        let fields = format!("csrf={}&request_id={}", victim.csrf, victim.request_id);
        let request = victim.browser.request("POST", "/oauth/authorize/approve");
        let answer = request.form(&fields).header("origin", origin).send();
        assert_eq!(refused(&answer), (403, true), "{origin}");
    }
    location(&victim.approve(READS, &[&own]));
}

#[test]
fn ids_in_the_form_are_not_believed() {
    // sec: OA-7, OA-8, TN-2
    let bed = Bed::start();
    let (page, connection) = bed.customer("42", &[]);
    let (other, foreign) = bed.customer("43", &[]);
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    let elsewhere = other.repositories().into_iter().next().unwrap();
    for repository in [
        elsewhere.clone(),
        format!("{foreign}:{}", own.split_once(':').unwrap().1),
        format!("{connection}:not-there"),
        format!("{connection}:../.."),
        format!("{connection}:"),
        "conn_0:1".to_owned(),
        "nonsense".to_owned(),
    ] {
        let answer = page.approve(READS, &[&own, &repository]);
        assert_eq!(refused(&answer), (403, true), "{repository}");
    }
    for (permissions, repositories) in [
        (READS, vec![]),
        (&[][..], vec![own.as_str()]),
        (&["read:tags"][..], vec![own.as_str()]),
        (&["write:all"][..], vec![own.as_str()]),
    ] {
        let answer = page.approve(permissions, &repositories);
        assert_eq!(
            refused(&answer),
            (400, true),
            "{permissions:?} {repositories:?}"
        );
    }
    let admin = bed.server.admin();
    let grants = admin.get(&format!("/v1/platform/grants?clientId={}", bed.client_id()));
    assert_eq!(grants.ok()["data"], json!([]), "nothing was stored");
    // Beyond what was asked for nothing is granted, whatever is ticked.
    let narrow = bed.open_signed("42", "again", &[("scope", "read:commits")]);
    let to = location(&narrow.approve(READS, &[&own]));
    let token = bed.token(&json!({"code": parameter(&to, "code")})).ok();
    assert_eq!(token["permissions"], json!(["read:commits"]));
}

#[test]
fn a_code_is_bound_to_client_address_verifier_and_time() {
    // sec: RU-4, TK-1, TK-3, TK-4
    let bed = Bed::with(&json!({"allowedRedirectUris": [CALLBACK, "https://app.example/other"]}));
    let verifier = "v".repeat(43);
    let challenge = challenge(&verifier);
    let with_pkce = [
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let (first, _) = bed.customer("42", &[]);
    let Some(own) = first.repositories().into_iter().next() else {
        return;
    };
    let mut nonce = 0;
    let mut code = |more: &[(&str, &str)]| {
        nonce += 1;
        let page = bed.open_signed("42", &format!("n{nonce}"), more);
        parameter(&location(&page.approve(READS, &[&own])), "code")
    };
    let (plain, bound) = (code(&[]), code(&with_pkce));
    for (code, more) in [
        (&plain, json!({"redirect_uri": "https://app.example/other"})),
        (&plain, json!({"redirect_uri": null})),
        (&plain, json!({"code_verifier": verifier})),
        (&bound, json!({})),
        (&bound, json!({"code_verifier": "w".repeat(43)})),
        (&bound, json!({"code_verifier": "v".repeat(42)})),
        (
            &bound,
            json!({"code_verifier": format!("{}é", "v".repeat(43))}),
        ),
        (&bound, json!({"code_verifier": challenge})),
        (&"sggac_x".to_owned(), json!({})),
    ] {
        let mut body = more.clone();
        body["code"] = json!(code);
        assert_eq!(
            bed.token(&body).refusal(),
            (400, "INVALID_REQUEST".into()),
            "{more}"
        );
    }
    bed.token(&json!({"code": plain})).ok();
    bed.token(&json!({"code": bound, "code_verifier": verifier}))
        .ok();
    // Time.
    let late = code(&[]);
    bed.clock.advance_millis(61_000);
    assert_eq!(bed.token(&json!({"code": late})).status, 400);
    // Another client, which spends it.
    let stolen = code(&[]);
    let thief = apps::create(&bed.developer, &json!({}));
    let body = json!({
        "code": stolen,
        "client_id": thief["client"]["id"],
        "client_secret": thief["clientSecret"],
    });
    assert_eq!(bed.token(&body).status, 400);
    assert_eq!(bed.token(&json!({"code": stolen})).status, 400);
}

pub(crate) fn challenge(verifier: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[test]
fn an_app_can_demand_pkce() {
    // sec: TK-4
    let bed = Bed::with(&json!({"requirePkce": true}));
    let to = location(&bed.server.client().get(&bed.link(&[])));
    assert_eq!(parameter(&to, "error"), "invalid_request");
    let more = [
        ("code_challenge", &*"x".repeat(43)),
        ("code_challenge_method", "S256"),
    ];
    Page::open(&bed.server.client(), &bed.link(&more));
}

#[test]
fn a_redirect_uri_that_is_taken_away_ends_what_used_it() {
    // sec: RU-5
    let bed = Bed::start();
    let (page, _) = bed.customer("42", &[]);
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    let to = location(&page.approve(READS, &[&own]));
    let waiting = bed.open_signed("42", "waiting", &[]);
    let path = format!("/v1/developer/apps/{}", bed.client_id());
    let changes = json!({"allowedRedirectUris": ["https://app.example/other"]});
    bed.developer
        .request("PATCH", &path)
        .json(&changes)
        .send()
        .ok();
    assert_eq!(
        bed.token(&json!({"code": parameter(&to, "code")})).status,
        400
    );
    assert_eq!(refused(&waiting.approve(READS, &[&own])), (403, true));
}

#[test]
fn a_guessed_customer_shows_nothing_and_changes_nothing() {
    // sec: TN-1, TN-3
    let bed = Bed::start();
    let (page, connection) = bed.customer("42", &[("customer_name", "Marker One")]);
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    location(&page.approve(READS, &[&own]));
    let names: Vec<_> = page.repositories();
    let stranger = Page::open(&bed.server.client(), &bed.link(&[("customer_ref", "42")]));
    let manage = format!("/app/company/apps/{}?customer_ref=42", bed.client_id());
    let managed = Page::open(&bed.server.client(), &manage);
    for page in [&stranger, &managed] {
        assert!(!page.html.contains(&connection) && !page.html.contains("octo/"));
        assert!(!page.html.contains("Marker One"));
        assert!(names.iter().all(|name| !page.html.contains(name)));
        assert!(
            !page.html.contains("method=\"post\""),
            "a locked page has no form"
        );
    }
    // Another app's customer of the same name is somebody else.
    let other = apps::create(&bed.developer, &json!({}));
    let target = format!(
        "/app/company/apps/{}?customer_ref=42",
        text(&other["client"]["id"])
    );
    let empty = Page::open(&bed.server.client(), &target);
    assert!(!empty.html.contains(&connection));
    // A session of one's own, even with its right token, does not reach what it has not proven.
    let base = format!("/app/company/apps/{}", bed.client_id());
    for path in [
        "update",
        "revoke",
        &format!("connections/{connection}/disconnect"),
    ] {
        for page in [&stranger, &managed, &empty] {
            let fields = format!(
                "csrf={}&customer_ref=42&permissions=read%3Acommits&repositories={}",
                page.csrf,
                encoded(&own)
            );
            let answer = form(&page.browser, &format!("{base}/{path}"), &fields).send();
            assert_eq!(refused(&answer), (403, true), "{path}");
        }
    }
}

#[test]
fn a_signed_link_is_good_once_and_for_ten_minutes() {
    // sec: TN-4, SE-2
    let bed = Bed::start();
    let (page, connection) = bed.customer("42", &[]);
    assert!(page.html.contains("Approve"), "the workspace is open");
    let now = bed.clock.now().as_seconds();
    let open = |customer: &str, signature: &[(&'static str, String); 3]| {
        let mut all = vec![("customer_ref", customer)];
        all.extend(
            signature
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        bed.server.client().get(&bed.link(&all))
    };
    let mut altered = bed.signature("42", "altered");
    altered[0].1.replace_range(
        0..1,
        if altered[0].1.starts_with('0') {
            "1"
        } else {
            "0"
        },
    );
    for (what, customer, signature) in [
        ("used", "42", bed.signature("42", "first-42")),
        ("over", "42", bed.signature_until("42", "a", now)),
        ("too long", "42", bed.signature_until("42", "b", now + 601)),
        ("another customer's", "42", bed.signature("43", "c")),
        ("altered", "42", altered),
        ("empty nonce", "42", bed.signature("42", "")),
    ] {
        let answer = open(customer, &signature);
        assert!(matches!(answer.status, 303 | 403), "{what}");
        assert_eq!(answer.header("set-cookie"), None, "{what}");
        assert!(!body(&answer).contains(&connection), "{what}");
    }
    let partial = bed.link(&[("customer_ref", "42"), ("customer_nonce", "x")]);
    assert_eq!(refused(&bed.server.client().get(&partial)), (403, true));
    let good = bed.signature("42", "good");
    assert_eq!(open("42", &good).status, 200);
    assert_eq!(refused(&open("42", &good)), (403, true));
    // A new session begins with each, whatever the browser had.
    let signature = bed.signature("42", "another");
    let mut all = vec![("customer_ref", "42")];
    all.extend(
        signature
            .iter()
            .map(|(name, value)| (*name, value.as_str())),
    );
    assert!(
        page.browser
            .get(&bed.link(&all))
            .header("set-cookie")
            .is_some()
    );
    // The browser that holds the session needs no signature.
    let kept = Page::open(&page.browser, &bed.link(&[("customer_ref", "42")]));
    assert!(kept.html.contains("Approve"));
}

#[test]
fn an_app_can_demand_signed_links() {
    // sec: TN-5
    let bed = Bed::with(&json!({"requireSignedCustomerRef": true}));
    let unsigned = bed.link(&[("customer_ref", "42")]);
    assert_eq!(refused(&bed.server.client().get(&unsigned)), (403, true));
    let manage = format!("/app/company/apps/{}?customer_ref=42", bed.client_id());
    assert_eq!(refused(&bed.server.client().get(&manage)), (403, true));
    let page = bed.open_signed("42", "n1", &[]);
    Page::open(&page.browser, &unsigned);
}

const OCTO: Account = Account {
    id: 77,
    login: "marker-octo",
};
const EVE: Account = Account {
    id: 78,
    login: "marker-eve",
};

/// Follows a page's link to connect an account, and the provider back.
fn connect(bed: &Bed, page: &Page, account: &Account) -> String {
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
    let code = bed.forge.approve(&url, account);
    let state = encoded(&parameter(&url, "state"));
    let path = format!("/v1/auth/gitlab/callback?code={code}&state={state}");
    let answer = bed.server.client().with("cookie", &flow).get(&path);
    location(&answer)
}

#[test]
fn an_account_that_is_linked_again_unlocks_itself_and_nothing_else() {
    // sec: TN-3, TN-4, OA-8
    let bed = Bed::start();
    let link = bed.link(&[("customer_ref", "42")]);
    let first = Page::open(&bed.server.client(), &link);
    // Somebody else has the empty workspace open before its customer comes.
    let early = Page::open(&bed.server.client(), &link);
    let to = connect(&bed, &first, &OCTO);
    assert!(to.starts_with("/oauth/authorize?request_id="), "{to}");
    assert!(Page::open(&first.browser, &to).html.contains("marker-octo"));
    let late = Page::open(&early.browser, &link);
    assert!(
        !late.html.contains("marker-octo"),
        "who came early sees nothing"
    );
    // A stranger's own account does not get in ...
    let stranger = Page::open(&bed.server.client(), &link);
    let to = connect(&bed, &stranger, &EVE);
    assert!(to.contains("link_error="), "{to}");
    assert!(
        !Page::open(&stranger.browser, &link)
            .html
            .contains("marker-")
    );
    let admin = bed.server.admin();
    let target = format!("/v1/connections?tenantId={}", bed.tenant("42"));
    assert_eq!(admin.get(&target).ok()["data"].as_array().unwrap().len(), 1);
    // ... and the customer's does, in another browser.
    let elsewhere = Page::open(&bed.server.client(), &link);
    let to = connect(&bed, &elsewhere, &OCTO);
    assert!(
        Page::open(&elsewhere.browser, &to)
            .html
            .contains("marker-octo")
    );
    assert_eq!(admin.get(&target).ok()["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_customer_who_has_begun_is_pending_until_the_decision() {
    let bed = Bed::start();
    let ask = || {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": bed.client_id(),
            "client_secret": bed.app["clientSecret"],
        });
        let token = text(&bed.server.client().post("/oauth/token", &body).ok()["accessToken"]);
        bed.server
            .client()
            .with_bearer(&token)
            .get("/v1/repositories")
            .refusal()
    };
    assert_eq!(ask(), (403, "APPROVAL_REQUIRED".into()));
    let page = Page::open(&bed.server.client(), &bed.link(&[("customer_ref", "42")]));
    connect(&bed, &page, &OCTO);
    assert_eq!(ask(), (403, "APPROVAL_PENDING".into()));
    let deny = format!("/oauth/authorize/deny?request_id={}", request_of(&page));
    location(&page.browser.get(&deny));
    assert_eq!(ask(), (403, "APPROVAL_REQUIRED".into()));
}

#[test]
fn a_customer_changes_and_ends_what_is_shared() {
    // sec: TK-7, CA-1, OA-11
    let bed = Bed::start();
    let (page, connection) = bed.customer("42", &[]);
    let all = page.repositories();
    let [first, second, ..] = all.as_slice() else {
        return;
    };
    let to = location(&page.approve(READS, &[first]));
    let token = bed.token(&json!({"code": parameter(&to, "code")})).ok();
    let reader = bed
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    let shared = || -> Vec<String> {
        let listed = reader.get("/v1/repositories").ok();
        let rows = listed["data"].as_array().unwrap().iter();
        rows.map(|row| format!("{connection}:{}", text(&row["id"])))
            .collect()
    };
    assert_eq!(shared(), std::slice::from_ref(first));
    // There is no silent approval: the page comes again, with nothing chosen.
    let again = Page::open(&page.browser, &bed.link(&[("customer_ref", "42")]));
    assert!(!again.html.contains(&format!("value=\"{first}\" checked")));
    let base = format!("/app/company/apps/{}", bed.client_id());
    let manage = Page::open(&page.browser, &format!("{base}?customer_ref=42"));
    assert!(manage.html.contains(&format!("value=\"{first}\" checked")));
    let send = |path: &str, more: &str| {
        let fields = format!("csrf={}&customer_ref=42{more}", manage.csrf);
        form(&page.browser, &format!("{base}/{path}"), &fields).send()
    };
    let choice = format!(
        "&permissions=read%3Arepositories&repositories={}",
        encoded(second)
    );
    let back = location(&send("update", &choice));
    assert_eq!(back, format!("{base}?customer_ref=42&done=saved"));
    assert_eq!(shared(), std::slice::from_ref(second));
    assert_eq!(
        send("update", "&permissions=read%3Arepositories").status,
        400
    );
    assert_eq!(shared(), std::slice::from_ref(second));
    assert_eq!(send("connections/conn_0/disconnect", "").status, 404);
    location(&send(&format!("connections/{connection}/disconnect"), ""));
    let refusal = reader.get("/v1/repositories").refusal();
    assert_eq!(refusal, (403, "PROVIDER_ACCOUNT_NOT_CONNECTED".into()));
    location(&send("revoke", ""));
    assert_eq!(
        reader.get("/v1/repositories").refusal(),
        (401, "AUTH_EXPIRED".into())
    );
}

#[test]
fn hostile_names_open_the_same_workspace() {
    // sec: TN-6
    let bed = Bed::start();
    Page::open(&bed.server.client(), &bed.link(&[("customer_ref", "42")]));
    let tenant = bed.tenant("42");
    let long = "x".repeat(2000);
    for name in [
        "\u{202e}evil",
        "a\u{200d}b",
        "a\u{1}b",
        "<script>alert(1)</script>",
        &long,
        " ",
    ] {
        let more = [("customer_ref", "42"), ("customer_name", name)];
        let page = Page::open(&bed.server.client(), &bed.link(&more));
        assert_eq!(bed.tenant("42"), tenant);
        assert!(!page.html.contains('\u{202e}') && !page.html.contains("<script>alert"));
        assert!(!page.html.contains(&"x".repeat(300)));
    }
}

#[test]
fn a_page_is_framed_by_the_apps_own_origins() {
    // sec: CS-4, SE-3
    let bed = Bed::with(&json!({"allowedEmbedOrigins": ["https://frame.example"]}));
    let answer = bed
        .server
        .client()
        .get(&bed.link(&[("customer_ref", "42")]));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(
        policy.contains("frame-ancestors https://app.example https://frame.example"),
        "{policy}"
    );
    assert_eq!(answer.header("x-frame-options"), None);
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-gf_embed=sggst_"), "{set}");
    assert!(
        set.ends_with("; HttpOnly; Secure; SameSite=None; Partitioned"),
        "{set}"
    );
    let error = bed.server.client().get("/oauth/authorize");
    let policy = error.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[test]
fn the_metadata_names_what_is_there() {
    // sec: OA-10
    let bed = Bed::start();
    let base = format!("http://{}", bed.server.address);
    let metadata = bed
        .server
        .client()
        .get("/.well-known/oauth-authorization-server")
        .ok();
    for (name, expected) in [
        ("issuer", json!(base)),
        (
            "authorization_endpoint",
            json!(format!("{base}/oauth/authorize")),
        ),
        ("token_endpoint", json!(format!("{base}/oauth/token"))),
        ("revocation_endpoint", json!(format!("{base}/oauth/revoke"))),
        (
            "introspection_endpoint",
            json!(format!("{base}/oauth/introspect")),
        ),
        ("response_types_supported", json!(["code"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
    ] {
        assert_eq!(metadata[name], expected, "{name}");
    }
}

#[test]
fn a_client_asks_about_and_ends_its_own_tokens() {
    // sec: TK-11, TN-2
    let bed = Bed::start();
    let thief = apps::create(&bed.developer, &json!({}));
    let credentials = |app: &Value| {
        format!(
            "client_id={}&client_secret={}",
            text(&app["client"]["id"]),
            text(&app["clientSecret"])
        )
    };
    let post = |target: &str, app: &Value, token: &str| {
        let body = format!("{}&token={token}", credentials(app));
        bed.server
            .client()
            .request("POST", target)
            .form(&body)
            .send()
    };
    let body = format!("{}&grant_type=client_credentials", credentials(&bed.app));
    let issued = bed
        .server
        .client()
        .request("POST", "/oauth/token")
        .form(&body)
        .send()
        .ok();
    let token = text(&issued["access_token"]);
    let found = post("/oauth/introspect", &bed.app, &token);
    let found = found.ok();
    assert_eq!(found["active"], true);
    assert!(!found.to_string().contains(&token));
    for (app, text) in [
        (&thief, token.as_str()),
        (&bed.app, "sggat_0"),
        (&bed.app, "x"),
    ] {
        assert_eq!(
            post("/oauth/introspect", app, text).ok(),
            json!({"active": false})
        );
        assert_eq!(post("/oauth/revoke", app, text).status, 200);
    }
    assert_eq!(
        post("/oauth/introspect", &bed.app, &token).ok()["active"],
        true
    );
    assert_eq!(post("/oauth/revoke", &bed.app, &token).status, 200);
    assert_eq!(
        post("/oauth/introspect", &bed.app, &token).ok(),
        json!({"active": false})
    );
    for target in ["/oauth/revoke", "/oauth/introspect"] {
        let wrong = format!(
            "client_id={}&client_secret=x&token={token}",
            bed.client_id()
        );
        let answer = bed
            .server
            .client()
            .request("POST", target)
            .form(&wrong)
            .send();
        assert_eq!(answer.refusal(), (401, "INVALID_CREDENTIALS".into()));
        assert_eq!(answer.json()["error"], "invalid_client");
        let none = bed
            .server
            .client()
            .request("POST", target)
            .form(&credentials(&bed.app))
            .send();
        assert_eq!(none.json()["error"], "invalid_request");
    }
}

#[test]
fn what_a_window_of_its_own_links_only_its_page_can_claim() {
    // sec: PC-3, TN-4, CS-1, SE-2
    let bed = Bed::start();
    let page = Page::open(&bed.server.client(), &bed.link(&[("customer_ref", "42")]));
    let thief = Page::open(&bed.server.client(), &bed.link(&[("customer_ref", "43")]));
    let own = format!("http://{}", bed.server.address);
    // The window has none of the frame's cookies.
    let link = || {
        let id = request_of(&page);
        let target = format!("/oauth/authorize/connect/gitlab?request_id={id}&popup=1");
        let started = bed.server.client().get(&target);
        let url = location(&started);
        let set = started.header("set-cookie").unwrap();
        let flow = set.split(';').next().unwrap();
        let code = bed.forge.approve(&url, &OCTO);
        let state = encoded(&parameter(&url, "state"));
        let path = format!("/v1/auth/gitlab/callback?code={code}&state={state}");
        let back = bed.server.client().with("cookie", flow).get(&path);
        let html = body(&back);
        json!({
            "flowId": field(&html, "data-handover-flow=\""),
            "completionCode": field(&html, "data-handover-completion=\""),
        })
    };
    let claim = |browser: &Client, csrf: &str, origin: &str, linked: &Value| {
        let request = browser.request("POST", "/v1/auth/complete").json(linked);
        let request = request
            .header("x-csrf-token", csrf)
            .header("origin", origin);
        request.send()
    };
    let linked = link();
    for (browser, csrf, origin, status) in [
        (&page.browser, &thief.csrf, &*own, 403),
        (&page.browser, &page.csrf, "https://evil.example", 403),
        (&bed.server.client(), &page.csrf, &own, 401),
        (&thief.browser, &thief.csrf, &own, 400),
    ] {
        assert_eq!(claim(browser, csrf, origin, &linked).status, status);
    }
    let claimed = claim(&page.browser, &page.csrf, &own, &link());
    assert_eq!(claimed.status, 201);
    // The session has gained a right, so it goes on under another id: whoever planted the former
    // one in the browser sees nothing.
    let shown = format!("/oauth/authorize?request_id={}", request_of(&page));
    let planted = page.browser.get(&shown);
    assert!(!body(&planted).contains("marker-octo"));
    let renewed = bed.server.client().with("cookie", &cookie(&claimed));
    assert!(Page::open(&renewed, &shown).html.contains("marker-octo"));
}
