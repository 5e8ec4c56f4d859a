//! What a folder of Git repositories can answer: everything that Git itself knows, nothing that a
//! code host adds to it.

use gitflare_core::provider::{Capability, Endpoint, Support};

const fn full(endpoint: Endpoint) -> Capability {
    let support = Support::Full {
        filters: endpoint.filters(),
    };
    Capability { endpoint, support }
}

const fn none(endpoint: Endpoint, reason: &'static str) -> Capability {
    let support = Support::None { reason };
    Capability { endpoint, support }
}

const HOST_ONLY: &str = "Git has no such thing; code hosts add it.";

pub(super) const CAPABILITIES: &[Capability] = &[
    full(Endpoint::Profile),
    full(Endpoint::Repositories),
    full(Endpoint::Repository),
    full(Endpoint::Branches),
    full(Endpoint::Commits),
    full(Endpoint::CommitDiff),
    none(Endpoint::PullRequests, HOST_ONLY),
    none(Endpoint::PullRequestDiff, HOST_ONLY),
    full(Endpoint::Contributors),
    full(Endpoint::Tags),
    none(
        Endpoint::Releases,
        "Git has tags; a release is what a code host makes of one.",
    ),
    none(Endpoint::Checks, HOST_ONLY),
    none(Endpoint::Deployments, HOST_ONLY),
    full(Endpoint::FileTree),
    none(
        Endpoint::EventsSubscribe,
        "A folder of repositories sends no events.",
    ),
];
