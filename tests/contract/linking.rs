//! Linking a provider account in each of its forms, who may finish what, and how the tokens live on.

use std::{sync::Arc, time::Duration};

use gitflare_core::{
    Clock, ConnectionId, FixedClock,
    gateway::{Gateway, GatewaySettings},
    storage::{CleanupKind, SealedTokens},
};
use serde_json::{Value, json};

use crate::contract::{
    accounts::{cookie, signed_up},
    support::{
        Account, Client, Forge, Response, Server, Wishes, block_on, fixed_clock, parameter, text,
    },
};

const OCTO: Account = Account {
    id: 77,
    login: "octo",
};

fn wishes(forge: &Forge, clock: &Arc<FixedClock>) -> Wishes {
    Wishes {
        providers: vec![forge.provider()],
        clock: Some(Arc::clone(clock)),
        // Reads by a connection's id need no app and no grant.
        gateway: GatewaySettings {
            enforce_platform_auth: false,
            ..GatewaySettings::default()
        },
        ..Wishes::default()
    }
}

/// A server at whose GitLab accounts can be linked.
struct Linking {
    forge: Forge,
    clock: Arc<FixedClock>,
    server: Server,
}

impl Linking {
    fn start() -> Self {
        let (forge, clock) = (Forge::start(), fixed_clock());
        let server = Server::with(wishes(&forge, &clock));
        Self {
            forge,
            clock,
            server,
        }
    }

    fn another_node(&self) -> Gateway {
        self.server.another_node(&wishes(&self.forge, &self.clock))
    }

    /// Somebody with a bearer session.
    fn person(&self, email: &str) -> Client {
        self.server
            .client()
            .with_bearer(&signed_up(&self.server, email).0)
    }

    /// Somebody with a session cookie, as a browser has it.
    fn browser(&self, email: &str) -> Client {
        let (token, _) = signed_up(&self.server, email);
        self.server
            .client()
            .with("cookie", &format!("__Host-gf_session={token}"))
    }

    /// Starts a flow whose answer redirects; the browser's cookie and where it goes.
    fn start_in(&self, client: &Client, query: &str) -> (String, String) {
        let started = client.get(&format!("/v1/auth/gitlab/start?{query}"));
        assert_eq!(
            started.status,
            303,
            "{}",
            String::from_utf8_lossy(&started.body)
        );
        let location = started.header("location").unwrap().to_owned();
        (cookie(&started), location)
    }

    /// The provider sends a browser back.
    fn back(&self, client: &Client, authorization_url: &str, account: &Account) -> Response {
        let code = self.forge.approve(authorization_url, account);
        client.get(&callback(authorization_url, &code))
    }

    /// A connection to an account, linked by the API.
    fn linked(&self, person: &Client, account: &Account) -> Value {
        let url = api_start(person);
        let returned = self.back(&self.server.client(), &url, account).ok();
        let claimed = person.post("/v1/auth/complete", &claim(&returned));
        assert_eq!(claimed.status, 201, "{}", claimed.json());
        claimed.json()["connection"].clone()
    }

    fn status_of(&self, connection: &Value) -> String {
        let path = format!("/v1/connections/{}", text(&connection["id"]));
        text(&self.server.admin().get(&path).ok()["connection"]["status"])
    }

    fn read(&self, connection: &Value) -> Response {
        let reader = self
            .server
            .client()
            .with("x-connection-id", &text(&connection["id"]));
        reader.get("/v1/me")
    }
}

fn api_start(client: &Client) -> String {
    text(&client.get("/v1/auth/gitlab/start").ok()["authorizationUrl"])
}

fn callback(authorization_url: &str, code: &str) -> String {
    let state = parameter(authorization_url, "state");
    format!("/v1/auth/gitlab/callback?code={code}&state={state}")
}

fn claim(returned: &Value) -> Value {
    json!({"flowId": returned["flowId"], "completionCode": returned["completionCode"]})
}

#[test]
fn strangers_start_flows_as_rarely_as_they_open_consent_pages() {
    // sec: SC-1
    let linking = Linking::start();
    let stranger = linking.server.client();
    let mut started = 0;
    let refused = loop {
        let answer = stranger.get("/v1/auth/gitlab/start");
        if answer.status != 200 {
            break answer;
        }
        started += 1;
        assert!(started <= 200, "no limit");
    };
    assert_eq!(refused.refusal(), (429, "RATE_LIMITED".into()));
    assert!(refused.header("retry-after").is_some());
    // Who has an account is counted by nothing but the flow.
    let person = linking.person("ada@mail.example");
    assert_eq!(person.get("/v1/auth/gitlab/start").status, 200);
}

