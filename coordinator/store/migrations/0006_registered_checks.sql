-- Health checks that are known by name, and run when somebody asks.
CREATE TABLE registered_check (
  environment        TEXT    NOT NULL,
  name               TEXT    NOT NULL,
  probe              BLOB    NOT NULL,  -- as a plan holds it
  tags               TEXT    NOT NULL,  -- JSON list
  component          TEXT    NOT NULL,  -- only where this serves; empty: everywhere
  hosts              TEXT    NOT NULL,  -- JSON list; only on these; empty: on all
  registered_by      TEXT    NOT NULL,  -- principal
  registered_wall_ms INTEGER NOT NULL,
  PRIMARY KEY (environment, name)
) STRICT;
