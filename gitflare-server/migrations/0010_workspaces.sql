-- Who holds a tenant: a workspace that nobody holds goes with its last session.
CREATE INDEX sessions_by_tenant ON sessions (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX requests_by_tenant ON requests (tenant_id);
CREATE INDEX customers_by_tenant ON customers (tenant_id);
CREATE INDEX memberships_by_tenant ON memberships (tenant_id);
CREATE INDEX authorizations_by_tenant ON authorizations (tenant_id);
CREATE INDEX subscriptions_by_tenant ON subscriptions (tenant_id);
