//! Tokens of Microsoft Entra: which tenant they are renewed at.

use std::time::{Duration, Instant};

use gitflare_core::{
    Secret,
    provider::{CodeExchange, Provider, TokenRefresh},
};
use gitflare_providers::{
    OauthConfig,
    azure::Azure,
    conformance::{Reply, StandIn},
};
use serde_json::json;

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
/// `{"tid":"72f988bf-86f1-41af-91ab-2d7cd011db47"}`.
const ISSUED: &str = "e30.eyJ0aWQiOiI3MmY5ODhiZi04NmYxLTQxYWYtOTFhYi0yZDdjZDAxMWRiNDcifQ.c2ln";

/// An application whose tokens are these, one after the other: access and refresh token.
async fn application(mut tokens: Vec<(&'static str, Option<&'static str>)>) -> (StandIn, Azure) {
    tokens.reverse();
    let stand_in = StandIn::answering(move |_, _, _| {
        let (access, refresh) = tokens.pop().unwrap();
        Reply::ok(
            json!({"access_token": access, "refresh_token": refresh, "expires_in": 3599})
                .to_string(),
        )
    })
    .await;
    let mut config = OauthConfig::new("app", "https://gitflare.example/callback");
    config.client_secret = Some(Secret::new("secret".to_owned()));
    let url = stand_in.url();
    let azure = Azure::new(stand_in.http(), &url).unwrap();
    let azure = azure.with_oauth(stand_in.http(), &url, config).unwrap();
    (stand_in, azure)
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

async fn refreshed(azure: &Azure, kept: &Secret<String>) -> Option<Secret<String>> {
    let refresh = TokenRefresh {
        refresh_token: kept,
        deadline: deadline(),
    };
    let issued = azure.oauth().unwrap().refresh(refresh).await;
    issued.unwrap().refresh_token
}

#[tokio::test]
async fn a_token_is_renewed_at_the_tenant_that_issued_it() {
    let tokens = vec![
        (ISSUED, Some("1.first")),
        (ISSUED, Some("1.second")),
        ("opaque", Some("1.third")),
    ];
    let (stand_in, azure) = application(tokens).await;
    let code = Secret::new("code".to_owned());
    let exchange = CodeExchange {
        code: &code,
        code_verifier: &code,
        deadline: deadline(),
    };
    let issued = azure.oauth().unwrap().exchange(exchange).await.unwrap();
    let first = issued.refresh_token.unwrap();
    assert_eq!(first.expose(), &format!("{TENANT} 1.first"));
    let second = refreshed(&azure, &first).await.unwrap();
    // What says no tenant comes of the one that was asked.
    let third = refreshed(&azure, &second).await.unwrap();
    assert_eq!(third.expose(), &format!("{TENANT} 1.third"));
    let at = format!("/{TENANT}/oauth2/v2.0/token");
    assert_eq!(
        stand_in.asked(),
        ["/organizations/oauth2/v2.0/token", &*at, &*at]
    );
}

#[tokio::test]
async fn a_token_of_an_unknown_tenant_is_renewed_where_everybody_is() {
    for (kept, answered) in [
        ("1.AXoA", "opaque"),
        // No tenant's name leads to another path.
        ("../x 1.AXoA", "opaque"),
        // `{"tid":"../x"}`.
        ("1.AXoA", "e30.eyJ0aWQiOiIuLi94In0.c2ln"),
    ] {
        let (stand_in, azure) = application(vec![(answered, Some("1.next"))]).await;
        let next = refreshed(&azure, &Secret::new(kept.to_owned()))
            .await
            .unwrap();
        assert_eq!(next.expose(), "1.next", "{kept}");
        assert_eq!(stand_in.asked(), ["/organizations/oauth2/v2.0/token"]);
    }
    // Without a new one the old one stays, as it was kept.
    let (_stand_in, azure) = application(vec![(ISSUED, None)]).await;
    let kept = Secret::new(format!("{TENANT} 1.AXoA"));
    assert!(refreshed(&azure, &kept).await.is_none());
}

#[tokio::test]
async fn who_asks_for_tokens_names_an_agent() {
    let (stand_in, azure) = application(vec![("opaque", None)]).await;
    refreshed(&azure, &Secret::new("1.AXoA".to_owned())).await;
    let head = stand_in.heads().remove(0);
    assert!(head.contains("\r\nuser-agent: gitflare/"), "{head}");
}
