CREATE TABLE tenants (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT, password TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE memberships (
  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  tenant_id TEXT NOT NULL REFERENCES tenants (id), role TEXT NOT NULL,
  PRIMARY KEY (user_id, tenant_id)
) STRICT, WITHOUT ROWID;

-- Of a person, or of a client's customer: never both.
CREATE TABLE sessions (
  hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT REFERENCES clients (id), tenant_id TEXT REFERENCES tenants (id),
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL,
  CHECK ((user_id IS NULL) = (client_id IS NOT NULL)),
  CHECK ((client_id IS NULL) = (tenant_id IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_by_client ON sessions (client_id) WHERE client_id IS NOT NULL;

CREATE TABLE clients (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), owner_user_id TEXT,
  name TEXT NOT NULL, description TEXT, redirect_uris TEXT NOT NULL, permissions INTEGER NOT NULL,
  require_pkce INTEGER NOT NULL, require_signed_customer_ref INTEGER NOT NULL,
  embed_origins TEXT NOT NULL, embed_secret BLOB NOT NULL, status TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX clients_by_tenant ON clients (tenant_id, id);
CREATE INDEX clients_by_owner ON clients (owner_user_id, id) WHERE owner_user_id IS NOT NULL;

CREATE TABLE client_secrets (
  id TEXT PRIMARY KEY, client_id TEXT NOT NULL REFERENCES clients (id), hash BLOB NOT NULL,
  created_at INTEGER NOT NULL, last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX client_secrets_by_client ON client_secrets (client_id, id);

-- A client's own names for its customers: never shared between clients.
CREATE TABLE customers (
  client_id TEXT NOT NULL REFERENCES clients (id), customer_ref TEXT NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  PRIMARY KEY (client_id, customer_ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE connections (
  id TEXT PRIMARY KEY, tenant_id TEXT REFERENCES tenants (id), provider TEXT NOT NULL, login TEXT,
  account_id TEXT NOT NULL, display_name TEXT, avatar_url TEXT, scopes TEXT NOT NULL,
  mode TEXT NOT NULL, status TEXT NOT NULL, api_base_url TEXT, organization TEXT,
  access_token BLOB, refresh_token BLOB, token_expires_at INTEGER,
  created_at INTEGER NOT NULL, last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX connections_by_tenant ON connections (tenant_id, id);

CREATE TABLE authorizations (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id),
  client_id TEXT NOT NULL REFERENCES clients (id), status TEXT NOT NULL,
  permissions INTEGER NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- One customer has at most one live authorization for a client.
CREATE UNIQUE INDEX live_authorizations ON authorizations (client_id, tenant_id)
  WHERE status <> 'revoked';

CREATE TABLE grants (
  id TEXT PRIMARY KEY, authorization_id TEXT NOT NULL REFERENCES authorizations (id),
  tenant_id TEXT NOT NULL, client_id TEXT NOT NULL,
  connection_id TEXT NOT NULL REFERENCES connections (id), permissions INTEGER NOT NULL,
  approves_all INTEGER NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
  revoked_at INTEGER, expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX active_grants ON grants (authorization_id, connection_id) WHERE status = 'active';
CREATE INDEX grants_by_tenant ON grants (tenant_id, id);
CREATE INDEX grants_by_client ON grants (client_id, id);
CREATE INDEX grants_by_connection ON grants (connection_id, id);

CREATE TABLE approvals (
  grant_id TEXT NOT NULL REFERENCES grants (id), repository_id TEXT NOT NULL,
  full_name TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (grant_id, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_by_name ON approvals (grant_id, full_name, position);

CREATE TABLE codes (
  hash BLOB PRIMARY KEY, client_id TEXT NOT NULL REFERENCES clients (id),
  tenant_id TEXT NOT NULL, authorization_id TEXT NOT NULL REFERENCES authorizations (id),
  redirect_uri TEXT NOT NULL, registered_uri TEXT NOT NULL, code_challenge TEXT,
  permissions INTEGER NOT NULL, connection_ids TEXT NOT NULL, created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, is_spent INTEGER NOT NULL DEFAULT 0,
  -- What it bought.
  token_id TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_by_client ON codes (client_id);
CREATE INDEX codes_by_authorization ON codes (authorization_id);
CREATE INDEX codes_by_end ON codes (expires_at);

CREATE TABLE tokens (
  hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant_id TEXT NOT NULL,
  client_id TEXT NOT NULL REFERENCES clients (id),
  authorization_id TEXT REFERENCES authorizations (id), issued_by TEXT NOT NULL,
  permissions INTEGER NOT NULL, connection_ids TEXT NOT NULL, created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL, revoked_at INTEGER, last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_client ON tokens (client_id, id);
CREATE INDEX tokens_by_authorization ON tokens (authorization_id, id);
CREATE INDEX tokens_by_end ON tokens (expires_at);

-- Ended ones stay until the hook at the provider is removed.
CREATE TABLE subscriptions (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id),
  client_id TEXT NOT NULL REFERENCES clients (id),
  authorization_id TEXT NOT NULL REFERENCES authorizations (id),
  connection_id TEXT NOT NULL REFERENCES connections (id), provider TEXT NOT NULL,
  repository_id TEXT NOT NULL, events TEXT NOT NULL, callback_url TEXT NOT NULL,
  active INTEGER NOT NULL, created_at INTEGER NOT NULL, hook_id TEXT, hook_secret BLOB,
  secret BLOB NOT NULL, ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_by_tenant ON subscriptions (tenant_id, client_id, id);
CREATE INDEX subscriptions_by_client ON subscriptions (client_id);
CREATE INDEX subscriptions_by_authorization ON subscriptions (authorization_id, connection_id);
CREATE INDEX subscriptions_by_connection ON subscriptions (connection_id);

CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE key_checks (key_id INTEGER PRIMARY KEY, value BLOB NOT NULL) STRICT;

CREATE TABLE audit (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  object TEXT NOT NULL, outcome TEXT NOT NULL, request_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_is_never_updated BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
