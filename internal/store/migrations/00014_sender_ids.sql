-- Registrations of alphanumeric sender IDs.

-- +goose Up

CREATE TABLE sender_id_registrations (
    sid              TEXT   NOT NULL PRIMARY KEY,
    account_sid      TEXT   NOT NULL REFERENCES accounts (sid),
    sender_id        TEXT   NOT NULL,
    iso_country      TEXT   NOT NULL,
    status           TEXT   NOT NULL CHECK (status IN ('SUBMITTED', 'IN_REVIEW', 'APPROVED', 'REJECTED')),
    use_case         TEXT   NOT NULL CHECK (use_case IN ('NOTIFICATIONS', 'TWO_FACTOR_AUTHENTICATION', 'MARKETING', 'CUSTOMER_CARE')),
    company_name     TEXT   NOT NULL,
    contact_email    TEXT   NOT NULL,
    contact_name     TEXT   NOT NULL,
    rejection_reason TEXT,
    date_created     BIGINT NOT NULL,
    date_updated     BIGINT NOT NULL,
    CHECK ((status = 'REJECTED') = (rejection_reason IS NOT NULL))
);

-- An account applies for a sender ID in a country once, and again when it was rejected.
CREATE UNIQUE INDEX sender_id_registrations_one ON sender_id_registrations (account_sid, sender_id, iso_country)
    WHERE status <> 'REJECTED';

-- The list, newest first, and its filters.
CREATE INDEX sender_id_registrations_list ON sender_id_registrations (account_sid, date_created, sid);
CREATE INDEX sender_id_registrations_status ON sender_id_registrations (account_sid, status, date_created, sid);
CREATE INDEX sender_id_registrations_iso_country ON sender_id_registrations (account_sid, iso_country, date_created, sid);
CREATE INDEX sender_id_registrations_sender_id ON sender_id_registrations (account_sid, sender_id, date_created, sid);
