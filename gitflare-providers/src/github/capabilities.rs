//! What GitHub can answer: everything. Deployment states live in a list of their own, which is read
//! for every deployment of a page; that makes their filter exact and their pages short.

use gitflare_core::provider::Capability;

pub(super) const CAPABILITIES: &[Capability] = &Capability::all_but(&[]);
