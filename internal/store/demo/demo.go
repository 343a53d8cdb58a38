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
	months, numbers, keys, paymentMethods, calls, messages, alerts, senderIDs, sims, events int
	applications, flows, functionServices, workers, taskQueues                              int
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
		used := map[string]phoneNumber{} // the phone numbers that an account has
		main := size{months: 24, numbers: 1200, keys: 48, paymentMethods: 4, calls: 5000, messages: 5000, alerts: 500, senderIDs: 24, sims: 160, events: 40,
			applications: 24, flows: 14, functionServices: 8, workers: 60, taskQueues: 10, perDay: 100}
		if err := fill(ctx, s, tx, Main(), main, used, passwordHash, today); err != nil {
			return err
		}
		second := size{months: 6, numbers: 8, keys: 5, paymentMethods: 5, calls: 20, messages: 20, alerts: 8, senderIDs: 5, sims: 7, events: 8,
			applications: 5, flows: 5, functionServices: 3, workers: 9, taskQueues: 3, perDay: 2}
		if err := fill(ctx, s, tx, Second(), second, used, passwordHash, today); err != nil {
			return err
		}
		if err := availablePhoneNumberRows(used).insert(ctx, tx); err != nil {
			return err
		}
		return store.MarkDemo(ctx, tx)
	})
}

// fill makes one account with everything in it.
func fill(ctx context.Context, s *store.Store, tx *sql.Tx, a Account, n size, used map[string]phoneNumber, passwordHash string, today time.Time) error {
	numbers := phoneNumbers(a, n.numbers, used, today)
	daily := dailyUsage(a, n, today)
	calls := calls(past(a, "/calls", numbers, today), n.calls)
	messages := messages(past(a, "/messages", numbers, today), n.messages)
	keys, clients := apiKeyRows(a, n.keys, today), oauthClientRows(a, today)
	functionServices, functions := functionRows(a, n.functionServices, today)
	for _, t := range append([]rows{
		accountRows(a, today),
		userRows(a, passwordHash, today),
		invitationRows(a, today),
		keys,
		clients,
		phoneNumberRows(numbers),
		senderIDRows(a, n.senderIDs, today),
		usageRows(a, daily, today),
		invoiceRows(a, daily, today),
		paymentMethodRows(a, n.paymentMethods, today),
		billingSettingsRows(a),
		usageTriggerRows(a, daily, today),
		trustHubRows(a, "customer_profiles", today),
		trustHubRows(a, "trust_products", today),
		calls,
		messages,
		alertRows(past(a, "/alerts", numbers, today), n.alerts, calls, messages),
		applicationRows(a, n.applications, today),
		studioFlowRows(a, n.flows, today),
		functionServices,
		functions,
		flexConfigurationRows(a, today),
		workerRows(a, n.workers, today),
		taskQueueRows(a, n.taskQueues, today),
	}, iotRows(a, n.sims, today)...) {
		if err := t.insert(ctx, tx); err != nil {
			return err
		}
	}
	return s.AppendRecords(ctx, tx, a.SID, auditRecords(a, n.events, keys, clients, today))
}
