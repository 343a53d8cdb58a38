package store

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// openSQLite opens the database file at path, which it makes if need be.
func openSQLite(path string, open Opener) (*sql.DB, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	connector, err := sqlite.NewConnector(sqliteDSN(path))
	if err != nil {
		return nil, err
	}
	db := open(preparing{connector})
	// SQLite works inside this process, so more connections than this only take memory.
	connections := max(8, 2*runtime.GOMAXPROCS(0))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// createPrivate makes the file before SQLite does, which would let others read it. The
// files that SQLite puts beside it get the same mode.
func createPrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// sqliteDSN is the name under which the driver opens the file, with the settings of
// each connection. Readers and the one writer do not wait for each other (WAL).
// Writers queue: a transaction takes the write lock when it begins, because one that
// takes it later fails at once when another has written since. A commit is on the disk
// before it is answered (FULL), so that no power failure brings back roles that were
// taken away.
func sqliteDSN(path string) string {
	settings := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + settings.Encode()
}

// sqliteBusy tells whether a transaction has waited in vain for another.
func sqliteBusy(err error) bool {
	code := sqliteCode(err) & 0xff // the primary result code
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
}

// sqliteConstraint tells whether a constraint has refused a change.
func sqliteConstraint(err error) bool {
	return sqliteCode(err)&0xff == sqlite3.SQLITE_CONSTRAINT
}

// sqliteDuplicate tells whether a unique index has refused a change.
func sqliteDuplicate(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_UNIQUE }

// sqliteCode is the result code of an error from SQLite, 0 for any other
// (https://www.sqlite.org/rescode.html).
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}
