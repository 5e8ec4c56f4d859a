//! What the guard lets through: base URLs, hosts and ports.

use std::{
    io::{ErrorKind, Read},
    net::{SocketAddr, TcpListener},
    sync::Mutex,
};

use gitflare_core::Code;
use reqwest::dns::{Addrs, Name, Resolving};

use super::*;

fn http(allowed: &[&str]) -> Http {
    Http::new(&HttpConfig {
        allowed_private: allowed.iter().map(|&entry| entry.to_owned()).collect(),
        ..HttpConfig::default()
    })
    .unwrap()
}

#[test]
fn a_base_url_is_public_https_or_named_by_the_operator() {
    // sec: SR-3, SR-6
    let http = http(&["127.0.0.1:9000", "git.corp.example:8443", "[::1]:9000"]);
    for (base, allowed) in [
        ("https://api.github.com", true),
        ("https://ghe.example.com/api/v3", true),
        ("https://140.82.121.6/", true),
        ("http://127.0.0.1:9000/api/v3", true),
        ("https://127.0.0.1:9000", true),
        ("http://[::1]:9000", true),
        ("http://git.corp.example:8443", true),
        ("http://git.corp.example", false),
        ("http://api.github.com", false),
        ("http://127.0.0.1:9001", false),
        ("https://127.0.0.1", false),
        ("https://127.1", false),
        ("https://0x7f.1", false),
        ("https://2130706433", false),
        ("https://0177.0.0.1", false),
        ("https://１２７.０.０.１", false),
        ("https://10.0.0.1", false),
        ("https://169.254.169.254/latest", false),
        ("https://[::1]", false),
        ("https://[::ffff:127.0.0.1]", false),
        ("https://[64:ff9b::7f00:1]", false),
        ("https://user@api.github.com", false),
        ("https://user:word@api.github.com", false),
        ("https://api.github.com?x=1", false),
        ("https://api.github.com#x", false),
        ("ftp://api.github.com", false),
        ("file:///etc/passwd", false),
        ("data:text/plain,x", false),
        ("api.github.com", false),
        ("", false),
    ] {
        let outcome = http.base(base);
        assert_eq!(outcome.is_ok(), allowed, "{base}");
        if let Err(error) = outcome {
            assert_eq!(error.code(), Code::InvalidRequest, "{base}");
        }
    }
}

#[test]
fn paths_are_joined_below_the_base() {
    let http = http(&[]);
    for (base, expected) in [
        ("https://api.github.com", "https://api.github.com/user"),
        ("https://api.github.com/", "https://api.github.com/user"),
        ("https://h.example/api/v3", "https://h.example/api/v3/user"),
        ("https://h.example/api/v3/", "https://h.example/api/v3/user"),
    ] {
        let url = http.base(base).unwrap().join("/user");
        assert_eq!(url.as_str(), expected);
    }
}

#[test]
fn an_allowed_host_is_host_and_port() {
    for entry in [
        "",
        "host",
        "host:",
        ":1",
        "host:99999",
        "a/b:1",
        "u@h:1",
        "h:1?x",
    ] {
        let config = HttpConfig {
            allowed_private: vec![entry.to_owned()],
            ..HttpConfig::default()
        };
        assert!(Http::new(&config).is_err(), "{entry}");
    }
    http(&["h:80", "10.0.0.1:443", "[fd00::1]:8080"]);
}

