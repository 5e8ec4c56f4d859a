//! Event subscriptions.

use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, Scope, Scopes, SubscriptionId, TenantId, Timestamp,
    model::{EventName, Subscription},
    provider::ProviderId,
    storage::{ListRange, StoredSubscription},
};

use super::{
    Columns, Conditions, Statement, bytes, flag, id, maybe_bytes, maybe_text, page, parsed, text,
    time, to_list, values,
};

/// The most deliveries that go with an ended subscription in one transaction.
const FORGOTTEN_AT_ONCE: usize = 250;

const SELECT: &str = "SELECT id, tenant_id, client_id, authorization_id, connection_id, provider,
    repository_id, events, callback_url, active, created_at, hook_id, hook_secret, secret
    FROM subscriptions";

/// Which subscriptions live: neither ended themselves nor about to be with their client or
/// authorization.
const LIVE: &str = "ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM endings WHERE kind = 'client' AND subject = client_id)
    AND NOT EXISTS (SELECT 1 FROM endings
      WHERE kind = 'authorization' AND subject = authorization_id)";

pub(in crate::storage) fn subscription<R: Columns>(
    row: &R,
) -> Result<StoredSubscription, R::Error> {
    Ok(StoredSubscription {
        subscription: Subscription {
            id: id!(row, 0, SubscriptionId)?,
            provider: parsed(row, 5, ProviderId::parse)?,
            repository_id: text(row, 6)?,
            events: parsed(row, 7, |text| {
                let names: Vec<String> = serde_json::from_str(text).ok()?;
                names.iter().map(|name| EventName::parse(name)).collect()
            })?,
            callback_url: text(row, 8)?,
            active: flag(row, 9)?,
            created_at: time(row, 10)?,
        },
        tenant_id: id!(row, 1, TenantId)?,
        client_id: id!(row, 2, ClientId)?,
        authorization_id: id!(row, 3, AuthorizationId)?,
        connection_id: id!(row, 4, ConnectionId)?,
        hook_id: maybe_text(row, 11)?,
        sealed_hook_secret: maybe_bytes(row, 12)?,
        sealed_secret: bytes(row, 13)?,
    })
}

/// Whose subscriptions end.
#[derive(Clone, Copy)]
pub(in crate::storage) enum Ending<'a> {
    Client(&'a ClientId),
    Authorization(&'a AuthorizationId),
    Connection(&'a ConnectionId),
    Grant(&'a AuthorizationId, &'a ConnectionId),
    /// Those whose grant no longer approves the events of their repository.
    Narrowed(&'a AuthorizationId, &'a ConnectionId),
}

impl Ending<'_> {
    /// Lets all subscriptions of a client or an authorization, which never comes back, end at once
    /// for whoever reads them; their rows are ended later. `None` for what has few, or under which
    /// others may begin: these are ended now.
    pub(in crate::storage) fn later(&self, at: Timestamp) -> Option<Statement<'_>> {
        let (kind, subject) = match self {
            Self::Client(id) => ("client", id.as_str()),
            Self::Authorization(id) => ("authorization", id.as_str()),
            Self::Connection(_) | Self::Grant(..) | Self::Narrowed(..) => return None,
        };
        Some(Statement::new(
            "INSERT INTO endings (kind, subject, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            values![kind, subject, at],
        ))
    }

    /// Queues the removal of the hooks and ends the subscriptions, whose rows stay until that is
    /// done.
    pub(in crate::storage) fn now(&self, at: Timestamp) -> [Statement<'static>; 2] {
        let mut conditions = Conditions::new("ended_at IS NULL");
        match self {
            Self::Client(id) => conditions.equal("client_id", Some(id.as_str())),
            Self::Authorization(id) => conditions.equal("authorization_id", Some(id.as_str())),
            Self::Connection(id) => conditions.equal("connection_id", Some(id.as_str())),
            Self::Grant(authorization, linked) | Self::Narrowed(authorization, linked) => {
                conditions.equal("authorization_id", Some(authorization.as_str()));
                conditions.equal("connection_id", Some(linked.as_str()));
            }
        }
        let (mut clause, values) = conditions.into_parts();
        if let Self::Narrowed(..) = self {
            let bit = Scopes::from_iter([Scope::EventsSubscribe]).bits();
            clause.push_str(&format!(" AND NOT EXISTS ({})", approving(bit)));
        }
        ending(&clause, at).map(|text| Statement::new(text, values.clone()))
    }
}

