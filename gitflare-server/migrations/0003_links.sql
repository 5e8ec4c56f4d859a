-- Flows that link a provider account, with the account until somebody claims it.
CREATE TABLE links (
  id TEXT PRIMARY KEY, state BLOB UNIQUE, provider TEXT NOT NULL, kind TEXT NOT NULL,
  handover TEXT NOT NULL, browser BLOB, tenant_id TEXT, user_id TEXT, workspace TEXT,
  known_only INTEGER NOT NULL, return_to TEXT, verifier BLOB NOT NULL, connection_id TEXT,
  code BLOB, account_connection_id TEXT, account TEXT, access_token BLOB, refresh_token BLOB,
  token_expires_at INTEGER, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_end ON links (expires_at);

-- Until when one refresher alone talks to the provider, and why it takes no token any more.
ALTER TABLE connections ADD COLUMN refresh_until INTEGER;
ALTER TABLE connections ADD COLUMN reconnect_cause TEXT;
-- An account is linked once per tenant.
CREATE UNIQUE INDEX linked_accounts ON connections (tenant_id, provider, account_id)
  WHERE mode = 'oauth' AND status <> 'revoked';
