package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// Opener makes a database of what connects to it: sql.OpenDB, or something that stands in
// between to know what is asked of the database and how long that takes.
type Opener func(driver.Connector) *sql.DB

// opener is the one that the options name.
func (o Options) opener() Opener {
	if o.Through == nil {
		return sql.OpenDB
	}
	return o.Through
}

// Stats counts the connections to the database.
func (s *Store) Stats() sql.DBStats { return s.db.Stats() }

// Migrated tells whether the tables are those that this program works on. It is nil when
// they are, and ErrNewerDatabase when a newer program has changed them meanwhile.
func (s *Store) Migrated(ctx context.Context) error {
	knows, err := newestVersion()
	if err != nil {
		return err
	}
	var has int64
	err = s.db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&has)
	switch {
	case err != nil:
		return failed(ctx, "reading the version of the database", err)
	case has > knows:
		return newer(has, knows)
	case has < knows:
		return fmt.Errorf("store: the database has version %d, and this program needs %d", has, knows)
	}
	return nil
}

// newestVersion is the number of the last migration.
func newestVersion() (newest int64, err error) {
	steps, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, err
	}
	for _, step := range steps {
		version, err := goose.NumericComponent(step)
		if err != nil {
			return 0, fmt.Errorf("store: reading the migrations: %w", err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}
