//! Registrations that ask for what public clients do not get, or lead elsewhere.

use serde_json::{Value, json};

use super::{fixture, link, register};

#[test]
fn hostile_registrations_are_refused_by_name() {
    let many: Vec<_> = (0..21)
        .map(|number| format!("https://a.example/{number}"))
        .collect();
    let long = format!("https://a.example/{}", "x".repeat(1900));
    let wide: Vec<_> = (0..20)
        .map(|number| format!("https://a.example/{number}/{}", "y".repeat(80)))
        .collect();
    let uris = |uri: &str| json!({"redirect_uris": [uri]});
    let also = |name: &str, value: Value| {
        let mut metadata = json!({"redirect_uris": ["https://a.example/cb"]});
        metadata[name] = value;
        metadata
    };
    let redirect = "invalid_redirect_uri";
    let metadata = "invalid_client_metadata";
    let table = [
        (json!({}), redirect),
        (json!({"redirect_uris": []}), redirect),
        (json!({"redirect_uris": many}), redirect),
        (json!({"redirect_uris": wide}), metadata),
        (uris(&long), metadata),
        (uris(&"x".repeat(3000)), redirect),
        (json!({"redirect_uris": "https://a.example/cb"}), metadata),
        (json!({"redirect_uris": [1]}), metadata),
        (json!({"redirect_uris": [null]}), metadata),
        (uris(""), redirect),
        (uris("http://a.example/cb"), redirect),
        (uris("http://192.168.0.1/cb"), redirect),
        (uris("http://localhost.evil.example/cb"), redirect),
        (uris("http://localhost@evil.example/cb"), redirect),
        (uris("http://127.0.0.1@evil.example/cb"), redirect),
        (uris("https://a.example/cb#x"), redirect),
        (uris("https://user@a.example/cb"), redirect),
        (uris("https://*.example/cb"), redirect),
        (uris("https://a.example/../cb"), redirect),
        (uris("https://a.example/%2e%2e/cb"), redirect),
        (uris("https://a.example/cb?code=1"), redirect),
        (uris("https://a.example/cb?iss=x"), redirect),
        (uris("https://a.example\\@evil.example/cb"), redirect),
        (uris("https:evil.example"), redirect),
        (uris("//evil.example/cb"), redirect),
        (uris("javascript:alert(1)"), redirect),
        (uris("data:text/html,x"), redirect),
        (uris("file:///etc/passwd"), redirect),
        (uris("cursor://anysphere/oauth"), redirect),
        (uris("https://\u{430}.example/cb"), redirect),
        // Browsers take these for this computer, and a person for a number.
        (uris("https://2130706433/cb"), redirect),
        (uris("https://127.1/cb"), redirect),
        (uris("https://0x7f.0.0.1/cb"), redirect),
        (
            uris(&format!("https://{}.example/cb", "a".repeat(64))),
            redirect,
        ),
        (uris("https://a.example/c\nb"), redirect),
        (
            json!({"redirect_uris": ["https://a.example/cb", "http://evil.example"]}),
            redirect,
        ),
        (
            also("token_endpoint_auth_method", json!("client_secret_basic")),
            metadata,
        ),
        (
            also("token_endpoint_auth_method", json!("client_secret_post")),
            metadata,
        ),
        (
            also("token_endpoint_auth_method", json!("private_key_jwt")),
            metadata,
        ),
        (also("token_endpoint_auth_method", json!(7)), metadata),
        (also("client_secret", json!("mine")), metadata),
        (also("grant_types", json!(["client_credentials"])), metadata),
        (
            also(
                "grant_types",
                json!(["authorization_code", "client_credentials"]),
            ),
            metadata,
        ),
        (
            also("grant_types", json!(["authorization_code", "password"])),
            metadata,
        ),
        (also("grant_types", json!(["implicit"])), metadata),
        (also("grant_types", json!(["refresh_token"])), metadata),
        (also("grant_types", json!([])), metadata),
        (also("response_types", json!(["token"])), metadata),
        (also("response_types", json!(["code", "token"])), metadata),
        (also("response_types", json!([])), metadata),
        (also("scope", json!("read:branches admin")), metadata),
        (also("scope", json!("events:subscribe")), metadata),
        (also("scope", json!("*")), metadata),
        (also("scope", json!(["read:branches"])), metadata),
        (also("application_type", json!("service")), metadata),
        (also("client_name", json!({"a": 1})), metadata),
    ];
    assert!(table.len() >= 50);
    // Each from a server of its own would be a minute: an address may register 20 times in one.
    for chunk in table.chunks(18) {
        let fixture = fixture(None);
        for (sent, word) in chunk {
            let answer = register(&fixture.server, sent);
            let said = answer.json();
            assert_eq!(
                (answer.status, &said["error"]),
                (400, &json!(word)),
                "{sent} {said}"
            );
            assert!(said["error_description"].is_string());
        }
    }
}

