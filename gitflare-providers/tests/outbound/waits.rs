//! What an upstream says about coming back: each way to say it, who waits, for how long, and that
//! nobody comes back who was not told to.

use std::time::{Duration, Instant};

use gitflare_core::{Code, Secret, model::EventName, provider::NewHook};
use gitflare_providers::Http;

use crate::{
    adapters, call, http, read, repo,
    server::{Act, Server},
};

const LONG: Duration = Duration::from_secs(20);
const DATE: &str = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

async fn upstream(acts: Vec<Act>) -> (Server, Http) {
    let server = Server::start(acts).await;
    let http = http(&[&server.address], LONG);
    (server, http)
}

#[tokio::test]
async fn retry_after_is_understood_bounded_or_ignored() {
    // sec: SR-9
    for (value, seconds) in [
        ("7", 7),
        ("  9  ", 9),
        ("3600", 3600),
        ("3601", 3600),
        ("99999999999999999999999", 3600),
        ("Sun, 06 Nov 1994 08:50:17 GMT", 40),
        ("Sunday, 06-Nov-94 08:50:17 GMT", 40),
        ("Sun Nov  6 08:50:17 1994", 40),
        ("Sat, 06 Nov 2094 08:50:17 GMT", 3600),
        // What says nothing leaves the minute that is waited without a word.
        ("", 60),
        ("-7", 60),
        ("+7", 60),
        ("7.5", 60),
        ("1e1", 60),
        ("0x7", 60),
        ("7s", 60),
        ("7, 8", 60),
        ("soon", 60),
        ("\u{ff17}", 60),
        ("1994-11-06T08:50:17Z", 60),
        ("Sun, 31 Feb 1994 08:50:17 GMT", 60),
        ("<script>alert(1)</script>", 60),
        ("http://elsewhere.example/", 60),
    ] {
        let headers = format!("{DATE}retry-after: {value}\r\n");
        let (server, http) = upstream(vec![Act::answer(429, &headers, "{}")]).await;
        for (provider, connection) in adapters(&http, &server.address) {
            let error = read(&*provider, &call(connection, LONG)).await.unwrap_err();
            assert_eq!(error.code(), Code::RateLimited, "{value:?}");
            assert_eq!(error.retry_after_seconds(), Some(seconds), "{value:?}");
            assert!(
                value.len() < 4 || !error.message().contains(value),
                "{value:?}"
            );
        }
        assert_eq!(server.heads().len(), 2, "{value:?}");
    }
}

#[tokio::test]
async fn a_header_that_breaks_its_line_is_no_answer_or_another_header() {
    // sec: SR-9
    for (value, code, seconds) in [
        ("7\rset-cookie: a=b", Code::UpstreamUnavailable, None),
        ("7\nset-cookie: a=b", Code::RateLimited, Some(7)),
        ("7\r\nset-cookie: a=b", Code::RateLimited, Some(7)),
        ("7\r\n 8", Code::UpstreamUnavailable, None),
        ("7\0", Code::UpstreamUnavailable, None),
    ] {
        let headers = format!("retry-after: {value}\r\n");
        let (server, http) = upstream(vec![Act::answer(429, &headers, "{}")]).await;
        for (provider, connection) in adapters(&http, &server.address) {
            let error = read(&*provider, &call(connection, LONG)).await.unwrap_err();
            assert_eq!(error.code(), code, "{value:?}");
            assert_eq!(error.retry_after_seconds(), seconds, "{value:?}");
            assert!(!format!("{error:?}").contains("a=b"), "{value:?}");
        }
    }
}