#[test]
fn an_account_is_linked_by_the_api_and_claimed_by_a_session_once() {
    // sec: PC-2 PC-3 PC-5
    let linking = Linking::start();
    let anybody = linking.server.client();
    let started = anybody.get("/v1/auth/gitlab/start").ok();
    let url = text(&started["authorizationUrl"]);
    assert!(
        url.starts_with(&format!("{}/oauth/authorize?", linking.forge.url())),
        "{url}"
    );
    assert_eq!(parameter(&url, "scope"), "read_user read_api");
    assert_eq!(parameter(&url, "code_challenge_method"), "S256");
    assert_eq!(
        parameter(&url, "redirect_uri"),
        "https://gateway.example/v1/auth/gitlab/callback"
    );

    let answer = linking.back(&anybody, &url, &OCTO);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let returned = answer.ok();
    assert_eq!(returned["flowId"], started["flowId"]);
    assert_eq!(
        linking.server.admin().get("/v1/connections").ok()["data"],
        json!([])
    );

    let claim = claim(&returned);
    let refused = anybody.post("/v1/auth/complete", &claim);
    assert_eq!(refused.refusal(), (401, "AUTH_REQUIRED".into()));
    let ada = linking.person("ada@mail.example");
    let claimed = ada.post("/v1/auth/complete", &claim);
    assert_eq!(claimed.status, 201, "{}", claimed.json());
    let connection = claimed.json()["connection"].clone();
    for (member, expected) in [
        ("provider", json!("gitlab")),
        ("login", json!("octo")),
        ("accountId", json!("77")),
        ("displayName", json!("Ada")),
        ("scopes", json!(["read_user", "read_api"])),
        ("mode", json!("oauth")),
        ("status", json!("active")),
    ] {
        assert_eq!(connection[member], expected, "{member}");
    }
    let again = ada.post("/v1/auth/complete", &claim);
    assert_eq!(again.refusal(), (400, "INVALID_REQUEST".into()));
    assert_eq!(linking.read(&connection).ok()["data"][0]["login"], "octo");
}

#[test]
fn an_account_that_nobody_claims_in_time_is_nobodys() {
    // sec: PC-2
    let linking = Linking::start();
    let ada = linking.person("ada@mail.example");
    let url = api_start(&linking.server.client());
    let returned = linking.back(&linking.server.client(), &url, &OCTO).ok();
    linking.clock.advance_millis(600_000);
    let late = ada.post("/v1/auth/complete", &claim(&returned));
    assert_eq!(late.refusal(), (400, "INVALID_REQUEST".into()));
}

