//! The dashboard's page of calls: filters, counts over the whole range, and a page of rows. It makes
//! the same gateway calls as `/v1/account/usage/*`, with the same names of parameters.

use std::collections::HashMap;

use gitflare_core::{
    CODES, Code, Error, Timestamp,
    gateway::{ListQuery, Query, UsageCall, UsagePage, UsageReport},
    provider::Endpoint,
    storage::{Client, Tally, UsageRow},
};
use http::StatusCode;
use url::form_urlencoded;

use super::{
    super::{
        exchange::Exchange,
        pages::{
            View,
            calls::{CallFilter, CallRow, CallsView, Choice, Repository, UsagePanel, milliseconds},
            chart::{Bar, Chart, MOST_BARS},
            text::SafeText,
        },
        refusal::Refusal,
        reply::Reply,
    },
    dashboard::{day, person, second},
    sign_in::problem_by_field,
};

/// The filters, by the names that the API has for them.
const FIELDS: &[&str] = &[
    "from",
    "to",
    "clientId",
    "endpointKey",
    "provider",
    "repositoryId",
    "customerRef",
    "tenantId",
    "status",
    "errorCode",
];
/// Rows of a page.
const ROWS: u64 = 50;
/// Endpoints that are listed.
const ENDPOINTS: usize = 10;
const DAY_MILLIS: i64 = 24 * 3_600_000;

/// `GET /app/developer/calls`
pub(crate) async fn list(x: Exchange) -> Result<Reply, Refusal> {
    let sent = x.query()?;
    let mut entered = Vec::new();
    for field in FIELDS {
        if let Some(value) = sent.field(field)? {
            entered.push((*field, value.to_owned()));
        }
    }
    let (gateway, user) = (x.gateway(), &x.user()?.user);
    let all = ListQuery {
        limit: Some(gitflare_core::Limit::MAX),
        cursor: None,
    };
    let apps = gateway.list_apps(user, &all).await?.items;
    let mut view = CallsView {
        user: person(&x).await?,
        filter: filter(&x, entered, &apps),
        ..CallsView::default()
    };
    match read(&x, &view.filter, sent.field("offset")?).await {
        Ok((page, report)) => {
            fill(&mut view, &page, &report, &apps);
            view.reply(StatusCode::OK)
        }
        Err(error) if is_about_a_field(&error) => {
            let (notice, problems) = problem_by_field(&error, FIELDS);
            view.notice = notice;
            view.filter.problems = problems;
            view.reply(Refusal::from(error).status())
        }
        Err(error) => Err(error.into()),
    }
}

fn is_about_a_field(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::InvalidRequest | Code::ResourceNotFound | Code::UnsupportedProvider
    )
}

/// The rows and the counts that the filters let through.
async fn read(
    x: &Exchange,
    filter: &CallFilter,
    offset: Option<&str>,
) -> Result<(UsagePage, UsageReport), Error> {
    let filters = filter.entered.iter();
    let filters: Vec<_> = filters
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let with = |name: &str, value: &str| {
        let mut pairs = filters.clone();
        pairs.push((name.to_owned(), value.to_owned()));
        pairs
    };
    let mut rows = with("top", &ROWS.to_string());
    if let Some(offset) = offset {
        rows.push(("offset".to_owned(), offset.to_owned()));
    }
    let gateway = x.gateway();
    let user = x.user().map_err(|refusal| refusal.error().clone())?;
    let page = gateway.usage_logs(&user.user, &Query::new(rows)).await?;
    let counts = Query::new(with("top", &MOST_BARS.to_string()));
    let report = gateway.usage_summary(&user.user, &counts).await?;
    Ok((page, report))
}

