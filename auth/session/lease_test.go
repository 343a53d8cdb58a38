package session

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

const testLease = 100 * time.Millisecond

// leased is a store with a lease by the clock of the machine, as the program makes it, and what counts its commands.
func leased(t *testing.T, address string) (*Store, *counted) {
	t.Helper()
	client, err := NewClient("redis://" + address)
	if err != nil {
		t.Fatal(err)
	}
	commands := &counted{names: map[string]int{}}
	client.AddHook(commands)
	s := New(client, time.Now, Options{Lease: testLease})
	t.Cleanup(func() {
		s.Close()
		client.Close()
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, commands
}

func opened(t *testing.T, s *Store, user string) Session {
	t.Helper()
	made, _, err := s.Create(t.Context(), NewSession{User: user, Account: "AC1", Roles: []string{"SUPPORT"}, Policy: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// hole passes on what is said between a store and its Redis, until it is shut: then it swallows it.
type hole struct {
	listener net.Listener
	shut     atomic.Bool
	dials    atomic.Bool  // are swallowed too
	late     atomic.Int64 // how long what is said is on its way, each way
}

func (h *hole) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !h.dials.Load() {
			return next(ctx, network, addr)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(ioLimit):
			return nil, os.ErrDeadlineExceeded
		}
	}
}
func (*hole) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }
func (*hole) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func newHole(t *testing.T, to string) *hole {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hole{listener: listener}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to)
			if err != nil {
				conn.Close()
				continue
			}
			for from, to := range map[net.Conn]net.Conn{conn: server, server: conn} {
				go func() {
					defer from.Close()
					defer to.Close()
					said := make([]byte, 64<<10)
					for {
						n, err := from.Read(said)
						if err != nil {
							return
						}
						if h.shut.Load() {
							continue
						}
						time.Sleep(time.Duration(h.late.Load()))
						if _, err := to.Write(said[:n]); err != nil {
							return
						}
					}
				}()
			}
		}
	}()
	return h
}

// TestLeaseRunsOut: when Redis fails, what is in the cache is served for the lease at most, then all is refused, and what is
// asked meanwhile does not wait; when it is back, so are the sessions.
func TestLeaseRunsOut(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(mini *miniredis.Miniredis, h *hole) (mend func()){
		"errors": func(mini *miniredis.Miniredis, _ *hole) func() {
			mini.SetError("LOADING Redis is loading the dataset in memory")
			return func() { mini.SetError("") }
		},
		"silence": func(_ *miniredis.Miniredis, h *hole) func() {
			h.shut.Store(true)
			return func() { h.shut.Store(false) }
		},
		"gone": func(mini *miniredis.Miniredis, _ *hole) func() {
			mini.Close()
			return func() {
				_ = mini.Restart()
				mini.Ctx, mini.CtxCancel = context.WithCancel(context.Background()) // which its Close ended, and it waits by
			}
		},
		"dials that hang": func(mini *miniredis.Miniredis, h *hole) func() {
			h.dials.Store(true)
			mini.Close()
			return func() {
				_ = mini.Restart()
				mini.Ctx, mini.CtxCancel = context.WithCancel(context.Background())
				h.dials.Store(false)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mini := miniredis.RunT(t)
			h := newHole(t, mini.Addr())
			s, _ := leased(t, h.listener.Addr().String())
			s.client.AddHook(h)
			of := opened(t, s, "US1")
			for range 20 {
				if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Millisecond)
			}
			mend := fault(mini, h)
			failed := time.Now()
			var lastYes, slowest time.Duration
			var mu sync.Mutex
			var asking sync.WaitGroup
			for range 8 {
				asking.Go(func() {
					for time.Since(failed) < time.Second {
						begun := time.Now()
						_, err := s.Lookup(t.Context(), "US1", of.ID)
						mu.Lock()
						if err == nil {
							lastYes = max(lastYes, begun.Sub(failed))
						} else if !errors.Is(err, ErrUnavailable) {
							t.Error(err)
						}
						slowest = max(slowest, time.Since(begun))
						mu.Unlock()
						time.Sleep(time.Millisecond)
					}
				})
			}
			asking.Wait()
			if lastYes > testLease {
				t.Errorf("served %s after the fault", lastYes)
			}
			if slowest > 3*callLimit { // on a busy machine
				t.Errorf("somebody waited for %s", slowest)
			}
			begun := time.Now()
			for range 100 {
				if _, err := s.Lookup(t.Context(), "US1", of.ID); !errors.Is(err, ErrUnavailable) {
					t.Fatal(err)
				}
			}
			if took := time.Since(begun); took > 2*time.Second { // each of which could have waited
				t.Errorf("a hundred are refused after %s", took)
			}
			mend()
			mended := time.Now()
			for {
				_, err := s.Lookup(t.Context(), "US1", of.ID)
				if err == nil {
					break
				}
				if time.Since(mended) > 10*time.Second {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
			}
			t.Logf("served until %s after the fault, the longest wait %s, back after %s", lastYes, slowest, time.Since(mended))
		})
	}
}

