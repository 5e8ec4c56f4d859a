//! What somebody would try between a registration and a token: codes and refresh tokens that many use at once
//! or another client uses, requests for two targets, pages by the dozen that nobody approves, and agents
//! that were let in with a password that is no longer the account's.
// sec: MC-1, MC-3, SE-5, SC-5, TK-3

use std::{sync::Arc, thread, time::Duration};

use gitflare_core::{
    Clock,
    gateway::{PublicClientRule, Retention},
};
use serde_json::{Value, json};

use super::{
    LISTENING, Owner, VERIFIER, call, exchange, fixture, link, refreshed, registered, signed_in,
    tools,
};
use crate::contract::{
    accounts::form,
    support::{
        Client, Response, Server, ServerOptions, block_on,
        consent::{ConsentFixture, ConsentPage, body, encoded, location},
        parameter, text,
    },
};

const PASSWORD: &str = "a password of some length";
const NEW_PASSWORD: &str = "another password of some length";

/// Signs the same person in once more; the code that nobody has redeemed yet.
fn code_of(server: &Server, owner: &Owner, client_id: &str) -> String {
    let browser = &owner.page.browser;
    let mut page = ConsentPage::open(browser, &link(server, client_id, &[]));
    page.browser = browser.clone();
    let all = page.repositories();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    parameter(&location(&page.approve(&["read:branches"], &all)), "code")
}

fn read(server: &Server, tokens: &Value) -> Response {
    call(server, &tokens["access_token"], "list_branches")
}

/// Whether everything that a sign-in has brought is over.
fn is_over(server: &Server, client_id: &str, tokens: &Value) -> bool {
    let read = read(server, tokens);
    let next = refreshed(server, client_id, &tokens["refresh_token"], &json!({}));
    read.status == 401 && next.status == 400
}

fn ends_agents(set_password: impl Fn(&ConsentFixture, &Owner)) {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let code = code_of(server, &owner, &client_id);
    assert_eq!(read(server, &tokens).status, 200);
    let mut waiting = ConsentPage::open(&owner.page.browser, &link(server, &client_id, &[]));
    waiting.browser = owner.page.browser.clone();
    let chosen = waiting.repositories();
    set_password(&fixture, &owner);
    let chosen: Vec<_> = chosen.iter().map(String::as_str).collect();
    let refused = waiting.approve(&["read:branches"], &chosen);
    assert_eq!((refused.status, refused.header("location")), (401, None));
    assert!(is_over(server, &client_id, &tokens));
    let late = exchange(server, &client_id, &json!({"code": code}));
    assert_eq!(late.status, 400, "a code that was on its way");
    // Whoever has the new password signs in, finds no agent, and lets one in again.
    let login = json!({"email": "grace@mail.example", "password": NEW_PASSWORD});
    let session = server.client().post("/app/login", &login).ok();
    let person = server.client().with_bearer(&text(&session["sessionToken"]));
    assert!(!body(&person.get("/app/dashboard")).contains("agents-title"));
    let page = ConsentPage::open(&person, &link(server, &client_id, &[]));
    assert!(!page.html.contains(" checked>"), "nothing is chosen");
    let all = page.repositories();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let code = parameter(&location(&page.approve(&["read:branches"], &all)), "code");
    let again = exchange(server, &client_id, &json!({"code": code})).ok();
    assert_eq!(read(server, &again).status, 200);
    assert!(
        is_over(server, &client_id, &tokens),
        "the earlier ones stay over"
    );
}

#[test]
fn a_changed_password_ends_what_agents_may_read() {
    ends_agents(|_, owner| {
        let change = json!({"currentPassword": PASSWORD, "newPassword": NEW_PASSWORD});
        owner.person.post("/v1/account/password", &change).ok();
    });
}

#[test]
fn a_password_by_a_link_ends_what_agents_may_read() {
    ends_agents(|fixture, _| {
        let node = fixture.server.another_node(&ServerOptions {
            clock: Some(Arc::clone(&fixture.clock)),
            ..ServerOptions::default()
        });
        let made = block_on(node.reset_link("grace@mail.example")).unwrap();
        let fields = format!(
            "link={}&password={}",
            encoded(made.unwrap().expose()),
            encoded(NEW_PASSWORD)
        );
        let done = form(&fixture.server.client(), "/app/reset", &fields).send();
        assert_eq!(done.status, 303, "{}", body(&done));
    });
}

/// What one request brings when eight send it at once: the answers that succeeded.
fn at_once(client: &Client, request: &Value) -> Vec<Value> {
    let send = || {
        let (client, request) = (client.clone(), request.clone());
        thread::spawn(move || client.post("/oauth/token", &request))
    };
    let sent: Vec<_> = (0..8).map(|_| send()).collect();
    let answers = sent.into_iter().map(|one| one.join().unwrap());
    let (good, bad): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status == 200);
    assert!(bad.iter().all(|answer| answer.status == 400));
    good.iter().map(Response::json).collect()
}

#[test]
fn a_refresh_token_that_many_use_at_once_ends_what_it_brings() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, _owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let request = json!({
        "grant_type": "refresh_token", "client_id": client_id,
        "refresh_token": tokens["refresh_token"],
    });
    let issued = at_once(&server.client(), &request);
    assert_eq!(issued.len(), 1, "{issued:?}");
    for each in issued.iter().chain([&tokens]) {
        assert!(is_over(server, &client_id, each));
    }
}

