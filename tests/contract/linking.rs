//! Linking a provider account in each of its forms, and who may finish what.

use serde_json::{Value, json};

use crate::contract::{
    accounts::signed_up,
    support::{
        Account, Response,
        linking::{LinkingFixture, OCTO, api_start, callback, claim},
        parameter, text,
    },
};

#[test]
fn strangers_start_flows_as_rarely_as_they_open_consent_pages() {
    // sec: SC-1
    let fixture = LinkingFixture::start();
    let stranger = fixture.server.client();
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
    let person = fixture.person("ada@mail.example");
    assert_eq!(person.get("/v1/auth/gitlab/start").status, 200);
}

#[test]
fn an_account_is_linked_by_the_api_and_claimed_by_a_session_once() {
    // sec: PC-2 PC-3 PC-5
    let fixture = LinkingFixture::start();
    let anybody = fixture.server.client();
    let started = anybody.get("/v1/auth/gitlab/start").ok();
    let url = text(&started["authorizationUrl"]);
    assert!(
        url.starts_with(&format!("{}/oauth/authorize?", fixture.forge.url())),
        "{url}"
    );
    assert_eq!(parameter(&url, "scope"), "read_user read_api");
    assert_eq!(parameter(&url, "code_challenge_method"), "S256");
    assert_eq!(
        parameter(&url, "redirect_uri"),
        "https://gateway.example/v1/auth/gitlab/callback"
    );

    let answer = fixture.back(&anybody, &url, &OCTO);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let returned = answer.ok();
    assert_eq!(returned["flowId"], started["flowId"]);
    assert_eq!(
        fixture.server.admin().get("/v1/connections").ok()["data"],
        json!([])
    );

    let claim = claim(&returned);
    let refused = anybody.post("/v1/auth/complete", &claim);
    assert_eq!(refused.refusal(), (401, "AUTH_REQUIRED".into()));
    let ada = fixture.person("ada@mail.example");
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
    assert_eq!(fixture.read(&connection).ok()["data"][0]["login"], "octo");
}

#[test]
fn an_account_that_nobody_claims_in_time_is_nobodys() {
    // sec: PC-2
    let fixture = LinkingFixture::start();
    let ada = fixture.person("ada@mail.example");
    let url = api_start(&fixture.server.client());
    let returned = fixture.back(&fixture.server.client(), &url, &OCTO).ok();
    fixture.clock.advance_millis(600_000);
    let late = ada.post("/v1/auth/complete", &claim(&returned));
    assert_eq!(late.refusal(), (400, "INVALID_REQUEST".into()));
}

