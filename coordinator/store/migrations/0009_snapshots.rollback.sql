-- The version before knows no restores (one that waits is rejected), and reads no defaults that it does not know.
DELETE FROM approval WHERE deployment IN (SELECT id FROM deployment WHERE kind = 3 AND state = 0);
UPDATE deployment SET state = 12 WHERE kind = 3 AND state = 0;
UPDATE source SET options = json_set(options, '$.defaults',
    '' || json_remove(json_extract(options, '$.defaults'), '$.strategy_source', '$.run_migrations'))
  WHERE json_extract(options, '$.defaults') IS NOT NULL;
ALTER TABLE deployment DROP COLUMN snapshot;
DROP TABLE snapshot;