// TestLateRedis: nobody is refused because the answers of Redis come later than the lease lasts, as they do all at once where
// the machine has too much to do.
func TestLateRedis(t *testing.T) {
	h := newHole(t, miniredis.RunT(t).Addr())
	s, _ := leased(t, h.listener.Addr().String())
	of := opened(t, s, "US1")
	look := func() {
		if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
			t.Error(err)
		}
	}
	for range 20 {
		look()
		time.Sleep(5 * time.Millisecond)
	}
	h.late.Store(int64(testLease))
	begun := time.Now()
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			for time.Since(begun) < 10*testLease {
				look()
				time.Sleep(time.Millisecond)
			}
		})
	}
	asking.Wait()
}

// TestNothingForARequest: Redis is not asked for a request whose session is known, and nothing is allocated.
func TestNothingForARequest(t *testing.T) {
	s, commands := leased(t, miniredis.RunT(t).Addr())
	of := opened(t, s, "US1")
	ctx := t.Context()
	look := func() {
		if _, err := s.Lookup(ctx, "US1", of.ID); err != nil {
			t.Fatal(err)
		}
	}
	look()
	commands.take()
	begun := time.Now()
	for range 50_000 {
		look()
	}
	// Four commands make a read, which comes at least every quarter of the lease.
	most := 4 * (4*int(time.Since(begun)/testLease) + 8)
	if n := commands.take(); n > most {
		t.Errorf("%d commands, %d at most", n, most)
	}
	if n := testing.AllocsPerRun(1000, look); n > 0.5 { // the reader's are counted too
		t.Errorf("%v allocations", n)
	}
}

