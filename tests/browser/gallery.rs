//! Every page in every state that people meet, at two widths and in both themes: nothing sticks out or
//! is cut, all text can be read, the console stays quiet. One browser walks as developer and customer;
//! what the pages do is the business of the other tests.

use serde_json::json;

use super::{
    album::Gallery,
    driver::{self, Browser, Setup},
    saas::Saas,
    support::{Registered, Site},
    tiny::value,
    walk::{connect_url, make_app},
};

const HOSTS: [&str; 5] = ["github", "gitlab", "bitbucket", "azure", "gitflic"];
const DOCUMENTS: &[&str] = &[
    "quickstart",
    "sync",
    "events",
    "errors",
    "limits",
    "fields",
    "agents",
    "records",
    "sessions",
];
/// The sample repository at the emulated GitHub.
const STOREFRONT: &str = "/v1/repositories/github/acme%2Fstorefront";

#[tokio::test]
async fn every_page_is_whole_at_both_widths_and_in_both_themes() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start_with_providers(&HOSTS.join(",")).await;
    let saas = Saas::start().await;
    let browser = Browser::start(Setup::default()).await;
    let mut gallery = Gallery::new(&browser);
    public(&mut gallery, &site).await;
    let app = developer(&mut gallery, &site, &saas).await;
    customer(&mut gallery, &site, &app).await;
    customers(&mut gallery, &site, &app).await;
    management(&mut gallery, &site, &app).await;
    test_app(&mut gallery, &site).await;
    strangers(&mut gallery, &site, &app).await;
    gallery.judge();
    site.stop().await;
}

/// What needs no session.
async fn public(gallery: &mut Gallery<'_>, site: &Site) {
    for (name, path) in [
        ("landing", "/"),
        ("docs", "/docs"),
        ("docs-api", "/docs/api"),
        ("docs-operation", "/docs/api/commits.list"),
        ("zero-trust", "/zero-trust"),
        ("login", "/app/login"),
        ("error-nowhere", "/nowhere"),
        ("error-invitation", "/app/signup?invitation=x"),
        ("error-reset", "/app/reset?link=x"),
    ] {
        gallery.visit(name, &site.at(path)).await;
    }
    for name in DOCUMENTS {
        let url = site.at(&format!("/docs/{name}"));
        gallery.visit(&format!("docs-{name}"), &url).await;
    }
}

/// Sign-up, the dashboard before and after the first app, its forms with and without problems.
async fn developer(gallery: &mut Gallery<'_>, site: &Site, saas: &Saas) -> Registered {
    let browser = gallery.browser;
    gallery.visit("signup", &site.at("/app/signup")).await;
    browser.fill("#email", "grace@acme.example").await;
    browser.fill("#password", "password1234").await;
    browser.follow("form button").await;
    browser.find(".field-problem").await;
    gallery.look("signup-problem").await;

    let app = make_app(browser, site, &saas.callback()).await;
    gallery.look("dashboard-secrets").await;
    let update = format!(
        "form[action='/app/developer/apps/{}/update']",
        app.client_id
    );
    browser.open(&site.at("/app/dashboard")).await;
    gallery.look("dashboard").await;
    open_all(browser).await;
    gallery.look("dashboard-open").await;
    browser
        .fill(
            &format!("{update} [name=allowedRedirectUris]"),
            "ftp://nowhere",
        )
        .await;
    browser.follow(&format!("{update} button.primary")).await;
    browser.find(".field-problem").await;
    gallery.look("dashboard-problem").await;
    browser
        .fill(
            &format!("{update} [name=allowedRedirectUris]"),
            &saas.callback(),
        )
        .await;
    browser
        .click(&format!("{update} [name=preset][value=everything]"))
        .await;
    browser.follow(&format!("{update} button.primary")).await;
    browser.says("Acme Insights").await;
    let list = format!("/app/developer/apps/{}/customers", app.client_id);
    gallery.visit("customers-none", &site.at(&list)).await;
    let calls = site.at("/app/developer/calls");
    gallery.visit("calls-none", &calls).await;
    gallery
        .visit("calls-problem", &format!("{calls}?status=x"))
        .await;
    app
}

async fn open_all(browser: &Browser) {
    let script = "for (const it of document.querySelectorAll('details')) it.open = true;";
    browser.run(script).await;
}

