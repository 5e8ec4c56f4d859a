//! The consent page inside the app's own pages: framed with third-party cookies blocked, in a popup,
//! and refused to every other origin.

use super::{
    driver::{self, Browser, Setup},
    saas::Saas,
    support::Site,
    tiny::value,
    walk::{connect_url, make_app},
};

#[tokio::test]
async fn a_frame_of_the_apps_own_page_connects_by_another_window_and_approves() {
    // sec: CS-4, CS-5, CS-6
    if !driver::is_there() {
        return;
    }
    let site = Site::start_https("panel.example").await;
    let saas = Saas::start_https("app.example").await;
    let browser = Browser::start(Setup::default()).await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    let url = connect_url(&site, &app, "customer-1").replace('&', "&amp;");
    let page = format!("<iframe id=connect src=\"{url}\" width=900 height=800></iframe>");
    browser.open(&saas.put("/", &page)).await;
    browser.find_in_frame("#connect", ".connect a").await;
    // Nothing happens on load: there is one window still.
    let before = browser.windows().await;
    assert_eq!(before.len(), 1);
    browser.click(".connect a[href*=github]").await;
    let popup = browser
        .until("a window", async || {
            let windows = browser.windows().await;
            windows.into_iter().find(|it| !before.contains(it))
        })
        .await;
    browser.show_window(&popup).await;
    browser.click("#anna-berg").await;
    browser.show_window(&before[0]).await;
    browser
        .find_in_frame("#connect", "[data-picker-rows]")
        .await;
    browser
        .click("[data-picker-rows] input[value$=':1008']")
        .await;
    browser.click("[data-approve]").await;
    browser.find_in_frame("#connect", "#came-back").await;
    let query = browser.text("#came-back").await;
    assert!(value(&query, "code").is_some(), "{query}");
    browser.leave_frame().await;
    let reports: Vec<_> = browser
        .complaints()
        .await
        .into_iter()
        .filter(|it| it.contains("Content Security Policy") || it.contains("Refused"))
        .collect();
    assert!(reports.is_empty(), "{reports:?}");
    site.stop().await;
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_frame_it() {
    // sec: CS-4
    if !driver::is_there() {
        return;
    }
    let site = Site::start_https("panel.example").await;
    let saas = Saas::start_https("app.example").await;
    let other = Saas::start_https("other.example").await;
    let browser = Browser::start(Setup::default()).await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    let consent = connect_url(&site, &app, "customer-1").replace('&', "&amp;");
    let framed = |url: &str| format!("<iframe id=framed src=\"{url}\"></iframe>");
    for (what, page) in [
        ("consent", other.put("/consent", &framed(&consent))),
        ("login", saas.put("/login", &framed(&site.at("/app/login")))),
        ("docs", saas.put("/docs", &framed(&site.at("/docs")))),
    ] {
        browser.open(&page).await;
        browser.find_in_frame("#framed", "body").await;
        assert_eq!(browser.find_all("main").await.len(), 0, "{what} is framed");
        browser.leave_frame().await;
        let refused = browser
            .until("the refusal", async || {
                let said = browser.complaints().await;
                let found = said.into_iter().find(|it| it.contains("frame-ancestors"));
                found.filter(|it| !it.is_empty())
            })
            .await;
        assert!(
            refused.contains("Refused") || refused.contains("violates"),
            "{refused}"
        );
    }
    site.stop().await;
}

#[tokio::test]
async fn a_popup_of_the_apps_page_ends_at_its_callback() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start_https("panel.example").await;
    let saas = Saas::start_https("app.example").await;
    let browser = Browser::start(Setup::default()).await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    let url = connect_url(&site, &app, "customer-1").replace('&', "&amp;");
    let page = format!(
        "<a id=open href=\"{url}\">x</a><script>document.getElementById('open').onclick=function(e)\
         {{e.preventDefault();window.open(this.href,'c','width=600,height=700')}}</script>"
    );
    browser.open(&saas.put("/", &page)).await;
    let before = browser.windows().await;
    browser.click("#open").await;
    let popup = browser
        .until("a window", async || {
            let windows = browser.windows().await;
            windows.into_iter().find(|it| !before.contains(it))
        })
        .await;
    browser.show_window(&popup).await;
    browser.follow(".connect a[href*=github]").await;
    browser.follow("#boris-lind").await;
    browser
        .click("[data-picker-rows] input[value$=':1001']")
        .await;
    browser.follow("[data-approve]").await;
    let query = browser.text("#came-back").await;
    assert!(value(&query, "code").is_some(), "{query}");
    site.stop().await;
}
