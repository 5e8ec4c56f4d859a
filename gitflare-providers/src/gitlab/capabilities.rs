//! What GitLab can answer: nearly everything. A deployment `state` that GitLab does not have is refused where
//! the filter is translated, in `deployments.rs`.

use gitflare_core::provider::{Capability, Endpoint};

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[
    Capability::none(
        Endpoint::Watchers,
        "GitLab does not list who watches a project.",
    ),
    Capability::without_history("GitLab tells each person's vote as it stands, without its text."),
]);
