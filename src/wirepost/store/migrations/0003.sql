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
