//! What GitHub can answer. Deployment states live in a list of their own, which is read for every
//! deployment of a page; that makes their filter exact and their pages short.

use gitflare_core::provider::{Capability, Endpoint, Support};

const fn full(endpoint: Endpoint) -> Capability {
    let support = Support::Full {
        filters: endpoint.filters(),
    };
    Capability { endpoint, support }
}

pub(super) const CAPABILITIES: &[Capability] = &[
    full(Endpoint::Profile),
    full(Endpoint::Repositories),
    full(Endpoint::Repository),
    full(Endpoint::Branches),
    full(Endpoint::Commits),
    full(Endpoint::CommitDiff),
    full(Endpoint::PullRequests),
    full(Endpoint::PullRequestDiff),
    full(Endpoint::Contributors),
    full(Endpoint::Tags),
    full(Endpoint::Releases),
    full(Endpoint::Checks),
    full(Endpoint::Deployments),
    full(Endpoint::FileTree),
    full(Endpoint::EventsSubscribe),
];
