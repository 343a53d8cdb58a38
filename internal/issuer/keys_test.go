package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
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
				// Once the burst is used up, nobody can say that the key is not a new one.
				if _, err := s.Verify(t.Context(), raw); !errors.Is(err, ErrInvalid) && !errors.Is(err, ErrUnavailable) {
					t.Errorf("%v", err)
				}
			}
		})
	}
	flood.Wait()
	if _, err := s.Verify(t.Context(), key.Sign(t, map[string]any{"kid": freshKeyID()}, p.Claims(nil))); !errors.Is(err, ErrUnavailable) {
		t.Errorf("beyond the burst: %v", err)
	}
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

// TestFaultyKey: a member of the set that cannot be read is left out and logged once, and keeps no key in force that was
// taken away.
func TestFaultyKey(t *testing.T) {
	for name, member := range map[string]map[string]any{
		"a point off its curve":    {"kty": "EC", "crv": "P-256", "kid": "bad", "x": segment(make([]byte, 32)), "y": segment(make([]byte, 32))},
		"a kid that is a number":   {"kty": "EC", "kid": 1},
		"no key at all":            {"keys": []any{}},
		"a certificate of nothing": {"kty": "RSA", "kid": "bad", "n": "AQAB", "e": "AQAB", "x5c": []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			p := issuertest.New(t)
			var log logged
			s := NewSet([]Config{of(p)}, http.DefaultTransport, time.Now, slog.New(slog.NewTextHandler(&log, nil)))
			run(t, s)
			stolen := p.Token(nil)
			eventually(t, func() bool { _, err := s.Verify(t.Context(), stolen); return err == nil })
			p.Add(&issuertest.Key{ID: "bad", Public: member})
			p.Add(issuertest.NewKey(t, "second"))
			p.Remove("first")
			if _, err := s.Verify(t.Context(), p.Token(nil)); err != nil {
				t.Errorf("signed by the new key: %v", err)
			}
			if _, err := s.Verify(t.Context(), stolen); !errors.Is(err, ErrInvalid) {
				t.Errorf("signed by the key that was taken away: %v", err)
			}
			if got := p.Fetches(); got != 3 {
				t.Errorf("the keys were fetched %d times, want 3", got)
			}
			if text := log.String(); strings.Count(text, "are left out") != 1 || !strings.Contains(text, "key 1 of 2: ") || strings.Contains(text, "cannot be fetched") {
				t.Errorf("the log: %s", text)
			}
		})
	}
}

// logged is a log that may be read while it is written.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// TestNoSet: what is no set of keys is an outage, and takes no key away.
func TestNoSet(t *testing.T) {
	p := issuertest.New(t)
	var text atomic.Pointer[string]
	s := NewSet([]Config{of(p, func(c *Config) { c.Refresh = 20 * time.Millisecond })}, roundTrip(func(r *http.Request) (*http.Response, error) {
		if to := text.Load(); to != nil && r.URL.Path == "/keys" {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(*to)), Request: r}, nil
		}
		return http.DefaultTransport.RoundTrip(r)
	}), time.Now, slog.New(slog.DiscardHandler))
	run(t, s)
	eventually(t, func() bool { _, err := s.Verify(t.Context(), p.Token(nil)); return err == nil })
	from := s.issuers[p.URL]
	failing := func() bool { from.mu.Lock(); defer from.mu.Unlock(); return from.failing }
	for _, answer := range []string{`{}`, `<html>`, `{"keys":null}`, `{"keys":[],"keys":[]}`} {
		text.Store(&answer)
		eventually(t, failing)
		if _, err := s.Verify(t.Context(), p.Token(nil)); err != nil {
			t.Errorf("%s: %v", answer, err)
		}
		text.Store(nil)
		eventually(t, func() bool { return !failing() })
	}
	empty := `{"keys":[]}` // which is one
	text.Store(&empty)
	eventually(t, func() bool { _, err := s.Verify(t.Context(), p.Token(nil)); return err != nil })
}

