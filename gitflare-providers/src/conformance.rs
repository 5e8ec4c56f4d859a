//! The suite that every adapter runs: what it declares is what it serves, and what it does not
//! declare is refused before anything is asked of the upstream. Panics where a promise is broken.

use std::time::{Duration, Instant};

use gitflare_core::{
    Code, ConnectionId, Error, Limit, PageRequest, Result, Secret,
    model::PullRequestFilter,
    provider::{
        Call, CommitId, DeploymentFilter, Endpoint, Provider, RefSelector, RepoRef, Support,
        TreeQuery,
    },
};

/// A call with ten seconds left, for connection `conn_conformance`.
///
/// # Panics
/// Never: the id is well formed.
#[must_use]
pub fn call(access_token: &str) -> Call {
    Call {
        connection_id: ConnectionId::parse("conn_conformance").expect("the id is well formed"),
        access_token: Secret::new(access_token.to_owned()),
        api_base_url: None,
        organization: None,
        deadline: Instant::now() + Duration::from_secs(10),
    }
}

/// Every endpoint has exactly one row, and a declared filter is one of the endpoint's own.
///
/// # Panics
/// When the table breaks this.
pub fn every_endpoint_is_declared_once(provider: &dyn Provider) {
    let rows = provider.capabilities();
    for endpoint in Endpoint::ALL {
        let count = rows.iter().filter(|row| row.endpoint == *endpoint).count();
        assert_eq!(count, 1, "{}: {endpoint}", provider.id());
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
/// asks nobody.
///
/// # Panics
/// When an endpoint answers otherwise.
pub async fn declared_is_callable(provider: &dyn Provider, call: &Call, repo: &RepoRef) {
    for &endpoint in Endpoint::ALL {
        let refused = match ask(provider, endpoint, call, repo).await {
            Ok(()) => false,
            Err(error) => {
                if error.code() == Code::UnsupportedEndpoint {
                    assert_eq!(error.provider(), Some(provider.id()), "{endpoint}");
                }
                error.code() == Code::UnsupportedEndpoint
            }
        };
        let declared = matches!(provider.support(endpoint), Support::Full { .. });
        assert_eq!(declared, !refused, "{}: {endpoint}", provider.id());
    }
}

async fn ask(
    provider: &dyn Provider,
    endpoint: Endpoint,
    call: &Call,
    repo: &RepoRef,
) -> Result<(), Error> {
    let page = PageRequest::first(Limit::DEFAULT);
    let commit = CommitId::parse(&"0".repeat(40))?;
    match endpoint {
        Endpoint::Profile => provider.viewer(call).await.map(drop),
        Endpoint::Repositories => provider.repositories(call, page).await.map(drop),
        Endpoint::Repository => provider.repository(call, repo).await.map(drop),
        Endpoint::Branches => provider.branches(call, repo, page).await.map(drop),
        Endpoint::Commits => provider.commits(call, repo, None, page).await.map(drop),
        Endpoint::CommitDiff => provider.commit_diff(call, repo, &commit).await.map(drop),
        Endpoint::PullRequests => provider
            .pull_requests(call, repo, PullRequestFilter::Open, page)
            .await
            .map(drop),
        Endpoint::PullRequestDiff => provider.pull_request_diff(call, repo, 1).await.map(drop),
        Endpoint::Contributors => provider.contributors(call, repo, page).await.map(drop),
        Endpoint::Tags => provider.tags(call, repo, page).await.map(drop),
        Endpoint::Releases => provider.releases(call, repo, page).await.map(drop),
        Endpoint::Checks => provider
            .checks(call, repo, &RefSelector::DefaultBranch, page)
            .await
            .map(drop),
        Endpoint::Deployments => provider
            .deployments(call, repo, &DeploymentFilter::default(), page)
            .await
            .map(drop),
        Endpoint::FileTree => provider
            .file_tree(call, repo, &TreeQuery::default(), page)
            .await
            .map(drop),
        Endpoint::EventsSubscribe => match provider.hooks() {
            Some(_) => Ok(()),
            None => Err(Error::unsupported(provider.id(), endpoint)),
        },
        _ => Err(Error::internal("the suite does not know this operation")),
    }
}
