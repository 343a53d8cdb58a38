package auth

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/redis/go-redis/v9"
)

// replica is another gateway with the same Redis.
func (b *bench) replica() *Service {
	b.t.Helper()
	client := redis.NewClient(&redis.Options{Addr: b.redis.Addr(), ReadTimeout: time.Minute, ContextTimeoutEnabled: true, MaxRetries: -1})
	b.t.Cleanup(func() { client.Close() })
	return b.service(session.New(client, b.clock.now, session.Options{}), version)
}

// watch begins a watch of whom an access token stands for.
func (b *bench) watch(by *Service, access string) context.Context {
	b.t.Helper()
	p, err := by.Authenticate(b.t.Context(), access)
	b.check(err)
	return b.watchPrincipal(by, p)
}

func (b *bench) watchPrincipal(by *Service, p Principal) context.Context {
	ctx, stop := by.Watch(With(b.t.Context(), p))
	b.t.Cleanup(stop)
	return ctx
}

// goesOn fails the test when a watch has ended.
func (b *bench) goesOn(ctx context.Context) {
	b.t.Helper()
	if ctx.Err() != nil {
		b.t.Fatalf("the watch has ended: %v", context.Cause(ctx))
	}
}

// ends waits for the end of a watch, and returns how long that took.
func (b *bench) ends(ctx context.Context, want error) time.Duration {
	b.t.Helper()
	began := time.Now()
	select {
	case <-ctx.Done():
	case <-time.After(15 * time.Second):
		b.t.Fatal("the watch does not end")
	}
	took := time.Since(began)
	if !errors.Is(context.Cause(ctx), want) {
		b.t.Errorf("it ended with %v, want %v", context.Cause(ctx), want)
	}
	return took
}

// TestWatch: whatever ends a session or changes its roles ends each watch of it, here and on another gateway, and no
// watch of another session. The bound is generous; BenchmarkWatch says how long it takes.
func TestWatch(t *testing.T) {
	const bound = 2 * time.Second
	for _, row := range []struct {
		name  string
		what  func(b *bench, mine Tokens, p Principal)
		want  error
		other error // of the user's other session; nil when it goes on
	}{
		{"signing out", func(b *bench, _ Tokens, p Principal) { b.check(b.SignOut(b.t.Context(), p)) }, ErrSessionEnded, nil},
		{"the session is ended", func(b *bench, mine Tokens, _ Principal) {
			b.check(b.EndSession(b.t.Context(), mary, mine.Session))
		}, ErrSessionEnded, nil},
		{"all sessions are ended", func(b *bench, _ Tokens, _ Principal) {
			_, err := b.sessions.EndAll(b.t.Context(), mary)
			b.check(err)
		}, ErrSessionEnded, ErrSessionEnded},
		{"roles are about to change", func(b *bench, _ Tokens, _ Principal) {
			_, err := b.sessions.Block(b.t.Context(), mary, time.Minute)
			b.check(err)
		}, ErrStaleToken, ErrStaleToken},
		{"roles have changed", func(b *bench, _ Tokens, _ Principal) { b.changeRoles(policy.Support) }, ErrStaleToken, ErrStaleToken},
		{"a refresh token is used twice", func(b *bench, mine Tokens, _ Principal) {
			_, err := b.Refresh(b.t.Context(), mine.Refresh)
			b.check(err)
			if _, err := b.Refresh(b.t.Context(), mine.Refresh); !errors.Is(err, ErrSessionEnded) {
				b.t.Errorf("the second refresh: %v", err)
			}
		}, ErrSessionEnded, nil},
		{"a refresh brings other roles", func(b *bench, mine Tokens, _ Principal) {
			b.directory.set(account, policy.Support)
			_, err := b.Refresh(b.t.Context(), mine.Refresh)
			b.check(err)
		}, ErrStaleToken, nil},
		{"Redis has lost everything", func(b *bench, _ Tokens, _ Principal) { b.redis.FlushAll() }, ErrSessionEnded, ErrSessionEnded},
		{"Redis begins anew", func(b *bench, _ Tokens, _ Principal) {
			b.redis.FlushAll()
			b.check(b.sessions.Start(b.t.Context()))
		}, ErrSessionEnded, ErrSessionEnded},
		{"the session is of another epoch", func(b *bench, _ Tokens, _ Principal) {
			b.check(b.redis.Set("{fieldgate}:epoch", "another"))
		}, ErrSessionEnded, ErrSessionEnded},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			there := b.replica()
			mine, others := b.signIn(), b.signIn()
			p, err := b.Authenticate(t.Context(), mine.Access)
			b.check(err)
			here, elsewhere := b.watch(b.Service, mine.Access), b.watch(there, mine.Access)
			other := b.watch(there, others.Access)
			for _, ctx := range []context.Context{here, elsewhere, other} {
				b.goesOn(ctx)
			}
			row.what(b, mine, p)
			for _, ctx := range []context.Context{here, elsewhere} {
				if took := b.ends(ctx, row.want); took > bound {
					t.Errorf("it took %v", took)
				}
			}
			if row.other != nil {
				b.ends(other, row.other)
				return
			}
			b.goesOn(other)
		})
	}
}

