//! The pages that need no session: in both themes, on a wide and on a narrow screen, with and
//! without scripts.

use super::{
    album::{inspect, quiet},
    driver::{self, Browser, Setup},
    support::Site,
};

const PAGES: &[(&str, &str)] = &[
    ("landing", "/"),
    ("docs", "/docs"),
    ("docs-api", "/docs/api"),
    ("zero-trust", "/zero-trust"),
];

#[tokio::test]
async fn public_pages_look_right_in_both_themes_and_widths() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    for (width, is_dark) in [(1100, false), (1100, true), (360, false), (320, true)] {
        let browser = Browser::start(Setup {
            width,
            is_dark,
            ..Setup::default()
        })
        .await;
        let theme = if is_dark { "dark" } else { "light" };
        for (name, path) in PAGES {
            browser.open(&site.at(path)).await;
            inspect(&browser, &format!("{name}-{width}-{theme}")).await;
        }
    }
}

#[tokio::test]
async fn public_pages_say_everything_without_scripts() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    let plain = Browser::start(Setup {
        has_scripts: false,
        ..Setup::default()
    })
    .await;
    for (_, path) in PAGES {
        plain.open(&site.at(path)).await;
        assert!(plain.page_text().await.len() > 500, "{path}");
        quiet(&plain, path).await;
    }
    assert_eq!(plain.find_all("[data-copy]:not([hidden])").await.len(), 0);
}

#[tokio::test]
async fn a_page_that_is_not_there_is_a_page_with_a_request_id() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    let browser = Browser::start(Setup::default()).await;
    browser.open(&site.at("/nowhere")).await;
    let text = browser.page_text().await;
    assert!(text.contains("There is nothing here"), "{text}");
    assert!(
        text.contains("RESOURCE_NOT_FOUND") && text.contains("gf_req_"),
        "{text}"
    );
}

#[tokio::test]
async fn the_endpoint_list_can_be_filtered() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    let browser = Browser::start(Setup::default()).await;
    browser.open(&site.at("/docs/api")).await;
    browser.fill("#endpoint-filter", "commitid diff").await;
    let shown = browser
        .until("one endpoint", async || {
            let rows = browser.texts("[data-filter-row]:not([hidden])").await;
            (rows.len() == 1).then_some(rows)
        })
        .await;
    assert!(shown[0].contains("/commits/:commitId/diff"), "{shown:?}");
    quiet(&browser, "docs-api").await;
}
