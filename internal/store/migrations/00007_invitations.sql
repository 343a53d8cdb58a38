-- Invitations: links by which people come to have a password.

-- +goose Up

CREATE TABLE invitations (
    sid           TEXT   NOT NULL PRIMARY KEY CHECK (sid <> ''),
    account_sid   TEXT   NOT NULL REFERENCES accounts (sid),
    email         TEXT   NOT NULL CHECK (email <> '' AND email = lower(email)),
    -- Whose password it sets. One of no user sets nobody's.
    user_sid      TEXT   REFERENCES users (sid) ON DELETE CASCADE,
    -- SHA-256 in hexadecimal. The token itself is random and long enough not to need more.
    token_hash    TEXT   NOT NULL UNIQUE,
    date_created  BIGINT NOT NULL,
    date_expires  BIGINT NOT NULL,
    -- Null while it is open.
    date_accepted BIGINT
);

-- A person has one open invitation to an account: to invite them again replaces its
-- token, and the link that was sent before is dead.
CREATE UNIQUE INDEX invitations_open ON invitations (account_sid, email) WHERE date_accepted IS NULL;
