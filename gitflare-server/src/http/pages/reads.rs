//! The customer's log: what an app was answered of the customer's data, newest first. All times are
//! UTC, and say so.

use askama::Template;

use super::{
    View,
    policy::{Kind, Policy},
    shell::Shell,
    text::{Link, SafeText},
};

/// One read.
#[derive(Clone, Debug)]
pub(crate) struct ReadRow {
    pub(crate) at: String,
    /// What was seen, in a customer's words.
    pub(crate) sees: &'static str,
    pub(crate) endpoint_key: &'static str,
    pub(crate) provider: Option<SafeText>,
    pub(crate) repository: Option<SafeText>,
    pub(crate) items: u64,
    pub(crate) blocked_files: u64,
    pub(crate) redacted_secrets: u64,
}

/// The log of what was read.
#[derive(Clone, Debug, Template)]
#[template(path = "reads.html")]
pub(crate) struct ReadsView {
    pub(crate) app: SafeText,
    pub(crate) rows: Vec<ReadRow>,
    /// The management page.
    pub(crate) back: Link,
    /// The same as a file.
    pub(crate) file: Link,
    pub(crate) older: Option<Link>,
    /// How many reads the file has at most.
    pub(crate) most: usize,
    pub(crate) frame_ancestors: Vec<String>,
}

impl ReadsView {
    fn shell(&self) -> Shell {
        Shell::customer()
    }
}

impl View for ReadsView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Manage).framed_by(&self.frame_ancestors)
    }
}
