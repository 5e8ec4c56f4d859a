//! Event subscriptions in SQLite.

use async_trait::async_trait;
use gitflare_core::{
    AuthorizationId, ClientId, ConnectionId, Result, SubscriptionId, TenantId, Timestamp,
    model::{EventName, Subscription},
    provider::ProviderId,
    storage::{
        AuditEntry, ListRange, MAX_SUBSCRIPTIONS, StoredSubscription, SubscriptionStore,
        too_many_subscriptions,
    },
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStorage,
    rows::{Conditions, Page, audit, execute, id, one, parsed, saturated, time, to_list},
};

/// The most deliveries that go with an ended subscription in one transaction.
const FORGOTTEN_AT_ONCE: i64 = 250;

pub(super) const SELECT: &str =
    "SELECT id, tenant_id, client_id, authorization_id, connection_id, provider,
    repository_id, events, callback_url, active, created_at, hook_id, hook_secret, secret
    FROM subscriptions";

pub(super) fn subscription(row: &Row<'_>) -> rusqlite::Result<StoredSubscription> {
    Ok(StoredSubscription {
        subscription: Subscription {
            id: id!(row, 0, SubscriptionId)?,
            provider: parsed(row, 5, ProviderId::parse)?,
            repository_id: row.get(6)?,
            events: parsed(row, 7, |text| {
                let names: Vec<String> = serde_json::from_str(text).ok()?;
                names.iter().map(|name| EventName::parse(name)).collect()
            })?,
            callback_url: row.get(8)?,
            active: row.get(9)?,
            created_at: time(row, 10)?,
        },
        tenant_id: id!(row, 1, TenantId)?,
        client_id: id!(row, 2, ClientId)?,
        authorization_id: id!(row, 3, AuthorizationId)?,
        connection_id: id!(row, 4, ConnectionId)?,
        hook_id: row.get(11)?,
        sealed_hook_secret: row.get(12)?,
        sealed_secret: row.get(13)?,
    })
}

/// Whose subscriptions end.
#[derive(Clone, Copy)]
pub(super) enum Ending<'a> {
    Client(&'a ClientId),
    Authorization(&'a AuthorizationId),
    Connection(&'a ConnectionId),
    Grant(&'a AuthorizationId, &'a ConnectionId),
}

/// Which subscriptions live: neither ended themselves nor about to be with their client or
/// authorization.
pub(super) const LIVE: &str = "ended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM endings WHERE kind = 'client' AND subject = client_id)
    AND NOT EXISTS (SELECT 1 FROM endings
      WHERE kind = 'authorization' AND subject = authorization_id)";

/// Lets all subscriptions of a client or an authorization that never comes back end at once for
/// whoever reads them; [`SubscriptionStore::end_some`] ends their rows.
pub(super) fn end_later(connection: &Connection, ending: Ending<'_>, at: Timestamp) -> Result<()> {
    let (kind, subject) = match ending {
        Ending::Client(id) => ("client", id.as_str()),
        Ending::Authorization(id) => ("authorization", id.as_str()),
        // Few, or others may begin under the same: now.
        Ending::Connection(_) | Ending::Grant(..) => return end(connection, ending, at),
    };
    execute(
        connection,
        "INSERT INTO endings (kind, subject, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        (kind, subject, at.as_millis()),
    )?;
    Ok(())
}

/// Ends some subscriptions under the first of the endings; how many, 0 when there is none left.
fn end_some(connection: &Connection, limit: i64) -> Result<usize> {
    loop {
        let first = one(
            connection,
            "SELECT kind, subject, at FROM endings LIMIT 1",
            [],
            |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get(2)?,
                ))
            },
        );
        let Some((kind, subject, at)) = first.map_err(|error| super::failed(&error))? else {
            return Ok(0);
        };
        let column = match kind.as_str() {
            "client" => "client_id",
            _ => "authorization_id",
        };
        let some = format!(
            "id IN (SELECT id FROM subscriptions WHERE {column} = ?1 AND ended_at IS NULL LIMIT ?2)"
        );
        execute(connection, &queue_removals(&some, at), (&subject, limit))?;
        let update = format!("UPDATE subscriptions SET ended_at = {at} WHERE {some}");
        let ended = execute(connection, &update, (&subject, limit))?;
        if ended > 0 {
            return Ok(ended);
        }
        let statement = "DELETE FROM endings WHERE kind = ?1 AND subject = ?2";
        execute(connection, statement, (&kind, &subject))?;
    }
}