fn filter(x: &Exchange, entered: Vec<(&'static str, String)>, apps: &[Client]) -> CallFilter {
    let plain = |value: &str| Choice {
        value: value.to_owned(),
        label: SafeText::new(value),
    };
    CallFilter {
        entered,
        problems: Vec::new(),
        apps: apps
            .iter()
            .map(|app| Choice {
                value: app.id.as_str().to_owned(),
                label: SafeText::new(&app.name),
            })
            .collect(),
        endpoints: Endpoint::ALL.iter().map(|it| plain(it.key())).collect(),
        providers: x
            .gateway()
            .providers()
            .iter()
            .map(|provider| Choice {
                value: provider.id().as_str().to_owned(),
                label: SafeText::new(provider.name()),
            })
            .collect(),
        codes: CODES.iter().map(|row| plain(row.name)).collect(),
    }
}

fn fill(view: &mut CallsView, page: &UsagePage, report: &UsageReport, apps: &[Client]) {
    let names: HashMap<&str, &str> = apps
        .iter()
        .map(|app| (app.id.as_str(), app.name.as_str()))
        .collect();
    view.rows = page.data.iter().map(|it| row(it, &names)).collect();
    view.usage = usage(report);
    view.total = page.total;
    view.from = page.offset + 1;
    let at = |offset: u64| {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(&view.filter.entered);
        pairs.append_pair("offset", &offset.to_string());
        format!("/app/developer/calls?{}", pairs.finish())
    };
    view.newer = (page.offset > 0).then(|| at(page.offset.saturating_sub(ROWS)));
    let next = page.offset + page.data.len() as u64;
    view.older = (next < page.total && !page.data.is_empty()).then(|| at(next));
}

fn row(call: &UsageCall, apps: &HashMap<&str, &str>) -> CallRow {
    let row = &call.row;
    let client = row.client_id.as_str();
    let customer = match (&call.customer_name, &call.customer_ref) {
        (Some(name), Some(own)) if name != own => format!("{name} ({own})"),
        (Some(name), _) => name.clone(),
        (None, Some(own)) => own.clone(),
        (None, None) => row.tenant_id.as_str().to_owned(),
    };
    let name = call.repository_name.as_ref().or(row.repository_id.as_ref());
    let repository = row.repository_id.as_ref().zip(name);
    CallRow {
        at: second(row.at),
        app: SafeText::new(apps.get(client).unwrap_or(&client)),
        customer: SafeText::new(&customer),
        tenant_id: row.tenant_id.as_str().to_owned(),
        endpoint_key: row.endpoint_key,
        repository: repository.map(|(id, name)| Repository {
            name: SafeText::new(name),
            id: SafeText::new(id),
            calls: of_repository(row, id),
        }),
        status: row.status,
        error_code: row.error_code,
        duration: milliseconds(row.duration_ms),
        upstream: milliseconds(row.upstream_ms),
        request_id: row.request_id.as_str().to_owned(),
    }
}

/// The path of the calls about the repository of a row.
fn of_repository(row: &UsageRow, id: &str) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    pairs.append_pair("repositoryId", id);
    if let Some(provider) = row.provider {
        pairs.append_pair("provider", provider.as_str());
    }
    format!("/app/developer/calls?{}", pairs.finish())
}

fn usage(report: &UsageReport) -> UsagePanel {
    let (totals, summary) = (&report.summary.totals, &report.summary);
    let bars = every_day(report.from, report.to, &summary.by_day);
    let (from, to) = (second(report.from), second(report.to));
    let shown = match days(report.from, report.to) {
        all if all > bars.len() as i64 => format!(" The chart shows the last {} days.", bars.len()),
        _ => String::new(),
    };
    UsagePanel {
        period: format!("From {from} to before {to}.{shown}"),
        requests: totals.requests,
        errors: totals.errors,
        p50: totals.p50_ms.map(milliseconds),
        p95: totals.p95_ms.map(milliseconds),
        blocked_files: totals.blocked_files,
        redacted_secrets: totals.redacted_secrets,
        by_day: Chart::new(bars),
        by_endpoint: summary
            .by_endpoint
            .iter()
            .take(ENDPOINTS)
            .map(|it| (it.key.clone(), it.requests, it.errors))
            .collect(),
    }
}

/// How many days a range touches.
fn days(from: Timestamp, to: Timestamp) -> i64 {
    let last = (to.as_millis() - 1).max(from.as_millis());
    last.div_euclid(DAY_MILLIS) - from.as_millis().div_euclid(DAY_MILLIS) + 1
}

/// A bar for each of the last days of a range, those without calls too.
fn every_day(from: Timestamp, to: Timestamp, counted: &[Tally]) -> Vec<Bar> {
    let last = (to.as_millis() - 1)
        .max(from.as_millis())
        .div_euclid(DAY_MILLIS);
    let shown = days(from, to).min(MOST_BARS as i64);
    let counts: HashMap<&str, &Tally> = counted.iter().map(|it| (it.key.as_str(), it)).collect();
    (last - shown + 1..=last)
        .map(|number| {
            let label = day(Timestamp::from_millis(number * DAY_MILLIS));
            let count = counts.get(label.as_str());
            Bar {
                count: count.map_or(0, |it| it.requests),
                failed: count.map_or(0, |it| it.errors),
                label,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_a_range_has_its_bar() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let counted = [Tally {
            key: "2026-03-02".to_owned(),
            requests: 7,
            errors: 1,
            ..Tally::default()
        }];
        let (from, to) = (at("2026-02-27T12:00:00Z"), at("2026-03-04T00:00:00Z"));
        let bars = every_day(from, to, &counted);
        let shown: Vec<_> = bars
            .iter()
            .map(|it| (it.label.as_str(), it.count))
            .collect();
        let expected = [
            ("2026-02-27", 0),
            ("2026-02-28", 0),
            ("2026-03-01", 0),
            ("2026-03-02", 7),
            ("2026-03-03", 0),
        ];
        assert_eq!(shown, expected);
        let long = every_day(at("2020-01-01T00:00:00Z"), to, &counted);
        assert_eq!(long.len(), MOST_BARS);
        assert_eq!(
            every_day(from, from, &[]).len(),
            1,
            "an empty range is its day"
        );
    }
}
