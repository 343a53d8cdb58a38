package store_test

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store"
)

// TestMigrated: a database that another version of the program has changed meanwhile is told from one's own.
func TestMigrated(t *testing.T) {
	for _, c := range []struct {
		name, change string
		newer, ok    bool
	}{
		{"as this program left it", "", false, true},
		{"a newer program has gone on", "INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, TRUE)", true, false},
		{"the last step was taken back", "DELETE FROM goose_db_version WHERE version_id = (SELECT MAX(version_id) FROM goose_db_version)", false, false},
		{"there are no versions", "DROP TABLE goose_db_version", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "fieldgate.db"), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := s.DB().Exec(c.change); err != nil {
				t.Fatal(err)
			}
			err = s.Migrated(t.Context())
			if (err == nil) != c.ok || errors.Is(err, store.ErrNewerDatabase) != c.newer {
				t.Errorf("got %v, want ErrNewerDatabase: %v, no error: %v", err, c.newer, c.ok)
			}
		})
	}
}

// TestThrough: the store uses the database that it is given.
func TestThrough(t *testing.T) {
	var opened *sql.DB
	s, err := store.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "fieldgate.db"), store.Options{Through: func(c driver.Connector) *sql.DB {
		opened = sql.OpenDB(c)
		return opened
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if opened == nil || s.DB() != opened || s.Stats().MaxOpenConnections != opened.Stats().MaxOpenConnections {
		t.Error("the store has opened another database")
	}
}
