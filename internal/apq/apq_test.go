package apq

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/fieldgate/fieldgate/internal/manifest"
	"github.com/redis/go-redis/v9"
)

// clock stands still until it is told to move.
type clock struct{ time time.Time }

func (c *clock) now() time.Time { return c.time }

// bench is a Redis for a test: that which FIELDGATE_TEST_REDIS_URL names, or else one in this process.
type bench struct {
	t      *testing.T
	client *redis.Client
	keys   []string
	clock  *clock
	log    bytes.Buffer
}

func newBench(t *testing.T) *bench {
	url := os.Getenv("FIELDGATE_TEST_REDIS_URL")
	if url == "" {
		url = "redis://" + miniredis.RunT(t).Addr()
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	options.ReadTimeout, options.MaxRetries = time.Minute, -1
	b := &bench{
		t: t, client: redis.NewClient(options), keys: keysOf("{fieldgate-test-" + rand.Text() + "}:"), clock: &clock{time.Now()},
	}
	t.Cleanup(func() {
		_ = b.client.Del(context.Background(), b.keys...).Err()
		b.client.Close()
	})
	return b
}

// store is the store of one gateway.
func (b *bench) store(options Options) *Store {
	s, err := New(b.client, b.clock.now, slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelDebug})), options)
	if err != nil {
		b.t.Fatal(err)
	}
	s.keys, s.wait = b.keys, time.Minute // on a busy machine too
	return s
}

func save(t *testing.T, s *Store, text string) string {
	t.Helper()
	hash := manifest.HashOf(text)
	s.Save(t.Context(), hash, text)
	return hash
}

// has asks as a gateway that has nothing nearby.
func (b *bench) has(text string) bool {
	got, known := b.store(Options{}).Load(b.t.Context(), manifest.HashOf(text))
	return known && got == text
}

// holds compares what Redis has with what it counts, and returns both.
func (b *bench) holds() (count, size int64) {
	b.t.Helper()
	texts, err := b.client.HVals(b.t.Context(), b.keys[0]).Result()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, text := range texts {
		size += int64(len(text))
	}
	used := b.client.ZCard(b.t.Context(), b.keys[1]).Val()
	counted, _ := b.client.Get(b.t.Context(), b.keys[2]).Int64()
	if used != int64(len(texts)) || counted != size {
		b.t.Errorf("Redis has %d texts of %d bytes, and counts %d of %d", len(texts), size, used, counted)
	}
	return used, size
}

// TestShared: what one gateway is told, another finds, and one that has found it does not ask again.
func TestShared(t *testing.T) {
	b := newBench(t)
	one, two := b.store(Options{}), b.store(Options{})
	hash := save(t, one, "{ shared }")
	for range 2 {
		if text, known := two.Load(t.Context(), hash); !known || text != "{ shared }" {
			t.Errorf("the other gateway has %q, %v", text, known)
		}
		b.client.Del(t.Context(), b.keys...) // the second time it is nearby
	}
	b.clock.time = b.clock.time.Add(nearbyFor)
	if _, known := two.Load(t.Context(), hash); known {
		t.Error("what is nearby is never looked for again")
	}
	if _, known := two.Load(t.Context(), manifest.HashOf("{ never }")); known {
		t.Error("what nobody has sent is known")
	}
}

