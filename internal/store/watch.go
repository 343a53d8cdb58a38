package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
)

// Opener makes a database of what connects to it.
type Opener func(driver.Connector) *sql.DB

// Option changes how Open opens a database.
type Option func(*Opener)

// Through has the database opened by open instead of sql.OpenDB, so that whoever wants
// to know what is asked of it, and how long that takes, can stand in between.
func Through(open Opener) Option { return func(o *Opener) { *o = open } }

func opener(options []Option) Opener {
	open := Opener(sql.OpenDB)
	for _, set := range options {
		set(&open)
	}
	return open
}

// Stats counts the connections to the database.
func (s *Store) Stats() sql.DBStats { return s.db.Stats() }

// Migrated tells whether the tables are those that this program works on. It is nil when
// they are, and ErrNewerDatabase when a newer program has changed them meanwhile.
func (s *Store) Migrated(ctx context.Context) error {
	var has int64
	err := s.db.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied").Scan(&has)
	switch {
	case err != nil:
		return failed(ctx, "reading the version of the database", err)
	case has > s.knows:
		return fmt.Errorf("%w: it has version %d, and this program knows versions up to %d", ErrNewerDatabase, has, s.knows)
	case has < s.knows:
		return fmt.Errorf("store: the database has version %d, and this program needs %d", has, s.knows)
	}
	return nil
}
