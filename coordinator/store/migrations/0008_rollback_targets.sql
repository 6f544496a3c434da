-- Where a rollback that waits for approval leads, as it was asked for: what the hosts serve does not tell it for certain.
ALTER TABLE approval ADD COLUMN target  TEXT    NOT NULL DEFAULT '';  -- deployment; empty: what served before
ALTER TABLE approval ADD COLUMN inverse INTEGER NOT NULL DEFAULT 1;   -- 1: it only undoes
ALTER TABLE approval ADD COLUMN verify  INTEGER NOT NULL DEFAULT 0;   -- 1: what comes back is verified
