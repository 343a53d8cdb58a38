// Package store keeps accounts, their users and what an upstream has of them in SQL, in
// SQLite or Postgres, through database/sql. It implements upstream.Upstream and identity.Users.
//
// Statements keep to what SQLite and Postgres have in common. Each one that reads
// data is bound to one account in its WHERE and names only the columns of the fields
// that its scope permits: what a caller may not see is not read. The phone numbers that
// can be bought are no account's, and the same for all.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

var (
	_ upstream.Upstream = (*Store)(nil)
	_ identity.Users    = (*Store)(nil)
)

// Store is an open database. It may be shared.
type Store struct {
	db  *sql.DB
	now func() time.Time
	// embedded says that the database works inside this process: SQLite.
	embedded bool
	// forUpdate follows a SELECT of a row that the transaction is going to change: others
	// that want the same wait there. SQLite needs nothing, its transactions follow each other.
	forUpdate string
	trace     func(query string, args []any) // for tests; nil otherwise
	audit     *audit.Keyring                 // nil for a store that is only read
	committed func(audit.Record)             // may be nil
	turns     turns                          // of accounts, whose trails are written
	tables
}

// tables says how each type of the schema is kept.
type tables struct {
	accounts              table[model.Account]
	settings              table[model.ProjectSettings]
	apiKeys               table[model.APIKey]
	phoneNumbers          table[model.PhoneNumber]
	availablePhoneNumbers table[model.AvailablePhoneNumber]
	senderIDs             table[model.SenderIDRegistration]
	balances              table[model.Money]
	invoices              table[model.Invoice]
	paymentMethods        table[model.PaymentMethod]
	billingSettings       table[model.BillingSettings]
	calls                 table[model.Call]
	messages              table[model.Message]
	alerts                table[model.Alert]
	usage                 table[model.UsageRecord]
	sims                  table[model.Sim]
	fleets                table[model.Fleet]
	networkAccessProfiles table[model.NetworkAccessProfile]
	users                 table[model.User]
	oauthClients          table[model.OAuthClient]
	usageTriggers         table[model.UsageTrigger]
	customerProfiles      table[model.CustomerProfile]
	trustProducts         table[model.TrustProduct]
	applications          table[model.Application]
	studioFlows           table[model.StudioFlow]
	functionServices      table[model.FunctionService]
	functions             table[model.Function]
	flexConfigurations    table[model.FlexConfiguration]
	workers               table[model.Worker]
	taskQueues            table[model.TaskQueue]
	invitations           table[model.Invitation]
	auditEvents           table[model.AuditEvent]
}

// OpenSQLite opens the SQLite database in the file at path, brings its tables up to date,
// and returns it. A file that is missing is made, readable by its owner alone, and so
// is its folder. Of several that do so at once, one changes the tables and the others
// wait. ErrNewerDatabase says that a newer program has written it; nothing is changed then.
func OpenSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	db, err := openSQLite(path, o.opener())
	if err != nil {
		return nil, fmt.Errorf("store: opening the database: %w", err)
	}
	if err := migrateSQLite(ctx, db, path); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := newStore(db, o)
	s.embedded = true
	return s, nil
}

func newStore(db *sql.DB, o Options) *Store {
	return &Store{db: db, now: time.Now, audit: o.Audit, committed: o.Committed, tables: tables{
		accounts:              accountTable(),
		settings:              settingsTable(),
		apiKeys:               apiKeyTable(),
		phoneNumbers:          phoneNumberTable(),
		availablePhoneNumbers: availablePhoneNumberTable(),
		senderIDs:             senderIDTable(),
		balances:              balanceTable(),
		invoices:              invoiceTable(),
		paymentMethods:        paymentMethodTable(),
		billingSettings:       billingSettingsTable(),
		calls:                 callTable(),
		messages:              messageTable(),
		alerts:                alertTable(),
		usage:                 usageTable(),
		sims:                  simTable(),
		fleets:                fleetTable(),
		networkAccessProfiles: networkAccessProfileTable(),
		users:                 userTable(),
		oauthClients:          oauthClientTable(),
		usageTriggers:         usageTriggerTable(),
		customerProfiles:      customerProfileTable(),
		trustProducts:         trustProductTable(),
		applications:          applicationTable(),
		studioFlows:           studioFlowTable(),
		functionServices:      functionServiceTable(),
		functions:             functionTable(),
		flexConfigurations:    flexConfigurationTable(),
		workers:               workerTable(),
		taskQueues:            taskQueueTable(),
		invitations:           invitationTable(),
		auditEvents:           auditEventTable(),
	}}
}

// Close closes the database. Calls that are under way fail.
func (s *Store) Close() error { return s.db.Close() }

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return failed(ctx, "the database does not answer", err)
	}
	return nil
}

// Empty tells whether the database holds no account at all.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	found, err := s.exists(ctx, "SELECT 1 FROM accounts LIMIT 1")
	return !found, err
}

// Demo tells whether the database is marked as holding demo data.
func (s *Store) Demo(ctx context.Context) (bool, error) {
	return s.exists(ctx, "SELECT 1 FROM facts WHERE name = $1", factDemo)
}

// factDemo is the fact that the database holds demo data.
const factDemo = "demo"

// MarkDemo marks the database as holding demo data, for good.
func MarkDemo(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO facts (name, value) VALUES ($1, $2)", factDemo, "true"); err != nil {
		return failed(ctx, "marking the database as a demo", err)
	}
	return nil
}

func (s *Store) exists(ctx context.Context, query string, args ...any) (bool, error) {
	var one int
	err := s.db.QueryRowContext(ctx, query, args...).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, failed(ctx, "looking into the database", err)
	}
	return true, nil
}
