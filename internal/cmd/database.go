package cmd

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/audit"
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
	Keys     string `help:"The folder of the signing keys, by default keys/ in the data folder." type:"path" placeholder:"DIR" env:"FIELDGATE_KEYS"`
	AuditKey string `help:"The file of the keys of the audit trail, by default audit.key in the folder of the signing keys." type:"path" placeholder:"FILE" env:"FIELDGATE_AUDIT_KEY"`
}

// auditFile is the file of the keys of the audit trail, and the flag that names it.
func (k keyFlags) auditFile(data string) (path, flag string) {
	if k.AuditKey != "" {
		return k.AuditKey, "--audit-key"
	}
	dir, flag := k.folder(data)
	return filepath.Join(dir, "audit.key"), flag
}

// auditKeys loads the keys of the audit trail.
func (k keyFlags) auditKeys(data string) (*audit.Keyring, error) {
	path, flag := k.auditFile(data)
	keys, err := audit.ReadKeys(path)
	if err != nil {
		return nil, fmt.Errorf("the key of the audit trail (%s): %w", flag, err)
	}
	return keys, nil
}

// makeAuditKey makes a key of the audit trail where there is none.
func (k keyFlags) makeAuditKey(data string) (made bool, err error) {
	path, flag := k.auditFile(data)
	if made, err = audit.MakeKeys(path); err != nil {
		return false, fmt.Errorf("%s (%s): %w", path, flag, err)
	}
	return made, nil
}

// folder is the folder of the signing keys, and the flag that names it.
func (k keyFlags) folder(data string) (dir, flag string) {
	if k.Keys != "" {
		return k.Keys, "--keys"
	}
	return filepath.Join(data, "keys"), "--data"
}

// trailKeys loads the keys of the audit trail. One is made only for a gateway with a database of its own.
func (s serve) trailKeys() (*audit.Keyring, error) {
	if !s.external() {
		if _, err := s.makeAuditKey(s.Data); err != nil {
			return nil, err
		}
	}
	return s.auditKeys(s.Data)
}

// goesOn says what is wrong when no audit trail of the database can go on with these keys: nobody could sign in, and nothing be changed.
func (s serve) goesOn(ctx context.Context, db *store.Store, keys *audit.Keyring) error {
	ids, err := db.AuditKeys(ctx)
	if err != nil || len(ids) == 0 || slices.ContainsFunc(ids, keys.Knows) {
		return err
	}
	path, flag := s.auditFile(s.Data)
	return fmt.Errorf("the audit trail in %s was not written with a key in %s (%s): give that file the key again that it was written with", s.place(s.Data), path, flag)
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
