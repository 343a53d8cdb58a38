-- What is called when so much was used.

-- +goose Up

CREATE TABLE usage_triggers (
    sid                  TEXT   NOT NULL PRIMARY KEY,
    account_sid          TEXT   NOT NULL REFERENCES accounts (sid),
    friendly_name        TEXT,
    usage_category       TEXT   NOT NULL,
    trigger_by           TEXT   NOT NULL CHECK (trigger_by IN ('COUNT', 'USAGE', 'PRICE')),
    -- In millionths, whatever is counted.
    trigger_value_micros BIGINT NOT NULL CHECK (trigger_value_micros > 0),
    current_value_micros BIGINT NOT NULL,
    recurring            TEXT            CHECK (recurring IN ('DAILY', 'MONTHLY', 'YEARLY')),
    -- Written, and never read by a client: it may hold a password.
    callback_url         TEXT   NOT NULL,
    callback_method      TEXT   NOT NULL CHECK (callback_method IN ('GET', 'POST')),
    date_fired           BIGINT,
    date_created         BIGINT NOT NULL,
    date_updated         BIGINT NOT NULL
);

-- The list, newest first, and its filters.
CREATE INDEX usage_triggers_list ON usage_triggers (account_sid, date_created, sid);
CREATE INDEX usage_triggers_usage_category ON usage_triggers (account_sid, usage_category, date_created, sid);
CREATE INDEX usage_triggers_recurring ON usage_triggers (account_sid, recurring, date_created, sid);
