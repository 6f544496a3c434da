-- Who may do what. Rights to use the API; the token itself is nowhere, only its digest.
CREATE TABLE api_token (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  id              TEXT    NOT NULL UNIQUE,  -- the first 12 digits of the digest
  digest          TEXT    NOT NULL UNIQUE,  -- SHA-256 of the token, 64 hexadecimal digits
  name            TEXT    NOT NULL,         -- whose it is
  kind            INTEGER NOT NULL,         -- access::Kind
  role            INTEGER NOT NULL,         -- access::Role
  environment     TEXT    NOT NULL,         -- a name, or *
  created_by      TEXT    NOT NULL,         -- principal
  created_wall_ms INTEGER NOT NULL,
  expires_wall_ms INTEGER NOT NULL,
  revoked_wall_ms INTEGER NOT NULL          -- 0: not revoked
) STRICT;

-- What is asked of the approvers of an environment. A row that is not waiting any more never changes.
CREATE TABLE approval (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,
  deployment      TEXT    NOT NULL UNIQUE REFERENCES deployment (id),
  environment     TEXT    NOT NULL,
  plan_hash       TEXT    NOT NULL,  -- of exactly this plan
  author          TEXT    NOT NULL,  -- principal
  needed          INTEGER NOT NULL,  -- distinct approvers
  created_wall_ms INTEGER NOT NULL,
  expires_wall_ms INTEGER NOT NULL,
  state           INTEGER NOT NULL,  -- model::ApprovalState; 0: waiting
  votes           TEXT    NOT NULL,  -- JSON list
  left_out        TEXT    NOT NULL,  -- JSON list; rollback: hosts that it was asked to leave out
  to_nothing      INTEGER NOT NULL   -- rollback: 1: services may be taken away
) STRICT;

-- Authenticator apps. The secret is nowhere: it is derived from the plan key and the salt.
CREATE TABLE totp (
  person           TEXT    NOT NULL PRIMARY KEY,  -- without the way in which he came: ann
  salt             TEXT    NOT NULL,
  enrolled_wall_ms INTEGER NOT NULL,
  last_step        INTEGER NOT NULL               -- of the newest code that counted; it counts once
) STRICT;
