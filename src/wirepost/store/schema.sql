-- The whole schema as it is now. Migrations lead here; a test compares the two.
-- PostgreSQL reads it with INTEGER as BIGINT, REAL as DOUBLE PRECISION, BLOB as BYTEA, and without STRICT.
-- Times named _at are seconds since 1970 as REAL, or RFC 3339 as TEXT where people read them.

CREATE TABLE schema_version (
  version    INTEGER PRIMARY KEY,           -- number of the migration
  applied_at TEXT NOT NULL
) STRICT;

-- The ledger: one row for each action a caller wants to happen once.
CREATE TABLE intents (
  id             TEXT    NOT NULL PRIMARY KEY,
  caller         TEXT    NOT NULL,
  connection     TEXT    NOT NULL,
  tool           TEXT    NOT NULL,
  intent         TEXT    NOT NULL,          -- the caller's name for the action
  arguments_hash TEXT    NOT NULL,
  is_derived     INTEGER NOT NULL,          -- 1: the caller gave no name, `intent` was made here
  state          TEXT    NOT NULL CHECK (state IN ('claimed', 'dispatched', 'applied', 'not_applied', 'unknown')),
  attempt        INTEGER NOT NULL,
  owner          TEXT    NOT NULL,          -- the process that carries it out
  result         TEXT,                      -- JSON, what a repeated call gets
  last_status    INTEGER,                   -- HTTP status of the provider's last answer
  claimed_at     REAL    NOT NULL,
  dispatched_at  REAL,
  settled_at     REAL,
  UNIQUE (caller, connection, tool, intent)
) STRICT;
CREATE INDEX intents_same_arguments ON intents (caller, connection, tool, arguments_hash, claimed_at);
CREATE INDEX intents_state ON intents (state, settled_at);

-- Confirmation tokens that were used; each may be used once.
CREATE TABLE confirmations (
  nonce     TEXT NOT NULL PRIMARY KEY,
  intent_id TEXT NOT NULL,                  -- no reference: it is written before its intent
  used_at   REAL NOT NULL
) STRICT;
CREATE INDEX confirmations_used ON confirmations (used_at);

-- Money moved (or about to move), for the caps of a day.
CREATE TABLE spend (
  intent_id  TEXT    NOT NULL PRIMARY KEY REFERENCES intents (id) ON DELETE CASCADE,
  connection TEXT    NOT NULL,
  day        TEXT    NOT NULL,              -- 2026-11-25, in UTC
  currency   TEXT    NOT NULL,
  minor      INTEGER NOT NULL
) STRICT;
CREATE INDEX spend_day ON spend (connection, day, currency);

-- Every attempt, in order, each row bound to the one before by its hash. Never deleted.
CREATE TABLE audit (
  seq       INTEGER PRIMARY KEY,
  at        TEXT NOT NULL,
  record    TEXT NOT NULL,                  -- canonical JSON
  prev_hash TEXT NOT NULL,
  hash      TEXT NOT NULL
) STRICT;

-- Secrets of this server itself, made once.
CREATE TABLE keys (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

-- What the last check of each connection found it may do.
CREATE TABLE grants (
  connection TEXT NOT NULL PRIMARY KEY,
  scopes     TEXT,                          -- JSON list; NULL where they cannot be read
  checked_at TEXT NOT NULL
) STRICT;