#[test]
fn a_tenant_is_named_by_its_own_session_alone() {
    // sec: PC-2
    let fixture = LinkingFixture::start();
    let (_, victim) = signed_up(&fixture.server, "victim@mail.example");
    let me = fixture.person("ada@mail.example");
    let of_victim = fixture
        .server
        .client()
        .with_bearer(&text(&victim["sessionToken"]));
    let tenant = text(&of_victim.get("/v1/account/me").ok()["tenants"][0]["tenant"]["id"]);
    for path in ["start", "start?redirect=1", "start?popup=1"] {
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = format!("/v1/auth/gitlab/{path}{joint}tenantId={tenant}");
        let refused = fixture.server.client().get(&path);
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
    let returned = fixture.back(&fixture.server.client(), &url, &OCTO).ok();
    let mut stolen = claim(&returned);
    let refused = of_victim.post("/v1/auth/complete", &stolen);
    assert_eq!(refused.refusal(), (404, "RESOURCE_NOT_FOUND".into()));
    stolen["tenantId"] = json!(tenant);
    let refused = of_victim.post("/v1/auth/complete", &stolen);
    assert_eq!(refused.refusal(), (400, "INVALID_REQUEST".into()));
    assert_eq!(
        fixture.server.admin().get("/v1/connections").ok()["data"],
        json!([])
    );
}

#[test]
fn a_state_leads_back_once_in_time_and_in_its_own_browser() {
    // sec: PC-1 PC-4
    let fixture = LinkingFixture::start();
    let client = fixture.server.client();
    let check = |what: &str, answer: &Response| {
        assert_eq!(answer.refusal(), (400, "INVALID_REQUEST".into()), "{what}");
        assert_eq!(fixture.forge.asked("authorization_code"), 0, "{what}");
    };
    let (_, url) = fixture.start_in(&client, "redirect=1");
    check("no cookie", &fixture.back(&client, &url, &OCTO));
    let (mine, url) = fixture.start_in(&client, "redirect=1");
    let (other, _) = fixture.start_in(&client, "redirect=1");
    assert_ne!(mine, other);
    let elsewhere = client.clone().with("cookie", &other);
    check("another browser", &fixture.back(&elsewhere, &url, &OCTO));
    let here = client.clone().with("cookie", &mine);
    check("spent by that", &fixture.back(&here, &url, &OCTO));

    let (mine, url) = fixture.start_in(&client, "redirect=1");
    let here = client.clone().with("cookie", &mine);
    let code = fixture.forge.approve(&url, &OCTO);
    let crossed = callback(&url, &code).replace("/gitlab/", "/github/");
    check("another provider", &here.get(&crossed));

    let url = api_start(&client);
    let code = fixture.forge.approve(&url, &OCTO);
    let wrong = format!("{}&iss=https%3A%2F%2Fevil.example", callback(&url, &code));
    check("another issuer", &client.get(&wrong));
    let lookalike = format!("{}.evil.example", fixture.forge.url());
    let url = api_start(&client);
    let wrong = format!("{}&iss={lookalike}", callback(&url, &code));
    check("an issuer that begins alike", &client.get(&wrong));

    let url = api_start(&client);
    fixture.clock.advance_millis(600_000);
    check("too late", &fixture.back(&client, &url, &OCTO));
    check("no state", &client.get("/v1/auth/gitlab/callback?code=x"));
    check(
        "no state of ours",
        &client.get("/v1/auth/gitlab/callback?code=x&state=y"),
    );

    let url = api_start(&client);
    let own = format!(
        "{}&iss={}",
        callback(&url, &fixture.forge.approve(&url, &OCTO)),
        fixture.forge.url()
    );
    client.get(&own).ok();
    assert_eq!(client.get(&own).status, 400);
    assert_eq!(fixture.forge.asked("authorization_code"), 1);
}

/// The claim that a browser finds in the address of the page it is sent back to.
fn in_address(back: &Response) -> Value {
    let location = back.header("location").unwrap();
    let fragment = location.strip_prefix("/done#").unwrap();
    let members = fragment.split('&').filter_map(|pair| pair.split_once('='));
    members
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn an_account_in_an_address_is_claimed_in_its_own_browser_alone() {
    // sec: PC-3
    let fixture = LinkingFixture::start();
    let client = fixture.server.client();
    // Pages that lead on to other sites would take the code along.
    for path in [
        "/oauth/authorize%3Fclient_id%3Dx",
        "/o%2561uth/authorize",
        "/v1/auth/github/start",
    ] {
        let query = format!("/v1/auth/gitlab/start?redirect=1&returnTo={path}");
        let refused = client.get(&query);
        assert_eq!(refused.refusal(), (400, "INVALID_REQUEST".into()), "{path}");
    }
    let (mine, url) = fixture.start_in(&client, "redirect=1&returnTo=/done");
    let back = fixture.back(&client.clone().with("cookie", &mine), &url, &OCTO);
    let claim = in_address(&back);
    // Whoever has read the code elsewhere has no account by it, and it is spent.
    let stranger = fixture.person("eve@mail.example");
    let refused = stranger.post("/v1/auth/complete", &claim);
    assert_eq!(refused.refusal(), (400, "INVALID_REQUEST".into()));
    assert_eq!(
        fixture.server.admin().get("/v1/connections").ok()["data"],
        json!([])
    );

    let (mine, url) = fixture.start_in(&client, "redirect=1&returnTo=/done");
    let back = fixture.back(&client.clone().with("cookie", &mine), &url, &OCTO);
    let own = fixture.person("ada@mail.example").with("cookie", &mine);
    let claimed = own.post("/v1/auth/complete", &in_address(&back));
    assert_eq!(claimed.status, 201, "{}", claimed.json());
}

#[test]
fn a_signed_in_browser_is_sent_back_with_its_account() {
    // sec: PC-3
    let fixture = LinkingFixture::start();
    let refused = fixture.server.client().get("/v1/auth/gitlab/start?web=1");
    assert_eq!(refused.refusal(), (401, "AUTH_REQUIRED".into()));

    let ada = fixture.browser("ada@mail.example");
    let (flow, url) = fixture.start_in(&ada, "web=1&returnTo=/app/dashboard?tab=1");
    // Another person in the same browser does not inherit the flow.
    let (token, _) = signed_up(&fixture.server, "eve@mail.example");
    let eve = fixture
        .server
        .client()
        .with("cookie", &format!("__Host-gf_session={token}; {flow}"));
    let refused = fixture.back(&eve, &url, &OCTO);
    assert_eq!(refused.status, 303);
    assert_eq!(
        refused.header("location"),
        Some("/app/dashboard?tab=1&link_error=INVALID_REQUEST")
    );
    assert_eq!(
        fixture.server.admin().get("/v1/connections").ok()["data"],
        json!([])
    );

    let (token, _) = signed_up(&fixture.server, "bob@mail.example");
    let bob = fixture
        .server
        .client()
        .with("cookie", &format!("__Host-gf_session={token}"));
    let (flow, url) = fixture.start_in(&bob, "web=1&returnTo=/app/dashboard");
    let bob = fixture
        .server
        .client()
        .with("cookie", &format!("__Host-gf_session={token}; {flow}"));
    let back = fixture.back(&bob, &url, &OCTO);
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
    let fixture = LinkingFixture::start();
    let client = fixture.server.client();
    let (flow, url) = fixture.start_in(&client, "popup=1");
    let popup = client.clone().with("cookie", &flow);
    let page = fixture.back(&popup, &url, &OCTO);
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
    let opener = fixture.person("ada@mail.example");
    assert_eq!(opener.post("/v1/auth/complete", &returned).status, 201);

    let (flow, url) = fixture.start_in(&client, "popup=1");
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
    let fixture = LinkingFixture::start();
    let client = fixture.server.client();
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
    let fixture = LinkingFixture::start();
    let client = fixture.server.client();
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
        (
            "error=access_denied&error_description=AADSTS90094%3A+canary",
            403,
            "APPROVAL_REQUIRED",
        ),
        (
            "error=access_denied&error_description=AADSTS500200%3A+canary",
            400,
            "INVALID_REQUEST",
        ),
        (
            "error=consent_required&error_description=canary",
            403,
            "APPROVAL_REQUIRED",
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
        let is_personal = what.contains("AADSTS500200");
        assert_eq!(
            shown.contains("work or school account"),
            is_personal,
            "{shown}"
        );
    }
    fixture.forge.go_away(true);
    let answer = returned("code=x");
    assert_eq!(answer.refusal(), (503, "UPSTREAM_UNAVAILABLE".into()));
    assert!(!answer.message().contains("canary"));
}

#[test]
fn an_account_is_its_immutable_id() {
    // sec: PC-8
    let fixture = LinkingFixture::start();
    let ada = fixture.person("ada@mail.example");
    let first = fixture.linked(&ada, &OCTO);
    let renamed = Account {
        id: OCTO.id,
        login: "renamed",
    };
    let again = fixture.linked(&ada, &renamed);
    assert_eq!(
        (&again["id"], &again["login"]),
        (&first["id"], &json!("renamed"))
    );
    // The same address at the provider is another account all the same.
    let other = fixture.linked(
        &ada,
        &Account {
            id: 78,
            login: "octo",
        },
    );
    assert_ne!(other["id"], first["id"]);
    let bob = fixture.person("bob@mail.example");
    assert_ne!(fixture.linked(&bob, &OCTO)["id"], first["id"]);
}

#[test]
fn a_provider_without_our_client_links_nothing() {
    let fixture = LinkingFixture::start();
    let refused = fixture.server.client().get("/v1/auth/local/start");
    assert_eq!(refused.refusal(), (501, "UNSUPPORTED_ENDPOINT".into()));
    let refused = fixture.server.client().get("/v1/auth/nowhere/start");
    assert_eq!(refused.code(), "UNSUPPORTED_PROVIDER");
    let providers = fixture.server.client().get("/v1/providers").ok();
    for row in providers["data"].as_array().unwrap() {
        assert_eq!(row["oauth"], row["id"] == "gitlab", "{row}");
    }
}

#[test]
fn a_base_url_of_somebody_elses_choice_stays_on_public_hosts() {
    // sec: SR-6
    let fixture = LinkingFixture::start();
    let connect = |base: &str| {
        let body = json!({
            "provider": "gitlab", "accessToken": "glpat-x", "apiBaseUrl": base,
        });
        fixture.server.admin().post("/v1/connections/manual", &body)
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
    assert_eq!(fixture.forge.asked("user"), 0);
    // The operator has named the forge's own: it is asked, and knows no such token.
    let asked = connect(&format!("{}/api/v4", fixture.forge.url()));
    assert_eq!(asked.refusal(), (401, "INVALID_CREDENTIALS".into()));
    assert_eq!(fixture.forge.asked("user"), 1);
}
