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
]);
