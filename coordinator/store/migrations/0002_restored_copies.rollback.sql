DROP INDEX audit_by_hash;
ALTER TABLE lease DROP COLUMN restored;
