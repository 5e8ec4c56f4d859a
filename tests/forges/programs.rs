//! The commands of the events' page, pasted against a server with emulated forges.

use std::collections::BTreeMap;

use crate::{
    contract::programs::{paste, programs},
    forges::stand::{STOREFRONT, Stand},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_command_of_the_events_page_subscribes() {
    let stand = Stand::start(&[]).await;
    let page = stand.client.get(stand.url("/docs/events.md")).send().await;
    let page = page.unwrap().text().await.unwrap();
    let command = programs(&page, "sh").remove(0);
    let mut variables: BTreeMap<_, _> = [
        ("ACCESS_TOKEN", stand.token.as_str()),
        ("PROVIDER", "github"),
        ("REPOSITORY", STOREFRONT),
        ("CALLBACK_URL", "https://app.example.com/hooks"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let pasted = tokio::task::spawn_blocking(move || paste(&command, &mut variables)).await;
    if let Some(made) = pasted.unwrap() {
        assert!(
            made["secret"].as_str().unwrap().starts_with("whsec_"),
            "{made}"
        );
        assert_eq!(
            made["data"]["events"],
            serde_json::json!(["push", "pull_request"])
        );
    }
    stand.running.shutdown().await.unwrap();
}
