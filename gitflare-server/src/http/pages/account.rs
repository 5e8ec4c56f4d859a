//! Sign-up and login.

use askama::Template;

use super::{
    View,
    connect::Notice,
    policy::{Kind, Policy},
    shell::Shell,
    text::SafeText,
};

/// Fault of one field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FieldProblem {
    /// The field's name.
    pub(crate) field: &'static str,
    /// Message that says how to correct it.
    pub(crate) message: SafeText,
}

/// The message beside a field, if it has one.
pub(super) fn problem<'p>(problems: &'p [FieldProblem], field: &str) -> Option<&'p SafeText> {
    let problem = problems.iter().find(|it| it.field == field)?;
    Some(&problem.message)
}

/// The sign-up page.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "signup.html")]
pub(crate) struct SignupView {
    /// The token for the form.
    pub(crate) csrf: String,
    /// The path of ours to go on to.
    pub(crate) return_to: Option<String>,
    /// Name from the last submission.
    pub(crate) name: String,
    /// Address from the last submission.
    pub(crate) email: String,
    /// The one-time link that the visitor came by; empty without one.
    pub(crate) invitation: String,
    /// Whether only an invitation lets somebody in, and there is none.
    pub(crate) is_closed: bool,
    pub(crate) problems: Vec<FieldProblem>,
    pub(crate) notice: Option<Notice>,
}

impl SignupView {
    fn shell(&self) -> Shell {
        Shell::public()
    }

    fn problem(&self, field: &str) -> Option<&SafeText> {
        problem(&self.problems, field)
    }
}

impl View for SignupView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}

/// The login page.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginView {
    /// The token for the form.
    pub(crate) csrf: String,
    /// The path of ours to go on to.
    pub(crate) return_to: Option<String>,
    /// Address from the last submission.
    pub(crate) email: String,
    /// Whether a link for a new password can be mailed.
    pub(crate) sends_mail: bool,
    pub(crate) problems: Vec<FieldProblem>,
    pub(crate) notice: Option<Notice>,
}

impl LoginView {
    fn shell(&self) -> Shell {
        Shell::public()
    }

    fn problem(&self, field: &str) -> Option<&SafeText> {
        problem(&self.problems, field)
    }
}

impl View for LoginView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}

/// The page that mails a link for a new password.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "forgotten.html")]
pub(crate) struct ForgottenView {
    /// The token for the form.
    pub(crate) csrf: String,
    /// Address from the last submission.
    pub(crate) email: String,
    pub(crate) notice: Option<Notice>,
}

impl ForgottenView {
    fn shell(&self) -> Shell {
        Shell::public()
    }
}

impl View for ForgottenView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}

/// The page that a reset link leads to.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "reset.html")]
pub(crate) struct ResetView {
    /// The token for the form.
    pub(crate) csrf: String,
    /// The link; a secret of whoever has it.
    pub(crate) link: String,
    /// The address of the account.
    pub(crate) email: String,
    pub(crate) problems: Vec<FieldProblem>,
    pub(crate) notice: Option<Notice>,
}

impl ResetView {
    fn shell(&self) -> Shell {
        Shell::public()
    }

    fn problem(&self, field: &str) -> Option<&SafeText> {
        problem(&self.problems, field)
    }
}

impl View for ResetView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
