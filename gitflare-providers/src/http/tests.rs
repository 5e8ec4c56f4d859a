//! What the guard lets through: base URLs, hosts and ports.

use gitflare_core::Code;

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
