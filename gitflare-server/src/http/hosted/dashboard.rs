//! The developer's dashboard, filled: apps with their ready-made links, how many calls there were, and
//! connections. Shown by itself, and again after each of its forms.

use gitflare_core::{
    Error, Scope, Timestamp,
    gateway::{Agent, ConnectionFilterText, ListQuery, Query},
    provider::Registry,
    storage::{AppProfile, Client, Connection},
};
use http::StatusCode;

use super::{
    super::{
        exchange::Exchange,
        pages::{
            View,
            connect::{ConnectOption, Host, Notice},
            dashboard::{
                AgentRow, AppForm, AppPanel, ConnectionRow, DashboardView, LinkPart, ProfileForm,
                PurposeRow, Recent, SecretRow,
            },
            text::{Link, SafeText},
        },
        refusal::Refusal,
        reply::Reply,
        settings::ServiceSettings,
    },
    public_clients, told,
};

/// `GET /app/dashboard`
pub(crate) async fn show(x: Exchange) -> Result<Reply, Refusal> {
    let mut view = view(&x).await?;
    view.notice = done(&x.query()?);
    view.reply(StatusCode::OK)
}

/// What a form has done whose answer led here. The address says it with a word of ours alone.
pub(super) fn done(query: &Query) -> Option<Notice> {
    let text = match query.value("done").ok().flatten()? {
        "saved" => "Saved.",
        "ended" => "Access has ended.",
        "disconnected" => "The account is disconnected, and its tokens are erased.",
        "app-deleted" => "The app is deleted, and everything under it has ended.",
        "queued" => "The event is queued again, with the same id and number.",
        "session-ended" => "Ended. Whoever used it has to sign in again.",
        "password" => "Your password is changed. Every other session has ended.",
        "secret-ended" => "The secret has ended.",
        _ => return None,
    };
    Some(Notice::done(text))
}

/// Whose pages these are.
pub(super) async fn person(x: &Exchange) -> Result<SafeText, Refusal> {
    let user = x.gateway().account(&x.user()?.user).await?.user;
    Ok(SafeText::person(&user))
}

/// The dashboard of the signed-in person.
pub(super) async fn view(x: &Exchange) -> Result<DashboardView, Refusal> {
    let visit = x.user()?;
    let (gateway, user) = (x.gateway(), &visit.user);
    let all = ListQuery {
        limit: Some(gitflare_core::Limit::MAX),
        cursor: None,
    };
    let account = gateway.account(user).await?;
    let apps = gateway.list_apps(user, &all).await?.items;
    let filter = ConnectionFilterText::default();
    let connections = gateway.account_connections(user, &filter, &all).await?;
    let report = gateway.usage_summary(user, &Query::default()).await?;
    let totals = &report.summary.totals;
    let mut panels = Vec::with_capacity(apps.len());
    for app in &apps {
        let profile = gateway.app_profile(&app.id).await?;
        panels.push(panel(app, &profile, x.settings()));
    }
    Ok(DashboardView {
        user: SafeText::person(&account.user),
        csrf: gateway.form_token(&visit.session.id),
        notice: None,
        fresh: None,
        connections: connections
            .items
            .iter()
            .map(|it| connection(gateway.providers(), it))
            .collect(),
        connect: ConnectOption::of_person(gateway.providers(), "/app/dashboard"),
        agents: gateway
            .agents(user)
            .await?
            .iter()
            .filter_map(agent)
            .collect(),
        recent: Recent {
            requests: totals.requests,
            errors: totals.errors,
        },
        new_app: AppForm {
            // A newcomer to the sandbox has no address of their own: the test app shows what came.
            redirect_uris: match x.app().guided() {
                Some(_) => format!("{}/testapp/callback", x.settings().panel_url),
                None => String::new(),
            },
            ..AppForm::default()
        },
        apps: panels,
    })
}

