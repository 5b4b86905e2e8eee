CREATE TABLE schema_version (
  version    INTEGER PRIMARY KEY,
  applied_at TEXT NOT NULL
) STRICT;

CREATE TABLE intents (
  id             TEXT    NOT NULL PRIMARY KEY,
  caller         TEXT    NOT NULL,
  connection     TEXT    NOT NULL,
  tool           TEXT    NOT NULL,
  intent         TEXT    NOT NULL,
  arguments_hash TEXT    NOT NULL,
  is_derived     INTEGER NOT NULL,
  state          TEXT    NOT NULL CHECK (state IN ('claimed', 'dispatched', 'applied', 'not_applied', 'unknown')),
  attempt        INTEGER NOT NULL,
  owner          TEXT    NOT NULL,
  result         TEXT,
  last_status    INTEGER,
  claimed_at     REAL    NOT NULL,
  dispatched_at  REAL,
  settled_at     REAL,
  UNIQUE (caller, connection, tool, intent)
) STRICT;
CREATE INDEX intents_same_arguments ON intents (caller, connection, tool, arguments_hash, claimed_at);
CREATE INDEX intents_state ON intents (state, settled_at);

CREATE TABLE confirmations (
  nonce     TEXT NOT NULL PRIMARY KEY,
  intent_id TEXT NOT NULL,
  used_at   REAL NOT NULL
) STRICT;
CREATE INDEX confirmations_used ON confirmations (used_at);

CREATE TABLE spend (
  intent_id  TEXT    NOT NULL PRIMARY KEY REFERENCES intents (id) ON DELETE CASCADE,
  connection TEXT    NOT NULL,
  day        TEXT    NOT NULL,
  currency   TEXT    NOT NULL,
  minor      INTEGER NOT NULL
) STRICT;
CREATE INDEX spend_day ON spend (connection, day, currency);

CREATE TABLE audit (
  seq       INTEGER PRIMARY KEY,
  at        TEXT NOT NULL,
  record    TEXT NOT NULL,
  prev_hash TEXT NOT NULL,
  hash      TEXT NOT NULL
) STRICT;

CREATE TABLE keys (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

CREATE TABLE grants (
  connection TEXT NOT NULL PRIMARY KEY,
  scopes     TEXT,
  checked_at TEXT NOT NULL
) STRICT;