/// Consent in its states, with the page of each host, ending with an approved repository, some reads
/// and an event that nobody takes.
async fn customer(gallery: &mut Gallery<'_>, site: &Site, app: &Registered) {
    let browser = gallery.browser;
    let link = connect_url(site, app, "customer-1");
    gallery.visit("consent-begin", &link).await;
    for host in HOSTS {
        browser.open(&link).await;
        browser.follow(&format!(".connect a[href*='{host}']")).await;
        browser.find("#anna-berg").await;
        gallery.look(&format!("host-{host}")).await;
    }
    browser.open(&link).await;
    browser.follow(".connect a[href*=github]").await;
    browser.follow("#anna-berg").await;
    browser.find("[data-approve]").await;
    open_all(browser).await;
    gallery.look("consent").await;
    browser.follow("[data-approve]").await;
    browser.find(".field-problem").await;
    gallery.look("consent-problem").await;
    browser.fill("[data-picker-search]", "no such thing").await;
    browser
        .until("nothing that matches", async || {
            let shown = browser
                .find_all("[data-picker-rows] li:not([hidden])")
                .await;
            shown.is_empty().then_some(())
        })
        .await;
    gallery.look("consent-no-match").await;
    browser.fill("[data-picker-search]", "storefront").await;
    browser
        .click("[data-picker-rows] input[value$=':1001']")
        .await;
    gallery.look("consent-chosen").await;
    browser.follow("[data-approve]").await;
    let query = browser.text("#came-back").await;
    let token = site.exchange(app, &value(&query, "code").unwrap()).await;
    let token = token["accessToken"].as_str().unwrap();
    for path in ["commits", "branches", "commits/none/diff"] {
        site.read(token, &format!("{STOREFRONT}/{path}")).await;
    }
    site.read(token, "/v1/repositories/github/acme%2Fsecret/commits")
        .await;
    let hook = json!({"callbackUrl": "https://hooks.acme.example/in", "events": ["push"]});
    let (status, made) = site
        .send(token, &format!("{STOREFRONT}/events/subscribe"), &hook)
        .await;
    assert_eq!(status, 201, "{made}");
    site.emit("acme/storefront", "push").await;
}

/// The developer's view of that customer.
async fn customers(gallery: &mut Gallery<'_>, site: &Site, app: &Registered) {
    let browser = gallery.browser;
    let list = format!("/app/developer/apps/{}/customers", app.client_id);
    gallery.visit("customers", &site.at(&list)).await;
    browser.follow("tbody a").await;
    open_all(browser).await;
    gallery.look("customer").await;
    browser
        .follow("form[action$='/reconnect-link'] button")
        .await;
    browser.find("[data-copy-text]").await;
    gallery.look("customer-link").await;
    browser.open(&site.at(&list)).await;
    browser.follow("tbody a").await;
    browser.follow("a[href$='/events']").await;
    gallery.look("events").await;
    browser.follow("tbody a").await;
    gallery.look("deliveries").await;
    browser.open(&site.at("/app/developer/calls")).await;
    open_all(browser).await;
    gallery.look("calls").await;
    browser.follow("a[href*='/explain?']").await;
    gallery.look("explain").await;
    gallery.visit("account", &site.at("/app/account")).await;
}

/// What the customer sees afterwards, up to the end of access.
async fn management(gallery: &mut Gallery<'_>, site: &Site, app: &Registered) {
    let browser = gallery.browser;
    let manage = format!(
        "/app/company/apps/{}?customer_ref=customer-1",
        app.client_id
    );
    let manage = site.at(&manage);
    browser.open(&manage).await;
    open_all(browser).await;
    gallery.look("manage").await;
    browser.follow("a[href*='/reads?']").await;
    gallery.look("manage-reads").await;
    browser.open(&manage).await;
    browser.click(".ending summary").await;
    browser.follow(".ending button").await;
    browser.says("Access has ended.").await;
    gallery.look("manage-ended").await;
}

/// The app that comes with the server.
async fn test_app(gallery: &mut Gallery<'_>, site: &Site) {
    let browser = gallery.browser;
    gallery.visit("testapp-begin", &site.at("/testapp")).await;
    gallery
        .visit("testapp-events", &site.at("/testapp/events"))
        .await;
    browser
        .open(&site.at("/testapp/callback?state=x&code=y"))
        .await;
    gallery.look("testapp-foreign").await;
}

/// Somebody else's browser, and links that are over.
async fn strangers(gallery: &mut Gallery<'_>, site: &Site, app: &Registered) {
    let browser = gallery.browser;
    browser.forget_cookies().await;
    let link = connect_url(site, app, "customer-1");
    browser.open(&link).await;
    browser.says("Confirm that this is you").await;
    gallery.look("locked").await;
    let over = site.at("/oauth/authorize?request_id=0123456789abcdef");
    gallery.visit("error-over", &over).await;
    let unknown = site.at("/oauth/authorize?client_id=client_x&response_type=code");
    gallery.visit("error-no-such-app", &unknown).await;
    browser.open(&site.at("/app/login")).await;
    browser.fill("#email", "grace@acme.example").await;
    browser.fill("#password", "not the right words").await;
    browser.follow("form button").await;
    browser.find(".notice, .field-problem").await;
    gallery.look("login-problem").await;
}
