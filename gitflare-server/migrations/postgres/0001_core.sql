-- What migrations 0001 to 0012 of SQLite have come to, in PostgreSQL's types. Texts compare by their
-- bytes (COLLATE "C"), whatever the database's own order is: lists go by id.
-- A deleted tenant keeps its row until nothing stands on it: when its rows are looked at next, NULL
-- when none is left that could go.
CREATE TABLE tenants (
  id TEXT COLLATE "C" PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL,
  created_at BIGINT NOT NULL, deleted_at BIGINT, purge_at BIGINT
);
CREATE INDEX live_tenants ON tenants (id) WHERE deleted_at IS NULL;
CREATE INDEX tenants_to_purge ON tenants (purge_at) WHERE purge_at IS NOT NULL;

CREATE TABLE users (
  id TEXT COLLATE "C" PRIMARY KEY, email TEXT COLLATE "C" NOT NULL UNIQUE, name TEXT,
  password TEXT NOT NULL, created_at BIGINT NOT NULL
);

CREATE TABLE memberships (
  user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id), role TEXT NOT NULL,
  PRIMARY KEY (user_id, tenant_id)
);
CREATE INDEX memberships_by_tenant ON memberships (tenant_id);

CREATE TABLE clients (
  id TEXT COLLATE "C" PRIMARY KEY, tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
  owner_user_id TEXT COLLATE "C", name TEXT NOT NULL, description TEXT, redirect_uris TEXT NOT NULL,
  permissions BIGINT NOT NULL, require_pkce BOOLEAN NOT NULL,
  require_signed_customer_ref BOOLEAN NOT NULL, embed_origins TEXT NOT NULL,
  embed_secret BYTEA NOT NULL, status TEXT NOT NULL, created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX clients_by_tenant ON clients (tenant_id, id);
CREATE INDEX clients_by_owner ON clients (owner_user_id, id) WHERE owner_user_id IS NOT NULL;
CREATE INDEX live_clients ON clients (id) WHERE status = 'active';

CREATE TABLE client_secrets (
  id TEXT COLLATE "C" PRIMARY KEY, client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id),
  hash BYTEA NOT NULL, created_at BIGINT NOT NULL, last_used_at BIGINT
);
CREATE INDEX client_secrets_by_client ON client_secrets (client_id, id);

-- A client's own names for its customers: never shared between clients.
CREATE TABLE customers (
  client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id), customer_ref TEXT COLLATE "C" NOT NULL,
  tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
  PRIMARY KEY (client_id, customer_ref)
);
CREATE INDEX customers_by_tenant ON customers (tenant_id);
CREATE INDEX customers_of_client ON customers (client_id, tenant_id, customer_ref);

