-- Invoices, payment methods and billing settings. The balance stands in accounts.

-- +goose Up

CREATE TABLE invoices (
    sid             TEXT   NOT NULL PRIMARY KEY,
    account_sid     TEXT   NOT NULL REFERENCES accounts (sid),
    invoice_number  TEXT   NOT NULL,
    status          TEXT   NOT NULL,
    period_start    TEXT   NOT NULL,
    period_end      TEXT   NOT NULL,
    due_date        TEXT   NOT NULL,
    subtotal_micros BIGINT NOT NULL,
    tax_micros      BIGINT NOT NULL,
    total_micros    BIGINT NOT NULL CHECK (total_micros = subtotal_micros + tax_micros),
    currency        TEXT   NOT NULL,
    date_created    BIGINT NOT NULL,
    date_paid       BIGINT
);

-- The list, newest period first, and its filter.
CREATE INDEX invoices_list ON invoices (account_sid, period_start, sid);
CREATE INDEX invoices_status ON invoices (account_sid, status, period_start, sid);

CREATE TABLE payment_methods (
    sid              TEXT     NOT NULL PRIMARY KEY,
    account_sid      TEXT     NOT NULL REFERENCES accounts (sid),
    type             TEXT     NOT NULL,
    brand            TEXT     NOT NULL,
    last4            TEXT,
    expiration_month SMALLINT,
    expiration_year  SMALLINT,
    holder_name      TEXT     NOT NULL,
    is_default       BOOLEAN  NOT NULL,
    date_created     BIGINT   NOT NULL
);

-- The list, newest first.
CREATE INDEX payment_methods_list ON payment_methods (account_sid, date_created, sid);

CREATE TABLE billing_settings (
    account_sid                    TEXT    NOT NULL PRIMARY KEY REFERENCES accounts (sid),
    company_name                   TEXT    NOT NULL,
    invoice_email                  TEXT    NOT NULL,
    tax_id                         TEXT,
    currency                       TEXT    NOT NULL,
    auto_recharge_enabled          BOOLEAN NOT NULL,
    auto_recharge_threshold_micros BIGINT,
    auto_recharge_amount_micros    BIGINT
);