#[test]
fn a_tenant_is_named_by_its_own_session_alone() {
    // sec: PC-2
    let linking = Linking::start();
    let (_, victim) = signed_up(&linking.server, "victim@mail.example");
    let me = linking.person("ada@mail.example");
    let of_victim = linking
        .server
        .client()
        .with_bearer(&text(&victim["sessionToken"]));
    let tenant = text(&of_victim.get("/v1/account/me").ok()["tenants"][0]["tenant"]["id"]);
    for path in ["start", "start?redirect=1", "start?popup=1"] {
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = format!("/v1/auth/gitlab/{path}{joint}tenantId={tenant}");
        let refused = linking.server.client().get(&path);
        assert_eq!(refused.refusal(), (401, "AUTH_REQUIRED".into()), "{path}");
        let refused = me.get(&path);
        assert_eq!(
            refused.refusal(),
            (404, "RESOURCE_NOT_FOUND".into()),
            "{path}"
        );
    }
    // Nor is the account claimed into it.
    let url = api_start(&me);
    let returned = linking.back(&linking.server.client(), &url, &OCTO).ok();
    let mut stolen = claim(&returned);
    let refused = of_victim.post("/v1/auth/complete", &stolen);
    assert_eq!(refused.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
    stolen["tenantId"] = json!(tenant);
    let refused = of_victim.post("/v1/auth/complete", &stolen);
    assert_eq!(refused.refusal(), (400, "INVALID_REQUEST".into()));
    assert_eq!(
        linking.server.admin().get("/v1/connections").ok()["data"],
        json!([])
    );
}

#[test]
fn a_state_leads_back_once_in_time_and_in_its_own_browser() {
    // sec: PC-1 PC-4
    let linking = Linking::start();
    let client = linking.server.client();
    let check = |what: &str, answer: &Response| {
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{what}");
        assert_eq!(linking.forge.asked("authorization_code"), 0, "{what}");
    };
    let (_, url) = linking.start_in(&client, "redirect=1");
    check("no cookie", &linking.back(&client, &url, &OCTO));
    let (mine, url) = linking.start_in(&client, "redirect=1");
    let (other, _) = linking.start_in(&client, "redirect=1");
    assert_ne!(mine, other);
    let elsewhere = client.clone().with("cookie", &other);
    check("another browser", &linking.back(&elsewhere, &url, &OCTO));
    let here = client.clone().with("cookie", &mine);
    check("spent by that", &linking.back(&here, &url, &OCTO));

    let (mine, url) = linking.start_in(&client, "redirect=1");
    let here = client.clone().with("cookie", &mine);
    let code = linking.forge.approve(&url, &OCTO);
    let crossed = callback(&url, &code).replace("/gitlab/", "/github/");
    check("another provider", &here.get(&crossed));

    let url = api_start(&client);
    let code = linking.forge.approve(&url, &OCTO);
    let wrong = format!("{}&iss=https%3A%2F%2Fevil.example", callback(&url, &code));
    check("another issuer", &client.get(&wrong));
    let lookalike = format!("{}.evil.example", linking.forge.url());
    let url = api_start(&client);
    let wrong = format!("{}&iss={lookalike}", callback(&url, &code));
    check("an issuer that begins alike", &client.get(&wrong));

    let url = api_start(&client);
    linking.clock.advance_millis(600_000);
    check("too late", &linking.back(&client, &url, &OCTO));
    check("no state", &client.get("/v1/auth/gitlab/callback?code=x"));
    check(
        "no state of ours",
        &client.get("/v1/auth/gitlab/callback?code=x&state=y"),
    );

    let url = api_start(&client);
    let own = format!(
        "{}&iss={}",
        callback(&url, &linking.forge.approve(&url, &OCTO)),
        linking.forge.url()
    );
    client.get(&own).ok();
    assert_eq!(client.get(&own).status, 400);
    assert_eq!(linking.forge.asked("authorization_code"), 1);
}

#[test]
fn a_signed_in_browser_is_sent_back_with_its_account() {
    // sec: PC-3
    let linking = Linking::start();
    let refused = linking.server.client().get("/v1/auth/gitlab/start?web=1");
    assert_eq!(refused.refusal(), (401, "AUTH_REQUIRED".into()));

    let ada = linking.browser("ada@mail.example");
    let (flow, url) = linking.start_in(&ada, "web=1&returnTo=/app/dashboard?tab=1");
    // Another person in the same browser does not inherit the flow.
    let (token, _) = signed_up(&linking.server, "eve@mail.example");
    let eve = linking
        .server
        .client()
        .with("cookie", &format!("__Host-gf_session={token}; {flow}"));
    let refused = linking.back(&eve, &url, &OCTO);
    assert_eq!(refused.status, 303);
    assert_eq!(
        refused.header("location"),
        Some("/app/dashboard?tab=1&link_error=INVALID_REQUEST")
    );
    assert_eq!(
        linking.server.admin().get("/v1/connections").ok()["data"],
        json!([])
    );

    let (token, _) = signed_up(&linking.server, "bob@mail.example");
    let bob = linking
        .server
        .client()
        .with("cookie", &format!("__Host-gf_session={token}"));
    let (flow, url) = linking.start_in(&bob, "web=1&returnTo=/app/dashboard");
    let bob = linking
        .server
        .client()
        .with("cookie", &format!("__Host-gf_session={token}; {flow}"));
    let back = linking.back(&bob, &url, &OCTO);
    assert_eq!(
        (back.status, back.header("location")),
        (303, Some("/app/dashboard"))
    );
    let linked = bob.get("/v1/account/connections").ok();
    assert_eq!(linked["data"][0]["login"], "octo");
}

#[test]
fn a_popup_hands_its_code_to_its_opener() {
    // sec: PC-3
    let linking = Linking::start();
    let client = linking.server.client();
    let (flow, url) = linking.start_in(&client, "popup=1");
    let popup = client.clone().with("cookie", &flow);
    let page = linking.back(&popup, &url, &OCTO);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let html = String::from_utf8(page.body).unwrap();
    let attribute = |name: &str| {
        let (_, rest) = html.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let returned = json!({
        "flowId": attribute("data-handover-flow"),
        "completionCode": attribute("data-handover-completion"),
    });
    let opener = linking.person("ada@mail.example");
    assert_eq!(opener.post("/v1/auth/complete", &returned).status, 201);

    let (flow, url) = linking.start_in(&client, "popup=1");
    let denied = client
        .with("cookie", &flow)
        .get(&format!("/v1/auth/gitlab/callback?error=access_denied&error_description=canary-provider-text&state={}", parameter(&url, "state")));
    let html = String::from_utf8(denied.body).unwrap();
    assert!(
        html.contains("was not approved") && !html.contains("canary"),
        "{html}"
    );
}

#[test]
fn no_flow_leads_to_another_site() {
    // sec: PC-6
    let linking = Linking::start();
    let client = linking.server.client();
    for query in [
        "redirect=https%3A%2F%2Fevil.example",
        "redirect=//evil.example",
        "web=yes",
        "popup=2",
        "redirect=1&returnTo=//evil.example",
        "redirect=1&returnTo=/%5Cevil.example",
        "redirect=1&returnTo=/%252fevil.example",
        "redirect=1&returnTo=https://evil.example",
        "redirect=1&returnTo=/%09/evil.example",
    ] {
        let refused = client.get(&format!("/v1/auth/gitlab/start?{query}"));
        assert_eq!(
            refused.refusal(),
            (400, "INVALID_REQUEST".into()),
            "{query}"
        );
    }
}

#[test]
fn what_a_provider_says_stays_behind_the_gateway() {
    // sec: PC-7
    let linking = Linking::start();
    let client = linking.server.client();
    let returned = |what: &str| {
        let state = parameter(&api_start(&client), "state");
        client.get(&format!("/v1/auth/gitlab/callback?{what}&state={state}"))
    };
    for (what, status, code) in [
        (
            "error=access_denied&error_description=canary",
            400,
            "INVALID_REQUEST",
        ),
        ("error=canary", 400, "INVALID_REQUEST"),
        (
            "error=server_error&error_description=canary",
            503,
            "UPSTREAM_UNAVAILABLE",
        ),
        ("code=canary-unknown", 400, "INVALID_REQUEST"),
    ] {
        let answer = returned(what);
        assert_eq!(answer.refusal(), (status, code.into()), "{what}");
        let shown = String::from_utf8(answer.body).unwrap();
        assert!(!shown.contains("canary"), "{what}: {shown}");
    }
    linking.forge.go_away(true);
    let answer = returned("code=x");
    assert_eq!(answer.refusal(), (503, "UPSTREAM_UNAVAILABLE".into()));
    assert!(!answer.message().contains("canary"));
}

#[test]
fn an_account_is_its_immutable_id() {
    // sec: PC-8
    let linking = Linking::start();
    let ada = linking.person("ada@mail.example");
    let first = linking.linked(&ada, &OCTO);
    let renamed = Account {
        id: OCTO.id,
        login: "renamed",
    };
    let again = linking.linked(&ada, &renamed);
    assert_eq!(
        (&again["id"], &again["login"]),
        (&first["id"], &json!("renamed"))
    );
    // The same address at the provider is another account all the same.
    let other = linking.linked(
        &ada,
        &Account {
            id: 78,
            login: "octo",
        },
    );
    assert_ne!(other["id"], first["id"]);
    let bob = linking.person("bob@mail.example");
    assert_ne!(linking.linked(&bob, &OCTO)["id"], first["id"]);
}

#[test]
fn a_hundred_reads_at_the_end_of_a_token_refresh_it_once() {
    // sec: PC-9
    let linking = Linking::start();
    let connection = linking.linked(&linking.person("ada@mail.example"), &OCTO);
    linking.clock.advance_millis(7_200_000);
    linking.forge.expire_tokens();
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..100)
            .map(|_| scope.spawn(|| linking.read(&connection).status))
            .collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), 200);
        }
    });
    assert_eq!(linking.forge.asked("refresh_token"), 1);
}