-- Of a person, or of a client's customer: never both.
CREATE TABLE sessions (
  hash BYTEA PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE,
  user_id TEXT COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
  client_id TEXT COLLATE "C" REFERENCES clients (id),
  tenant_id TEXT COLLATE "C" REFERENCES tenants (id),
  created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, last_used_at BIGINT NOT NULL,
  CHECK ((user_id IS NULL) = (client_id IS NOT NULL)),
  CHECK ((client_id IS NULL) = (tenant_id IS NULL))
);
CREATE INDEX sessions_by_user ON sessions (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_by_client ON sessions (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX sessions_by_tenant ON sessions (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX sessions_of_users_by_use ON sessions (last_used_at) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_of_customers_by_use ON sessions (last_used_at) WHERE user_id IS NULL;

-- The version rises with every token that takes another one's place; `refresh_until` is the lease
-- of the one refresher that talks to the provider.
CREATE TABLE connections (
  id TEXT COLLATE "C" PRIMARY KEY, tenant_id TEXT COLLATE "C" REFERENCES tenants (id),
  provider TEXT COLLATE "C" NOT NULL, login TEXT, account_id TEXT COLLATE "C" NOT NULL,
  display_name TEXT, avatar_url TEXT, scopes TEXT NOT NULL, mode TEXT NOT NULL, status TEXT NOT NULL,
  api_base_url TEXT, organization TEXT, access_token BYTEA, refresh_token BYTEA,
  token_expires_at BIGINT, token_version BIGINT NOT NULL DEFAULT 0, refresh_until BIGINT,
  reconnect_cause TEXT, created_at BIGINT NOT NULL, last_used_at BIGINT
);
CREATE INDEX connections_by_tenant ON connections (tenant_id, id);
CREATE INDEX live_connections ON connections (id) WHERE status <> 'revoked';
CREATE INDEX live_connections_by_provider ON connections (provider, id) WHERE status <> 'revoked';
CREATE INDEX live_connections_by_tenant ON connections (tenant_id, id) WHERE status <> 'revoked';
CREATE INDEX live_connections_by_both ON connections (tenant_id, provider, id)
  WHERE status <> 'revoked';
-- An account is linked once per tenant.
CREATE UNIQUE INDEX linked_accounts ON connections (tenant_id, provider, account_id)
  WHERE mode = 'oauth' AND status <> 'revoked';

-- An authorization that ends takes its tokens along by the time of its end: they are not rewritten.
CREATE TABLE authorizations (
  id TEXT COLLATE "C" PRIMARY KEY, tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
  client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id), status TEXT NOT NULL,
  permissions BIGINT NOT NULL, created_at BIGINT NOT NULL, ended_at BIGINT
);
-- One customer has at most one live authorization for a client.
CREATE UNIQUE INDEX live_authorizations ON authorizations (client_id, tenant_id)
  WHERE status <> 'revoked';
CREATE INDEX authorizations_by_client ON authorizations (client_id, status, id);
CREATE INDEX authorizations_of_client ON authorizations (client_id, id);
CREATE INDEX authorizations_by_tenant ON authorizations (tenant_id);

CREATE TABLE grants (
  id TEXT COLLATE "C" PRIMARY KEY,
  authorization_id TEXT COLLATE "C" NOT NULL REFERENCES authorizations (id),
  tenant_id TEXT COLLATE "C" NOT NULL, client_id TEXT COLLATE "C" NOT NULL,
  connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id), permissions BIGINT NOT NULL,
  approves_all BOOLEAN NOT NULL, status TEXT NOT NULL, created_at BIGINT NOT NULL,
  revoked_at BIGINT, expires_at BIGINT
);
CREATE INDEX active_grants ON grants (authorization_id, connection_id) WHERE status = 'active';
CREATE INDEX grants_by_authorization ON grants (authorization_id);
CREATE INDEX grants_by_tenant ON grants (tenant_id, id);
CREATE INDEX grants_by_client ON grants (client_id, id);
CREATE INDEX grants_by_connection ON grants (connection_id, id);
CREATE INDEX grants_by_tenant_and_client ON grants (tenant_id, client_id, id);

-- `node_id` is the id by which a provider's GraphQL API asks for the repository, where it is known.
CREATE TABLE approvals (
  grant_id TEXT COLLATE "C" NOT NULL REFERENCES grants (id), repository_id TEXT COLLATE "C" NOT NULL,
  full_name TEXT COLLATE "C" NOT NULL, position BIGINT NOT NULL, node_id TEXT,
  PRIMARY KEY (grant_id, repository_id)
);
CREATE INDEX approvals_by_name ON approvals (grant_id, full_name, position);

CREATE TABLE codes (
  hash BYTEA PRIMARY KEY, client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id),
  tenant_id TEXT COLLATE "C" NOT NULL,
  authorization_id TEXT COLLATE "C" NOT NULL REFERENCES authorizations (id),
  redirect_uri TEXT NOT NULL, registered_uri TEXT COLLATE "C" NOT NULL, code_challenge TEXT,
  permissions BIGINT NOT NULL, connection_ids TEXT NOT NULL, created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, is_spent BOOLEAN NOT NULL DEFAULT FALSE,
  -- What it bought.
  token_id TEXT COLLATE "C"
);
CREATE INDEX codes_by_client ON codes (client_id);
CREATE INDEX codes_by_authorization ON codes (authorization_id);
CREATE INDEX codes_by_end ON codes (expires_at);

CREATE TABLE tokens (
  hash BYTEA PRIMARY KEY, id TEXT COLLATE "C" NOT NULL UNIQUE, tenant_id TEXT COLLATE "C" NOT NULL,
  client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id),
  authorization_id TEXT COLLATE "C" REFERENCES authorizations (id), issued_by TEXT NOT NULL,
  permissions BIGINT NOT NULL, connection_ids TEXT NOT NULL, created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL, revoked_at BIGINT, last_used_at BIGINT
);
CREATE INDEX tokens_by_client ON tokens (client_id, id);
CREATE INDEX tokens_by_authorization ON tokens (authorization_id, id);
CREATE INDEX tokens_by_end ON tokens (expires_at);
CREATE INDEX tokens_by_tenant ON tokens (tenant_id, id);
CREATE INDEX tokens_by_tenant_and_client ON tokens (tenant_id, client_id, id);

