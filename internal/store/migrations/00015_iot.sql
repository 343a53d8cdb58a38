-- SIMs, fleets and network access profiles.

-- +goose Up

-- What others refer to is known by its account and its SID together, so that nothing can refer to another account's.
CREATE TABLE network_access_profiles (
    sid          TEXT   NOT NULL,
    account_sid  TEXT   NOT NULL REFERENCES accounts (sid),
    unique_name  TEXT,
    -- With commas between them.
    network_sids TEXT   NOT NULL DEFAULT '',
    date_created BIGINT NOT NULL,
    date_updated BIGINT NOT NULL,
    PRIMARY KEY (account_sid, sid)
);

CREATE UNIQUE INDEX network_access_profiles_unique_name ON network_access_profiles (account_sid, unique_name);
CREATE INDEX network_access_profiles_list ON network_access_profiles (account_sid, date_created, sid);

CREATE TABLE fleets (
    sid                        TEXT    NOT NULL,
    account_sid                TEXT    NOT NULL REFERENCES accounts (sid),
    unique_name                TEXT,
    data_enabled               BOOLEAN NOT NULL DEFAULT TRUE,
    -- In megabytes.
    data_limit                 BIGINT  NOT NULL DEFAULT 1000 CHECK (data_limit BETWEEN 1 AND 2000000),
    data_metering              TEXT    NOT NULL DEFAULT 'PAYG' CHECK (data_metering = 'PAYG'),
    sms_commands_enabled       BOOLEAN NOT NULL DEFAULT TRUE,
    sms_commands_url           TEXT,
    sms_commands_method        TEXT    NOT NULL DEFAULT 'POST' CHECK (sms_commands_method IN ('GET', 'POST')),
    ip_commands_url            TEXT,
    ip_commands_method         TEXT    NOT NULL DEFAULT 'POST' CHECK (ip_commands_method IN ('GET', 'POST')),
    network_access_profile_sid TEXT    NOT NULL,
    date_created               BIGINT  NOT NULL,
    date_updated               BIGINT  NOT NULL,
    PRIMARY KEY (account_sid, sid),
    FOREIGN KEY (account_sid, network_access_profile_sid) REFERENCES network_access_profiles (account_sid, sid)
);

CREATE UNIQUE INDEX fleets_unique_name ON fleets (account_sid, unique_name);
-- The list, newest first, and its filter.
CREATE INDEX fleets_list ON fleets (account_sid, date_created, sid);
CREATE INDEX fleets_network_access_profile_sid ON fleets (account_sid, network_access_profile_sid, date_created, sid);

CREATE TABLE sims (
    sid                      TEXT   NOT NULL PRIMARY KEY,
    account_sid              TEXT   NOT NULL REFERENCES accounts (sid),
    unique_name              TEXT,
    iccid                    TEXT   NOT NULL,
    status                   TEXT   NOT NULL CHECK (status IN ('NEW', 'READY', 'ACTIVE', 'INACTIVE', 'SCHEDULED')),
    fleet_sid                TEXT,
    -- In bytes.
    data_upload              BIGINT NOT NULL,
    data_download            BIGINT NOT NULL,
    data_total               BIGINT NOT NULL CHECK (data_total = data_upload + data_download),
    data_total_billed_micros BIGINT,
    data_total_billed_unit   TEXT,
    date_created             BIGINT NOT NULL,
    date_updated             BIGINT NOT NULL,
    FOREIGN KEY (account_sid, fleet_sid) REFERENCES fleets (account_sid, sid),
    CHECK (status NOT IN ('READY', 'ACTIVE') OR fleet_sid IS NOT NULL),
    CHECK ((data_total_billed_micros IS NULL) = (data_total_billed_unit IS NULL))
);

CREATE UNIQUE INDEX sims_unique_name ON sims (account_sid, unique_name);
-- A card is in one account. The filter by its number is served by the same index.
CREATE UNIQUE INDEX sims_iccid ON sims (iccid);
-- The list, newest first, and its other filters.
CREATE INDEX sims_list ON sims (account_sid, date_created, sid);
CREATE INDEX sims_status ON sims (account_sid, status, date_created, sid);
CREATE INDEX sims_fleet_sid ON sims (account_sid, fleet_sid, date_created, sid);