#[test]
fn a_token_that_ends_early_is_refreshed_within_the_read() {
    // sec: PC-9
    let linking = Linking::start();
    let connection = linking.linked(&linking.person("ada@mail.example"), &OCTO);
    linking.forge.expire_tokens();
    linking.read(&connection).ok();
    assert_eq!(linking.forge.asked("refresh_token"), 1);
    linking.read(&connection).ok();
    assert_eq!(linking.forge.asked("refresh_token"), 1);
}

#[test]
fn a_refused_refresh_waits_for_its_owner_and_an_absent_provider_does_not() {
    // sec: PC-9
    let linking = Linking::start();
    let ada = linking.person("ada@mail.example");
    let connection = linking.linked(&ada, &OCTO);
    linking.clock.advance_millis(7_200_000);
    linking.forge.go_away(true);
    let refused = linking.read(&connection);
    assert_eq!(refused.refusal(), (503, "UPSTREAM_UNAVAILABLE".into()));
    assert_eq!(linking.status_of(&connection), "active");
    linking.forge.go_away(false);
    linking.read(&connection).ok();

    linking.clock.advance_millis(7_200_000);
    linking.forge.refuse_refresh(true);
    let asked = linking.forge.asked("refresh_token");
    for _ in 0..2 {
        let refused = linking.read(&connection);
        assert_eq!(refused.refusal(), (401, "AUTH_EXPIRED".into()));
        assert!(
            refused.message().contains("reconnect"),
            "{}",
            refused.message()
        );
    }
    assert_eq!(linking.forge.asked("refresh_token"), asked + 1);
    assert_eq!(linking.status_of(&connection), "needs_reconnect");

    linking.forge.refuse_refresh(false);
    let again = linking.linked(&ada, &OCTO);
    assert_eq!(again["id"], connection["id"]);
    assert_eq!(linking.status_of(&connection), "active");
    linking.read(&connection).ok();
}

