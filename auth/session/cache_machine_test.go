package session

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"
)

// machine is three gateways with a cache each, and one without whose answers are right.
type machine struct {
	t        *rapid.T
	ctx      context.Context
	clock    *clock
	mini     *miniredis.Miniredis // nil on a real Redis
	client   redis.UniversalClient
	replicas []*Store
	asking   *Store

	users    []string
	sessions []Session
	tokens   map[string][]string // refresh tokens of a session, the newest last
	blocks   map[string]int64    // what Block returned, of a user
}

// TestCacheMachine does at random what happens to sessions, each time by another gateway, and holds every answer of a
// cache to that of Redis after each step.
func TestCacheMachine(t *testing.T) {
	t.Parallel()
	for name, figure := range map[string]string{"rapid.checks": "20", "rapid.steps": "60"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := f.Value.Set(figure); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
		}
	}
	onEach := func(t *testing.T, url string, mini *miniredis.Miniredis) {
		o, err := redis.ParseURL(url)
		if err != nil {
			t.Fatal(err)
		}
		o.ReadTimeout, o.PoolTimeout, o.MaxRetries = time.Minute, time.Minute, -1
		client := redis.NewClient(o)
		defer client.Close()
		rapid.Check(t, func(rt *rapid.T) {
			m := &machine{
				t: rt, ctx: t.Context(), clock: &clock{time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}, mini: mini, client: client,
				users: []string{"US1", "US2", "US3"}, tokens: map[string][]string{}, blocks: map[string]int64{},
			}
			prefix := "{fieldgate-test-" + rand.Text() + "}:"
			for range 3 {
				m.replicas = append(m.replicas, New(client, m.clock.now, Options{Lease: MaxLease}))
			}
			m.asking = New(client, m.clock.now, Options{})
			for _, s := range append(m.replicas, m.asking) {
				s.prefix = prefix
				defer s.Close()
				defer s.follower.cancel() // all of them before any is waited for
			}
			defer m.flush(rt)
			m.must(m.asking.Start(m.ctx))
			rt.Repeat(map[string]func(*rapid.T){
				"":                    m.compare,
				"sign in":             m.signIn,
				"sign in once more":   m.signIn,
				"sign in a client":    m.signInClient,
				"end":                 m.end,
				"end all":             m.endAll,
				"refresh":             m.refresh,
				"use a token again":   m.reuse,
				"block":               m.block,
				"reconcile":           m.reconcile,
				"end a client":        m.endClient,
				"time goes by":        m.time,
				"a lease runs out":    m.lapse,
				"all is lost":         m.flush,
				"the log is cut":      m.trim,
				"an older gateway":    m.older,
				"the epoch is lost":   m.epoch,
				"a reader comes late": m.late,
			})
		})
	}
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		mini := miniredis.RunT(t)
		onEach(t, "redis://"+mini.Addr(), mini)
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		url := os.Getenv("FIELDGATE_TEST_REDIS_URL")
		if url == "" {
			t.Skip("FIELDGATE_TEST_REDIS_URL is not set")
		}
		onEach(t, url, nil)
	})
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) any() *Store {
	return m.replicas[rapid.IntRange(0, len(m.replicas)-1).Draw(m.t, "gateway")]
}

func (m *machine) user() string { return rapid.SampledFrom(m.users).Draw(m.t, "user") }

// session is one that there was, and false when there was none.
func (m *machine) session() (Session, bool) {
	if len(m.sessions) == 0 {
		return Session{}, false
	}
	return rapid.SampledFrom(m.sessions).Draw(m.t, "session"), true
}

// roles are none or some.
func (m *machine) roles() []string {
	return rapid.SampledFrom([][]string{{}, {"SUPPORT"}, {"DEVELOPER"}, {"DEVELOPER", "SUPPORT"}}).Draw(m.t, "roles")
}

// compare asks every gateway for every session.
func (m *machine) compare(*rapid.T) {
	for _, s := range m.sessions {
		want, right := m.asking.Lookup(m.ctx, s.Holder(), s.ID)
		for i, r := range m.replicas {
			got, err := r.Lookup(m.ctx, s.Holder(), s.ID)
			if !sameError(err, right) {
				m.t.Fatalf("gateway %d says %v, and Redis %v", i, err, right)
			}
			if got.Expires.After(want.Expires) || got.Seen.After(want.Seen) {
				m.t.Fatalf("gateway %d says %+v, and Redis %+v", i, got, want)
			}
			got.Expires, got.Seen = want.Expires, want.Seen
			if !reflect.DeepEqual(got, want) {
				m.t.Fatalf("gateway %d says %+v, and Redis %+v", i, got, want)
			}
		}
	}
}

// sameError compares what callers are told.
func sameError(a, b error) bool {
	for _, err := range []error{ErrNotFound, ErrReused, ErrStale, ErrBlocked, ErrUnavailable} {
		if errors.Is(a, err) != errors.Is(b, err) {
			return false
		}
	}
	return (a == nil) == (b == nil)
}

