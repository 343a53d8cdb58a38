package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/store"
)

// databaseFlags say where accounts are kept if not in the data folder.
type databaseFlags struct {
	DatabaseURL     string `help:"The Postgres that holds the accounts, such as postgres://user:password@host/name?sslmode=verify-full, instead of a file in the data folder." placeholder:"URL" env:"FIELDGATE_DATABASE_URL" xor:"database"`
	DatabaseURLFile string `help:"A file that holds the URL of the Postgres." type:"path" placeholder:"FILE" env:"FIELDGATE_DATABASE_URL_FILE" xor:"database"`
}

// secret is the URL, which may stand in a file.
func (d *databaseFlags) secret() secret {
	return secret{"--database-url-file", d.DatabaseURLFile, &d.DatabaseURL}
}

// external says whether accounts are kept where other gateways may keep theirs too.
func (d databaseFlags) external() bool { return d.DatabaseURL != "" }

// place is where accounts are kept, in words and with the flag that says so.
func (d databaseFlags) place(data string) string {
	if d.external() {
		return "the database (--database-url)"
	}
	return data + " (--data)"
}

// open opens the database. The one in the data folder is made if need be.
func (d databaseFlags) open(ctx context.Context, data string, o store.Options) (*store.Store, error) {
	if d.external() {
		db, err := store.OpenPostgres(ctx, d.DatabaseURL, o)
		if err != nil {
			return nil, fmt.Errorf("--database-url: %w", err)
		}
		return db, nil
	}
	db, err := store.OpenSQLite(ctx, databaseFile(data), o)
	if err != nil {
		return nil, fmt.Errorf("the database in %s (--data): %w", data, err)
	}
	return db, nil
}

// fresh says whether there is no database yet. One that is external is there.
func (d databaseFlags) fresh(data string) bool { return !d.external() && fresh(data) }

// poolFlags are the limits of a gateway's connections to a Postgres.
type poolFlags struct {
	DatabaseMaxConnections   int           `help:"How many connections to the Postgres there are at most." default:"16" placeholder:"N" env:"FIELDGATE_DATABASE_MAX_CONNECTIONS"`
	DatabaseStatementTimeout time.Duration `help:"How long the Postgres may take for a statement." default:"5s" env:"FIELDGATE_DATABASE_STATEMENT_TIMEOUT"`
}

func (p poolFlags) options() store.Options {
	return store.Options{MaxConnections: p.DatabaseMaxConnections, StatementLimit: p.DatabaseStatementTimeout}
}

// keyFlags say where the signing keys are.
type keyFlags struct {
	Keys string `help:"The folder of the signing keys, by default keys/ in the data folder." type:"path" placeholder:"DIR" env:"FIELDGATE_KEYS"`
}

// folder is the folder of the signing keys, and the flag that names it.
func (k keyFlags) folder(data string) (dir, flag string) {
	if k.Keys != "" {
		return k.Keys, "--keys"
	}
	return filepath.Join(data, "keys"), "--data"
}

// signingKeys loads the keys. One is made only for a gateway with a database of its own.
func (s serve) signingKeys() (*token.Keys, error) {
	if err := s.givenKey(); err != nil {
		return nil, err
	}
	dir, flag := s.folder(s.Data)
	keys, _, err := token.LoadKeys(dir)
	if err != nil {
		return nil, fmt.Errorf("the keys in %s (%s): %w", dir, flag, err)
	}
	return keys, nil
}