#[test]
fn a_provider_without_our_client_links_nothing() {
    let linking = Linking::start();
    let refused = linking.server.client().get("/v1/auth/local/start");
    assert_eq!(refused.refusal(), (501, "UNSUPPORTED_ENDPOINT".into()));
    let refused = linking.server.client().get("/v1/auth/nowhere/start");
    assert_eq!(refused.code(), "UNSUPPORTED_PROVIDER");
    let providers = linking.server.client().get("/v1/providers").ok();
    for row in providers["data"].as_array().unwrap() {
        assert_eq!(row["oauth"], row["id"] == "gitlab", "{row}");
    }
}

#[test]
fn a_disconnected_account_ends_at_its_provider_however_long_that_is_away() {
    // sec: CA-2 CA-3
    let linking = Linking::start();
    let connection = linking.linked(&linking.person("ada@mail.example"), &OCTO);
    linking.forge.go_away(true);
    let path = format!("/v1/connections/{}", text(&connection["id"]));
    assert_eq!(linking.server.admin().delete(&path).status, 204);
    let id = ConnectionId::parse(&text(&connection["id"])).unwrap();
    let storage = &linking.server.storage;
    let stored = || {
        block_on(storage.connections().find_with_tokens(&id))
            .unwrap()
            .unwrap()
    };
    let queued = || {
        block_on(
            storage
                .cleanup()
                .find(CleanupKind::RevokeTokens, id.as_str()),
        )
        .unwrap()
    };
    let check_gone = || {
        assert_eq!(stored().1, SealedTokens::default());
        assert_eq!(linking.read(&connection).status, 403);
    };
    check_gone();
    // The queue is worked off by whichever node comes first, and outlives each.
    for attempt in 1..=3 {
        let node = linking.another_node();
        assert_eq!(block_on(node.clean_up()).unwrap(), 1, "{attempt}");
        assert_eq!(block_on(node.clean_up()).unwrap(), 0, "before its time");
        assert_eq!(queued().unwrap().attempts, attempt);
        check_gone();
        linking.clock.advance_millis(37_500 << (attempt - 1));
    }
    linking.forge.go_away(false);
    assert_eq!(linking.forge.good_tokens(), 2);
    assert_eq!(block_on(linking.another_node().clean_up()).unwrap(), 1);
    assert_eq!(linking.forge.good_tokens(), 0);
    assert_eq!(queued(), None);
    check_gone();
}

