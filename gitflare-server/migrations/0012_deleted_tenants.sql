-- A deleted tenant keeps its row until nothing stands on it: when its rows are looked at next, NULL
-- when none is left that could go.
ALTER TABLE tenants ADD COLUMN deleted_at INTEGER;
ALTER TABLE tenants ADD COLUMN purge_at INTEGER;
CREATE INDEX live_tenants ON tenants (id) WHERE deleted_at IS NULL;
CREATE INDEX tenants_to_purge ON tenants (purge_at) WHERE purge_at IS NOT NULL;
CREATE INDEX links_by_tenant ON links (tenant_id) WHERE tenant_id IS NOT NULL;
-- What stands on a row that goes is found without a look at all.
CREATE INDEX grants_by_authorization ON grants (authorization_id);
CREATE INDEX subscriptions_by_authorization ON subscriptions (authorization_id);
CREATE INDEX subscriptions_by_connection ON subscriptions (connection_id);
