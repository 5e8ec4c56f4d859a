CREATE TABLE tenants (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A client's own names for its customers: never shared between clients.
CREATE TABLE customers (
  client_id TEXT NOT NULL REFERENCES clients (id), customer_ref TEXT NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  PRIMARY KEY (client_id, customer_ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE clients (
  id TEXT PRIMARY KEY, tenant_id TEXT NOT NULL REFERENCES tenants (id), owner_user_id TEXT,
  name TEXT NOT NULL, description TEXT, redirect_uris TEXT NOT NULL, permissions INTEGER NOT NULL,
  require_pkce INTEGER NOT NULL, require_signed_customer_ref INTEGER NOT NULL,
  embed_origins TEXT NOT NULL, embed_secret BLOB NOT NULL, status TEXT NOT NULL,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX clients_by_tenant ON clients (tenant_id, id);

CREATE TABLE client_secrets (
  id TEXT PRIMARY KEY, client_id TEXT NOT NULL REFERENCES clients (id), hash BLOB NOT NULL,
  created_at INTEGER NOT NULL, last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX client_secrets_by_client ON client_secrets (client_id, id);

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
CREATE UNIQUE INDEX live_authorizations ON authorizations (client_id, tenant_id)
  WHERE status <> 'revoked';

CREATE TABLE grants (
  id TEXT PRIMARY KEY, authorization_id TEXT NOT NULL REFERENCES authorizations (id),
  tenant_id TEXT NOT NULL, client_id TEXT NOT NULL,
  connection_id TEXT NOT NULL REFERENCES connections (id), permissions INTEGER NOT NULL,
  approves_all INTEGER NOT NULL, status TEXT NOT NULL, created_at INTEGER NOT NULL,
  revoked_at INTEGER, expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_by_authorization ON grants (authorization_id, connection_id);
CREATE INDEX grants_by_connection ON grants (connection_id, id);
CREATE INDEX grants_by_client ON grants (client_id, id);

CREATE TABLE approvals (
  grant_id TEXT NOT NULL REFERENCES grants (id), repository_id TEXT NOT NULL,
  full_name TEXT NOT NULL, position INTEGER NOT NULL,
  PRIMARY KEY (grant_id, repository_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_by_name ON approvals (grant_id, full_name);

CREATE TABLE tokens (
  hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant_id TEXT NOT NULL,
  client_id TEXT NOT NULL REFERENCES clients (id), authorization_id TEXT,
  issued_by TEXT NOT NULL, permissions INTEGER NOT NULL, connection_ids TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER,
  last_used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_client ON tokens (client_id, id);
CREATE INDEX tokens_by_authorization ON tokens (authorization_id);
CREATE INDEX tokens_by_end ON tokens (expires_at);

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
