-- Every filter of every list has its index, in the order of ids, and so has everything that ends.
CREATE INDEX tokens_by_tenant ON tokens (tenant_id, id);
CREATE INDEX tokens_by_tenant_and_client ON tokens (tenant_id, client_id, id);
CREATE INDEX grants_by_tenant_and_client ON grants (tenant_id, client_id, id);
CREATE INDEX live_clients ON clients (id) WHERE status = 'active';
CREATE INDEX live_connections ON connections (id) WHERE status <> 'revoked';
CREATE INDEX live_connections_by_provider ON connections (provider, id) WHERE status <> 'revoked';
CREATE INDEX live_connections_by_tenant ON connections (tenant_id, id) WHERE status <> 'revoked';
CREATE INDEX live_connections_by_both ON connections (tenant_id, provider, id)
  WHERE status <> 'revoked';
CREATE INDEX authorizations_by_client ON authorizations (client_id, status, id);

-- Of subscriptions, only the live ones are looked for by what they stand on.
DROP INDEX subscriptions_by_tenant;
DROP INDEX subscriptions_by_client;
DROP INDEX subscriptions_by_authorization;
DROP INDEX subscriptions_by_connection;
CREATE INDEX live_subscriptions_by_tenant ON subscriptions (tenant_id, client_id, id)
  WHERE ended_at IS NULL;
CREATE INDEX live_subscriptions_by_client ON subscriptions (client_id) WHERE ended_at IS NULL;
CREATE INDEX live_subscriptions_by_authorization ON subscriptions (authorization_id, connection_id)
  WHERE ended_at IS NULL;
CREATE INDEX live_subscriptions_by_connection ON subscriptions (connection_id)
  WHERE ended_at IS NULL;

-- What a process that died was refreshing is found without a look at all connections.
CREATE INDEX refreshing_connections ON connections (refresh_until)
  WHERE refresh_until IS NOT NULL;

-- A session ends by age, or by idleness, which people and customers have different times for.
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_of_users_by_use ON sessions (last_used_at) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_of_customers_by_use ON sessions (last_used_at) WHERE user_id IS NULL;

-- An authorization that ends takes its tokens along by this time: they are not rewritten.
ALTER TABLE authorizations ADD COLUMN ended_at INTEGER;

-- Whose subscriptions are still to be ended, a few at a time: 'client' or 'authorization'.
CREATE TABLE endings (
  kind TEXT NOT NULL, subject TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

-- Rows that nobody can still ask for go by retention; younger ones are never deleted.
DROP TRIGGER audit_is_never_deleted;
CREATE TRIGGER audit_is_kept_for_a_month BEFORE DELETE ON audit
  WHEN OLD.at > (unixepoch() - 30 * 86400) * 1000
  BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
