package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is a Postgres on which tests make databases of their own.
type Server struct {
	address  *url.URL
	admin    *sql.DB
	template func() (string, error)

	mu   sync.Mutex
	made string // the template, once it is there
}

// server is the one that the environment names, nil if it names none.
var server = sync.OnceValue(func() *Server {
	given := os.Getenv("FIELDGATE_TEST_POSTGRES_URL")
	if given == "" {
		return nil
	}
	address, err := url.Parse(given)
	if err != nil {
		panic("FIELDGATE_TEST_POSTGRES_URL is no URL")
	}
	admin, err := sql.Open("pgx", given)
	if err != nil {
		panic("FIELDGATE_TEST_POSTGRES_URL is no URL of a Postgres")
	}
	s := &Server{address: address, admin: admin}
	s.template = sync.OnceValues(s.fill)
	return s
})

// Postgres is the server that FIELDGATE_TEST_POSTGRES_URL names. Without one there is
// none to range over.
func Postgres() []*Server {
	if s := server(); s != nil {
		return []*Server{s}
	}
	return nil
}

// Close takes away the database that others were copied from.
func Close() error {
	s := server()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.made != "" {
		err = s.drop(s.made)
	}
	return errors.Join(err, s.admin.Close())
}

// Demo is Create of a database that is filled with the demo data.
func (s *Server) Demo(t testing.TB) string {
	t.Helper()
	template, err := s.template()
	if err != nil {
		t.Fatal(err)
	}
	return s.Create(t, "TEMPLATE "+template)
}

// Empty is Create of an empty database. Its own order of text is that of a language, in which what programs make of letters,
// digits and underscores is not in the order of its bytes.
func (s *Server) Empty(t testing.TB) string {
	t.Helper()
	return s.Create(t, worded)
}

// worded makes an empty database whose order of text is that of English.
const worded = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"

// Create makes a database with the options of CREATE DATABASE, and returns its URL. It is
// there until the test ends.
func (s *Server) Create(t testing.TB, as string) string {
	t.Helper()
	name := newName()
	s.Exec(t, "CREATE DATABASE "+name+" "+as)
	t.Cleanup(func() {
		if err := s.drop(name); err != nil {
			t.Error(err)
		}
	})
	return s.url(name)
}

// Exec runs a statement on the server, outside of the databases of tests.
func (s *Server) Exec(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := s.admin.ExecContext(context.Background(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s *Server) drop(name string) error {
	_, err := s.admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
	return err
}

func (s *Server) url(name string) string {
	address := *s.address
	address.Path = "/" + name
	return address.String()
}

func (s *Server) open(t testing.TB, address string) *store.Store {
	t.Helper()
	db, err := store.OpenPostgres(t.Context(), address, Options())
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, db)
	return db
}

// fill makes the template that Demo copies. A process makes it once.
func (s *Server) fill() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, name := context.Background(), newName()
	if _, err := s.admin.Exec("CREATE DATABASE " + name + " " + worded); err != nil {
		return "", err
	}
	s.made = name
	db, err := store.OpenPostgres(ctx, s.url(name), Options())
	if err != nil {
		return "", err
	}
	return name, errors.Join(demo.Fill(ctx, db, PasswordHash, Now()), db.Close())
}

// newName is a name that no other database has.
func newName() string { return "fieldgate_test_" + strings.ToLower(rand.Text()) }
