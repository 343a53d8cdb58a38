package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// TestPlans has SQLite explain every list, from its start and from within: it must find
// its rows in an index, in order.
func TestPlans(t *testing.T) {
	s := storetest.Demo(t)
	account := demo.Main().SID
	var query string
	var args []any
	all := allListings(t, s, account)
	s.Trace(func(q string, a []any) { query, args = q, a })
	for _, l := range all {
		t.Run(l.name, func(t *testing.T) {
			p, err := l.call(t.Context(), s, everything(account, l.object), upstream.Page{First: 1})
			if err != nil {
				t.Fatal(err)
			}
			explain(t, s, query, args, indexOf(l))
			if len(p.positions) == 0 {
				return
			}
			if _, err := l.call(t.Context(), s, everything(account, l.object), upstream.Page{First: 1, After: p.positions[0]}); err != nil {
				t.Fatal(err)
			}
			explain(t, s, query, args, indexOf(l))
		})
	}
	for _, g := range getters(s) {
		t.Run(g.name, func(t *testing.T) {
			if _, err := g.get(t.Context(), everything(account, g.object), someSID(t, s, g.table, account)); err != nil {
				t.Fatal(err)
			}
			explain(t, s, query, args, "sqlite_autoindex_"+g.table+"_1 (sid=?)")
		})
	}
}

// explain checks that a query takes one step, which searches this index.
func explain(t *testing.T, s *store.Store, query string, args []any, index string) {
	t.Helper()
	steps := rawRows(t, s, "EXPLAIN QUERY PLAN "+query, args...)
	for _, row := range steps {
		step := row["detail"].(string)
		if len(steps) > 1 || !strings.HasPrefix(step, "SEARCH ") || index != "" && !strings.Contains(step, "INDEX "+index) {
			t.Errorf("%s, want a search of %s\n%s", step, index, query)
		}
	}
}

// indexOf is the index that is made for a list with a filter; empty where several would do.
func indexOf(l listing) string {
	_, filter, _ := strings.Cut(l.name, " by ")
	switch {
	case l.table == "usage_records" && filter == "category":
		return "sqlite_autoindex_usage_records_1 (account_sid=? AND granularity=? AND category=?"
	case filter == "" || filter == "start" || filter == "end" || strings.HasSuffix(filter, "After") || strings.HasSuffix(filter, "Before"):
		return l.table + "_list"
	case strings.HasPrefix(filter, "role "):
		return "users_" + strings.ToLower(strings.TrimPrefix(filter, "role "))
	case strings.Contains(filter, "several") || strings.Contains(filter, " and "):
		return ""
	}
	return l.table + "_" + snake(filter) + " "
}

func TestOpenMakesPrivateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "data #1?%20.db")
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, want := range map[string]os.FileMode{path: 0o600, path + "-wal": 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(name), got, want)
		}
	}
}

func TestOpenSettings(t *testing.T) {
	s := storetest.Empty(t)
	for pragma, want := range map[string]any{
		"journal_mode": "wal", "foreign_keys": int64(1), "synchronous": int64(2), "busy_timeout": int64(5000),
	} {
		for _, got := range rawRows(t, s, "PRAGMA "+pragma)[0] {
			if got != want {
				t.Errorf("%s is %v, want %v", pragma, got, want)
			}
		}
	}
}

func TestOpenFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := store.Open(t.Context(), path); err == nil {
		s.Close()
		t.Error("opened a file that is no database")
	}
	if s, err := store.Open(t.Context(), t.TempDir()); err == nil {
		s.Close()
		t.Error("opened a folder")
	}
}

func TestOpenAgainKeepsData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "again.db")
	for range 2 {
		s, err := store.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		err = demo.Fill(t.Context(), s, storetest.PasswordHash, storetest.Now())
		if closing := s.Close(); closing != nil {
			t.Fatal(closing)
		}
		if err != nil && !errors.Is(err, demo.ErrNotEmpty) {
			t.Fatal(err)
		}
	}
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if empty, err := s.Empty(t.Context()); empty || err != nil {
		t.Errorf("empty %v, error %v", empty, err)
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "newer.db")
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB().Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Open(t.Context(), path)
	if !errors.Is(err, store.ErrNewerDatabase) || !strings.Contains(err.Error(), "900") || !strings.Contains(err.Error(), "up to "+newestMigration(t)) {
		t.Errorf("error %v, want ErrNewerDatabase with both versions", err)
	}
	after, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(before) != string(after) {
		t.Error("the newer database was changed")
	}
}

func TestPingAndMarks(t *testing.T) {
	for _, row := range []struct {
		name        string
		open        func(testing.TB) *store.Store
		empty, demo bool
	}{
		{"empty", storetest.Empty, true, false},
		{"demo", storetest.Demo, false, true},
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
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "closed.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed database answers")
	}
}

// newestMigration is the number of the newest migration, by its file.
func newestMigration(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations (%v)", err)
	}
	number, _, _ := strings.Cut(filepath.Base(files[len(files)-1]), "_")
	return strings.TrimLeft(number, "0")
}
