//! What a signed-in person sees of their tenants: connections, the repositories behind them, and
//! what was read by the tenants' clients. A tenant or client of somebody else is as unknown as one
//! that never was (TN-2).

use std::{
    ops::RangeInclusive,
    str::FromStr,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    ConnectionFilterText, Gateway, ListQuery, Listing, Query, UnifiedReply,
    calls::UsageCall,
    fetch::CheckedRead,
    listing::{List, open_page},
    parameters::{Operation, check_cursor_has_provider},
};
use crate::{
    Error, Result, TenantId, Timestamp, UserId,
    cursor::CursorScope,
    policy::Permit,
    provider::{Endpoint, ProviderId},
    storage::{
        Connection, ConnectionFilter, ConnectionStatus, ListRange, Share, TenantKind, UsageQuery,
        UsageSummary,
    },
};

/// Most connections of a user's tenants that repositories are listed through.
const MAX_CONNECTIONS: usize = 200;
/// Most clients of a user's tenants that usage is counted over.
const MAX_CLIENTS: usize = 1000;
/// Period of a usage report when no time is named, from the whole hour on: those are counted already.
const DEFAULT_PERIOD: Duration = Duration::from_secs(30 * 24 * 3600);
const HOUR_MILLIS: i64 = 3_600_000;

/// A page of the usage log.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UsagePage {
    /// The rows, newest first.
    pub data: Vec<UsageCall>,
    /// Number of newer rows that were skipped.
    pub offset: u64,
    /// Number of rows requested.
    pub top: usize,
    /// Number of rows that match in all.
    pub total: u64,
}

/// Counts of reads over a period, half-open: `from` counts, `to` does not.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct UsageReport {
    /// The beginning of the period.
    pub from: Timestamp,
    /// The end of the period, which no longer belongs to it.
    pub to: Timestamp,
    /// Totals, and the same by endpoint, provider, client, repository, status and day.
    #[serde(flatten)]
    pub summary: UsageSummary,
}

impl Gateway {
    /// The connections of a person's tenants, or of the one that is named.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a tenant that is not theirs; the cursor's.
    pub async fn account_connections(
        &self,
        user: &UserId,
        filter: &ConnectionFilterText,
        query: &ListQuery,
    ) -> Result<Listing<Connection>> {
        let tenants = self.tenants_of(user, filter.tenant_id.as_deref()).await?;
        let provider = self.named_provider(filter.provider.as_deref())?;
        let filters = [
            ("user", Some(user.as_str())),
            ("tenantId", filter.tenant_id.as_deref()),
            ("provider", filter.provider.as_deref()),
        ];
        self.page_of(
            List {
                route: "account.connections",
                filters: &filters,
            },
            query,
            async |range| self.connections_of(&tenants, provider, range).await,
            |connection| connection.id.as_str(),
        )
        .await
    }

    /// The repositories behind a person's connections, paged like those of a token.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for a tenant that is not theirs; then as a unified read does.
    pub async fn account_repositories(&self, user: &UserId, query: &Query) -> Result<UnifiedReply> {
        let (now, started) = (self.clock.now(), Instant::now());
        query.refuse_page_numbers()?;
        let tenant_id = query.value("tenantId")?;
        let tenants = self.tenants_of(user, tenant_id).await?;
        let provider = self.named_provider(query.value("provider")?)?;
        let (limit, cursor) = (query.limit()?, query.cursor()?);
        check_cursor_has_provider(cursor, provider)?;
        let filters = [("user", Some(user.as_str())), ("tenantId", tenant_id)];
        let scope = CursorScope {
            endpoint: "account.repositories",
            provider: provider.map(ProviderId::as_str),
            filters: &filters,
            ..CursorScope::default()
        };
        let page = open_page(&self.cursors, limit, cursor, &scope, now)?;
        let shares = self.own_shares(&tenants, provider).await?;
        let read = CheckedRead {
            permit: &Permit {
                shares: shares.iter().collect(),
                repository: None,
            },
            endpoint: Endpoint::Repositories,
            provider,
            operation: &Operation::Repositories,
            scope: &scope,
            page,
            hash_tenant: tenants.first().ok_or_else(|| Error::not_found("tenant"))?,
            if_none_match: None,
            with_commits: false,
            now,
            deadline: self.deadline_after(started),
        };
        let fetched = self.fetch(&read).await;
        self.reply(&read, fetched)
    }

    /// The usable connections of a person's tenants, each as a grant over all that it can read.
    async fn own_shares(
        &self,
        tenants: &[TenantId],
        provider: Option<ProviderId>,
    ) -> Result<Vec<Share>> {
        let all = ListRange {
            after: None,
            limit: MAX_CONNECTIONS,
        };
        let mut shares = Vec::new();
        for connection in self.connections_of(tenants, provider, all).await? {
            let connections = self.storage.connections();
            let found = connections.find_with_tokens(&connection.id).await?;
            if let Some((connection, tokens)) = found
                && connection.status == ConnectionStatus::Active
            {
                shares.push(self.whole_share(connection, tokens));
            }
        }
        Ok(shares)
    }

