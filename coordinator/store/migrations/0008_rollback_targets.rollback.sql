ALTER TABLE approval DROP COLUMN verify;
ALTER TABLE approval DROP COLUMN inverse;
ALTER TABLE approval DROP COLUMN target;
