-- Kept in the order of time, so that pages, periods and purges walk one tree and nothing is sorted.
-- A secondary index would cost each row more than the row.
CREATE TABLE usage (
  at INTEGER NOT NULL, id TEXT NOT NULL, request_id TEXT NOT NULL, tenant_id TEXT NOT NULL,
  client_id TEXT NOT NULL, token_id TEXT NOT NULL, endpoint_key TEXT NOT NULL,
  method TEXT NOT NULL, path TEXT NOT NULL, provider TEXT, repository_id TEXT,
  status INTEGER NOT NULL, error_code TEXT, duration_ms INTEGER NOT NULL,
  upstream_ms INTEGER NOT NULL, items INTEGER NOT NULL, blocked_files INTEGER NOT NULL,
  redacted_secrets INTEGER NOT NULL, PRIMARY KEY (at, id)
) STRICT, WITHOUT ROWID;
