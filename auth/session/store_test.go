package session

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// clock is a clock that stands still until it is told to move.
type clock struct {
	mu   sync.Mutex
	time time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.time
}

// bench is a store to test, on a key space of its own.
type bench struct {
	*Store
	clock *clock
	mini  *miniredis.Miniredis // nil on a real Redis
	t     *testing.T
}

// onEveryRedis runs a test on miniredis, and on the Redis that FIELDGATE_TEST_REDIS_URL names when it is set; on each
// without a lease and with one.
func onEveryRedis(t *testing.T, test func(t *testing.T, b *bench)) {
	for name, lease := range map[string]time.Duration{"": 0, " leased": MaxLease} {
		t.Run("miniredis"+name, func(t *testing.T) {
			mini := miniredis.RunT(t)
			test(t, newBench(t, "redis://"+mini.Addr(), mini, lease))
		})
		t.Run("redis"+name, func(t *testing.T) {
			url := os.Getenv("FIELDGATE_TEST_REDIS_URL")
			if url == "" {
				t.Skip("FIELDGATE_TEST_REDIS_URL is not set")
			}
			test(t, newBench(t, url, nil, lease))
		})
	}
}

func newBench(t *testing.T, url string, mini *miniredis.Miniredis, lease time.Duration) *bench {
	t.Helper()
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	// Not NewClient: its short limits would fail these tests on a busy machine.
	o.ReadTimeout, o.PoolTimeout, o.MaxRetries = time.Minute, time.Minute, -1
	client := redis.NewClient(o)
	c := &clock{time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	b := &bench{Store: New(client, c.now, Options{Lease: lease}), clock: c, mini: mini, t: t}
	b.prefix = "{fieldgate-test-" + rand.Text() + "}:"
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Close()
		b.flush(context.Background())
		client.Close()
	})
	return b
}

// flush loses every key of the store, as FLUSHALL does; other tests share a real Redis, so only this store's.
func (b *bench) flush(ctx context.Context) {
	b.t.Helper()
	keys, err := b.client.Keys(ctx, b.prefix+"*").Result()
	if err != nil {
		b.t.Fatal(err)
	}
	if len(keys) > 0 {
		if err := b.client.Del(ctx, keys...).Err(); err != nil {
			b.t.Fatal(err)
		}
	}
	b.lapse()
}

// lapse has the lease run out: what nobody wrote into the log shows then.
func (b *bench) lapse() { b.follower.until.Store(0) }

// advance moves the clock, and with it the expiry of keys where that can be driven.
func (b *bench) advance(d time.Duration) {
	b.clock.mu.Lock()
	b.clock.time = b.clock.time.Add(d)
	b.clock.mu.Unlock()
	if b.mini != nil {
		b.mini.FastForward(d)
	}
}

// signIn makes a session of user as a Developer.
func (b *bench) signIn(user string) (Session, string) {
	b.t.Helper()
	ctx := b.t.Context()
	generation, err := b.Generation(ctx, user)
	if err != nil {
		b.t.Fatal(err)
	}
	made, refresh, err := b.Create(ctx, NewSession{
		User: user, Account: "AC1", Roles: []string{"DEVELOPER"}, Policy: "v1", Client: "test", Generation: generation,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return made, refresh
}

// refresh redeems and rotates as the caller does, with the given roles as what SQL says.
func (b *bench) refresh(token string, roles ...string) (Session, string, error) {
	ctx := b.t.Context()
	found, err := b.Redeem(ctx, token)
	if err != nil {
		return Session{}, "", err
	}
	generation, err := b.Generation(ctx, found.User)
	if err != nil {
		return Session{}, "", err
	}
	return b.Rotate(ctx, token, roles, "v1", generation)
}

// want fails the test unless err is target; nil wants no error.
func (b *bench) want(what string, err, target error) {
	b.t.Helper()
	if !errors.Is(err, target) {
		b.t.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

// logged returns the kinds in the revocation log, oldest first, with the session each names.
func (b *bench) logged() [][2]string {
	b.t.Helper()
	entries, err := b.client.XRange(b.t.Context(), b.prefix+"revocations", "-", "+").Result()
	if err != nil {
		b.t.Fatal(err)
	}
	var kinds [][2]string
	for _, entry := range entries {
		kind, _ := entry.Values["kind"].(string)
		sid, _ := entry.Values["sid"].(string)
		kinds = append(kinds, [2]string{kind, sid})
	}
	return kinds
}

func TestErrorsNest(t *testing.T) {
	if !errors.Is(ErrReused, ErrNotFound) || !errors.Is(ErrBlocked, ErrStale) {
		t.Error("ErrReused must be ErrNotFound, and ErrBlocked must be ErrStale")
	}
}

func TestFlushedStoreDeniesAndRecovers(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		ctx := t.Context()
		before, refresh := b.signIn("alice")
		b.flush(ctx)
		_, err := b.Lookup(ctx, "alice", before.ID)
		b.want("Lookup after the flush", err, ErrNotFound)
		_, err = b.Redeem(ctx, refresh)
		b.want("Redeem after the flush", err, ErrNotFound)

		after, _ := b.signIn("alice")
		_, err = b.Lookup(ctx, "alice", after.ID)
		b.want("Lookup of a new session", err, nil)
		if after.Epoch == before.Epoch {
			t.Error("the epoch survived the flush")
		}
	})
}

func TestAnotherEpochEndsEverySession(t *testing.T) {
	for name, change := range map[string]func(ctx context.Context, client redis.UniversalClient, key string) error{
		"missing": func(ctx context.Context, client redis.UniversalClient, key string) error {
			return client.Del(ctx, key).Err()
		},
		"changed": func(ctx context.Context, client redis.UniversalClient, key string) error {
			return client.Set(ctx, key, "another", 0).Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryRedis(t, func(t *testing.T, b *bench) {
				ctx := t.Context()
				made, refresh := b.signIn("alice")
				if err := change(ctx, b.client, b.prefix+"epoch"); err != nil {
					b.t.Fatal(err)
				}
				b.lapse()
				_, err := b.Lookup(ctx, "alice", made.ID)
				b.want("Lookup", err, ErrNotFound)
				_, err = b.Redeem(ctx, refresh)
				b.want("Redeem", err, ErrNotFound)
				_, _, err = b.Rotate(ctx, refresh, nil, "v1", 0)
				b.want("Rotate", err, ErrNotFound)
				if sessions, err := b.List(ctx, "alice"); err != nil || len(sessions) != 0 {
					b.t.Errorf("List: %d sessions, %v; want none", len(sessions), err)
				}
				again, _ := b.signIn("alice")
				_, err = b.Lookup(ctx, "alice", again.ID)
				b.want("Lookup of a new session", err, nil)
				_, err = b.Lookup(ctx, "alice", made.ID)
				b.want("Lookup of the old session under the new epoch", err, ErrNotFound)
			})
		})
	}
}

func TestStartKeepsTheEpoch(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		made, _ := b.signIn("alice")
		b.want("Start", b.Start(t.Context()), nil)
		b.want("Ping", b.Ping(t.Context()), nil)
		_, err := b.Lookup(t.Context(), "alice", made.ID)
		b.want("Lookup after another gateway started", err, nil)
	})
}
