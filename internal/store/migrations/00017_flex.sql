-- Flex: how it is set up, who works in it, and the queues that they work off.

-- +goose Up

CREATE TABLE flex_configurations (
    account_sid                TEXT    NOT NULL PRIMARY KEY REFERENCES accounts (sid),
    status                     TEXT    NOT NULL DEFAULT 'NOT_STARTED' CHECK (status IN ('OK', 'IN_PROGRESS', 'NOT_STARTED')),
    flex_instance_sid          TEXT,
    taskrouter_workspace_sid   TEXT,
    runtime_domain             TEXT,
    ui_version                 TEXT,
    ui_language                TEXT,
    call_recording_enabled     BOOLEAN NOT NULL DEFAULT FALSE,
    call_recording_webhook_url TEXT,
    crm_enabled                BOOLEAN NOT NULL DEFAULT FALSE,
    crm_callback_url           TEXT,
    crm_fallback_url           TEXT,
    plugin_service_enabled     BOOLEAN NOT NULL DEFAULT FALSE,
    date_created               BIGINT  NOT NULL,
    date_updated               BIGINT  NOT NULL
);

-- In the accounts that there are, nobody has begun to set it up.
INSERT INTO flex_configurations (account_sid, date_created, date_updated) SELECT sid, date_created, date_created FROM accounts;

-- The attributes are not among the columns: no read may show them.
CREATE TABLE workers (
    sid                 TEXT    NOT NULL PRIMARY KEY,
    account_sid         TEXT    NOT NULL REFERENCES accounts (sid),
    friendly_name       TEXT    NOT NULL,
    activity_name       TEXT    NOT NULL,
    available           BOOLEAN NOT NULL,
    date_status_changed BIGINT  NOT NULL,
    date_created        BIGINT  NOT NULL,
    date_updated        BIGINT  NOT NULL
);

-- The list, newest first, and its filters.
CREATE INDEX workers_list ON workers (account_sid, date_created, sid);
CREATE INDEX workers_available ON workers (account_sid, available, date_created, sid);
CREATE INDEX workers_activity_name ON workers (account_sid, activity_name, date_created, sid);

CREATE TABLE task_queues (
    sid                  TEXT   NOT NULL PRIMARY KEY,
    account_sid          TEXT   NOT NULL REFERENCES accounts (sid),
    friendly_name        TEXT   NOT NULL,
    target_workers       TEXT   NOT NULL,
    max_reserved_workers BIGINT NOT NULL CHECK (max_reserved_workers > 0),
    task_order           TEXT   NOT NULL CHECK (task_order IN ('FIFO', 'LIFO')),
    date_created         BIGINT NOT NULL,
    date_updated         BIGINT NOT NULL
);

-- The list, newest first.
CREATE INDEX task_queues_list ON task_queues (account_sid, date_created, sid);
