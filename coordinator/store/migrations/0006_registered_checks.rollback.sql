DROP TABLE registered_check;
