-- What ran under one name in one environment at some time. A row never changes.
CREATE TABLE snapshot (
  number          INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of creation; clocks may jump, this does not
  id              TEXT    NOT NULL UNIQUE,  -- s-<16 hexadecimal digits>
  environment     TEXT    NOT NULL,
  name            TEXT    NOT NULL,         -- metadata.name of the manifests
  author          TEXT    NOT NULL,         -- principal
  reason          TEXT    NOT NULL,
  created_wall_ms INTEGER NOT NULL,
  places          TEXT    NOT NULL,         -- JSON list: what each host said of each component
  checksum        TEXT    NOT NULL          -- SHA-256 over all of the above
) STRICT;
-- Kind restore: the snapshot that is brought back.
ALTER TABLE deployment ADD COLUMN snapshot TEXT NOT NULL DEFAULT '';
