-- Billing can be changed: what holds of it, and of what token a payment method is.

-- +goose Up

-- A column's CHECK may be about others too, and can be added on SQLite.
ALTER TABLE payment_methods ADD COLUMN date_updated BIGINT NOT NULL DEFAULT 0
    CHECK (type IN ('CARD', 'BANK_ACCOUNT', 'PAYPAL'))
    CHECK (length(last4) = 4)
    CHECK (expiration_month BETWEEN 1 AND 12)
    CHECK ((expiration_month IS NULL) = (expiration_year IS NULL) AND (expiration_month IS NULL) = (type <> 'CARD'));

-- SHA-256 in hexadecimal of the payment provider's token. A card's number is never here.
ALTER TABLE payment_methods ADD COLUMN token_hash TEXT;

CREATE UNIQUE INDEX payment_methods_token ON payment_methods (account_sid, token_hash);

-- One is charged first.
CREATE UNIQUE INDEX payment_methods_default ON payment_methods (account_sid) WHERE is_default;

ALTER TABLE billing_settings ADD COLUMN date_updated BIGINT NOT NULL DEFAULT 0
    CHECK (auto_recharge_threshold_micros > 0)
    CHECK (auto_recharge_amount_micros > 0)
    CHECK (auto_recharge_amount_micros > auto_recharge_threshold_micros)
    CHECK (NOT auto_recharge_enabled OR auto_recharge_threshold_micros IS NOT NULL AND auto_recharge_amount_micros IS NOT NULL);