/// The grant that approves the repository of a subscription, with the permission of that bit.
fn approving(bit: u16) -> String {
    format!(
        "SELECT 1 FROM grants g WHERE g.authorization_id = subscriptions.authorization_id
           AND g.connection_id = subscriptions.connection_id AND g.status = 'active'
           AND (g.permissions & {bit}) <> 0 AND (g.approves_all OR EXISTS (SELECT 1 FROM approvals a
             WHERE a.grant_number = g.number AND a.repository_id = subscriptions.repository_id))"
    )
}

/// The statements that queue the removal of the hooks of the subscriptions that a clause picks, and
/// end them.
fn ending(clause: &str, at: Timestamp) -> [String; 2] {
    let at = at.as_millis();
    [
        format!(
            "INSERT INTO cleanup (kind, subject, provider, connection_id, tenant_id, api_base_url,
               token_version, attempts, next_attempt_at, created_at)
             SELECT 'delete_hook', id, provider, connection_id, tenant_id,
               (SELECT api_base_url FROM connections WHERE connections.id = connection_id),
               0, 0, {at}, {at}
             FROM subscriptions WHERE hook_id IS NOT NULL AND {clause}
             ON CONFLICT DO NOTHING"
        ),
        format!("UPDATE subscriptions SET ended_at = {at} WHERE {clause}"),
    ]
}

/// One of those whose subscriptions are still to be ended.
pub(in crate::storage) struct Ended {
    kind: String,
    subject: String,
    at: Timestamp,
}

impl Ended {
    pub(in crate::storage) fn of<R: Columns>(row: &R) -> Result<Self, R::Error> {
        Ok(Self {
            kind: text(row, 0)?,
            subject: text(row, 1)?,
            at: time(row, 2)?,
        })
    }

    pub(in crate::storage) fn first(lock: &str) -> Statement<'static> {
        Statement::new(
            format!(
                "SELECT kind, subject, at FROM endings WHERE kind IN ('client', 'authorization')
                 ORDER BY kind, subject LIMIT 1{lock}"
            ),
            values![],
        )
    }

    /// Ends some of its subscriptions.
    pub(in crate::storage) fn some(&self, limit: usize) -> [Statement<'_>; 2] {
        let column = match self.kind.as_str() {
            "client" => "client_id",
            _ => "authorization_id",
        };
        let some = format!(
            "id IN (SELECT id FROM subscriptions WHERE {column} = ?1 AND ended_at IS NULL
               ORDER BY id LIMIT ?2)"
        );
        ending(&some, self.at).map(|text| Statement::new(text, values![&self.subject, limit]))
    }

    /// Takes it out, when none of its subscriptions is left.
    pub(in crate::storage) fn forget(&self) -> Statement<'_> {
        Statement::new(
            "DELETE FROM endings WHERE kind = ?1 AND subject = ?2",
            values![&self.kind, &self.subject],
        )
    }
}

pub(in crate::storage) fn count_live<'a>(
    tenant: &'a TenantId,
    client: &'a ClientId,
    provider: ProviderId,
    repository: &'a str,
) -> Statement<'a> {
    Statement::new(
        format!(
            "SELECT count(*) FROM subscriptions WHERE tenant_id = ?1 AND client_id = ?2
               AND provider = ?3 AND repository_id = ?4 AND {LIVE}"
        ),
        values![
            tenant.as_str(),
            client.as_str(),
            provider.as_str(),
            repository,
        ],
    )
}

pub(in crate::storage) fn insert(row: &StoredSubscription) -> Statement<'_> {
    let subscription = &row.subscription;
    Statement::new(
        "INSERT INTO subscriptions (id, tenant_id, client_id, authorization_id,
           connection_id, provider, repository_id, events, callback_url, active, created_at,
           hook_id, hook_secret, secret)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        values![
            subscription.id.as_str(),
            row.tenant_id.as_str(),
            row.client_id.as_str(),
            row.authorization_id.as_str(),
            row.connection_id.as_str(),
            subscription.provider.as_str(),
            &subscription.repository_id,
            to_list(&subscription.events),
            &subscription.callback_url,
            subscription.active,
            subscription.created_at,
            &row.hook_id,
            &row.sealed_hook_secret,
            &row.sealed_secret,
        ],
    )
}

