//! Signing up, in and out; what a session may do and when it ends; what an account sees.

use std::time::{Duration, Instant};

use gitflare_core::{Clock, CredentialHash, Timestamp};
use serde_json::{Value, json};

use crate::contract::support::{
    Client, Request, Response, Server, ServerOptions, fixed_clock, text,
};

const PASSWORD: &str = "a password of some length";

/// Somebody who has signed up: the token of their session, and the answer.
pub(crate) fn signed_up(server: &Server, email: &str) -> (String, Value) {
    let body = json!({"email": email, "password": PASSWORD, "name": "Ada"});
    let answer = server.client().post("/app/signup", &body);
    assert_eq!(answer.status, 201, "{}", answer.json());
    let answer = answer.json();
    (text(&answer["sessionToken"]), answer)
}

/// A developer's client with a bearer session.
pub(crate) fn developer(server: &Server, email: &str) -> Client {
    server.client().with_bearer(&signed_up(server, email).0)
}

/// A form as a browser on our own page sends it.
pub(crate) fn form(client: &Client, target: &str, body: &str) -> Request {
    let origin = format!("http://{}", client.host());
    client
        .request("POST", target)
        .header("origin", &origin)
        .form(body)
}

/// The cookie that an answer sets, as a browser sends it back.
pub(crate) fn cookie(answer: &Response) -> String {
    let set = answer.header("set-cookie").unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// A browser that has logged in by the form.
fn browser(server: &Server, email: &str) -> Client {
    signed_up(server, email);
    signed_in(server, email)
}

/// A browser in which somebody who has an account logs in by the form.
pub(crate) fn signed_in(server: &Server, email: &str) -> Client {
    let body = format!("email={email}&password={}", PASSWORD.replace(' ', "+"));
    let answer = form(&server.client(), "/app/login", &body).send();
    assert_eq!(
        answer.status,
        303,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    assert_eq!(answer.header("location"), Some("/app/dashboard"));
    server.client().with("cookie", &cookie(&answer))
}

/// The token that a session's pages carry, from a page that shows it.
fn csrf(browser: &Client) -> String {
    let page = browser.get("/app/dashboard");
    let body = String::from_utf8(page.body).unwrap();
    let (_, rest) = body.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Waits until the last use of a session is written, which may lag.
fn used_at(server: &Server, token: &str, at: Timestamp) {
    let sessions = server.storage.sessions();
    let hash = CredentialHash::of(token);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        let session = runtime.block_on(sessions.find(&hash, at)).unwrap();
        if session.is_some_and(|session| session.last_used_at == at) {
            return;
        }
        std::thread::yield_now();
    }
    panic!("the last use was not written in time");
}

#[test]
fn signing_up_answers_a_session_token_and_the_person() {
    let server = Server::start();
    let (token, answer) = signed_up(&server, "Ada@Mail.Example");
    assert!(token.starts_with("sggst_"));
    assert_eq!(answer["user"]["email"], "ada@mail.example");
    assert_eq!(answer["user"]["name"], "Ada");
    let me = server
        .client()
        .with_bearer(&token)
        .get("/v1/account/me")
        .ok();
    assert_eq!(me["user"], answer["user"]);
    assert_eq!(me["tenants"][0]["role"], "owner");
    assert_eq!(me["tenants"][0]["tenant"]["kind"], "developer");
    assert_eq!(me["session"]["expiresAt"], answer["expiresAt"]);
    assert_eq!(me.as_object().unwrap().len(), 3);
    let body = json!({"email": "ada@mail.example", "password": PASSWORD});
    let login = server.client().post("/app/developer/login", &body);
    assert_eq!(login.status, 200);
    assert_ne!(text(&login.json()["sessionToken"]), token);
    assert_eq!(login.header("set-cookie"), None, "JSON sets no cookie");
}

#[test]
fn what_cannot_be_signed_up_with_is_named() {
    // sec: PW-3
    let server = Server::start();
    signed_up(&server, "taken@mail.example");
    let long = "x".repeat(129);
    for (email, password, name) in [
        ("nobody", PASSWORD, "email"),
        ("ada.lovelace@mail.example", "Ada.Lovelace1815", "password"),
        ("a@mail.example", "elevenchars", "password"),
        ("b@mail.example", &long, "password"),
        ("c@mail.example", "password1234", "password"),
    ] {
        let body = json!({"email": email, "password": password});
        let answer = server.client().post("/app/signup", &body);
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{email}");
        assert!(answer.message().contains(&format!("`{name}`")), "{email}");
    }
}

#[test]
fn signing_up_again_with_the_right_password_is_signing_in() {
    let server = Server::start();
    let (_, first) = signed_up(&server, "taken@mail.example");
    let body = json!({"email": " TAKEN@mail.example", "password": PASSWORD});
    let again = server.client().post("/app/signup", &body);
    assert_eq!(again.status, 201);
    assert_eq!(again.json()["user"], first["user"]);
    let token = text(&again.json()["sessionToken"]);
    let me = server.client().with_bearer(&token).get("/v1/account/me");
    assert_eq!(me.status, 200);
}

/// An answer with everything in it that is made anew each time put aside, after a look at its form.
fn without_ids(answer: &Response, secret: &str, id: &str) -> (Vec<(String, String)>, String) {
    let masked = |text: &str| text.replace(secret, "SECRET").replace(id, "ID");
    let request_id = answer.header("x-request-id").unwrap();
    let headers = answer.headers.iter().filter(|(name, _)| name != "date");
    let headers =
        headers.map(|(name, value)| (name.clone(), masked(value).replace(request_id, "REQUEST")));
    let body = String::from_utf8(answer.body.clone()).unwrap();
    (
        headers.collect(),
        masked(&body).replace(request_id, "REQUEST"),
    )
}

#[test]
fn sign_up_does_not_tell_whether_an_address_has_an_account() {
    // sec: PW-3
    let server = Server::with(ServerOptions {
        clock: Some(fixed_clock()),
        ..ServerOptions::default()
    });
    let (own, _) = signed_up(&server, "known@mail.example");
    let json = |email: &str| {
        let body = json!({"email": email, "password": "kind-river-walrus-9", "name": "Bob"});
        server.client().post("/app/signup", &body)
    };
    let (known, unknown) = (json("known@mail.example"), json("other@mail.example"));
    let apart = |answer: &Response| {
        let body = answer.json();
        let (secret, id) = (text(&body["sessionToken"]), text(&body["user"]["id"]));
        let (headers, body) = without_ids(answer, &secret, &id);
        (answer.status, headers, body.replace("known@", "other@"))
    };
    assert_eq!(known.status, 201);
    assert_eq!(apart(&known), apart(&unknown));

    // The stranger has nothing, and the account is as it was.
    let stranger = server
        .client()
        .with_bearer(&text(&known.json()["sessionToken"]));
    let refused = stranger.get("/v1/account/me");
    assert_eq!(refused.refusal(), (401, "AUTH_EXPIRED".into()));
    let owner = server.client().with_bearer(&own);
    assert_eq!(owner.get("/v1/account/me").status, 200);
    let login = |password: &str| {
        let body = json!({"email": "known@mail.example", "password": password});
        server.client().post("/app/login", &body).status
    };
    assert_eq!((login(PASSWORD), login("kind-river-walrus-9")), (200, 401));
}

#[test]
fn the_sign_up_form_does_not_tell_it_either_and_leads_on_to_sign_in() {
    // sec: PW-3
    let server = Server::with(ServerOptions {
        clock: Some(fixed_clock()),
        ..ServerOptions::default()
    });
    signed_up(&server, "known@mail.example");
    let sign_up = |email: &str| {
        let body = format!("email={email}&password=kind-river-walrus-9&name=Bob");
        form(&server.client(), "/app/signup", &body).send()
    };
    let (known, unknown) = (sign_up("known@mail.example"), sign_up("other@mail.example"));
    let apart = |answer: &Response| {
        let set = cookie(answer);
        let (_, secret) = set.split_once('=').unwrap();
        (answer.status, without_ids(answer, secret, "no id"))
    };
    assert_eq!(known.status, 303);
    assert_eq!(apart(&known), apart(&unknown));

    let stranger = server.client().with("cookie", &cookie(&known));
    let dashboard = stranger.get("/app/dashboard");
    assert_eq!(dashboard.status, 303);
    let page = stranger.get(dashboard.header("location").unwrap());
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains("its password has stayed the same"), "{page}");
    let newcomer = server.client().with("cookie", &cookie(&unknown));
    assert_eq!(newcomer.get("/app/dashboard").status, 200);
}

#[test]
fn sign_ups_with_one_address_are_counted_whatever_becomes_of_them() {
    // sec: PW-4
    let server = Server::start();
    signed_up(&server, "known@mail.example");
    for (email, before) in [("known@mail.example", 1), ("other@mail.example", 0)] {
        let statuses: Vec<_> = (before..6)
            .map(|_| {
                let body = json!({"email": email, "password": "kind-river-walrus-9"});
                server.client().post("/app/signup", &body).status
            })
            .collect();
        let expected = [201, 201, 201, 201, 201, 429];
        assert_eq!(statuses, expected[before..], "{email}");
    }
}

#[test]
fn an_unknown_address_and_a_wrong_password_look_the_same() {
    // sec: PW-3
    let server = Server::start();
    signed_up(&server, "ada@mail.example");
    let login = |email: &str| {
        let body = json!({"email": email, "password": "not the right password"});
        server.client().post("/app/login", &body)
    };
    let (wrong, unknown) = (login("ada@mail.example"), login("bob@mail.example"));
    for answer in [&wrong, &unknown] {
        assert_eq!(answer.refusal(), (401, "INVALID_CREDENTIALS".into()));
    }
    assert_eq!(wrong.message(), unknown.message());
}

#[test]
fn the_sixth_try_has_to_wait() {
    // sec: PW-4
    let server = Server::start();
    signed_up(&server, "ada@mail.example");
    let login = |password: &str| {
        let body = json!({"email": "ada@mail.example", "password": password});
        server.client().post("/app/login", &body)
    };
    for _ in 0..5 {
        assert_eq!(login("not the right password").status, 401);
    }
    let refused = login(PASSWORD);
    assert_eq!(refused.refusal(), (429, "RATE_LIMITED".into()));
    let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=30).contains(&wait));
    signed_up(&server, "bob@mail.example");
}

