//! Which origins may read what (CS-3), over every route.

use gitflare_server::http::{Access, ROUTES, RouteMethod};

use crate::contract::support::Server;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Readers {
    Anybody,
    Panel,
    Nobody,
}

fn readers(access: Access) -> Readers {
    match access {
        Access::Public | Access::ClientCredentials | Access::AccessToken(_) => Readers::Anybody,
        Access::OptionalSession
        | Access::UserSession
        | Access::UserOrAdmin
        | Access::EmbedSession
        | Access::TestappSession => Readers::Panel,
        Access::ToolToken | Access::ProviderCallback | Access::Internal | Access::AdminKey => {
            Readers::Nobody
        }
    }
}

#[test]
fn each_route_lets_its_own_origins_read() {
    // sec: CS-3
    let server = Server::start();
    let panel = format!("http://{}", server.address);
    let origins = [
        panel.as_str(),
        "https://evil.example",
        "null",
        "http://localhost:3000",
        &format!("{panel}.evil.example"),
        "",
    ];
    for route in ROUTES
        .iter()
        .filter(|route| route.method != RouteMethod::Options)
    {
        let path = route.template().replace(':', "a");
        for origin in origins {
            let what = format!("{} {path} from {origin:?}", route.method.as_str());
            let preflight = server
                .client()
                .request("OPTIONS", &path)
                .header("origin", origin)
                .header("access-control-request-method", route.method.as_str())
                .header("access-control-request-headers", "authorization")
                .send();
            assert_eq!(preflight.status, 204, "{what}");
            let answer = server
                .client()
                .request(route.method.as_str(), &path)
                .header("origin", origin)
                .send();
            let (allowed, credentials) = match readers(route.access) {
                Readers::Anybody => (Some("*"), None),
                Readers::Panel if origin == panel => (Some(origin), Some("true")),
                Readers::Panel | Readers::Nobody => (None, None),
            };
            for response in [&preflight, &answer] {
                assert_eq!(
                    response.header("access-control-allow-origin"),
                    allowed,
                    "{what}"
                );
                assert_eq!(
                    response.header("access-control-allow-credentials"),
                    credentials,
                    "{what}"
                );
                if readers(route.access) == Readers::Panel {
                    let mut vary = response.headers.iter().filter(|(name, _)| name == "vary");
                    assert!(vary.any(|(_, value)| value == "origin"), "{what}");
                }
            }
            let methods = preflight.header("access-control-allow-methods");
            assert_eq!(methods, allowed.map(|_| route.method.as_str()), "{what}");
            assert_eq!(
                preflight.header("access-control-allow-headers").is_some(),
                allowed.is_some(),
                "{what}"
            );
            assert_eq!(
                preflight.header("access-control-max-age").is_some(),
                allowed.is_some(),
                "{what}"
            );
        }
    }
}

#[test]
fn errors_of_bearer_routes_can_be_read_by_any_page() {
    let server = Server::start();
    let answer = server
        .client()
        .request("GET", "/v1/me")
        .header("origin", "https://app.example")
        .send();
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(
        answer
            .header("access-control-expose-headers")
            .unwrap()
            .contains("x-request-id")
    );
}

#[test]
fn options_is_answered_everywhere() {
    let server = Server::start();
    for (path, allow) in [
        ("*", None),
        ("/nowhere", None),
        ("/health", Some("GET, HEAD, OPTIONS")),
        ("/v1/platform/tokens", Some("GET, HEAD, POST, OPTIONS")),
    ] {
        let answer = server.client().request("OPTIONS", path).send();
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("allow"), allow, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        assert_eq!(answer.body, b"", "{path}");
    }
}