-- Authorization requests that wait for a customer's decision.
CREATE TABLE requests (
  hash BYTEA PRIMARY KEY, client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id),
  tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
  session_id TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL, registered_uri TEXT COLLATE "C" NOT NULL, state BYTEA,
  code_challenge TEXT, permissions BIGINT NOT NULL, customer_name TEXT, created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX requests_by_client ON requests (client_id);
CREATE INDEX requests_by_session ON requests (session_id);
CREATE INDEX requests_by_tenant ON requests (tenant_id);
CREATE INDEX requests_by_end ON requests (expires_at);

-- What a customer's session has proven: a connection, or with '' the whole workspace.
CREATE TABLE proofs (
  session_id TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  connection_id TEXT COLLATE "C" NOT NULL, PRIMARY KEY (session_id, connection_id)
);

-- Of signed links, each good for one time.
CREATE TABLE nonces (
  client_id TEXT COLLATE "C" NOT NULL, hash BYTEA NOT NULL, ends_at BIGINT NOT NULL,
  PRIMARY KEY (client_id, hash)
);
CREATE INDEX nonces_by_end ON nonces (ends_at);

-- Flows that link a provider account, with the account until somebody claims it.
CREATE TABLE links (
  id TEXT COLLATE "C" PRIMARY KEY, state BYTEA UNIQUE, provider TEXT COLLATE "C" NOT NULL,
  kind TEXT NOT NULL, handover TEXT NOT NULL, browser BYTEA, tenant_id TEXT COLLATE "C",
  user_id TEXT COLLATE "C", workspace TEXT, known_only BOOLEAN NOT NULL, return_to TEXT,
  verifier BYTEA NOT NULL, connection_id TEXT COLLATE "C", code BYTEA,
  account_connection_id TEXT COLLATE "C", account TEXT, access_token BYTEA, refresh_token BYTEA,
  token_expires_at BIGINT, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
  -- Whether the provider has posted the code, and why no account came of it.
  posted BOOLEAN NOT NULL DEFAULT FALSE, failure TEXT
);
CREATE INDEX links_by_end ON links (expires_at);
CREATE INDEX links_by_tenant ON links (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX links_by_browser ON links (browser) WHERE state IS NOT NULL;

-- What is still to be cleaned up at providers, with the tokens that are needed for it.
CREATE TABLE cleanup (
  kind TEXT COLLATE "C" NOT NULL, subject TEXT COLLATE "C" NOT NULL, provider TEXT NOT NULL,
  connection_id TEXT COLLATE "C" NOT NULL, tenant_id TEXT COLLATE "C", api_base_url TEXT,
  access_token BYTEA, refresh_token BYTEA, token_expires_at BIGINT, token_version BIGINT NOT NULL,
  attempts BIGINT NOT NULL, next_attempt_at BIGINT NOT NULL, created_at BIGINT NOT NULL,
  PRIMARY KEY (kind, subject)
);
CREATE INDEX cleanup_by_time ON cleanup (next_attempt_at);
CREATE INDEX cleanup_by_connection ON cleanup (connection_id);

-- Ended ones stay until the hook at the provider is removed.
CREATE TABLE subscriptions (
  id TEXT COLLATE "C" PRIMARY KEY, tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
  client_id TEXT COLLATE "C" NOT NULL REFERENCES clients (id),
  authorization_id TEXT COLLATE "C" NOT NULL REFERENCES authorizations (id),
  connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id), provider TEXT NOT NULL,
  repository_id TEXT COLLATE "C" NOT NULL, events TEXT NOT NULL, callback_url TEXT NOT NULL,
  active BOOLEAN NOT NULL, created_at BIGINT NOT NULL, hook_id TEXT, hook_secret BYTEA,
  secret BYTEA NOT NULL, ended_at BIGINT
);
CREATE INDEX live_subscriptions_by_tenant ON subscriptions (tenant_id, client_id, id)
  WHERE ended_at IS NULL;
