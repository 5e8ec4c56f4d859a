//! A developer's own account: the sessions that are open and how to end them, another password, the end
//! of the account.

use askama::Template;

use super::{
    View,
    account::{FieldProblem, problem},
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
    /// What is wrong with the fields of the form for another password.
    pub(crate) problems: Vec<FieldProblem>,
    pub(crate) sessions: Vec<SessionRow>,
}

impl OwnAccountView {
    fn problem(&self, field: &str) -> Option<&SafeText> {
        problem(&self.problems, field)
    }

    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Account)
    }
}

impl View for OwnAccountView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
