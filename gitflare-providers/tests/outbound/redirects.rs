//! Redirects: within the origin a few, elsewhere none; credentials stay where they belong.

use std::sync::Arc;

use gitflare_core::{Code, provider::Provider};

use crate::{
    VIEWER, call, github, gitlab, http,
    server::{Exchange, Server},
};

/// A server whose first answers lead on to these targets, the last one to the viewer.
async fn leading(targets: Vec<String>, status: u16) -> Server {
    let targets = Arc::new(targets);
    Server::start(move |mut at: Exchange| {
        let targets = Arc::clone(&targets);
        async move {
            match targets.get(at.before) {
                Some(target) => {
                    let location = format!("location: {target}\r\n");
                    at.answer(status, &location, "{}").await;
                }
                None => at.answer(200, "", VIEWER).await,
            }
        }
    })
    .await
}

#[tokio::test]
async fn up_to_three_redirects_within_the_origin_are_followed() {
    // sec: SR-5
    for (hops, followed) in [(1, true), (3, true), (4, false)] {
        for status in [301, 302, 307, 308] {
            let targets = (0..hops).map(|hop| format!("/moved/{hop}")).collect();
            let server = leading(targets, status).await;
            let outcome = github(http(&[&server]), &server)
                .viewer(&call("moved"))
                .await;
            assert_eq!(outcome.is_ok(), followed, "{hops} of {status}");
            let heads = server.heads();
            assert_eq!(heads.len(), 1 + hops.min(3), "{hops} of {status}");
            assert!(
                heads
                    .iter()
                    .all(|head| head.contains("authorization: bearer fixture-token")),
            );
        }
    }
}

#[tokio::test]
async fn no_credential_and_no_call_leaves_the_configured_origin() {
    // sec: SR-5
    let stranger = Server::start(async |mut at: Exchange| at.answer(200, "", VIEWER).await).await;
    let elsewhere = stranger.address();
    let port = elsewhere.rsplit(':').next().unwrap();
    for target in [
        format!("http://{elsewhere}/api/v3/user"),
        format!("//{elsewhere}/api/v3/user"),
        format!("https://{elsewhere}/"),
        format!("http://localhost:{port}/"),
        format!("http://user:word@{elsewhere}/"),
        "file:///etc/passwd".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://[::1".to_owned(),
    ] {
        for status in [301, 302, 307, 308] {
            let server = leading(vec![target.clone(); 2], status).await;
            // The operator allows both: that does not make them one.
            let http = http(&[&server, &stranger]);
            for outcome in [
                github(http.clone(), &server).viewer(&call("led")).await,
                gitlab(http, &server).viewer(&call("led")).await,
            ] {
                let error = outcome.unwrap_err();
                assert_eq!(error.code(), Code::UpstreamUnavailable, "{target}");
                assert!(!error.message().contains(&elsewhere), "{target}");
            }
        }
    }
    assert_eq!(stranger.count(), 0);
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_no_answer() {
    for headers in ["", "location: \r\n", "location: http://\r\n"] {
        let server = Server::start(move |mut at: Exchange| async move {
            at.answer(302, headers, VIEWER).await;
        })
        .await;
        let outcome = github(http(&[&server]), &server)
            .viewer(&call("lost"))
            .await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), Code::UpstreamUnavailable, "{headers:?}");
    }
}
