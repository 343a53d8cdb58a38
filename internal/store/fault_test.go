package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// someCalls reads a page of calls.
func someCalls(ctx context.Context, s *store.Store) error {
	_, err := s.Calls(ctx, everything(demo.Main().SID, model.Call{}), upstream.CallFilter{}, upstream.Page{First: 10})
	return err
}

// discreet fails the test for an error that says more than it may of a database.
func discreet(t *testing.T, err error, address string) {
	t.Helper()
	at, parsing := url.Parse(address)
	if parsing != nil {
		t.Fatal(parsing)
	}
	secret, _ := at.User.Password()
	for _, word := range []string{at.Hostname(), at.Port(), strings.TrimPrefix(at.Path, "/"), at.User.Username(), secret, "SELECT", "sslmode="} {
		if word != "" && strings.Contains(err.Error(), word) {
			t.Errorf("it says %q: %v", word, err)
		}
	}
}

// TestLimits: what takes too long is a TIMEOUT, what waits for another's lock is told to
// try again, and a transaction that does nothing gives its connection up.
func TestLimits(t *testing.T) {
	for _, server := range storetest.Postgres() {
		address := server.Demo(t)
		other := openPostgres(t, address, storetest.Options())
		blocking, err := other.DB().Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer blocking.Rollback()
		if _, err := blocking.Exec("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE"); err != nil {
			t.Fatal(err)
		}
		slow := openPostgres(t, address, store.Options{StatementLimit: 500 * time.Millisecond})
		waiting := openPostgres(t, address+"&lock_timeout=50", storetest.Options())
		for _, row := range []struct {
			name string
			call func() error
			code problem.Code
		}{
			{"a statement", func() error { return someCalls(t.Context(), slow) }, problem.Timeout},
			{"a lock", func() error { return someCalls(t.Context(), waiting) }, problem.Unavailable},
			{"a lock in a transaction", func() error {
				return waiting.Transact(t.Context(), func(tx *sql.Tx) error {
					_, err := tx.Exec("UPDATE calls SET status = 'BUSY'")
					return err
				})
			}, problem.Unavailable},
			{"an idle transaction", func() error {
				idle := openPostgres(t, address+"&idle_in_transaction_session_timeout=50", storetest.Options())
				return idle.Transact(t.Context(), func(tx *sql.Tx) error {
					time.Sleep(time.Second)
					_, err := tx.Exec("UPDATE alerts SET log_level = 'ERROR'")
					return store.Failed(t.Context(), "trying", err)
				})
			}, problem.Unavailable},
		} {
			t.Run(row.name, func(t *testing.T) {
				err := row.call()
				if problem.CodeOf(err) != row.code {
					t.Fatalf("error %v, want %s", err, row.code)
				}
				discreet(t, err, address)
			})
		}
		t.Run("the request's own", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := someCalls(ctx, other)
			if !errors.Is(err, context.DeadlineExceeded) || problem.CodeOf(err) != problem.Internal {
				t.Errorf("error %v, want that of the context alone", err)
			}
		})
		if err := blocking.Rollback(); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*store.Store{slow, waiting, other} {
			if err := someCalls(t.Context(), s); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		}
	}
}

