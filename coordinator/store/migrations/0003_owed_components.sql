-- A host may be behind a deployment with some of its components only. JSON object: host -> list of components.
ALTER TABLE deployment ADD COLUMN deferred_components TEXT NOT NULL DEFAULT '{}';
-- What a rollback or a convergence was asked for: JSON list of components; empty: all.
ALTER TABLE deployment ADD COLUMN components TEXT NOT NULL DEFAULT '[]';
-- The id of the token that alone may bind the name of a replaced machine anew; empty: any.
ALTER TABLE host ADD COLUMN only_token TEXT NOT NULL DEFAULT '';
