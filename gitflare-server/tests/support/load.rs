//! What apps, customers and an admin do at several nodes while something breaks: writes, tokens, codes
//! and reads, each answer looked at, and everything that was acknowledged noted. Afterwards all of it
//! must be there, nothing may have been spent twice, and every refusal must have been one that a
//! client can act on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use gitflare_core::{Clock, SystemClock};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    ADMIN_KEY,
    cluster::Cluster,
    walk::{Answer, FORM, JSON, attempt, get, parameter, send, sign_up},
};

const CALLBACK: &str = "https://app.example/callback";
/// How long a condition is waited for before a test fails: longer than a delivery that died with its
/// node is held.
const PATIENCE: Duration = Duration::from_secs(180);

pub(crate) fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The rounds of a drill.
pub(crate) fn rounds(few: usize, all: usize) -> usize {
    match std::env::var_os("CI_DRILLS") {
        Some(_) => all,
        None => few,
    }
}

pub(crate) fn admin(at: SocketAddr, method: &str, path: &str, body: &Value) -> Option<Answer> {
    let key = format!("x-admin-api-key: {ADMIN_KEY}");
    let sent = match body {
        Value::Null => attempt(at, method, path, &[&key], ""),
        body => attempt(at, method, path, &[&key, JSON], &body.to_string()),
    };
    sent.ok()
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// What stands behind a mark, up to the next quote.
fn field<'h>(html: &'h str, mark: &str) -> &'h str {
    let (_, rest) = html
        .split_once(mark)
        .unwrap_or_else(|| panic!("no {mark} in {html}"));
    rest.split('"').next().unwrap()
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Those who work at once, each for a customer of its own.
pub(crate) const CUSTOMERS: usize = 3;

/// An app with customers whose repositories it may read.
pub(crate) struct App {
    pub(crate) client: String,
    secret: String,
    embed_secret: String,
    /// The tenants of the customers.
    pub(crate) tenants: Vec<String>,
    nonces: AtomicU64,
}

impl App {
    /// Made at a node whose provider `local` has repositories, before anything breaks.
    pub(crate) fn make(at: SocketAddr) -> Self {
        let (bearer, _) = sign_up(at, "ada@mail.example", "several unrelated words");
        let body = json!({
            "name": "App", "allowedRedirectUris": [CALLBACK],
            "defaultPermissions": ["read:repositories", "read:branches", "events:subscribe"],
        });
        let made = send(
            at,
            "POST",
            "/v1/developer/apps",
            &[JSON, &bearer],
            &body.to_string(),
        );
        let made = made.json();
        let mut app = Self {
            client: text(&made["client"]["id"]),
            secret: text(&made["clientSecret"]),
            embed_secret: text(&made["embedSecret"]),
            tenants: Vec::new(),
            nonces: AtomicU64::new(0),
        };
        for customer in 0..CUSTOMERS {
            let before = tenants(at);
            assert_eq!(get(at, &app.link(customer, &[]), &[]).status, 200);
            let after = tenants(at);
            let tenant = after.difference(&before).next().unwrap().clone();
            let body = json!({"provider": "local", "tenantId": tenant});
            let connected = admin(at, "POST", "/v1/connections/manual", &body).unwrap();
            assert_eq!(connected.status, 201, "{}", connected.body);
            app.tenants.push(tenant);
            let refused = app.code(at, customer).err().flatten();
            assert!(refused.is_none(), "{}", refused.unwrap().body);
        }
        app
    }

    fn link(&self, customer: usize, more: &[(&str, &str)]) -> String {
        let mut link = format!(
            "/oauth/authorize?response_type=code&client_id={}&customer_ref=customer-{customer}&redirect_uri={}",
            self.client,
            encoded(CALLBACK)
        );
        for (name, value) in more {
            link += &format!("&{name}={}", encoded(value));
        }
        link
    }

