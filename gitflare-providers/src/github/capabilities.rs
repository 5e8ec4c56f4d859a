//! What GitHub can answer. Deployment states live in a list of their own, which is read for every
//! deployment of a page; that makes their filter exact and their pages short.

use gitflare_core::provider::{Capability, Endpoint};

pub(super) const CAPABILITIES: &[Capability] = &[
    Capability::full(Endpoint::Profile),
    Capability::full(Endpoint::Repositories),
    Capability::full(Endpoint::Repository),
    Capability::full(Endpoint::Branches),
    Capability::full(Endpoint::Commits),
    Capability::full(Endpoint::CommitDiff),
    Capability::full(Endpoint::PullRequests),
    Capability::full(Endpoint::PullRequestDiff),
    Capability::full(Endpoint::Contributors),
    Capability::full(Endpoint::Tags),
    Capability::full(Endpoint::Releases),
    Capability::full(Endpoint::Checks),
    Capability::full(Endpoint::Deployments),
    Capability::full(Endpoint::FileTree),
    Capability::full(Endpoint::EventsSubscribe),
];
