-- Clients of OAuth: services that have a token for themselves.

-- +goose Up

CREATE TABLE oauth_clients (
    sid            TEXT   NOT NULL PRIMARY KEY CHECK (sid <> ''),
    account_sid    TEXT   NOT NULL REFERENCES accounts (sid),
    -- Who made it. It holds no more than they do, and is no more when they are not.
    created_by_sid TEXT   NOT NULL REFERENCES users (sid) ON DELETE CASCADE,
    name           TEXT   NOT NULL,
    -- Permissions with their actions: PRODUCT_LOGS:READ USAGE:READ,UPDATE.
    grants         TEXT   NOT NULL CHECK (grants <> ''),
    -- SHA-256 in hexadecimal. The secret itself is random and long enough not to need more.
    secret_hash    TEXT   NOT NULL,
    expires_at     BIGINT NOT NULL,
    last_used      BIGINT,
    date_created   BIGINT NOT NULL,
    date_updated   BIGINT NOT NULL
);

-- The list, newest first, and its filters.
CREATE INDEX oauth_clients_list ON oauth_clients (account_sid, date_created, sid);
CREATE INDEX oauth_clients_name ON oauth_clients (account_sid, name, date_created, sid);
CREATE INDEX oauth_clients_created_by_sid ON oauth_clients (account_sid, created_by_sid, date_created, sid);
