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
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestFailed: what an error of a driver comes to, and that its own words do not go on.
func TestFailed(t *testing.T) {
	const secret = "s3cret"
	server := func(code string) error {
		return fmt.Errorf("wrapped %s: %w", secret, &pgconn.PgError{Severity: "ERROR", Code: code, Message: secret, Detail: secret, ConstraintName: "users_email"})
	}
	dial := &net.OpError{Op: "dial", Net: "tcp", Addr: &net.UnixAddr{Name: secret}, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, row := range []struct {
		name string
		err  error
		code problem.Code
		says string
	}{
		{"a constraint", server("23505"), problem.Internal, "SQLSTATE 23505 (users_email)"},
		{"a statement's fault", server("42703"), problem.Internal, "SQLSTATE 42703"},
		{"too long", server("57014"), problem.Timeout, "took too long"},
		{"a collision", server("40001"), problem.Unavailable, "SQLSTATE 40001"},
		{"a deadlock", server("40P01"), problem.Unavailable, "SQLSTATE 40P01"},
		{"a lock", server("55P03"), problem.Unavailable, "SQLSTATE 55P03"},
		{"too many connections", server("53300"), problem.Unavailable, "too many connections"},
		{"a shutdown", server("57P01"), problem.Unavailable, "starting or stopping"},
		{"a replica", server("25006"), problem.Unavailable, "SQLSTATE 25006"},
		{"no such server", dial, problem.Unavailable, "connection refused"},
		{"no such name", &net.DNSError{Err: "no such host", Name: secret, IsNotFound: true}, problem.Unavailable, "host is not known"},
		{"a wrong certificate", &net.OpError{Op: "remote error", Err: &tls.CertificateVerificationError{Err: errors.New(secret)}}, problem.Unavailable, "not trusted"},
		{"the end of a connection", fmt.Errorf("%s: %w", secret, io.ErrUnexpectedEOF), problem.Unavailable, "connection to the database is lost"},
		{"a closed connection", driver.ErrBadConn, problem.Unavailable, "connection to the database is lost"},
		{"a value that cannot be sent", errors.New(`failed to encode args[0]: unable to encode "` + secret + `"`), problem.Internal, "*errors.errorString"},
		{"a value that cannot be read", fmt.Errorf("sql: converting %q", secret), problem.Internal, "an error of the type"},
		{"a column of another type", unexpected(7, "text"), problem.Internal, "int where text belongs"},
		{"no row", sql.ErrNoRows, problem.Internal, "no rows"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := failed(t.Context(), "doing", failed(t.Context(), "inside", row.err))
			if problem.CodeOf(err) != row.code || !strings.Contains(err.Error(), row.says) {
				t.Errorf("error %v, want %s and %q", err, row.code, row.says)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("it says too much: %v", err)
			}
			if !errors.Is(err, row.err) {
				t.Error("the cause is lost")
			}
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if err := failed(ended, "doing", row.err); !errors.Is(err, context.Canceled) || problem.CodeOf(err) != problem.Internal || strings.Contains(err.Error(), secret) {
				t.Errorf("after the end of the request: %v", err)
			}
		})
	}
}
