package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/store"
)

// What a configuration may be too weak for stands here, each with its reason: what the
// gateway refuses to start with, and what it starts with and warns of. That a key file
// which others may read is refused stands in auth/token, which reads it.

// refuses says why the gateway does not start with this configuration. It looks at what
// can be seen before anything is opened or made; agrees sees to the rest.
func (s serve) refuses() error {
	faults := []error{s.corsFlags.check()}
	if s.DemoPassword != "" {
		if err := identity.CheckPassword(s.DemoPassword); err != nil {
			faults = append(faults, fmt.Errorf("the demo password (--demo-password): %w", err))
		}
	}
	if _, _, err := net.SplitHostPort(s.MetricsListen); err != nil && s.MetricsListen != "" {
		faults = append(faults, fmt.Errorf("--metrics-listen takes HOST:PORT, such as 127.0.0.1:9464: %w", err))
	}
	if s.RedisReplicas < 0 || s.RedisReplicas > 0 && s.RedisURL == "" {
		faults = append(faults, errors.New("--redis-replicas takes a number from 0 on, of the replicas of a Redis that was named (--redis-url)"))
	}
	faults = append(faults, s.documentFlags.refuses())
	if err := s.signInFlags.refuses(s.local()); err != nil {
		faults = append(faults, err)
	}
	if s.fresh(s.Data) {
		faults = append(faults, s.agrees(true, false))
	}
	return errors.Join(append(faults, s.unshared())...)
}

// agrees says why a database does not go with --demo and --listen: one that is empty, or
// that holds demo data, or else one with an account of its own.
func (s serve) agrees(empty, demo bool) error {
	const first = "Make one first: fieldgate init --account-name NAME --owner EMAIL"
	switch {
	case s.external() && s.Demo == "auto" && demo:
		return errors.New("the database (--database-url) holds demo users: choose another, or let them in (--demo=on)")
	case s.external() && s.Demo == "auto" && empty:
		return errors.New("the database (--database-url) has no account yet, and nobody could sign in. " + first + " --database-url URL. Demo data goes into a database that is not this gateway's own only when asked for (--demo=on)")
	case s.Demo == "off" && demo:
		return errors.New("the database holds demo users: choose another data folder (--data), or let them in (--demo=on)")
	case s.Demo == "off" && empty:
		return errors.New("the database has no account yet, and --demo=off: nobody could sign in. " + first)
	case s.Demo == "on" && !empty && !demo:
		return errors.New("the database holds an account of its own: demo data goes only into an empty one (--data)")
	case (empty || demo) && !s.local():
		return errors.New(s.demoIsLocal(empty))
	}
	return nil
}

// demoIsLocal says why there is no demo for other machines.
func (s serve) demoIsLocal(empty bool) string {
	why := "demo users, whose password is no secret, are let in from this machine alone: "
	if empty {
		why = "the database has no account yet, and " + why + "make an account first (fieldgate init --account-name NAME --owner EMAIL), or "
	}
	if host, _, err := net.SplitHostPort(s.Listen); err != nil || !loopback(host) {
		return why + fmt.Sprintf("listen on 127.0.0.1, not on %s (--listen)", s.Listen)
	}
	return why + "give no name of another machine's (--host)"
}

// unshared says why the configuration is not one to share a database with.
func (s serve) unshared() error {
	if s.DatabaseMaxConnections < 1 || s.DatabaseStatementTimeout < time.Millisecond {
		return errors.New("--database-max-connections takes a number from 1 on, --database-statement-timeout a duration such as 5s")
	}
	if !s.external() {
		return nil
	}
	var faults []error
	if s.RedisURL == "" {
		faults = append(faults, errors.New("gateways that share a database (--database-url) share their sessions too, "+
			"or a role that is taken away at one would still be held at another: name their Redis (--redis-url)"))
	}
	if s.Demo == "on" && s.DemoPassword == "" {
		faults = append(faults, errors.New("gateways that share a database (--database-url) share the demo's password: say it (--demo-password)"))
	}
	return errors.Join(append(faults, s.givenKey())...)
}

