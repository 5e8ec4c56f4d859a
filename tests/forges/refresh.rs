//! The end of an account's token, with many readers at it: one refresh, and everybody reads on. At the
//! hosts whose tokens end.

use reqwest::Method;
use serde_json::Value;

use crate::forges::{
    person::{Person, location, sign_in},
    stand::Stand,
};

/// How many refreshes the host was asked for.
async fn refreshes(stand: &Stand, provider: &str) -> u64 {
    let calls = stand.control(provider, Method::GET, "/__calls", &Value::Null);
    let calls = calls.await;
    let calls = calls.as_object().unwrap().iter();
    let tokens = calls.filter(|(key, _)| key.starts_with("POST ") && key.contains("token"));
    tokens.map(|(_, count)| count.as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_readers_at_the_end_of_a_token_refresh_it_once() {
    // sec: PC-9
    let stand = Stand::start(&[]).await;
    let mut grace = Person::sign_up(&stand).await;
    for provider in ["gitlab", "bitbucket", "azure", "gitflic"] {
        let path = format!("/v1/auth/{provider}/start?web=1");
        let started = grace.get(&path).await;
        assert_eq!(started.status(), 303, "{provider}");
        let asked = location(&started);
        let back = sign_in(&stand, provider, &asked).await;
        // With everything that the browser has at this gateway.
        let back = back.replace(&grace.base, "");
        let returned = grace.get(&back).await;
        assert_eq!(location(&returned), "/app/dashboard", "{provider}");
        let path = format!("/v1/account/repositories?provider={provider}&limit=2");
        assert_eq!(grace.get(&path).await.status(), 200, "{provider}");

        stand
            .control(provider, Method::DELETE, "/__calls", &Value::Null)
            .await;
        stand
            .control(provider, Method::POST, "/__expire", &Value::Null)
            .await;
        let readers = (0..100).map(|_| {
            let (mut reader, path) = (grace.elsewhere(), path.clone());
            tokio::spawn(async move {
                let answer = reader.get(&path).await;
                (answer.status(), answer.text().await.unwrap())
            })
        });
        for reader in readers.collect::<Vec<_>>() {
            let (status, body) = reader.await.unwrap();
            assert_eq!(status, 200, "{provider}: {body}");
        }
        assert_eq!(refreshes(&stand, provider).await, 1, "{provider}");
        if provider == "azure" {
            // At the tenant that has issued the token, which alone renews it.
            let calls = stand.control(provider, Method::GET, "/__calls", &Value::Null);
            let at = "POST /00000000-0000-4000-90c1-000000000001/oauth2/v2.0/token";
            assert_eq!(calls.await[at], 1);
        }
    }
    let metrics = reqwest::get(stand.url("/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for provider in ["gitlab", "bitbucket", "azure", "gitflic"] {
        let count = format!(
            r#"gitflare_token_refreshes_total{{provider="{provider}",outcome="renewed"}} 1"#
        );
        let none = format!(r#"gitflare_connections_to_reconnect{{provider="{provider}"}} 0"#);
        for line in [count, none] {
            assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
        }
    }
}
