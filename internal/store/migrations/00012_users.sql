-- Users: how they are invited, mailed, and kept from coming back.

-- +goose Up

-- An invitation is here while it can be accepted, sent again or revoked, and no longer.
DROP INDEX invitations_open;
DELETE FROM invitations WHERE date_accepted IS NOT NULL OR user_sid IS NULL;
ALTER TABLE invitations DROP COLUMN date_accepted;
-- The first Owner is a user already (user_sid) whom nobody invited; all others become users when they accept.
ALTER TABLE invitations ADD COLUMN roles TEXT NOT NULL DEFAULT 'OWNER' CHECK (roles IN (
    'OWNER', 'ADMINISTRATOR', 'DEVELOPER', 'BILLING_MANAGER', 'SUPPORT',
    'DEVELOPER,BILLING_MANAGER', 'DEVELOPER,SUPPORT', 'BILLING_MANAGER,SUPPORT',
    'DEVELOPER,BILLING_MANAGER,SUPPORT') AND (roles = 'OWNER') = (user_sid IS NOT NULL));
ALTER TABLE invitations ADD COLUMN name TEXT;
-- Who sent it. What they may not give any more, it does not give.
ALTER TABLE invitations ADD COLUMN invited_by_sid TEXT REFERENCES users (sid) ON DELETE CASCADE
    CHECK ((roles = 'OWNER') = (invited_by_sid IS NULL));
ALTER TABLE invitations ADD COLUMN date_updated BIGINT NOT NULL DEFAULT 0;
UPDATE invitations SET date_updated = date_created;

-- A person has one invitation to an account: to invite them again replaces its token, and
-- the link that was sent before is dead.
CREATE UNIQUE INDEX invitations_email ON invitations (account_sid, email);
-- The list, newest first, and what goes with a user.
CREATE INDEX invitations_list ON invitations (account_sid, date_created, sid);
CREATE INDEX invitations_user_sid ON invitations (user_sid);
CREATE INDEX invitations_invited_by_sid ON invitations (invited_by_sid);

-- The outbox of mails: what is to be sent of which invitation. It ends with the token it is about.
CREATE TABLE mail_outbox (
    token_hash   TEXT   NOT NULL PRIMARY KEY REFERENCES invitations (token_hash) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    -- The token, encrypted under a key that is not in the database. Empty where nobody accepts with a password.
    sealed_token TEXT   NOT NULL,
    date_created BIGINT NOT NULL
);

CREATE INDEX mail_outbox_oldest ON mail_outbox (date_created, token_hash);

-- Who was removed: the word of no other issuer brings them back, neither who they are there nor the address they had.
CREATE TABLE removed_identities (
    account_sid  TEXT   NOT NULL REFERENCES accounts (sid),
    -- Of who signed in here: no issuer, and the SID.
    issuer       TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    -- While it is invited they may come again.
    email        TEXT   NOT NULL,
    date_removed BIGINT NOT NULL,
    PRIMARY KEY (account_sid, issuer, subject)
);

CREATE INDEX removed_identities_email ON removed_identities (account_sid, email);
