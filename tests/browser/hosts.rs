//! One customer with an account at each of the five code hosts: all are connected on one consent page,
//! one repository of each is approved, and read. No host is outside of this process.

use super::{
    driver::{self, Browser, Setup},
    saas::Saas,
    support::Site,
    tiny::value,
    walk::{connect_url, make_app},
};

/// The hosts, and the name of the sample repository at each.
const HOSTS: [(&str, &str); 5] = [
    ("github", "acme/storefront"),
    ("gitlab", "acme/storefront"),
    ("bitbucket", "acme/storefront"),
    ("azure", "acme/Web Shop/storefront"),
    ("gitflic", "acme/storefront"),
];

#[tokio::test]
async fn five_hosts_are_connected_on_one_page_and_read() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start_with_providers("github,gitlab,bitbucket,azure,gitflic").await;
    let saas = Saas::start().await;
    // Of two hundred repositories not all are on the page: the server searches.
    let browser = Browser::start(Setup {
        has_scripts: false,
        ..Setup::default()
    })
    .await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    browser.open(&connect_url(&site, &app, "customer-1")).await;
    for (at, (host, _)) in HOSTS.into_iter().enumerate() {
        if at > 0 {
            browser.click("section details.more summary").await;
        }
        let css = format!(".connect a[href*='{host}']");
        browser.follow(&css).await;
        // The page of the host itself, emulated.
        browser.follow("#anna-berg").await;
        browser.find("[data-approve]").await;
    }
    browser.fill("[data-picker-search]", "storefront").await;
    browser.follow("[data-picker-submit]").await;
    let rows = browser
        .until("a repository of each", async || {
            let shown = browser
                .find_all("[data-picker-rows] li:not([hidden]) input")
                .await;
            (shown.len() == HOSTS.len()).then_some(shown)
        })
        .await;
    for row in &rows {
        browser.click_on(row).await;
    }
    browser.follow("[data-approve]").await;
    let query = browser.text("#came-back").await;
    let token = site.exchange(&app, &value(&query, "code").unwrap()).await;
    let token = token["accessToken"].as_str().unwrap();
    for (host, name) in HOSTS {
        let path = format!("/v1/repositories?provider={host}&limit=100");
        let (status, body) = site.read(token, &path).await;
        assert_eq!(status, 200, "{host}: {body}");
        let rows = body["data"].as_array().unwrap();
        assert_eq!(rows.len(), 1, "{host}: {body}");
        assert_eq!(rows[0]["fullName"], name);
        let id = name.replace('/', "%2F").replace(' ', "%20");
        let path = format!("/v1/repositories/{host}/{id}/commits?limit=3");
        let (status, body) = site.read(token, &path).await;
        assert_eq!(status, 200, "{host}: {body}");
        assert_eq!(body["data"].as_array().unwrap().len(), 3, "{host}");
    }
    site.stop().await;
}

#[tokio::test]
async fn what_is_ticked_outlives_a_second_account() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start_with_providers("github,gitlab").await;
    let saas = Saas::start().await;
    let browser = Browser::start(Setup::default()).await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    browser.open(&connect_url(&site, &app, "customer-1")).await;
    browser.follow(".connect a[href*='github']").await;
    browser.follow("#anna-berg").await;
    browser.find("[data-approve]").await;
    let boxes = browser.find_all("[data-picker-rows] input").await;
    browser.click_on(&boxes[0]).await;
    browser.click_on(&boxes[2]).await;
    let permissions = browser.find_all("input[name=permissions]").await;
    browser.click_on(&permissions[0]).await;
    let summary = async || {
        let texts = browser.texts("[data-summary-repositories], [data-summary-permissions]");
        texts.await.join(", ")
    };
    let before = summary().await;
    assert!(before.starts_with("2 repositories"), "{before}");
    browser.click("section details.more summary").await;
    browser.follow(".connect a[href*='gitlab']").await;
    browser.follow("#anna-berg").await;
    browser.find("[data-approve]").await;
    browser
        .until("what was ticked", async || {
            (summary().await == before).then_some(())
        })
        .await;
    let is_ticked = "return document.querySelector('input[name=permissions]').checked";
    assert_eq!(
        browser.run(is_ticked).await,
        false,
        "what was refused stays so"
    );
    site.stop().await;
}
