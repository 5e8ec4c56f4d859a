//! Refresh tokens over HTTP: each is good once, a used one ends them all, none widens anything.

use std::sync::Arc;

use gitflare_core::{
    Code, Secret,
    gateway::{Gateway, PublicClientRule, Query, ReadCredential, ReadRequest, TokenRequest},
    provider::Endpoint,
};
use serde_json::{Value, json};

use super::{call, exchange, fixture, link, refreshed, registered, signed_in, tools};
use crate::contract::support::{
    ServerOptions, block_on,
    consent::{ConsentPage, location},
    parameter, text,
};

fn error_of(answer: &crate::contract::support::Response) -> (u16, Value) {
    let body = answer.json();
    (answer.status, body["error"]["code"].clone())
}

#[test]
fn a_refresh_token_is_replaced_at_each_use_and_a_used_one_ends_them_all() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, _owner, first) = signed_in(&fixture, &["read:branches", "read:tags"]);
    let second = refreshed(server, &client_id, &first["refresh_token"], &json!({})).ok();
    assert_eq!(second["issuedBy"], "refresh_token");
    assert_eq!(second["scope"], first["scope"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert!(text(&second["access_token"]).starts_with("sggmt_"));
    for tokens in [&first, &second] {
        let read = call(server, &tokens["access_token"], "list_branches").ok();
        assert_eq!(read["result"]["isError"], false);
    }
    let narrow = json!({"scope": "read:tags", "resource": tools(server)});
    let third = refreshed(server, &client_id, &second["refresh_token"], &narrow).ok();
    assert_eq!(third["scope"], "read:tags");
    let whole = refreshed(server, &client_id, &third["refresh_token"], &json!({})).ok();
    assert_eq!(
        whole["scope"], first["scope"],
        "one access token was narrowed, not the rest"
    );

    let replayed = refreshed(server, &client_id, &second["refresh_token"], &json!({}));
    assert_eq!(error_of(&replayed), (400, json!("INVALID_REQUEST")));
    for tokens in [&first, &second, &third, &whole] {
        let answer = call(server, &tokens["access_token"], "list_tags");
        assert_eq!(answer.refusal(), (401, "AUTH_EXPIRED".into()));
        let answer = refreshed(server, &client_id, &tokens["refresh_token"], &json!({}));
        assert_eq!(answer.status, 400);
    }
}

#[test]
fn a_refresh_token_never_widens_and_is_its_clients_alone() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, _owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let token = &tokens["refresh_token"];
    let public = format!("http://{}", server.address);
    let form = |more: &Value| {
        let mut all = json!({
            "grant_type": "refresh_token", "client_id": client_id, "refresh_token": token,
        });
        for (name, value) in more.as_object().unwrap() {
            all[name] = value.clone();
        }
        let pairs: Vec<_> = all
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                let value = crate::contract::support::consent::encoded(value.as_str().unwrap());
                format!("{name}={value}")
            })
            .collect();
        let request = server.client().request("POST", "/oauth/token");
        request.form(&pairs.join("&")).send()
    };
    for (more, error) in [
        (
            json!({"scope": "read:branches read:commits"}),
            "invalid_scope",
        ),
        (json!({"scope": "everything"}), "invalid_scope"),
        (json!({"resource": public}), "invalid_target"),
        (
            json!({"resource": "https://other.example"}),
            "invalid_target",
        ),
        (json!({"refresh_token": "sggrt_nonsense"}), "invalid_grant"),
        (
            json!({"refresh_token": tokens["access_token"]}),
            "invalid_grant",
        ),
        (json!({"client_secret": "guess"}), "invalid_client"),
        (json!({"client_id": registered(server)}), "invalid_client"),
    ] {
        let answer = form(&more);
        assert_eq!(answer.json()["error"], error, "{more}");
    }
    // None of that has cost the rightful one anything.
    let next = form(&json!({})).json();
    assert!(text(&next["refresh_token"]).starts_with("sggrt_"));

    // An app that has a secret gets none, and can use none.
    let app = server.client().post(
        "/oauth/token",
        &json!({
            "grant_type": "refresh_token", "refresh_token": next["refresh_token"],
            "client_id": fixture.client_id(), "client_secret": fixture.app["clientSecret"],
        }),
    );
    assert_eq!(app.status, 400);
    assert!(call(server, &next["access_token"], "list_branches").status == 200);
}

#[test]
fn refresh_tokens_end_with_time_and_when_their_client_gives_them_back() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let day = 24 * 3600 * 1000;
    let (client_id, _owner, mut tokens) = signed_in(&fixture, &["read:branches"]);
    // 30 days idle at most, 90 in all.
    for _ in 0..3 {
        fixture.clock.advance_millis(29 * day);
        tokens = refreshed(server, &client_id, &tokens["refresh_token"], &json!({})).ok();
    }
    // The last one is good for another 30 days, of which three are left of the 90.
    fixture.clock.advance_millis(3 * day - 1000);
    tokens = refreshed(server, &client_id, &tokens["refresh_token"], &json!({})).ok();
    fixture.clock.advance_millis(1000);
    let late = refreshed(server, &client_id, &tokens["refresh_token"], &json!({}));
    assert_eq!(late.status, 400, "90 days after the sign-in");
}

