-- Events on their way to apps; finished ones are kept for a while, so that none is sent twice.
CREATE TABLE deliveries (
  id TEXT PRIMARY KEY, subscription_id TEXT NOT NULL REFERENCES subscriptions (id),
  source TEXT NOT NULL, payload TEXT NOT NULL, attempts INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL, created_at INTEGER NOT NULL, finished INTEGER NOT NULL,
  UNIQUE (subscription_id, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_time ON deliveries (finished, next_attempt_at);
