-- What services are configured with and nobody may read. The value is sealed with a key that is not in the store.
CREATE TABLE secret (
  environment     TEXT    NOT NULL,
  name            TEXT    NOT NULL,
  version         INTEGER NOT NULL,  -- counts up from 1, also over a removal
  sealed          BLOB    NOT NULL,  -- nonce and AES-256-GCM ciphertext, bound to the three above; empty: removed
  created_by      TEXT    NOT NULL,  -- principal
  created_wall_ms INTEGER NOT NULL,
  PRIMARY KEY (environment, name, version)
) STRICT, WITHOUT ROWID;
