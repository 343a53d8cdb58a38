-- The audit trail: who changed or was denied what.

-- +goose Up

CREATE TABLE audit_events (
    account_sid   TEXT   NOT NULL REFERENCES accounts (sid),
    sequence      BIGINT NOT NULL,
    sid           TEXT   NOT NULL UNIQUE,
    date_created  BIGINT NOT NULL,
    user_sid      TEXT   NOT NULL,
    client_sid    TEXT   NOT NULL,
    session_id    TEXT   NOT NULL,
    agent         TEXT   NOT NULL,
    coordinate    TEXT   NOT NULL,
    permission    TEXT   NOT NULL,
    action        TEXT   NOT NULL,
    decision      TEXT   NOT NULL,
    request_id    TEXT   NOT NULL,
    resource_type TEXT   NOT NULL,
    resource_sid  TEXT   NOT NULL,
    -- The names of the fields that were changed, with commas between them.
    fields        TEXT   NOT NULL,
    PRIMARY KEY (account_sid, sequence)
);
