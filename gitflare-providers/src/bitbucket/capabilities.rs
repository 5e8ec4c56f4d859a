//! What Bitbucket Cloud cannot answer, each with its reason; everything else it can.

use gitflare_core::provider::{Capability, Endpoint};

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[
    Capability::none(
        Endpoint::Contributors,
        "Bitbucket has no list of a repository's contributors.",
    ),
    Capability::none(Endpoint::Releases, "Bitbucket has no releases."),
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
