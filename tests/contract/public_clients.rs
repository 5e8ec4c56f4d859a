//! Clients that nobody has registered: by a registration of their own or a document, the pages that a
//! person sees for them, their tokens, and what hostile ones get.
// sec: MC-2, MC-3, MC-4, SC-1

mod attacks;
mod documents;
mod hostile;
mod refresh;

use gitflare_core::gateway::PublicClientRule;
use serde_json::{Value, json};

use crate::contract::{
    accounts::developer,
    support::{
        Client, Response, Server, ServerOptions, connection,
        consent::{ConsentFixture, ConsentPage, body, challenge, encoded, location},
        parameter, text,
    },
};

const REDIRECT: &str = "http://localhost/callback";
const LISTENING: &str = "http://localhost:45123/callback";
const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-in-all";

/// A server where clients may register themselves, and documents of `agent.example` are at an address
/// of the test's.
fn fixture(documents: Option<std::net::SocketAddr>) -> ConsentFixture {
    ConsentFixture::at(ServerOptions {
        public_clients: vec![PublicClientRule::AnyHost, PublicClientRule::Registration],
        document_hosts: documents
            .map(|address| ("agent.example".to_owned(), address))
            .into_iter()
            .collect(),
        ..ServerOptions::default()
    })
}

fn register(server: &Server, metadata: &Value) -> Response {
    server.client().post("/oauth/register", metadata)
}

/// A client that has registered itself.
fn registered(server: &Server) -> String {
    let metadata = json!({"redirect_uris": [REDIRECT], "client_name": "Night Owl"});
    let answer = register(server, &metadata);
    assert_eq!(answer.status, 201, "{}", answer.json());
    text(&answer.json()["client_id"])
}

fn tools(server: &Server) -> String {
    format!("http://{}/mcp", server.address)
}