#[test]
fn an_account_that_nobody_claims_ends_at_its_provider() {
    // sec: PC-2 CA-2
    let linking = Linking::start();
    let client = linking.server.client();
    let url = api_start(&client);
    linking.back(&client, &url, &OCTO).ok();
    linking.clock.advance_millis(600_001);
    let node = linking.another_node();
    assert_eq!(block_on(node.purge_links()).unwrap(), 1);
    assert_eq!(block_on(node.clean_up()).unwrap(), 1);
    assert_eq!(linking.forge.good_tokens(), 0);
}

#[test]
fn two_nodes_refresh_a_token_once() {
    // sec: PC-9
    let linking = Linking::start();
    let connection = linking.linked(&linking.person("ada@mail.example"), &OCTO);
    linking.clock.advance_millis(7_200_000);
    linking.forge.expire_tokens();
    let id = ConnectionId::parse(&text(&connection["id"])).unwrap();
    let connections = linking.server.storage.connections();
    let now = linking.clock.now();
    // The other node has begun, and is slow.
    let until = now.after(Duration::from_secs(60));
    assert!(block_on(connections.begin_refresh(&id, 0, now, until)).unwrap());
    let waits = linking.read(&connection);
    assert_eq!(waits.refusal(), (503, "UPSTREAM_UNAVAILABLE".into()));
    assert_eq!(linking.forge.asked("refresh_token"), 0);
    // It has died: its lease ends.
    linking.clock.advance_millis(60_000);
    linking.read(&connection).ok();
    assert_eq!(linking.forge.asked("refresh_token"), 1);
}

#[test]
fn a_token_that_was_rotated_but_never_stored_asks_for_its_owner() {
    // sec: PC-9
    let linking = Linking::start();
    let connection = linking.linked(&linking.person("ada@mail.example"), &OCTO);
    linking.clock.advance_millis(7_200_000);
    // What a process leaves that dies between the provider's reply and the write.
    linking.forge.rotate_for_nobody();
    for _ in 0..3 {
        let refused = linking.read(&connection);
        assert_eq!(refused.refusal(), (401, "AUTH_EXPIRED".into()));
    }
    assert_eq!(linking.forge.asked("refresh_token"), 1);
    assert_eq!(linking.status_of(&connection), "needs_reconnect");
}

#[test]
fn a_base_url_of_somebody_elses_choice_stays_on_public_hosts() {
    // sec: SR-6
    let linking = Linking::start();
    let connect = |base: &str| {
        let body = json!({
            "provider": "gitlab", "accessToken": "glpat-x", "apiBaseUrl": base,
        });
        linking.server.admin().post("/v1/connections/manual", &body)
    };
    for base in [
        "http://127.0.0.1:1/api/v4",
        "https://127.0.0.1/api/v4",
        "https://[::1]/api/v4",
        "https://10.0.0.1/api/v4",
        "https://169.254.169.254/api/v4",
        "https://[::ffff:10.0.0.1]/api/v4",
        "http://gitlab.example/api/v4",
        "https://user:password@gitlab.example/api/v4",
        "https://gitlab.example/api/v4?x=1",
        "ftp://gitlab.example/api/v4",
        "gitlab.example",
    ] {
        let refused = connect(base);
        assert_eq!(refused.refusal(), (400, "INVALID_REQUEST".into()), "{base}");
    }
    assert_eq!(linking.forge.asked("user"), 0);
    // The operator has named the forge's own: it is asked, and knows no such token.
    let asked = connect(&format!("{}/api/v4", linking.forge.url()));
    assert_eq!(asked.refusal(), (401, "INVALID_CREDENTIALS".into()));
    assert_eq!(linking.forge.asked("user"), 1);
}

#[test]
fn an_account_that_the_provider_does_not_name_is_given_up() {
    // sec: CA-2
    let linking = Linking::start();
    let client = linking.server.client();
    linking.forge.hide_accounts(true);
    let refused = linking.back(&client, &api_start(&client), &OCTO);
    assert_eq!(refused.refusal(), (503, "UPSTREAM_UNAVAILABLE".into()));
    assert_eq!(linking.forge.good_tokens(), 2);
    assert_eq!(block_on(linking.another_node().clean_up()).unwrap(), 1);
    assert_eq!(linking.forge.good_tokens(), 0);
}
