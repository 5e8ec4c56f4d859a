-- What is still to be cleaned up at providers, with the tokens that are needed for it.
CREATE TABLE cleanup (
  kind TEXT NOT NULL, subject TEXT NOT NULL, provider TEXT NOT NULL, connection_id TEXT NOT NULL,
  tenant_id TEXT, api_base_url TEXT, access_token BLOB, refresh_token BLOB,
  token_expires_at INTEGER, token_version INTEGER NOT NULL, attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX cleanup_by_time ON cleanup (next_attempt_at);
CREATE INDEX cleanup_by_connection ON cleanup (connection_id);

-- Rises with every token that takes another one's place: a losing refresher writes nothing.
ALTER TABLE connections ADD COLUMN token_version INTEGER NOT NULL DEFAULT 0;
