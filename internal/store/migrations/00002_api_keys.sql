-- API keys, and which creates have been made already.

-- +goose Up

CREATE TABLE api_keys (
    sid           TEXT   NOT NULL PRIMARY KEY,
    account_sid   TEXT   NOT NULL REFERENCES accounts (sid),
    friendly_name TEXT   NOT NULL,
    -- SHA-256 in hexadecimal. The secret itself is random and long enough not to need more.
    secret_hash   TEXT   NOT NULL,
    date_created  BIGINT NOT NULL,
    date_updated  BIGINT NOT NULL
);

-- The list, newest first, and its filter.
CREATE INDEX api_keys_list ON api_keys (account_sid, date_created, sid);
CREATE INDEX api_keys_friendly_name ON api_keys (account_sid, friendly_name, date_created, sid);

CREATE TABLE idempotency_keys (
    account_sid     TEXT   NOT NULL REFERENCES accounts (sid),
    principal       TEXT   NOT NULL,
    mutation        TEXT   NOT NULL,
    idempotency_key TEXT   NOT NULL,
    -- SHA-256 in hexadecimal of the input that the key was first used with.
    input_hash      TEXT   NOT NULL,
    resource_sid    TEXT   NOT NULL,
    date_created    BIGINT NOT NULL,
    PRIMARY KEY (account_sid, principal, mutation, idempotency_key)
);
