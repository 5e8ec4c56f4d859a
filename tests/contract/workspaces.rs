//! Whose workspace a page shows: guessed references, signed links, accounts that are linked again, and
//! names that try to be something else.

use gitflare_core::Clock;

use serde_json::{Value, json};

use crate::contract::{
    accounts::{cookie, form},
    apps,
    platform_admin::audit,
    support::{
        Client,
        consent::{
            ConsentFixture, ConsentPage, EVE, OCTO, READS, body, connect, encoded, field, location,
            refused, request_of,
        },
        parameter, text,
    },
};

#[test]
fn a_guessed_customer_shows_nothing_and_changes_nothing() {
    // sec: TN-1, TN-3
    let fixture = ConsentFixture::start();
    let (page, connection) = fixture.customer("42", &[("customer_name", "Marker One")]);
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    location(&page.approve(READS, &[&own]));
    let names: Vec<_> = page.repositories();
    let stranger = ConsentPage::open(
        &fixture.server.client(),
        &fixture.link(&[("customer_ref", "42")]),
    );
    let manage = format!("/app/company/apps/{}?customer_ref=42", fixture.client_id());
    let managed = ConsentPage::open(&fixture.server.client(), &manage);
    for page in [&stranger, &managed] {
        assert!(!page.html.contains(&connection) && !page.html.contains("octo/"));
        assert!(!page.html.contains("Marker One"));
        assert!(names.iter().all(|name| !page.html.contains(name)));
        assert!(
            !page.html.contains("method=\"post\""),
            "a locked page has no form"
        );
    }
    // The same reference at another app is another customer.
    let other = apps::create(&fixture.developer, &json!({}));
    let target = format!(
        "/app/company/apps/{}?customer_ref=42",
        text(&other["client"]["id"])
    );
    let empty = ConsentPage::open(&fixture.server.client(), &target);
    assert!(!empty.html.contains(&connection));
    // A session of one's own, even with its right token, does not reach what it has not proven.
    let base = format!("/app/company/apps/{}", fixture.client_id());
    for path in [
        "update",
        "revoke",
        &format!("connections/{connection}/disconnect"),
    ] {
        for page in [&stranger, &managed, &empty] {
            let fields = format!(
                "csrf={}&customer_ref=42&permissions=read%3Acommits&repositories={}",
                page.csrf,
                encoded(&own)
            );
            let answer = form(&page.browser, &format!("{base}/{path}"), &fields).send();
            assert_eq!(refused(&answer), (403, true), "{path}");
        }
    }
}

