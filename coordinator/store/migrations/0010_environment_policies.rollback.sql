DROP TABLE environment_policy;
UPDATE source SET options = json_remove(options, '$.lifts') WHERE json_extract(options, '$.lifts') IS NOT NULL;
