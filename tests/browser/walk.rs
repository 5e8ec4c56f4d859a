//! The whole way, as a developer and a customer walk it: sign-up, an app, its connect link, sign-in
//! at the provider, three of forty repositories, approval, the code, reading, a change of mind, the
//! end of access.

use serde_json::Value;

use super::{
    album::{inspect, quiet},
    driver::{self, Browser, Setup},
    saas::Saas,
    support::{Registered, Site},
    tiny::value,
};

/// Signs a developer up and makes an app; ends on the dashboard, which shows its secrets.
pub(crate) async fn make_app(browser: &Browser, site: &Site, redirect_uri: &str) -> Registered {
    browser.open(&site.at("/app/signup")).await;
    browser.fill("#name", "Grace").await;
    browser.fill("#email", "grace@acme.example").await;
    browser.fill("#password", "several unrelated words").await;
    browser.follow("form button").await;
    browser.fill("#new-name", "Acme Insights").await;
    browser
        .fill("#new-description", "Charts of how a team delivers.")
        .await;
    browser.fill("#new-redirects", redirect_uri).await;
    for scope in ["read:profile", "read:repositories", "read:commits"] {
        let css = format!("form[action='/app/developer/apps'] input[value='{scope}']");
        browser.click(&css).await;
    }
    browser
        .follow("form[action='/app/developer/apps'] button.primary")
        .await;
    browser.find(".fresh").await;
    let shown = browser.texts(".fresh [data-copy-text]").await;
    assert!(shown[1].starts_with("sggcs_"), "{shown:?}");
    Registered {
        client_id: shown[0].clone(),
        client_secret: shown[1].clone(),
        redirect_uri: redirect_uri.to_owned(),
    }
}

/// The link that sends a customer to the consent page.
pub(crate) fn connect_url(site: &Site, app: &Registered, customer: &str) -> String {
    let mut url = url::Url::parse(&site.at("/oauth/authorize")).unwrap();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &app.client_id)
        .append_pair("redirect_uri", &app.redirect_uri)
        .append_pair("state", "opaque-state")
        .append_pair("customer_ref", customer)
        .append_pair("customer_name", "Babbage & Co");
    url.into()
}

/// The forge numbers its repositories from here on; the second digit pair of a name is its place.
const FIRST_ID: u64 = 1001;

/// Ticks or unticks the boxes of repositories by name.
pub(crate) async fn toggle(browser: &Browser, names: &[&str]) {
    for name in names {
        let number: u64 = name.rsplit('-').next().unwrap().parse().unwrap();
        let css = format!("input[type=checkbox][value$=':{}']", FIRST_ID + number);
        browser.click(&css).await;
    }
}

fn names(body: &Value) -> Vec<&str> {
    let rows = body["data"].as_array().unwrap().iter();
    rows.map(|it| it["fullName"].as_str().unwrap()).collect()
}

async fn walk(setup: Setup, name: &str) {
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    let saas = Saas::start().await;
    let browser = Browser::start(setup).await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    inspect(&browser, &format!("{name}-dashboard-new-app")).await;

    browser.open(&connect_url(&site, &app, "customer-1")).await;
    inspect(&browser, &format!("{name}-consent-start")).await;
    browser.follow(".connect a[href*=github]").await;
    browser.follow("#anna-berg").await;
    assert!(browser.text("[data-picker-count]").await.contains("of 40"));

    browser.fill("[data-picker-search]", "service-1").await;
    if !setup.has_scripts {
        browser.follow("[data-picker-submit]").await;
    }
    browser
        .until("ten repositories", async || {
            let shown = browser
                .find_all("[data-picker-rows] li:not([hidden])")
                .await;
            (shown.len() == 10).then_some(())
        })
        .await;
    toggle(&browser, &["service-10", "service-15", "service-19"]).await;
    inspect(&browser, &format!("{name}-consent-chosen")).await;
    browser.follow("[data-approve]").await;

    let query = browser.text("#came-back").await;
    assert_eq!(value(&query, "state").as_deref(), Some("opaque-state"));
    assert_eq!(value(&query, "iss").as_deref(), Some(site.origin.as_str()));
    quiet(&browser, "approve").await;
    let token = site.exchange(&app, &value(&query, "code").unwrap()).await;
    let token = token["accessToken"]
        .as_str()
        .unwrap_or_else(|| panic!("{token}"));
    let (status, body) = site
        .read(token, "/v1/repositories?provider=github&limit=100")
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        names(&body),
        ["acme/service-10", "acme/service-15", "acme/service-19"]
    );

    // A change of mind: one goes, another comes.
    let manage = format!(
        "/app/company/apps/{}?customer_ref=customer-1",
        app.client_id
    );
    browser.open(&site.at(&manage)).await;
    inspect(&browser, &format!("{name}-manage")).await;
    toggle(&browser, &["service-15", "service-03"]).await;
    browser.follow("[data-approve]").await;
    browser.says("Saved.").await;
    inspect(&browser, &format!("{name}-manage-saved")).await;
    browser.follow("a[href*='/reads?']").await;
    browser.says("What Acme Insights has read").await;
    inspect(&browser, &format!("{name}-manage-reads")).await;
    let path = "/v1/repositories?provider=github&limit=100";
    let wanted = ["acme/service-03", "acme/service-10", "acme/service-19"];
    let (status, body) = site.read(token, path).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(names(&body), wanted);

    browser.open(&site.at(&manage)).await;
    browser.click(".ending summary").await;
    inspect(&browser, &format!("{name}-manage-end")).await;
    browser.follow(".ending button").await;
    browser.says("Access has ended.").await;
    let (_, refused) = site.read(token, path).await;
    assert_eq!(refused["error"]["code"], "AUTH_EXPIRED", "{refused}");
    browser.open(&site.at(&manage)).await;
    inspect(&browser, &format!("{name}-manage-ended")).await;
    let text = browser.page_text().await;
    assert!(text.contains("can read nothing"), "{text}");
    site.stop().await;
}

#[tokio::test]
async fn a_customer_chooses_three_of_forty_and_changes_their_mind() {
    walk(Setup::default(), "walk").await;
}

#[tokio::test]
async fn the_whole_way_works_without_scripts() {
    let setup = Setup {
        has_scripts: false,
        ..Setup::default()
    };
    walk(setup, "walk-plain").await;
}

#[tokio::test]
async fn the_whole_way_works_on_a_small_dark_screen() {
    let setup = Setup {
        width: 360,
        is_dark: true,
        ..Setup::default()
    };
    walk(setup, "walk-small").await;
}

#[tokio::test]
async fn a_customer_who_denies_goes_back_with_nothing_shared() {
    // sec: CS-6
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    let saas = Saas::start().await;
    let browser = Browser::start(Setup::default()).await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    browser.open(&connect_url(&site, &app, "customer-1")).await;
    browser.follow(".decide a").await;
    let query = browser.text("#came-back").await;
    assert_eq!(value(&query, "error").as_deref(), Some("access_denied"));
    assert_eq!(value(&query, "state").as_deref(), Some("opaque-state"));
    assert_eq!(value(&query, "code"), None);
    quiet(&browser, "deny").await;
    site.stop().await;
}