// TestBounds: whoever may register cannot fill Redis, in number or in bytes, and what is used stays.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit Options
		text  func(n int) string
		most  int64
	}{
		{"in number", Options{Count: 10}, func(n int) string { return fmt.Sprintf("{ n%d }", n) }, 10},
		{"in bytes", Options{Bytes: 1000}, func(n int) string { return fmt.Sprintf("{ n%3d %s }", n, strings.Repeat("x", 91)) }, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			s := b.store(c.limit)
			used := save(t, s, c.text(0))
			for n := 1; n <= 100; n++ {
				b.clock.time = b.clock.time.Add(time.Second)
				save(t, s, c.text(n))
				b.clock.time = b.clock.time.Add(time.Second)
				if _, known := b.store(c.limit).Load(t.Context(), used); !known {
					t.Fatalf("what is used all the time is gone after %d others", n)
				}
				if count, size := b.holds(); count > c.most || c.limit.Bytes > 0 && size > int64(c.limit.Bytes) {
					t.Fatalf("%d texts of %d bytes are kept", count, size)
				}
			}
			if b.has(c.text(50)) || !b.has(c.text(100)) {
				t.Error("it is not the oldest that made room")
			}
		})
	}
	t.Run("one by one", func(t *testing.T) {
		b := newBench(t)
		s := b.store(Options{Longest: 10})
		save(t, s, strings.Repeat("x", 10))
		save(t, s, strings.Repeat("x", 11))
		if count, size := b.holds(); count != 1 || size != 10 {
			t.Errorf("%d texts of %d bytes are kept, want the short one", count, size)
		}
	})
	t.Run("twice the same", func(t *testing.T) {
		b := newBench(t)
		save(t, b.store(Options{}), "{ same }")
		save(t, b.store(Options{}), "{ same }")
		if count, size := b.holds(); count != 1 || size != 8 {
			t.Errorf("%d texts of %d bytes are kept", count, size)
		}
	})
}

// TestLifetime: what nobody uses for a day goes, and each use keeps a document for another.
func TestLifetime(t *testing.T) {
	b := newBench(t)
	s := b.store(Options{})
	save(t, s, "{ used }")
	save(t, s, "{ unused }")
	b.clock.time = b.clock.time.Add(23 * time.Hour)
	if !b.has("{ used }") {
		t.Fatal("it is gone within the day")
	}
	b.clock.time = b.clock.time.Add(2 * time.Hour)
	if !b.has("{ used }") || b.has("{ unused }") {
		t.Error("it is not use that keeps a document")
	}
	save(t, s, "{ another }")
	if count, _ := b.holds(); count != 2 {
		t.Errorf("%d texts are kept, want 2: what is over is cleared away", count)
	}
	if left := b.client.PTTL(t.Context(), b.keys[0]).Val(); left <= 0 || left > 24*time.Hour {
		t.Errorf("the texts expire in %s, if nothing more happens", left)
	}
}

// TestLost: a Redis that has lost a part of it is not filled without bounds.
func TestLost(t *testing.T) {
	for i := range 3 {
		b := newBench(t)
		save(t, b.store(Options{}), "{ before }")
		b.client.Del(t.Context(), b.keys[i])
		save(t, b.store(Options{}), "{ after }")
		if count, _ := b.holds(); count != 1 || !b.has("{ after }") {
			t.Errorf("without %s there are %d texts, want the new one", b.keys[i], count)
		}
	}
}

// TestForged: a text that is not what its hash says is not run, whoever put it into Redis.
func TestForged(t *testing.T) {
	b := newBench(t)
	hash := save(t, b.store(Options{}), "{ mine }")
	b.client.HSet(t.Context(), b.keys[0], hash, "{ theirs }")
	if text, known := b.store(Options{}).Load(t.Context(), hash); known {
		t.Errorf("it is taken: %s", text)
	}
	if log := b.log.String(); !strings.Contains(log, "level=WARN") || strings.Contains(log, "theirs") {
		t.Errorf("the log says %s", log)
	}
}

// TestAway: without Redis nothing is known, nothing fails, and nobody waits.
func TestAway(t *testing.T) {
	b := newBench(t)
	s := b.store(Options{})
	hash := save(t, s, "{ nearby }")
	s.client = redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer s.client.Close()
	if _, known := s.Load(t.Context(), hash); !known {
		t.Error("what is nearby is not found")
	}
	if _, known := s.Load(t.Context(), save(t, s, "{ lost }")); known {
		t.Error("what was not kept is found")
	}
	if strings.Contains(b.log.String(), "level=WARN") || !strings.Contains(b.log.String(), "level=DEBUG") {
		t.Errorf("the log says %s", b.log.String())
	}
}