#[test]
fn customers_have_no_accounts_any_more() {
    let server = Server::start();
    for (method, path) in [
        ("GET", "/app/customer/signup"),
        ("POST", "/app/customer/signup"),
        ("GET", "/app/customer/login"),
        ("POST", "/app/customer/login"),
    ] {
        let request = server.client().request(method, path);
        let answer = request.header("accept", "application/json").send();
        assert_eq!(
            answer.refusal(),
            (410, "RESOURCE_NOT_FOUND".into()),
            "{path}"
        );
        let page = server.client().request(method, path).send();
        assert_eq!(page.status, 410);
        assert!(
            page.header("content-type")
                .unwrap()
                .starts_with("text/html")
        );
    }
}

#[test]
fn a_session_ends_by_idleness_age_and_logout() {
    // sec: SE-1, SE-5
    let clock = fixed_clock();
    let server = Server::with(ServerOptions {
        clock: Some(clock.clone()),
        ..ServerOptions::default()
    });
    let hours = |count: i64| count * 3_600_000;
    let ada = developer(&server, "ada@mail.example");
    clock.advance_millis(hours(11));
    ada.get("/v1/account/me").ok();
    clock.advance_millis(hours(12));
    let idle = ada.get("/v1/account/me");
    assert_eq!(idle.refusal(), (401, "AUTH_EXPIRED".into()));
    let (token, _) = signed_up(&server, "bob@mail.example");
    let bob = server.client().with_bearer(&token);
    for _ in 0..16 {
        clock.advance_millis(hours(10));
        bob.get("/v1/account/me").ok();
        used_at(&server, &token, clock.now());
    }
    clock.advance_millis(hours(10));
    assert_eq!(bob.get("/v1/account/me").status, 401, "a week is the most");
    let eve = developer(&server, "eve@mail.example");
    assert_eq!(eve.get("/app/logout").status, 303);
    assert_eq!(eve.get("/v1/account/me").status, 401);
}

