-- The usage log: a partition for each day (UTC), made by whoever writes its first row and dropped
-- whole when its time is over. `usage_rows_<days since 1970>`.
CREATE TABLE usage_rows (
  at BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, request_id TEXT NOT NULL,
  tenant_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL, token_id TEXT NOT NULL,
  endpoint_key TEXT COLLATE "C" NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
  provider TEXT COLLATE "C", repository_id TEXT COLLATE "C", status BIGINT NOT NULL,
  error_code TEXT, duration_ms BIGINT NOT NULL, upstream_ms BIGINT NOT NULL, items BIGINT NOT NULL,
  blocked_files BIGINT NOT NULL, redacted_secrets BIGINT NOT NULL, PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX usage_rows_of_client ON usage_rows (client_id, at, id);
CREATE INDEX usage_rows_of_tenant ON usage_rows (tenant_id, at, id);

-- Counts over all rows of a client or a tenant, by hour and by day (since 1970), changed in the
-- transaction that stores the rows.
CREATE TABLE usage_counts (
  owner TEXT COLLATE "C" NOT NULL, period TEXT COLLATE "C" NOT NULL, time BIGINT NOT NULL,
  rows BIGINT NOT NULL, body BYTEA NOT NULL, PRIMARY KEY (owner, period, time)
) WITH (fillfactor = 70);
CREATE INDEX usage_counts_by_time ON usage_counts (period, time);

-- From when on rows are seen ('from').
CREATE TABLE usage_state (name TEXT COLLATE "C" PRIMARY KEY, value BIGINT NOT NULL);
