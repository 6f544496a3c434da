-- What went wrong in a deployment, and what was done upon it: JSON list, the first ones.
ALTER TABLE deployment ADD COLUMN failures TEXT NOT NULL DEFAULT '[]';
