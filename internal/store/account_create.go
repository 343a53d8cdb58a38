package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/fieldgate/fieldgate/internal/identity"
)

// ErrNotEmpty says that the database holds an account already.
var ErrNotEmpty = errors.New("store: the database is not empty")

// firstCurrency is what a new account is billed in.
const firstCurrency = "USD"

// CreateAccount makes the first account of a database, with an Owner who has no password
// and is invited to set one, all in one transaction. Its balance is nothing, and invoices
// go to the Owner. ErrNotEmpty says that there is an account already, BAD_USER_INPUT that
// a name or the address cannot be used; nothing is changed then.
func (s *Store) CreateAccount(ctx context.Context, n identity.NewAccount, i identity.Invitation) error {
	n, err := n.Check()
	if err != nil {
		return err
	}
	return s.Transact(ctx, func(tx *sql.Tx) error {
		var accounts int
		st := new(statement)
		st.write("SELECT COUNT(*) FROM accounts")
		if err := s.scanOne(ctx, tx, st, &accounts); err != nil {
			return failed(ctx, "looking for accounts", err)
		}
		if accounts > 0 {
			return ErrNotEmpty
		}
		account, owner := newSID("AC"), newSID("US")
		for _, st := range []*statement{
			newAccount(n, account, owner, micros(i.Created)),
			newOwner(n, account, owner, micros(i.Created)),
			newBillingSettings(n, account),
			newFlexConfiguration(account, micros(i.Created)),
		} {
			if _, err := s.exec(ctx, tx, st); err != nil {
				return failed(ctx, "making an account", err)
			}
		}
		return s.inviteOwner(ctx, tx, account, owner, n.OwnerEmail, i)
	})
}

func newAccount(n identity.NewAccount, account, owner string, now int64) *statement {
	st := new(statement)
	st.write("INSERT INTO accounts (sid, friendly_name, status, type, time_zone, ssl_certificate_validation, two_factor_required,",
		" only_owner_manages_administrators, balance_micros, balance_unit, date_created, date_updated, owner_id) VALUES (",
		st.arg(account), ", ", st.arg(n.Name), ", 'ACTIVE', 'FULL', 'UTC', TRUE, FALSE, FALSE, 0, ", st.arg(firstCurrency), ", ",
		st.arg(now), ", ", st.arg(now), ", ", st.arg(owner), ")")
	return st
}

func newOwner(n identity.NewAccount, account, owner string, now int64) *statement {
	st := new(statement)
	st.write("INSERT INTO users (sid, account_sid, email, name, roles, password_hash, date_created, date_updated) VALUES (",
		st.arg(owner), ", ", st.arg(account), ", ", st.arg(n.OwnerEmail), ", ", st.arg(n.OwnerName), ", 'OWNER', '', ",
		st.arg(now), ", ", st.arg(now), ")")
	return st
}

func newBillingSettings(n identity.NewAccount, account string) *statement {
	st := new(statement)
	st.write("INSERT INTO billing_settings (account_sid, company_name, invoice_email, currency, auto_recharge_enabled) VALUES (",
		st.arg(account), ", ", st.arg(n.Name), ", ", st.arg(n.OwnerEmail), ", ", st.arg(firstCurrency), ", FALSE)")
	return st
}
