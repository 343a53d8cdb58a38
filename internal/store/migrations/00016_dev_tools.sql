-- What developers build with: TwiML applications, Studio flows, Functions and the services that hold them.

-- +goose Up

CREATE TABLE applications (
    sid                                TEXT    NOT NULL PRIMARY KEY,
    account_sid                        TEXT    NOT NULL REFERENCES accounts (sid),
    friendly_name                      TEXT    NOT NULL,
    voice_url                          TEXT,
    voice_method                       TEXT    NOT NULL DEFAULT 'POST' CHECK (voice_method IN ('GET', 'POST')),
    voice_fallback_url                 TEXT,
    voice_fallback_method              TEXT    NOT NULL DEFAULT 'POST' CHECK (voice_fallback_method IN ('GET', 'POST')),
    status_callback                    TEXT,
    status_callback_method             TEXT    NOT NULL DEFAULT 'POST' CHECK (status_callback_method IN ('GET', 'POST')),
    voice_caller_id_lookup             BOOLEAN NOT NULL DEFAULT FALSE,
    sms_url                            TEXT,
    sms_method                         TEXT    NOT NULL DEFAULT 'POST' CHECK (sms_method IN ('GET', 'POST')),
    sms_fallback_url                   TEXT,
    sms_fallback_method                TEXT    NOT NULL DEFAULT 'POST' CHECK (sms_fallback_method IN ('GET', 'POST')),
    sms_status_callback                TEXT,
    message_status_callback            TEXT,
    public_application_connect_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    date_created                       BIGINT  NOT NULL,
    date_updated                       BIGINT  NOT NULL
);

-- The list, newest first, and its filter.
CREATE INDEX applications_list ON applications (account_sid, date_created, sid);
CREATE INDEX applications_friendly_name ON applications (account_sid, friendly_name, date_created, sid);

-- The definition is not among the columns: no read may show it.
CREATE TABLE studio_flows (
    sid            TEXT    NOT NULL PRIMARY KEY,
    account_sid    TEXT    NOT NULL REFERENCES accounts (sid),
    friendly_name  TEXT    NOT NULL,
    status         TEXT    NOT NULL CHECK (status IN ('DRAFT', 'PUBLISHED')),
    revision       BIGINT  NOT NULL CHECK (revision > 0),
    commit_message TEXT,
    valid          BOOLEAN NOT NULL,
    webhook_url    TEXT    NOT NULL,
    date_created   BIGINT  NOT NULL,
    date_updated   BIGINT  NOT NULL
);

-- The list, newest first, and its filter.
CREATE INDEX studio_flows_list ON studio_flows (account_sid, date_created, sid);
CREATE INDEX studio_flows_status ON studio_flows (account_sid, status, date_created, sid);

CREATE TABLE function_services (
    sid                 TEXT    NOT NULL PRIMARY KEY,
    account_sid         TEXT    NOT NULL REFERENCES accounts (sid),
    unique_name         TEXT    NOT NULL,
    friendly_name       TEXT    NOT NULL,
    include_credentials BOOLEAN NOT NULL,
    ui_editable         BOOLEAN NOT NULL,
    domain_base         TEXT    NOT NULL,
    date_created        BIGINT  NOT NULL,
    date_updated        BIGINT  NOT NULL,
    UNIQUE (account_sid, unique_name)
);

-- The list, newest first.
CREATE INDEX function_services_list ON function_services (account_sid, date_created, sid);

CREATE TABLE functions (
    sid           TEXT   NOT NULL PRIMARY KEY,
    account_sid   TEXT   NOT NULL REFERENCES accounts (sid),
    service_sid   TEXT   NOT NULL REFERENCES function_services (sid),
    friendly_name TEXT   NOT NULL,
    path          TEXT   NOT NULL,
    visibility    TEXT   NOT NULL CHECK (visibility IN ('PUBLIC', 'PROTECTED', 'PRIVATE')),
    date_created  BIGINT NOT NULL,
    date_updated  BIGINT NOT NULL
);

-- The list, newest first, and that of a service.
CREATE INDEX functions_list ON functions (account_sid, date_created, sid);
CREATE INDEX functions_service_sid ON functions (account_sid, service_sid, date_created, sid);
