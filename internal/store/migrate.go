package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/pressly/goose/v3"
)

// ErrNewerDatabase says that a newer program has written the database.
var ErrNewerDatabase = errors.New("store: the database was written by a newer version of this program")

//go:embed migrations/*.sql migrations/postgres/*.sql
var migrations embed.FS

// migrate brings the tables up to date, each step in a transaction of its own.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, steps fs.FS, options ...goose.ProviderOption) error {
	provider, err := goose.NewProvider(dialect, db, steps, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return fmt.Errorf("store: reading the migrations: %w", err)
	}
	if err := notNewer(ctx, provider); err != nil {
		return err
	}
	pending, err := provider.HasPending(ctx)
	if err != nil {
		return notMigrated(ctx, err)
	}
	if !pending {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return notMigrated(ctx, err)
	}
	return notNewer(ctx, provider) // which it may have become while this program waited for its turn
}

func notNewer(ctx context.Context, provider *goose.Provider) error {
	has, knows, err := provider.GetVersions(ctx)
	if err != nil {
		return notMigrated(ctx, err)
	}
	if has > knows {
		return newer(has, knows)
	}
	return nil
}

// newer is ErrNewerDatabase with both versions.
func newer(has, knows int64) error {
	return fmt.Errorf("%w: it has version %d, and this program knows versions up to %d", ErrNewerDatabase, has, knows)
}

// notMigrated wraps an error of the database, by which step it came about, or one of
// goose's own, which is about versions and files.
func notMigrated(ctx context.Context, err error) error {
	doing := "bringing the database up to date"
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		doing += " with " + path.Base(partial.Failed.Source.Path)
	}
	if describe(err) == "" {
		return fmt.Errorf("store: %s: %w", doing, err)
	}
	return failed(ctx, doing, err)
}

// migrateSQLite brings the tables up to date under a lock beside the file, as gateways
// that share a data folder may start together: goose has no lock for SQLite.
func migrateSQLite(ctx context.Context, db *sql.DB, path string) (err error) {
	release, err := Lock(ctx, path+".migrating", true)
	for attempt := 1; errors.Is(err, ErrLocked) && pause(ctx, attempt); attempt++ {
		release, err = Lock(ctx, path+".migrating", true)
	}
	if err != nil {
		return fmt.Errorf("store: waiting to bring the database up to date: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("store: reading the migrations: %w", err)
	}
	return migrate(ctx, db, goose.DialectSQLite3, steps)
}

// postgresMigrations are the steps as Postgres takes them: with the file of the folder
// postgres in place of one of the same name, and with all text ordered by its bytes, as
// in SQLite, whatever the database's own order is. Lists are ordered by text, and what a
// cursor says must hold in both.
type postgresMigrations struct{ all embed.FS }

// Open opens a step, or the folder of all.
func (m postgresMigrations) Open(name string) (fs.File, error) {
	file, err := m.all.Open(path.Join("migrations", "postgres", name))
	if name == "." || errors.Is(err, fs.ErrNotExist) {
		file, err = m.all.Open(path.Join("migrations", name))
	}
	if err != nil || name == "." {
		return file, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return rewritten{file, strings.NewReader(textType.ReplaceAllLiteralString(string(text), `TEXT COLLATE "C"`))}, nil
}

// textType is the type of a column of text.
var textType = regexp.MustCompile(`\bTEXT\b`)

// rewritten is a file that reads as something else.
type rewritten struct {
	fs.File
	text *strings.Reader
}

func (r rewritten) Read(b []byte) (int, error) { return r.text.Read(b) }