    /// The code of a consent, given by the customer on the hosted page; `Err` with the answer that
    /// was none.
    fn code(&self, at: SocketAddr, customer: usize) -> Result<String, Option<Answer>> {
        let ends = (SystemClock.now().as_seconds() + 120).to_string();
        let nonce = format!("nonce-{}", self.nonces.fetch_add(1, Ordering::Relaxed));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.embed_secret.as_bytes()).unwrap();
        mac.update(format!("{}\ncustomer-{customer}\n{ends}\n{nonce}", self.client).as_bytes());
        let signature: String = mac
            .finalize()
            .into_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let link = self.link(
            customer,
            &[
                ("customer_sig", &signature),
                ("customer_exp", &ends),
                ("customer_nonce", &nonce),
            ],
        );
        let page = attempt(at, "GET", &link, &["accept: text/html"], "").map_err(|_| None)?;
        if page.status != 200 {
            return Err(Some(page));
        }
        let form = format!(
            "csrf={}&request_id={}&permissions={}&permissions={}&repositories={}",
            field(&page.body, "name=\"csrf\" value=\""),
            field(&page.body, "name=\"request_id\" value=\""),
            encoded("read:repositories"),
            encoded("read:branches"),
            encoded(field(&page.body, "name=\"repositories\" value=\"")),
        );
        let cookie = format!("cookie: {}", page.cookie.unwrap_or_default());
        let origin = format!("origin: http://{at}");
        let headers = [FORM, &cookie, &origin, "accept: text/html"];
        let agreed = attempt(at, "POST", "/oauth/authorize/approve", &headers, &form);
        let agreed = agreed.map_err(|_| None)?;
        match &agreed.location {
            Some(back) if agreed.status == 303 => Ok(parameter(back, "code")),
            _ => Err(Some(agreed)),
        }
    }

    /// Asks for a token with a code.
    pub(crate) fn redeem(&self, at: SocketAddr, code: &str) -> Option<Answer> {
        self.token(
            at,
            &json!({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}),
        )
    }

    /// Asks for a token with these members.
    pub(crate) fn token(&self, at: SocketAddr, more: &Value) -> Option<Answer> {
        let mut body = json!({"client_id": self.client, "client_secret": self.secret});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        attempt(at, "POST", "/oauth/token", &[JSON], &body.to_string()).ok()
    }
}

/// All tenants, page by page.
pub(crate) fn tenants(at: SocketAddr) -> BTreeSet<String> {
    let (mut ids, mut behind) = (BTreeSet::new(), String::new());
    loop {
        let path = format!("/v1/platform/tenants?limit=100{behind}");
        let page = admin(at, "GET", &path, &Value::Null).unwrap();
        assert_eq!(page.status, 200, "{}", page.body);
        let page = page.json();
        ids.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| text(&row["id"])),
        );
        match page["page_info"]["next_cursor"].as_str() {
            Some(cursor) => behind = format!("&cursor={cursor}"),
            None => return ids,
        }
    }
}

pub(crate) fn read(at: SocketAddr, token: &str) -> Option<Answer> {
    let bearer = format!("authorization: Bearer {token}");
    let path = "/v1/repositories/local/sample/branches";
    attempt(at, "GET", path, &[&bearer], "").ok()
}

/// What was acknowledged.
#[derive(Default)]
pub(crate) struct Ledger {
    tenants: Mutex<BTreeSet<String>>,
    /// Tokens that were not revoked.
    tokens: Mutex<Vec<String>>,
    revoked: Mutex<Vec<String>>,
    /// Codes that bought a token.
    pub(crate) spent: AtomicU64,
    /// Reads that were answered.
    reads: AtomicU64,
    /// Writes that went through.
    pub(crate) steps: AtomicU64,
    /// Refusals while something was broken.
    pub(crate) refusals: AtomicU64,
    /// Requests without an answer.
    pub(crate) silences: AtomicU64,
    /// Whether the work is done, or has failed.
    is_over: AtomicBool,
}

/// Ends the work when it is dropped.
pub(crate) struct Over<'l>(&'l AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether a proxy in front of the nodes may answer for one that is gone.
pub(crate) type IsProxied = bool;