// TestWatchGoesOn: what concerns others, and a refresh with the same roles, ends no watch.
func TestWatchGoesOn(t *testing.T) {
	b := newBench(t)
	mine, others := b.signIn(), b.signIn()
	ctx, last := b.watch(b.Service, mine.Access), b.watch(b.Service, others.Access)
	_, err := b.Refresh(t.Context(), mine.Refresh)
	b.check(err)
	generation, err := b.sessions.Block(t.Context(), "US9", time.Minute)
	b.check(err)
	b.check(b.sessions.Reconcile(t.Context(), "US9", generation, []string{"SUPPORT"}, version))
	b.check(b.EndSession(t.Context(), mary, others.Session))
	b.ends(last, ErrSessionEnded) // so what came before has been read
	b.goesOn(ctx)
}

// TestWatchRefused: who is refused already has no watch that goes on, not for a moment.
func TestWatchRefused(t *testing.T) {
	b := newBench(t)
	mine := b.signIn()
	p, err := b.Authenticate(t.Context(), mine.Access)
	b.check(err)
	over := func(name string, p Principal, want error) {
		t.Helper()
		ctx := b.watchPrincipal(b.Service, p)
		if ctx.Err() == nil || !errors.Is(context.Cause(ctx), want) {
			t.Errorf("%s: %v, want %v", name, context.Cause(ctx), want)
		}
	}
	expired := p
	expired.Expires = b.clock.now().Add(-token.Leeway)
	over("an expired token", expired, ErrExpiredToken)
	elsewhere := p
	elsewhere.Account = "AC9"
	over("of another account", elsewhere, ErrStaleToken)
	b.changeRoles(policy.Support)
	over("with other roles", p, ErrStaleToken)
	b.check(b.SignOut(t.Context(), p))
	over("of an ended session", p, ErrSessionEnded)
	alone := b.service(b.limited(b.redis.Addr()), version)
	b.redis.Close()
	ctx := b.watchPrincipal(alone, p)
	if ctx.Err() == nil || problem.CodeOf(context.Cause(ctx)) != problem.Unavailable {
		t.Errorf("without Redis: %v", context.Cause(ctx))
	}

	guest := b.watchPrincipal(b.Service, Principal{})
	b.goesOn(guest)
}

// TestWatchTime: a watch ends when the token would not be accepted any more, and when the session is over by itself,
// unless that has been refreshed.
func TestWatchTime(t *testing.T) {
	b := newBench(t)
	mine := b.signIn()
	p, err := b.Authenticate(t.Context(), mine.Access)
	b.check(err)
	p.Expires = b.clock.now().Add(-token.Leeway + 50*time.Millisecond)
	ctx := b.watchPrincipal(b.Service, p)
	b.goesOn(ctx)
	b.clock.advance(50 * time.Millisecond)
	b.ends(ctx, ErrExpiredToken)

	// The session is over two hours after its last refresh.
	p.Expires = b.clock.now().Add(24 * time.Hour)
	b.clock.advance(2*time.Hour - time.Second)
	ctx = b.watchPrincipal(b.Service, p)
	_, err = b.Refresh(t.Context(), mine.Refresh)
	b.check(err)
	b.clock.advance(2*time.Hour - time.Second)
	time.Sleep(time.Second + 100*time.Millisecond) // it looks whether the session is over, and it is not
	b.goesOn(ctx)
	b.clock.advance(time.Second)
	b.ends(ctx, ErrSessionEnded)
}

// TestWatchWithoutRedis: when Redis goes, or stops answering, all watches end within four seconds.
func TestWatchWithoutRedis(t *testing.T) {
	b := newBench(t)
	s := b.service(b.limited(b.redis.Addr()), version)
	var all []context.Context
	for range 50 {
		all = append(all, b.watch(s, b.signIn().Access))
	}
	b.redis.Close()
	began := time.Now()
	for _, ctx := range all {
		<-ctx.Done()
		if problem.CodeOf(context.Cause(ctx)) != problem.Unavailable {
			t.Errorf("it ended with %v", context.Cause(ctx))
		}
	}
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestWatchHeld: nothing is sent to whoever asks the watch before it sends, later than a moment after the answer to a
// sign-out, however sign-ins, watches and sign-outs fall together.
func TestWatchHeld(t *testing.T) {
	const moment = 2 * time.Second // for a busy machine; BenchmarkWatch says how long it takes
	b := newBench(t)
	gateways := []*Service{b.Service, b.replica()}
	var all sync.WaitGroup
	for i := range 40 {
		tokens := b.signIn()
		p, err := b.Authenticate(t.Context(), tokens.Access)
		b.check(err)
		var ended atomic.Int64 // when the sign-out had been answered
		for j := range 4 {
			all.Go(func() {
				time.Sleep(time.Duration((i*7+j*3)%11) * time.Millisecond)
				ctx, stop := gateways[j%2].Watch(With(t.Context(), p))
				defer stop()
				for ctx.Err() == nil {
					at := ended.Load()
					if at > 0 && time.Since(time.Unix(0, at)) > moment {
						t.Errorf("still sending %v after the sign-out", time.Since(time.Unix(0, at)))
						return
					}
					time.Sleep(time.Millisecond)
				}
				if !errors.Is(context.Cause(ctx), ErrSessionEnded) {
					t.Errorf("it ended with %v", context.Cause(ctx))
				}
			})
		}
		all.Go(func() {
			time.Sleep(time.Duration(i%13) * time.Millisecond)
			if err := gateways[i%2].SignOut(t.Context(), p); err != nil {
				t.Error(err)
			}
			ended.Store(time.Now().UnixNano())
		})
	}
	all.Wait()
}
