//! What the life of an app and its customer leaves in the audit: each act its rows, each refusal
//! that matters one, and nothing for what changes nothing.

use serde_json::json;

use crate::contract::{
    accounts::{developer, form},
    apps,
    platform_admin::audit,
    support::consent::{ConsentFixture, READS, location},
    support::{parameter, text},
};

/// What has come since, without who did it.
fn new_since(before: &mut Vec<String>, now: Vec<String>) -> Vec<String> {
    let mut left = before.clone();
    let new = now
        .iter()
        .filter(|row| match left.iter().position(|known| known == *row) {
            Some(at) => {
                left.swap_remove(at);
                false
            }
            None => true,
        })
        .map(|row| row.split_once(' ').unwrap().1.to_owned())
        .collect();
    *before = now;
    new
}

#[test]
fn the_whole_life_of_an_approval_is_audited() {
    // sec: LG-3
    let fixture = ConsentFixture::start();
    let mut seen = audit(&fixture.server);
    let mut step = |what: &str, expected: &[&str]| {
        let new = new_since(&mut seen, audit(&fixture.server));
        assert_eq!(new, expected, "{what}");
    };
    let wrong = json!({"email": "ada@mail.example", "password": "the wrong one, sadly"});
    assert_eq!(
        fixture.server.client().post("/app/login", &wrong).status,
        401
    );
    step("a wrong password", &["user.authenticate denied"]);
    developer(&fixture.server, "eve@mail.example");
    step("signing up", &["session.create ok", "user.create ok"]);

    let other = apps::create(&fixture.developer, &json!({"name": "Other"}));
    step("a new app", &["client.create ok"]);
    let id = text(&other["client"]["id"]);
    let at = format!("/v1/developer/apps/{id}");
    let changed = fixture
        .developer
        .request("PATCH", &at)
        .json(&json!({"name": "Another"}));
    changed.send().ok();
    step("a changed app", &["client.update ok"]);
    let second = fixture
        .developer
        .post(&format!("{at}/secrets"), &json!({}))
        .ok();
    step("a second secret", &["secret.create ok"]);
    let secret = text(&second["secret"]["id"]);
    let ended = fixture.developer.delete(&format!("{at}/secrets/{secret}"));
    assert_eq!(ended.status, 204);
    step("an ended secret", &["secret.delete ok"]);
    assert_eq!(fixture.developer.delete(&at).status, 204);
    step("a deleted app", &["client.delete ok"]);

    let (page, connection) = fixture.customer("42", &[]);
    // The workspace and its sessions, which anybody can open, are no rows that outlive them; that a
    // signed link has opened it is one.
    step(
        "a customer with an account",
        &["connection.create ok", "workspace.open ok"],
    );
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    let to = location(&page.approve(READS, &[&own]));
    step("an approval", &["authorization.approve ok"]);
    let code = parameter(&to, "code");
    let token = fixture.token(&json!({"code": code})).ok();
    step("a token", &["token.issue ok"]);
    assert_eq!(fixture.token(&json!({"code": code})).status, 400);
    step("the code once more", &["code.replay denied"]);
    assert_eq!(
        fixture
            .token(&json!({"code": code, "client_secret": "sggcs_x"}))
            .status,
        401
    );
    step("a wrong secret", &["client.authenticate denied"]);

    let manage = |what: &str| format!("/app/company/apps/{}/{what}", fixture.client_id());
    let fields = |more: &str| format!("csrf={}&customer_ref=42{more}", page.csrf());
    let post = |what: &str, more: &str| {
        let answer = form(&page.browser, &manage(what), &fields(more)).send();
        assert_eq!(answer.status, 303, "{what}");
    };
    let chosen = format!(
        "&permissions=read%3Acommits&repositories={}",
        own.replace(':', "%3A")
    );
    post("update", &chosen);
    step("a change of mind", &["authorization.update ok"]);
    post("revoke", "");
    step("the end of access", &["authorization.revoke ok"]);
    post("revoke", "");
    step("the end of nothing", &[]);
    post(&format!("connections/{connection}/disconnect"), "");
    step("an account less", &["connection.delete ok"]);
    let read = fixture
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    assert_eq!(read.get("/v1/repositories").status, 401);
    step("a read that is refused", &[]);
}