// roundTrip is a transport.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestHangUp: whoever has the keys fetched and does not wait for them costs those nothing who come after.
func TestHangUp(t *testing.T) {
	p := issuertest.New(t)
	begun, goOn := make(chan struct{}, 10), make(chan struct{})
	var slow atomic.Bool
	s := NewSet([]Config{of(p)}, roundTrip(func(r *http.Request) (*http.Response, error) {
		if slow.Load() && r.URL.Path == "/keys" {
			begun <- struct{}{}
			select {
			case <-goOn:
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		return http.DefaultTransport.RoundTrip(r)
	}), time.Now, slog.New(slog.DiscardHandler))
	run(t, s)
	eventually(t, func() bool { _, err := s.Verify(t.Context(), p.Token(nil)); return err == nil })
	slow.Store(true)
	p.Add(issuertest.NewKey(t, "second"))
	p.Remove("first")
	stranger := issuertest.NewKey(t, "unknown")
	for i := range 2 * unknownBurst {
		ctx, hangUp := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, err := s.Verify(ctx, stranger.Sign(t, map[string]any{"kid": freshKeyID()}, p.Claims(nil)))
			ended <- err
		}()
		if i == 0 {
			<-begun
		}
		hangUp()
		if err := <-ended; !errors.Is(err, ErrUnavailable) {
			t.Errorf("who hung up: %v", err)
		}
	}
	good := make(chan error)
	go func() { _, err := s.Verify(t.Context(), p.Token(nil)); good <- err }()
	close(goOn)
	if err := <-good; err != nil {
		t.Errorf("a good token with the new key: %v", err)
	}
	if got := p.Fetches(); got > 3 { // the first, the one that was joined, and one for who came as it ended
		t.Errorf("the keys were fetched %d times", got)
	}
}

// TestRotationInOutage: keys that are changed while the issuer is down are known as soon as it is asked again.
func TestRotationInOutage(t *testing.T) {
	p := issuertest.New(t)
	s := running(t, of(p))
	before := p.Token(nil)
	p.Down(true)
	p.Add(issuertest.NewKey(t, "second"))
	p.Remove("first")
	if _, err := s.Verify(t.Context(), p.Token(nil)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("the new key, meanwhile: %v", err)
	}
	if _, err := s.Verify(t.Context(), before); err != nil {
		t.Errorf("the old key, meanwhile: %v", err)
	}
	p.Down(false)
	if _, err := s.Verify(t.Context(), p.Token(nil)); err != nil {
		t.Errorf("the new key: %v", err)
	}
	if _, err := s.Verify(t.Context(), before); !errors.Is(err, ErrInvalid) {
		t.Errorf("the old key, which was taken away: %v", err)
	}
}

// TestTooOld: keys that are too old are fetched when they are needed, however long the next turn is away.
func TestTooOld(t *testing.T) {
	p := issuertest.New(t)
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	s := NewSet([]Config{of(p, func(c *Config) { c.Refresh = 24 * time.Hour })}, http.DefaultTransport, now, slog.New(slog.DiscardHandler))
	run(t, s)
	eventually(t, func() bool { _, err := s.Verify(t.Context(), p.Token(nil)); return err == nil })
	ahead.Store(int64(keepGood + time.Second))
	for range 2 {
		if _, err := s.Verify(t.Context(), p.Token(map[string]any{"iat": now().Unix(), "exp": now().Add(time.Minute).Unix()})); err != nil {
			t.Error(err)
		}
	}
	if got := p.Fetches(); got != 2 {
		t.Errorf("the keys were fetched %d times, want 2", got)
	}
}

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
			from := newSource(Config{Issuer: "http://localhost", KeysURL: row.url, Refresh: time.Hour}, http.DefaultTransport, time.Now, slog.New(slog.DiscardHandler))
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
	from := newSource(Config{Issuer: name, Refresh: time.Hour}, http.DefaultTransport, time.Now, slog.New(slog.DiscardHandler))
	if err := from.open(t.Context()); err == nil || from.keys != nil {
		t.Error("the document of another issuer was believed")
	}
}

// TestDiscoveryOnThisMachine: an issuer that is not configured to be on this machine sends the gateway nowhere on it,
// neither for keys nor with a client's secret.
func TestDiscoveryOnThisMachine(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s on this machine", r.Method, r.URL.Path) }))
	defer inside.Close()
	keys, err := json.Marshal(map[string]any{"keys": []any{issuertest.NewKey(t, "first").Public}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, keys, configured string }{
		{"its keys", inside.URL, ""},
		{"its token endpoint", "https://idp.example/keys", ""},
		{"its token endpoint, with keys that are configured", "", "https://idp.example/keys"},
	} {
		t.Run(row.name, func(t *testing.T) {
			document, err := json.Marshal(map[string]any{
				"issuer": "https://idp.example", "jwks_uri": row.keys + "/internal", "authorization_endpoint": "https://idp.example/a", "token_endpoint": inside.URL + "/token",
			})
			if err != nil {
				t.Fatal(err)
			}
			far := roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host != "idp.example" {
					return http.DefaultTransport.RoundTrip(r)
				}
				text := keys
				if strings.HasPrefix(r.URL.Path, "/.well-known/") {
					text = document
				}
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(text)), Request: r, Header: http.Header{"Content-Type": {"application/json"}}}, nil
			})
			c := Config{Name: "far", Issuer: "https://idp.example", KeysURL: row.configured, Algorithms: []string{"ES256"}, Refresh: time.Hour, ClientID: "fieldgate", ClientSecret: "secret"}
			from := newSource(c, far, time.Now, slog.New(slog.DiscardHandler))
			if err := from.open(t.Context()); (err == nil) == (row.keys == inside.URL) || err != nil && !strings.Contains(err.Error(), errUntrusted.Error()) {
				t.Errorf("its keys: %v", err)
			}
			if _, err := from.redeem(t.Context(), from.provider, Flow{}, "code"); !errors.Is(err, ErrUnavailable) {
				t.Errorf("its token endpoint: %v", err)
			}
		})
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
