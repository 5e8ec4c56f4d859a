//! When an upstream is asked again: only a read, only where it said that it helps, only while there
//! is time; and what is made of the wait that it names.

use gitflare_core::{
    Code, Secret,
    model::EventName,
    provider::{NewHook, Provider, RepoRef},
};

use crate::{
    VIEWER, call, github, gitlab, http,
    server::{Exchange, Server},
};

/// A server that refuses as many times with that status and those headers, then answers.
async fn refusing(times: usize, status: u16, headers: &'static str) -> Server {
    Server::start(move |mut at: Exchange| async move {
        if at.before < times {
            at.answer(status, headers, "{}").await;
        } else {
            at.answer(200, "", VIEWER).await;
        }
    })
    .await
}

#[tokio::test]
async fn a_read_is_repeated_where_the_upstream_names_a_wait_that_fits() {
    for (times, status, headers, calls, code) in [
        (1, 503, "retry-after: 0\r\n", 2, None),
        (1, 503, "retry-after: 1\r\n", 2, None),
        (1, 429, "retry-after: 1\r\n", 2, None),
        // Twice again, then it is what it is.
        (
            9,
            503,
            "retry-after: 0\r\n",
            3,
            Some(Code::UpstreamUnavailable),
        ),
        // Longer than the call has.
        (
            1,
            503,
            "retry-after: 5\r\n",
            1,
            Some(Code::UpstreamUnavailable),
        ),
        (1, 429, "retry-after: 60\r\n", 1, Some(Code::RateLimited)),
        // Nobody said that it helps.
        (1, 429, "", 1, Some(Code::RateLimited)),
        (1, 500, "", 1, Some(Code::UpstreamUnavailable)),
        (1, 502, "", 1, Some(Code::UpstreamUnavailable)),
        (1, 503, "", 1, Some(Code::UpstreamUnavailable)),
        (1, 504, "retry-after: 0\r\n", 1, Some(Code::UpstreamTimeout)),
        // Another time is no better.
        (
            1,
            401,
            "retry-after: 0\r\n",
            1,
            Some(Code::InvalidCredentials),
        ),
        (
            1,
            404,
            "retry-after: 0\r\n",
            1,
            Some(Code::ResourceNotFound),
        ),
        (1, 422, "retry-after: 0\r\n", 1, Some(Code::InvalidRequest)),
        (
            1,
            451,
            "retry-after: 0\r\n",
            1,
            Some(Code::AccessBlockedByPolicy),
        ),
    ] {
        let server = refusing(times, status, headers).await;
        let outcome = github(http(&[&server]), &server)
            .viewer(&call("again"))
            .await;
        let got = outcome.err().map(|error| error.code());
        assert_eq!(got, code, "{status} {headers:?}");
        assert_eq!(server.count(), calls, "{status} {headers:?}");
    }
}

#[tokio::test]
async fn what_changes_something_is_sent_once() {
    let server = refusing(9, 503, "retry-after: 0\r\n").await;
    let secret = Secret::new("a secret of the hook".to_owned());
    let hook = NewHook {
        url: "https://gateway.example/hooks",
        secret: &secret,
        events: &[EventName::Push],
    };
    let repo = RepoRef {
        id: "7".to_owned(),
        full_name: None,
    };
    let http = http(&[&server]);
    let (github, gitlab) = (github(http.clone(), &server), gitlab(http, &server));
    for hooks in [github.hooks().unwrap(), gitlab.hooks().unwrap()] {
        let before = server.count();
        let outcome = hooks.create(&call("once"), &repo, &hook).await;
        assert_eq!(outcome.unwrap_err().code(), Code::UpstreamUnavailable);
        assert_eq!(server.count(), before + 1);
    }
}

#[tokio::test]
async fn a_wait_is_read_and_kept_within_an_hour() {
    // sec: SR-9
    for (headers, expected) in [
        ("retry-after: 120\r\n", 120),
        ("retry-after:   7  \r\n", 7),
        ("retry-after: 999999999\r\n", 3600),
        ("retry-after: 18446744073709551616\r\n", 3600),
        ("retry-after: -5\r\n", 60),
        ("retry-after: 1e3\r\n", 60),
        ("retry-after: soon\r\n", 60),
        ("retry-after: \r\n", 60),
        ("retry-after: 9\u{660}\r\n", 60),
        ("retry-after: Mon, 01 Jan 1990 00:00:00 GMT\r\n", 1),
        ("retry-after: Tue, 31 Dec 2199 23:59:59 GMT\r\n", 3600),
        (
            "date: Mon, 23 Nov 2026 08:00:00 GMT\r\nretry-after: Mon, 23 Nov 2026 08:01:30 GMT\r\n",
            90,
        ),
        // What follows the line's end is a header of its own, and goes nowhere.
        ("retry-after: 120\r\nset-cookie: a=b\r\n", 120),
    ] {
        let server = refusing(9, 429, headers).await;
        let outcome = github(http(&[&server]), &server)
            .viewer(&call("wait"))
            .await;
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), Code::RateLimited, "{headers:?}");
        assert_eq!(error.retry_after_seconds(), Some(expected), "{headers:?}");
        assert!(!format!("{error:?}").contains("a=b"));
    }
}

#[tokio::test]
async fn a_connection_that_is_told_to_wait_does_not_call_and_another_does() {
    let server = refusing(1, 429, "retry-after: 60\r\n").await;
    let github = github(http(&[&server]), &server);
    for _ in 0..3 {
        let error = github.viewer(&call("limited")).await.unwrap_err();
        assert_eq!(error.code(), Code::RateLimited);
        assert!((1..=60).contains(&error.retry_after_seconds().unwrap()));
    }
    assert_eq!(server.count(), 1);
    assert_eq!(github.viewer(&call("other")).await.unwrap().id, "7");
}
