-- Calls, messages and alerts.

-- +goose Up

CREATE TABLE calls (
    sid              TEXT   NOT NULL PRIMARY KEY,
    account_sid      TEXT   NOT NULL REFERENCES accounts (sid),
    parent_call_sid  TEXT,
    to_party         TEXT   NOT NULL,
    from_party       TEXT   NOT NULL,
    phone_number_sid TEXT,
    status           TEXT   NOT NULL,
    direction        TEXT   NOT NULL,
    start_time       BIGINT NOT NULL,
    end_time         BIGINT,
    duration         BIGINT,
    queue_time       BIGINT,
    answered_by      TEXT,
    forwarded_from   TEXT,
    caller_name      TEXT,
    price_micros     BIGINT,
    price_unit       TEXT,
    date_created     BIGINT NOT NULL,
    date_updated     BIGINT NOT NULL,
    CHECK ((price_micros IS NULL) = (price_unit IS NULL))
);

-- The list, newest first, and its filters.
CREATE INDEX calls_list ON calls (account_sid, start_time, sid);
CREATE INDEX calls_status ON calls (account_sid, status, start_time, sid);
CREATE INDEX calls_direction ON calls (account_sid, direction, start_time, sid);
CREATE INDEX calls_from ON calls (account_sid, from_party, start_time, sid);
CREATE INDEX calls_to ON calls (account_sid, to_party, start_time, sid);

CREATE TABLE messages (
    sid                   TEXT   NOT NULL PRIMARY KEY,
    account_sid           TEXT   NOT NULL REFERENCES accounts (sid),
    messaging_service_sid TEXT,
    body                  TEXT,
    to_party              TEXT   NOT NULL,
    from_party            TEXT,
    status                TEXT   NOT NULL,
    direction             TEXT   NOT NULL,
    num_segments          BIGINT NOT NULL,
    num_media             BIGINT NOT NULL,
    error_code            BIGINT,
    error_message         TEXT,
    price_micros          BIGINT,
    price_unit            TEXT,
    date_created          BIGINT NOT NULL,
    date_sent             BIGINT,
    date_updated          BIGINT NOT NULL,
    CHECK ((price_micros IS NULL) = (price_unit IS NULL))
);

-- The list, newest first, and its filters.
CREATE INDEX messages_list ON messages (account_sid, date_created, sid);
CREATE INDEX messages_status ON messages (account_sid, status, date_created, sid);
CREATE INDEX messages_direction ON messages (account_sid, direction, date_created, sid);
CREATE INDEX messages_from ON messages (account_sid, from_party, date_created, sid);
CREATE INDEX messages_to ON messages (account_sid, to_party, date_created, sid);

CREATE TABLE alerts (
    sid            TEXT   NOT NULL PRIMARY KEY,
    account_sid    TEXT   NOT NULL REFERENCES accounts (sid),
    log_level      TEXT   NOT NULL,
    error_code     TEXT   NOT NULL,
    alert_text     TEXT   NOT NULL,
    more_info      TEXT,
    resource_sid   TEXT,
    service_sid    TEXT,
    request_method TEXT,
    date_generated BIGINT NOT NULL,
    date_created   BIGINT NOT NULL,
    date_updated   BIGINT NOT NULL
);

-- The list, newest first, and its filters.
CREATE INDEX alerts_list ON alerts (account_sid, date_generated, sid);
CREATE INDEX alerts_log_level ON alerts (account_sid, log_level, date_generated, sid);
CREATE INDEX alerts_error_code ON alerts (account_sid, error_code, date_generated, sid);
