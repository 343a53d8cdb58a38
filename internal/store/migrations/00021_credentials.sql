-- The account's auth token, and what a webhook was sent and answered.

-- +goose Up

-- The SHA-256 of the auth token, in hexadecimal, and when it was made; NULL until it is first rotated: before that nobody has
-- been shown one.
ALTER TABLE accounts ADD COLUMN auth_token_hash TEXT;
ALTER TABLE accounts ADD COLUMN auth_token_rotated BIGINT
    CHECK ((auth_token_rotated IS NULL) = (auth_token_hash IS NULL));

-- NULL where an alert is about no webhook, or nothing was sent or answered.
ALTER TABLE alerts ADD COLUMN request_url TEXT;
ALTER TABLE alerts ADD COLUMN request_variables TEXT;
ALTER TABLE alerts ADD COLUMN request_headers TEXT;
ALTER TABLE alerts ADD COLUMN response_headers TEXT;
ALTER TABLE alerts ADD COLUMN response_body TEXT;
