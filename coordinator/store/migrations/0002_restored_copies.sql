-- 1: this is a copy that was put in the place of a newer store, and what hosts know is to be read back first.
ALTER TABLE lease ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
-- Hosts say which head of the audit chain they were told last; each is looked up when its agent connects.
CREATE UNIQUE INDEX audit_by_hash ON audit (hash);
