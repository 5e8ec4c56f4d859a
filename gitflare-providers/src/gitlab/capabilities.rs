//! What GitLab can answer. A deployment `state` that GitLab does not have is refused where the
//! filter is translated, in `deployments.rs`.

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
