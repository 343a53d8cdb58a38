package auth

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
)

const (
	mary    = "US00000000000000000000000000000001"
	account = "AC00000000000000000000000000000001"
	version = "matrix-rules"
)

// clock stands still until it is moved.
type clock struct {
	mu   sync.Mutex
	time time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.time = c.time.Add(d)
}

// directory stands for SQL: one user, their account and roles.
type directory struct {
	mu      sync.Mutex
	account string // empty when the user is no more
	roles   []policy.Role
	// reading, when set, is called by rolesOf after it has read and before it returns.
	reading func()
}

func (d *directory) rolesOf(_ context.Context, user string) (string, []policy.Role, error) {
	d.mu.Lock()
	account, roles, reading := d.account, d.roles, d.reading
	d.mu.Unlock()
	if reading != nil {
		reading()
	}
	if user != mary || account == "" {
		return "", nil, problem.Missing()
	}
	return account, roles, nil
}

func (d *directory) set(account string, roles ...policy.Role) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.account, d.roles = account, roles
}

// bench is a service with everything real below it but SQL.
type bench struct {
	*Service
	t         testing.TB
	redis     *miniredis.Miniredis
	sessions  *session.Store
	clock     *clock
	directory *directory
	matrix    *policy.Matrix
	authority *token.Authority
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{
		t: t, redis: miniredis.RunT(t), matrix: policy.Published(),
		clock:     &clock{time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)},
		directory: &directory{account: account, roles: []policy.Role{policy.Developer, policy.Support}},
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	b.check(err)
	keys, err := token.NewKeys(key)
	b.check(err)
	b.authority, err = token.NewAuthority(keys, "https://gateway.example", "fieldgate", b.clock.now)
	b.check(err)
	// Not session.NewClient: its short limits would fail these tests on a busy machine.
	client := redis.NewClient(&redis.Options{Addr: b.redis.Addr(), ReadTimeout: time.Minute, MaxRetries: -1})
	t.Cleanup(func() { client.Close() })
	b.sessions = session.New(client, b.clock.now, session.Options{})
	b.Service = b.service(b.sessions, version)
	return b
}

// limited is a store on a Redis elsewhere, with the limits that the program has.
func (b *bench) limited(address string) *session.Store {
	b.t.Helper()
	client, err := session.NewClient("redis://" + address)
	b.check(err)
	b.t.Cleanup(func() { client.Close() })
	return session.New(client, b.clock.now, session.Options{})
}

func (b *bench) service(sessions *session.Store, policyVersion string) *Service {
	s := NewService(b.authority, sessions, b.matrix, policyVersion, b.directory.rolesOf, slog.New(slog.DiscardHandler))
	s.now = b.clock.now
	return s
}

func (b *bench) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// signIn signs Mary in.
func (b *bench) signIn() Tokens {
	b.t.Helper()
	tokens, err := b.SignIn(b.t.Context(), func(context.Context) (string, error) { return mary, nil }, "a test")
	b.check(err)
	return tokens
}

// changeRoles changes Mary's roles as internal/identity does.
func (b *bench) changeRoles(roles ...policy.Role) {
	b.t.Helper()
	generation, err := b.sessions.Block(b.t.Context(), mary, time.Minute)
	b.check(err)
	b.directory.set(account, roles...)
	b.check(b.sessions.Reconcile(b.t.Context(), mary, generation, texts(roles), version))
}

func texts(roles []policy.Role) []string {
	var all []string
	for _, role := range roles {
		all = append(all, string(role))
	}
	return all
}
