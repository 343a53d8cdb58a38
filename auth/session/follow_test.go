package session

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// counted counts the commands of a client.
type counted struct {
	mu    sync.Mutex
	names map[string]int
}

func (c *counted) DialHook(next redis.DialHook) redis.DialHook { return next }
func (c *counted) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.mu.Lock()
		c.names[cmd.Name()]++
		c.mu.Unlock()
		return next(ctx, cmd)
	}
}
func (c *counted) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		c.mu.Lock()
		for _, cmd := range cmds {
			c.names[cmd.Name()]++
		}
		c.mu.Unlock()
		return next(ctx, cmds)
	}
}

// take is how many commands there were since the last time.
func (c *counted) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, count := range c.names {
		n += count
	}
	clear(c.names)
	return n
}

// watching begins a watch that is closed with the test.
func (b *bench) watching(user, sid string) *Watch {
	b.t.Helper()
	w, err := b.Watch(b.t.Context(), user, sid)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(w.Close)
	return w
}

// told waits until a watch is told to look again.
func (b *bench) told(w *Watch) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 15*time.Second)
	defer cancel()
	if err := w.Wait(ctx); err != nil {
		b.t.Fatal(err)
	}
}

// quiet fails the test when a watch has been told something.
func (b *bench) quiet(w *Watch) {
	b.t.Helper()
	select {
	case <-w.again:
		b.t.Error("told to look again")
	case <-w.lost:
		b.t.Error("told that nothing is known")
	default:
	}
}

// TestFollow: who watches is told of what happens to the session and to all of the user's, and of nothing else.
func TestFollow(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		before, _ := b.signIn("US1")
		if _, err := b.End(t.Context(), "US1", before.ID); err != nil {
			t.Fatal(err)
		}
		one, _ := b.signIn("US1")
		two, _ := b.signIn("US1")
		first, second, third := b.watching("US1", one.ID), b.watching("US1", two.ID), b.watching("US2", "x")
		if _, err := b.End(t.Context(), "US1", one.ID); err != nil {
			t.Fatal(err)
		}
		b.told(first)
		b.quiet(second)
		if _, err := b.EndAll(t.Context(), "US1"); err != nil {
			t.Fatal(err)
		}
		b.told(first)
		b.told(second)
		b.quiet(third)
	})
}

// TestFollowMany: a log that grows faster than it is read has everyone look, as some of it may have been thrown away.
func TestFollowMany(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		w := b.watching("US1", "x")
		// All of it at once: a transaction is one step.
		if _, err := b.client.TxPipelined(t.Context(), func(tx redis.Pipeliner) error {
			for range 3 * followCount {
				tx.XAdd(t.Context(), &redis.XAddArgs{Stream: b.prefix + "revocations", Values: []string{"kind", "end", "user", "US2", "sid", ""}})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		b.told(w)
	})
}

// TestFollowAnew: a store that has lost what it knew has everyone look, and so has one that has been away.
func TestFollowAnew(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		w := b.watching("US1", "x")
		b.flush(t.Context())
		b.told(w)
		if err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.told(w)
		if b.mini == nil {
			return
		}
		b.mini.SetError("LOADING Redis is loading the dataset in memory")
		time.Sleep(2 * followBlock)
		b.mini.SetError("")
		b.told(w)
	})
}

// TestFollowAway: a store that does not answer for long enough is told to everyone, and none begins to watch. When it
// answers again, watches begin again.
func TestFollowAway(t *testing.T) {
	mini := miniredis.RunT(t)
	b := newBench(t, "redis://"+mini.Addr(), mini, 0)
	first, second := b.watching("US1", "x"), b.watching("US2", "x")
	mini.SetError("LOADING Redis is loading the dataset in memory")
	began := time.Now()
	for _, w := range []*Watch{first, second} {
		<-w.Lost()
		if err := w.Wait(t.Context()); !errors.Is(err, ErrUnavailable) {
			t.Errorf("told %v", err)
		}
	}
	if took := time.Since(began); took < followPatience-2*followBlock || took > 3*followPatience {
		t.Errorf("told after %v", took)
	}
	if _, err := b.Watch(t.Context(), "US1", "x"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("another one: %v", err)
	}
	mini.SetError("")
	w := b.watching("US1", "x")
	if _, err := b.EndAll(t.Context(), "US1"); err != nil {
		t.Fatal(err)
	}
	b.told(w)
}

// TestFollowIdle: Redis is asked for nothing when nobody watches, and seldom when nothing happens.
func TestFollowIdle(t *testing.T) {
	mini := miniredis.RunT(t)
	b := newBench(t, "redis://"+mini.Addr(), mini, 0)
	c := &counted{names: map[string]int{}}
	b.client.AddHook(c)
	f := b.follower
	time.Sleep(3 * followBlock)
	if n := c.take(); n > 0 {
		t.Errorf("%d commands before anyone watches", n)
	}
	var all []*Watch
	for range 100 {
		all = append(all, b.watching("US1", "x"))
	}
	time.Sleep(time.Second)
	if n := c.take(); n < 2 || n > 60 {
		t.Errorf("%d commands in a second", n)
	}
	for _, w := range all {
		w.Close()
		w.Close()
	}
	time.Sleep(3 * followBlock)
	c.take()
	time.Sleep(3 * followBlock)
	if n := c.take(); n > 0 {
		t.Errorf("%d commands after the last has gone", n)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.watches) > 0 || f.ready != nil {
		t.Errorf("%d users are still watched, and a reader runs: %v", len(f.watches), f.ready != nil)
	}
}

// TestFollowCalledOff: who gives up leaves nothing behind.
func TestFollowCalledOff(t *testing.T) {
	mini := miniredis.RunT(t)
	b := newBench(t, "redis://"+mini.Addr(), mini, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w, err := b.Watch(ctx, "US1", "x"); err == nil {
		w.Close() // it was faster
	}
	w := b.watching("US1", "x")
	if err := w.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
}

// BenchmarkFollow is how long it takes from the end of a session, as whoever ended it is answered, until another
// gateway's watch is told.
func BenchmarkFollow(b *testing.B) {
	urls := map[string]string{"redis=embedded": "redis://" + miniredis.RunT(b).Addr()}
	if url := os.Getenv("FIELDGATE_TEST_REDIS_URL"); url != "" {
		urls["redis=real"] = url
	}
	for name, url := range urls {
		b.Run(name, func(b *testing.B) {
			stores := make([]*Store, 2)
			for i := range stores {
				client, err := NewClient(url)
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { client.Close() })
				stores[i] = New(client, time.Now, Options{})
				b.Cleanup(stores[i].Close)
				stores[i].prefix = "{fieldgate-bench}:"
			}
			if err := stores[0].Start(b.Context()); err != nil {
				b.Fatal(err)
			}
			keep, err := stores[1].Watch(b.Context(), "US1", "x") // the reader goes on from one to the next
			if err != nil {
				b.Fatal(err)
			}
			defer keep.Close()
			var slowest time.Duration
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				made, _, err := stores[0].Create(b.Context(), NewSession{User: "US1", Account: "AC1", Policy: "v1"})
				if err != nil {
					b.Fatal(err)
				}
				w, err := stores[1].Watch(b.Context(), "US1", made.ID)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				began := time.Now()
				if _, err := stores[0].End(b.Context(), "US1", made.ID); err != nil {
					b.Fatal(err)
				}
				if err := w.Wait(b.Context()); err != nil {
					b.Fatal(err)
				}
				slowest = max(slowest, time.Since(began))
				b.StopTimer()
				w.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(slowest.Microseconds())/1000, "ms-slowest")
		})
	}
}
