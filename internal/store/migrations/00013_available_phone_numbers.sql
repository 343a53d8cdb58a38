-- Phone numbers that can be bought.

-- +goose Up

-- What there is to buy. It is no account's, and stays here while an account has it.
CREATE TABLE available_phone_numbers (
    phone_number         TEXT    NOT NULL PRIMARY KEY,
    available            BOOLEAN NOT NULL,
    friendly_name        TEXT    NOT NULL,
    type                 TEXT    NOT NULL CHECK (type IN ('LOCAL', 'MOBILE', 'TOLL_FREE')),
    iso_country          TEXT    NOT NULL,
    area_code            TEXT,
    locality             TEXT,
    region               TEXT,
    postal_code          TEXT,
    lata                 TEXT,
    voice_capable        BOOLEAN NOT NULL,
    sms_capable          BOOLEAN NOT NULL,
    mms_capable          BOOLEAN NOT NULL,
    fax_capable          BOOLEAN NOT NULL,
    address_requirements TEXT    NOT NULL,
    beta                 BOOLEAN NOT NULL
);

-- The list of a country, in the order of the numbers, and its filters. The others, which leave most numbers or look
-- into the number, go through the country.
CREATE INDEX available_phone_numbers_list ON available_phone_numbers (iso_country, phone_number) WHERE available;
CREATE INDEX available_phone_numbers_type ON available_phone_numbers (iso_country, type, phone_number) WHERE available;
CREATE INDEX available_phone_numbers_area_code ON available_phone_numbers (iso_country, area_code, phone_number) WHERE available;

-- No number is two accounts', or one's twice. The accounts of a demo shared some. In any other database nothing is deleted:
-- the index is not made then, and whoever has put the numbers there says whose they are.
DELETE FROM phone_numbers WHERE EXISTS (SELECT 1 FROM facts WHERE name = 'demo') AND EXISTS (
    SELECT 1 FROM phone_numbers AS other WHERE other.phone_number = phone_numbers.phone_number AND other.sid < phone_numbers.sid);
DROP INDEX phone_numbers_phone_number;
CREATE UNIQUE INDEX phone_numbers_phone_number ON phone_numbers (phone_number);