#[test]
fn a_signed_link_is_good_once_and_for_ten_minutes() {
    // sec: TN-4, SE-2
    let fixture = ConsentFixture::start();
    let (page, connection) = fixture.customer("42", &[]);
    assert!(page.html.contains("Approve"), "the workspace is open");
    let now = fixture.clock.now().as_seconds();
    let open = |customer: &str, signature: &[(&'static str, String); 3]| {
        let mut all = vec![("customer_ref", customer)];
        all.extend(
            signature
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        fixture.server.client().get(&fixture.link(&all))
    };
    let mut altered = fixture.signature("42", "altered");
    altered[0].1.replace_range(
        0..1,
        if altered[0].1.starts_with('0') {
            "1"
        } else {
            "0"
        },
    );
    for (what, customer, signature) in [
        ("used", "42", fixture.signature("42", "first-42")),
        ("over", "42", fixture.signature_until("42", "a", now)),
        (
            "too long",
            "42",
            fixture.signature_until("42", "b", now + 601),
        ),
        ("another customer's", "42", fixture.signature("43", "c")),
        ("altered", "42", altered),
        ("empty nonce", "42", fixture.signature("42", "")),
    ] {
        let answer = open(customer, &signature);
        assert!(matches!(answer.status, 303 | 403), "{what}");
        assert_eq!(answer.header("set-cookie"), None, "{what}");
        assert!(!body(&answer).contains(&connection), "{what}");
    }
    let partial = fixture.link(&[("customer_ref", "42"), ("customer_nonce", "x")]);
    assert_eq!(refused(&fixture.server.client().get(&partial)), (403, true));
    let good = fixture.signature("42", "good");
    assert_eq!(open("42", &good).status, 200);
    assert_eq!(refused(&open("42", &good)), (403, true));
    // A new session begins with each, whatever the browser had.
    let signature = fixture.signature("42", "another");
    let mut all = vec![("customer_ref", "42")];
    all.extend(
        signature
            .iter()
            .map(|(name, value)| (*name, value.as_str())),
    );
    assert!(
        page.browser
            .get(&fixture.link(&all))
            .header("set-cookie")
            .is_some()
    );
    // The browser that holds the session needs no signature.
    let kept = ConsentPage::open(&page.browser, &fixture.link(&[("customer_ref", "42")]));
    assert!(kept.html.contains("Approve"));
}

#[test]
fn an_app_can_demand_signed_links() {
    // sec: TN-5
    let fixture = ConsentFixture::with(&json!({"requireSignedCustomerRef": true}));
    let unsigned = fixture.link(&[("customer_ref", "42")]);
    assert_eq!(
        refused(&fixture.server.client().get(&unsigned)),
        (403, true)
    );
    let manage = format!("/app/company/apps/{}?customer_ref=42", fixture.client_id());
    assert_eq!(refused(&fixture.server.client().get(&manage)), (403, true));
    let page = fixture.open_signed("42", "n1", &[]);
    ConsentPage::open(&page.browser, &unsigned);
}

#[test]
fn an_account_that_is_linked_again_unlocks_itself_and_nothing_else() {
    // sec: TN-3, TN-4, OA-8
    let fixture = ConsentFixture::start();
    let link = fixture.link(&[("customer_ref", "42")]);
    let first = ConsentPage::open(&fixture.server.client(), &link);
    // Somebody else has the empty workspace open before its customer comes.
    let early = ConsentPage::open(&fixture.server.client(), &link);
    let to = connect(&fixture, &first, &OCTO);
    assert!(to.starts_with("/oauth/authorize?request_id="), "{to}");
    assert!(
        ConsentPage::open(&first.browser, &to)
            .html
            .contains("marker-octo")
    );
    let late = ConsentPage::open(&early.browser, &link);
    assert!(
        !late.html.contains("marker-octo"),
        "who came early sees nothing"
    );
    // A stranger's own account does not get in ...
    let stranger = ConsentPage::open(&fixture.server.client(), &link);
    let to = connect(&fixture, &stranger, &EVE);
    assert!(to.contains("link_error="), "{to}");
    assert!(
        !ConsentPage::open(&stranger.browser, &link)
            .html
            .contains("marker-")
    );
    let admin = fixture.server.admin();
    let target = format!("/v1/connections?tenantId={}", fixture.tenant("42"));
    assert_eq!(admin.get(&target).ok()["data"].as_array().unwrap().len(), 1);
    // ... and the customer's does, in another browser.
    let elsewhere = ConsentPage::open(&fixture.server.client(), &link);
    let to = connect(&fixture, &elsewhere, &OCTO);
    assert!(
        ConsentPage::open(&elsewhere.browser, &to)
            .html
            .contains("marker-octo")
    );
    assert_eq!(admin.get(&target).ok()["data"].as_array().unwrap().len(), 1);
}

#[test]
fn hostile_names_open_the_same_workspace() {
    // sec: TN-6
    let fixture = ConsentFixture::start();
    ConsentPage::open(
        &fixture.server.client(),
        &fixture.link(&[("customer_ref", "42")]),
    );
    let tenant = fixture.tenant("42");
    let long = "x".repeat(2000);
    for name in [
        "\u{202e}evil",
        "a\u{200d}b",
        "a\u{1}b",
        "<script>alert(1)</script>",
        &long,
        " ",
    ] {
        let more = [("customer_ref", "42"), ("customer_name", name)];
        let page = ConsentPage::open(&fixture.server.client(), &fixture.link(&more));
        assert_eq!(fixture.tenant("42"), tenant);
        assert!(!page.html.contains('\u{202e}') && !page.html.contains("<script>alert"));
        assert!(!page.html.contains(&"x".repeat(300)));
    }
}

#[test]
fn what_a_window_of_its_own_links_only_its_page_can_claim() {
    // sec: PC-3, TN-4, CS-1, SE-2
    let fixture = ConsentFixture::start();
    let page = ConsentPage::open(
        &fixture.server.client(),
        &fixture.link(&[("customer_ref", "42")]),
    );
    let thief = ConsentPage::open(
        &fixture.server.client(),
        &fixture.link(&[("customer_ref", "43")]),
    );
    let own = format!("http://{}", fixture.server.address);
    // The window has none of the frame's cookies.
    let link = || {
        let id = request_of(&page);
        let target = format!("/oauth/authorize/connect/gitlab?request_id={id}&popup=1");
        let started = fixture.server.client().get(&target);
        let url = location(&started);
        let set = started.header("set-cookie").unwrap();
        let flow = set.split(';').next().unwrap();
        let code = fixture.forge.approve(&url, &OCTO);
        let state = encoded(&parameter(&url, "state"));
        let path = format!("/v1/auth/gitlab/callback?code={code}&state={state}");
        let back = fixture.server.client().with("cookie", flow).get(&path);
        let html = body(&back);
        json!({
            "flowId": field(&html, "data-handover-flow=\""),
            "completionCode": field(&html, "data-handover-completion=\""),
        })
    };
    let claim = |browser: &Client, csrf: &str, origin: &str, linked: &Value| {
        let request = browser.request("POST", "/v1/auth/complete").json(linked);
        let request = request
            .header("x-csrf-token", csrf)
            .header("origin", origin);
        request.send()
    };
    let linked = link();
    for (browser, csrf, origin, status) in [
        (&page.browser, &thief.csrf, &*own, 403),
        (&page.browser, &page.csrf, "https://evil.example", 403),
        (&fixture.server.client(), &page.csrf, &own, 401),
        (&thief.browser, &thief.csrf, &own, 400),
    ] {
        assert_eq!(claim(browser, csrf, origin, &linked).status, status);
    }
    let claimed = claim(&page.browser, &page.csrf, &own, &link());
    assert_eq!(claimed.status, 201);
    // The session has gained a right, so it goes on under another id: whoever planted the former
    // one in the browser sees nothing.
    let shown = format!("/oauth/authorize?request_id={}", request_of(&page));
    let planted = page.browser.get(&shown);
    assert!(!body(&planted).contains("marker-octo"));
    let renewed = fixture.server.client().with("cookie", &cookie(&claimed));
    assert!(
        ConsentPage::open(&renewed, &shown)
            .html
            .contains("marker-octo")
    );
}

#[test]
fn a_deleted_customer_takes_everything_along() {
    // sec: CA-1, CA-3
    let fixture = ConsentFixture::start();
    let (page, connection) = fixture.customer("42", &[]);
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    let to = location(&page.approve(READS, &[&own]));
    let token = fixture.token(&json!({"code": parameter(&to, "code")})).ok();
    let token = text(&token["accessToken"]);
    let read = || {
        let client = fixture.server.client().with_bearer(&token);
        client.get("/v1/repositories").refusal()
    };
    let (tenant, admin) = (fixture.tenant("42"), fixture.server.admin());
    let at = format!("/v1/platform/tenants/{tenant}");
    let deletions = || {
        let rows = audit(&fixture.server).into_iter();
        rows.filter(|row| row == "admin tenant.delete ok").count()
    };
    for unknown in ["tenant_unknown", "no-id", "conn_1"] {
        let answer = admin.delete(&format!("/v1/platform/tenants/{unknown}"));
        assert_eq!(answer.status, 204, "{unknown}");
    }
    assert_eq!(deletions(), 0);
    assert_eq!(fixture.server.client().delete(&at).status, 401, "no key");
    for _ in 0..2 {
        assert_eq!(admin.delete(&at).status, 204);
    }
    assert_eq!(deletions(), 1, "once");

    assert_eq!(read(), (401, "AUTH_EXPIRED".into()));
    let listed = admin.get("/v1/platform/tenants").ok();
    let mut listed = listed["data"].as_array().unwrap().iter();
    assert!(listed.all(|row| row["id"] != tenant));
    let gone = admin
        .get(&format!("/v1/connections?tenantId={tenant}"))
        .ok();
    assert_eq!(gone["data"], json!([]));
    // The browser that had the workspace open has no session any more, ...
    let manage = format!("/app/company/apps/{}?customer_ref=42", fixture.client_id());
    let seen = body(&page.browser.get(&manage));
    assert!(!seen.contains(&connection), "{seen}");
    // ... and a link that was used before the end opens nothing again.
    assert_eq!(read(), (401, "AUTH_EXPIRED".into()));
}

#[test]
fn a_deleted_developer_takes_apps_along_whoever_their_customers_are() {
    // sec: CA-1
    let fixture = ConsentFixture::start();
    let (page, connection) = fixture.customer("42", &[]);
    let Some(own) = page.repositories().into_iter().next() else {
        return;
    };
    let to = location(&page.approve(READS, &[&own]));
    let token = fixture.token(&json!({"code": parameter(&to, "code")})).ok();
    let (tenant, admin) = (
        text(&fixture.app["client"]["tenantId"]),
        fixture.server.admin(),
    );
    assert_eq!(
        admin
            .delete(&format!("/v1/platform/tenants/{tenant}"))
            .status,
        204
    );
    let client = fixture.server.client();
    let read = client
        .with_bearer(&text(&token["accessToken"]))
        .get("/v1/repositories");
    assert_eq!(read.refusal(), (401, "AUTH_EXPIRED".into()));
    let body = json!({
        "grant_type": "client_credentials",
        "client_id": fixture.client_id(),
        "client_secret": fixture.app["clientSecret"],
    });
    assert_eq!(
        fixture.server.client().post("/oauth/token", &body).status,
        401
    );
    assert_eq!(fixture.server.client().get(&fixture.link(&[])).status, 400);
    let me = fixture.developer.get("/v1/account/me").ok();
    assert_eq!(me["tenants"], json!([]));
    assert_eq!(
        fixture.developer.get("/v1/developer/apps").ok()["data"],
        json!([])
    );
    // The customer's own account is its customer's, and stays.
    let kept = admin.get(&format!("/v1/connections/{connection}")).ok();
    assert_eq!(kept["connection"]["status"], "active");
}
