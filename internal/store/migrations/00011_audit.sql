-- The audit trail: who changed or was denied what. Each row has a MAC of all of its columns and
-- of the MAC of the row before, under a key that is not in the database.

-- +goose Up

CREATE TABLE audit_events (
    sid           TEXT   NOT NULL PRIMARY KEY,
    account_sid   TEXT   NOT NULL REFERENCES accounts (sid),
    -- From 1 on in each account, without a gap.
    sequence      BIGINT NOT NULL,
    date_created  BIGINT NOT NULL,
    user_sid      TEXT   NOT NULL,
    client_sid    TEXT   NOT NULL,
    session_id    TEXT   NOT NULL,
    agent         TEXT   NOT NULL,
    coordinate    TEXT   NOT NULL,
    permission    TEXT   NOT NULL,
    action        TEXT   NOT NULL,
    decision      TEXT   NOT NULL CHECK (decision IN ('ALLOWED', 'DENIED')),
    outcome       TEXT   NOT NULL CHECK (outcome IN ('DONE', 'REFUSED', 'FAILED', 'INTENT', 'UNKNOWN', 'DROPPED')),
    code          TEXT   NOT NULL,
    -- How many equal events this one stands for.
    count         BIGINT NOT NULL,
    request_id    TEXT   NOT NULL,
    resource_type TEXT   NOT NULL,
    resource_sid  TEXT   NOT NULL,
    -- The names of the fields that were changed, with commas between them.
    fields        TEXT   NOT NULL,
    key_id        TEXT   NOT NULL,
    mac           TEXT   NOT NULL,
    UNIQUE (account_sid, sequence)
);
CREATE INDEX audit_events_list ON audit_events (account_sid, date_created, sid);
CREATE INDEX audit_events_user_sid ON audit_events (account_sid, user_sid, date_created, sid);
CREATE INDEX audit_events_client_sid ON audit_events (account_sid, client_sid, date_created, sid);
CREATE INDEX audit_events_coordinate ON audit_events (account_sid, coordinate, date_created, sid);
CREATE INDEX audit_events_decision ON audit_events (account_sid, decision, date_created, sid);
CREATE INDEX audit_events_resource_sid ON audit_events (account_sid, resource_sid, date_created, sid);

-- Where each account's trail ends, with a MAC of its own, so that what is cut off there shows.
CREATE TABLE audit_heads (
    account_sid TEXT   NOT NULL PRIMARY KEY REFERENCES accounts (sid),
    sequence    BIGINT NOT NULL,
    mac         TEXT   NOT NULL,
    key_id      TEXT   NOT NULL,
    seal        TEXT   NOT NULL
);
