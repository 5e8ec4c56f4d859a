//! A thousand repositories to choose from with the keyboard alone, a page that is locked for who
//! only knows its name, and every way in which a page can be an error.

use super::{
    album::inspect,
    driver::{self, Browser, Setup},
    saas::Saas,
    support::Site,
    tiny::value,
    walk::{connect_url, make_app},
};

/// WebDriver's signs for keys.
const TAB: &str = "\u{e004}";
const SPACE: &str = " ";
const ENTER: &str = "\u{e007}";

/// Presses Tab until the focus is on what is sought.
async fn tab_to(browser: &Browser, css: &str) {
    for _ in 0..80 {
        browser.type_keys(TAB).await;
        let script = format!("return document.activeElement.matches({css:?})");
        if browser.run(&script).await == true {
            return;
        }
    }
    panic!("{css} is not reached by the keyboard");
}

#[tokio::test]
async fn a_thousand_repositories_are_searched_and_chosen_by_keyboard() {
    if !driver::is_there() {
        return;
    }
    let site = Site::start_with_repositories(1000).await;
    let saas = Saas::start().await;
    let browser = Browser::start(Setup::default()).await;
    let app = make_app(&browser, &site, &saas.callback()).await;
    browser.open(&connect_url(&site, &app, "customer-1")).await;
    tab_to(&browser, ".connect a[href*=github]").await;
    browser.type_keys(ENTER).await;
    browser.follow("#anna-berg").await;
    let count = browser.text("[data-picker-count]").await;
    assert!(count.contains("of 1000"), "{count}");
    tab_to(&browser, "[data-picker-search]").await;
    browser.type_keys("service-77").await;
    browser
        .until("eleven repositories", async || {
            let shown = browser
                .find_all("[data-picker-rows] li:not([hidden])")
                .await;
            (shown.len() == 11).then_some(())
        })
        .await;
    for _ in 0..3 {
        tab_to(&browser, "[data-picker-rows] input:not(:checked)").await;
        browser.type_keys(SPACE).await;
    }
    let count = browser.text("[data-picker-count]").await;
    assert!(count.contains("3 selected"), "{count}");
    inspect(&browser, "thousand-chosen").await;
    tab_to(&browser, "[data-approve]").await;
    browser.type_keys(ENTER).await;
    let query = browser.text("#came-back").await;
    let token = site.exchange(&app, &value(&query, "code").unwrap()).await;
    let token = token["accessToken"].as_str().unwrap();
    // Pages are the provider's: what was not chosen leaves gaps in them.
    let (mut cursor, mut read) = (String::new(), 0);
    loop {
        let path = format!("/v1/repositories?provider=github&limit=100{cursor}");
        let (status, body) = site.read(token, &path).await;
        assert_eq!(status, 200, "{body}");
        read += body["data"].as_array().unwrap().len();
        let Some(next) = body["page_info"]["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(read, 3);
    site.stop().await;
}

#[tokio::test]
async fn a_locked_page_and_every_error_look_like_the_rest() {
    // sec: TN-3
    if !driver::is_there() {
        return;
    }
    let site = Site::start().await;
    let saas = Saas::start().await;
    let owner = Browser::start(Setup::default()).await;
    let app = make_app(&owner, &site, &saas.callback()).await;
    let link = connect_url(&site, &app, "customer-1");
    owner.open(&link).await;
    owner.follow(".connect a[href*=github]").await;
    owner.follow("#anna-berg").await;
    owner.find("[data-picker-rows]").await;
    drop(owner);

    let stranger = Browser::start(Setup {
        is_dark: true,
        width: 360,
        ..Setup::default()
    })
    .await;
    stranger.open(&link).await;
    stranger.find(".connect a").await;
    let text = stranger.page_text().await;
    assert!(
        !text.contains("anna-berg") && !text.contains("storefront"),
        "{text}"
    );
    inspect(&stranger, "locked").await;

    let id = &app.client_id;
    for (name, path, status, word) in [
        ("error-no-such-page", "/nowhere".to_owned(), 404, "404"),
        (
            "error-no-such-app",
            "/oauth/authorize?client_id=client_x&response_type=code".to_owned(),
            400,
            "400",
        ),
        (
            "error-foreign-address",
            format!(
                "/oauth/authorize?client_id={id}&response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F"
            ),
            400,
            "400",
        ),
        (
            "error-no-customer",
            format!("/app/company/apps/{id}"),
            400,
            "400",
        ),
        (
            "error-over",
            "/oauth/authorize?request_id=0123456789abcdef".to_owned(),
            403,
            "403",
        ),
    ] {
        stranger.open(&site.at(&path)).await;
        let text = stranger.page_text().await;
        assert!(text.contains(word), "{name} {status}: {text}");
        assert!(text.contains("gf_req_"), "{name} names no request: {text}");
        inspect(&stranger, name).await;
    }
    site.stop().await;
}
