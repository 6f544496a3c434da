ALTER TABLE host DROP COLUMN only_token;
ALTER TABLE deployment DROP COLUMN components;
ALTER TABLE deployment DROP COLUMN deferred_components;