// TestNoStampede: when the lease is out, one read is made for all who ask at once.
func TestNoStampede(t *testing.T) {
	s, commands := leased(t, miniredis.RunT(t).Addr())
	of := opened(t, s, "US1")
	if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
		t.Fatal(err)
	}
	s.Close() // no reader: whatever is read, requests have read
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.follower.ctx = ctx
	s.follower.ready = make(chan struct{})
	commands.take()
	var asking sync.WaitGroup
	for range 200 {
		asking.Go(func() {
			if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	commands.mu.Lock()
	defer commands.mu.Unlock()
	if n := commands.names["xread"]; n < 1 || n > 3 {
		t.Errorf("the log was read %d times", n)
	}
}

// meanwhile has something happen between the answer of Redis to a look-up and whoever waits for it.
type meanwhile struct{ happens func() }

func (*meanwhile) DialHook(next redis.DialHook) redis.DialHook { return next }
func (m *meanwhile) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if m.happens != nil && cmd.Name() == "evalsha" {
			m.happens()
		}
		return err
	}
}
func (*meanwhile) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// TestLookupOvertaken: a session that ends while it is looked up is not kept.
func TestLookupOvertaken(t *testing.T) {
	mini := miniredis.RunT(t)
	s, _ := leased(t, mini.Addr())
	other, _ := leased(t, mini.Addr())
	for name, by := range map[string]*Store{"here": s, "elsewhere": other} {
		of := opened(t, other, "US"+name)
		before := opened(t, other, "US0"+name)
		if _, err := s.Lookup(t.Context(), before.User, before.ID); err != nil { // the script is known, and the reader runs
			t.Fatal(err)
		}
		slow := &meanwhile{}
		s.client.AddHook(slow)
		slow.happens = func() {
			slow.happens = nil
			if _, err := by.End(t.Context(), of.User, of.ID); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Lookup(t.Context(), of.User, of.ID); err != nil {
			t.Errorf("%s: it was asked before: %v", name, err)
		}
		if _, err := s.Lookup(t.Context(), of.User, of.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRest: with nothing to look up the reader ends and leaves the register, and so it does with the store; whoever looks up a
// session then is served.
func TestRest(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(s *Store){
		"nothing to do": func(s *Store) { time.Sleep(followRest + followBlock) },
		"closed":        (*Store).Close,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, commands := leased(t, miniredis.RunT(t).Addr())
			of := opened(t, s, "US1")
			for range 2 {
				if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
					t.Fatal(err)
				}
			}
			if n := s.client.HLen(t.Context(), s.followers()).Val(); n != 1 {
				t.Errorf("%d in the register", n)
			}
			end(s)
			deadline := time.Now().Add(5 * time.Second)
			for s.client.HLen(t.Context(), s.followers()).Val() > 0 {
				if time.Now().After(deadline) {
					t.Fatal("it is in the register still")
				}
				time.Sleep(10 * time.Millisecond)
			}
			commands.take()
			time.Sleep(2 * followBlock)
			if n := commands.take(); n > 0 {
				t.Errorf("%d commands", n)
			}
			if _, err := s.Lookup(t.Context(), "US1", of.ID); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestEarlierID(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{"1-0", "1-0", false}, {"1-0", "1-1", true}, {"1-1", "1-0", false}, {"1-9", "1-10", true}, {"1-10", "1-9", false},
		{"9-0", "10-0", true}, {"10-0", "9-5", false}, {"0-0", "1764374400000-0", true}, {"1764374400000-1", "1764374400001-0", true},
	} {
		if got := earlierID(row.a, row.b); got != row.want {
			t.Errorf("%s before %s: %v", row.a, row.b, got)
		}
	}
}

// TestWhatExtendsTheLease: a read extends the lease from when it was sent, when the follower stands in the register
// by it, or stood there all along and nothing has come; what does not fit drops all that is kept.
func TestWhatExtendsTheLease(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		if b.follower.lease == 0 {
			return
		}
		ctx, f := t.Context(), b.follower
		f.id = "it" // no reader runs: each read is made here
		do := func(err error) {
			t.Helper()
			b.want("what happens", err, nil)
		}
		entry := func(after string) {
			t.Helper()
			do(b.client.XAdd(ctx, &redis.XAddArgs{Stream: b.log(), Values: []string{"kind", "end", "user", "US9", "sid", "", "after", after}}).Err())
		}
		for _, row := range []struct {
			name           string
			happens        func()
			extends, drops bool
		}{
			{"the first", func() {}, true, true},
			{"nothing has come", func() {}, true, false},
			{"struck from the register", func() { do(b.client.HDel(ctx, b.followers(), "it").Err()) }, false, false},
			{"written there again", func() {}, true, false},
			{"somebody else's mark is there", func() { do(b.client.HSet(ctx, b.followers(), "it", "9-9 1s 1").Err()) }, false, false},
			{"written there once more", func() {}, true, false},
			{"an entry has come", func() { entry(f.at.last) }, false, false},
			{"its place is written", func() {}, true, false},
			{"an entry has come, while the place was to be written", func() { f.at.mark = ""; entry(f.at.last) }, true, false},
			{"an entry is missing before the next", func() { entry("1-1") }, false, true},
			{"begun anew", func() {}, true, true},
			{"an entry that names none", func() { entry("") }, false, true},
			{"begun anew again", func() {}, true, true},
			{"the log is gone", func() { do(b.client.Del(ctx, b.log()).Err()) }, false, true},
			{"begun with an empty log", func() {}, true, true},
			{"another epoch", func() { do(b.client.Set(ctx, b.prefix+"epoch", "another", 0).Err()) }, false, true},
			{"begun in it", func() {}, true, true},
			{"no epoch", func() { do(b.client.Del(ctx, b.prefix+"epoch").Err()) }, false, true},
			{"begun without one", func() {}, false, true},
			{"still without one", func() {}, false, false},
		} {
			b.advance(time.Second)
			row.happens()
			before, dropped := f.until.Load(), f.cache.all.Load()
			_, err := f.read(0)
			do(err)
			after := f.until.Load()
			if want := b.since(b.now()) + int64(f.lease); (after == want) != row.extends || !row.extends && !row.drops && after != before {
				t.Errorf("%s: the lease went from %d to %d; extended it is %d", row.name, before, after, want)
			}
			if (f.cache.all.Load() > dropped) != row.drops || row.drops && !row.extends && after != 0 {
				t.Errorf("%s: dropped %v, want %v; the lease is %d", row.name, f.cache.all.Load() > dropped, row.drops, after)
			}
		}
	})
}
