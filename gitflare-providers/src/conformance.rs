//! The suite that every adapter runs, a stranger's too: what it declares is what it serves, no page
//! loses a row, nothing is invented, a refusal has its code. Functions that panic where a promise is
//! broken.
//!
//! The rules of this file need a provider alone. Those of [`Subject::run`] need an upstream that they
//! can steer: an adapter over HTTP brings a table of its requests and answers, and gets them all.

#[expect(clippy::unwrap_used, reason = "a suite that cannot go on says where")]
mod damage;
#[expect(clippy::unwrap_used, reason = "a suite that cannot go on says where")]
mod read;
#[expect(clippy::unwrap_used, reason = "a suite that cannot go on says where")]
mod stand_in;
#[expect(clippy::unwrap_used, reason = "a suite that cannot go on says where")]
mod subject;

use std::time::{Duration, Instant};

use gitflare_core::{
    Code, ConnectionId, Error, Limit, PageRequest, Position, Result, Secret,
    filter::BlockedPaths,
    provider::{Call, Endpoint, Provider, RepoRef},
};
use serde_json::Value;

pub use read::Read;
pub use stand_in::{Reply, StandIn};
pub use subject::{Case, Slice, Subject};

/// A walk that takes more pages than this does not end.
const MAX_WALK: usize = 1000;

/// A call with twenty seconds left, for connection `conn_conformance`.
///
/// # Panics
/// Never: the id is well formed.
#[must_use]
pub fn call(access_token: &str) -> Call {
    call_of("conn_conformance", access_token)
}

fn call_of(connection: &str, access_token: &str) -> Call {
    Call {
        connection_id: ConnectionId::parse(connection).expect("the id is well formed"),
        access_token: Secret::new(access_token.to_owned()),
        is_oauth: false,
        blocked: BlockedPaths::default(),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + Duration::from_secs(20),
    }
}

/// No endpoint has two rows (one without a row is not served), and a declared filter is one of the
/// endpoint's own.
///
/// # Panics
/// When the table breaks this.
pub fn no_endpoint_is_declared_twice(provider: &dyn Provider) {
    let rows = provider.capabilities();
    for endpoint in Endpoint::ALL {
        let count = rows.iter().filter(|row| row.endpoint == *endpoint).count();
        assert!(count <= 1, "{}: {endpoint}", provider.id());
        let support = provider.support(*endpoint);
        for filter in support.filters() {
            assert!(
                endpoint.filters().contains(filter),
                "{endpoint} has no filter `{filter}`"
            );
        }
        assert_ne!(support.reason(), Some(""), "{endpoint}");
    }
}

/// A declared endpoint answers something other than `UNSUPPORTED_ENDPOINT`, an undeclared one
/// answers just that. With a provider whose upstream is gone this also shows that the refusal
/// makes no request.
///
/// # Panics
/// When an endpoint answers otherwise.
pub async fn declared_is_callable(provider: &dyn Provider, call: &Call, repo: &RepoRef) {
    for &endpoint in Endpoint::ALL {
        let answer = match Read::plain(endpoint) {
            Some(read) => read
                .send(provider, call, repo, PageRequest::default())
                .await
                .map(drop),
            None if provider.hooks().is_some() => Ok(()),
            None => Err(Error::unsupported(provider.id(), endpoint)),
        };
        let refused = answer.is_err_and(|error| {
            let refused = error.code() == Code::UnsupportedEndpoint;
            assert!(
                !refused || error.provider() == Some(provider.id()),
                "{endpoint}"
            );
            refused
        });
        let declared = provider.support(endpoint).reason().is_none();
        assert_eq!(declared, !refused, "{}: {endpoint}", provider.id());
    }
}

/// A position that the provider cannot have made is `INVALID_CURSOR` in every list.
///
/// # Panics
/// When a list answers otherwise.
pub async fn foreign_positions_are_refused(provider: &dyn Provider, call: &Call, repo: &RepoRef) {
    for read in plain_lists(provider) {
        for position in [
            Position::new().object([7; 3]),
            Position::new().number(99).number(1),
        ] {
            let request = PageRequest {
                position: Some(position),
                ..PageRequest::default()
            };
            let refused = read.send(provider, call, repo, request).await;
            let code = refused.err().map(|error| error.code());
            assert_eq!(code, Some(Code::InvalidCursor), "{read:?}");
        }
    }
}

/// The pages of a list, at a limit of 1, 7 or 100, hold the same rows in the same order. Returns the
/// rows.
///
/// # Panics
/// When they do not, or when the walk does not end.
pub async fn pages_equal_the_whole(
    provider: &dyn Provider,
    call: &Call,
    repo: &RepoRef,
    read: &Read,
) -> Vec<Value> {
    let whole = walk(provider, call, repo, read, 100).await;
    for limit in [7, 1] {
        let pages = walk(provider, call, repo, read, limit).await;
        assert_eq!(pages, whole, "{read:?} at limit {limit}");
    }
    whole
}

/// The plain read of every list that the provider declares.
fn plain_lists(provider: &dyn Provider) -> impl Iterator<Item = Read> {
    let declared = Endpoint::ALL
        .iter()
        .copied()
        .filter(|endpoint| endpoint.is_paged() && provider.support(*endpoint).reason().is_none());
    declared.filter_map(Read::plain)
}

/// All rows of a list, page by page.
async fn walk(
    provider: &dyn Provider,
    call: &Call,
    repo: &RepoRef,
    read: &Read,
    limit: u32,
) -> Vec<Value> {
    let mut all = Vec::new();
    try_walk(provider, call, repo, read, limit, &mut all)
        .await
        .unwrap_or_else(|error| panic!("{read:?} at limit {limit}: {error}"));
    all
}

async fn try_walk(
    provider: &dyn Provider,
    call: &Call,
    repo: &RepoRef,
    read: &Read,
    limit: u32,
    all: &mut Vec<Value>,
) -> Result<()> {
    let mut request = PageRequest::first(Limit::new(limit)?);
    for _ in 0..MAX_WALK {
        let page = read.send(provider, call, repo, request.clone()).await?;
        all.extend(page.items);
        match page.next {
            Some(next) => request.position = Some(next),
            None => return Ok(()),
        }
    }
    panic!("{read:?} at limit {limit} does not end");
}
