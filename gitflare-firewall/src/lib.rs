//! The firewall of GitFlare.
#![deny(unsafe_code)]
#![deny(missing_docs)]

mod assign;
mod block;
mod chance;
mod context;
mod diff;
mod engine;
mod firewall;
mod formats;
mod link;
mod paths;
mod redact;
mod scan;
mod shape;
mod stream;
mod tag;
mod text;

pub use diff::FilteredDiff;
pub use firewall::{Firewall, FirewallConfig};
pub use paths::DEFAULT_PATTERNS;
pub use redact::{Redacted, Redactor};
pub use stream::Stream;
pub use tag::TAG_PREFIX;

#[cfg(test)]
mod tests;
