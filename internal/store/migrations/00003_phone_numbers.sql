-- Phone numbers.

-- +goose Up

CREATE TABLE phone_numbers (
    sid                    TEXT    NOT NULL PRIMARY KEY,
    account_sid            TEXT    NOT NULL REFERENCES accounts (sid),
    phone_number           TEXT    NOT NULL,
    friendly_name          TEXT    NOT NULL,
    voice_capable          BOOLEAN NOT NULL,
    sms_capable            BOOLEAN NOT NULL,
    mms_capable            BOOLEAN NOT NULL,
    fax_capable            BOOLEAN NOT NULL,
    origin                 TEXT    NOT NULL,
    status                 TEXT    NOT NULL,
    beta                   BOOLEAN NOT NULL,
    address_requirements   TEXT    NOT NULL,
    address_sid            TEXT,
    bundle_sid             TEXT,
    voice_application_sid  TEXT,
    voice_caller_id_lookup BOOLEAN NOT NULL,
    voice_url              TEXT,
    voice_method           TEXT,
    voice_fallback_url     TEXT,
    voice_fallback_method  TEXT,
    sms_application_sid    TEXT,
    sms_url                TEXT,
    sms_method             TEXT,
    sms_fallback_url       TEXT,
    sms_fallback_method    TEXT,
    status_callback        TEXT,
    status_callback_method TEXT,
    trunk_sid              TEXT,
    date_created           BIGINT  NOT NULL,
    date_updated           BIGINT  NOT NULL
);

-- The list, in the order of the SIDs, and its filters.
CREATE INDEX phone_numbers_list ON phone_numbers (account_sid, sid);
CREATE INDEX phone_numbers_phone_number ON phone_numbers (account_sid, phone_number, sid);
CREATE INDEX phone_numbers_friendly_name ON phone_numbers (account_sid, friendly_name, sid);
CREATE INDEX phone_numbers_origin ON phone_numbers (account_sid, origin, sid);