/// Ends subscriptions and queues the removal of their hooks; their rows stay until that is done.
pub(super) fn end(connection: &Connection, ending: Ending<'_>, at: Timestamp) -> Result<()> {
    let mut conditions = Conditions::new("ended_at IS NULL");
    match ending {
        Ending::Client(id) => conditions.equal("client_id", Some(id.as_str())),
        Ending::Authorization(id) => conditions.equal("authorization_id", Some(id.as_str())),
        Ending::Connection(id) => conditions.equal("connection_id", Some(id.as_str())),
        Ending::Grant(authorization, linked) => {
            conditions.equal("authorization_id", Some(authorization.as_str()));
            conditions.equal("connection_id", Some(linked.as_str()));
        }
    }
    let clause = conditions.clause();
    let at = at.as_millis();
    for statement in [
        queue_removals(clause, at),
        format!("UPDATE subscriptions SET ended_at = {at} WHERE {clause}"),
    ] {
        connection
            .execute(&statement, rusqlite::params_from_iter(conditions.values()))
            .map_err(|error| super::failed(&error))?;
    }
    Ok(())
}

/// Queues the removal of the hooks of the subscriptions that a clause picks.
fn queue_removals(clause: &str, at: i64) -> String {
    format!(
        "INSERT INTO cleanup (kind, subject, provider, connection_id, tenant_id, api_base_url,
           token_version, attempts, next_attempt_at, created_at)
         SELECT 'delete_hook', id, provider, connection_id, tenant_id,
           (SELECT api_base_url FROM connections WHERE connections.id = connection_id),
           0, 0, {at}, {at}
         FROM subscriptions WHERE hook_id IS NOT NULL AND {clause}
         ON CONFLICT DO NOTHING"
    )
}

/// How many live subscriptions an app has on a repository of a customer.
fn count_live(
    connection: &Connection,
    tenant: &TenantId,
    client: &ClientId,
    provider: ProviderId,
    repository: &str,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM subscriptions WHERE tenant_id = ?1 AND client_id = ?2
               AND provider = ?3 AND repository_id = ?4 AND {LIVE}"
        ))?
        .query_row(
            (
                tenant.as_str(),
                client.as_str(),
                provider.as_str(),
                repository,
            ),
            |row| row.get::<_, i64>(0),
        )
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

