//! The page that ends a linking in a window of its own: it hands the completion code to the page
//! that opened it, or shows it to be carried over by hand.

use askama::Template;

use super::{
    View,
    policy::{Kind, Policy},
    shell::Shell,
    text::SafeText,
};

/// The hand-over page.
#[derive(Clone, Debug, Template)]
#[template(path = "handover.html")]
pub(crate) struct HandoverView {
    /// Result of the link flow.
    pub(crate) outcome: Handover,
}

/// Result of a link flow.
#[derive(Clone, Debug)]
pub(crate) enum Handover {
    /// The account is linked; the opener's session starts to own it with these.
    Linked {
        /// Id of the link flow.
        flow_id: String,
        /// The single-use code.
        completion_code: String,
    },
    /// The account was not linked.
    Failed {
        /// Reason, one sentence.
        reason: SafeText,
    },
}

impl HandoverView {
    fn shell(&self) -> Shell {
        Shell::customer()
    }
}

impl View for HandoverView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Handover)
    }
}
