-- Accounts and the rest of 00001_accounts.sql in the words of Postgres, which takes a
-- foreign key only when the other table is there. Nothing else differs.

-- +goose Up

CREATE TABLE accounts (
    sid                               TEXT    NOT NULL PRIMARY KEY CHECK (sid <> ''),
    friendly_name                     TEXT    NOT NULL,
    status                            TEXT    NOT NULL,
    type                              TEXT    NOT NULL,
    time_zone                         TEXT    NOT NULL,
    ssl_certificate_validation        BOOLEAN NOT NULL,
    two_factor_required               BOOLEAN NOT NULL,
    only_owner_manages_administrators BOOLEAN NOT NULL,
    balance_micros                    BIGINT  NOT NULL,
    balance_unit                      TEXT    NOT NULL,
    date_created                      BIGINT  NOT NULL,
    date_updated                      BIGINT  NOT NULL,
    owner_id                          TEXT    NOT NULL,
    owner_roles                       TEXT    NOT NULL DEFAULT 'OWNER' CHECK (owner_roles = 'OWNER')
);

CREATE TABLE users (
    sid           TEXT   NOT NULL PRIMARY KEY CHECK (sid <> ''),
    account_sid   TEXT   NOT NULL REFERENCES accounts (sid),
    email         TEXT   NOT NULL CHECK (email <> '' AND email = lower(email)),
    name          TEXT   NOT NULL,
    -- Owner and Administrator stand alone; the other three combine, in this order.
    roles         TEXT   NOT NULL CHECK (roles IN (
        'OWNER', 'ADMINISTRATOR', 'DEVELOPER', 'BILLING_MANAGER', 'SUPPORT',
        'DEVELOPER,BILLING_MANAGER', 'DEVELOPER,SUPPORT', 'BILLING_MANAGER,SUPPORT',
        'DEVELOPER,BILLING_MANAGER,SUPPORT')),
    -- Empty for who comes from another issuer and has no password.
    password_hash TEXT   NOT NULL,
    last_sign_in  BIGINT,
    date_created  BIGINT NOT NULL,
    date_updated  BIGINT NOT NULL,
    UNIQUE (account_sid, sid, roles)
);

-- An account has an Owner, who is its own user and holds that role. With the index
-- users_one_owner this is the rule "one Owner per account" in full. It is checked at
-- the end of a transaction, so that ownership can be transferred within one.
ALTER TABLE accounts ADD FOREIGN KEY (sid, owner_id, owner_roles) REFERENCES users (account_sid, sid, roles)
    DEFERRABLE INITIALLY DEFERRED;

CREATE UNIQUE INDEX users_email ON users (email);
CREATE UNIQUE INDEX users_one_owner ON users (account_sid) WHERE roles = 'OWNER';
-- The list: oldest first. The filter by e-mail address is served by users_email, the one
-- by role by an index for each role, whose WHERE is the filter's own.
CREATE INDEX users_list ON users (account_sid, date_created, sid);
CREATE INDEX users_owner ON users (account_sid, date_created, sid)
    WHERE roles IN ('OWNER');
CREATE INDEX users_administrator ON users (account_sid, date_created, sid)
    WHERE roles IN ('ADMINISTRATOR');
CREATE INDEX users_developer ON users (account_sid, date_created, sid)
    WHERE roles IN ('DEVELOPER', 'DEVELOPER,BILLING_MANAGER', 'DEVELOPER,SUPPORT', 'DEVELOPER,BILLING_MANAGER,SUPPORT');
CREATE INDEX users_billing_manager ON users (account_sid, date_created, sid)
    WHERE roles IN ('BILLING_MANAGER', 'DEVELOPER,BILLING_MANAGER', 'BILLING_MANAGER,SUPPORT', 'DEVELOPER,BILLING_MANAGER,SUPPORT');
CREATE INDEX users_support ON users (account_sid, date_created, sid)
    WHERE roles IN ('SUPPORT', 'DEVELOPER,SUPPORT', 'BILLING_MANAGER,SUPPORT', 'DEVELOPER,BILLING_MANAGER,SUPPORT');

-- The outbox: changes of roles that sessions have not been told of. The id is random
-- and never used twice, so that a late "done" cannot take out a newer change.
CREATE TABLE role_changes (
    id           BIGINT NOT NULL PRIMARY KEY,
    user_sid     TEXT   NOT NULL,
    generation   BIGINT NOT NULL,
    date_created BIGINT NOT NULL
);

CREATE INDEX role_changes_oldest ON role_changes (date_created, id);

-- What is true of the database as a whole, such as that it holds demo data.
CREATE TABLE facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
