-- What has to be connected again is counted for metrics, without a look at all connections.
CREATE INDEX live_connections_to_reconnect ON connections (provider)
  WHERE status = 'needs_reconnect';

-- What an app tells customers of itself: website, privacy policy and purposes as JSON, and its logo.
CREATE TABLE client_profiles (
  client_id TEXT PRIMARY KEY REFERENCES clients (id), about TEXT NOT NULL, logo BLOB
) STRICT, WITHOUT ROWID;