#[tokio::test]
async fn a_read_comes_back_when_it_was_told_to_and_the_time_is_there() {
    let fine = || Act::answer(200, "", "[]");
    let refused = |status, wait: &str| Act::answer(status, &format!("{DATE}{wait}"), "{}");
    let soon = "retry-after: 1\r\n";
    let rows = [
        // Told to come back.
        (vec![refused(429, soon), fine()], LONG, None, 2),
        (vec![refused(503, soon), fine()], LONG, None, 2),
        (
            vec![
                refused(503, "retry-after: Sun, 06 Nov 1994 08:49:38 GMT\r\n"),
                fine(),
            ],
            LONG,
            None,
            2,
        ),
        (
            vec![refused(503, "retry-after: 0\r\n"), fine()],
            LONG,
            None,
            2,
        ),
        (
            vec![refused(429, soon), refused(503, soon), fine()],
            LONG,
            None,
            3,
        ),
        // That moment is over.
        (
            vec![
                refused(429, "retry-after: Sun, 06 Nov 1994 08:40:00 GMT\r\n"),
                fine(),
            ],
            LONG,
            None,
            2,
        ),
        // Told so three times.
        (vec![refused(429, soon)], LONG, Some(Code::RateLimited), 3),
        (
            vec![refused(503, soon)],
            LONG,
            Some(Code::UpstreamUnavailable),
            3,
        ),
        // Told otherwise on the way.
        (
            vec![refused(429, soon), refused(404, "")],
            LONG,
            Some(Code::RepositoryNotFound),
            2,
        ),
        // Too late.
        (
            vec![refused(429, soon), fine()],
            Duration::from_millis(1400),
            Some(Code::RateLimited),
            1,
        ),
        (
            vec![refused(503, "retry-after: 5\r\n"), fine()],
            Duration::from_secs(3),
            Some(Code::UpstreamUnavailable),
            1,
        ),
        (
            vec![refused(429, "retry-after: 6\r\n"), fine()],
            LONG,
            Some(Code::RateLimited),
            1,
        ),
        (
            vec![refused(503, "retry-after: 600\r\n"), fine()],
            LONG,
            Some(Code::UpstreamUnavailable),
            1,
        ),
        // Not told to.
        (
            vec![refused(429, ""), fine()],
            LONG,
            Some(Code::RateLimited),
            1,
        ),
        (
            vec![refused(500, ""), fine()],
            LONG,
            Some(Code::UpstreamUnavailable),
            1,
        ),
        (
            vec![refused(502, ""), fine()],
            LONG,
            Some(Code::UpstreamUnavailable),
            1,
        ),
        (
            vec![refused(503, ""), fine()],
            LONG,
            Some(Code::UpstreamUnavailable),
            1,
        ),
        (
            vec![refused(503, "retry-after: -1\r\n"), fine()],
            LONG,
            Some(Code::UpstreamUnavailable),
            1,
        ),
        (
            vec![refused(504, soon), fine()],
            LONG,
            Some(Code::UpstreamTimeout),
            1,
        ),
        (
            vec![refused(400, soon), fine()],
            LONG,
            Some(Code::InvalidRequest),
            1,
        ),
        (
            vec![refused(401, soon), fine()],
            LONG,
            Some(Code::AuthExpired),
            1,
        ),
        (
            vec![refused(404, soon)],
            LONG,
            Some(Code::RepositoryNotFound),
            1,
        ),
        (
            vec![refused(422, soon), fine()],
            LONG,
            Some(Code::InvalidRequest),
            1,
        ),
        (
            vec![refused(451, soon), fine()],
            LONG,
            Some(Code::AccessBlockedByPolicy),
            1,
        ),
        (
            vec![refused(418, soon), fine()],
            LONG,
            Some(Code::InternalError),
            1,
        ),
    ];
    let all = rows
        .into_iter()
        .flat_map(|row| [(row.clone(), 0), (row, 1)]);
    // They wait side by side.
    let all = all.map(async |((acts, left, code, requests), adapter)| {
        let shown = format!("{acts:?} {left:?}");
        let (server, http) = upstream(acts).await;
        let (provider, connection) = &adapters(&http, &server.address)[adapter];
        let started = Instant::now();
        let answer = read(&**provider, &call(connection, left)).await;
        let took = started.elapsed();
        assert_eq!(answer.err().map(|error| error.code()), code, "{shown}");
        // A missing resource is looked into once more.
        let asked = server.heads();
        let asked = asked
            .iter()
            .filter(|head| head.contains("branches"))
            .count();
        assert_eq!(asked, requests, "{shown}");
        let waits = u64::try_from(requests).unwrap() - 1;
        assert!(took >= Duration::from_secs(waits), "{shown}: {took:?}");
        assert!(
            took < Duration::from_secs(2 * waits + 2),
            "{shown}: {took:?}"
        );
    });
    futures_util::future::join_all(all).await;
}

