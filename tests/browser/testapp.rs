//! The app that comes with the server, walked as a person who tries the product out: credentials,
//! connecting, three of forty repositories, its probes, the end of access.

use super::{
    album::inspect,
    driver::{self, Browser, Setup},
    support::Site,
    walk::{make_app, toggle},
};

async fn way(setup: Setup, name: &str) {
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    let browser = Browser::start(setup).await;
    let app = make_app(&browser, &site, &site.at("/testapp/callback")).await;

    browser.open(&site.at("/testapp")).await;
    inspect(&browser, &format!("{name}-begin")).await;
    browser.fill("#client-id", &app.client_id).await;
    browser.fill("#client-secret", &app.client_secret).await;
    browser
        .follow("form[action='/testapp/config'] button")
        .await;
    browser.says("Saved.").await;
    inspect(&browser, &format!("{name}-ready")).await;

    browser.follow(".acts a.primary").await;
    browser.follow(".connect a[href*=github]").await;
    browser.follow("#anna-berg").await;
    browser.find("[data-picker-count]").await;
    toggle(&browser, &["service-01", "service-02", "service-03"]).await;
    browser.follow("[data-approve]").await;
    browser.says("Connected.").await;
    inspect(&browser, &format!("{name}-connected")).await;

    for (probe, expected) in [
        ("endpoint-suite", "200"),
        ("repository-scenario", "200"),
        ("commit-metrics", "commits.list"),
    ] {
        let link = format!("a[href='/testapp/live/{probe}']");
        browser.follow(&link).await;
        browser.says(expected).await;
        inspect(&browser, &format!("{name}-{probe}")).await;
        browser.open(&site.at("/testapp")).await;
        browser.find(&link).await;
    }

    // The customer ends it; the app's next read says so.
    let manage = format!("/app/company/apps/{}?customer_ref=testapp", app.client_id);
    browser.open(&site.at(&manage)).await;
    browser.click(".ending summary").await;
    browser.follow(".ending button").await;
    browser.says("Access has ended.").await;
    browser.open(&site.at("/testapp/live/commit-metrics")).await;
    browser.says("AUTH_EXPIRED").await;
    inspect(&browser, &format!("{name}-refused")).await;
    browser.open(&site.at("/testapp")).await;
    browser
        .follow("form[action='/testapp/disconnect'] button")
        .await;
    browser.says("revoked and forgotten").await;
    browser.find(".acts a.primary").await;
    site.stop().await;
}

#[tokio::test]
async fn the_test_app_connects_reads_and_lets_go() {
    way(Setup::default(), "testapp").await;
}

#[tokio::test]
async fn the_test_app_needs_no_scripts_and_no_wide_screen() {
    let setup = Setup {
        has_scripts: false,
        width: 360,
        is_dark: true,
    };
    way(setup, "testapp-plain").await;
}
