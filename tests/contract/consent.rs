//! A customer's decision and what comes of it: approving, denying, the code, the token, changing and ending.

use serde_json::{Value, json};

use crate::contract::{
    accounts::form,
    apps,
    support::{
        consent::{
            CALLBACK, ConsentFixture, ConsentPage, OCTO, READS, challenge, connect, encoded,
            location, refused, request_of,
        },
        parameter, text,
    },
};

#[test]
fn a_customer_approves_and_the_app_reads_what_was_chosen() {
    // sec: OA-3, OA-7, OA-10, TK-3, TK-12
    let fixture = ConsentFixture::start();
    let (page, connection) = fixture.customer("42", &[("state", "s +%&=\u{e9}")]);
    let all = page.repositories();
    let Some(first) = all.first() else {
        assert!(
            std::env::var_os("CI").is_none(),
            "git is needed to make repositories"
        );
        return;
    };
    assert!(all.len() > 1 && first.starts_with(&connection));
    assert!(!page.html.contains("name=\"repositories\" value=\"checked"));
    let to = location(&page.approve(READS, &[first]));
    assert!(
        to.starts_with("https://app.example/callback?code=sggac_"),
        "{to}"
    );
    assert_eq!(parameter(&to, "state"), "s +%&=\u{e9}");
    assert_eq!(
        parameter(&to, "iss"),
        format!("http://{}", fixture.server.address)
    );
    let code = parameter(&to, "code");
    let issued = fixture.token(&json!({"code": code}));
    let token = issued.ok();
    assert_eq!(token["issuedBy"], "authorization_code");
    assert_eq!(token["permissions"], json!(READS));
    assert_eq!(token["connectionIds"], json!([connection]));
    let reader = fixture
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    let listed = reader.get("/v1/repositories").ok();
    let ids: Vec<_> = listed["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, [&first.split_once(':').unwrap().1]);
    // The code is spent: using it again ends what it bought.
    let again = fixture.token(&json!({"code": code}));
    assert_eq!(again.refusal(), (400, "INVALID_REQUEST".into()));
    assert_eq!(
        reader.get("/v1/repositories").refusal(),
        (401, "AUTH_EXPIRED".into())
    );
    // So is the request.
    assert_eq!(refused(&page.approve(READS, &[first])), (403, true));
}

#[test]
fn denying_is_told_once() {
    // sec: OA-3, OA-5
    let fixture = ConsentFixture::start();
    let page = ConsentPage::open(&fixture.server.client(), &fixture.link(&[("state", "s")]));
    let target = format!("/oauth/authorize/deny?request_id={}", request_of(&page));
    assert_eq!(refused(&fixture.server.client().get(&target)), (403, true));
    let to = location(&page.browser.get(&target));
    assert_eq!(parameter(&to, "error"), "access_denied");
    assert_eq!(parameter(&to, "state"), "s");
    assert_eq!(refused(&page.browser.get(&target)), (403, true));
}

#[test]
fn only_the_browser_that_was_asked_can_answer() {
    // sec: OA-5, OA-6, CS-1
    let fixture = ConsentFixture::start();
    let (victim, _) = fixture.customer("42", &[]);
    let (attacker, _) = fixture.customer("43", &[]);
    let Some(own) = victim.repositories().into_iter().next() else {
        return;
    };
    // The attacker's request in the victim's browser, and the other way round.
    for (browser, csrf, request, status) in [
        (&victim.browser, &victim.csrf, &attacker.request_id, 403),
        (&attacker.browser, &attacker.csrf, &victim.request_id, 403),
        (&victim.browser, &attacker.csrf, &victim.request_id, 403),
        (&victim.browser, &String::new(), &victim.request_id, 403),
        (
            &fixture.server.client(),
            &victim.csrf,
            &victim.request_id,
            403,
        ),
    ] {
        let fields = format!(
            "csrf={csrf}&request_id={request}&permissions=read%3Acommits&repositories={}",
            encoded(&own)
        );
        let answer = form(browser, "/oauth/authorize/approve", &fields).send();
        assert_eq!(refused(&answer), (status, true));
    }
    let show = format!("/oauth/authorize?request_id={}", attacker.request_id);
    assert_eq!(refused(&victim.browser.get(&show)), (403, true));
    for origin in ["https://evil.example", "null"] {
        let fields = format!("csrf={}&request_id={}", victim.csrf, victim.request_id);
        let request = victim.browser.request("POST", "/oauth/authorize/approve");
        let answer = request.form(&fields).header("origin", origin).send();
        assert_eq!(refused(&answer), (403, true), "{origin}");
    }
    location(&victim.approve(READS, &[&own]));
}

#[test]
fn ids_in_the_form_are_not_believed() {
    // sec: OA-7, OA-8, TN-2
    let fixture = ConsentFixture::start();
    let (page, connection) = fixture.customer("42", &[]);
    let (other, foreign) = fixture.customer("43", &[]);
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    let elsewhere = other.repositories().into_iter().next().unwrap();
    for repository in [
        elsewhere.clone(),
        format!("{foreign}:{}", own.split_once(':').unwrap().1),
        format!("{connection}:not-there"),
        format!("{connection}:../.."),
        format!("{connection}:"),
        "conn_0:1".to_owned(),
        "nonsense".to_owned(),
    ] {
        let answer = page.approve(READS, &[&own, &repository]);
        assert_eq!(refused(&answer), (403, true), "{repository}");
    }
    for (permissions, repositories) in [
        (READS, vec![]),
        (&[][..], vec![own.as_str()]),
        (&["read:tags"][..], vec![own.as_str()]),
        (&["write:all"][..], vec![own.as_str()]),
    ] {
        let answer = page.approve(permissions, &repositories);
        assert_eq!(
            refused(&answer),
            (400, true),
            "{permissions:?} {repositories:?}"
        );
    }
    let admin = fixture.server.admin();
    let grants = admin.get(&format!(
        "/v1/platform/grants?clientId={}",
        fixture.client_id()
    ));
    assert_eq!(grants.ok()["data"], json!([]), "nothing was stored");
    // Beyond what was asked for nothing is granted, whatever is ticked.
    let narrow = fixture.open_signed("42", "again", &[("scope", "read:commits")]);
    let to = location(&narrow.approve(READS, &[&own]));
    let token = fixture.token(&json!({"code": parameter(&to, "code")})).ok();
    assert_eq!(token["permissions"], json!(["read:commits"]));
}

#[test]
fn a_code_is_bound_to_client_address_verifier_and_time() {
    // sec: RU-4, TK-1, TK-3, TK-4
    let fixture = ConsentFixture::with(
        &json!({"allowedRedirectUris": [CALLBACK, "https://app.example/other"]}),
    );
    let verifier = "v".repeat(43);
    let challenge = challenge(&verifier);
    let with_pkce = [
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let (first, _) = fixture.customer("42", &[]);
    let Some(own) = first.repositories().into_iter().next() else {
        return;
    };
    let mut nonce = 0;
    let mut code = |more: &[(&str, &str)]| {
        nonce += 1;
        let page = fixture.open_signed("42", &format!("n{nonce}"), more);
        parameter(&location(&page.approve(READS, &[&own])), "code")
    };
    let (plain, bound) = (code(&[]), code(&with_pkce));
    for (code, more) in [
        (&plain, json!({"redirect_uri": "https://app.example/other"})),
        (&plain, json!({"redirect_uri": null})),
        (&plain, json!({"code_verifier": verifier})),
        (&bound, json!({})),
        (&bound, json!({"code_verifier": "w".repeat(43)})),
        (&bound, json!({"code_verifier": "v".repeat(42)})),
        (
            &bound,
            json!({"code_verifier": format!("{}é", "v".repeat(43))}),
        ),
        (&bound, json!({"code_verifier": challenge})),
        (&"sggac_x".to_owned(), json!({})),
    ] {
        let mut body = more.clone();
        body["code"] = json!(code);
        assert_eq!(
            fixture.token(&body).refusal(),
            (400, "INVALID_REQUEST".into()),
            "{more}"
        );
    }
    fixture.token(&json!({"code": plain})).ok();
    fixture
        .token(&json!({"code": bound, "code_verifier": verifier}))
        .ok();
    // Time.
    let late = code(&[]);
    fixture.clock.advance_millis(61_000);
    assert_eq!(fixture.token(&json!({"code": late})).status, 400);
    // Another client, which spends it.
    let stolen = code(&[]);
    let thief = apps::create(&fixture.developer, &json!({}));
    let body = json!({
        "code": stolen,
        "client_id": thief["client"]["id"],
        "client_secret": thief["clientSecret"],
    });
    assert_eq!(fixture.token(&body).status, 400);
    assert_eq!(fixture.token(&json!({"code": stolen})).status, 400);
}

#[test]
fn a_customer_who_has_begun_is_pending_until_the_decision() {
    let fixture = ConsentFixture::start();
    let ask = || {
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": fixture.client_id(),
            "client_secret": fixture.app["clientSecret"],
        });
        let token = text(&fixture.server.client().post("/oauth/token", &body).ok()["accessToken"]);
        fixture
            .server
            .client()
            .with_bearer(&token)
            .get("/v1/repositories")
            .refusal()
    };
    assert_eq!(ask(), (403, "APPROVAL_REQUIRED".into()));
    let page = ConsentPage::open(
        &fixture.server.client(),
        &fixture.link(&[("customer_ref", "42")]),
    );
    let back = connect(&fixture, &page, &OCTO);
    // The provider lists nothing here: that is not said to be none.
    let shown = ConsentPage::open(&page.browser, &back);
    assert!(
        shown.html.contains("cannot be listed now"),
        "{}",
        shown.html
    );
    assert!(!shown.html.contains("have no repositories"));
    assert_eq!(ask(), (403, "APPROVAL_PENDING".into()));
    let deny = format!("/oauth/authorize/deny?request_id={}", request_of(&page));
    location(&page.browser.get(&deny));
    assert_eq!(ask(), (403, "APPROVAL_REQUIRED".into()));
}

