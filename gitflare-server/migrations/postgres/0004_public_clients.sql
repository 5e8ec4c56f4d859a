-- The id by which a public client calls itself; NULL for an app that a person has registered.
ALTER TABLE clients ADD COLUMN public_id TEXT;
CREATE INDEX public_clients ON clients (updated_at) WHERE public_id IS NOT NULL;

-- The refresh tokens of one sign-in: one of them is good, the others end the family.
CREATE TABLE refresh_families (
  id BYTEA PRIMARY KEY, current BYTEA NOT NULL,
  client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id),
  tenant_id TEXT COLLATE "C" NOT NULL,
  authorization_id TEXT COLLATE "C" NOT NULL REFERENCES authorizations (id),
  is_for_tools BOOLEAN NOT NULL, permissions BIGINT NOT NULL, connection_ids TEXT NOT NULL,
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL
);
CREATE INDEX refresh_families_by_client ON refresh_families (client_id, expires_at);
CREATE INDEX refresh_families_by_authorization ON refresh_families (authorization_id);
CREATE INDEX refresh_families_by_end ON refresh_families (expires_at);

-- The family that an access token was issued in.
ALTER TABLE tokens ADD COLUMN family BYTEA;
CREATE INDEX tokens_by_family ON tokens (family) WHERE family IS NOT NULL;

-- A person's own workspaces are named by the person, and go with them.
CREATE INDEX customers_by_name ON customers (customer_ref);

-- Whether anything stands on a client that is to be deleted, ended or not.
CREATE INDEX subscriptions_by_client ON subscriptions (client_id);