#[test]
fn a_code_that_many_redeem_at_once_ends_what_it_brings() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let client_id = registered(server);
    let owner = Owner::of(&fixture, &client_id, "grace@mail.example");
    let code = parameter(&owner.approve(&["read:branches"]), "code");
    let request = json!({
        "grant_type": "authorization_code", "client_id": client_id, "code": code,
        "redirect_uri": LISTENING, "code_verifier": VERIFIER, "resource": tools(server),
    });
    let issued = at_once(&server.client(), &request);
    assert_eq!(issued.len(), 1, "{issued:?}");
    assert!(is_over(server, &client_id, &issued[0]));
}

#[test]
fn what_another_client_brings_is_of_no_use_to_it() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let thief = registered(server);
    // It is a client of that person's, too.
    ConsentPage::open(&owner.person, &link(server, &thief, &[]));
    for token in ["access_token", "refresh_token"] {
        let question = json!({"client_id": thief, "token": tokens[token]});
        let told = server.client().post("/oauth/introspect", &question).ok();
        assert_eq!(told["active"], false, "{token}");
        assert_eq!(server.client().post("/oauth/revoke", &question).status, 200);
    }
    assert_eq!(read(server, &tokens).status, 200);
    let code = code_of(server, &owner, &client_id);
    assert_eq!(exchange(server, &thief, &json!({"code": code})).status, 400);
    let spent = exchange(server, &client_id, &json!({"code": code}));
    assert_eq!(
        spent.status, 400,
        "a code that somebody else has seen is over"
    );
    assert_eq!(
        read(server, &tokens).status,
        200,
        "the earlier sign-in goes on"
    );
    let stolen = refreshed(server, &thief, &tokens["refresh_token"], &json!({}));
    assert_eq!(stolen.status, 400);
    assert!(is_over(server, &client_id, &tokens), "somebody else has it");
}

#[test]
fn a_request_names_one_target_of_this_server() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let client_id = registered(server);
    let owner = Owner::of(&fixture, &client_id, "grace@mail.example");
    let code = parameter(&owner.approve(&["read:branches"]), "code");
    let (tools, api) = (tools(server), format!("http://{}", server.address));
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", &client_id),
        ("redirect_uri", LISTENING),
        ("code_verifier", VERIFIER),
        ("code", &code),
    ];
    let form = form.map(|(name, value)| format!("{name}={}", encoded(value)));
    let form = form.join("&");
    let slash = format!("{tools}/");
    let capitals = tools.to_uppercase();
    for targets in [
        &[&*tools, &*tools][..],
        &[&tools, &api],
        &[&api, &tools],
        &[&api],
        &[&slash],
        &[&capitals],
        &["https://other.example/mcp"],
    ] {
        let named: String = targets
            .iter()
            .map(|target| format!("&resource={}", encoded(target)))
            .collect();
        let request = server.client().request("POST", "/oauth/token");
        let answer = request.form(&format!("{form}{named}")).send();
        let said = (answer.status, answer.json()["error"].clone());
        assert_eq!(said, (400, json!("invalid_target")), "{targets:?}");
        if targets == [&*api] {
            continue;
        }
        let asked = format!("{}{named}", link(server, &client_id, &[("resource", "")]));
        let leads = location(&owner.page.browser.get(&asked));
        assert!(leads.starts_with(LISTENING), "{leads}");
        assert_eq!(parameter(&leads, "error"), "invalid_target", "{targets:?}");
        assert!(!leads.contains("code="), "{leads}");
    }
    // Without a word it is the target that was approved.
    let tokens = server.client().request("POST", "/oauth/token").form(&form);
    assert_eq!(read(server, &tokens.send().ok()).status, 200);
}

#[test]
fn pages_that_nobody_approves_leave_nothing_behind() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let person = crate::contract::accounts::developer(server, "grace@mail.example");
    let rows = |target: &str| {
        let list = server.admin().get(target).ok();
        list["data"].as_array().unwrap().len()
    };
    let counts =
        || ["tenants", "clients"].map(|list| rows(&format!("/v1/platform/{list}?limit=100")));
    let before = counts();
    for _ in 0..16 {
        let id = registered(server);
        assert_eq!(person.get(&link(server, &id, &[])).status, 200);
    }
    assert!(counts()[0] >= before[0] + 16, "a workspace for each");
    fixture.clock.advance_millis(32 * 24 * 3600 * 1000);
    let node = server.another_node(&ServerOptions {
        public_clients: vec![PublicClientRule::Registration],
        clock: Some(Arc::clone(&fixture.clock)),
        ..ServerOptions::default()
    });
    let end_of_time = fixture.clock.now().after(Duration::from_secs(3600));
    let left = block_on(async {
        while node.delete_expired(Retention::default()).await.unwrap() > 0 {}
        while node.end_unused_clients(100).await.unwrap() > 0 {}
        let clients = server.storage.clients();
        clients.list_unused(end_of_time, end_of_time, 100).await
    });
    assert_eq!(left.unwrap().len(), 0, "no client");
    // All that stays is what stands for the owner of clients that have none.
    assert_eq!(counts(), [before[0] + 1, before[1]]);
}