#[test]
fn a_refresh_token_that_nobody_uses_for_30_days_is_over() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let day = 24 * 3600 * 1000;
    let (client_id, _owner, tokens) = signed_in(&fixture, &["read:branches"]);
    fixture.clock.advance_millis(30 * day - 1000);
    let next = refreshed(server, &client_id, &tokens["refresh_token"], &json!({})).ok();
    fixture.clock.advance_millis(30 * day);
    let late = refreshed(server, &client_id, &next["refresh_token"], &json!({}));
    assert_eq!(late.status, 400);
}

#[test]
fn a_client_that_is_no_longer_let_in_is_out_at_once() {
    // sec: MC-3, CA-1
    let fixture = fixture(None);
    let (client_id, _owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let access = text(&tokens["access_token"]);
    // As after a restart, or a hang-up, with these rules.
    let node = |public_clients: Vec<PublicClientRule>| {
        fixture.server.another_node(&ServerOptions {
            public_clients,
            clock: Some(Arc::clone(&fixture.clock)),
            ..ServerOptions::default()
        })
    };
    let refresh = |node: &Gateway| {
        let request = TokenRequest {
            grant_type: Some("refresh_token".to_owned()),
            client_id: Some(client_id.clone()),
            refresh_token: Some(Secret::new(text(&tokens["refresh_token"]))),
            ..TokenRequest::default()
        };
        let issued = block_on(node.issue_token(request, &node.new_request_id()));
        issued.map(|_| ()).map_err(|refusal| refusal.rfc)
    };
    let read = |node: &Gateway| {
        let request = ReadRequest {
            endpoint: Endpoint::Branches,
            credential: ReadCredential::ToolBearer(Secret::new(access.clone())),
            provider: Some("local".to_owned()),
            repository: Some("octo/hello".to_owned()),
            item: None,
            query: Query::new(Vec::new()),
            fault: None,
            if_none_match: None,
            method: "GET",
            path: "/v1/repositories/local/octo%2Fhello/branches".to_owned(),
            request_id: node.new_request_id(),
        };
        block_on(node.read(request))
            .map(|_| ())
            .map_err(|error| error.code())
    };
    for rules in [
        vec![],
        vec![PublicClientRule::AnyHost],
        vec![PublicClientRule::Host("agent.example".to_owned())],
    ] {
        let out = node(rules);
        assert_eq!(refresh(&out), Err("invalid_client"));
        assert_eq!(read(&out), Err(Code::AuthExpired));
        let listed = block_on(out.tool_token(Some(&access)));
        assert_eq!(listed.unwrap_err().code(), Code::AuthExpired);
        assert!(block_on(out.introspect(&access)).unwrap().is_none());
    }
    // Nothing was spent: let in again, it goes on.
    let back = node(vec![PublicClientRule::Registration]);
    // The other node has no repositories of its own.
    assert_ne!(read(&back), Err(Code::AuthExpired));
    assert!(block_on(back.tool_token(Some(&access))).is_ok());
    assert_eq!(refresh(&back), Ok(()));
}

#[test]
fn a_client_gives_its_tokens_back() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, _owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let give_back = |client: &str, token: &Value| {
        let question = json!({"client_id": client, "token": token});
        server.client().post("/oauth/revoke", &question)
    };
    assert_eq!(give_back(&client_id, &tokens["refresh_token"]).status, 200);
    let answer = call(server, &tokens["access_token"], "list_branches");
    assert_eq!(answer.refusal(), (401, "AUTH_EXPIRED".into()));
    assert_eq!(give_back(&client_id, &tokens["refresh_token"]).status, 200);
    assert_eq!(give_back(&client_id, &json!("sggrt_unknown")).status, 200);
    let again = refreshed(server, &client_id, &tokens["refresh_token"], &json!({}));
    assert_eq!(again.status, 400);
}

#[test]
fn a_code_that_is_used_twice_takes_the_refresh_token_along() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let client_id = registered(server);
    let owner = super::Owner::of(&fixture, &client_id, "grace@mail.example");
    let code = parameter(&owner.approve(&["read:branches"]), "code");
    let tokens = exchange(server, &client_id, &json!({"code": code})).ok();
    let next = refreshed(server, &client_id, &tokens["refresh_token"], &json!({})).ok();
    assert_eq!(
        exchange(server, &client_id, &json!({"code": code})).status,
        400
    );
    for tokens in [&tokens, &next] {
        let answer = call(server, &tokens["access_token"], "list_branches");
        assert_eq!(answer.refusal(), (401, "AUTH_EXPIRED".into()));
    }
    let again = refreshed(server, &client_id, &next["refresh_token"], &json!({}));
    assert_eq!(again.status, 400);
}

#[test]
fn what_was_missing_is_asked_for_on_the_page_again() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let (client_id, owner, tokens) = signed_in(&fixture, &["read:branches"]);
    let missing = call(server, &tokens["access_token"], "list_tags");
    assert_eq!(missing.refusal(), (403, "INSUFFICIENT_SCOPE".into()));
    let more = link(server, &client_id, &[("scope", "read:branches read:tags")]);
    let page = ConsentPage::open(&owner.person, &more);
    let chosen = page.repositories();
    let chosen: Vec<_> = chosen.iter().map(String::as_str).collect();
    let leads = location(&page.approve(&["read:branches", "read:tags"], &chosen));
    let code = parameter(&leads, "code");
    let wider = exchange(server, &client_id, &json!({"code": code})).ok();
    let read = call(server, &wider["access_token"], "list_tags").ok();
    assert_eq!(read["result"]["isError"], false);
    // The first sign-in stays what it was.
    let same = refreshed(server, &client_id, &tokens["refresh_token"], &json!({})).ok();
    assert_eq!(same["scope"], "read:branches");
}
