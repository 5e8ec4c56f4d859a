//! The developer's dashboard, filled: apps with their ready-made links, the last calls, counts and
//! connections. SafeText by itself, and again after each of its forms.

use std::collections::HashMap;

use gitflare_core::{
    Error, Timestamp,
    gateway::{ConnectionFilterText, ListQuery, Query, UsageReport},
    storage::{Client, Connection, UsageRow},
};
use http::StatusCode;

use super::super::{
    exchange::Exchange,
    pages::{
        View,
        chart::{Bar, Chart},
        connect::{ConnectOption, Notice},
        dashboard::{
            AppForm, AppPanel, CallRow, ConnectionRow, DashboardView, SecretRow, UsagePanel,
        },
        text::SafeText,
    },
    refusal::Refusal,
    reply::Reply,
    settings::ServiceSettings,
};

/// Number of recent calls that are shown, and of days that calls are counted over.
const CALLS: &str = "20";
const DAYS: &str = "30";

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
        "secret-ended" => "The secret has ended.",
        _ => return None,
    };
    Some(Notice::done(text))
}

/// Whose pages these are.
pub(super) async fn person(x: &Exchange) -> Result<SafeText, Refusal> {
    let user = x.gateway().account(&x.user()?.user).await?.user;
    Ok(SafeText::new(user.name.as_ref().unwrap_or(&user.email)))
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
    let logs = gateway.usage_logs(user, &top(CALLS)).await?;
    let report = gateway.usage_summary(user, &top(DAYS)).await?;
    let names: HashMap<&str, &str> = apps
        .iter()
        .map(|app| (app.id.as_str(), app.name.as_str()))
        .collect();
    Ok(DashboardView {
        user: SafeText::new(account.user.name.as_ref().unwrap_or(&account.user.email)),
        csrf: gateway.form_token(&visit.session.id),
        notice: None,
        fresh: None,
        calls: logs.data.iter().map(|row| call(row, &names)).collect(),
        connections: connections.items.iter().map(connection).collect(),
        connect: ConnectOption::of_person(gateway.providers(), "/app/dashboard"),
        usage: usage(&report),
        new_app: AppForm::default(),
        apps: apps.iter().map(|app| panel(app, x.settings())).collect(),
    })
}

fn top(count: &str) -> Query {
    Query::new(vec![("top".to_owned(), count.to_owned())])
}

fn panel(app: &Client, settings: &ServiceSettings) -> AppPanel {
    let id = app.id.as_str();
    let panel = &settings.panel_url;
    let redirect: String = match app.allowed_redirect_uris.first() {
        Some(uri) => url::form_urlencoded::byte_serialize(uri.as_bytes()).collect(),
        None => "REDIRECT_URI".to_owned(),
    };
    let scope = app.default_permissions.to_string().replace(' ', "%20");
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
        connect_url: format!(
            "{panel}/oauth/authorize?response_type=code&client_id={id}&redirect_uri={redirect}\
             &scope={scope}&state=RANDOM_STATE&customer_ref=CUSTOMER_ID"
        ),
        manage_url: format!("{panel}/app/company/apps/{id}?customer_ref=CUSTOMER_ID"),
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

fn connection(connection: &Connection) -> ConnectionRow {
    ConnectionRow {
        provider: connection.provider,
        login: SafeText::new(connection.login.as_ref().unwrap_or(&connection.account_id)),
        status: connection.status.as_str(),
        last_used_at: connection.last_used_at.map(minute),
    }
}

fn call(row: &UsageRow, names: &HashMap<&str, &str>) -> CallRow {
    let client = row.client_id.as_str();
    CallRow {
        at: second(row.at),
        app: SafeText::new(names.get(client).unwrap_or(&client)),
        endpoint_key: row.endpoint_key,
        repository: row.repository_id.as_deref().map(SafeText::new),
        status: row.status,
        error_code: row.error_code,
        duration_ms: row.duration_ms,
        request_id: row.request_id.as_str().to_owned(),
    }
}

fn usage(report: &UsageReport) -> UsagePanel {
    let (totals, summary) = (&report.summary.totals, &report.summary);
    UsagePanel {
        period: format!("From {} to {}", day(report.from), day(report.to)),
        requests: totals.requests,
        errors: totals.errors,
        p50_ms: totals.p50_ms,
        p95_ms: totals.p95_ms,
        blocked_files: totals.blocked_files,
        redacted_secrets: totals.redacted_secrets,
        by_day: Chart::new(
            summary
                .by_day
                .iter()
                .map(|day| Bar {
                    label: day.key.clone(),
                    count: day.requests,
                    failed: day.errors,
                })
                .collect(),
        ),
        by_endpoint: summary
            .by_endpoint
            .iter()
            .map(|it| (it.key.clone(), it.requests, it.errors))
            .collect(),
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
