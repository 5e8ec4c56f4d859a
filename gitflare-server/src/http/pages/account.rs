//! Sign-up and login.

use askama::Template;

use super::{
    View,
    connect::Notice,
    policy::{Kind, Policy},
    shell::Shell,
    text::Shown,
};

/// What is wrong with one field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct FieldProblem {
    /// The field's name.
    pub(in super::super) field: &'static str,
    /// What to do about it.
    pub(in super::super) message: Shown,
}

/// The message beside a field, if it has one.
pub(super) fn problem<'p>(problems: &'p [FieldProblem], field: &str) -> Option<&'p Shown> {
    let problem = problems.iter().find(|it| it.field == field)?;
    Some(&problem.message)
}

/// The sign-up page.
#[derive(Clone, Debug, Default, Template)]
#[template(path = "signup.html")]
pub(in super::super) struct SignupView {
    /// The token for the form.
    pub(in super::super) csrf: String,
    /// The path of ours to go on to.
    pub(in super::super) return_to: Option<String>,
    /// What was typed before.
    pub(in super::super) name: String,
    /// What was typed before.
    pub(in super::super) email: String,
    pub(in super::super) problems: Vec<FieldProblem>,
    pub(in super::super) notice: Option<Notice>,
}

impl SignupView {
    fn shell(&self) -> Shell {
        Shell::public()
    }

    fn problem(&self, field: &str) -> Option<&Shown> {
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
pub(in super::super) struct LoginView {
    /// The token for the form.
    pub(in super::super) csrf: String,
    /// The path of ours to go on to.
    pub(in super::super) return_to: Option<String>,
    /// What was typed before.
    pub(in super::super) email: String,
    pub(in super::super) problems: Vec<FieldProblem>,
    pub(in super::super) notice: Option<Notice>,
}

impl LoginView {
    fn shell(&self) -> Shell {
        Shell::public()
    }

    fn problem(&self, field: &str) -> Option<&Shown> {
        problem(&self.problems, field)
    }
}

impl View for LoginView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
