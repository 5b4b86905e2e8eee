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

-- Who is behind each connection: what is known of the account and, where a person connected it, its tokens.
CREATE TABLE accounts (
  id                 TEXT    NOT NULL PRIMARY KEY,
  connection         TEXT    NOT NULL,
  owner              TEXT    NOT NULL,      -- 'shared', or the id of the caller to whom it belongs
  part               TEXT    NOT NULL,      -- 'main', or what else one consent gives (Slack: 'user')
  state              TEXT    NOT NULL CHECK (state IN ('active', 'degraded', 'needs_reauth', 'revoking')),
  reason             TEXT,                  -- why it is not active
  account_key        TEXT,                  -- the provider's lasting id of the account
  account_label      TEXT,                  -- its name for people
  address            TEXT,                  -- of its API, where the provider gives each account its own
  scopes_requested   TEXT,                  -- JSON list
  scopes_granted     TEXT,                  -- JSON list; NULL where they cannot be read
  checked_at         REAL,                  -- when the provider last said so
  tokens             TEXT,                  -- sealed JSON; NULL where a key in the configuration is used
  generation         INTEGER NOT NULL,      -- counts the tokens; a newer one is never overwritten by an older
  expires_at         REAL,                  -- of the access token
  refresh_at         REAL,                  -- when it is renewed ahead of that
  refresh_expires_at REAL,                  -- of the refresh token, where the provider tells
  connected_at       REAL,
  refreshed_at       REAL,
  failed_at          REAL,
  failures           INTEGER NOT NULL,      -- in a row
  UNIQUE (connection, owner, part)
) STRICT;

-- Consents under way in a browser, each used once.
CREATE TABLE flows (
  state_hash  TEXT NOT NULL PRIMARY KEY,    -- SHA-256 of `state`
  connection  TEXT NOT NULL,
  owner       TEXT NOT NULL,
  details     TEXT NOT NULL,                -- sealed JSON
  cookie_hash TEXT,                         -- SHA-256; NULL where no browser of ours began it
  created_at  REAL NOT NULL
) STRICT;
CREATE INDEX flows_created ON flows (created_at);

-- Links that lead a person to the page where an account is connected, each used once.
CREATE TABLE links (
  id_hash    TEXT NOT NULL PRIMARY KEY,     -- SHA-256 of the id in the address
  connection TEXT NOT NULL,
  owner      TEXT NOT NULL,
  scopes     TEXT NOT NULL,                 -- JSON list of what is asked for besides what was granted
  created_at REAL NOT NULL
) STRICT;
CREATE INDEX links_created ON links (created_at);

-- Named locks across processes, which end by themselves.
CREATE TABLE leases (
  name     TEXT NOT NULL PRIMARY KEY,
  holder   TEXT NOT NULL,
  until_at REAL NOT NULL                    -- by the clock of the database
) STRICT;

-- The last transaction of each process that writes to PostgreSQL: was a commit stored whose answer was lost?
CREATE TABLE commits (
  writer TEXT    NOT NULL PRIMARY KEY,
  number INTEGER NOT NULL,
  at     REAL    NOT NULL
) STRICT;

-- Tokens of callers, for servers that have no issuer.
CREATE TABLE caller_tokens (
  id           TEXT NOT NULL PRIMARY KEY,
  name         TEXT NOT NULL UNIQUE,
  sha256       TEXT NOT NULL UNIQUE,        -- of the token, which is kept nowhere
  scopes       TEXT,                        -- JSON list; NULL: everything
  created_at   REAL NOT NULL,
  expires_at   REAL,
  last_used_at REAL,
  revoked_at   REAL
) STRICT;
