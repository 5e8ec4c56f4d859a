//! Pages and static files over the socket: their headers over the whole route table, caching of
//! files, and when an error is a page.

use std::sync::Arc;

use gitflare_core::{FixedClock, Timestamp};
use gitflare_server::http::{ROUTES, RouteMethod};

use crate::contract::{
    accounts,
    support::{Response, Server, ServerOptions},
};

/// A path of the table with something in the place of each parameter.
fn filled(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| match segment.strip_prefix(':') {
            Some("provider") => "github",
            Some(_) => "x_1",
            None => segment,
        });
    segments.collect::<Vec<_>>().join("/")
}

fn is_page(answer: &Response) -> bool {
    let kind = answer.header("content-type").unwrap_or_default();
    kind.starts_with("text/html")
}

#[test]
fn every_answer_of_every_route_carries_the_headers_of_its_kind() {
    // sec: CS-4, CS-6, CS-7
    let server = Server::start();
    let browser = server.client().with("accept", "text/html,*/*;q=0.8");
    let mut pages = 0;
    for route in ROUTES
        .iter()
        .filter(|route| route.method != RouteMethod::Options)
    {
        for path in route.paths {
            let what = format!("{} {path}", route.method.as_str());
            let answer = browser.request(route.method.as_str(), &filled(path)).send();
            assert_eq!(
                answer.header("x-content-type-options"),
                Some("nosniff"),
                "{what}"
            );
            assert_eq!(
                answer.header("cross-origin-resource-policy"),
                Some("same-origin"),
                "{what}"
            );
            let cache = answer.header("cache-control").unwrap();
            let is_public = matches!(*path, "/docs" | "/docs/api" | "/zero-trust");
            match () {
                () if path.starts_with("/assets/") => assert_eq!(cache, "no-cache", "{what}"),
                () if is_public => assert_eq!(cache, "public, max-age=300", "{what}"),
                () => assert_eq!(cache, "no-store", "{what}"),
            }
            let referrer = answer.header("referrer-policy").unwrap();
            if !is_page(&answer) {
                assert_eq!(referrer, "no-referrer", "{what}");
                continue;
            }
            pages += 1;
            assert!(matches!(referrer, "no-referrer" | "same-origin"), "{what}");
            let policy = answer.header("content-security-policy").unwrap();
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self'; "),
                "{what}"
            );
            assert!(
                !policy.contains("unsafe") && !policy.contains('*'),
                "{what}: {policy}"
            );
            assert_eq!(
                policy.ends_with("frame-ancestors 'none'"),
                answer.header("x-frame-options") == Some("DENY"),
                "{what}"
            );
            assert!(
                answer.header("cross-origin-opener-policy").is_some(),
                "{what}"
            );
        }
    }
    assert!(pages > 10, "only {pages} pages");
}

#[test]
fn https_alone_asks_for_strict_transport() {
    // sec: CS-7
    let plain = Server::start();
    assert_eq!(
        plain
            .client()
            .get("/docs")
            .header("strict-transport-security"),
        None
    );
    let secure = Server::with(crate::contract::support::ServerOptions {
        public_url: Some("https://api.gitflare.example"),
        ..Default::default()
    });
    assert_eq!(
        secure
            .client()
            .get("/docs")
            .header("strict-transport-security"),
        Some("max-age=31536000")
    );
}

#[test]
fn pages_name_their_files_so_that_they_can_be_kept_for_good() {
    let server = Server::start();
    let client = server.client();
    let page = String::from_utf8(client.get("/docs").body).unwrap();
    let named: Vec<_> = page
        .split('"')
        .filter(|text| text.starts_with("/assets/"))
        .collect();
    assert!(named.len() >= 3, "{named:?}");
    for path in named {
        let answer = client.get(path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=31536000, immutable"),
            "{path}"
        );
    }
}

#[test]
fn files_are_asked_for_again_by_their_tag() {
    let server = Server::start();
    let client = server.client();
    for (path, kind) in [
        ("/assets/app.css", "text/css; charset=utf-8"),
        ("/assets/landing-page.js", "text/javascript; charset=utf-8"),
        (
            "/assets/secure-git-connect-page.js",
            "text/javascript; charset=utf-8",
        ),
        ("/assets/gitflare-logo.svg", "image/svg+xml"),
    ] {
        let first = client.get(path);
        assert_eq!(first.header("content-type"), Some(kind));
        assert_eq!(first.header("cache-control"), Some("no-cache"));
        let tag = first.header("etag").unwrap();
        for known in [
            tag.to_owned(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".into(),
        ] {
            let again = client
                .request("GET", path)
                .header("if-none-match", &known)
                .send();
            assert_eq!((again.status, again.body.len()), (304, 0), "{known}");
            assert_eq!(again.header("etag"), Some(tag));
        }
        let other = client
            .request("GET", path)
            .header("if-none-match", "\"x\"")
            .send();
        assert_eq!(other.status, 200);
        assert_eq!(client.request("HEAD", path).send().status, 200);
    }
    // A version that never was is not kept for good.
    let wrong = client.get("/assets/app.css?v=0000000000000000");
    assert_eq!(wrong.header("cache-control"), Some("no-cache"));
    assert_eq!(
        client.get("/assets/other.css").refusal(),
        (404, "RESOURCE_NOT_FOUND".into())
    );
}

#[test]
fn search_engines_are_sent_to_the_documents_alone() {
    let server = Server::start();
    let answer = server.client().get("/robots.txt");
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let text = String::from_utf8(answer.body).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "User-agent: *");
    assert!(lines.contains(&"Allow: /docs") && lines.contains(&"Disallow: /"));
    let allowed = lines.iter().filter_map(|line| line.strip_prefix("Allow: "));
    for path in ["/oauth/authorize", "/app/company", "/v1/", "/testapp"] {
        assert!(
            allowed.clone().all(|start| !path.starts_with(start)),
            "{path}"
        );
    }
}

