-- Undoes 0001_init.sql: an empty database is left.
DROP TABLE audit;
DROP TABLE timeline;
DROP TABLE artifact;
DROP TABLE serving;
DROP TABLE token;
DROP TABLE host;
DROP TABLE component_lock;
DROP TABLE decision;
DROP TABLE plan_slice;
DROP TABLE plan;
DROP TABLE request_key;
DROP TABLE source;
DROP TABLE deployment;
DROP TABLE lease;
