//! What a folder of Git repositories can answer: everything that Git itself knows, nothing that a
//! code host adds to it.

use gitflare_core::provider::{Capability, Endpoint};

const HOST_ONLY: &str = "Git has no such thing; code hosts add it.";

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[
    Capability::none(Endpoint::PullRequests, HOST_ONLY),
    Capability::none(Endpoint::PullRequestDiff, HOST_ONLY),
    Capability::none(
        Endpoint::Releases,
        "Git has tags; a release is what a code host makes of one.",
    ),
    Capability::none(Endpoint::Checks, HOST_ONLY),
    Capability::none(Endpoint::Deployments, HOST_ONLY),
    Capability::none(
        Endpoint::EventsSubscribe,
        "A folder of repositories sends no events.",
    ),
    Capability::none(Endpoint::Forks, HOST_ONLY),
    Capability::none(Endpoint::Labels, HOST_ONLY),
    Capability::none(Endpoint::Stargazers, HOST_ONLY),
    Capability::none(Endpoint::Watchers, HOST_ONLY),
    Capability::none(Endpoint::Assignees, HOST_ONLY),
    Capability::none(Endpoint::PullRequest, HOST_ONLY),
    Capability::none(Endpoint::PullRequestCommits, HOST_ONLY),
    Capability::none(Endpoint::Reviews, HOST_ONLY),
    Capability::none(Endpoint::Comments, HOST_ONLY),
]);
