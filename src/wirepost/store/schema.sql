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

-- What happened elsewhere. A row outlives its content: its keys tell a second delivery for as long as one can come.
CREATE TABLE events (
  seq         INTEGER PRIMARY KEY,          -- order in which they can be read; below 0: not complete yet
  id          TEXT    NOT NULL UNIQUE,
  source      TEXT    NOT NULL,             -- the connection; 'wirepost' for what happened here
  endpoint    TEXT    NOT NULL,             -- of its webhook; '' for what was fetched or happened here
  environment TEXT    NOT NULL,
  type        TEXT    NOT NULL,
  object_id   TEXT,
  received_at REAL    NOT NULL,
  dedupe_key  TEXT    NOT NULL,             -- the provider's id of the event
  body_key    TEXT,                         -- hash of what was signed, place in it; NULL where the id is signed
  is_self     INTEGER NOT NULL,             -- 1: caused by a call of ours
  content     TEXT,                         -- JSON of the event; NULL once it was forgotten
  receipt     TEXT    NOT NULL,             -- JSON: how it came and what proves it
  raw_id      TEXT,                         -- no reference: it is forgotten earlier
  UNIQUE (source, dedupe_key)
) STRICT;
CREATE UNIQUE INDEX events_body ON events (source, body_key) WHERE body_key IS NOT NULL;
CREATE INDEX events_source ON events (source, seq);
CREATE INDEX events_type ON events (type, seq);
CREATE INDEX events_object ON events (object_id, seq);
CREATE INDEX events_received ON events (received_at);

-- Requests as they came, for a short time.
CREATE TABLE raw_bodies (
  id          TEXT    NOT NULL PRIMARY KEY,
  received_at REAL    NOT NULL,
  sealed      BLOB    NOT NULL              -- headers and body
) STRICT;
CREATE INDEX raw_bodies_received ON raw_bodies (received_at);

-- Genuine requests of a burst: kept as they came, and read when it is over.
CREATE TABLE unread (
  id          TEXT    NOT NULL PRIMARY KEY, -- of the request, also once it is among the raw bodies
  source      TEXT    NOT NULL,
  endpoint    TEXT    NOT NULL,
  received_at REAL    NOT NULL,
  verified    TEXT    NOT NULL,             -- JSON: what makes it genuine
  sealed      BLOB    NOT NULL              -- headers and body
) STRICT;

-- Genuine requests that brought nothing new.
CREATE TABLE receipts (
  event_id TEXT NOT NULL,
  at       REAL NOT NULL,
  outcome  TEXT NOT NULL CHECK (outcome IN ('duplicate', 'same_body')),
  details  TEXT NOT NULL                    -- JSON: endpoint, headers that count attempts
) STRICT;
CREATE INDEX receipts_event ON receipts (event_id);
CREATE INDEX receipts_at ON receipts (at);

-- Genuine requests, or items of them, that could not be read.
CREATE TABLE dead_letters (
  id          TEXT NOT NULL PRIMARY KEY,
  source      TEXT NOT NULL,
  endpoint    TEXT NOT NULL,
  received_at REAL NOT NULL,
  body_key    TEXT NOT NULL,
  reason      TEXT NOT NULL,
  raw_id      TEXT NOT NULL,
  verified    TEXT NOT NULL,                -- JSON: what made the request genuine
  settled_at  REAL,                         -- when it was read after all, or given up
  UNIQUE (source, body_key)
) STRICT;
CREATE INDEX dead_letters_received ON dead_letters (received_at);
CREATE INDEX dead_letters_open ON dead_letters (received_at, id) WHERE settled_at IS NULL;

-- Webhooks that were set up at a provider, and secrets that came with it.
CREATE TABLE endpoints (
  source     TEXT NOT NULL,
  endpoint   TEXT NOT NULL,
  remote_id  TEXT,                          -- the provider's id of the subscription
  url        TEXT,
  secrets    TEXT,                          -- sealed JSON: secrets with label and time, newest first
  details    TEXT NOT NULL,                 -- JSON
  changed_at REAL NOT NULL,
  PRIMARY KEY (source, endpoint)
) STRICT;