/// The link that an agent opens in a browser.
fn link(server: &Server, client_id: &str, more: &[(&str, &str)]) -> String {
    let (tools, challenge) = (tools(server), challenge(VERIFIER));
    let mut pairs = vec![
        ("client_id", client_id),
        ("redirect_uri", LISTENING),
        ("response_type", "code"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("resource", &tools),
        ("state", "s-1"),
    ];
    for (name, value) in more {
        pairs.retain(|(kept, _)| kept != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    format!("/oauth/authorize?{}", pairs.join("&"))
}

/// A person who has an agent, with an account that is connected in their workspace for it.
struct Owner {
    person: Client,
    page: ConsentPage,
}

impl Owner {
    /// Opens the page of a client, and connects the local repositories there.
    fn of(fixture: &ConsentFixture, client_id: &str, email: &str) -> Self {
        let person = developer(&fixture.server, email);
        let target = link(&fixture.server, client_id, &[]);
        let page = ConsentPage::open(&person, &target);
        assert!(page.repositories().is_empty());
        let admin = fixture.server.admin();
        let tenants = admin.get("/v1/platform/tenants?limit=100").ok();
        let own = tenants["data"].as_array().unwrap().iter();
        let own: Vec<_> = own
            .filter(|tenant| tenant["kind"] == "company" && tenant["name"] == email)
            .collect();
        connection(&admin, &text(&own.last().unwrap()["id"]));
        let request = format!("/oauth/authorize?request_id={}", page.request_id);
        let mut again = ConsentPage::open(&page.browser, &request);
        again.browser = page.browser;
        Self {
            person,
            page: again,
        }
    }

    fn approve(&self, permissions: &[&str]) -> String {
        let all = self.page.repositories();
        assert!(!all.is_empty(), "a repository to choose");
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        location(&self.page.approve(permissions, &all))
    }
}

fn exchange(server: &Server, client_id: &str, more: &Value) -> Response {
    let mut request = json!({
        "grant_type": "authorization_code",
        "client_id": client_id,
        "redirect_uri": LISTENING,
        "code_verifier": VERIFIER,
        "resource": tools(server),
    });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    server.client().post("/oauth/token", &request)
}

fn refreshed(server: &Server, client_id: &str, token: &Value, more: &Value) -> Response {
    let mut request = json!({
        "grant_type": "refresh_token", "client_id": client_id, "refresh_token": token,
    });
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    server.client().post("/oauth/token", &request)
}

/// Calls a tool with a token.
fn call(server: &Server, token: &Value, name: &str) -> Response {
    let message = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": name, "arguments": {"provider": "local", "repository": "octo/hello"}},
    });
    let client = server.client().with_bearer(token.as_str().unwrap());
    client
        .request("POST", "/mcp")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2025-06-18")
        .json(&message)
        .send()
}

/// Registers, signs in, approves, and gets tokens.
fn signed_in(fixture: &ConsentFixture, scopes: &[&str]) -> (String, Owner, Value) {
    let client_id = registered(&fixture.server);
    let owner = Owner::of(fixture, &client_id, "grace@mail.example");
    let code = parameter(&owner.approve(scopes), "code");
    let tokens = exchange(&fixture.server, &client_id, &json!({"code": code})).ok();
    (client_id, owner, tokens)
}

#[test]
fn a_registration_is_answered_and_leaves_nothing_behind() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let counts = || {
        let rows = |target: &str| {
            let list = server.admin().get(target).ok();
            list["data"].as_array().unwrap().len()
        };
        (
            rows("/v1/platform/tenants?limit=100"),
            rows("/v1/platform/clients?limit=100"),
        )
    };
    let before = counts();
    let metadata = json!({
        "redirect_uris": [REDIRECT, "https://agent.example/cb"],
        "client_name": "Night \u{202e}Owl",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "read:branches read:tags",
        "application_type": "native",
        "software_id": "unread",
    });
    let answer = register(server, &metadata);
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let made = answer.json();
    let id = text(&made["client_id"]);
    assert!(id.starts_with("reg_") && id.len() < 400, "{id}");
    for (name, expected) in [
        ("redirect_uris", &metadata["redirect_uris"]),
        ("client_name", &json!("Night Owl")),
        ("token_endpoint_auth_method", &json!("none")),
        ("grant_types", &metadata["grant_types"]),
        ("response_types", &json!(["code"])),
        ("scope", &json!("read:branches read:tags")),
        ("application_type", &json!("native")),
        ("client_secret", &Value::Null),
        ("software_id", &Value::Null),
    ] {
        assert_eq!(&made[name], expected, "{name}");
    }
    assert!(made["client_id_issued_at"].as_i64().unwrap() > 0);
    let mut ids = std::collections::BTreeSet::new();
    let mut refused = 0;
    for _ in 0..100 {
        let answer = register(server, &json!({"redirect_uris": [REDIRECT]}));
        match answer.status {
            201 => assert!(ids.insert(text(&answer.json()["client_id"]))),
            _ => {
                assert_eq!(answer.refusal(), (429, "RATE_LIMITED".into()));
                refused += 1;
            }
        }
    }
    assert!(refused > 50, "a flood ends: {refused}");
    // Neither does a stranger's browser that follows their links.
    for id in &ids {
        let answer = server.client().get(&link(server, id, &[]));
        assert!(location(&answer).starts_with("/app/login?returnTo="));
    }
    assert_eq!(counts(), before);
}

#[test]
fn the_metadata_say_what_is_switched_on() {
    let on = fixture(None);
    let issuer = on
        .server
        .client()
        .get("/.well-known/oauth-authorization-server")
        .ok();
    let public = format!("http://{}", on.server.address);
    for (name, expected) in [
        ("issuer", json!(public)),
        (
            "registration_endpoint",
            json!(format!("{public}/oauth/register")),
        ),
        ("client_id_metadata_document_supported", json!(true)),
        (
            "grant_types_supported",
            json!(["authorization_code", "client_credentials", "refresh_token"]),
        ),
        (
            "token_endpoint_auth_methods_supported",
            json!(["client_secret_basic", "client_secret_post", "none"]),
        ),
        ("code_challenge_methods_supported", json!(["S256"])),
        (
            "authorization_response_iss_parameter_supported",
            json!(true),
        ),
    ] {
        assert_eq!(issuer[name], expected, "{name}");
    }
}

