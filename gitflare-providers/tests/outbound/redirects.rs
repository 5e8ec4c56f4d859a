//! Where redirects lead a call with credentials: onwards at the same scheme, host and port, three
//! times at most, and nowhere else.

use std::time::Duration;

use gitflare_core::{Code, Secret, model::EventName, provider::NewHook};
use tokio::net::TcpListener;

use crate::{
    TOKEN, adapters, call, http, read, repo,
    server::{Act, Server},
};

const LONG: Duration = Duration::from_secs(20);

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[tokio::test]
async fn redirects_to_the_same_origin_are_followed_three_times() {
    // sec: SR-5
    for (hops, status, adapter) in (0..=5).flat_map(|hops| {
        let statuses = [301, 302, 307, 308].into_iter();
        statuses.flat_map(move |status| [(hops, status, 0), (hops, status, 1)])
    }) {
        let (listener, address) = listener().await;
        let mut acts: Vec<_> = (0..hops)
            .map(|hop| match hop % 3 {
                0 => Act::redirect(status, &format!("http://{address}/api/hop/{hop}?x=1")),
                1 => Act::redirect(status, &format!("/hop/{hop}")),
                _ => Act::redirect(status, &format!("//{address}/hop/{hop}")),
            })
            .collect();
        acts.push(Act::answer(200, "", "[]"));
        let server = Server::on(listener, acts);
        let http = http(&[&server.address], LONG);
        let (provider, connection) = &adapters(&http, &server.address)[adapter];
        let answer = read(&**provider, &call(connection, LONG)).await;
        assert_eq!(answer.is_ok(), hops <= 3, "{status} {hops}");
        assert_eq!(server.heads().len(), hops.min(3) + 1, "{status} {hops}");
        for head in server.heads() {
            assert!(head.contains(TOKEN), "{head}");
        }
    }
}

#[tokio::test]
async fn another_origin_hears_nothing() {
    // sec: SR-5
    for status in [301, 302, 303, 307, 308] {
        for form in [
            "http://{other}/api/v3/user",
            "//{other}/",
            "http://{other}",
            "https://{own}/",
            "http://localhost:{own_port}/",
            "http://user@{own}/",
            "http://user:word@{own}/",
            "http://{own}@{other}/",
            "\\\\{other}\\",
            "/\\{other}/",
            "http:\\\\{other}/",
            "ftp://{own}/",
            "file:///etc/passwd",
            "data:application/json,[]",
            "http://[::1]/",
            "http://{own}0/",
            "http://",
            "http://[::1",
            "http://169.254.169.254/latest/meta-data/",
        ] {
            let (listener, own) = listener().await;
            let other = Server::start(vec![Act::answer(200, "", "[]")]).await;
            let (_, own_port) = own.split_once(':').unwrap();
            let location = form
                .replace("{other}", &other.address)
                .replace("{own_port}", own_port)
                .replace("{own}", &own);
            let server = Server::on(listener, vec![Act::redirect(status, &location)]);
            // The guard lets the other one through: only the redirect is judged here.
            let http = http(&[&server.address, &other.address], LONG);
            for (provider, connection) in adapters(&http, &server.address) {
                let refused = read(&*provider, &call(connection, LONG)).await.unwrap_err();
                assert_eq!(
                    refused.code(),
                    Code::UpstreamUnavailable,
                    "{status} {location}"
                );
                assert!(!refused.message().contains(&other.address), "{refused}");
            }
            assert_eq!(other.connections(), 0, "{status} {location}");
            assert_eq!(server.heads().len(), 2, "{status} {location}");
        }
    }
}

#[tokio::test]
async fn what_changes_something_is_never_redirected() {
    // sec: SR-5
    for status in [301, 302, 303, 307, 308] {
        let other = Server::start(vec![Act::answer(201, "", r#"{"id": 1}"#)]).await;
        for location in [format!("http://{}/", other.address), "/again".to_owned()] {
            let server = Server::start(vec![Act::redirect(status, &location)]).await;
            let http = http(&[&server.address, &other.address], LONG);
            for (provider, connection) in adapters(&http, &server.address) {
                let secret = Secret::new("hook-secret".to_owned());
                let hook = NewHook {
                    url: "https://gateway.example/v1/hooks/x",
                    secret: &secret,
                    events: &[EventName::Push],
                };
                let call = call(connection, LONG);
                let hooks = provider.hooks().unwrap();
                let refused = hooks.create(&call, &repo(), &hook).await.unwrap_err();
                assert_eq!(
                    refused.code(),
                    Code::UpstreamUnavailable,
                    "{status} {location}"
                );
            }
            assert_eq!(server.heads().len(), 2, "{status} {location}");
        }
        assert_eq!(other.connections(), 0, "{status}");
    }
}
