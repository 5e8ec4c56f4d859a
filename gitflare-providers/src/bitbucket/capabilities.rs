//! What Bitbucket Cloud cannot answer, each with its reason; everything else it can.

use gitflare_core::provider::{Capability, Endpoint};

const SHORT_IDS: &str = "Bitbucket cuts the commit ids of pull requests in lists to their first twelve digits, which every `ref` and `commits/:commitId` take; a pull request by itself has them whole.";
const LOST_IDS: &str =
    "The id of a commit that Bitbucket no longer finds has its first twelve digits alone.";

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[
    Capability::none(
        Endpoint::Contributors,
        "Bitbucket has no list of a repository's contributors.",
    ),
    Capability::none(Endpoint::Releases, "Bitbucket has no releases."),
    Capability::limited(
        Endpoint::FileTree,
        "Bitbucket lists ten levels of folders at once; an entry of `errors` says where there are more.",
    ),
    Capability::limited(Endpoint::PullRequests, SHORT_IDS),
    Capability::limited(Endpoint::PullRequest, LOST_IDS),
    Capability::limited(Endpoint::PullRequestDiff, LOST_IDS),
    Capability::none(Endpoint::Labels, "Bitbucket has no labels."),
    Capability::none(Endpoint::Stargazers, "Bitbucket has no stars."),
    Capability::none(
        Endpoint::Assignees,
        "Bitbucket has reviewers, and no list of those who can be assigned.",
    ),
    Capability::without_history(
        "Bitbucket tells each person's vote as it stands, without its text.",
    ),
]);