#[test]
fn a_person_signs_in_and_sees_hosts_before_names() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let client_id = registered(server);
    let target = link(server, &client_id, &[("scope", "read:tags read:branches")]);
    let leads = location(&server.client().get(&target));
    assert_eq!(leads, format!("/app/login?returnTo={}", nested(&target)));
    let login = server.client().get(&leads);
    assert!(body(&login).contains("returnTo"), "the way back is kept");

    let owner = developer(server, "grace@mail.example");
    let answer = owner.get(&target);
    let page = ConsentPage::of(&owner, &answer);
    for words in [
        "A program on this computer wants to read",
        "signed in as <strong>grace@mail.example</strong>",
        "“Night Owl”, a name that anybody can choose",
        "<strong>localhost:45123</strong>",
        "goes to a program on <strong>this computer</strong>",
        "what it says of itself; nobody here has checked it",
        "/app/company/apps/client_",
    ] {
        assert!(page.html.contains(words), "{words}: {}", page.html);
    }
    assert!(!page.html.contains(" checked>"), "nothing is chosen");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");

    // The page is that person's alone, and only while they are signed in.
    let request = format!("/oauth/authorize?request_id={}", page.request_id);
    let same = ConsentPage::open(&page.browser, &request);
    assert_eq!(same.request_id, page.request_id);
    let cookie = answer.header("set-cookie").unwrap();
    let cookie = cookie.split(';').next().unwrap();
    let nobody = server.client().with("cookie", cookie);
    let other = developer(server, "eve@mail.example").with("cookie", cookie);
    let deny = format!("/oauth/authorize/deny?request_id={}", page.request_id);
    let connect = format!(
        "/oauth/authorize/connect/github?request_id={}",
        page.request_id
    );
    for stranger in [&nobody, &other] {
        for target in [&request, &deny, &connect] {
            let answer = stranger.get(target);
            assert_eq!(answer.status, 403, "{target}: {}", body(&answer));
        }
    }
}

/// A text as it stands in a query.
fn nested(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[test]
fn a_token_is_for_what_was_approved_and_no_secret_stands_in_for_pkce() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let client_id = registered(server);
    let owner = Owner::of(&fixture, &client_id, "grace@mail.example");
    let leads = owner.approve(&["read:branches", "read:tags"]);
    assert!(leads.starts_with(LISTENING), "{leads}");
    assert_eq!(parameter(&leads, "state"), "s-1");
    assert_eq!(
        parameter(&leads, "iss"),
        format!("http://{}", server.address)
    );
    let code = parameter(&leads, "code");
    for (wrong, error) in [
        (json!({"code_verifier": null}), "invalid_grant"),
        (json!({"code_verifier": "x".repeat(50)}), "invalid_grant"),
        (json!({"redirect_uri": REDIRECT}), "invalid_grant"),
        (
            json!({"resource": "https://other.example/mcp"}),
            "invalid_target",
        ),
        (json!({"client_secret": "guess"}), "invalid_client"),
        (json!({"client_id": "reg_unknown"}), "invalid_client"),
    ] {
        let mut request = wrong;
        request["code"] = json!(code);
        let mut all = json!({
            "grant_type": "authorization_code", "client_id": client_id,
            "redirect_uri": LISTENING, "code_verifier": VERIFIER, "resource": tools(server),
        });
        for (name, value) in request.as_object().unwrap() {
            all[name] = value.clone();
        }
        let pairs: Vec<_> = all
            .as_object()
            .unwrap()
            .iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", encoded(value.as_str()?))))
            .collect();
        let answer = server
            .client()
            .request("POST", "/oauth/token")
            .form(&pairs.join("&"))
            .send();
        assert_eq!(answer.json()["error"], error, "{all}");
    }
    let tokens = exchange(server, &client_id, &json!({"code": code})).ok();
    assert!(text(&tokens["access_token"]).starts_with("sggmt_"));
    assert!(text(&tokens["refresh_token"]).starts_with("sggrt_"));
    assert_eq!(tokens["scope"], "read:branches read:tags");
    let read = call(server, &tokens["access_token"], "list_branches").ok();
    assert_eq!(read["result"]["isError"], false, "{read}");
    let missing = call(server, &tokens["access_token"], "list_commits");
    assert_eq!(missing.refusal(), (403, "INSUFFICIENT_SCOPE".into()));
    let challenge = missing.header("www-authenticate").unwrap();
    assert!(challenge.contains("scope=\"read:commits\", error=\"insufficient_scope\""));
    let api = server
        .client()
        .with_bearer(tokens["access_token"].as_str().unwrap());
    assert_eq!(
        api.get("/v1/me").refusal(),
        (401, "INVALID_CREDENTIALS".into())
    );
    // A client that has no secret does nothing in its own name.
    let own = json!({"grant_type": "client_credentials", "client_id": client_id});
    let answer = server.client().post("/oauth/token", &own);
    assert_eq!(answer.status, 400, "{}", answer.json());
    assert!(answer.message().contains("client_credentials"));
}

