-- Authorization requests that wait for a customer's decision.
CREATE TABLE requests (
  hash BLOB PRIMARY KEY, client_id TEXT NOT NULL REFERENCES clients (id),
  tenant_id TEXT NOT NULL REFERENCES tenants (id),
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL, registered_uri TEXT NOT NULL, state BLOB, code_challenge TEXT,
  permissions INTEGER NOT NULL, customer_name TEXT, created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_client ON requests (client_id);
CREATE INDEX requests_by_session ON requests (session_id);
CREATE INDEX requests_by_end ON requests (expires_at);

-- What a customer's session has proven: a connection, or with '' the whole workspace.
CREATE TABLE proofs (
  session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, connection_id TEXT NOT NULL,
  PRIMARY KEY (session_id, connection_id)
) STRICT, WITHOUT ROWID;

-- Of signed links, each good for one time.
CREATE TABLE nonces (
  client_id TEXT NOT NULL, hash BLOB NOT NULL, ends_at INTEGER NOT NULL,
  PRIMARY KEY (client_id, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_by_end ON nonces (ends_at);