impl Ledger {
    /// An answer of that status; others are counted, and must be ones that a client can act on.
    fn take(&self, answer: Option<Answer>, status: u16, is_proxied: IsProxied) -> Option<Answer> {
        let Some(answer) = answer else {
            self.silences.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        if answer.status == status {
            return Some(answer);
        }
        self.refusals.fetch_add(1, Ordering::Relaxed);
        // A proxy whose node is gone refuses at once: no reason to ask in a tight loop.
        thread::sleep(Duration::from_millis(10));
        let is_proxys = is_proxied && matches!(answer.status, 502 | 504);
        if !is_proxys {
            assert_eq!(answer.status, 503, "{}", answer.body);
            let is_page = answer.body.contains("<html");
            assert!(is_page || answer.json()["error"]["code"] == "UPSTREAM_UNAVAILABLE");
            assert!(is_page || answer.json()["error"]["retryable"] == true);
        }
        None
    }

    /// One step of everything, at nodes in turn.
    fn step(
        &self,
        app: &App,
        nodes: &[SocketAddr],
        (customer, turn): (usize, usize),
        is_proxied: IsProxied,
    ) {
        let at = |step: usize| nodes[(turn + step) % nodes.len()];
        let body = json!({"name": format!("Customer {turn}"), "kind": "company"});
        let made = admin(at(0), "POST", "/v1/platform/tenants", &body);
        if let Some(made) = self.take(made, 201, is_proxied) {
            let id = text(&made.json()["tenant"]["id"]);
            self.tenants.lock().unwrap().insert(id);
            self.steps.fetch_add(1, Ordering::Relaxed);
        }
        let grant = json!({"grant_type": "client_credentials", "tenant_id": app.tenants[customer]});
        if let Some(issued) = self.take(app.token(at(1), &grant), 200, is_proxied) {
            let token = issued.json();
            let (id, token) = (text(&token["id"]), text(&token["access_token"]));
            if self.take(read(at(2), &token), 200, is_proxied).is_some() {
                self.reads.fetch_add(1, Ordering::Relaxed);
            }
            if turn % 3 > 0 {
                self.tokens.lock().unwrap().push(token);
            } else {
                let path = format!("/v1/platform/tokens/{id}");
                let ended = admin(at(0), "DELETE", &path, &Value::Null);
                if self.take(ended, 204, is_proxied).is_some() {
                    let seen = read(at(1), &token);
                    if let Some(seen) = seen.filter(|seen| seen.status < 500) {
                        assert_eq!(seen.status, 401, "{}", seen.body);
                    }
                    self.revoked.lock().unwrap().push(token);
                }
            }
        }
        match app.code(at(2), customer) {
            Ok(code) => self.spend(app, &code, at(0), at(1)),
            Err(refused) => drop(self.take(refused, 200, is_proxied)),
        }
    }

    /// Spends a code at two nodes at once: it buys one token.
    fn spend(&self, app: &App, code: &str, one: SocketAddr, other: SocketAddr) {
        let answers = thread::scope(|scope| {
            let first = scope.spawn(|| app.redeem(one, code));
            [app.redeem(other, code), first.join().unwrap()]
        });
        let statuses = answers.map(|answer| answer.map_or(0, |answer| answer.status));
        let bought = statuses.iter().filter(|status| **status == 200).count();
        assert!(bought < 2, "a code was spent twice");
        if statuses.iter().all(|status| (200..500).contains(status)) {
            assert_eq!(bought, 1, "{statuses:?}");
        }
        self.spent.fetch_add(bought as u64, Ordering::Relaxed);
    }

    /// Works for a customer until it is over. What fails ends the work of all.
    pub(crate) fn work(
        &self,
        app: &App,
        nodes: &[SocketAddr],
        customer: usize,
        is_proxied: IsProxied,
    ) {
        let _over = self.over();
        let mut turn = customer;
        while !self.is_over.load(Ordering::Relaxed) {
            self.step(app, nodes, (customer, turn), is_proxied);
            turn += 1;
        }
    }

    /// Ends the work when it is dropped.
    pub(crate) fn over(&self) -> Over<'_> {
        Over(&self.is_over)
    }

    /// Waits until something is so, as long as the work goes on.
    pub(crate) fn wait_for(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        wait_for(what, || {
            assert!(!self.is_over.load(Ordering::Relaxed), "the work has failed");
            is_so()
        });
    }

    /// Waits until so many more writes went through.
    pub(crate) fn advances(&self, steps: u64) {
        let before = self.steps.load(Ordering::Relaxed);
        self.wait_for("writes go through", || {
            self.steps.load(Ordering::Relaxed) >= before + steps
        });
    }

    /// Looks at every node and at the database: nothing is lost, nothing is revived.
    pub(crate) fn verify(&self, nodes: &[SocketAddr], cluster: &Cluster, url: &str) {
        let acknowledged = self.tenants.lock().unwrap();
        for node in nodes {
            let listed = tenants(*node);
            let lost: Vec<_> = acknowledged.difference(&listed).collect();
            assert!(lost.is_empty(), "{lost:?}");
        }
        let newest = |tokens: &Mutex<Vec<String>>| -> Vec<String> {
            let tokens = tokens.lock().unwrap();
            tokens.iter().rev().take(30).cloned().collect()
        };
        for token in newest(&self.tokens) {
            let seen = read(nodes[0], &token).unwrap();
            assert_eq!(seen.status, 200, "{}", seen.body);
        }
        for token in newest(&self.revoked) {
            assert_eq!(read(nodes[0], &token).unwrap().status, 401);
        }
        let number =
            |statement: &str| -> u64 { cluster.ask(url, statement).trim().parse().unwrap() };
        let rows = number("SELECT count(*) FROM usage_rows");
        let counted = number(
            "SELECT coalesce(sum(rows), 0) FROM usage_counts
             WHERE period = 'hour' AND starts_with(owner, 'client_')",
        );
        assert_eq!(rows, counted, "counts are those of the rows");
        assert!(rows >= self.reads.load(Ordering::Relaxed));
        let twice = "SELECT count(*) FROM (SELECT token_id FROM codes WHERE token_id IS NOT NULL
             GROUP BY token_id HAVING count(*) > 1) AS twice";
        assert_eq!(number(twice), 0);
        println!(
            "{} writes, {} codes spent, {} reads; {} refusals, {} without an answer",
            self.steps.load(Ordering::Relaxed),
            self.spent.load(Ordering::Relaxed),
            self.reads.load(Ordering::Relaxed),
            self.refusals.load(Ordering::Relaxed),
            self.silences.load(Ordering::Relaxed),
        );
    }
}