#[test]
fn what_is_no_registration_is_refused_like_any_body() {
    let fixture = fixture(None);
    let post = || fixture.server.client().request("POST", "/oauth/register");
    let json = "application/json";
    for (request, status) in [
        (post().form("redirect_uris=https://a.example"), 415),
        (post().body(json, b"{".to_vec()), 400),
        (post().body(json, b"[]".to_vec()), 400),
        (
            post().body(
                json,
                b"{\"redirect_uris\":[],\"redirect_uris\":[]}".to_vec(),
            ),
            400,
        ),
        (post().body(json, vec![b' '; 17 * 1024]), 413),
        (
            fixture.server.client().request("GET", "/oauth/register"),
            405,
        ),
    ] {
        assert_eq!(request.send().status, status);
    }
}

#[test]
fn an_id_that_nobody_was_given_is_no_client() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let good = super::registered(server);
    let owner = crate::contract::accounts::developer(server, "grace@mail.example");
    // In the middle of the seal, where every character counts.
    let at = good.len() - 10;
    let other = if good[at..].starts_with('A') {
        "B"
    } else {
        "A"
    };
    let altered = format!("{}{other}{}", &good[..at], &good[at + 1..]);
    let longer = format!("{good}{}", "A".repeat(1500));
    for id in [
        altered.as_str(),
        &longer,
        &good[..20],
        "reg_",
        "reg_AAAA",
        "nobody",
        "client_public",
    ] {
        let answer = owner.get(&link(server, id, &[]));
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{id}"
        );
    }
    // The row of a public client is not a way in either.
    let page = owner.get(&link(server, &good, &[]));
    assert_eq!(page.status, 200);
    let html = crate::contract::support::consent::body(&page);
    let row = html.split("/app/company/apps/").nth(1).unwrap();
    let row = row.split('"').next().unwrap();
    let answer = owner.get(&link(server, row, &[]));
    assert_eq!(
        (answer.status, answer.header("location")),
        (400, None),
        "{row}"
    );
    let token = json!({"grant_type": "client_credentials", "client_id": row, "client_secret": ""});
    assert_eq!(server.client().post("/oauth/token", &token).status, 401);
}

#[test]
fn a_registration_that_nobody_used_for_a_month_is_over() {
    let fixture = fixture(None);
    let server = &fixture.server;
    let owner = crate::contract::accounts::developer(server, "grace@mail.example");
    let (unused, used) = (super::registered(server), super::registered(server));
    assert_eq!(owner.get(&link(server, &used, &[])).status, 200);
    fixture.clock.advance_millis(31 * 24 * 3600 * 1000);
    let owner = crate::contract::accounts::developer(server, "eve@mail.example");
    assert_eq!(owner.get(&link(server, &unused, &[])).status, 400);
    assert_eq!(
        owner.get(&link(server, &used, &[])).status,
        200,
        "it was used once"
    );
}
