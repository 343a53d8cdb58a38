package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// Trace has every statement shown to see before it runs.
func (s *Store) Trace(see func(query string, args []any)) { s.trace = see }

// DB is the database itself.
func (s *Store) DB() *sql.DB { return s.db }

// SetNow sets the clock.
func (s *Store) SetNow(now func() time.Time) { s.now = now }

// OnCommitted has tell told of each event that is committed.
func (s *Store) OnCommitted(tell func(audit.Record)) { s.committed = tell }

// Peer is the store as another gateway has it: changes of an account take turns within one alone.
func (s *Store) Peer() *Store {
	return &Store{db: s.db, now: s.now, embedded: s.embedded, forUpdate: s.forUpdate, audit: s.audit, tables: s.tables}
}

// CreateAPIKeyUnaudited is what CreateAPIKey does to the database besides its audit event.
func (s *Store) CreateAPIKeyUnaudited(ctx context.Context, scope upstream.Scope, name string) error {
	sid, now := newSID("SK"), micros(s.now())
	return s.Transact(ctx, func(tx *sql.Tx) error {
		err := s.insert(ctx, tx, "api_keys", columns{
			{"", "sid", sid}, {"", "account_sid", scope.Account()}, {"", "date_created", now}, {"", "date_updated", now},
			{"", "friendly_name", name}, {"", "secret_hash", hashOf(newSecret())},
		})
		if err != nil {
			return err
		}
		_, _, err = locate(ctx, s, tx, &s.apiKeys, scope, sid)
		return err
	})
}

// MaxPrepared is how many statements a connection to SQLite keeps prepared.
const MaxPrepared = maxPrepared

// Prepared is how many this one keeps.
func Prepared(conn *sql.Conn) (kept int) {
	_ = conn.Raw(func(c any) error {
		kept = len(c.(*preparedConn).idle)
		return nil
	})
	return kept
}
