-- Release 2.0.0. Columns are only added, each with a default: release 1.0.0 goes on writing without them.
ALTER TABLE entries
  ADD COLUMN IF NOT EXISTS mood text NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now();