#[test]
fn what_was_asked_wrongly_goes_back_to_the_client_or_stays_on_a_page() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let client_id = registered(server);
    let owner = developer(server, "grace@mail.example");
    for (more, error) in [
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("scope", "read:tags admin"), "invalid_scope"),
        (("scope", "events:subscribe"), "invalid_scope"),
        (("resource", "https://other.example/mcp"), "invalid_target"),
        (("response_type", "token"), "unsupported_response_type"),
        (("customer_ref", "user_1"), "invalid_request"),
        (("customer_name", "Acme"), "invalid_request"),
    ] {
        let wrong = link(server, &client_id, &[more]);
        let leads = location(&owner.get(&wrong));
        assert!(leads.starts_with(LISTENING), "{more:?} {leads}");
        assert_eq!(parameter(&leads, "error"), error, "{more:?}");
        // Nobody is led away from here who has not signed in.
        let stranger = location(&server.client().get(&wrong));
        assert!(stranger.starts_with("/app/login?"), "{more:?} {stranger}");
    }
    for uri in [
        "http://localhost:45123/other",
        "http://127.0.0.1:45123/callback",
        "https://localhost:45123/callback",
        "http://localhost.evil.example/callback",
        "http://localhost:45123@evil.example/callback",
        "http://localhost:0/callback",
        "https://evil.example/callback",
    ] {
        let answer = owner.get(&link(server, &client_id, &[("redirect_uri", uri)]));
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{uri}"
        );
    }
}

#[test]
fn a_person_ends_what_an_agent_may_read_and_it_is_felt_at_once() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let manage = owner
        .page
        .html
        .split("href=\"/app/company/apps/")
        .nth(1)
        .unwrap();
    let manage = format!("/app/company/apps/{}", manage.split('"').next().unwrap());
    // Whoever is not signed in is led to the sign-in, and nobody sees another's page.
    let stranger = server.client().get(&manage);
    assert!(location(&stranger).starts_with("/app/login?returnTo="));
    let eve = developer(server, "eve@mail.example");
    assert_eq!(eve.get(&manage).status, 404);
    let page = ConsentPage::of(&owner.person, &owner.person.get(&manage));
    assert!(
        page.html.contains("A program on this computer"),
        "{}",
        page.html
    );
    let reads = call(server, &tokens["access_token"], "list_branches");
    assert_eq!(reads.ok()["result"]["isError"], false);
    let customer_ref =
        crate::contract::support::consent::field(&page.html, "name=\"customer_ref\" value=\"");
    let fields = format!("csrf={}&customer_ref={customer_ref}", page.csrf);
    let ended =
        crate::contract::accounts::form(&page.browser, &format!("{manage}/revoke"), &fields);
    assert_eq!(ended.send().status, 303);
    let answer = call(server, &tokens["access_token"], "list_branches");
    assert_eq!(answer.refusal(), (401, "AUTH_EXPIRED".into()));
    let again = refreshed(server, &client_id, &tokens["refresh_token"], &json!({}));
    assert_eq!(again.status, 400);
}

#[test]
fn a_browser_that_has_signed_out_acts_in_nobodys_workspace() {
    // sec: SE-5, PC-3
    let fixture = fixture(None);
    let server = &fixture.server;
    let client_id = registered(server);
    let person = developer(server, "grace@mail.example");
    let answer = person.get(&link(server, &client_id, &[]));
    let left = ConsentPage::of(&server.client(), &answer);
    let id = &left.request_id;
    for path in [
        format!("/oauth/authorize?request_id={id}"),
        format!("/oauth/authorize/deny?request_id={id}"),
        format!("/oauth/authorize/connect/local?request_id={id}"),
        format!("/oauth/authorize/connect/local?request_id={id}&popup=1"),
    ] {
        let refused = left.browser.get(&path);
        let code = (refused.status, refused.header("location"));
        assert_eq!(code, (403, None), "{path}");
    }
    // The person's own browser still can.
    let back = ConsentPage::of(&person, &answer).browser;
    let denied = location(&back.get(&format!("/oauth/authorize/deny?request_id={id}")));
    assert!(denied.starts_with(LISTENING), "{denied}");
}

