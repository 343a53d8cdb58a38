package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// ErrNewerDatabase says that a newer program has written the database.
var ErrNewerDatabase = errors.New("store: the database was written by a newer version of this program")

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the tables up to date, each step in a transaction of its own.
func migrate(ctx context.Context, db *sql.DB) error {
	steps, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("store: reading the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, steps, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("store: reading the migrations: %w", err)
	}
	has, knows, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: reading the version of the database: %w", err)
	}
	if has > knows {
		return fmt.Errorf("%w: it has version %d, and this program knows versions up to %d", ErrNewerDatabase, has, knows)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("store: bringing the database up to date: %w", err)
	}
	return nil
}
