-- The coordinator's durable truth. A migration is never edited once released: write the next one.
-- Times are milliseconds since 1970. Names are those of coordinator/model.

-- One row: who may write. Every transaction begins by touching it with its own epoch; no row touched means that another
-- coordinator has taken over.
CREATE TABLE lease (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  epoch    INTEGER NOT NULL,            -- grows by one with every start of a coordinator; agents refuse a smaller one
  holder   TEXT    NOT NULL,            -- host and process that took it, for people
  plan_seq INTEGER NOT NULL,            -- number of the newest plan; agents refuse an older plan
  commits  INTEGER NOT NULL DEFAULT 0   -- transactions so far, in all epochs
) STRICT;
INSERT INTO lease (id, epoch, holder, plan_seq) VALUES (1, 0, '', 0);

CREATE TABLE deployment (
  number           INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of creation; clocks may jump, this does not
  id               TEXT    NOT NULL UNIQUE,  -- d-<16 hexadecimal digits>
  kind             INTEGER NOT NULL,         -- model::DeploymentKind
  rollback_of      TEXT    NOT NULL,         -- kind rollback: the deployment that it undoes
  name             TEXT    NOT NULL,         -- metadata.name of the manifest
  environment      TEXT    NOT NULL,
  state            INTEGER NOT NULL,         -- model::DeploymentState; written before a message of that state leaves
  finished         INTEGER NOT NULL,         -- 1: state is final, nothing will happen any more
  reason           TEXT    NOT NULL,
  author           TEXT    NOT NULL,         -- principal
  plan_hash        TEXT    NOT NULL,
  version          TEXT    NOT NULL,
  created_wall_ms  INTEGER NOT NULL,
  updated_wall_ms  INTEGER NOT NULL,
  finished_wall_ms INTEGER NOT NULL,
  deferred         TEXT    NOT NULL,         -- JSON list of hosts left out for now
  gone             TEXT    NOT NULL,         -- JSON list of hosts that a person declared gone
  resumed          INTEGER NOT NULL
) STRICT;
CREATE INDEX deployment_unfinished ON deployment (number) WHERE finished = 0;

-- What was asked for, so that a plan for one more host can be made later.
CREATE TABLE source (
  deployment  TEXT NOT NULL PRIMARY KEY REFERENCES deployment (id),
  manifest    TEXT NOT NULL,   -- YAML as it came
  file_name   TEXT NOT NULL,
  environment TEXT NOT NULL,
  artifacts   TEXT NOT NULL,   -- JSON object: component -> release id
  options     TEXT NOT NULL    -- JSON object of the flags
) STRICT;