#[test]
fn a_security_contact_is_told_where_the_operator_names_one() {
    const PATH: &str = "/.well-known/security.txt";
    let without = Server::start();
    assert_eq!(
        without.client().get(PATH).refusal(),
        (404, "RESOURCE_NOT_FOUND".into())
    );
    let server = Server::with(ServerOptions {
        security_contact: Some("mailto:security@example.com".into()),
        clock: Some(Arc::new(FixedClock::at(Timestamp::from_millis(
            1_800_000_000_000,
        )))),
        ..ServerOptions::default()
    });
    let answer = server.client().get(PATH);
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        "Contact: mailto:security@example.com\nExpires: 2027-07-14T08:00:00.000Z\n"
    );
}

#[test]
fn an_error_is_a_page_where_a_browser_asks_and_canonical_json_elsewhere() {
    let server = Server::start();
    for (path, accept, page) in [
        ("/nowhere", "text/html,*/*;q=0.8", true),
        ("/nowhere", "*/*", false),
        ("/nowhere", "application/json", false),
        ("/v1/repositories", "text/html,*/*;q=0.8", false),
        ("/v1/account/me", "text/html", false),
        ("/docs/nope", "text/html,*/*;q=0.8", true),
        ("/docs/nope", "*/*", false),
        ("/docs/nope.md", "text/markdown", false),
        ("/docs/api/nope", "text/html", true),
        ("/testapp", "*/*", true),
        ("/testapp", "text/html", true),
        ("/testapp", "application/json", false),
        ("/testapp", "application/problem+json", false),
        ("/testapp", "text/html, application/json", true),
    ] {
        let answer = server
            .client()
            .request("GET", path)
            .header("accept", accept)
            .send();
        assert_eq!(is_page(&answer), page, "{path} for {accept}");
        let id = answer.header("x-request-id").unwrap();
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(text.contains(id), "{path} for {accept}");
        if !page {
            answer.code();
        }
    }
}

#[test]
fn an_error_page_keeps_the_navigation_of_whom_it_is_shown_to() {
    let server = Server::start();
    accounts::signed_up(&server, "ada@mail.example");
    let ada = accounts::signed_in(&server, "ada@mail.example").with("accept", "text/html");
    let nobody = server.client().with("accept", "text/html");
    let forged = server
        .client()
        .with("accept", "text/html")
        .with("cookie", "__Host-gf_session=sggss_forged");
    for path in ["/app/nowhere", "/app/developer/apps/client_none/customers"] {
        let page = ada.get(path);
        assert_eq!((page.status, is_page(&page)), (404, true), "{path}");
        let text = String::from_utf8(page.body).unwrap();
        assert!(
            text.contains("href=\"/app/logout\"") && text.contains(">Ada<"),
            "{path}: {text}"
        );
        assert!(!text.contains("href=\"/app/login\""), "{path}: {text}");
    }
    for client in [&nobody, &forged] {
        let text = String::from_utf8(client.get("/app/nowhere").body).unwrap();
        assert!(!text.contains("/app/logout"), "{text}");
    }
    // The pages of customers and of the public site are nobody's, and so are their errors.
    for path in ["/docs/nope", "/oauth/authorize"] {
        let page = ada.get(path);
        assert!(page.status >= 400 && is_page(&page), "{path}");
        let text = String::from_utf8(page.body).unwrap();
        assert!(!text.contains("/app/logout"), "{path}: {text}");
    }
}

#[test]
fn an_error_page_never_echoes_what_was_asked_for() {
    // sec: CS-9
    let server = Server::start();
    let browser = server.client().with("accept", "text/html");
    for path in [
        "/%3Cscript%3Ealert(1)%3C/script%3E",
        "/nowhere?q=%22%3E%3Cimg%20src=x%3E-canary",
        "/app/canary/%E2%80%AE",
        "/testapp/canary%00%1b[31m",
    ] {
        let answer = browser.get(path);
        let text = String::from_utf8(answer.body).unwrap();
        for echo in ["canary", "alert(1)", "<img src=x", "\u{202e}", "\u{1b}"] {
            assert!(!text.contains(echo), "{path} echoes {echo}");
        }
    }
}

#[test]
fn the_test_app_is_off_unless_it_is_switched_on() {
    // sec: IN-5
    let server = Server::start();
    let mut routes = 0;
    for route in ROUTES {
        for path in route
            .paths
            .iter()
            .filter(|path| path.starts_with("/testapp"))
        {
            let answer = server
                .client()
                .request(route.method.as_str(), path)
                .header("accept", "application/json")
                .send();
            assert_eq!(
                answer.refusal(),
                (404, "RESOURCE_NOT_FOUND".into()),
                "{path}"
            );
            routes += 1;
        }
    }
    assert_eq!(routes, 11);
}
