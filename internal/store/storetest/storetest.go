// Package storetest gives tests a database with the demo data in it: SQLite always, and
// Postgres too when FIELDGATE_TEST_POSTGRES_URL names a server on which databases can be
// made, such as postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable.
package storetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// Password is the password of all users of the demo, and PasswordHash its hash, which takes so little work that hundreds
// may sign in.
const (
	Password     = "correct horse battery staple"
	PasswordHash = "$argon2id$v=19$m=8,t=1,p=1$b2YgdGhlIHRlc3Rz$cZNFij/UXZP0frVnVTr0+QCyh9y9GMtEAsiZ9JA5Z5U"
)

// AuditKey is the key of the audit trail of the demo, as a file of keys has it.
const AuditKey = "ZmllbGRnYXRlIHRlc3RzOiBubyBzZWNyZXQgYXQgYWw\n"

// Options open a store that can be changed.
func Options() store.Options {
	keys, err := audit.NewKeyring([]byte("fieldgate tests: no secret at al"))
	if err != nil {
		panic(err)
	}
	return store.Options{Audit: keys}
}

// Now is the moment at which the demo data was made.
func Now() time.Time { return time.Date(2026, time.March, 14, 15, 9, 26, 0, time.UTC) }

// Database is a kind of database. Demo opens one of the test's own that is filled with
// the demo data, Empty an empty one; both are closed when the test ends.
type Database struct {
	Name        string
	Demo, Empty func(testing.TB) *store.Store
}

// Databases are all kinds that there are here.
func Databases() []Database {
	all := []Database{{"SQLite", Demo, Empty}}
	for _, server := range Postgres() {
		all = append(all, Database{"Postgres",
			func(t testing.TB) *store.Store { return server.open(t, server.Demo(t)) },
			func(t testing.TB) *store.Store { return server.open(t, server.Empty(t)) }})
	}
	return all
}

// Each runs a test on each kind of database.
func Each(t *testing.T, test func(t *testing.T, db Database)) {
	for _, db := range Databases() {
		t.Run(db.Name, func(t *testing.T) { test(t, db) })
	}
}

// Main runs the tests of a package, and then takes away what they have shared.
func Main(m *testing.M) int {
	status := m.Run()
	if err := Close(); err != nil {
		panic(err)
	}
	return status
}

// Demo opens a SQLite database of the test's own that is filled with the demo data, and
// closes it when the test ends. Filling takes a second, so it is done once in a process.
func Demo(t testing.TB) *store.Store {
	t.Helper()
	content, err := filled()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "demo.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// Empty opens an empty SQLite database of the test's own, and closes it when the test ends.
func Empty(t testing.TB) *store.Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "empty.db"))
}

func open(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.OpenSQLite(t.Context(), path, Options())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, s)
	return s
}

func closeAfter(t testing.TB, s *store.Store) {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// filled is the content of a filled database file. A process makes it once.
var filled = sync.OnceValues(fill)

func fill() (content []byte, err error) {
	dir, err := os.MkdirTemp("", "storetest")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "template.db")
	ctx := context.Background()
	s, err := store.OpenSQLite(ctx, path, Options())
	if err != nil {
		return nil, err
	}
	// Closing the database moves all that is in its write-ahead log into the file.
	if err := errors.Join(demo.Fill(ctx, s, PasswordHash, Now()), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
