package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/scalar"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// TestStatements shows what is asked of the database, as examples.
func TestStatements(t *testing.T) {
	s := storetest.Empty(t)
	var query string
	var args []any
	s.Trace(func(q string, a []any) { query, args = q, a })
	scope := func(fields ...string) upstream.Scope { return upstream.NewScope("AC1", policy.NewFields(fields...)) }
	busy, day := model.CallStatusBusy, scalar.Date("2026-01-31")
	moment := time.UnixMicro(1_000).Add(1) // a nanosecond after what is kept
	for _, row := range []struct {
		name string
		call func() error
		sql  string
		args []any
	}{
		{"nothing permitted", func() error {
			_, err := s.Calls(t.Context(), scope(), upstream.CallFilter{}, upstream.Page{First: 50})
			return err
		}, "SELECT start_time, sid FROM calls WHERE account_sid = $1 ORDER BY start_time DESC, sid DESC LIMIT $2",
			[]any{"AC1", 51}},
		{"an id costs nothing", func() error {
			_, err := s.PhoneNumbers(t.Context(), scope("id", "sid"), upstream.PhoneNumberFilter{}, upstream.Page{First: 1, After: []string{"PN1"}})
			return err
		}, "SELECT sid FROM phone_numbers WHERE account_sid = $1 AND sid > $2 ORDER BY sid LIMIT $3",
			[]any{"AC1", "PN1", 2}},
		{"filters and a position", func() error {
			_, err := s.Calls(t.Context(), scope("price", "to", "unknown"),
				upstream.CallFilter{Status: &busy, StartTimeAfter: &moment}, upstream.Page{First: 2, After: []string{"7000", "CA1"}})
			return err
		}, "SELECT start_time, sid, to_party, price_micros, price_unit FROM calls WHERE account_sid = $1 AND start_time >= $2 AND status = $3" +
			" AND start_time <= $4 AND (start_time < $4 OR sid < $5) ORDER BY start_time DESC, sid DESC LIMIT $6",
			[]any{"AC1", int64(1_001), "BUSY", int64(7_000), "CA1", 3}},
		{"two directions", func() error {
			_, err := s.UsageRecords(t.Context(), scope("count"), upstream.UsageFilter{Granularity: "DAILY", End: &day},
				upstream.Page{First: 2, After: []string{"2026-01-01", "MMS"}})
			return err
		}, "SELECT start_date, category, event_count FROM usage_records WHERE account_sid = $1 AND granularity = $2 AND end_date <= $3" +
			" AND start_date <= $4 AND (start_date < $4 OR category > $5) ORDER BY start_date DESC, category LIMIT $6",
			[]any{"AC1", "DAILY", "2026-01-31", "2026-01-01", "MMS", 3}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := row.call(); err != nil {
				t.Fatal(err)
			}
			if query != row.sql || !reflect.DeepEqual(args, row.args) {
				t.Errorf("got  %s %v\nwant %s %v", query, args, row.sql, row.args)
			}
		})
	}
}

func TestEndedContext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, l := range allListings(t, s, demo.Main().SID) {
			if _, err := l.call(ctx, s, everything(demo.Main().SID, l.object), upstream.Page{First: 10}); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: error %v, want that of the context", l.name, err)
			}
		}
		if err := s.Transact(ctx, func(*sql.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want that of the context", err)
		}
	})
}

func TestPingAndMarks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		for _, row := range []struct {
			name        string
			open        func(testing.TB) *store.Store
			empty, demo bool
		}{
			{"empty", db.Empty, true, false},
			{"demo", db.Demo, false, true},
		} {
			t.Run(row.name, func(t *testing.T) {
				s := row.open(t)
				if err := s.Ping(t.Context()); err != nil {
					t.Error(err)
				}
				if empty, err := s.Empty(t.Context()); empty != row.empty || err != nil {
					t.Errorf("empty %v, error %v", empty, err)
				}
				if demo, err := s.Demo(t.Context()); demo != row.demo || err != nil {
					t.Errorf("demo %v, error %v", demo, err)
				}
			})
		}
		s := db.Empty(t)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a closed database answers")
		}
	})
}

// TestTransactRetries collides for real once, and then as often as it likes.
func TestTransactRetries(t *testing.T) {
	s := storetest.Empty(t)
	busy := realCollision(t)
	for _, row := range []struct {
		name             string
		collisions, want int
		ok               bool
	}{
		{"none", 0, 1, true},
		{"two", 2, 3, true},
		{"without end", 99, 10, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			runs := 0
			err := s.Transact(t.Context(), func(*sql.Tx) error {
				if runs++; runs <= row.collisions {
					return busy
				}
				return nil
			})
			if runs != row.want || (err == nil) != row.ok {
				t.Errorf("%d runs, want %d; error %v", runs, row.want, err)
			}
		})
	}
	t.Run("another error", func(t *testing.T) {
		runs, broken := 0, errors.New("broken")
		err := s.Transact(t.Context(), func(*sql.Tx) error { runs++; return broken })
		if runs != 1 || !errors.Is(err, broken) {
			t.Errorf("%d runs, error %v", runs, err)
		}
	})
}

// realCollision is the error of a transaction that finds the database locked.
func realCollision(t *testing.T) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "locked.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer first.Rollback()
	_, err = db.Begin()
	if err == nil {
		t.Fatal("two transactions at once")
	}
	return err
}

// FuzzPosition goes on after any position. It is refused as input or leads somewhere in
// the account's own list, never into an error of the database.
func FuzzPosition(f *testing.F) {
	f.Add("1770000000000000", "CA0123456789abcdef0123456789abcdef")
	f.Add("-9223372036854775808", "z")
	f.Add("2026-01-01", "MMS")
	f.Add("01", "' OR 1=1 --")
	f.Add("", "\x00\xff")
	var stores []*store.Store
	for _, db := range storetest.Databases() {
		stores = append(stores, db.Demo(f))
	}
	scope := upstream.NewScope(demo.Second().SID, policy.NewFields("sid"))
	f.Fuzz(func(t *testing.T, a, b string) {
		p := upstream.Page{First: 1, After: []string{a, b}}
		for _, s := range stores {
			_, calls := s.Calls(t.Context(), scope, upstream.CallFilter{}, p)
			_, usage := s.UsageRecords(t.Context(), scope, upstream.UsageFilter{Granularity: "DAILY"}, p)
			_, invoices := s.Invoices(t.Context(), scope, upstream.InvoiceFilter{}, p)
			for _, err := range []error{calls, usage, invoices} {
				if err != nil && problem.CodeOf(err) != problem.BadUserInput {
					t.Errorf("position %q: %v", p.After, err)
				}
			}
		}
	})
}

// TestUnknownFieldsAreNotRead asks for what is no field of the schema.
func TestUnknownFieldsAreNotRead(t *testing.T) {
	s := storetest.Demo(t)
	var query string
	s.Trace(func(q string, _ []any) { query = q })
	scope := upstream.NewScope(demo.Main().SID, policy.NewFields("price_micros", "*", "sid, secret_hash", "secretHash", "passwordHash"))
	if _, err := s.APIKeys(t.Context(), scope, upstream.APIKeyFilter{}, upstream.Page{First: 1}); err != nil {
		t.Fatal(err)
	}
	if want := "SELECT date_created, sid FROM api_keys WHERE account_sid = $1 ORDER BY date_created DESC, sid DESC LIMIT $2"; query != want {
		t.Errorf("statement %s", query)
	}
}
