package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
)

// ErrLocked says that another process holds the lock.
var ErrLocked = errors.New("store: another process has locked it")

// Lock takes the lock file at path, until release is called or the process ends: alone,
// or with all others that do not ask to be alone. ErrLocked says that it is taken. The
// file is a SQLite database, because SQLite knows how to lock a file on every system.
func Lock(ctx context.Context, path string, alone bool) (release func() error, err error) {
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("store: locking: %w", err)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(0)")
	if err != nil {
		return nil, fmt.Errorf("store: locking: %w", err)
	}
	conn, err := db.Conn(ctx)
	if err == nil {
		begin := "BEGIN; SELECT COUNT(*) FROM sqlite_master" // to read is to share
		if alone {
			begin = "BEGIN EXCLUSIVE"
		}
		_, err = conn.ExecContext(ctx, begin)
	}
	if isBusy(err) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: locking: %w", err), db.Close())
	}
	return func() error { return errors.Join(conn.Close(), db.Close()) }, nil
}
