-- What the file of an environment asked for when it was last deployed: it holds for whoever leaves the file out.
CREATE TABLE environment_policy (
  environment     TEXT    NOT NULL PRIMARY KEY,
  require_mfa     INTEGER NOT NULL,
  encrypt_at_rest INTEGER NOT NULL,
  deployment      TEXT    NOT NULL  -- whose file said so
) STRICT;
-- What was deployed before this version remembered it: of each environment the newest that was committed with its file.
INSERT INTO environment_policy (environment, require_mfa, encrypt_at_rest, deployment)
  SELECT environment, coalesce(json_extract(configuration, '$.require_mfa'), 0),
         coalesce(json_extract(configuration, '$.encrypt_at_rest'), 0), id
    FROM (SELECT deployment.environment AS environment, deployment.id AS id,
                 json_extract(source.options, '$.configuration') AS configuration, max(deployment.number)
            FROM deployment JOIN source ON source.deployment = deployment.id
           WHERE deployment.state = 7 AND deployment.kind = 0
             AND json_extract(source.options, '$.configuration') IS NOT NULL
           GROUP BY deployment.environment);
