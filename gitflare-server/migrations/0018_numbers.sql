-- What very many rows refer to has a number beside its id: a reference takes some three bytes
-- instead of thirty. It comes by itself, and is not told to anybody.
ALTER TABLE tenants ADD COLUMN number INTEGER;
UPDATE tenants SET number = counted.number
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM tenants) AS counted
  WHERE tenants.id = counted.id;
CREATE UNIQUE INDEX tenants_by_number ON tenants (number);
CREATE TRIGGER a_tenant_has_a_number AFTER INSERT ON tenants WHEN NEW.number IS NULL
  BEGIN UPDATE tenants SET number = (SELECT coalesce(max(number), 0) + 1 FROM tenants)
    WHERE id = NEW.id; END;

ALTER TABLE clients ADD COLUMN number INTEGER;
UPDATE clients SET number = counted.number
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM clients) AS counted
  WHERE clients.id = counted.id;
CREATE UNIQUE INDEX clients_by_number ON clients (number);
CREATE TRIGGER a_client_has_a_number AFTER INSERT ON clients WHEN NEW.number IS NULL
  BEGIN UPDATE clients SET number = (SELECT coalesce(max(number), 0) + 1 FROM clients)
    WHERE id = NEW.id; END;

ALTER TABLE authorizations ADD COLUMN number INTEGER;
UPDATE authorizations SET number = counted.number
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM authorizations) AS counted
  WHERE authorizations.id = counted.id;
CREATE UNIQUE INDEX authorizations_by_number ON authorizations (number);
CREATE TRIGGER an_authorization_has_a_number AFTER INSERT ON authorizations
  WHEN NEW.number IS NULL
  BEGIN UPDATE authorizations SET number = (SELECT coalesce(max(number), 0) + 1
    FROM authorizations) WHERE id = NEW.id; END;

ALTER TABLE grants ADD COLUMN number INTEGER;
UPDATE grants SET number = counted.number
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM grants) AS counted
  WHERE grants.id = counted.id;
CREATE UNIQUE INDEX grants_by_number ON grants (number);
CREATE TRIGGER a_grant_has_a_number AFTER INSERT ON grants WHEN NEW.number IS NULL
  BEGIN UPDATE grants SET number = (SELECT coalesce(max(number), 0) + 1 FROM grants)
    WHERE id = NEW.id; END;

-- A name is found by its end, and compared: most are told apart by that, and an index of whole names
-- would say everything twice.
CREATE TABLE approvals_by_number (
  grant_number INTEGER NOT NULL REFERENCES grants (number), repository_id TEXT NOT NULL,
  full_name TEXT NOT NULL, position INTEGER NOT NULL, node_id TEXT, default_branch TEXT,
  PRIMARY KEY (grant_number, repository_id)
) STRICT, WITHOUT ROWID;
INSERT INTO approvals_by_number
  SELECT g.number, p.repository_id, p.full_name, p.position, p.node_id, p.default_branch
  FROM grants g JOIN approvals p ON p.grant_id = g.id ORDER BY g.number, p.repository_id;
DROP TABLE approvals;
ALTER TABLE approvals_by_number RENAME TO approvals;
CREATE INDEX approvals_by_name ON approvals (grant_number, substr(full_name, -4), position);

-- Lists go by the number, which every index holds: in the order in which tokens came.
CREATE TABLE tokens_by_number (
  number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, id TEXT NOT NULL UNIQUE,
  tenant_number INTEGER NOT NULL REFERENCES tenants (number),
  client_number INTEGER NOT NULL REFERENCES clients (number),
  authorization_number INTEGER REFERENCES authorizations (number),
  -- 1 client credentials, 2 authorization code, 3 refresh token, 4 embedder.
  issued_by INTEGER NOT NULL,
  permissions INTEGER NOT NULL,
  -- What stands behind the prefix of each id, with commas between.
  connections TEXT NOT NULL,
  created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER,
  last_used_at INTEGER, family BLOB
) STRICT;
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
CREATE INDEX tokens_by_tenant ON tokens (tenant_number);
CREATE INDEX tokens_by_client ON tokens (client_number);
CREATE INDEX tokens_by_tenant_and_client ON tokens (tenant_number, client_number);
CREATE INDEX tokens_by_authorization ON tokens (authorization_number);
CREATE INDEX tokens_by_end ON tokens (expires_at);
CREATE INDEX tokens_by_family ON tokens (family) WHERE family IS NOT NULL;
