//! The outbound client against upstreams that misbehave: real sockets, byte by byte. Whatever comes
//! back, the answer is an error of the product in its time, memory stays small, and an upstream that
//! is well does not notice.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected"
)]

mod bodies;
mod faults;
mod proxies;
mod redirects;
mod retries;
mod server;

use std::time::{Duration, Instant};

use gitflare_core::{ConnectionId, Secret, provider::Call};
use gitflare_providers::{Http, HttpConfig, github::Github, gitlab::Gitlab};

use self::server::Server;

/// What the upstreams of these tests may take to begin an answer.
const FIRST_BYTE: Duration = Duration::from_millis(700);
/// What a call has in all.
const TOTAL: Duration = Duration::from_secs(4);
/// The body of a healthy answer to both adapters.
const VIEWER: &str = r#"{"id": 7, "login": "mill", "username": "mill", "state": "active"}"#;

/// A client that may call these servers.
fn http(servers: &[&Server]) -> Http {
    Http::new(&HttpConfig {
        allowed_private: servers.iter().map(|server| server.address()).collect(),
        first_byte_timeout: FIRST_BYTE,
    })
    .unwrap()
}

/// A call of a connection that has as long as [`TOTAL`].
fn call(connection: &str) -> Call {
    Call {
        connection_id: ConnectionId::parse(&format!("conn_{connection}")).unwrap(),
        access_token: Secret::new("fixture-token".to_owned()),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + TOTAL,
    }
}

fn github(http: Http, server: &Server) -> Github {
    Github::new(http, &format!("http://{}/api/v3", server.address())).unwrap()
}

fn gitlab(http: Http, server: &Server) -> Gitlab {
    Gitlab::new(http, &format!("http://{}/api/v4", server.address())).unwrap()
}
