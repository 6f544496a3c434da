ALTER TABLE deployment DROP COLUMN failures;