    /// What was read by the clients of a person's tenants, newest first.
    ///
    /// # Errors
    /// `INVALID_REQUEST` for a malformed parameter, `RESOURCE_NOT_FOUND` for a client that is not
    /// theirs.
    pub async fn usage_logs(&self, user: &UserId, query: &Query) -> Result<UsagePage> {
        let top = number(query, "top", 1..=500)?.unwrap_or(50);
        let offset = number(query, "offset", 0..=1_000_000_000)?.unwrap_or(0);
        let (data, total) = match self.usage_query(user, query).await? {
            Some(filter) => {
                let usage = self.storage.usage();
                usage.flush().await?;
                usage.list(&filter, offset, top).await?
            }
            None => (Vec::new(), 0),
        };
        Ok(UsagePage {
            data: self.name_calls(data).await?,
            offset,
            top,
            total,
        })
    }

    /// How much was read by the clients of a person's tenants.
    ///
    /// # Errors
    /// As [`Gateway::usage_logs`].
    pub async fn usage_summary(&self, user: &UserId, query: &Query) -> Result<UsageReport> {
        let top = number(query, "top", 1..=100)?.unwrap_or(10);
        let (from, to) = self.period(query)?;
        let summary = match self.usage_query(user, query).await? {
            Some(filter) => {
                let usage = self.storage.usage();
                usage.flush().await?;
                usage.summary(&filter, top).await?
            }
            None => UsageSummary::default(),
        };
        Ok(UsageReport { from, to, summary })
    }

    /// The rows that a person may see; `None` when there can be none. Who builds apps sees what
    /// these read; a member of a company sees what was read of it.
    async fn usage_query(&self, user: &UserId, query: &Query) -> Result<Option<UsageQuery>> {
        let (from, to) = self.period(query)?;
        let provider = self.named_provider(query.value("provider")?)?;
        let client_id = query.value("clientId")?;
        let endpoint_key = query.value("endpointKey")?.map(str::to_owned);
        let repository_id = query.value("repositoryId")?.map(str::to_owned);
        let tenant_id = query.value("tenantId")?;
        let customer_ref = query.value("customerRef")?;
        let statuses = query.value("status")?.map(statuses).transpose()?;
        let error_code = query.value("errorCode")?.map(known_code).transpose()?;
        let Some(mut seen) = self.seen_usage(user).await? else {
            return match client_id {
                Some(_) => Err(Error::not_found("client")),
                None => Ok(None),
            };
        };
        if let Some(id) = client_id {
            seen.clients.retain(|client| client.as_str() == id);
            if seen.clients.is_empty() {
                return Err(Error::not_found("client"));
            }
        }
        if let Some(id) = tenant_id {
            seen.tenants = self.seen_tenant(&seen, id)?;
        }
        if let Some(name) = customer_ref {
            let customer = self.referred_tenant(&seen, name).await?;
            let fits = |id: &TenantId| tenant_id.is_none_or(|named| named == id.as_str());
            let Some(customer) = customer.filter(fits) else {
                return Ok(None);
            };
            seen.tenants = vec![customer];
        }
        Ok(Some(UsageQuery {
            from: Some(from),
            to: Some(to),
            endpoint_key,
            provider,
            repository_id,
            statuses,
            error_code,
            ..seen
        }))
    }

    /// The one customer that rows are narrowed to. Who builds apps sees what these read of whomever; a
    /// member of companies names one of them.
    fn seen_tenant(&self, seen: &UsageQuery, id: &str) -> Result<Vec<TenantId>> {
        let unknown = || Error::not_found("tenant");
        let id = TenantId::parse(id).map_err(|_| unknown())?;
        match seen.clients.is_empty() && !seen.tenants.contains(&id) {
            true => Err(unknown()),
            false => Ok(vec![id]),
        }
    }

    /// The customer whom an app knows by a name; `None` when it knows none.
    async fn referred_tenant(&self, seen: &UsageQuery, name: &str) -> Result<Option<TenantId>> {
        let [client] = seen.clients.as_slice() else {
            return Err(Error::invalid_request(
                "`customerRef` is an app's own id of a customer: name the app too, with `clientId`.",
            ));
        };
        let found = self.storage.tenants().find_customer(client, name).await?;
        Ok(found.map(|tenant| tenant.id))
    }