#[test]
fn no_credential_of_another_kind_is_a_session() {
    // sec: SE-4
    let server = Server::start();
    let (token, _) = signed_up(&server, "ada@mail.example");
    for client in [
        server.client(),
        server
            .client()
            .with("cookie", &format!("gf_session={token}")),
        server
            .client()
            .with("cookie", &format!("__Host-gf_embed={token}")),
        server
            .client()
            .with("cookie", &format!("__Host-gf_testapp={token}")),
    ] {
        let answer = client.get("/v1/account/me");
        assert_eq!(answer.refusal(), (401, "AUTH_REQUIRED".into()));
    }
    for bearer in ["sggst_x", &token[..54], "sggat_0"] {
        let answer = server.client().with_bearer(bearer).get("/v1/account/me");
        assert_eq!(answer.refusal(), (401, "AUTH_EXPIRED".into()));
    }
    let page = server.client().get("/app/logout");
    assert_eq!(
        (page.status, page.header("location")),
        (303, Some("/app/login"))
    );
}

#[test]
fn a_login_never_adopts_a_cookie_that_was_planted() {
    // sec: SE-2, SE-3
    let server = Server::start();
    let (planted, _) = signed_up(&server, "eve@mail.example");
    signed_up(&server, "ada@mail.example");
    let body = format!(
        "email=ada%40mail.example&password={}",
        PASSWORD.replace(' ', "+")
    );
    let client = server
        .client()
        .with("cookie", &format!("__Host-gf_session={planted}"));
    let answer = form(&client, "/app/login", &body).send();
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-gf_session=sggst_"), "{set}");
    assert!(!set.contains(&planted));
    assert!(
        set.ends_with("; Path=/; Max-Age=604800; HttpOnly; Secure; SameSite=Lax"),
        "{set}"
    );
    let me = server
        .client()
        .with("cookie", &cookie(&answer))
        .get("/v1/account/me");
    assert_eq!(me.ok()["user"]["email"], "ada@mail.example");
}