fn panel(app: &Client, profile: &AppProfile, settings: &ServiceSettings) -> AppPanel {
    let id = app.id.as_str();
    let panel = &settings.panel_url;
    let redirect: String = match app.allowed_redirect_uris.first() {
        Some(uri) => url::form_urlencoded::byte_serialize(uri.as_bytes()).collect(),
        None => "REDIRECT_URI".to_owned(),
    };
    let scope = app.default_permissions.to_string().replace(' ', "%20");
    let connect = format!(
        "{panel}/oauth/authorize?response_type=code&client_id={id}&redirect_uri={redirect}&scope={scope}"
    );
    AppPanel {
        id: id.to_owned(),
        name: SafeText::new(&app.name),
        description: app.description.as_deref().map(SafeText::new),
        created_at: day(app.created_at),
        secrets: app
            .secrets
            .iter()
            .map(|secret| SecretRow {
                id: secret.id.as_str().to_owned(),
                created_at: day(secret.created_at),
                last_used_at: secret.last_used_at.map(day),
            })
            .collect(),
        connect_url: parts(&format!(
            "{connect}&state=RANDOM_STATE&customer_ref=CUSTOMER_ID"
        )),
        try_url: Link::new(&format!(
            "{connect}&state=try-it&customer_ref=try-it&customer_name=You"
        ))
        .unwrap_or_else(Link::home),
        manage_url: format!("{panel}/app/company/apps/{id}?customer_ref=CUSTOMER_ID"),
        profile: ProfileForm {
            logo: told::logo_path(&app.id, profile),
            website: profile.website.clone().unwrap_or_default(),
            privacy_url: profile.privacy_url.clone().unwrap_or_default(),
            purposes: app
                .default_permissions
                .iter()
                .map(|scope| PurposeRow {
                    scope,
                    text: profile.purposes.get(&scope).cloned().unwrap_or_default(),
                })
                .collect(),
            problems: Vec::new(),
        },
        form: AppForm {
            name: app.name.clone(),
            description: app.description.clone().unwrap_or_default(),
            redirect_uris: app.allowed_redirect_uris.join("\n"),
            permissions: app.default_permissions.iter().collect(),
            embed_origins: app.allowed_embed_origins.join("\n"),
            require_pkce: app.require_pkce,
            require_signed_customer_ref: app.require_signed_customer_ref,
            problems: Vec::new(),
        },
    }
}

/// A link cut where names stand for an app's own values.
fn parts(link: &str) -> Vec<LinkPart> {
    const NAMES: [&str; 3] = ["REDIRECT_URI", "RANDOM_STATE", "CUSTOMER_ID"];
    let mut parts = Vec::new();
    let mut rest = link;
    while let Some((at, name)) = NAMES
        .iter()
        .filter_map(|name| Some((rest.find(name)?, *name)))
        .min()
    {
        let part = |text: &str, is_variable| LinkPart {
            text: text.to_owned(),
            is_variable,
        };
        parts.push(part(&rest[..at], false));
        parts.push(part(name, true));
        rest = &rest[at + name.len()..];
    }
    parts.push(LinkPart {
        text: rest.to_owned(),
        is_variable: false,
    });
    parts
}

fn agent(agent: &Agent) -> Option<AgentRow> {
    let (name, stranger) = public_clients::stranger(&agent.client, None)?;
    Some(AgentRow {
        client_id: agent.client.id.as_str().to_owned(),
        name,
        calls_itself: stranger.calls_itself,
        permissions: agent.permissions.iter().map(Scope::as_str).collect(),
        since: day(agent.since),
        last_used: agent.last_used_at.map(minute),
    })
}

fn connection(providers: &Registry, connection: &Connection) -> ConnectionRow {
    ConnectionRow {
        host: Host::of(providers, connection.provider),
        login: SafeText::new(connection.login.as_ref().unwrap_or(&connection.account_id)),
        status: connection.status.as_str(),
        last_used_at: connection.last_used_at.map(minute),
    }
}

/// A moment's day, for people.
pub(super) fn day(at: Timestamp) -> String {
    at.to_string().chars().take("YYYY-MM-DD".len()).collect()
}

/// A moment to the minute, for people; all times are UTC.
pub(super) fn minute(at: Timestamp) -> String {
    until(at, "YYYY-MM-DD hh:mm")
}

/// A moment to the second, for people.
pub(super) fn second(at: Timestamp) -> String {
    until(at, "YYYY-MM-DD hh:mm:ss")
}

fn until(at: Timestamp, pattern: &str) -> String {
    let text = at.to_string().replace('T', " ");
    let shown: String = text.chars().take(pattern.len()).collect();
    format!("{shown} UTC")
}

/// The panel of an app that a form was sent for.
pub(super) fn panel_mut<'v>(
    view: &'v mut DashboardView,
    id: &str,
) -> Result<&'v mut AppPanel, Refusal> {
    let mut panels = view.apps.iter_mut();
    match panels.find(|panel| panel.id == id) {
        Some(panel) => Ok(panel),
        None => Err(Error::not_found("app").into()),
    }
}
