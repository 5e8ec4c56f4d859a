-- What apps that were deleted, and people who are gone, have left behind before that was looked at:
-- 'customers' of a client and a 'tenant' are ended where nobody sees them, a few at a time.
INSERT INTO endings (kind, subject, at)
  SELECT 'customers', id, unixepoch() * 1000 FROM clients WHERE status = 'deleted'
  UNION SELECT 'tenant', c.tenant_id, unixepoch() * 1000 FROM customers c
    JOIN clients l ON l.id = c.client_id AND l.public_id IS NOT NULL
    WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = c.customer_ref);

-- The version of the firewall's settings that a delivery has passed: under another one it passes again
-- before it is sent. Of those that were queued before it is not known.
ALTER TABLE deliveries ADD COLUMN firewall INTEGER NOT NULL DEFAULT 0;