#[async_trait]
impl SubscriptionStore for SqliteStorage {
    async fn insert(&self, row: StoredSubscription, entry: AuditEntry) -> Result<()> {
        self.write(move |connection| {
            let subscription = &row.subscription;
            let standing = count_live(
                connection,
                &row.tenant_id,
                &row.client_id,
                subscription.provider,
                &subscription.repository_id,
            );
            if standing.map_err(|error| super::failed(&error))? >= MAX_SUBSCRIPTIONS {
                return Err(too_many_subscriptions());
            }
            execute(
                connection,
                "INSERT INTO subscriptions (id, tenant_id, client_id, authorization_id,
                   connection_id, provider, repository_id, events, callback_url, active, created_at,
                   hook_id, hook_secret, secret)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
                (
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
                    subscription.created_at.as_millis(),
                    &row.hook_id,
                    &row.sealed_hook_secret,
                    &row.sealed_secret,
                ),
            )?;
            audit(connection, &entry)
        })
        .await
    }

    async fn count_live(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        provider: ProviderId,
        repository: &str,
    ) -> Result<usize> {
        self.read(|connection| count_live(connection, tenant, client, provider, repository))
    }

    async fn find(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
    ) -> Result<Option<StoredSubscription>> {
        self.read(|connection| {
            one(
                connection,
                &format!("{SELECT} WHERE id = ?1 AND tenant_id = ?2 AND {LIVE}"),
                (id.as_str(), tenant.as_str()),
                subscription,
            )
        })
    }

    async fn find_live(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>> {
        self.read(|connection| {
            one(
                connection,
                &format!("{SELECT} WHERE id = ?1 AND {LIVE}"),
                [id.as_str()],
                subscription,
            )
        })
    }

    async fn find_ended(&self, id: &SubscriptionId) -> Result<Option<StoredSubscription>> {
        self.read(|connection| {
            one(
                connection,
                &format!("{SELECT} WHERE id = ?1 AND ended_at IS NOT NULL"),
                [id.as_str()],
                subscription,
            )
        })
    }

    async fn forget(&self, id: &SubscriptionId) -> Result<bool> {
        let id = id.clone();
        self.write(move |connection| {
            let ended =
                "EXISTS (SELECT 1 FROM subscriptions WHERE id = ?1 AND ended_at IS NOT NULL)";
            let some = execute(
                connection,
                &format!(
                    "DELETE FROM deliveries WHERE {ended} AND id IN (SELECT id FROM deliveries
                       WHERE subscription_id = ?1 ORDER BY id LIMIT ?2)"
                ),
                (id.as_str(), FORGOTTEN_AT_ONCE),
            )?;
            if some > 0 {
                return Ok(false);
            }
            for statement in [
                &format!("DELETE FROM lines WHERE subscription_id = ?1 AND {ended}"),
                "DELETE FROM subscriptions WHERE id = ?1 AND ended_at IS NOT NULL",
            ] {
                execute(connection, statement, [id.as_str()])?;
            }
            Ok(true)
        })
        .await
    }

    async fn update(&self, row: &StoredSubscription, entry: AuditEntry) -> Result<bool> {
        let row = row.clone();
        self.write(move |connection| {
            let subscription = &row.subscription;
            let changed = execute(
                connection,
                &format!(
                    "UPDATE subscriptions SET events = ?2, callback_url = ?3, active = ?4,
                       hook_id = ?5, hook_secret = ?6 WHERE id = ?1 AND {LIVE}"
                ),
                (
                    subscription.id.as_str(),
                    to_list(&subscription.events),
                    &subscription.callback_url,
                    subscription.active,
                    &row.hook_id,
                    &row.sealed_hook_secret,
                ),
            )?;
            if changed == 1 {
                audit(connection, &entry)?;
            }
            Ok(changed == 1)
        })
        .await
    }

    async fn list(
        &self,
        tenant: &TenantId,
        client: &ClientId,
        range: ListRange<'_>,
    ) -> Result<Vec<StoredSubscription>> {
        let mut conditions = Conditions::new(LIVE);
        conditions.equal("tenant_id", Some(tenant.as_str()));
        conditions.equal("client_id", Some(client.as_str()));
        let page = Page::new(SELECT, conditions, "id", range);
        self.walk(move |walk| page.read(walk.connection, subscription))
            .await
    }

    async fn delete(
        &self,
        tenant: &TenantId,
        id: &SubscriptionId,
        at: Timestamp,
        entry: AuditEntry,
    ) -> Result<bool> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.write(move |connection| {
            let clause = format!("id = ?1 AND tenant_id = ?2 AND {LIVE}");
            execute(
                connection,
                &queue_removals(&clause, at.as_millis()),
                (id.as_str(), tenant.as_str()),
            )?;
            let ended = execute(
                connection,
                &format!("UPDATE subscriptions SET ended_at = ?3 WHERE {clause}"),
                (id.as_str(), tenant.as_str(), at.as_millis()),
            )?;
            if ended == 1 {
                audit(connection, &entry)?;
            }
            Ok(ended == 1)
        })
        .await
    }

    async fn end_some(&self, limit: usize) -> Result<usize> {
        // Asked without the writer first: most of the time nothing ends.
        let any = self.read(|connection| {
            connection
                .prepare_cached("SELECT 1 FROM endings LIMIT 1")?
                .exists([])
        })?;
        if !any {
            return Ok(0);
        }
        let limit = saturated(limit as u64);
        self.write(move |connection| end_some(connection, limit))
            .await
    }
}
