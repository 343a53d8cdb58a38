package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// failed wraps an error of the database. It is a problem of its own when the database
// cannot be reached (SERVICE_UNAVAILABLE), has been too busy (likewise) or has taken too
// long (TIMEOUT). An error after the context has ended is the context's, whatever the
// driver calls it. No words of the driver go on: see fault.
func failed(ctx context.Context, doing string, err error) error {
	shown := problemOf(err)
	err = plain(err)
	if ended := ctx.Err(); ended != nil {
		if !errors.Is(err, ended) {
			return fmt.Errorf("store: %s: %w: %w", doing, ended, err)
		}
		shown = nil
	}
	err = fmt.Errorf("store: %s: %w", doing, err)
	if shown == nil {
		return err
	}
	shown.Cause = err
	return shown
}

// Failed wraps an error of a statement that was not this package's, but ran inside of
// Transact, as errors of this package's own are.
func Failed(ctx context.Context, doing string, err error) error { return failed(ctx, doing, err) }

// problemOf is what a client may be told of an error of the database, nil for nothing.
func problemOf(err error) *problem.Error {
	state := sqlState(err)
	switch {
	case state == "57014": // query_canceled, by its limit
		return problem.New(problem.Timeout, "The database took too long.")
	case isBusy(err):
		return problem.New(problem.Unavailable, "The database is busy. Try again in a moment.")
	case isAway(err, state):
		return problem.New(problem.Unavailable, "The database cannot be reached right now. Try again in a moment.")
	}
	return nil
}

// isAway tells whether the database cannot be reached, or has nothing to give: classes
// 08 (connection exception), 53 (insufficient resources) and 57P (operator intervention),
// idle_in_transaction_session_timeout, and read_only_sql_transaction, which is what a
// change finds after the address has come to lead to a replica.
func isAway(err error, state string) bool {
	switch {
	case state == "25P03" || state == "25006" || len(state) == 5 && (state[:2] == "08" || state[:2] == "53" || state[:3] == "57P"):
		return true
	case errors.Is(err, context.Canceled):
		return false
	}
	var connecting *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connecting) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, pgconn.ErrConnClosed) || errors.Is(err, driver.ErrBadConn)
}

// fault stands for an error of a driver, which is there for errors.As and not to be
// read: it can name the user, the host and the database, or quote a statement or a value.
type fault struct {
	words string
	cause error
}

func (f *fault) Error() string { return f.words }
func (f *fault) Unwrap() error { return f.cause }

// plain is an error that may be logged: itself when its words are known to be harmless.
func plain(err error) error {
	var ours *problem.Error
	var already *fault
	var embedded *sqlite.Error
	if errors.As(err, &ours) || errors.As(err, &already) || errors.As(err, &embedded) || errors.Is(err, errColumn) || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if words := describe(err); words != "" {
		return &fault{words, err}
	}
	return &fault{fmt.Sprintf("an error of the type %T", err), err}
}

// describe says what is wrong with Postgres, or with the way to it; nothing if it is neither.
func describe(err error) string {
	var answered *pgconn.PgError
	var certificate *tls.CertificateVerificationError
	var name *net.DNSError
	var errno syscall.Errno
	switch {
	case errors.As(err, &answered):
		return stateWords(answered)
	case errors.Is(err, errEncoding):
		return errEncoding.Error()
	case errors.As(err, &certificate):
		return "the database's certificate is not trusted"
	case errors.As(err, &name):
		return "the database's host is not known"
	case errors.As(err, &errno):
		return "the database cannot be reached: " + errno.Error()
	case errors.Is(err, context.Canceled):
		return context.Canceled.Error()
	case errors.Is(err, context.DeadlineExceeded), pgconn.Timeout(err):
		return "the database does not answer in time"
	case isAway(err, ""):
		return "the connection to the database is lost"
	}
	return ""
}

// stateWords are an error's SQLSTATE, in words where they help whoever runs the gateway,
// and the constraint that has refused a change
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
func stateWords(e *pgconn.PgError) string {
	words := ""
	switch e.Code {
	case "28000", "28P01":
		words = "the database refuses this user or password, "
	case "3D000":
		words = "there is no such database, "
	case "42501":
		words = "the database's user lacks a privilege, "
	case "53300":
		words = "the database has too many connections, "
	case "57014":
		words = "the statement took too long, "
	case "57P01", "57P02", "57P03":
		words = "the database is starting or stopping, "
	}
	words += "SQLSTATE " + e.Code
	if e.ConstraintName != "" {
		words += " (" + e.ConstraintName + ")"
	}
	return words
}

// sqlState is the SQLSTATE of an error from Postgres, empty for any other.
func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// isBusy tells whether a transaction has collided with another and may be tried again:
// serialization_failure, deadlock_detected or lock_not_available of Postgres.
func isBusy(err error) bool {
	switch sqlState(err) {
	case "40001", "40P01", "55P03":
		return true
	}
	return sqliteBusy(err)
}

// isDuplicate tells whether a unique index has refused a change (unique_violation).
func isDuplicate(err error) bool { return sqlState(err) == "23505" || sqliteDuplicate(err) }

// isConstraint tells whether a constraint of the database has refused a change: class 23
// of Postgres (integrity constraint violation).
func isConstraint(err error) bool {
	state := sqlState(err)
	return len(state) == 5 && state[:2] == "23" || sqliteConstraint(err)
}
