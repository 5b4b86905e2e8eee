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

-- Genuine requests of a burst: kept as they came, and read when it is over.
CREATE TABLE unread (
  id          TEXT    NOT NULL PRIMARY KEY, -- of the request, also once it is among the raw bodies
  source      TEXT    NOT NULL,
  endpoint    TEXT    NOT NULL,
  received_at REAL    NOT NULL,
  verified    TEXT    NOT NULL,             -- JSON: what makes it genuine
  sealed      BLOB    NOT NULL              -- headers and body
) STRICT;
