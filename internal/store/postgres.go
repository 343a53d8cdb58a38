package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Options are the settings of the connections to a database. What is zero has its default.
type Options struct {
	// Through makes the database; sql.OpenDB by default.
	Through Opener
	// MaxConnections is how many connections to a Postgres there are at most; 16 by default.
	MaxConnections int
	// StatementLimit is how long a Postgres may take for a statement; five seconds by default.
	StatementLimit time.Duration
	// Audit has the keys of the audit trail. Without it nothing can be changed.
	Audit *audit.Keyring
	// Committed is told of each event of a trail, after it was committed. It must not take long. It may be nil.
	Committed func(audit.Record)
}

const (
	defaultConnections    = 16
	defaultStatementLimit = 5 * time.Second
	// lockLimit is how long a statement waits for another's lock.
	lockLimit = 3 * time.Second
	// idleLimit is how long a transaction may do nothing. A change of roles waits for Redis meanwhile.
	idleLimit = 15 * time.Second
	// connectLimit bounds the making of a connection, to each host that the URL names.
	connectLimit = 5 * time.Second
	// maxLifetime and maxIdle bound a connection's life, so that connections spread anew over
	// what stands behind an address, and a quiet gateway gives them back.
	maxLifetime, maxIdle = 30 * time.Minute, 5 * time.Minute
)

// What is wrong with the URL of a database. They never quote it: there is a password in it.
var (
	errURL = errors.New("store: the URL of the database cannot be used: want postgres://user:password@host:port/database " +
		"with options that libpq knows")
	errUnprotected = errors.New("store: the URL of the database must say how the connection is protected: " +
		"sslmode=verify-full, or sslmode=disable on a network that is trusted")
	errEncoding = errors.New("store: the database's encoding must be UTF8")
)

// OpenPostgres opens the Postgres database at a URL (postgres:// or postgresql://, with
// the options of libpq), brings its tables up to date, and returns it. Of several that
// do so at once, one changes the tables and the others wait. A URL that leads to another
// machine must say whether the connection is protected (sslmode). ErrNewerDatabase says
// that a newer program has written the database; nothing is changed then.
func OpenPostgres(ctx context.Context, address string, o Options) (*Store, error) {
	config, err := postgresConfig(address)
	if err != nil {
		return nil, err
	}
	if err := migratePostgres(ctx, config); err != nil {
		return nil, cause(err)
	}
	limit := o.StatementLimit
	if limit == 0 {
		limit = defaultStatementLimit
	}
	connections := o.MaxConnections
	if connections == 0 {
		connections = defaultConnections
	}
	db := openPool(config, o.opener(), connections, limit, idleLimit)
	db.SetConnMaxLifetime(maxLifetime)
	db.SetConnMaxIdleTime(maxIdle)
	s := newStore(db, o)
	// Who only refers to the row, as every audit event does to its account, does not wait: they would for each other.
	s.forUpdate = " FOR NO KEY UPDATE"
	return s, nil
}

// cause is an error without the words that a client would be told: that something passes,
// which whoever starts the program must not be told of a wrong password.
func cause(err error) error {
	var shown *problem.Error
	if errors.As(err, &shown) && shown.Cause != nil {
		return shown.Cause
	}
	return err
}

// postgresConfig reads a URL.
func postgresConfig(address string) (*pgx.ConnConfig, error) {
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return nil, errURL
	}
	config, err := pgx.ParseConfig(address)
	var file *fs.PathError
	switch {
	case errors.As(err, &file): // a certificate's
		return nil, fmt.Errorf("%w: %w", errURL, file)
	case err != nil:
		return nil, errURL
	case remote(config) && (!saysHow(address) || unprotected(config)):
		return nil, errUnprotected
	}
	if config.ConnectTimeout == 0 || config.ConnectTimeout > connectLimit {
		config.ConnectTimeout = connectLimit
	}
	// A database whose machine is gone says nothing; a connection to it is given up after half a minute.
	config.DialFunc = (&net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	}).DialContext
	return config, nil
}

// Unverified tells whether the URL of a database leads to another machine that need not
// prove by a certificate that it is the right one: whoever stands in between could be it.
func Unverified(address string) bool {
	config, err := postgresConfig(address)
	return err == nil && slices.ContainsFunc(elsewhere(config), func(way *pgconn.FallbackConfig) bool {
		return way.TLSConfig == nil || way.TLSConfig.InsecureSkipVerify && way.TLSConfig.VerifyPeerCertificate == nil
	})
}

// saysHow tells whether a URL itself says how the connection is protected: not what stands
// in the environment.
func saysHow(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Query().Has("sslmode")
}

// elsewhere are the ways of connecting that lead to another machine.
func elsewhere(config *pgx.ConnConfig) []*pgconn.FallbackConfig {
	ways := append([]*pgconn.FallbackConfig{{Host: config.Host, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	return slices.DeleteFunc(ways, func(way *pgconn.FallbackConfig) bool {
		ip := net.ParseIP(way.Host)
		return strings.HasPrefix(way.Host, "/") || way.Host == "localhost" || ip != nil && ip.IsLoopback()
	})
}

// remote tells whether a connection may lead to another machine.
func remote(config *pgx.ConnConfig) bool { return len(elsewhere(config)) > 0 }

// unprotected tells whether a connection to another machine would be protected only if
// the other side happened to offer it, so that whoever stands in between could decide.
func unprotected(config *pgx.ConnConfig) bool {
	plain, protected := false, false
	for _, way := range elsewhere(config) {
		plain, protected = plain || way.TLSConfig == nil, protected || way.TLSConfig != nil
	}
	return plain && protected
}

// openPool makes a pool of connections. What the URL says of a limit goes before what is
// said here, and a limit of 0 is none.
func openPool(config *pgx.ConnConfig, open Opener, connections int, statement, idle time.Duration) *sql.DB {
	config = config.Copy()
	config.RuntimeParams["client_encoding"] = "UTF8"
	for name, value := range map[string]string{
		"application_name":                    "fieldgate",
		"statement_timeout":                   milliseconds(statement),
		"lock_timeout":                        milliseconds(lockLimit),
		"idle_in_transaction_session_timeout": milliseconds(idle),
	} {
		if _, said := config.RuntimeParams[name]; !said {
			config.RuntimeParams[name] = value
		}
	}
	db := open(stdlib.GetConnector(*config, stdlib.OptionAfterConnect(func(_ context.Context, conn *pgx.Conn) error {
		if conn.PgConn().ParameterStatus("server_encoding") != "UTF8" {
			return errEncoding
		}
		return nil
	})))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// migratePostgres brings the tables up to date under a lock of the database, without a
// limit of time, whatever the URL says: to make an index can take long.
func migratePostgres(ctx context.Context, config *pgx.ConnConfig) (err error) {
	config = config.Copy()
	config.RuntimeParams["statement_timeout"], config.RuntimeParams["idle_in_transaction_session_timeout"] = "0", "0"
	db := openPool(config, sql.OpenDB, 2, 0, 0)
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 600)) // a second, as often
	if err != nil {
		return fmt.Errorf("store: locking the database: %w", err)
	}
	return migrate(ctx, db, goose.DialectPostgres, postgresMigrations{migrations}, goose.WithSessionLocker(locker))
}