#[test]
fn a_customer_changes_and_ends_what_is_shared() {
    // sec: TK-7, CA-1, OA-11
    let fixture = ConsentFixture::start();
    let (page, connection) = fixture.customer("42", &[]);
    let all = page.repositories();
    let [first, second, ..] = all.as_slice() else {
        return;
    };
    let to = location(&page.approve(READS, &[first]));
    let token = fixture.token(&json!({"code": parameter(&to, "code")})).ok();
    let reader = fixture
        .server
        .client()
        .with_bearer(&text(&token["accessToken"]));
    let shared = || -> Vec<String> {
        let listed = reader.get("/v1/repositories").ok();
        let rows = listed["data"].as_array().unwrap().iter();
        rows.map(|row| format!("{connection}:{}", text(&row["id"])))
            .collect()
    };
    assert_eq!(shared(), std::slice::from_ref(first));
    // There is no silent approval: the page comes again, with nothing chosen.
    let again = ConsentPage::open(&page.browser, &fixture.link(&[("customer_ref", "42")]));
    assert!(!again.html.contains(&format!("value=\"{first}\" checked")));
    let base = format!("/app/company/apps/{}", fixture.client_id());
    let manage = ConsentPage::open(&page.browser, &format!("{base}?customer_ref=42"));
    assert!(manage.html.contains(&format!("value=\"{first}\" checked")));
    let send = |path: &str, more: &str| {
        let fields = format!("csrf={}&customer_ref=42{more}", manage.csrf);
        form(&page.browser, &format!("{base}/{path}"), &fields).send()
    };
    let choice = format!(
        "&permissions=read%3Arepositories&repositories={}",
        encoded(second)
    );
    let back = location(&send("update", &choice));
    assert_eq!(back, format!("{base}?customer_ref=42&done=saved"));
    assert_eq!(shared(), std::slice::from_ref(second));
    assert_eq!(
        send("update", "&permissions=read%3Arepositories").status,
        400
    );
    assert_eq!(shared(), std::slice::from_ref(second));
    assert_eq!(send("connections/conn_0/disconnect", "").status, 404);
    location(&send(&format!("connections/{connection}/disconnect"), ""));
    let refusal = reader.get("/v1/repositories").refusal();
    assert_eq!(refusal, (403, "PROVIDER_ACCOUNT_NOT_CONNECTED".into()));
    location(&send("revoke", ""));
    assert_eq!(
        reader.get("/v1/repositories").refusal(),
        (401, "AUTH_EXPIRED".into())
    );
}

