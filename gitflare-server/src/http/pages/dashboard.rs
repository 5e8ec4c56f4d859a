//! The developer's dashboard: apps and their ready-made links, a secret shown once, connections, and
//! how many calls there were.

use askama::Template;
use gitflare_core::{Scope, Secret};

use super::{
    View,
    account::{FieldProblem, problem},
    connect::{ConnectOption, Host, Notice},
    policy::{Kind, Policy},
    purpose::Purpose,
    shell::{Shell, Tab},
    text::{Link, SafeText},
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

/// Permissions that go together, for what apps are mostly for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preset {
    /// What the form sends.
    pub(crate) id: &'static str,
    name: &'static str,
    about: &'static str,
    scopes: &'static [Scope],
}

const PRESETS: &[Preset] = &[
    Preset {
        id: "metrics",
        name: "Delivery metrics",
        about: "Commits, pull requests, releases, checks and deployments, and their events; no code.",
        scopes: &[
            Scope::ReadRepositories,
            Scope::ReadBranches,
            Scope::ReadCommits,
            Scope::ReadPullRequests,
            Scope::ReadAuthors,
            Scope::ReadReleases,
            Scope::ReadChecks,
            Scope::ReadDeployments,
            Scope::EventsSubscribe,
        ],
    },
    Preset {
        id: "review",
        name: "Code review",
        about: "Commits and pull requests with their changed lines, files and checks.",
        scopes: &[
            Scope::ReadRepositories,
            Scope::ReadBranches,
            Scope::ReadCommits,
            Scope::ReadDiffs,
            Scope::ReadFileTree,
            Scope::ReadContents,
            Scope::ReadReviews,
            Scope::ReadPullRequests,
            Scope::ReadChecks,
            Scope::EventsSubscribe,
        ],
    },
    Preset {
        id: "everything",
        name: "Everything",
        about: "All of them. Customers see a long list: ask for what you use.",
        scopes: Scope::ALL,
    },
];

impl Preset {
    /// The scopes of the preset of that id; `None` where the boxes count.
    /// The scopes that it ticks, separated by spaces.
    fn ticks(&self) -> String {
        let names: Vec<_> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        names.join(" ")
    }

    pub(crate) fn scopes_of(id: &str) -> Option<&'static [Scope]> {
        let preset = PRESETS.iter().find(|preset| preset.id == id);
        preset.map(|preset| preset.scopes)
    }
}

/// A link with names where the app's own values go: the text, and whether it is such a name.
#[derive(Clone, Debug)]
pub(crate) struct LinkPart {
    pub(crate) text: String,
    pub(crate) is_variable: bool,
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
    const fn presets(&self) -> &'static [Preset] {
        PRESETS
    }

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
    pub(crate) connect_url: Vec<LinkPart>,
    /// The same link as it is, for the developer to try.
    pub(crate) try_url: Link,
    /// The link to a customer's management page.
    pub(crate) manage_url: String,
    pub(crate) form: AppForm,
    pub(crate) profile: ProfileForm,
}

/// What customers see of an app, as it is or as it was typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProfileForm {
    /// Where its logo is served.
    pub(crate) logo: Option<String>,
    pub(crate) website: String,
    pub(crate) privacy_url: String,
    pub(crate) purposes: Vec<PurposeRow>,
    pub(crate) problems: Vec<FieldProblem>,
}

/// Why an app asks for a permission.
#[derive(Clone, Debug)]
pub(crate) struct PurposeRow {
    pub(crate) scope: Scope,
    pub(crate) text: String,
}

impl PurposeRow {
    const fn sees(&self) -> &'static str {
        Purpose::of(self.scope).sees
    }
}

impl ProfileForm {
    fn problem(&self, field: &str) -> Option<&SafeText> {
        problem(&self.problems, field)
    }
}

/// A connected account of the developer's own.
#[derive(Clone, Debug)]
pub(crate) struct ConnectionRow {
    pub(crate) host: Host,
    pub(crate) login: SafeText,
    pub(crate) status: &'static str,
    pub(crate) last_used_at: Option<String>,
}

/// A program that the person has let read.
#[derive(Clone, Debug)]
pub(crate) struct AgentRow {
    /// Our id of the client, by which its page is found.
    pub(crate) client_id: String,
    /// A host, or that it runs on this computer.
    pub(crate) name: SafeText,
    /// The name that it has chosen.
    pub(crate) calls_itself: Option<SafeText>,
    pub(crate) permissions: Vec<&'static str>,
    pub(crate) since: String,
    pub(crate) last_used: Option<String>,
}

/// How many calls there were in a month.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recent {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
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
    /// Calls of the last days.
    pub(crate) recent: Recent,
    pub(crate) agents: Vec<AgentRow>,
}

impl DashboardView {
    fn shell(&self) -> Shell {
        Shell::developer(self.user.clone()).at(Tab::Apps)
    }
}

impl View for DashboardView {
    fn policy(&self) -> Policy {
        Policy::of(Kind::Account)
    }
}