-- An idempotency key never starts a second deployment.
CREATE TABLE request_key (
  key        TEXT NOT NULL PRIMARY KEY,
  deployment TEXT NOT NULL REFERENCES deployment (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan (
  deployment  TEXT NOT NULL PRIMARY KEY REFERENCES deployment (id),
  name        TEXT NOT NULL,
  environment TEXT NOT NULL,
  hash        TEXT NOT NULL,
  header      BLOB NOT NULL,   -- encoded protocol::PlanHeader: what the signature covers
  signature   BLOB NOT NULL,   -- Ed25519
  nodes       TEXT NOT NULL,   -- JSON, model::PlanNode
  settings    TEXT NOT NULL    -- JSON, model::PlanSettings
) STRICT;
CREATE TABLE plan_slice (
  deployment TEXT NOT NULL REFERENCES plan (deployment),
  host       TEXT NOT NULL,
  slice      BLOB NOT NULL,    -- encoded protocol::PlanSlice, byte for byte what the agent gets
  PRIMARY KEY (deployment, host)
) STRICT;

-- At most one row per deployment, and it never changes (invariant I1).
CREATE TABLE decision (
  deployment TEXT    NOT NULL PRIMARY KEY REFERENCES deployment (id),
  decision   INTEGER NOT NULL  -- model::Decision
) STRICT;

-- The right to change a component on a host (invariant I7).
CREATE TABLE component_lock (
  host       TEXT NOT NULL,
  component  TEXT NOT NULL,
  deployment TEXT NOT NULL REFERENCES deployment (id),
  PRIMARY KEY (host, component)
) STRICT;
CREATE INDEX component_lock_deployment ON component_lock (deployment);

CREATE TABLE host (
  id                TEXT    NOT NULL PRIMARY KEY,
  public_key        TEXT    NOT NULL,  -- Z85 of the agent's CURVE key; empty: not enrolled
  revoked           INTEGER NOT NULL,
  removed           INTEGER NOT NULL,  -- tombstone: no token binds this name again
  labels            TEXT    NOT NULL,  -- JSON object
  enrolled_wall_ms  INTEGER NOT NULL,
  last_seen_wall_ms INTEGER NOT NULL,
  agent_version     TEXT    NOT NULL
) STRICT;

-- One-use rights to enrol. The token itself is nowhere: only the public half of the key derived from it.
CREATE TABLE token (
  id              TEXT    NOT NULL PRIMARY KEY,
  public_key      TEXT    NOT NULL UNIQUE,
  host_pattern    TEXT    NOT NULL,  -- name, prefix-*, or empty for any
  expires_wall_ms INTEGER NOT NULL,
  used_wall_ms    INTEGER NOT NULL,  -- 0: unused
  used_by         TEXT    NOT NULL
) STRICT;

-- What was last committed for a component on a host.
CREATE TABLE serving (
  host             TEXT    NOT NULL,
  environment      TEXT    NOT NULL,
  component        TEXT    NOT NULL,
  kind             INTEGER NOT NULL,  -- protocol::OldKind
  slot             TEXT    NOT NULL,
  release          TEXT    NOT NULL,
  unit             TEXT    NOT NULL,
  previous_kind    INTEGER NOT NULL,
  previous_slot    TEXT    NOT NULL,
  previous_release TEXT    NOT NULL,
  previous_unit    TEXT    NOT NULL,
  deployment       TEXT    NOT NULL,
  version          TEXT    NOT NULL,
  PRIMARY KEY (host, environment, component)
) STRICT;

-- Complete, verified artifacts. Their bytes are files (coordinator/fleet/artifact_store).
CREATE TABLE artifact (
  release         TEXT    NOT NULL PRIMARY KEY,
  component       TEXT    NOT NULL,
  version         TEXT    NOT NULL,
  bytes           INTEGER NOT NULL,
  created_wall_ms INTEGER NOT NULL
) STRICT;

-- Each deployment's history, for people. seq is 1, 2, 3 ... within a deployment.
CREATE TABLE timeline (
  deployment TEXT    NOT NULL REFERENCES deployment (id),
  seq        INTEGER NOT NULL,
  wall_ms    INTEGER NOT NULL,
  host       TEXT    NOT NULL,
  component  TEXT    NOT NULL,
  what       TEXT    NOT NULL,
  state      TEXT    NOT NULL,
  text       TEXT    NOT NULL,
  fields     TEXT    NOT NULL,  -- JSON object
  PRIMARY KEY (deployment, seq)
) STRICT, WITHOUT ROWID;

-- Append-only. hash = SHA-256(previous hash, seq, every column), see coordinator/store/audit_chain.hpp.
CREATE TABLE audit (
  seq       INTEGER NOT NULL PRIMARY KEY,
  wall_ms   INTEGER NOT NULL,
  principal TEXT    NOT NULL,  -- who
  operation TEXT    NOT NULL,  -- what
  object    TEXT    NOT NULL,  -- on what
  reason    TEXT    NOT NULL,
  origin    TEXT    NOT NULL,  -- from where
  success   INTEGER NOT NULL,
  details   TEXT    NOT NULL,  -- JSON object
  hash      TEXT    NOT NULL
) STRICT;
CREATE TRIGGER audit_is_append_only_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_append_only_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
