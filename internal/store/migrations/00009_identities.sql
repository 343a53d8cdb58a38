-- Identities: users who come from other issuers.

-- +goose Up

-- Issuer and subject are who someone is (OpenID Connect Core 1.0, section 5.7): never their
-- e-mail address.
CREATE TABLE identities (
    issuer       TEXT   NOT NULL CHECK (issuer <> ''),
    subject      TEXT   NOT NULL CHECK (subject <> ''),
    user_sid     TEXT   NOT NULL UNIQUE REFERENCES users (sid) ON DELETE CASCADE,
    date_created BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
