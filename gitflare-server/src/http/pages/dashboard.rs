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
    text::SafeText,
};

/// Secrets that are shown this once.
#[derive(Clone, Debug)]
pub(crate) struct FreshSecrets {
    /// The app's name.
    pub(crate) app: SafeText,
    /// Client id of the app.
    pub(crate) client_id: String,
    /// The client secret.
    pub(crate) client_secret: Secret<String>,
    /// The embed secret, when it is new too.
    pub(crate) embed_secret: Option<Secret<String>>,
}

/// The fields of an app's form, as they are or as they were typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct AppForm {
    pub(crate) name: String,
    pub(crate) description: String,
    /// Redirect URIs, one a line.
    pub(crate) redirect_uris: String,
    pub(crate) permissions: Vec<Scope>,
    /// Embedding origins, one a line.
    pub(crate) embed_origins: String,
    pub(crate) require_pkce: bool,
    pub(crate) require_signed_customer_ref: bool,
    pub(crate) problems: Vec<FieldProblem>,
}

impl AppForm {
    fn problem(&self, field: &str) -> Option<&SafeText> {
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
pub(crate) struct SecretRow {
    pub(crate) id: String,
    pub(crate) created_at: String,
    pub(crate) last_used_at: Option<String>,
}

/// An app of the developer's.
#[derive(Clone, Debug)]
pub(crate) struct AppPanel {
    pub(crate) id: String,
    pub(crate) name: SafeText,
    pub(crate) description: Option<SafeText>,
    pub(crate) created_at: String,
    pub(crate) secrets: Vec<SecretRow>,
    /// The link that the app sends a customer to, with names where its own values go.
    pub(crate) connect_url: String,
    /// The link to a customer's management page.
    pub(crate) manage_url: String,
    pub(crate) form: AppForm,
}

/// A connected account of the developer's own.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionRow {
    pub(crate) provider: ProviderId,
    pub(crate) login: SafeText,
    pub(crate) status: &'static str,
    pub(crate) last_used_at: Option<String>,
}

/// One of the last calls.
#[derive(Clone, Debug)]
pub(crate) struct CallRow {
    pub(crate) at: String,
    pub(crate) app: SafeText,
    pub(crate) endpoint_key: &'static str,
    pub(crate) repository: Option<SafeText>,
    pub(crate) status: u16,
    pub(crate) error_code: Option<&'static str>,
    pub(crate) duration_ms: u64,
    pub(crate) request_id: String,
}

/// Counts of recent reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct UsagePanel {
    /// The days that are counted, as text.
    pub(crate) period: String,
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) p50_ms: Option<u64>,
    pub(crate) p95_ms: Option<u64>,
    pub(crate) blocked_files: u64,
    pub(crate) redacted_secrets: u64,
    pub(crate) by_day: Chart,
    /// Endpoint key, calls, errors; most calls first.
    pub(crate) by_endpoint: Vec<(String, u64, u64)>,
}

/// A developer's dashboard.
#[derive(Clone, Debug, Template)]
#[template(path = "dashboard.html")]
pub(crate) struct DashboardView {
    /// Name of the user who has signed in.
    pub(crate) user: SafeText,
    /// The session's token for forms.
    pub(crate) csrf: String,
    pub(crate) notice: Option<Notice>,
    pub(crate) fresh: Option<FreshSecrets>,
    pub(crate) apps: Vec<AppPanel>,
    /// The form of a new app.
    pub(crate) new_app: AppForm,
    pub(crate) connections: Vec<ConnectionRow>,
    /// Providers that can be connected.
    pub(crate) connect: Vec<ConnectOption>,
    pub(crate) calls: Vec<CallRow>,
    pub(crate) usage: UsagePanel,
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
