//! A developer's own way: sign-up, an app with its one-time secrets, editing, an account, signing out
//! and in again, the test app.

use super::{
    album::{inspect, quiet},
    driver::{self, Browser, Setup},
    saas::Saas,
    support::Site,
    walk::make_app,
};

async fn way(setup: Setup, name: &str) {
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    let saas = Saas::start().await;
    let browser = Browser::start(setup).await;
    browser.open(&site.at("/app/signup")).await;
    inspect(&browser, &format!("{name}-signup")).await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    inspect(&browser, &format!("{name}-dashboard-secrets")).await;

    // The secrets are shown once, the links stay.
    browser.open(&site.at("/app/dashboard")).await;
    let text = browser.page_text().await;
    assert!(!text.contains(&app.client_secret), "{text}");
    assert!(text.contains(&app.client_id), "{text}");
    inspect(&browser, &format!("{name}-dashboard")).await;

    let edit = format!(
        "form[action='/app/developer/apps/{}/update']",
        app.client_id
    );
    let summaries = browser.find_all("article.app > details > summary").await;
    for summary in &summaries {
        browser.click_on(summary).await;
    }
    browser
        .fill(
            &format!("{edit} [name=allowedRedirectUris]"),
            "ftp://nowhere",
        )
        .await;
    browser.follow(&format!("{edit} button.primary")).await;
    browser.find(".field-problem").await;
    inspect(&browser, &format!("{name}-dashboard-problem")).await;
    browser
        .fill(
            &format!("{edit} [name=allowedRedirectUris]"),
            &saas.callback(),
        )
        .await;
    browser
        .fill(&format!("{edit} [name=name]"), "Acme Insights 2")
        .await;
    browser.follow(&format!("{edit} button.primary")).await;
    browser.says("Acme Insights 2").await;

    // A second secret, shown once; the first one ends.
    let secrets = format!(
        "form[action='/app/developer/apps/{}/secrets']",
        app.client_id
    );
    let opened = "article.app > details:has(form[action*='/secrets'])";
    browser.click(&format!("{opened} > summary")).await;
    browser.follow(&format!("{secrets} button")).await;
    browser.find(".fresh").await;
    inspect(&browser, &format!("{name}-dashboard-second-secret")).await;
    browser.click(&format!("{opened} > summary")).await;
    let ends = browser
        .find_all(&format!("{opened} .confirm summary"))
        .await;
    assert_eq!(ends.len(), 2);
    browser.click_on(&ends[0]).await;
    browser
        .follow(&format!("{opened} .confirm[open] button"))
        .await;
    browser.says("The secret has ended.").await;

    for (page, path) in [
        ("calls", "/app/developer/calls"),
        ("account", "/app/account"),
    ] {
        browser.open(&site.at(path)).await;
        inspect(&browser, &format!("{name}-{page}")).await;
        browser.find(".tabs [aria-current=page]").await;
    }
    browser
        .open(&site.at("/app/developer/calls?status=wrong"))
        .await;
    browser.find("#status-problem").await;
    inspect(&browser, &format!("{name}-calls-problem")).await;
    browser.open(&site.at("/app/dashboard")).await;

    // An account of their own.
    browser.click("details:has(.connect) > summary").await;
    browser.follow(".connect a[href*=gitlab]").await;
    browser.follow("#boris-lind").await;
    browser.says("boris-lind").await;
    quiet(&browser, "dashboard").await;

    browser.follow("a[href='/app/logout']").await;
    browser.open(&site.at("/app/dashboard")).await;
    browser.find("form[action='/app/login']").await;
    browser.fill("#email", "grace@acme.example").await;
    browser.fill("#password", "not the right words").await;
    browser.follow("form button").await;
    browser.find(".notice, .field-problem").await;
    inspect(&browser, &format!("{name}-login-problem")).await;
    browser.fill("#email", "grace@acme.example").await;
    browser.fill("#password", "several unrelated words").await;
    browser.follow("form button").await;
    browser.find(".app").await;

    // Whoever is signed in has no use for the landing page.
    browser.open(&site.at("/")).await;
    browser.find(".app").await;
    let delete = format!(
        "form[action='/app/developer/apps/{}/delete']",
        app.client_id
    );
    let summaries = browser.find_all("article.app > details > summary").await;
    browser.click_on(summaries.last().unwrap()).await;
    browser.follow(&format!("{delete} button")).await;
    browser
        .until("no app", async || {
            browser.find_all(".app").await.is_empty().then_some(())
        })
        .await;
    quiet(&browser, "dashboard").await;
    site.stop().await;
}

#[tokio::test]
async fn a_developer_signs_up_and_keeps_an_app() {
    way(Setup::default(), "developer").await;
}

#[tokio::test]
async fn a_developers_pages_work_without_scripts_on_a_small_dark_screen() {
    let setup = Setup {
        has_scripts: false,
        width: 360,
        is_dark: true,
    };
    way(setup, "developer-plain").await;
}
