//! What Azure DevOps cannot answer, or not whole, each with its reason; everything else it can.

use gitflare_core::provider::{Capability, Endpoint};

const CUT_MESSAGES: &str =
    "Azure DevOps cuts long messages in lists; a commit by itself has all of its own.";

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[
    Capability::limited(Endpoint::Commits, CUT_MESSAGES),
    Capability::limited(Endpoint::PullRequestCommits, CUT_MESSAGES),
    Capability::limited(
        Endpoint::PullRequests,
        "Azure DevOps cuts descriptions in lists after 400 characters; a pull request by itself has all of its own.",
    ),
    Capability::limited(
        Endpoint::Commit,
        "Azure DevOps counts folders among the changes of a commit: how many files it changes its diff tells.",
    ),
    Capability::limited(
        Endpoint::Compare,
        "Azure DevOps lists no commits between two names: `commits` is null.",
    ),
    Capability::none(
        Endpoint::Contributors,
        "Azure DevOps has no list of a repository's contributors.",
    ),
    Capability::none(
        Endpoint::Labels,
        "Labels at Azure DevOps belong to pull requests and work items.",
    ),
    Capability::none(Endpoint::Stargazers, "Azure DevOps has no stars."),
    Capability::none(
        Endpoint::Watchers,
        "Azure DevOps does not tell who follows a repository.",
    ),
    Capability::none(
        Endpoint::Assignees,
        "Azure DevOps has reviewers, and no list of those who can be assigned.",
    ),
    Capability::without_history(
        "Azure DevOps tells each person's vote as it stands, without its time and its text.",
    ),
    Capability::none(
        Endpoint::Releases,
        "Releases at Azure DevOps belong to pipelines, not to repositories.",
    ),
    Capability::none(
        Endpoint::Deployments,
        "Deployments at Azure DevOps belong to pipelines, not to repositories.",
    ),
]);