// expected passes on whether there is no error, and fails for one that says that nothing is known.
func (m *machine) expected(err error) bool {
	m.t.Helper()
	if errors.Is(err, ErrUnavailable) {
		m.t.Fatal(err)
	}
	return err == nil
}

func (m *machine) signIn(*rapid.T) {
	s, user := m.any(), m.user()
	generation, err := s.Generation(m.ctx, user)
	m.must(err)
	made, token, err := s.Create(m.ctx, NewSession{User: user, Account: "AC1", Roles: m.roles(), Policy: "v1", Generation: generation})
	if m.expected(err) {
		m.sessions, m.tokens[made.ID] = append(m.sessions, made), []string{token}
	}
}

func (m *machine) signInClient(*rapid.T) {
	s, user := m.any(), m.user()
	client := "OC" + user
	generation, err := s.Generation(m.ctx, user)
	m.must(err)
	ofClient, err := s.Generation(m.ctx, client)
	m.must(err)
	made, err := s.CreateForClient(m.ctx, NewClientSession{
		NewSession:  NewSession{User: user, Account: "AC1", Roles: m.roles(), Policy: "v1", Generation: generation, Until: m.clock.now().Add(10 * time.Minute)},
		OAuthClient: client, ClientGeneration: ofClient,
	})
	if m.expected(err) {
		m.sessions = append(m.sessions, made)
	}
}

func (m *machine) end(*rapid.T) {
	if s, ok := m.session(); ok {
		_, err := m.any().End(m.ctx, s.Holder(), s.ID)
		m.expected(err)
	}
}

func (m *machine) endAll(*rapid.T) {
	_, err := m.any().EndAll(m.ctx, m.user())
	m.expected(err)
}

func (m *machine) refresh(*rapid.T) {
	s, _ := m.session()
	tokens, by := m.tokens[s.ID], m.any()
	if len(tokens) == 0 {
		return
	}
	generation, err := by.Generation(m.ctx, s.User)
	m.must(err)
	_, token, err := by.Rotate(m.ctx, tokens[len(tokens)-1], m.roles(), rapid.SampledFrom([]string{"v1", "v2"}).Draw(m.t, "policy"), generation)
	if m.expected(err) {
		m.tokens[s.ID] = append(tokens, token)
	}
}

func (m *machine) reuse(*rapid.T) {
	s, _ := m.session()
	if tokens := m.tokens[s.ID]; len(tokens) > 1 {
		_, err := m.any().Redeem(m.ctx, rapid.SampledFrom(tokens[:len(tokens)-1]).Draw(m.t, "token"))
		m.expected(err)
	}
}

func (m *machine) block(*rapid.T) {
	user := m.user()
	generation, err := m.any().Block(m.ctx, user, rapid.SampledFrom([]time.Duration{time.Second, time.Minute}).Draw(m.t, "ttl"))
	m.must(err)
	m.blocks[user] = generation
}

func (m *machine) reconcile(*rapid.T) {
	user := m.user()
	if generation, blocked := m.blocks[user]; blocked {
		m.expected(m.any().Reconcile(m.ctx, user, generation, m.roles(), "v1"))
	}
}

func (m *machine) endClient(*rapid.T) {
	user := m.user()
	_, err := m.any().EndClient(m.ctx, user, "OC"+user, time.Minute)
	m.must(err)
}

func (m *machine) time(*rapid.T) {
	m.pass(rapid.SampledFrom([]time.Duration{time.Second, 30 * time.Second, 9 * time.Minute, 59 * time.Minute, 3 * time.Hour}).Draw(m.t, "time"))
}

func (m *machine) pass(d time.Duration) {
	m.clock.mu.Lock()
	m.clock.time = m.clock.time.Add(d)
	m.clock.mu.Unlock()
	if m.mini != nil {
		m.mini.FastForward(d)
	}
}

func (m *machine) lapse(*rapid.T) { m.any().follower.until.Store(0) }

// lapseAll is for what nobody waits for: it shows when the leases are out.
func (m *machine) lapseAll() { m.pass(MaxLease) }

func (m *machine) flush(*rapid.T) {
	keys, err := m.client.Keys(context.Background(), m.asking.prefix+"*").Result()
	m.must(err)
	m.must(m.client.Del(context.Background(), append(keys, m.asking.prefix+"epoch")...).Err())
	m.lapseAll()
}

func (m *machine) epoch(*rapid.T) {
	m.must(m.client.Set(m.ctx, m.asking.prefix+"epoch", rand.Text(), 0).Err())
	m.lapseAll()
}

func (m *machine) trim(*rapid.T) {
	m.must(m.client.XTrimMaxLen(m.ctx, m.asking.log(), int64(rapid.IntRange(0, 2).Draw(m.t, "left"))).Err())
}