/// A resolver with another answer to every question.
#[derive(Clone)]
struct Turns(Arc<Mutex<Vec<&'static str>>>);

impl Resolve for Turns {
    fn resolve(&self, _: Name) -> Resolving {
        let address = self.0.lock().unwrap().pop().unwrap();
        let address = SocketAddr::new(address.parse().unwrap(), 0);
        Box::pin(async move { Ok(Box::new([address].into_iter()) as Addrs) })
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_leads_nowhere_private() {
    // sec: SR-3
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let name = format!("rebinding.example:{port}");
    // The first is public and belongs to nobody.
    let answers = || {
        Turns(Arc::new(Mutex::new(vec![
            "127.0.0.1",
            "127.0.0.1",
            "2d00::1",
        ])))
    };
    let http = Http::over(&answers(), &HttpConfig::default()).unwrap();
    let base = http.base(&format!("https://{name}")).unwrap();
    let ask = async |http: &Http, base: &Base| {
        let deadline = Instant::now() + Duration::from_millis(300);
        let url = base.join("/user");
        let headers = HeaderMap::new();
        let asked = http.get(base, url, &headers, Expected::Json, deadline);
        asked.await.unwrap_err()
    };
    ask(&http, &base).await;
    for _ in 0..2 {
        match ask(&http, &base).await {
            Failure::Unreachable(why) => assert!(why.contains("not public"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);

    // Where the operator names it, the same answers lead to that listener, under the name's own.
    let config = HttpConfig {
        allowed_private: vec![name.clone()],
        ..HttpConfig::default()
    };
    let http = Http::over(&answers(), &config).unwrap();
    let base = http.base(&format!("http://{name}")).unwrap();
    ask(&http, &base).await;
    ask(&http, &base).await;
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_nonblocking(false).unwrap();
    let mut head = [0; 256];
    let read = stream.read(&mut head).unwrap();
    let head = String::from_utf8_lossy(&head[..read]);
    assert!(head.contains(&format!("host: {name}")), "{head}");
}

#[test]
fn a_redirect_without_tls_to_the_same_host_keeps_it() {
    // sec: SR-5
    let http = http(&["127.0.0.1:9000", "git.corp.example:8443"]);
    let leads_to = |base: &str, location: &str| {
        let base = http.base(base).unwrap();
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        let led = redirect_target(StatusCode::FOUND, &headers, &base.url, &base);
        led.ok().flatten().map(String::from)
    };
    let (plain, port) = (
        "https://git.example/api",
        "https://git.corp.example:8443/api",
    );
    for (base, location, expected) in [
        (
            plain,
            "http://git.example/api/7?x=1",
            Some("https://git.example/api/7?x=1"),
        ),
        (
            port,
            "http://git.corp.example/api/7",
            Some("https://git.corp.example:8443/api/7"),
        ),
        (
            port,
            "http://git.corp.example:8443/api/7",
            Some("https://git.corp.example:8443/api/7"),
        ),
        (plain, "http://git.example:8080/api/7", None),
        (plain, "http://other.example/api/7", None),
        (plain, "http://user@git.example/api/7", None),
        (
            "http://127.0.0.1:9000",
            "https://127.0.0.1:9000/api/7",
            None,
        ),
    ] {
        let expected = expected.map(str::to_owned);
        assert_eq!(leads_to(base, location), expected, "{base} {location}");
    }
}

#[test]
fn a_redirect_to_the_pages_of_bitbucket_is_one_to_its_api() {
    // sec: SR-5
    let http = http(&["127.0.0.1:9000"]);
    let leads_to = |base: &str, location: &str| {
        let base = http.base(base).unwrap();
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        let led = redirect_target(StatusCode::FOUND, &headers, &base.url, &base);
        led.ok().flatten().map(String::from)
    };
    let api = "https://api.bitbucket.org/2.0";
    let moved = "https://api.bitbucket.org/2.0/repositories/mill/shop/diff/a..b?topic=true";
    for prefix in ["!api", "api"] {
        let location = format!(
            "https://bitbucket.org/{prefix}/2.0/repositories/mill/shop/diff/a..b?topic=true"
        );
        assert_eq!(leads_to(api, &location).as_deref(), Some(moved));
    }
    for (base, location) in [
        (api, "https://bitbucket.org/mill/shop/diff"),
        (api, "http://bitbucket.org/!api/2.0/x"),
        (api, "https://bitbucket.org:8443/!api/2.0/x"),
        (api, "https://user@bitbucket.org/!api/2.0/x"),
        (api, "https://bitbucket.org.example/!api/2.0/x"),
        ("https://api.github.com", "https://bitbucket.org/!api/2.0/x"),
        ("http://127.0.0.1:9000", "https://bitbucket.org/!api/2.0/x"),
    ] {
        assert_eq!(leads_to(base, location), None, "{base} {location}");
    }
}
