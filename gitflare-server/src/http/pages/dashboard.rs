//! The developer's dashboard: apps and their ready-made links, a secret shown once, connections,
//! the last calls and how many there were.

use askama::Template;
use gitflare_core::{Scope, Secret, provider::ProviderId};

use super::{
    View,
    account::{FieldProblem, problem},
    chart::{self, Chart},
    connect::{ConnectOption, Notice},
    policy::{Kind, Policy},
    purpose::Purpose,
    shell::Shell,
    text::Shown,
};

/// Secrets that are shown this once.
#[derive(Clone, Debug)]
pub(in super::super) struct FreshSecrets {
    /// The app's name.
    pub(in super::super) app: Shown,
    /// The app's id.
    pub(in super::super) client_id: String,
    /// The client secret.
    pub(in super::super) client_secret: Secret<String>,
    /// The embed secret, when it is new too.
    pub(in super::super) embed_secret: Option<Secret<String>>,
}

/// The fields of an app's form, as they are or as they were typed.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct AppForm {
    pub(in super::super) name: String,
    pub(in super::super) description: String,
    /// One a line.
    pub(in super::super) redirect_uris: String,
    pub(in super::super) permissions: Vec<Scope>,
    /// One a line.
    pub(in super::super) embed_origins: String,
    pub(in super::super) require_pkce: bool,
    pub(in super::super) require_signed_customer_ref: bool,
    pub(in super::super) problems: Vec<FieldProblem>,
}

impl AppForm {
    fn problem(&self, field: &str) -> Option<&Shown> {
        problem(&self.problems, field)
    }

    /// Every scope and whether its box is ticked.
    fn scopes(&self) -> impl Iterator<Item = (Purpose, bool)> {
        let is_chosen = |scope: Scope| self.permissions.contains(&scope);
        Scope::ALL
            .iter()
            .map(move |&scope| (Purpose::of(scope), is_chosen(scope)))
    }
}

/// A client secret, by when it was made and used.
#[derive(Clone, Debug)]
pub(in super::super) struct SecretRow {
    pub(in super::super) id: String,
    pub(in super::super) created_at: String,
    pub(in super::super) last_used_at: Option<String>,
}

/// An app of the developer's.
#[derive(Clone, Debug)]
pub(in super::super) struct AppPanel {
    pub(in super::super) id: String,
    pub(in super::super) name: Shown,
    pub(in super::super) description: Option<Shown>,
    pub(in super::super) created_at: String,
    pub(in super::super) secrets: Vec<SecretRow>,
    /// The link that the app sends a customer to, with names where its own values go.
    pub(in super::super) connect_url: String,
    /// The link to a customer's management page.
    pub(in super::super) manage_url: String,
    pub(in super::super) form: AppForm,
}

/// A connected account of the developer's own.
#[derive(Clone, Debug)]
pub(in super::super) struct ConnectionRow {
    pub(in super::super) provider: ProviderId,
    pub(in super::super) login: Shown,
    pub(in super::super) status: &'static str,
    pub(in super::super) last_used_at: Option<String>,
}

/// One of the last calls.
#[derive(Clone, Debug)]
pub(in super::super) struct CallRow {
    pub(in super::super) at: String,
    pub(in super::super) app: Shown,
    pub(in super::super) endpoint_key: &'static str,
    pub(in super::super) repository: Option<Shown>,
    pub(in super::super) status: u16,
    pub(in super::super) error_code: Option<&'static str>,
    pub(in super::super) duration_ms: u64,
    pub(in super::super) request_id: String,
}

/// How much was read.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct UsagePanel {
    /// The days that are counted, as text.
    pub(in super::super) period: String,
    pub(in super::super) requests: u64,
    pub(in super::super) errors: u64,
    pub(in super::super) p50_ms: Option<u64>,
    pub(in super::super) p95_ms: Option<u64>,
    pub(in super::super) blocked_files: u64,
    pub(in super::super) redacted_secrets: u64,
    pub(in super::super) by_day: Chart,
    /// Endpoint key, calls, errors; most calls first.
    pub(in super::super) by_endpoint: Vec<(String, u64, u64)>,
}

/// The dashboard.
#[derive(Clone, Debug, Template)]
#[template(path = "dashboard.html")]
pub(in super::super) struct DashboardView {
    /// Who is signed in.
    pub(in super::super) user: Shown,
    /// The session's token for forms.
    pub(in super::super) csrf: String,
    pub(in super::super) notice: Option<Notice>,
    pub(in super::super) fresh: Option<FreshSecrets>,
    pub(in super::super) apps: Vec<AppPanel>,
    /// The form of a new app.
    pub(in super::super) new_app: AppForm,
    pub(in super::super) connections: Vec<ConnectionRow>,
    /// What can be connected.
    pub(in super::super) connect: Vec<ConnectOption>,
    pub(in super::super) calls: Vec<CallRow>,
    pub(in super::super) usage: UsagePanel,
}

impl DashboardView {
    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone())
    }

    fn chart_width(&self) -> u64 {
        chart::WIDTH
    }

    fn chart_height(&self) -> u64 {
        chart::HEIGHT
    }
}

impl View for DashboardView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