#[test]
fn a_form_from_another_site_is_refused() {
    // sec: CS-1
    let server = Server::start();
    signed_up(&server, "ada@mail.example");
    let own = format!("http://{}", server.client().host());
    let body = format!(
        "email=ada%40mail.example&password={}",
        PASSWORD.replace(' ', "+")
    );
    for (name, value, status) in [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("x-none", "1", 403),
        ("sec-fetch-site", "same-origin", 303),
        ("origin", &own, 303),
    ] {
        let request = server.client().request("POST", "/app/login").form(&body);
        assert_eq!(
            request.header(name, value).send().status,
            status,
            "{name} {value}"
        );
    }
}

#[test]
fn a_cookie_alone_changes_nothing() {
    // sec: CS-1, CS-2
    let server = Server::start();
    let ada = browser(&server, "ada@mail.example");
    let eve = browser(&server, "eve@mail.example");
    let own = format!("http://{}", ada.host());
    let (token, others) = (csrf(&ada), csrf(&eve));
    assert_ne!(token, others);
    let app = json!({
        "name": "App",
        "allowedRedirectUris": ["https://app.example/cb"],
        "defaultPermissions": ["read:commits"],
    });
    for (origin, sent) in [
        (own.as_str(), ""),
        (&own, "nonsense"),
        (&own, &others),
        ("https://evil.example", &token),
        ("null", &token),
    ] {
        let request = ada.request("POST", "/v1/developer/apps").json(&app);
        let answer = request
            .header("origin", origin)
            .header("x-csrf-token", sent)
            .send();
        assert_eq!(
            answer.refusal(),
            (403, "ACCESS_BLOCKED_BY_POLICY".into()),
            "{origin} {sent}"
        );
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        let request = ada.request("POST", "/v1/developer/apps");
        let answer = request
            .body(kind, app.to_string().into_bytes())
            .header("origin", &own)
            .header("x-csrf-token", &token)
            .send();
        assert_eq!(answer.status, 415, "{kind}");
    }
    assert_eq!(ada.get("/v1/developer/apps").ok()["data"], json!([]));
    let answer = ada
        .request("POST", "/v1/developer/apps")
        .json(&app)
        .header("origin", &own)
        .header("x-csrf-token", &token)
        .send();
    assert_eq!(answer.status, 201);
}

