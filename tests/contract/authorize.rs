//! The authorization endpoint: which addresses are led to, which parameters are refused, what the metadata
//! says, and who may frame the page.

use serde_json::json;

use crate::contract::support::{
    consent::{CALLBACK, ConsentFixture, ConsentPage, READS, body, encoded, location, refused},
    parameter,
};

#[test]
fn nothing_leads_to_an_address_that_is_not_registered() {
    // sec: OA-1, RU-2
    let fixture = ConsentFixture::start();
    let id = fixture.client_id();
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
        let answer = fixture.server.client().get(&link);
        assert_eq!(refused(&answer), (400, true), "{link}");
        assert!(!body(&answer).contains("evil.example"), "{link}");
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[test]
fn everything_else_is_told_to_the_app() {
    // sec: OA-2, OA-4, OA-7, TK-4
    let fixture = ConsentFixture::start();
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
        let answer = fixture.server.client().get(&fixture.link(&more));
        let to = location(&answer);
        assert!(
            to.starts_with("https://app.example/callback?error="),
            "{to}"
        );
        assert_eq!(parameter(&to, "error"), word, "{more:?}");
        assert_eq!(
            parameter(&to, "iss"),
            format!("http://{}", fixture.server.address)
        );
        assert_eq!(answer.header("set-cookie"), None);
    }
    let to = location(
        &fixture
            .server
            .client()
            .get(&fixture.link(&[("scope", "x"), ("state", "s")])),
    );
    assert_eq!(parameter(&to, "state"), "s");
}

#[test]
fn an_app_can_demand_pkce() {
    // sec: TK-4
    let fixture = ConsentFixture::with(&json!({"requirePkce": true}));
    let to = location(&fixture.server.client().get(&fixture.link(&[])));
    assert_eq!(parameter(&to, "error"), "invalid_request");
    let more = [
        ("code_challenge", &*"x".repeat(43)),
        ("code_challenge_method", "S256"),
    ];
    ConsentPage::open(&fixture.server.client(), &fixture.link(&more));
}

#[test]
fn a_redirect_uri_that_is_taken_away_ends_what_used_it() {
    // sec: RU-5
    let fixture = ConsentFixture::start();
    let (page, _) = fixture.customer("42", &[]);
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    let to = location(&page.approve(READS, &[&own]));
    let waiting = fixture.open_signed("42", "waiting", &[]);
    let path = format!("/v1/developer/apps/{}", fixture.client_id());
    let changes = json!({"allowedRedirectUris": ["https://app.example/other"]});
    fixture
        .developer
        .request("PATCH", &path)
        .json(&changes)
        .send()
        .ok();
    assert_eq!(
        fixture
            .token(&json!({"code": parameter(&to, "code")}))
            .status,
        400
    );
    assert_eq!(refused(&waiting.approve(READS, &[&own])), (403, true));
}

#[test]
fn a_page_is_framed_by_the_apps_own_origins() {
    // sec: CS-4, SE-3
    let fixture = ConsentFixture::with(&json!({"allowedEmbedOrigins": ["https://frame.example"]}));
    let answer = fixture
        .server
        .client()
        .get(&fixture.link(&[("customer_ref", "42")]));
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
    let error = fixture.server.client().get("/oauth/authorize");
    let policy = error.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[test]
fn the_metadata_names_what_is_there() {
    // sec: OA-10
    let fixture = ConsentFixture::start();
    let base = format!("http://{}", fixture.server.address);
    let metadata = fixture
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
