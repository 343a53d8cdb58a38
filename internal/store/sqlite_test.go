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
)

// TestPlansOfSQLite has SQLite explain every list, from its start and from within: it
// must find its rows in an index, in order.
func TestPlansOfSQLite(t *testing.T) {
	eachStatement(t, storetest.Demo(t), func(t *testing.T, s *store.Store, query string, args []any, index string) {
		if table, primary := strings.CutSuffix(index, "_pkey"); primary {
			index = "sqlite_autoindex_" + table + "_1 ("
		}
		steps := rawRows(t, s, "EXPLAIN QUERY PLAN "+query, args...)
		for _, row := range steps {
			step := row["detail"].(string)
			if len(steps) > 1 || !strings.HasPrefix(step, "SEARCH ") || !strings.Contains(step, "INDEX "+index) {
				t.Errorf("%s, want a search of %s\n%s", step, index, query)
			}
		}
	})
}

func TestOpenMakesPrivateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "data #1?%20.db")
	s, err := store.OpenSQLite(t.Context(), path, storetest.Options())
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
	if s, err := store.OpenSQLite(t.Context(), path, storetest.Options()); err == nil {
		s.Close()
		t.Error("opened a file that is no database")
	}
	if s, err := store.OpenSQLite(t.Context(), t.TempDir(), storetest.Options()); err == nil {
		s.Close()
		t.Error("opened a folder")
	}
}

func TestOpenAgainKeepsData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "again.db")
	for range 2 {
		s, err := store.OpenSQLite(t.Context(), path, storetest.Options())
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
	s, err := store.OpenSQLite(t.Context(), path, storetest.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if empty, err := s.Empty(t.Context()); empty || err != nil {
		t.Errorf("empty %v, error %v", empty, err)
	}
}

// TestNewerFileIsRefused: a database of a newer program is left as it is, byte for byte.
func TestNewerFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "newer.db")
	s, err := store.OpenSQLite(t.Context(), path, storetest.Options())
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
	_, err = store.OpenSQLite(t.Context(), path, storetest.Options())
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
