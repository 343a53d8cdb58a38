package auth

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// TestObserver: whoever watches is told how each step ended, the inner ones first.
func TestObserver(t *testing.T) {
	signIn := func(b *bench, err error) {
		_, _ = b.SignIn(b.t.Context(), func(context.Context) (string, error) { return mary, err }, "")
	}
	for _, row := range []struct {
		name string
		do   func(b *bench)
		want string
	}{
		{"a sign-in", func(b *bench) { signIn(b, nil) }, "sign_in ok"},
		{"a wrong password", func(b *bench) { signIn(b, problem.New(problem.Unauthenticated, "wrong")) }, "sign_in refused"},
		{"passwords cannot be checked", func(b *bench) { signIn(b, problem.New(problem.Unavailable, "too many")) }, "sign_in unavailable"},
		{"the database is away", func(b *bench) { signIn(b, context.DeadlineExceeded) }, "sign_in failed"},
		{"a sign-in without Redis", func(b *bench) { b.redis.Close(); signIn(b, nil) }, "sign_in unavailable"},
		{"a request", func(b *bench) { ask(b.t, b.Service, "/", "Bearer "+b.signIn().Access) }, "sign_in ok, lookup ok, check ok"},
		{"a guest's request", func(b *bench) { ask(b.t, b.Service, "/") }, ""},
		{"no token", func(b *bench) { ask(b.t, b.Service, "/", "Bearer") }, "check bad"},
		{"a token of someone else's", func(b *bench) { ask(b.t, b.Service, "/", "Bearer x.y.z") }, "check bad"},
		{"an old token", func(b *bench) {
			access := b.signIn().Access
			b.clock.advance(token.TTL + time.Minute)
			ask(b.t, b.Service, "/", "Bearer "+access)
		}, "sign_in ok, check expired"},
		{"roles have changed", func(b *bench) {
			access := b.signIn().Access
			b.changeRoles(policy.Support)
			ask(b.t, b.Service, "/", "Bearer "+access)
		}, "sign_in ok, lookup ok, check stale"},
		{"the policy has changed", func(b *bench) {
			access := b.signIn().Access
			observer := b.observe
			b.Service = b.service(b.sessions, "other-rules")
			b.Observe(observer)
			ask(b.t, b.Service, "/", "Bearer "+access)
		}, "sign_in ok, lookup ok, check stale"},
		{"the session is over", func(b *bench) {
			tokens := b.signIn()
			b.check(b.EndSession(b.t.Context(), mary, tokens.Session))
			ask(b.t, b.Service, "/", "Bearer "+tokens.Access)
		}, "sign_in ok, end ok, lookup ended, check ended"},
		{"a request without Redis", func(b *bench) {
			access := b.signIn().Access
			b.redis.Close()
			ask(b.t, b.Service, "/", "Bearer "+access)
		}, "sign_in ok, lookup unavailable, check unavailable"},
		{"a refresh, and the same again", func(b *bench) {
			refresh := b.signIn().Refresh
			for range 2 {
				_, _ = b.Refresh(b.t.Context(), refresh)
			}
		}, "sign_in ok, refresh ok, refresh reused"},
		{"a refresh token that is none", func(b *bench) { _, _ = b.Refresh(b.t.Context(), "x") }, "refresh ended"},
		{"a refresh while roles change", func(b *bench) {
			refresh := b.signIn().Refresh
			_, err := b.sessions.Block(b.t.Context(), mary, time.Minute)
			b.check(err)
			_, _ = b.Refresh(b.t.Context(), refresh)
		}, "sign_in ok, refresh stale"},
		{"a sign-out", func(b *bench) {
			p, err := b.Authenticate(b.t.Context(), b.signIn().Access)
			b.check(err)
			b.check(b.SignOut(b.t.Context(), p))
		}, "sign_in ok, lookup ok, check ok, sign_out ok"},
		{"a session that is not there is ended", func(b *bench) {
			_ = b.EndSession(b.t.Context(), mary, strings.Repeat("0", 32))
		}, "end refused"},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t)
			var told []string
			b.Observe(func(ctx context.Context, step Step) (context.Context, func(Result)) {
				return ctx, func(r Result) {
					told = append(told, fmt.Sprint(step, " ", r))
				}
			})
			row.do(b)
			if got := strings.Join(told, ", "); got != row.want {
				t.Errorf("told %q, want %q", got, row.want)
			}
		})
	}
}
