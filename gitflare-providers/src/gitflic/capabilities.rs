//! What GitFlic cannot answer, each with its reason; everything else it can.

use gitflare_core::provider::{Capability, Endpoint};

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[
    Capability::none(
        Endpoint::Contributors,
        "GitFlic has no list of the people who have committed.",
    ),
    Capability::none(
        Endpoint::Deployments,
        "GitFlic has rules for environments, and no deployments.",
    ),
    Capability::limited(
        Endpoint::Contents,
        "GitFlic does not tell links and submodules from files, and whether it follows a link is not known; a `ref` is a branch or a whole commit id.",
    ),
    Capability::limited(
        Endpoint::FileTree,
        "A `ref` is a branch or a whole commit id: GitFlic lists no files of tags.",
    ),
    Capability::none(
        Endpoint::Compare,
        "GitFlic documents no comparison, and what its own pages call tells no merge base.",
    ),
    Capability::none(
        Endpoint::PullRequestCommits,
        "GitFlic shows no call that lists the commits of a merge request.",
    ),
    Capability::none(
        Endpoint::Reviews,
        "GitFlic lists reviewers, and not what they think.",
    ),
]);
