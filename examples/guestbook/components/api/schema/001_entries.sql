-- Release 1.0.0. The request id makes that an entry is added once, however often its request is carried out.
CREATE TABLE IF NOT EXISTS entries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  request_id text NOT NULL UNIQUE,
  author text NOT NULL,
  message text NOT NULL
);