// older ends a session as a gateway does that knows of no caches.
func (m *machine) older(*rapid.T) {
	s, ok := m.session()
	if !ok {
		return
	}
	_, err := m.client.TxPipelined(m.ctx, func(tx redis.Pipeliner) error {
		tx.Del(m.ctx, m.asking.prefix+"session:"+s.ID)
		tx.XAdd(m.ctx, &redis.XAddArgs{Stream: m.asking.log(), Values: []string{"kind", "end", "user", s.User, "sid", s.ID}})
		return nil
	})
	m.must(err)
	m.lapseAll() // or wait
}

// late has a gateway be far behind, or where the log was before all was lost.
func (m *machine) late(*rapid.T) {
	f := m.any().follower
	f.mu.Lock()
	if f.at.last != "" {
		f.at.last, f.at.mark = rapid.SampledFrom([]string{"0-0", "1-1"}).Draw(m.t, "place"), ""
	}
	f.mu.Unlock()
}

// sluggish has what a reader asks, or is answered, take its time now and then: up to twice the lease of these tests.
type sluggish struct{}

func (sluggish) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (sluggish) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (sluggish) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	late := func() {
		if mathrand.IntN(3) == 0 {
			time.Sleep(mathrand.N(2 * testLease))
		}
	}
	return func(ctx context.Context, cmds []redis.Cmder) error {
		late()
		defer late()
		return next(context.WithoutCancel(ctx), cmds)
	}
}

// TestNoAnswerAfterTheEnd: while many ask every gateway, no request that begins after a session's end was answered is given the
// session by any of them, whichever gateway it was that ended it, and how.
func TestNoAnswerAfterTheEnd(t *testing.T) {
	t.Parallel()
	ways := []func(ctx context.Context, s *Store, of Session) error{
		func(ctx context.Context, s *Store, of Session) error {
			_, err := s.End(ctx, of.User, of.ID)
			return err
		},
		func(ctx context.Context, s *Store, of Session) error { _, err := s.EndAll(ctx, of.User); return err },
		func(ctx context.Context, s *Store, of Session) error {
			_, err := s.Block(ctx, of.User, time.Minute)
			return err
		},
	}
	onEach := func(t *testing.T, url string, rounds int, slow bool) {
		prefix := "{fieldgate-test-" + rand.Text() + "}:"
		var replicas []*Store
		for range 3 {
			o, err := redis.ParseURL(url)
			if err != nil {
				t.Fatal(err)
			}
			o.ReadTimeout, o.PoolTimeout, o.MaxRetries = time.Minute, time.Minute, -1
			client := redis.NewClient(o)
			t.Cleanup(func() { client.Close() })
			if slow {
				client.AddHook(sluggish{})
			}
			s := New(client, time.Now, Options{Lease: testLease})
			s.prefix = prefix
			t.Cleanup(s.Close)
			replicas = append(replicas, s)
		}
		if err := replicas[0].Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		var took []time.Duration
		for round := range rounds {
			of, _, err := replicas[round%3].Create(t.Context(), NewSession{User: fmt.Sprint("US", round), Account: "AC1", Policy: "v1"})
			if err != nil {
				t.Fatal(err)
			}
			over := make(chan struct{}) // closed once the end is answered
			found := make(chan error, len(replicas))
			known := make(chan struct{}, len(replicas))
			for _, r := range replicas {
				go func() {
					for first := true; ; first = false {
						time.Sleep(20 * time.Microsecond) // or they take the processors from who is to be told
						var after bool
						select {
						case <-over:
							after = true
						default:
						}
						_, err := r.Lookup(t.Context(), of.User, of.ID)
						switch {
						case first:
							known <- struct{}{}
							fallthrough
						case err == nil && !after:
						case err == nil:
							found <- errors.New("served after the end")
							return
						}
						if after {
							found <- nil
							return
						}
					}
				}()
			}
			for range replicas {
				<-known
			}
			began := time.Now()
			if err := ways[round%len(ways)](t.Context(), replicas[(round+1)%3], of); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(began))
			close(over)
			for range replicas {
				if err := <-found; err != nil {
					t.Error(err)
				}
			}
		}
		slices.Sort(took)
		t.Logf("an end takes %s, %s, %s (p50, p99, the longest of %d)", took[len(took)/2], took[len(took)*99/100], took[len(took)-1], len(took))
	}
	t.Run("miniredis", func(t *testing.T) { onEach(t, "redis://"+miniredis.RunT(t).Addr(), 50, false) })
	t.Run("miniredis, far away", func(t *testing.T) {
		t.Parallel()
		onEach(t, "redis://"+miniredis.RunT(t).Addr(), 30, true)
	})
	t.Run("redis", func(t *testing.T) {
		url := os.Getenv("FIELDGATE_TEST_REDIS_URL")
		if url == "" {
			t.Skip("FIELDGATE_TEST_REDIS_URL is not set")
		}
		onEach(t, url, 300, false)
	})
}