#[test]
fn a_client_asks_about_and_ends_its_own_tokens() {
    // sec: TK-11, TN-2
    let fixture = ConsentFixture::start();
    let thief = apps::create(&fixture.developer, &json!({}));
    let credentials = |app: &Value| {
        format!(
            "client_id={}&client_secret={}",
            text(&app["client"]["id"]),
            text(&app["clientSecret"])
        )
    };
    let post = |target: &str, app: &Value, token: &str| {
        let body = format!("{}&token={token}", credentials(app));
        fixture
            .server
            .client()
            .request("POST", target)
            .form(&body)
            .send()
    };
    let body = format!(
        "{}&grant_type=client_credentials",
        credentials(&fixture.app)
    );
    let issued = fixture
        .server
        .client()
        .request("POST", "/oauth/token")
        .form(&body)
        .send()
        .ok();
    let token = text(&issued["access_token"]);
    let found = post("/oauth/introspect", &fixture.app, &token);
    let found = found.ok();
    assert_eq!(found["active"], true);
    assert!(!found.to_string().contains(&token));
    for (app, text) in [
        (&thief, token.as_str()),
        (&fixture.app, "sggat_0"),
        (&fixture.app, "x"),
    ] {
        assert_eq!(
            post("/oauth/introspect", app, text).ok(),
            json!({"active": false})
        );
        assert_eq!(post("/oauth/revoke", app, text).status, 200);
    }
    assert_eq!(
        post("/oauth/introspect", &fixture.app, &token).ok()["active"],
        true
    );
    assert_eq!(post("/oauth/revoke", &fixture.app, &token).status, 200);
    assert_eq!(
        post("/oauth/introspect", &fixture.app, &token).ok(),
        json!({"active": false})
    );
    for target in ["/oauth/revoke", "/oauth/introspect"] {
        let wrong = format!(
            "client_id={}&client_secret=x&token={token}",
            fixture.client_id()
        );
        let answer = fixture
            .server
            .client()
            .request("POST", target)
            .form(&wrong)
            .send();
        assert_eq!(answer.refusal(), (401, "INVALID_CREDENTIALS".into()));
        assert_eq!(answer.json()["error"], "invalid_client");
        let none = fixture
            .server
            .client()
            .request("POST", target)
            .form(&credentials(&fixture.app))
            .send();
        assert_eq!(none.json()["error"], "invalid_request");
    }
}

