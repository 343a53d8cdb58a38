-- Usage, summed up by category and period.

-- +goose Up

CREATE TABLE usage_records (
    account_sid  TEXT   NOT NULL REFERENCES accounts (sid),
    category     TEXT   NOT NULL,
    description  TEXT   NOT NULL,
    granularity  TEXT   NOT NULL,
    start_date   TEXT   NOT NULL,
    end_date     TEXT   NOT NULL,
    event_count  BIGINT NOT NULL,
    count_unit   TEXT   NOT NULL,
    -- In millionths of usage_unit, as money is.
    usage_micros BIGINT NOT NULL,
    usage_unit   TEXT   NOT NULL,
    price_micros BIGINT NOT NULL,
    price_unit   TEXT   NOT NULL,
    as_of        BIGINT NOT NULL,
    PRIMARY KEY (account_sid, granularity, category, start_date)
);

-- The list, newest period first and by category within it. The granularity is always
-- given, the first and last day narrow the same range, and the category is served by
-- the primary key.
CREATE INDEX usage_records_list ON usage_records (account_sid, granularity, start_date DESC, category);