#[tokio::test]
async fn a_limited_connection_is_silent_until_its_time_and_others_are_not() {
    for limit in [
        "retry-after: 120\r\n",
        "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 784111897\r\nratelimit-remaining: 0\r\nratelimit-reset: 784111897\r\n",
    ] {
        let acts = vec![
            Act::answer(429, &format!("{DATE}{limit}"), "{}"),
            Act::answer(200, "", "[]"),
        ];
        for adapter in 0..2 {
            let (server, http) = upstream(acts.clone()).await;
            let (provider, connection) = &adapters(&http, &server.address)[adapter];
            for asked in 0..3 {
                let error = read(&**provider, &call(connection, LONG))
                    .await
                    .unwrap_err();
                assert_eq!(error.code(), Code::RateLimited);
                let seconds = error.retry_after_seconds().unwrap();
                assert!((118..=120).contains(&seconds), "{asked}: {seconds}");
            }
            assert_eq!(server.heads().len(), 1);
            read(&**provider, &call("conn_other", LONG)).await.unwrap();
            assert_eq!(server.heads().len(), 2);
        }
    }
}

#[tokio::test]
async fn a_short_limit_is_waited_out_by_all_calls_of_the_connection() {
    let acts = vec![
        Act::answer(429, "retry-after: 2\r\n", "{}"),
        Act::answer(200, "", "[]"),
    ];
    for adapter in 0..2 {
        let (server, http) = upstream(acts.clone()).await;
        let (provider, connection) = &adapters(&http, &server.address)[adapter];
        // Too short a time to wait for it: the refusal is the answer, and all know of it.
        let hasty = call(connection, Duration::from_secs(1));
        assert!(read(&**provider, &hasty).await.is_err());
        let started = Instant::now();
        let others =
            (0..8).map(async |_| read(&**provider, &call(connection, LONG)).await.unwrap());
        let neighbour = async {
            read(&**provider, &call("conn_other", LONG)).await.unwrap();
            started.elapsed()
        };
        let (_, soon) = tokio::join!(futures_util::future::join_all(others), neighbour);
        assert!(soon < Duration::from_secs(1), "{soon:?}");
        let took = started.elapsed();
        assert!(took > Duration::from_millis(1500), "{took:?}");
        assert_eq!(server.heads().len(), 10);
    }
}

#[tokio::test]
async fn what_changes_something_is_sent_once_and_knows_of_limits() {
    for (status, code, then) in [
        (503, Code::UpstreamUnavailable, 2),
        (429, Code::RateLimited, 1),
    ] {
        let (server, http) = upstream(vec![Act::answer(status, "retry-after: 1\r\n", "{}")]).await;
        for (provider, connection) in adapters(&http, &server.address) {
            let before = server.heads().len();
            let secret = Secret::new("hook-secret".to_owned());
            let hook = NewHook {
                url: "https://gateway.example/v1/hooks/x",
                secret: &secret,
                events: &[EventName::Push],
            };
            let call = call(connection, LONG);
            let hooks = provider.hooks().unwrap();
            for sent in [1, then] {
                let refused = hooks.create(&call, &repo(), &hook).await.unwrap_err();
                assert_eq!(refused.code(), code, "{status}");
                assert_eq!(server.heads().len(), before + sent, "{status}");
            }
        }
    }
}
