-- Deliveries stand in a line of their subscription, and are kept with their attempts when they are
-- over, so that their app can see them and have them again.
CREATE TABLE events (
  id TEXT PRIMARY KEY, subscription_id TEXT NOT NULL REFERENCES subscriptions (id),
  sequence INTEGER NOT NULL, source TEXT NOT NULL, event TEXT NOT NULL, payload TEXT NOT NULL,
  status TEXT NOT NULL, is_overtaken INTEGER NOT NULL DEFAULT 0, begun INTEGER NOT NULL DEFAULT 0,
  next_attempt_at INTEGER NOT NULL, queued_at INTEGER NOT NULL, first_attempt_at INTEGER,
  finished_at INTEGER, created_at INTEGER NOT NULL, UNIQUE (subscription_id, source)
) STRICT, WITHOUT ROWID;
INSERT INTO events (id, subscription_id, sequence, source, event, payload, status, begun,
    next_attempt_at, queued_at, finished_at, created_at)
  SELECT id, subscription_id, row_number() OVER (PARTITION BY subscription_id ORDER BY id), source,
    replace(source, rtrim(source, replace(source, ' ', '')), ''), payload,
    iif(finished, 'delivered', 'pending'), attempts, next_attempt_at, created_at,
    iif(finished, created_at, NULL), created_at
  FROM deliveries;
DROP TABLE deliveries;
ALTER TABLE events RENAME TO deliveries;
CREATE INDEX deliveries_in_line ON deliveries (subscription_id, sequence)
  WHERE status = 'pending' AND is_overtaken = 0;
CREATE INDEX deliveries_overtaken ON deliveries (subscription_id, next_attempt_at)
  WHERE status = 'pending' AND is_overtaken = 1;
CREATE INDEX deliveries_over ON deliveries (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX deliveries_by_subscription ON deliveries (subscription_id, id);

CREATE TABLE attempts (
  delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE, number INTEGER NOT NULL,
  at INTEGER NOT NULL, status INTEGER, duration_ms INTEGER NOT NULL,
  PRIMARY KEY (delivery_id, number)
) STRICT, WITHOUT ROWID;

-- Of each subscription: the last number, when its next delivery is due (NULL when none waits), and
-- until when one that was begun holds it.
CREATE TABLE lines (
  subscription_id TEXT PRIMARY KEY REFERENCES subscriptions (id), client_id TEXT NOT NULL,
  last_sequence INTEGER NOT NULL, due_at INTEGER, held_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX lines_due ON lines (client_id, due_at) WHERE due_at IS NOT NULL;
-- Of each client: when the first of its lines is due, how it has answered, and when it is looked at
-- next: not while it pauses, or while one delivery tries it again.
CREATE TABLE receivers (
  client_id TEXT PRIMARY KEY REFERENCES clients (id), due_at INTEGER,
  failures INTEGER NOT NULL DEFAULT 0, not_before INTEGER, probing_until INTEGER, next_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX receivers_due ON receivers (next_at) WHERE next_at IS NOT NULL;
INSERT INTO lines (subscription_id, client_id, last_sequence, due_at)
  SELECT s.id, s.client_id, max(d.sequence),
    (SELECT next_attempt_at FROM deliveries p WHERE p.subscription_id = s.id
     AND p.status = 'pending' AND p.is_overtaken = 0 ORDER BY p.sequence LIMIT 1)
  FROM subscriptions s JOIN deliveries d ON d.subscription_id = s.id GROUP BY s.id;
INSERT INTO receivers (client_id, due_at, next_at)
  SELECT client_id, min(due_at), min(due_at) FROM lines GROUP BY client_id;