// givenKey says what is wrong when gateways that share a database would not sign with the
// same key, because it was not given to them: each would make up its own.
func (s serve) givenKey() error {
	if !s.external() {
		return nil
	}
	dir, flag := s.folder(s.Data)
	keys, err := token.ListKeys(dir)
	if err != nil {
		return fmt.Errorf("the keys in %s (%s): %w", dir, flag, err)
	}
	if len(keys) > 0 && !keys[len(keys)-1].Generated {
		return s.givenAuditKey()
	}
	return fmt.Errorf("gateways that share a database (--database-url) sign with one key, which is given to each and not made up: "+
		"put it into %s (%s), readable by its owner alone. fieldgate keys new makes one, and so does "+
		"openssl genpkey -algorithm ed25519 -out %s", dir, flag, filepath.Join(dir, "20260101T000000Z.pem"))
}

// givenAuditKey says what is wrong when gateways that share a database would not write its audit trail with the same key.
func (s serve) givenAuditKey() error {
	_, err := s.auditKeys(s.Data)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	path, flag := s.auditFile(s.Data)
	return fmt.Errorf("gateways that share a database (--database-url) write its audit trail with one key, which is given to each and not made up: "+
		"put it into %s (%s), readable by its owner alone. fieldgate keys new makes one beside a signing key, and so does "+
		"openssl rand -base64 32 > %s", path, flag, path)
}

// warns says what the configuration is served with although it may not be what is wanted.
func (s serve) warns() []string {
	var warnings []string
	if s.everywhere() && len(s.Host) == 0 {
		warnings = append(warnings, "the gateway listens on every address of this machine, but answers only to the name localhost: requests to another name are refused until it is given (--host)")
	}
	if s.external() && store.Unverified(s.DatabaseURL) {
		warnings = append(warnings, "the connection to the database does not make sure that it is the right one: whoever stands in between could be it (sslmode=verify-full in --database-url)")
	}
	warnings = append(warnings, s.documentFlags.warns(s.GraphiQL)...)
	if !s.local() && s.RedisURL == "" {
		warnings = append(warnings, "sessions are kept in this process: every restart signs everyone out (--redis-url)")
	}
	keys, _ := s.folder(s.Data)
	data := s.Data
	if s.external() {
		data = "" // there is no database in it
	}
	for _, file := range []struct{ name, path, could string }{
		{"the matrix (--matrix)", s.Matrix, "decide who may do what"},
		{"the data folder (--data)", data, "replace the database"},
		{"the folder of the signing keys", keys, "add a key of their own, and sign tokens with it"},
	} {
		if file.path != "" && othersMay(write, file.path) {
			warnings = append(warnings, fmt.Sprintf("others on this machine may write to %s, %s: they could %s (chmod go-w)", file.name, file.path, file.could))
		}
	}
	for _, name := range []string{"fieldgate.db", "fieldgate.db-wal", "demo-password"} {
		if path := filepath.Join(s.Data, name); othersMay(readOrWrite, path) {
			warnings = append(warnings, fmt.Sprintf("others on this machine may read %s, with what it holds of passwords (chmod go=)", path))
		}
	}
	return append(warnings, s.signInFlags.warns()...)
}

// local says whether the gateway is reached from this machine alone: it listens here, and
// no name leads to it from elsewhere, as through a proxy.
func (s serve) local() bool {
	host, _, err := net.SplitHostPort(s.Listen)
	return err == nil && loopback(host) && !slices.ContainsFunc(s.Host, func(name string) bool { return !loopback(hostname(name)) })
}

// hostname is a name without its port.
func hostname(name string) string {
	if host, _, err := net.SplitHostPort(name); err == nil {
		return host
	}
	return strings.Trim(name, "[]")
}

// loopback says whether a name or an address leads to this machine itself.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// everywhere says whether the gateway listens on every address of the machine.
func (s serve) everywhere() bool {
	host, _, err := net.SplitHostPort(s.Listen)
	ip := net.ParseIP(host)
	return err == nil && (host == "" || ip != nil && ip.IsUnspecified())
}

// What others than its owner may do with a file.
const (
	readOrWrite fs.FileMode = 0o077
	write       fs.FileMode = 0o022
)

// othersMay says whether more than its owner may do any of this with what is at path.
func othersMay(do fs.FileMode, path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&do != 0
}
