package auth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/redis/go-redis/v9"
)

// TestKnownAsIfNew changes each field of a session that was asked about before, and asks again with the same token: whoever
// has seen the token says what one says who sees it for the first time.
func TestKnownAsIfNew(t *testing.T) {
	values := []string{
		"", "x", account, mary, robotID, "US2", version, `[]`, `["SUPPORT"]`, `["SUPPORT","DEVELOPER"]`, `["DEVELOPER","SUPPORT","OWNER"]`, `["OWNER","SUPPORT"]`,
		`[{"Permission":"USAGE","Actions":["READ"]}]`, `[{"Permission":"USAGE","Actions":["DELETE"]}]`, "0", "1", "1777636800000", "33334545600000",
	}
	for name, signIn := range map[string]func(*bench) Tokens{
		"a person": (*bench).signIn,
		"a client": func(b *bench) Tokens {
			tokens, err := b.signInRobot(b.robot(grant("USAGE", policy.Read), grant("PRODUCT_LOGS", policy.Read)))
			b.check(err)
			return tokens
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			tokens := signIn(b)
			key := "{fieldgate}:session:" + tokens.Session
			fields, err := b.redis.HKeys(key)
			b.check(err)
			before, err := b.Authenticate(t.Context(), tokens.Access)
			b.check(err)
			refused, other := 0, 0
			for _, field := range fields {
				kept := b.redis.HGet(key, field)
				for _, value := range values {
					b.redis.HSet(key, field, value)
					want, wantErr := b.service(b.sessions, version).Authenticate(t.Context(), tokens.Access)
					got, err := b.Authenticate(t.Context(), tokens.Access)
					if !reflect.DeepEqual(got, want) || resultOf(err) != resultOf(wantErr) {
						t.Errorf("%s is %q: %+v, %v; want %+v, %v", field, value, got, err, want, wantErr)
					}
					switch {
					case err != nil:
						refused++
					case !reflect.DeepEqual(got, before):
						other++
					}
					b.redis.HSet(key, field, kept)
					if got, err := b.Authenticate(t.Context(), tokens.Access); err != nil || !reflect.DeepEqual(got, before) {
						t.Fatalf("%s is as it was: %+v, %v", field, got, err)
					}
				}
			}
			if refused < 50 || other < 3 {
				t.Errorf("%d were refused and %d were others: these cases say little", refused, other)
			}
		})
	}
}

// TestKnownByTheClock: a token that has been asked with is over when any other is.
func TestKnownByTheClock(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	for _, row := range []struct {
		name string
		at   func()
		err  error
	}{
		{"at once", func() {}, nil},
		{"within leeway", func() { b.clock.advance(token.TTL + token.Leeway - 1) }, nil},
		{"at the end", func() { b.clock.advance(1) }, ErrExpiredToken},
		{"still", func() {}, ErrExpiredToken},
	} {
		row.at()
		if p, err := b.Authenticate(t.Context(), tokens.Access); !errors.Is(err, row.err) || p.SignedIn() != (row.err == nil) {
			t.Errorf("%s: %+v, %v; want %v", row.name, p, err, row.err)
		}
	}
}

// TestKnownIsShared: a token's Principal is made once, and again when its session has ended or says something else.
func TestKnownIsShared(t *testing.T) {
	b := newBench(t)
	tokens := b.signIn()
	first, err := b.authenticate(t.Context(), tokens.Access)
	b.check(err)
	b.clock.advance(2 * 60e9) // it is noted when it was seen
	again, err := b.authenticate(t.Context(), tokens.Access)
	b.check(err)
	if again != first {
		t.Error("the same token and session make another Principal")
	}
	v, err := b.verified.Verify(tokens.Access)
	b.check(err)
	b.check(b.SignOut(t.Context(), *first))
	if _, err := b.authenticate(t.Context(), tokens.Access); !errors.Is(err, ErrSessionEnded) {
		t.Errorf("after the sign-out: %v", err)
	}
	if anew, err := b.verified.Verify(tokens.Access); err != nil || anew == v || anew.Made.Load() != nil {
		t.Errorf("what was known of an ended session's token is there still: %v", err)
	}
}

// BenchmarkMiddleware is what it costs to know who asks, whose session is under a lease.
func BenchmarkMiddleware(b *testing.B) {
	bench := newBench(b)
	client := redis.NewClient(&redis.Options{Addr: bench.redis.Addr(), ReadTimeout: time.Minute, MaxRetries: -1})
	defer client.Close()
	sessions := session.New(client, bench.clock.now, session.Options{Lease: session.MaxLease})
	defer sessions.Close()
	bench.check(sessions.Start(b.Context()))
	bench.Service = bench.service(sessions, version)
	tokens := bench.signIn()
	for name, authorization := range map[string][]string{"guest": nil, "session": {"Bearer " + tokens.Access}} {
		b.Run(name, func(b *testing.B) {
			var asked *http.Request
			h := bench.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r }))
			r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", http.NoBody)
			if authorization != nil {
				r.Header["Authorization"] = authorization
			}
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				clear(w.Header())
				h.ServeHTTP(w, r)
			}
			if From(asked.Context()).SignedIn() != (authorization != nil) {
				b.Fatal("served for somebody else")
			}
		})
	}
}
