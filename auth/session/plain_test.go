package session

import (
	"testing"
	"time"
	"unsafe"
)

// TestPlain: a session of someone else's lives as long as its key has a value, whoever has asked for it before.
func TestPlain(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		key := b.prefix + "sess:one"
		set := func(value any, lasts time.Duration) {
			t.Helper()
			if err := b.client.Set(t.Context(), key, value, lasts).Err(); err != nil {
				t.Fatal(err)
			}
		}
		end := func(tell bool) {
			t.Helper()
			if err := b.client.Del(t.Context(), key).Err(); err != nil {
				t.Fatal(err)
			}
			if tell {
				if _, err := b.run(t.Context(), logScript, key); err != nil {
					t.Fatal(err)
				}
			}
		}
		b.want("nothing", b.Plain(t.Context(), key), ErrNotFound)
		set("", 0)
		b.want("no value", b.Plain(t.Context(), key), ErrNotFound)
		set("{}", 0)
		b.want("a value", b.Plain(t.Context(), key), nil)
		b.want("again", b.Plain(t.Context(), key), nil)
		end(true)
		b.want("ended, and the log was told", b.Plain(t.Context(), key), ErrNotFound)

		set("{}", 0)
		b.want("a value once more", b.Plain(t.Context(), key), nil)
		end(false)
		b.advance(plainAge)
		b.want("ended, a second ago, and nobody was told", b.Plain(t.Context(), key), ErrNotFound)

		set("{}", 300*time.Millisecond)
		b.want("a value that will not last", b.Plain(t.Context(), key), nil)
		end(false)
		b.advance(300 * time.Millisecond)
		b.want("it has not lasted", b.Plain(t.Context(), key), ErrNotFound)

		if err := b.client.HSet(t.Context(), key, "a", "b").Err(); err != nil {
			t.Fatal(err)
		}
		b.want("no plain value", b.Plain(t.Context(), key), ErrNotFound)
	})
}

// logScript writes an entry into the log as another system does, of a user of this name.
var logScript = script(`
log('end', ARGV[3], '')
return {'ok'}
`)

// TestPlainIsKept: with a lease, a session of someone else's is asked for once in a second, and without one each time.
func TestPlainIsKept(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, b *bench) {
		key := b.prefix + "sess:one"
		if err := b.client.Set(t.Context(), key, "{}", time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		b.want("at first", b.Plain(t.Context(), key), nil)
		kept := 0
		for range 10 {
			if b.follower.cache != nil && b.follower.cache.find(key, key, b.now()) != nil {
				kept++
			}
			b.want("again", b.Plain(t.Context(), key), nil)
		}
		if want := map[bool]int{true: 10}[b.follower.cache != nil]; kept != want {
			t.Errorf("it was kept %d times of 10, want %d", kept, want)
		}
		b.advance(plainAge)
		if b.follower.cache != nil && b.follower.cache.find(key, key, b.now()) != nil {
			t.Error("it is kept for longer than a second")
		}
	})
}

// TestPlainIsKeptNoLonger: a clock that is set back meanwhile does not keep a session of someone else's for longer.
func TestPlainIsKeptNoLonger(t *testing.T) {
	asked := time.Now()
	c := newCache()
	c.put(Session{ID: "sess:one", User: "sess:one", Expires: asked.Add(plainAge)}, 0, asked)
	for after, want := range map[time.Duration]bool{plainAge - 1: true, plainAge: false} {
		now := asked.Add(after)
		(*(*uint64)(unsafe.Pointer(&now))) -= 3600 << 30 // an hour less on the wall, as package time keeps what it has read of both clocks
		if now.Sub(asked) != after || now.UnixNano() > asked.UnixNano() {
			t.Fatal("package time keeps it otherwise")
		}
		if found := c.find("sess:one", "sess:one", now) != nil; found != want {
			t.Errorf("%s later it is kept: %v", after, found)
		}
	}
}
