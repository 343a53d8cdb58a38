// Package demo fills an empty database with an invented company, so that there is
// something to look at and to test with. Its phone numbers are of the ranges that
// regulators keep free for films and books, its addresses are under example.com.
package demo

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/fieldgate/fieldgate/internal/store"
)

// ErrNotEmpty says that the database holds an account already.
var ErrNotEmpty = errors.New("demo: the database is not empty")

// size is how much of everything an account has.
type size struct {
	months, numbers, keys, paymentMethods, calls, messages, alerts, events int
	// perDay scales the usage, in percent.
	perDay int64
}

// Fill puts two accounts (Main and Second) with their users and data into an empty
// database and marks it as holding demo data, all in one transaction. passwordHash is
// the PHC string of the one password of all users.
//
// What it puts there depends on passwordHash and on the day of now, in UTC, alone: its
// moments do not lie after the beginning of that day.
// ErrNotEmpty says that nothing was done because there is an account already.
func Fill(ctx context.Context, s *store.Store, passwordHash string, now time.Time) error {
	today := now.UTC().Truncate(24 * time.Hour)
	return s.Transact(ctx, func(tx *sql.Tx) error {
		var accounts int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM accounts").Scan(&accounts); err != nil {
			return store.Failed(ctx, "looking for accounts", err)
		}
		if accounts > 0 {
			return ErrNotEmpty
		}
		main := size{months: 24, numbers: 1200, keys: 48, paymentMethods: 4, calls: 5000, messages: 5000, alerts: 500, events: 40, perDay: 100}
		if err := fill(ctx, s, tx, Main(), main, passwordHash, today); err != nil {
			return err
		}
		second := size{months: 6, numbers: 8, keys: 5, paymentMethods: 5, calls: 20, messages: 20, alerts: 8, events: 8, perDay: 2}
		if err := fill(ctx, s, tx, Second(), second, passwordHash, today); err != nil {
			return err
		}
		return store.MarkDemo(ctx, tx)
	})
}

// fill makes one account with everything in it.
func fill(ctx context.Context, s *store.Store, tx *sql.Tx, a Account, n size, passwordHash string, today time.Time) error {
	numbers := phoneNumbers(a, n.numbers, today)
	daily := dailyUsage(a, n, today)
	calls := calls(past(a, "/calls", numbers, today), n.calls)
	messages := messages(past(a, "/messages", numbers, today), n.messages)
	keys, clients := apiKeyRows(a, n.keys, today), oauthClientRows(a, today)
	for _, t := range []rows{
		accountRows(a, today),
		userRows(a, passwordHash, today),
		keys,
		clients,
		phoneNumberRows(numbers),
		usageRows(a, daily, today),
		invoiceRows(a, daily, today),
		paymentMethodRows(a, n.paymentMethods, today),
		billingSettingsRows(a),
		calls,
		messages,
		alertRows(past(a, "/alerts", numbers, today), n.alerts, calls, messages),
	} {
		if err := t.insert(ctx, tx); err != nil {
			return err
		}
	}
	return s.AppendRecords(ctx, tx, a.SID, auditRecords(a, n.events, keys, clients, today))
}