pub(in crate::storage) fn find<'a>(tenant: &'a TenantId, id: &'a SubscriptionId) -> Statement<'a> {
    Statement::new(
        format!("{SELECT} WHERE id = ?1 AND tenant_id = ?2 AND {LIVE}"),
        values![id.as_str(), tenant.as_str()],
    )
}

pub(in crate::storage) fn find_live(id: &str) -> Statement<'_> {
    Statement::new(format!("{SELECT} WHERE id = ?1 AND {LIVE}"), values![id])
}

pub(in crate::storage) fn find_ended(id: &SubscriptionId) -> Statement<'_> {
    Statement::new(
        format!("{SELECT} WHERE id = ?1 AND ended_at IS NOT NULL"),
        values![id.as_str()],
    )
}

/// Deletes some deliveries of an ended subscription.
pub(in crate::storage) fn forget_some(id: &SubscriptionId) -> Statement<'_> {
    Statement::new(
        "DELETE FROM deliveries
         WHERE EXISTS (SELECT 1 FROM subscriptions WHERE id = ?1 AND ended_at IS NOT NULL)
           AND id IN (SELECT id FROM deliveries WHERE subscription_id = ?1 ORDER BY id LIMIT ?2)",
        values![id.as_str(), FORGOTTEN_AT_ONCE],
    )
}

/// Deletes an ended subscription that has no deliveries.
pub(in crate::storage) fn forget(id: &SubscriptionId) -> [Statement<'_>; 2] {
    [
        "DELETE FROM lines WHERE subscription_id = ?1
           AND EXISTS (SELECT 1 FROM subscriptions WHERE id = ?1 AND ended_at IS NOT NULL)",
        "DELETE FROM subscriptions WHERE id = ?1 AND ended_at IS NOT NULL",
    ]
    .map(|text| Statement::new(text, values![id.as_str()]))
}

/// Changes a live subscription that is as `old` was read. The secret of a hook that stays is not
/// touched: it may have been encrypted anew.
pub(in crate::storage) fn update<'a>(
    old: &'a StoredSubscription,
    new: &'a StoredSubscription,
) -> Statement<'a> {
    let (was, is) = (&old.subscription, &new.subscription);
    let mut values = values![
        was.id.as_str(),
        to_list(&is.events),
        &is.callback_url,
        is.active,
        to_list(&was.events),
        &was.callback_url,
        was.active,
        &old.hook_id,
    ];
    let mut hook = "";
    if old.hook_id != new.hook_id {
        hook = ", hook_id = ?9, hook_secret = ?10";
        values.extend(values![&new.hook_id, &new.sealed_hook_secret]);
    }
    Statement::new(
        format!(
            "UPDATE subscriptions SET events = ?2, callback_url = ?3, active = ?4{hook}
             WHERE id = ?1 AND events = ?5 AND callback_url = ?6 AND active = ?7
               AND hook_id IS NOT DISTINCT FROM ?8 AND {LIVE}"
        ),
        values,
    )
}

pub(in crate::storage) fn list(
    tenant: &TenantId,
    client: &ClientId,
    connections: Option<&[ConnectionId]>,
    range: ListRange<'_>,
) -> Statement<'static> {
    let mut conditions = Conditions::new(LIVE);
    conditions.equal("tenant_id", Some(tenant.as_str()));
    conditions.equal("client_id", Some(client.as_str()));
    if let Some(connections) = connections {
        // The tenant's rows are walked, whatever they are about.
        let ids = connections.iter().map(ConnectionId::as_str);
        conditions.among("connection_id || ''", ids);
    }
    page(SELECT, conditions, "id", range)
}

/// Queues the removal of the hook and ends a live subscription.
pub(in crate::storage) fn delete<'a>(
    tenant: &'a TenantId,
    id: &'a SubscriptionId,
    at: Timestamp,
) -> [Statement<'a>; 2] {
    let clause = format!("id = ?1 AND tenant_id = ?2 AND {LIVE}");
    ending(&clause, at).map(|text| Statement::new(text, values![id.as_str(), tenant.as_str()]))
}