    /// Whose rows a person may see; `None` when there can be none.
    pub(super) async fn seen_usage(&self, user: &UserId) -> Result<Option<UsageQuery>> {
        let mut seen = UsageQuery {
            clients: self
                .storage
                .clients()
                .ids_of_person(user, MAX_CLIENTS)
                .await?,
            ..UsageQuery::default()
        };
        if seen.clients.is_empty() {
            // An empty list would be everybody's.
            let memberships = self.storage.users().memberships(user).await?;
            let companies = memberships
                .into_iter()
                .filter(|it| it.tenant.kind == TenantKind::Company);
            seen.tenants = companies.map(|it| it.tenant.id).collect();
        }
        let sees_any = !seen.clients.is_empty() || !seen.tenants.is_empty();
        Ok(sees_any.then_some(seen))
    }

    /// A person's tenants, or the one of them that is named.
    pub(super) async fn tenants_of(
        &self,
        user: &UserId,
        named: Option<&str>,
    ) -> Result<Vec<TenantId>> {
        let memberships = self.storage.users().memberships(user).await?;
        let mut tenants: Vec<_> = memberships.into_iter().map(|it| it.tenant.id).collect();
        if let Some(named) = named {
            tenants.retain(|tenant| tenant.as_str() == named);
            if tenants.is_empty() {
                return Err(Error::not_found("tenant"));
            }
        }
        Ok(tenants)
    }

    /// A range of the connections of several tenants.
    async fn connections_of(
        &self,
        tenants: &[TenantId],
        provider: Option<ProviderId>,
        range: ListRange<'_>,
    ) -> Result<Vec<Connection>> {
        let mut all = Vec::new();
        for tenant in tenants {
            let filter = ConnectionFilter {
                tenant: Some(tenant.clone()),
                provider,
            };
            all.extend(self.storage.connections().list(&filter, range).await?);
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all.truncate(range.limit);
        Ok(all)
    }

    fn named_provider(&self, id: Option<&str>) -> Result<Option<ProviderId>> {
        id.map(|id| self.filter_provider(id)).transpose()
    }

    /// `from` and `to`; the last thirty days, from a whole hour on, when neither is named.
    fn period(&self, query: &Query) -> Result<(Timestamp, Timestamp)> {
        let now = self.clock.now();
        let to = moment(query, "to")?.unwrap_or_else(|| now.after(Duration::from_millis(1)));
        let default = to.as_millis() - i64::try_from(DEFAULT_PERIOD.as_millis()).unwrap_or(0);
        let default = default.div_euclid(HOUR_MILLIS) * HOUR_MILLIS;
        let from = moment(query, "from")?.unwrap_or(Timestamp::from_millis(default));
        if from > to {
            return Err(Error::invalid_request("`from` must not be after `to`."));
        }
        Ok((from, to))
    }
}

/// A status, or a class of them.
fn statuses(text: &str) -> Result<RangeInclusive<u16>> {
    let class = text.strip_suffix("xx").filter(|class| class.len() == 1);
    let bounds = match class {
        Some(class) => class
            .parse()
            .map(|class: u16| class * 100..=class * 100 + 99),
        None => text.parse().map(|status| status..=status),
    };
    match bounds {
        Ok(bounds) if (100..=599).contains(bounds.start()) && text.len() == 3 => Ok(bounds),
        _ => Err(Error::invalid_request(
            "`status` must be an HTTP status, such as `404`, or a class of them, such as `4xx`.",
        )),
    }
}

/// An error code of the catalogue.
fn known_code(text: &str) -> Result<String> {
    match crate::CODES.iter().any(|row| row.name == text) {
        true => Ok(text.to_owned()),
        false => Err(Error::invalid_request(
            "`errorCode` must be an error code, such as `RATE_LIMITED`.",
        )),
    }
}

/// A parameter that is a time, or a date for its first moment (UTC).
fn moment(query: &Query, name: &str) -> Result<Option<Timestamp>> {
    let Some(text) = query.value(name)? else {
        return Ok(None);
    };
    let parsed = match text.len() {
        10 => Timestamp::parse(&format!("{text}T00:00:00Z")),
        _ => Timestamp::parse(text),
    };
    match parsed {
        Some(moment) => Ok(Some(moment)),
        None => Err(Error::invalid_request(format!(
            "`{name}` must be an RFC 3339 time or date."
        ))),
    }
}

/// A parameter that is a number within bounds.
fn number<T: FromStr + PartialOrd + std::fmt::Display>(
    query: &Query,
    name: &str,
    bounds: RangeInclusive<T>,
) -> Result<Option<T>> {
    let Some(text) = query.value(name)? else {
        return Ok(None);
    };
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(value) if is_plain && bounds.contains(&value) => Ok(Some(value)),
        _ => Err(Error::invalid_request(format!(
            "`{name}` must be an integer from {} to {}.",
            bounds.start(),
            bounds.end()
        ))),
    }
}
