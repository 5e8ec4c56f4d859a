//! The app that comes with the server, walked as a person who tries the product out: credentials,
//! connecting, three of forty repositories, its probes, the end of access.

use super::{
    album::inspect,
    driver::{self, Browser, Setup},
    support::Site,
    walk::{make_app, toggle},
};

/// Waits for a page that says this.
async fn says(browser: &Browser, text: &str) {
    let wait = browser.until(text, async || {
        browser.page_text().await.contains(text).then_some(())
    });
    wait.await;
}

/// Waits for a page at this path: a click may return before the browser has left the old page.
async fn arrives(browser: &Browser, path: &str) {
    let wait = browser.until(path, async || {
        let shown = browser.run("return location.pathname").await;
        (shown == path).then_some(())
    });
    wait.await;
}

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
    browser.click("form[action='/testapp/config'] button").await;
    says(&browser, "Saved.").await;
    inspect(&browser, &format!("{name}-ready")).await;

    browser.click(".acts a.primary").await;
    browser.click(".connect a[href*=github]").await;
    browser.click("#anna-berg").await;
    browser.find("[data-picker-count]").await;
    toggle(&browser, &["service-01", "service-02", "service-03"]).await;
    browser.click("[data-approve]").await;
    says(&browser, "Connected.").await;
    inspect(&browser, &format!("{name}-connected")).await;

    for (probe, expected) in [
        ("endpoint-suite", "200"),
        ("repository-scenario", "200"),
        ("commit-metrics", "commits.list"),
    ] {
        let page = format!("/testapp/live/{probe}");
        let link = format!("a[href='{page}']");
        browser.click(&link).await;
        arrives(&browser, &page).await;
        says(&browser, expected).await;
        inspect(&browser, &format!("{name}-{probe}")).await;
        browser.open(&site.at("/testapp")).await;
        browser.find(&link).await;
    }

    // The customer ends it; the app's next read says so. The page warned of "nothing" before the
    // click, so only the answer to it is waited for.
    let manage = format!("/app/company/apps/{}?customer_ref=testapp", app.client_id);
    browser.open(&site.at(&manage)).await;
    browser.click(".ending summary").await;
    browser.click(".ending button").await;
    says(&browser, "Access has ended.").await;
    browser.open(&site.at("/testapp/live/commit-metrics")).await;
    says(&browser, "AUTH_EXPIRED").await;
    inspect(&browser, &format!("{name}-refused")).await;
    browser.open(&site.at("/testapp")).await;
    browser
        .click("form[action='/testapp/disconnect'] button")
        .await;
    says(&browser, "revoked and forgotten").await;
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