#[test]
fn a_strangers_cancel_ends_the_strangers_request_alone() {
    // sec: TN-3
    let fixture = ConsentFixture::start();
    let link = fixture.link(&[("customer_ref", "42")]);
    let page = ConsentPage::open(&fixture.server.client(), &link);
    connect(&fixture, &page, &OCTO);
    let ask = || {
        let body = json!({"grant_type": "client_credentials", "customer_ref": "42"});
        let token = text(&fixture.token(&body).ok()["accessToken"]);
        let app = fixture.server.client().with_bearer(&token);
        app.get("/v1/repositories").refusal()
    };
    assert_eq!(ask(), (403, "APPROVAL_PENDING".into()));
    let deny = |page: &ConsentPage| {
        let cancel = "/oauth/authorize/deny?request_id=";
        let id = crate::contract::support::consent::field(&page.html, cancel);
        location(&page.browser.get(&format!("{cancel}{id}")))
    };
    let stranger = ConsentPage::open(&fixture.server.client(), &link);
    assert!(stranger.html.contains("Confirm that this is you"));
    assert!(deny(&stranger).contains("error=access_denied"));
    assert_eq!(ask(), (403, "APPROVAL_PENDING".into()));
    // The customer's own ends what waits.
    assert!(deny(&page).contains("error=access_denied"));
    let body = json!({"grant_type": "client_credentials", "customer_ref": "42"});
    assert_eq!(fixture.token(&body).status, 403);
}
