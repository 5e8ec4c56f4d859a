//! The outbound client under upstreams that misbehave: what each fault becomes, how soon, at what
//! cost, and that nobody else notices. GitHub's and GitLab's adapters run over all of it, the others over the faults; the upstreams are raw sockets.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops where its ground is not as expected"
)]

mod faults;
mod proxies;
mod redirects;
mod server;
mod waits;

use std::time::{Duration, Instant};

use gitflare_core::{
    ConnectionId, Page, PageRequest, Result, Secret,
    filter::BlockedPaths,
    model::Branch,
    provider::{Call, Provider, RepoRef},
};
use gitflare_providers::{
    Http, HttpConfig, azure::Azure, bitbucket::Bitbucket, gitflic::Gitflic, github::Github,
    gitlab::Gitlab,
};

const TOKEN: &str = "fixture-token";

/// Every adapter over the upstream at this address, with an account of its own.
fn adapters(http: &Http, address: &str) -> [(Box<dyn Provider>, &'static str); 2] {
    let url = |base: &str| format!("http://{address}{base}");
    [
        (
            Box::new(Github::new(http.clone(), &url("/api/v3")).unwrap()),
            "conn_github",
        ),
        (
            Box::new(Gitlab::new(http.clone(), &url("/api/v4")).unwrap()),
            "conn_gitlab",
        ),
    ]
}

/// The adapters of the other hosts, each with the repository that it reads.
fn others(http: &Http, address: &str) -> [(Box<dyn Provider>, RepoRef); 3] {
    let url = |base: &str| format!("http://{address}{base}");
    let id = "7c1d9b52-3e0f-4f5a-9d41-0c5a5f8f1a27";
    let repo = |id: String| RepoRef {
        id,
        full_name: Some("mill/loom".to_owned()),
    };
    [
        (
            Box::new(Bitbucket::new(http.clone(), &url("/2.0")).unwrap()),
            repo(id.to_owned()),
        ),
        (
            Box::new(Azure::new(http.clone(), &url("")).unwrap()),
            repo(format!("mill~{id}~{id}")),
        ),
        (
            Box::new(Gitflic::new(http.clone(), &url("/rest-api"), None).unwrap()),
            repo(id.to_owned()),
        ),
    ]
}

/// A client that may call these addresses and waits that long for a first byte.
fn http(addresses: &[&str], first_byte: Duration) -> Http {
    let mut config = HttpConfig::default();
    config.allowed_private = addresses.iter().map(|&it| it.to_owned()).collect();
    config.first_byte_timeout = first_byte;
    Http::new(&config).unwrap()
}

fn call(connection: &str, left: Duration) -> Call {
    Call {
        connection_id: ConnectionId::parse(connection).unwrap(),
        access_token: Secret::new(TOKEN.to_owned()),
        is_oauth: false,
        blocked: BlockedPaths::default(),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + left,
    }
}

fn repo() -> RepoRef {
    RepoRef {
        id: "7".to_owned(),
        full_name: None,
    }
}

/// A read that is one request.
async fn read(provider: &dyn Provider, call: &Call) -> Result<Page<Branch>> {
    provider
        .branches(call, &repo(), PageRequest::default())
        .await
}
