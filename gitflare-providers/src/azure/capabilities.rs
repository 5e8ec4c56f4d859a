//! What Azure DevOps cannot answer, each with its reason; everything else it can.

use gitflare_core::provider::{Capability, Endpoint};

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[
    Capability::none(
        Endpoint::Contributors,
        "Azure DevOps has no list of a repository's contributors.",
    ),
    Capability::none(
        Endpoint::EventsSubscribe,
        "Service hooks of Azure DevOps are not read yet.",
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
