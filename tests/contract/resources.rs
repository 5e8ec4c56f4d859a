//! What a token is for (RFC 8707): named where it is asked for, carried from the consent page into the
//! code, and good at that one place.
// sec: MC-1

use serde_json::{Value, json};

use crate::contract::support::{
    Response, Seed, Server,
    consent::{CALLBACK, ConsentFixture, READS, encoded, location},
    parameter, text,
};

fn buy(server: &Server, seed: &Seed, resource: &[&str]) -> Response {
    let mut form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        seed.client_id, seed.client_secret
    );
    for resource in resource {
        form.push_str(&format!("&resource={}", encoded(resource)));
    }
    server
        .client()
        .request("POST", "/oauth/token")
        .form(&form)
        .send()
}

#[test]
fn a_token_is_for_the_resource_that_was_named_and_refused_elsewhere() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let public = format!("http://{}", server.address);
    let tools = format!("{public}/mcp");
    for (resource, prefix, status) in [
        (vec![], "sggat_", 200),
        (vec![""], "sggat_", 200),
        (vec![public.as_str()], "sggat_", 200),
        (vec![tools.as_str()], "sggmt_", 401),
    ] {
        let token = text(&buy(&server, &seed, &resource).ok()["access_token"]);
        assert!(token.starts_with(prefix), "{resource:?}");
        let client = server.client().with_bearer(&token);
        for path in [
            "/v1/repositories",
            "/v1/platform/client/me",
            "/v1/subscriptions",
        ] {
            let answer = client.get(path);
            assert_eq!(answer.status, status, "{resource:?} {path}");
            if status == 401 {
                assert_eq!(answer.code(), "INVALID_CREDENTIALS");
            }
        }
    }
}

#[test]
fn any_other_resource_and_two_of_them_are_invalid_targets() {
    let server = Server::start();
    let Some(seed) = Seed::new(&server) else {
        return;
    };
    let public = format!("http://{}", server.address);
    let tools = format!("{public}/mcp");
    let slash = format!("{tools}/");
    let upper = tools.replace("http", "HTTP");
    for resource in [
        vec![slash.as_str()],
        vec![upper.as_str()],
        vec!["https://elsewhere.example/mcp"],
        vec!["/mcp"],
        vec![public.as_str(), tools.as_str()],
        vec![tools.as_str(), tools.as_str()],
    ] {
        let answer = buy(&server, &seed, &resource);
        assert_eq!(answer.status, 400, "{resource:?}");
        assert_eq!(answer.json()["error"], "invalid_target", "{resource:?}");
    }
    // Who is not the client learns that first.
    let stranger = Seed {
        client_secret: "wrong".to_owned(),
        ..seed
    };
    let answer = buy(&server, &stranger, &[slash.as_str()]);
    assert_eq!(answer.json()["error"], "invalid_client");
}

#[test]
fn the_consent_page_refuses_resources_that_are_not_ours() {
    let fixture = ConsentFixture::start();
    let tools = format!("http://{}/mcp", fixture.server.address);
    for more in [
        vec![("resource", "https://elsewhere.example/mcp")],
        vec![("resource", tools.as_str()), ("resource", tools.as_str())],
    ] {
        let to = location(&fixture.server.client().get(&fixture.link(&more)));
        assert!(to.starts_with(CALLBACK), "{to}");
        assert_eq!(parameter(&to, "error"), "invalid_target", "{more:?}");
    }
}

#[test]
fn a_code_keeps_the_resource_that_was_approved() {
    let fixture = ConsentFixture::start();
    let public = format!("http://{}", fixture.server.address);
    let tools = format!("{public}/mcp");
    for (at, customer, asked, named, other, prefix) in [
        (0, "41", vec![], &public, &tools, "sggat_"),
        (
            1,
            "42",
            vec![("resource", tools.as_str())],
            &tools,
            &public,
            "sggmt_",
        ),
    ] {
        let (page, _) = fixture.customer(customer, &asked);
        let Some(first) = page.repositories().into_iter().next() else {
            return;
        };
        let code = parameter(&location(&page.approve(READS, &[&first])), "code");
        assert!(code.starts_with(["sggac_", "sggmc_"][at]), "{code}");
        let refused = fixture.token(&json!({"code": code, "resource": other}));
        assert_eq!(refused.status, 400);
        let message = text(&refused.json()["error"]["message"]);
        assert!(message.starts_with("`resource`"), "{message}");
        // The other kind of the same text is no code at all.
        let turned = format!("{}{}", ["sggmc_", "sggac_"][at], &code[6..]);
        assert_eq!(fixture.token(&json!({"code": turned})).status, 400);
        let body: Value = match at {
            0 => json!({"code": code, "resource": named}),
            _ => json!({"code": code}),
        };
        let token = text(&fixture.token(&body).ok()["access_token"]);
        assert!(token.starts_with(prefix), "{token}");
    }
}