-- What our own calls have written lately; an event about it is not news.
CREATE TABLE own_writes (
  source    TEXT NOT NULL,
  marker    TEXT NOT NULL,                  -- id of the object, or what we left in it
  intent_id TEXT NOT NULL,
  at        REAL NOT NULL,
  hops      INTEGER NOT NULL,               -- events that led to it, one after the other
  PRIMARY KEY (source, marker)
) STRICT;
CREATE INDEX own_writes_at ON own_writes (at);

-- Callers who have lately read events, or what outsiders wrote elsewhere.
CREATE TABLE taints (
  caller   TEXT    NOT NULL PRIMARY KEY,
  origin   TEXT    NOT NULL,                -- id of an event, or name of the tool whose result it was
  until_at REAL    NOT NULL,                -- so long it may act on what outsiders wrote; 0: it read none of that
  hops     INTEGER NOT NULL,                -- events that led to what it does now, one after the other
  read_at  REAL    NOT NULL
) STRICT;

-- Who wants to know of which events, and how far they were told.
CREATE TABLE subscriptions (
  id         TEXT    NOT NULL PRIMARY KEY,
  owner      TEXT    NOT NULL,              -- id of a caller; 'operator' for those of the configuration
  name       TEXT    NOT NULL,
  filter     TEXT    NOT NULL,              -- JSON
  options    TEXT    NOT NULL,              -- JSON
  target     TEXT,                          -- sealed JSON: address and secrets of a client that is called back
  position   INTEGER NOT NULL,              -- events up to this one have been matched
  truncated  INTEGER NOT NULL,              -- 1: events were left out, and nobody was told yet
  created_at REAL    NOT NULL,
  expires_at REAL,
  UNIQUE (owner, name)
) STRICT;

-- One event for one subscription on one way to it.
CREATE TABLE deliveries (
  subscription TEXT    NOT NULL,
  sink         TEXT    NOT NULL,            -- 'pull', or the name of a sink
  seq          INTEGER NOT NULL,
  copy         INTEGER NOT NULL,            -- 0, or the number of the replay
  state        TEXT    NOT NULL CHECK (state IN ('pending', 'offered', 'done', 'dead', 'dropped')),
  attempt      INTEGER NOT NULL,
  due_at       REAL    NOT NULL,            -- when it may be offered; while it is offered, when that ends
  holder       TEXT,                        -- who has it; writes of others change nothing
  group_key    TEXT,                        -- events with the same one are merged while they wait
  merged       INTEGER NOT NULL,            -- how many stand behind this one
  created_at   REAL    NOT NULL,
  pushed_at    REAL,
  fetched_at   REAL,
  ended_at     REAL,
  reason       TEXT,
  PRIMARY KEY (subscription, sink, seq, copy)
) STRICT;
CREATE INDEX deliveries_open ON deliveries (subscription, sink, seq) WHERE state IN ('pending', 'offered');
CREATE INDEX deliveries_due ON deliveries (sink, due_at) WHERE state IN ('pending', 'offered');
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX deliveries_seq ON deliveries (seq);
CREATE INDEX deliveries_dead ON deliveries (subscription, seq) WHERE state = 'dead';
CREATE INDEX deliveries_group ON deliveries (subscription, sink, group_key) WHERE group_key IS NOT NULL;

-- Every try to bring a delivery to its sink.
CREATE TABLE delivery_attempts (
  subscription TEXT    NOT NULL,
  sink         TEXT    NOT NULL,
  seq          INTEGER NOT NULL,
  copy         INTEGER NOT NULL,
  attempt      INTEGER NOT NULL,
  at           REAL    NOT NULL,
  took_s       REAL    NOT NULL,
  outcome      TEXT    NOT NULL,
  details      TEXT    NOT NULL,            -- JSON
  PRIMARY KEY (subscription, sink, seq, copy, attempt)
) STRICT;
CREATE INDEX delivery_attempts_at ON delivery_attempts (at);

-- How often something was pushed or started in a period that began with the first.
CREATE TABLE wakes (
  name       TEXT    NOT NULL PRIMARY KEY,
  started_at REAL    NOT NULL,
  used       INTEGER NOT NULL
) STRICT;

