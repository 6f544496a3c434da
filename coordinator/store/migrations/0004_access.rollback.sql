DROP TABLE totp;
DROP TABLE approval;
DROP TABLE api_token;
