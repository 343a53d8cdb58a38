-- Who the account is, as it has been reviewed.

-- +goose Up

CREATE TABLE customer_profiles (
    sid             TEXT   NOT NULL PRIMARY KEY,
    account_sid     TEXT   NOT NULL REFERENCES accounts (sid),
    friendly_name   TEXT   NOT NULL,
    email           TEXT   NOT NULL,
    policy_sid      TEXT   NOT NULL,
    status          TEXT   NOT NULL CHECK (status IN ('DRAFT', 'PENDING_REVIEW', 'IN_REVIEW', 'TWILIO_REJECTED', 'TWILIO_APPROVED')),
    failure_reason  TEXT            CHECK (failure_reason IS NULL OR status = 'TWILIO_REJECTED'),
    valid_until     BIGINT,
    status_callback TEXT,
    date_created    BIGINT NOT NULL,
    date_updated    BIGINT NOT NULL
);

-- The list, newest first, and its filters.
CREATE INDEX customer_profiles_list ON customer_profiles (account_sid, date_created, sid);
CREATE INDEX customer_profiles_status ON customer_profiles (account_sid, status, date_created, sid);
CREATE INDEX customer_profiles_policy_sid ON customer_profiles (account_sid, policy_sid, date_created, sid);

CREATE TABLE trust_products (
    sid             TEXT   NOT NULL PRIMARY KEY,
    account_sid     TEXT   NOT NULL REFERENCES accounts (sid),
    friendly_name   TEXT   NOT NULL,
    email           TEXT   NOT NULL,
    policy_sid      TEXT   NOT NULL,
    status          TEXT   NOT NULL CHECK (status IN ('DRAFT', 'PENDING_REVIEW', 'IN_REVIEW', 'TWILIO_REJECTED', 'TWILIO_APPROVED')),
    failure_reason  TEXT            CHECK (failure_reason IS NULL OR status = 'TWILIO_REJECTED'),
    valid_until     BIGINT,
    status_callback TEXT,
    date_created    BIGINT NOT NULL,
    date_updated    BIGINT NOT NULL
);

-- The list, newest first, and its filter.
CREATE INDEX trust_products_list ON trust_products (account_sid, date_created, sid);
CREATE INDEX trust_products_status ON trust_products (account_sid, status, date_created, sid);
