//! Where sign-up is not open: an operator's one-time links make accounts and replace passwords.

use std::time::Duration;

use gitflare_core::{
    Clock, Secret, SystemClock,
    account_link::{AccountLink, AccountLinks},
    keys::{KeyRing, MasterKey},
};
use gitflare_server::SignUpMode;
use serde_json::json;

use crate::contract::{
    accounts::{form, signed_up},
    support::{Server, ServerOptions, block_on},
};

const PASSWORD: &str = "a password of some length";

fn server(mode: SignUpMode) -> Server {
    Server::with(ServerOptions {
        sign_up: Some(mode),
        ..ServerOptions::default()
    })
}

fn sealed(link: &AccountLink, lasts: Duration) -> String {
    let key = MasterKey::new(1, Secret::new((0..32).collect())).unwrap();
    let links = AccountLinks::new(&KeyRing::new(key, Vec::new()));
    let text = links.seal(link, SystemClock.now().after(lasts));
    text.expose().clone()
}

fn invitation(email: &str) -> String {
    let link = AccountLink::invitation(email).unwrap();
    sealed(&link, Duration::from_secs(60))
}

#[test]
fn a_closed_server_makes_accounts_by_its_operators_links() {
    let server = server(SignUpMode::Closed);
    let page = server.client().get("/app/signup");
    let body = String::from_utf8(page.body).unwrap();
    assert!(body.contains("Ask whoever runs it") && !body.contains("name=\"password\""));
    let sign_up = |email: &str, invitation: &str| {
        let body = json!({"email": email, "password": PASSWORD, "invitation": invitation});
        server.client().post("/app/signup", &body)
    };
    let ada = invitation("ada@mail.example");
    let ended = sealed(
        &AccountLink::invitation("ada@mail.example").unwrap(),
        Duration::ZERO,
    );
    for (email, link) in [
        ("ada@mail.example", ""),
        ("ada@mail.example", "nonsense"),
        ("ada@mail.example", ended.as_str()),
        ("eve@mail.example", ada.as_str()),
    ] {
        let refused = sign_up(email, link);
        let refusal = (403, "ACCESS_BLOCKED_BY_POLICY".into());
        assert_eq!(refused.refusal(), refusal, "{email} {link}");
    }
    let typed = format!(
        "email=eve%40mail.example&password={}",
        PASSWORD.replace(' ', "+")
    );
    let refused = form(&server.client(), "/app/signup", &typed).send();
    assert_eq!(refused.status, 403);

    let page = server
        .client()
        .get(&format!("/app/signup?invitation={ada}"));
    let body = String::from_utf8(page.body).unwrap();
    assert!(body.contains("value=\"ada@mail.example\"") && body.contains(&ada));
    assert_eq!(sign_up("Ada@Mail.example", &ada).status, 201);
    // Used: the address is taken. Nobody is told, and the session of the answer is none.
    let body = json!({"email": "ada@mail.example", "password": "quite another password", "invitation": ada});
    assert_eq!(server.client().post("/app/signup", &body).status, 201);
}

#[test]
fn the_first_link_makes_one_account() {
    let server = server(SignUpMode::Invite);
    let first = sealed(
        &AccountLink::SignUp { email: None },
        Duration::from_secs(60),
    );
    let sign_up = |email: &str| {
        let body = json!({"email": email, "password": PASSWORD, "invitation": first});
        server.client().post("/app/signup", &body).status
    };
    assert_eq!(sign_up("ada@mail.example"), 201);
    assert_eq!(sign_up("eve@mail.example"), 403);
}

#[test]
fn a_link_replaces_a_password_once() {
    // sec: SE-5
    let server = server(SignUpMode::Open);
    let (token, _) = signed_up(&server, "ada@mail.example");
    let found = block_on(server.storage.users().find_by_email("ada@mail.example"));
    let (user, password) = found.unwrap().unwrap();
    let link = sealed(
        &AccountLink::reset(user.id, &password),
        Duration::from_secs(60),
    );
    let page = server.client().get(&format!("/app/reset?link={link}"));
    assert_eq!(page.status, 200);
    assert!(
        String::from_utf8(page.body)
            .unwrap()
            .contains("ada@mail.example")
    );
    let reset = |password: &str| {
        let body = format!("link={link}&password={}", password.replace(' ', "+"));
        form(&server.client(), "/app/reset", &body).send()
    };
    let short = reset("short");
    assert_eq!(short.status, 400);
    assert!(String::from_utf8(short.body).unwrap().contains("12 to 128"));
    let done = reset("quite another password");
    assert_eq!(
        (done.status, done.header("location")),
        (303, Some("/app/dashboard"))
    );
    let ada = server.client().with_bearer(&token);
    assert_eq!(ada.get("/v1/account/me").status, 401, "every session ends");
    for (password, status) in [(PASSWORD, 401), ("quite another password", 200)] {
        let body = json!({"email": "ada@mail.example", "password": password});
        assert_eq!(server.client().post("/app/login", &body).status, status);
    }
    assert_eq!(reset("a third password here").status, 401, "it is used");
    let page = server.client().get(&format!("/app/reset?link={link}"));
    assert_eq!(page.status, 401);
    let invited = invitation("ada@mail.example");
    let page = server.client().get(&format!("/app/reset?link={invited}"));
    assert_eq!(page.status, 401, "a link does what it is for");
}

#[test]
fn an_admin_invites_where_that_is_allowed() {
    // sec: LG-3
    let body = json!({"email": "Ada@mail.example"});
    let closed = server(SignUpMode::Closed)
        .admin()
        .post("/v1/platform/invitations", &body);
    assert_eq!(closed.refusal(), (403, "ACCESS_BLOCKED_BY_POLICY".into()));
    let server = server(SignUpMode::Invite);
    let wrong = server
        .admin()
        .post("/v1/platform/invitations", &json!({"email": "ada"}));
    assert!(wrong.message().contains("`email`"));
    let made = server.admin().post("/v1/platform/invitations", &body);
    assert_eq!(made.status, 201);
    let invitation = made.json()["invitation"].clone();
    assert_eq!(invitation["email"], "ada@mail.example");
    let url = invitation["url"].as_str().unwrap();
    let (_, link) = url.split_once("/app/signup?invitation=").unwrap();
    let body = json!({"email": "ada@mail.example", "password": PASSWORD, "invitation": link});
    assert_eq!(server.client().post("/app/signup", &body).status, 201);
    let again = server.admin().post(
        "/v1/platform/invitations",
        &json!({"email": "ada@mail.example"}),
    );
    assert!(again.message().contains("has an account"));
}