CREATE INDEX live_subscriptions_by_client ON subscriptions (client_id, id) WHERE ended_at IS NULL;
CREATE INDEX live_subscriptions_by_authorization
  ON subscriptions (authorization_id, connection_id, id) WHERE ended_at IS NULL;
CREATE INDEX live_subscriptions_by_connection ON subscriptions (connection_id)
  WHERE ended_at IS NULL;
CREATE INDEX subscriptions_by_tenant ON subscriptions (tenant_id);
CREATE INDEX subscriptions_by_authorization ON subscriptions (authorization_id);
CREATE INDEX subscriptions_by_connection ON subscriptions (connection_id);

-- Whose subscriptions are still to be ended, a few at a time: 'client' or 'authorization'.
CREATE TABLE endings (
  kind TEXT COLLATE "C" NOT NULL, subject TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (kind, subject)
);

-- Deliveries stand in a line of their subscription, and are kept with their attempts when they are
-- over, so that their app can see them and have them again.
CREATE TABLE deliveries (
  id TEXT COLLATE "C" PRIMARY KEY,
  subscription_id TEXT COLLATE "C" NOT NULL REFERENCES subscriptions (id), sequence BIGINT NOT NULL,
  source TEXT COLLATE "C" NOT NULL, event TEXT NOT NULL, payload TEXT NOT NULL, status TEXT NOT NULL,
  is_overtaken BIGINT NOT NULL DEFAULT 0, begun BIGINT NOT NULL DEFAULT 0,
  next_attempt_at BIGINT NOT NULL, queued_at BIGINT NOT NULL, first_attempt_at BIGINT,
  finished_at BIGINT, created_at BIGINT NOT NULL, UNIQUE (subscription_id, source)
);
CREATE INDEX deliveries_in_line ON deliveries (subscription_id, sequence)
  WHERE status = 'pending' AND is_overtaken = 0;
CREATE INDEX deliveries_overtaken ON deliveries (subscription_id, next_attempt_at)
  WHERE status = 'pending' AND is_overtaken = 1;
CREATE INDEX deliveries_over ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX deliveries_by_subscription ON deliveries (subscription_id, id);

CREATE TABLE attempts (
  delivery_id TEXT COLLATE "C" NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
  number BIGINT NOT NULL, at BIGINT NOT NULL, status BIGINT, duration_ms BIGINT NOT NULL,
  PRIMARY KEY (delivery_id, number)
);

-- Of each subscription: the last number, when its next delivery is due (NULL when none waits), and
-- until when one that was begun holds it.
CREATE TABLE lines (
  subscription_id TEXT COLLATE "C" PRIMARY KEY REFERENCES subscriptions (id),
  client_id TEXT COLLATE "C" NOT NULL, last_sequence BIGINT NOT NULL, due_at BIGINT,
  held_until BIGINT
);
CREATE INDEX lines_due ON lines (client_id, due_at) WHERE due_at IS NOT NULL;

-- Of each client: when the first of its lines is due, how it has answered, and when it is looked at
-- next: not while it pauses, or while one delivery tries it again. Whatever touches a client's lines
-- locks its row first.
CREATE TABLE receivers (
  client_id TEXT COLLATE "C" PRIMARY KEY REFERENCES clients (id), due_at BIGINT,
  failures BIGINT NOT NULL DEFAULT 0, not_before BIGINT, probing_until BIGINT, next_at BIGINT
);
CREATE INDEX receivers_due ON receivers (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE settings (name TEXT COLLATE "C" PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE key_checks (key_id BIGINT PRIMARY KEY, value BYTEA NOT NULL);

-- Never changed; rows that nobody can still ask for go by retention, younger ones do not.
CREATE TABLE audit (
  id TEXT COLLATE "C" PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
  object TEXT NOT NULL, outcome TEXT NOT NULL, request_id TEXT NOT NULL
);
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append-only';
END
$$;
CREATE TRIGGER audit_is_never_updated BEFORE UPDATE ON audit
  FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER audit_is_kept_for_a_month BEFORE DELETE ON audit
  FOR EACH ROW WHEN (OLD.at > (extract(epoch FROM now()) - 30 * 86400) * 1000)
  EXECUTE FUNCTION refuse_audit_change();
