//! What a folder of Git repositories can answer: everything that Git itself knows, nothing that a
//! code host adds to it.

use gitflare_core::provider::{Capability, Endpoint};

const HOST_ONLY: &str = "Git has no such thing; code hosts add it.";

pub(super) const CAPABILITIES: &[Capability] = &[
    Capability::full(Endpoint::Profile),
    Capability::full(Endpoint::Repositories),
    Capability::full(Endpoint::Repository),
    Capability::full(Endpoint::Branches),
    Capability::full(Endpoint::Commits),
    Capability::full(Endpoint::CommitDiff),
    Capability::none(Endpoint::PullRequests, HOST_ONLY),
    Capability::none(Endpoint::PullRequestDiff, HOST_ONLY),
    Capability::full(Endpoint::Contributors),
    Capability::full(Endpoint::Tags),
    Capability::none(
        Endpoint::Releases,
        "Git has tags; a release is what a code host makes of one.",
    ),
    Capability::none(Endpoint::Checks, HOST_ONLY),
    Capability::none(Endpoint::Deployments, HOST_ONLY),
    Capability::full(Endpoint::FileTree),
    Capability::none(
        Endpoint::EventsSubscribe,
        "A folder of repositories sends no events.",
    ),
];
