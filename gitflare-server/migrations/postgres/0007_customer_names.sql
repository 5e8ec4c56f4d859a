-- Customers are searched for by how their name begins, letters of ASCII being alike in both cases.
ALTER TABLE customers ADD COLUMN name_key TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE customers SET name_key = lower(t.name COLLATE "C")
  FROM tenants t WHERE t.id = customers.tenant_id;
CREATE INDEX customers_by_name_key ON customers (client_id, name_key, tenant_id);
