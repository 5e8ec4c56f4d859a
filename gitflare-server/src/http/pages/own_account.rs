//! A developer's own account: the sessions that are open, and how to end them.

use askama::Template;

use super::{
    View,
    connect::Notice,
    policy::{Kind, Policy},
    shell::{Shell, Tab},
    text::SafeText,
};

/// An open session.
#[derive(Clone, Debug)]
pub(crate) struct SessionRow {
    pub(crate) id: String,
    pub(crate) since: String,
    pub(crate) last_used: String,
    pub(crate) ends: String,
    /// Whether it is the one that looks at the page.
    pub(crate) is_current: bool,
}

/// The page of one's own account.
#[derive(Clone, Debug, Template)]
#[template(path = "account.html")]
pub(crate) struct OwnAccountView {
    pub(crate) user: SafeText,
    pub(crate) email: SafeText,
    pub(crate) csrf: String,
    pub(crate) notice: Option<Notice>,
    pub(crate) sessions: Vec<SessionRow>,
}

impl OwnAccountView {
    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Account)
    }
}

impl View for OwnAccountView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