#[test]
fn another_site_cannot_sign_a_browser_out() {
    // sec: SE-5
    let server = Server::start();
    let ada = browser(&server, "ada@mail.example");
    let token = csrf(&ada);
    let out = |target: &str, site: &str| {
        let request = ada.request("GET", target);
        request.header("sec-fetch-site", site).send().status
    };
    assert_eq!(out("/app/logout", "cross-site"), 403);
    assert_eq!(out("/app/logout", "same-site"), 403);
    assert_eq!(out("/app/logout?csrf=x", "cross-site"), 403);
    assert_eq!(ada.get("/app/logout").status, 403);
    ada.get("/v1/account/me").ok();
    assert_eq!(out(&format!("/app/logout?csrf={token}"), "cross-site"), 303);
    assert_eq!(ada.get("/v1/account/me").status, 401);
}

#[test]
fn a_new_password_ends_every_session() {
    // sec: SE-5
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let change = |current: &str, new: &str| {
        let body = json!({"currentPassword": current, "newPassword": new});
        ada.post("/v1/account/password", &body)
    };
    let wrong = change("not the right password", "another long password");
    assert_eq!(wrong.refusal(), (401, "INVALID_CREDENTIALS".into()));
    let short = change(PASSWORD, "short");
    assert!(short.message().contains("`newPassword`"));
    let changed = change(PASSWORD, "another long password").ok();
    assert_eq!(ada.get("/v1/account/me").status, 401);
    let token = text(&changed["sessionToken"]);
    server
        .client()
        .with_bearer(&token)
        .get("/v1/account/me")
        .ok();
    for (password, status) in [(PASSWORD, 401), ("another long password", 200)] {
        let body = json!({"email": "ada@mail.example", "password": password});
        assert_eq!(server.client().post("/app/login", &body).status, status);
    }
}

#[test]
fn whoever_leaves_takes_sessions_and_apps_along() {
    // sec: CA-1, SE-5
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let app = crate::contract::apps::create(&ada, &json!({}));
    let ask = || {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": app["client"]["id"],
            "client_secret": app["clientSecret"],
        });
        server.client().post("/oauth/token", &body)
    };
    let token = text(&ask().ok()["accessToken"]);
    assert_eq!(ada.delete("/v1/account/me").status, 204);
    assert_eq!(ada.get("/v1/account/me").status, 401);
    assert_eq!(ask().refusal(), (401, "INVALID_CREDENTIALS".into()));
    let read = server.client().with_bearer(&token).get("/v1/me");
    assert_eq!(read.refusal(), (401, "AUTH_EXPIRED".into()));
}

