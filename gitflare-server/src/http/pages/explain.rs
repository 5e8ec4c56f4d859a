//! The page of one recorded call: what was wrong, what mends it, and every check in its order.

use askama::Template;
use gitflare_core::gateway::StepOutcome;

use super::{
    View,
    policy::{Kind, Policy},
    shell::{Shell, Tab},
    text::SafeText,
};

/// One check of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepRow {
    pub(crate) step: &'static str,
    pub(crate) asks: &'static str,
    pub(crate) outcome: StepOutcome,
}

impl StepRow {
    /// What became of it, for people.
    fn said(&self) -> &'static str {
        match self.outcome {
            StepOutcome::Passed => "Passed",
            StepOutcome::Failed => "Refused here",
            StepOutcome::NotReached => "Not reached",
            StepOutcome::Unknown => "Not known",
        }
    }
}

/// A call and its checks.
#[derive(Clone, Debug, Template)]
#[template(path = "explain.html")]
pub(crate) struct ExplainView {
    pub(crate) user: SafeText,
    pub(crate) request_id: String,
    /// To the second, UTC.
    pub(crate) at: String,
    pub(crate) method: &'static str,
    pub(crate) path: SafeText,
    pub(crate) endpoint_key: &'static str,
    pub(crate) scope: &'static str,
    /// The app's name, and its id.
    pub(crate) app: SafeText,
    pub(crate) client_id: String,
    /// The customer's name, and the id of the customer's tenant.
    pub(crate) customer: SafeText,
    pub(crate) tenant_id: String,
    /// The name of the repository, or its id; `None` when the call names none.
    pub(crate) repository: Option<SafeText>,
    pub(crate) status: u16,
    pub(crate) error_code: Option<&'static str>,
    pub(crate) duration: String,
    pub(crate) upstream: String,
    pub(crate) reason: Option<&'static str>,
    pub(crate) fix: Option<&'static str>,
    pub(crate) steps: Vec<StepRow>,
}

impl ExplainView {
    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Calls)
    }
}

impl View for ExplainView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
