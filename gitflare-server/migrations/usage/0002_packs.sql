-- Rows of hours that are not over, each by itself, and each client's together.
CREATE TABLE recent (
  client TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (client, at, id)
) STRICT, WITHOUT ROWID;

-- Rows of one client and one hour (hours since 1970), in the order of time: packs of an hour do not
-- overlap, and go by their number.
CREATE TABLE packs (
  hour INTEGER NOT NULL, client TEXT NOT NULL, number INTEGER NOT NULL, rows INTEGER NOT NULL,
  last_at INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (hour, client, number)
) STRICT, WITHOUT ROWID;

-- Counts over all packs: of each client by hour, of each client and each tenant by day.
CREATE TABLE hours (
  hour INTEGER NOT NULL, owner TEXT NOT NULL, rows INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (hour, owner)
) STRICT, WITHOUT ROWID;
CREATE TABLE days (
  day INTEGER NOT NULL, owner TEXT NOT NULL, rows INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (day, owner)
) STRICT, WITHOUT ROWID;

-- How far the journal is stored ('segment', 'offset'), from when on rows are seen ('from'), and
-- whether counts are incomplete ('rebuilding').
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