#[test]
fn whoever_leaves_leaves_no_account_behind_that_nobody_sees() {
    // sec: CA-1, CA-3, SC-5
    let server = Server::start();
    let (ada, admin) = (developer(&server, "ada@mail.example"), server.admin());
    let tenant = text(&ada.get("/v1/account/me").ok()["tenants"][0]["tenant"]["id"]);
    let own = crate::contract::support::connection(&admin, &tenant);
    // An operator's own tenant never had anybody who left.
    let kept = crate::contract::support::tenant(&admin, "company");
    let kept = crate::contract::support::connection(&admin, &kept);
    let left = || {
        server.clean_up();
        let all = admin.get("/v1/connections?limit=100").ok();
        let ids = all["data"].as_array().unwrap().iter();
        ids.map(|row| text(&row["id"])).collect::<Vec<_>>()
    };
    let mut both = vec![own, kept.clone()];
    both.sort();
    assert_eq!(left(), both);
    assert_eq!(ada.delete("/v1/account/me").status, 204);
    assert_eq!(left(), [kept]);
    let tenants = admin.get("/v1/platform/tenants?limit=100").ok();
    assert!(!tenants.to_string().contains(&tenant), "{tenants}");
}

#[test]
fn an_account_sees_the_connections_of_its_own_tenants() {
    // sec: TN-2
    let server = Server::start();
    let ada = developer(&server, "ada@mail.example");
    let eve = developer(&server, "eve@mail.example");
    let tenant = text(&ada.get("/v1/account/me").ok()["tenants"][0]["tenant"]["id"]);
    let connection = crate::contract::support::connection(&server.admin(), &tenant);
    for (client, target, expected) in [
        (&ada, "/v1/account/connections".to_owned(), Some(1)),
        (
            &ada,
            format!("/v1/account/connections?tenantId={tenant}"),
            Some(1),
        ),
        (
            &ada,
            "/v1/account/connections?provider=local".to_owned(),
            Some(1),
        ),
        (&eve, "/v1/account/connections".to_owned(), Some(0)),
        (
            &eve,
            format!("/v1/account/connections?tenantId={tenant}"),
            None,
        ),
        (
            &eve,
            "/v1/account/connections?tenantId=tenant_0".to_owned(),
            None,
        ),
        (
            &eve,
            format!("/v1/account/repositories?tenantId={tenant}"),
            None,
        ),
    ] {
        let answer = client.get(&target);
        match expected {
            Some(count) => {
                let body = answer.ok();
                assert_eq!(body["data"].as_array().unwrap().len(), count, "{target}");
                if count == 1 {
                    assert_eq!(body["data"][0]["id"], connection.as_str());
                }
            }
            None => assert_eq!(
                answer.refusal(),
                (404, "RESOURCE_NOT_FOUND".into()),
                "{target}"
            ),
        }
    }
    let numbered = ada.get("/v1/account/repositories?page=2");
    assert_eq!(numbered.refusal(), (400, "PAGINATION_NOT_SUPPORTED".into()));
    let repositories = ada.get("/v1/account/repositories").ok();
    assert_eq!(repositories["errors"], json!([]));
    assert_eq!(eve.get("/v1/account/repositories").ok()["data"], json!([]));
}

#[test]
fn a_form_says_all_that_is_wrong_at_once() {
    let server = Server::start();
    let client = server.client();
    let fields_of = |answer: Response| {
        assert_eq!(answer.status, 400);
        let html = String::from_utf8(answer.body).unwrap();
        let marks = html.match_indices("class=\"field-problem\"").count();
        (marks, html)
    };
    let entered = "email=nope&password=a&name=Ada";
    let (marks, html) = fields_of(form(&client, "/app/signup", entered).send());
    assert_eq!(marks, 2, "{html}");
    assert!(html.contains("value=\"nope\"") && html.contains("value=\"Ada\""));
    let developer = developer(&server, "ada@mail.example");
    let app = "name=GitHub&allowedRedirectUris=http%3A%2F%2Fapp.example&preset=";
    let made = developer.request("POST", "/app/developer/apps").form(app);
    let (marks, html) = fields_of(made.send());
    assert_eq!(
        marks, 3,
        "the name, the address and the permissions: {html}"
    );
}