-- What is to be done in the background, by one process at a time.
CREATE TABLE work (
  kind       TEXT    NOT NULL,
  key        TEXT    NOT NULL,
  details    TEXT    NOT NULL,              -- JSON
  state      TEXT    NOT NULL CHECK (state IN ('waiting', 'dead')),
  attempt    INTEGER NOT NULL,
  due_at     REAL    NOT NULL,              -- when it begins; while it runs, when its lease ends
  every_s    REAL,                          -- comes again so long after it was done
  holder     TEXT,
  reason     TEXT,                          -- why the last attempt failed
  created_at REAL    NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT;
CREATE INDEX work_due ON work (due_at) WHERE state = 'waiting';

-- Work that outlives the call that started it; a row is there before its handle is returned.
CREATE TABLE jobs (
  id              TEXT    NOT NULL PRIMARY KEY,
  owner           TEXT    NOT NULL,         -- the caller who may see it
  kind            TEXT    NOT NULL,
  connection      TEXT    NOT NULL,         -- '' for what runs here
  environment     TEXT    NOT NULL,
  tool            TEXT    NOT NULL,         -- that started it; '' for one that was adopted
  intent          TEXT    UNIQUE,           -- of the ledger: one business action starts one job
  provider_id     TEXT,
  status          TEXT    NOT NULL CHECK (status IN ('queued', 'running', 'waiting_input', 'waiting_approval',
                    'succeeded', 'partial', 'failed', 'cancelling', 'cancelled', 'expired', 'unknown')),
  provider_status TEXT,
  done            INTEGER,
  total           INTEGER,
  details         TEXT    NOT NULL,         -- JSON: what its kind needs
  error           TEXT,                     -- JSON
  usage           TEXT,                     -- JSON
  warnings        TEXT    NOT NULL,         -- JSON
  file            TEXT,                     -- the copied result
  poll_after_s    REAL    NOT NULL,
  failed_looks    INTEGER NOT NULL,         -- one after the other
  missing_since   REAL,                     -- since when the provider does not know it
  version         INTEGER NOT NULL,         -- counts changes: who has read an older one changes nothing
  created_at      REAL    NOT NULL,
  started_at      REAL,
  changed_at      REAL    NOT NULL,
  ended_at        REAL,
  expires_at      REAL,
  UNIQUE (connection, kind, provider_id)
) STRICT;
CREATE INDEX jobs_owner ON jobs (owner, created_at);
CREATE INDEX jobs_open ON jobs (kind, status) WHERE ended_at IS NULL;
CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL;

-- Results and inputs of jobs, cut into parts at the ends of rows.
CREATE TABLE files (
  id         TEXT    NOT NULL PRIMARY KEY,
  owner      TEXT    NOT NULL,
  name       TEXT    NOT NULL,
  rows       INTEGER NOT NULL,
  size       INTEGER NOT NULL,              -- bytes
  sha256     TEXT    NOT NULL,
  created_at REAL    NOT NULL,
  expires_at REAL    NOT NULL
) STRICT;
CREATE INDEX files_expire ON files (expires_at);
CREATE TABLE file_parts (
  file      TEXT    NOT NULL,
  part      INTEGER NOT NULL,
  first_row INTEGER NOT NULL,
  content   BLOB    NOT NULL,               -- lines of JSON
  PRIMARY KEY (file, part)
) STRICT;

-- What models have cost, by day.
CREATE TABLE ai_usage (
  day           TEXT    NOT NULL,
  connection    TEXT    NOT NULL,
  model         TEXT    NOT NULL,
  alias         TEXT    NOT NULL,           -- '' where the model was named itself
  requests      INTEGER NOT NULL,
  input_tokens  INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost_nano     INTEGER NOT NULL,           -- estimated: 10^-9 US dollars
  PRIMARY KEY (day, connection, model, alias)
) STRICT;

-- Answers worth keeping for a while.
CREATE TABLE cached (
  key        TEXT NOT NULL PRIMARY KEY,
  content    BLOB NOT NULL,
  expires_at REAL NOT NULL
) STRICT;
CREATE INDEX cached_expire ON cached (expires_at);
