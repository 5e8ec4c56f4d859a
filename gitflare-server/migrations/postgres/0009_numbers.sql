-- What very many rows refer to has a number beside its id: a reference takes eight bytes instead of
-- thirty. It comes by itself, and is not told to anybody.
CREATE SEQUENCE numbers;
ALTER TABLE tenants ADD COLUMN number BIGINT NOT NULL DEFAULT nextval('numbers');
CREATE UNIQUE INDEX tenants_by_number ON tenants (number);
ALTER TABLE clients ADD COLUMN number BIGINT NOT NULL DEFAULT nextval('numbers');
CREATE UNIQUE INDEX clients_by_number ON clients (number);
ALTER TABLE authorizations ADD COLUMN number BIGINT NOT NULL DEFAULT nextval('numbers');
CREATE UNIQUE INDEX authorizations_by_number ON authorizations (number);
ALTER TABLE grants ADD COLUMN number BIGINT NOT NULL DEFAULT nextval('numbers');
CREATE UNIQUE INDEX grants_by_number ON grants (number);

CREATE TABLE approvals_by_number (
  grant_number BIGINT NOT NULL REFERENCES grants (number),
  repository_id TEXT COLLATE "C" NOT NULL, full_name TEXT COLLATE "C" NOT NULL,
  position BIGINT NOT NULL, node_id TEXT, default_branch TEXT,
  PRIMARY KEY (grant_number, repository_id)
);
INSERT INTO approvals_by_number
  SELECT g.number, p.repository_id, p.full_name, p.position, p.node_id, p.default_branch
  FROM grants g JOIN approvals p ON p.grant_id = g.id;
DROP TABLE approvals;
ALTER TABLE approvals_by_number RENAME TO approvals;
CREATE INDEX approvals_by_name ON approvals (grant_number, full_name, position);

-- Lists go by the number, which every index holds: in the order in which tokens came.
CREATE TABLE tokens_by_number (
  number BIGINT PRIMARY KEY DEFAULT nextval('numbers'),
  hash BYTEA NOT NULL CONSTRAINT tokens_by_hash UNIQUE,
  id TEXT COLLATE "C" NOT NULL CONSTRAINT tokens_by_id UNIQUE,
  tenant_number BIGINT NOT NULL REFERENCES tenants (number),
  client_number BIGINT NOT NULL REFERENCES clients (number),
  authorization_number BIGINT REFERENCES authorizations (number),
  -- 1 client credentials, 2 authorization code, 3 refresh token, 4 embedder.
  issued_by BIGINT NOT NULL,
  permissions BIGINT NOT NULL,
  -- What stands behind the prefix of each id, with commas between.
  connections TEXT NOT NULL,
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT, last_used_at BIGINT,
  family BYTEA
);
INSERT INTO tokens_by_number (hash, id, tenant_number, client_number, authorization_number,
    issued_by, permissions, connections, created_at, expires_at, revoked_at, last_used_at, family)
  SELECT t.hash, t.id, n.number, l.number, a.number,
    CASE t.issued_by WHEN 'client_credentials' THEN 1 WHEN 'authorization_code' THEN 2
      WHEN 'refresh_token' THEN 3 WHEN 'embedder' THEN 4 END,
    t.permissions,
    CASE t.connection_ids WHEN '[]' THEN '' ELSE
      replace(replace(replace(t.connection_ids, '["conn_', ''), '","conn_', ','), '"]', '') END,
    t.created_at, t.expires_at, t.revoked_at, t.last_used_at, t.family
  FROM tokens t JOIN tenants n ON n.id = t.tenant_id JOIN clients l ON l.id = t.client_id
    LEFT JOIN authorizations a ON a.id = t.authorization_id
  ORDER BY t.id;
DROP TABLE tokens;
ALTER TABLE tokens_by_number RENAME TO tokens;
CREATE INDEX tokens_by_tenant ON tokens (tenant_number, number);
CREATE INDEX tokens_by_client ON tokens (client_number, number);
CREATE INDEX tokens_by_tenant_and_client ON tokens (tenant_number, client_number, number);
CREATE INDEX tokens_by_authorization ON tokens (authorization_number, number);
CREATE INDEX tokens_by_end ON tokens (expires_at);
CREATE INDEX tokens_by_family ON tokens (family) WHERE family IS NOT NULL;
