package issuer

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/issuer/issuertest"
)

// TestRotation: a key that is new is fetched when it is first seen.
func TestRotation(t *testing.T) {
	p := issuertest.New(t)
	s := running(t, of(p))
	before := p.Token(nil)
	p.Add(issuertest.NewKey(t, "second"))
	for name, raw := range map[string]string{"the new key": p.Token(nil), "the old key": before} {
		if _, err := s.Verify(t.Context(), raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := p.Fetches(); got != 2 {
		t.Errorf("the keys were fetched %d times, want 2", got)
	}
}

// TestRemovedKey: what a key has signed that was taken away is believed no more once the keys have been fetched again.
func TestRemovedKey(t *testing.T) {
	p := issuertest.New(t)
	s := running(t, of(p, func(c *Config) { c.Refresh = 20 * time.Millisecond }))
	stolen := p.Token(nil)
	if _, err := s.Verify(t.Context(), stolen); err != nil {
		t.Fatal(err)
	}
	p.Add(issuertest.NewKey(t, "second"))
	p.Remove("first")
	eventually(t, func() bool { _, err := s.Verify(t.Context(), stolen); return errors.Is(err, ErrInvalid) })
	if _, err := s.Verify(t.Context(), p.Token(nil)); err != nil {
		t.Error(err)
	}
}

// TestUnknownKeyFlood: tokens with keys that nobody knows do not have the gateway knock at the issuer's door for each.
func TestUnknownKeyFlood(t *testing.T) {
	p := issuertest.New(t)
	s := running(t, of(p))
	key := issuertest.NewKey(t, "unknown")
	var flood sync.WaitGroup
	for range 8 {
		flood.Go(func() {
			for range 50 {
				raw := key.Sign(t, map[string]any{"kid": freshKeyID()}, p.Claims(nil))
				if _, err := s.Verify(t.Context(), raw); !errors.Is(err, ErrInvalid) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	flood.Wait()
	// The first fetch, the burst, and one for each half a minute that the flood has taken.
	if got := p.Fetches(); got > 1+unknownBurst+1 {
		t.Errorf("400 tokens have had the keys fetched %d times", got)
	}
	if _, err := s.Verify(t.Context(), p.Token(nil)); err != nil {
		t.Errorf("a good token after the flood: %v", err)
	}
}

var lastKeyID atomic.Int64

func freshKeyID() string { return "unknown-" + time.Duration(lastKeyID.Add(1)).String() }

// TestOutage: the keys that were fetched last are used while the issuer cannot be reached, but not for ever.
func TestOutage(t *testing.T) {
	p := issuertest.New(t)
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s := NewSet([]Config{of(p, func(c *Config) { c.Refresh = 20 * time.Millisecond })}, http.DefaultTransport, now, slog.New(slog.DiscardHandler))
	run(t, s)
	eventually(t, func() bool { _, err := s.Verify(t.Context(), p.Token(nil)); return err == nil })

	p.Down(true)
	from := s.issuers[p.URL]
	eventually(t, func() bool { from.mu.Lock(); defer from.mu.Unlock(); return from.failing })
	if _, err := s.Verify(t.Context(), p.Token(nil)); err != nil {
		t.Errorf("with the last keys: %v", err)
	}
	if _, err := s.Verify(t.Context(), issuertest.NewKey(t, "new").Sign(t, nil, p.Claims(nil))); !errors.Is(err, ErrUnavailable) {
		t.Errorf("with a key that may be a new one: %v", err)
	}
	ahead.Store(int64(keepGood + time.Minute))
	later := firstKey(p).Sign(t, nil, p.Claims(map[string]any{"iat": now().Unix(), "exp": now().Add(time.Minute).Unix()}))
	if _, err := s.Verify(t.Context(), later); !errors.Is(err, ErrUnavailable) {
		t.Errorf("with keys of yesterday: %v", err)
	}
	p.Down(false)
	eventually(t, func() bool { _, err := s.Verify(t.Context(), later); return err == nil })
}

// TestDownAtTheStart: an issuer that cannot be reached is asked again, and keeps no other from being believed.
func TestDownAtTheStart(t *testing.T) {
	down, up := issuertest.New(t), issuertest.New(t)
	down.Down(true)
	s := NewSet([]Config{of(down), of(up)}, http.DefaultTransport, time.Now, slog.New(slog.DiscardHandler))
	if _, err := s.Verify(t.Context(), up.Token(nil)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("before any keys were fetched: %v", err)
	}
	run(t, s)
	eventually(t, func() bool { _, err := s.Verify(t.Context(), up.Token(nil)); return err == nil })
	if _, err := s.Verify(t.Context(), down.Token(nil)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("down: %v", err)
	}
	down.Down(false)
	eventually(t, func() bool { _, err := s.Verify(t.Context(), down.Token(nil)); return err == nil })
}

// TestFetching is what the client of issuers does not do.
func TestFetching(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/long" {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(" ", maxBody) + `]}`))
			return
		}
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	}))
	defer server.Close()
	for _, row := range []struct{ name, url, says string }{
		{"a redirect", server.URL + "/moved", "302"},
		{"an answer without end", server.URL + "/long", errTooLong.Error()},
		{"plain HTTP over the network", "http://192.0.2.1/keys", errUntrusted.Error()},
		{"a file", "file:///etc/passwd", errUntrusted.Error()},
	} {
		t.Run(row.name, func(t *testing.T) {
			from := &source{
				config: Config{KeysURL: row.url, Refresh: time.Hour}, client: newClient(http.DefaultTransport), now: time.Now,
				log: slog.New(slog.DiscardHandler),
			}
			if err := from.open(t.Context()); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v, want %s", err, row.says)
			}
		})
	}
}

// TestDiscovery: what an issuer says of itself must be of itself.
func TestDiscovery(t *testing.T) {
	p := issuertest.New(t)
	name := strings.Replace(p.URL, "127.0.0.1", "localhost", 1)
	from := &source{config: Config{Issuer: name, Refresh: time.Hour}, client: newClient(http.DefaultTransport), now: time.Now, log: slog.New(slog.DiscardHandler)}
	if err := from.open(t.Context()); err == nil || from.keys != nil {
		t.Error("the document of another issuer was believed")
	}
}

// BenchmarkVerify is what a token of ES256 costs whose key is known.
func BenchmarkVerify(b *testing.B) {
	p := issuertest.New(b)
	s := NewSet([]Config{of(p)}, http.DefaultTransport, time.Now, slog.New(slog.DiscardHandler))
	from := s.issuers[p.URL]
	if err := from.open(b.Context()); err != nil {
		b.Fatal(err)
	}
	raw := p.Token(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Verify(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}