#[test]
fn a_sign_in_that_sees_more_repositories_ends_the_earlier_ones() {
    // sec: OA-7, MC-4
    let fixture = fixture(None);
    let server = &fixture.server;
    let client_id = registered(server);
    let owner = Owner::of(&fixture, &client_id, "grace@mail.example");
    let all = owner.page.repositories();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    let one = all.iter().find(|it| it.contains("octo/hello")).unwrap();
    let sign_in = |repositories: &[&str]| {
        let mut page = ConsentPage::open(&owner.page.browser, &link(server, &client_id, &[]));
        page.browser = owner.page.browser.clone();
        let code = location(&page.approve(&["read:branches"], repositories));
        exchange(
            server,
            &client_id,
            &json!({"code": parameter(&code, "code")}),
        )
        .ok()
    };
    let reads = |tokens: &Value| call(server, &tokens["access_token"], "list_branches").status;
    let (laptop, desk) = (sign_in(&[one]), sign_in(&[one]));
    assert_eq!((reads(&laptop), reads(&desk)), (200, 200));
    let server_room = sign_in(&all);
    assert_eq!(reads(&server_room), 200);
    for earlier in [laptop, desk] {
        assert_eq!(reads(&earlier), 401);
        let renewed = refreshed(server, &client_id, &earlier["refresh_token"], &json!({}));
        assert_eq!(renewed.status, 400);
    }
}

#[test]
fn a_person_finds_their_agents_on_the_dashboard() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let eve = developer(server, "eve@mail.example");
    assert!(!body(&eve.get("/app/dashboard")).contains("agents-title"));
    let (_, owner, tokens) = signed_in(&fixture, &["read:branches", "read:tags"]);
    let shown = || body(&owner.person.get("/app/dashboard"));
    let page = shown();
    let mine = page.split("agents-title").nth(2).expect("a list of agents");
    let mine = mine.split("</section>").next().unwrap();
    for words in [
        "A program on this computer",
        "calls itself Night Owl",
        "<code>read:branches</code> <code>read:tags</code>",
        "never",
    ] {
        assert!(mine.contains(words), "{words}: {mine}");
    }
    call(server, &tokens["access_token"], "list_branches").ok();
    let page = shown();
    let link = page.split("href=\"/app/company/apps/").nth(1).unwrap();
    let manage = format!("/app/company/apps/{}", link.split('"').next().unwrap());
    assert_eq!(owner.person.get(&manage).status, 200);
    // Nobody else sees it, and what has ended is gone from the list.
    assert!(!body(&eve.get("/app/dashboard")).contains("agents-title"));
    let manage_page = ConsentPage::of(&owner.person, &owner.person.get(&manage));
    let customer_ref = crate::contract::support::consent::field(
        &manage_page.html,
        "name=\"customer_ref\" value=\"",
    );
    let fields = format!("csrf={}&customer_ref={customer_ref}", manage_page.csrf);
    let ended =
        crate::contract::accounts::form(&manage_page.browser, &format!("{manage}/revoke"), &fields);
    assert_eq!(ended.send().status, 303);
    assert!(!shown().contains("agents-title"));
}

#[test]
fn deleting_an_account_ends_its_agents() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let gone = owner.person.delete("/v1/account/me");
    assert!(matches!(gone.status, 200 | 204), "{}", body(&gone));
    let answer = call(server, &tokens["access_token"], "list_branches");
    assert_eq!(answer.refusal(), (401, "AUTH_EXPIRED".into()));
    let again = refreshed(server, &client_id, &tokens["refresh_token"], &json!({}));
    assert_eq!(again.status, 400);
}

#[test]
fn two_people_with_one_agent_see_nothing_of_each_other() {
    let fixture = fixture(None);
    let client_id = registered(&fixture.server);
    let grace = Owner::of(&fixture, &client_id, "grace@mail.example");
    let eve = developer(&fixture.server, "eve@mail.example");
    let page = ConsentPage::open(&eve, &link(&fixture.server, &client_id, &[]));
    assert!(page.repositories().is_empty());
    // What Eve names of Grace's is refused.
    let theirs = grace.page.repositories();
    let answer = page.approve(&["read:branches"], &[&theirs[0]]);
    assert_eq!(answer.status, 403);
}
