package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// TestPreparedStatements holds that a statement that is kept prepared answers as a new one would, whatever became of it
// before, and that no more are kept than there is room for.
func TestPreparedStatements(t *testing.T) {
	s := storetest.Demo(t)
	conn, err := s.DB().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const byOrder = "SELECT sid FROM phone_numbers WHERE account_sid = $1 ORDER BY sid"
	main, second := demo.Main().SID, demo.Second().SID
	query := func(t *testing.T, ctx context.Context, text string, args ...any) *sql.Rows {
		rows, err := conn.QueryContext(ctx, text, args...)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	count := func(t *testing.T, rows *sql.Rows) (n int) {
		defer rows.Close()
		for rows.Next() {
			n++
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return n
	}
	all, others := count(t, query(t, t.Context(), byOrder, main)), count(t, query(t, t.Context(), byOrder, second))
	if all < 1000 || others == 0 || others == all {
		t.Fatalf("%d numbers and %d", all, others)
	}
	for _, row := range []struct {
		name   string
		before func(t *testing.T)
	}{
		{"run again", func(*testing.T) {}},
		{"run for another account", func(t *testing.T) { count(t, query(t, t.Context(), byOrder, second)) }},
		{"left in the middle", func(t *testing.T) {
			rows := query(t, t.Context(), byOrder, main)
			rows.Next()
			rows.Close()
		}},
		{"its context ended in the middle", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			rows := query(t, ctx, byOrder, main)
			rows.Next()
			cancel()
			for rows.Next() {
			}
			rows.Close()
		}},
		{"its context had ended", func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := conn.QueryContext(ctx, byOrder, main); !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		}},
		{"run without its argument", func(t *testing.T) {
			if _, err := conn.QueryContext(t.Context(), byOrder); err == nil {
				t.Error("it ran")
			}
		}},
		{"the tables changed", func(t *testing.T) {
			if _, err := conn.ExecContext(t.Context(), "CREATE TABLE more (n INTEGER)"); err != nil {
				t.Fatal(err)
			}
		}},
		{"others took its place", func(t *testing.T) {
			for i := range 3 * store.MaxPrepared {
				count(t, query(t, t.Context(), fmt.Sprintf("SELECT %d", i)))
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.before(t)
			if got := count(t, query(t, t.Context(), byOrder, main)); got != all {
				t.Errorf("%d numbers, want %d", got, all)
			}
		})
	}
	t.Run("run while it runs", func(t *testing.T) {
		outer, inner := query(t, t.Context(), byOrder, main), query(t, t.Context(), byOrder, second)
		if got := count(t, inner); got != others {
			t.Errorf("%d numbers inside, want %d", got, others)
		}
		if got := count(t, outer); got != all {
			t.Errorf("%d numbers, want %d", got, all)
		}
	})
	if kept := store.Prepared(conn); kept != store.MaxPrepared {
		t.Errorf("%d statements are kept, want %d", kept, store.MaxPrepared)
	}
}

// TestReadersBesideAWriter reads the same statements on all connections while others write: who comes after a write sees it.
func TestReadersBesideAWriter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		scope := upstream.NewScope(demo.Main().SID, policy.NewFields("friendlyName"))
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for range 50 {
					if _, err := s.Account(t.Context(), scope); err != nil {
						t.Error(err)
					}
					if page, err := s.PhoneNumbers(t.Context(), scope, upstream.PhoneNumberFilter{}, upstream.Page{First: 60}); err != nil || len(page.Items) != 60 {
						t.Errorf("%d numbers, %v", len(page.Items), err)
					}
				}
			})
		}
		for i := range 20 {
			name := fmt.Sprint("Name ", i)
			if _, err := s.DB().Exec("UPDATE accounts SET friendly_name = $1 WHERE sid = $2", name, demo.Main().SID); err != nil {
				t.Fatal(err)
			}
			if account, err := s.Account(t.Context(), scope); err != nil || account.FriendlyName != name {
				t.Errorf("%v, %v, want %s", account, err, name)
			}
		}
		wait.Wait()
	})
}

// TestNoConnectionInTime: who wants a row and finds no connection waits no longer than their context lasts.
func TestNoConnectionInTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		s := db.Demo(t)
		s.DB().SetMaxOpenConns(1)
		conn, err := s.DB().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		scope := upstream.NewScope(demo.Main().SID, policy.NewFields("friendlyName"))
		if _, err := s.Account(ctx, scope); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the context", err)
		}
	})
}
