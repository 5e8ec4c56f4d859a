//! What GitLab can answer: everything. A deployment `state` that GitLab does not have is refused where
//! the filter is translated, in `deployments.rs`.

use gitflare_core::provider::Capability;

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[]);
