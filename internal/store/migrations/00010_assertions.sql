-- Assertions: what an issuer has said of someone last, and who was cut off.

-- +goose Up

-- When the assertion was issued that was taken last (the claim iat). An older one counts for nothing.
ALTER TABLE identities ADD COLUMN asserted_at BIGINT NOT NULL DEFAULT 0;
UPDATE identities SET asserted_at = date_created;
-- Since when a user of another issuer holds nothing; NULL for who stands. An assertion with roles that is not older lifts it.
ALTER TABLE users ADD COLUMN suspended_at BIGINT;