// TestDatabaseGone: while the database is away, whatever is asked of it is
// SERVICE_UNAVAILABLE, and when it is back, all is well again.
func TestDatabaseGone(t *testing.T) {
	for _, server := range storetest.Postgres() {
		address := server.Demo(t)
		name := strings.TrimPrefix(must(url.Parse(address)).Path, "/")
		line := storetest.NewLine(t, address)
		for _, row := range []struct {
			name       string
			gone, back func()
		}{
			{"cut off", line.Cut, line.Mend},
			{"shut", func() {
				server.Exec(t, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS FALSE")
				server.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
			}, func() { server.Exec(t, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS TRUE") }},
		} {
			t.Run(row.name, func(t *testing.T) {
				s := openPostgres(t, line.URL(), storetest.Options())
				owner, support := demo.Main().With(policy.Owner).SID, demo.Main().With(policy.Support).SID
				calls := map[string]func() error{
					"list":   func() error { return someCalls(t.Context(), s) },
					"ping":   func() error { return s.Ping(t.Context()) },
					"write":  func() error { return s.SignedIn(t.Context(), support, storetest.Now()) },
					"member": func() error { _, err := s.MemberOf(t.Context(), support); return err },
					"roles": func() error {
						_, err := s.SetRoles(t.Context(), as(demo.Main().SID, owner), support, []policy.Role{policy.Support}, allow)
						return err
					},
				}
				for range 2 {
					for name, call := range calls {
						if err := call(); err != nil {
							t.Fatalf("%s: %v", name, err)
						}
					}
					row.gone()
					for name, call := range calls {
						err := call()
						if problem.CodeOf(err) != problem.Unavailable {
							t.Fatalf("%s: error %v, want SERVICE_UNAVAILABLE", name, err)
						}
						discreet(t, err, line.URL())
					}
					row.back()
				}
			})
		}
		t.Run("in the middle of a transaction", func(t *testing.T) {
			s := openPostgres(t, line.URL(), storetest.Options())
			err := s.Transact(t.Context(), func(tx *sql.Tx) error {
				if _, err := tx.Exec("UPDATE alerts SET log_level = 'ERROR'"); err != nil {
					return err
				}
				line.Cut()
				return nil
			})
			line.Mend()
			if problem.CodeOf(err) != problem.Unavailable {
				t.Errorf("error %v, want SERVICE_UNAVAILABLE", err)
			}
			discreet(t, err, line.URL())
			if err := someCalls(t.Context(), s); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestOpenPostgresFails: what cannot be opened is refused in words that give nothing away.
func TestOpenPostgresFails(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close() // nobody listens there now
	type row struct{ name, url, says string }
	rows := []row{
		{"no URL", "the database", "want postgres://"},
		{"another scheme", "mysql://root:hunter2@localhost/db", "want postgres://"},
		{"words of libpq", "host=localhost password=hunter2", "want postgres://"},
		{"no port", "postgres://me:hunter2@localhost:port/db?sslmode=disable", "want postgres://"},
		{"an unknown sslmode", "postgres://me:hunter2@localhost/db?sslmode=maybe", "want postgres://"},
		{"a certificate that is missing", "postgres://me:hunter2@db.example.com/db?sslmode=verify-full&sslrootcert=" +
			filepath.Join(t.TempDir(), "root.crt"), "root.crt"},
		{"another machine, and no word of protection", "postgres://me:hunter2@db.example.com/db", "sslmode=verify-full"},
		{"another machine, protected if it likes", "postgresql://me:hunter2@192.0.2.1,127.0.0.1/db?sslmode=prefer", "sslmode=verify-full"},
		{"nobody there", "postgres://me:hunter2@" + nobody.Addr().String() + "/db", "connection refused"},
	}
	for _, server := range storetest.Postgres() {
		there := must(url.Parse(server.Empty(t)))
		unknown := *there
		unknown.User = url.UserPassword("fieldgate_nobody", "hunter2")
		rows = append(rows, row{"an unknown user", unknown.String(), "user or password, SQLSTATE 28"})
		unknown = *there
		unknown.Path = "/fieldgate_no_such_database"
		rows = append(rows, row{"an unknown database", unknown.String(), "no such database, SQLSTATE 3D000"})
		rows = append(rows, row{"an option of no known name", there.String() + "&no_such_option=1", "SQLSTATE 42704"})
		rows = append(rows, row{"another encoding", server.Create(t, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"), "must be UTF8"})
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s, err := store.OpenPostgres(t.Context(), row.url, storetest.Options())
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), row.says) {
				t.Errorf("it does not say %q: %v", row.says, err)
			}
			for _, word := range []string{"hunter2", "me:", "example.com", "192.0.2.1", "127.0.0.1", "fieldgate_", nobody.Addr().String()} {
				if strings.Contains(err.Error(), word) {
					t.Errorf("it says %q: %v", word, err)
				}
			}
		})
	}
}

// TestNoConnectionLeft: when all are taken, a request waits for one, no longer than it may take.
func TestNoConnectionLeft(t *testing.T) {
	for _, server := range storetest.Postgres() {
		s := openPostgres(t, server.Demo(t), store.Options{MaxConnections: 1})
		taken, err := s.DB().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := someCalls(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that of the context", err)
		}
		if err := taken.Close(); err != nil {
			t.Fatal(err)
		}
		if err := someCalls(t.Context(), s); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
