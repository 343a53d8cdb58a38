package cmd

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// kept is where a program under test keeps its accounts.
type kept struct {
	name string
	// demo makes a copy of the demo of the test's own, and returns the arguments that serve it.
	demo func(t testing.TB) []string
	// bare makes one with nothing in it but an account that was just made.
	bare func(t testing.TB) []string
}

// databases are SQLite, and Postgres where there is one.
func databases() []kept {
	all := []kept{{
		"SQLite",
		func(t testing.TB) []string { return []string{"--data", demoData(t), "--demo-password", password} },
		func(t testing.TB) []string {
			data, _ := found(t)
			return []string{"--data", data, "--demo", "off"}
		},
	}}
	for _, server := range storetest.Postgres() {
		all = append(all, kept{
			"Postgres",
			func(t testing.TB) []string { return onPostgres(t, server.Demo(t)) },
			func(t testing.TB) []string {
				url := server.Empty(t)
				found(t, "--database-url", url)
				return []string{"--database-url", url, "--keys", givenKeys(t), "--demo", "off"}
			},
		})
	}
	return all
}

// eachDatabase runs a test on each kind of database.
func eachDatabase(t *testing.T, test func(t *testing.T, on kept)) {
	for _, on := range databases() {
		t.Run(on.name, func(t *testing.T) { test(t, on) })
	}
}

// start starts the program on a copy of the demo.
func (on kept) start(t *testing.T, args ...string) *program {
	t.Helper()
	return on.serve(t, on.demo(t), args)
}

// startBare starts the program on a database with nothing but an account that was just made: newTenant makes more.
func (on kept) startBare(t *testing.T, args ...string) *program {
	t.Helper()
	return on.serve(t, on.bare(t), append(args, "--limit-sign-ins", "100000"))
}

func (on kept) serve(t *testing.T, database, args []string) *program {
	t.Helper()
	if on.name == "Postgres" && !slices.Contains(args, "--redis-url") {
		args = append(args, "--redis-url", startRedis(t).url())
	}
	return start(t, append(database, args...)...)
}

// onPostgres are the arguments that serve the demo of a Postgres, but for a Redis.
func onPostgres(t testing.TB, url string) []string {
	t.Helper()
	return []string{"--database-url", url, "--keys", givenKeys(t), "--demo", "on", "--demo-password", password}
}

// givenKeys is a folder with a signing key that was put there, and the key of the demo's audit trail.
func givenKeys(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := token.AddKey(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "audit.key"), []byte(storetest.AuditKey), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// change runs a statement in the program's database, as another process would.
func (p *program) change(statement string, args ...any) {
	p.t.Helper()
	db := p.connect()
	defer db.Close()
	if _, err := db.Exec(statement, args...); err != nil {
		p.t.Fatal(err)
	}
}

// connect connects to the program's database.
func (p *program) connect() *sql.DB {
	p.t.Helper()
	driver, place := "pgx", p.database
	if place == "" {
		driver, place = "sqlite", sqliteFile(p.data)
	}
	db, err := sql.Open(driver, place)
	if err != nil {
		p.t.Fatal(err)
	}
	return db
}

// open opens the program's database beside it.
func (p *program) open() *store.Store {
	p.t.Helper()
	options := storetest.Options()
	if p.database == "" {
		var err error
		if options.Audit, err = (keyFlags{}).auditKeys(p.data); err != nil {
			p.t.Fatal(err)
		}
	}
	db, err := databaseFlags{DatabaseURL: p.database}.open(p.t.Context(), p.data, options)
	if err != nil {
		p.t.Fatal(err)
	}
	return db
}
