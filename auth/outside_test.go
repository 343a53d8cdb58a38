package auth

import (
	"errors"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// outside has the bench's service accept one token of another issuer, "theirs", for an hour, and counts how often it is verified.
func (b *bench) outside(o Outsider) (verified *int) {
	verified = new(int)
	o.Issuer, o.User, o.Account, o.Session, o.Key = "console", "EX1", account, "console/one", "sess:one"
	o.Expires = b.clock.now().Add(time.Hour)
	b.Trust(func(raw string) (Outsider, error) {
		*verified++
		switch {
		case raw != "theirs":
			return Outsider{}, ErrBadToken
		case !b.clock.now().Before(o.Expires):
			return Outsider{}, ErrExpiredToken
		}
		return o, nil
	})
	return verified
}

// TestOutsider: a token of another issuer is good for reading as long as it is in force and its session's key has a value, and
// is verified once.
func TestOutsider(t *testing.T) {
	b := newBench(t)
	verified := b.outside(Outsider{Roles: []policy.Role{policy.Support}})
	step := func(name string, do func(), want error) Principal {
		t.Helper()
		do()
		p, err := b.Authenticate(t.Context(), "theirs")
		if !errors.Is(err, want) || p.SignedIn() != (want == nil) {
			t.Errorf("%s: %+v, %v, want %v", name, p, err, want)
		}
		return p
	}
	step("no session", func() {}, ErrSessionEnded)
	step("a session without a value", func() { b.redis.Set("sess:one", "") }, ErrSessionEnded)
	*verified = 0
	p := step("a session", func() { b.redis.Set("sess:one", "{}") }, nil)
	for range 10 {
		step("again", func() {}, nil)
	}
	if *verified != 1 {
		t.Errorf("it was verified %d times", *verified)
	}
	if p.Issuer != "console" || p.SID() != "EX1" || p.Account != account || p.Session != "console/one" {
		t.Errorf("%+v", p)
	}
	own, err := b.matrix.Set(policy.Support)
	b.check(err)
	for _, row := range b.matrix.Rows() {
		for _, action := range policy.Actions() {
			want := action == policy.Read && b.matrix.Grants(row.Permission, action, own)
			if b.matrix.Grants(row.Permission, action, p.Set) != want {
				t.Errorf("%s %s: want %v", action, row.Permission, want)
			}
		}
	}
	step("the session has ended", func() { b.redis.Del("sess:one") }, ErrSessionEnded)
	step("it is there again", func() { b.redis.Set("sess:one", "{}") }, nil)
	step("the token is over", func() { b.clock.advance(time.Hour) }, ErrExpiredToken)
	step("still", func() {}, ErrExpiredToken)
	if _, err := b.Authenticate(t.Context(), "another"); !errors.Is(err, ErrBadToken) {
		t.Errorf("another token: %v", err)
	}
	b.directory.set(account, policy.Support) // our own tokens are what they were
	if _, err := b.Authenticate(t.Context(), b.signIn().Access); err != nil {
		t.Error(err)
	}
}

// TestOutsiderRefused is who is not let in although their issuer is believed, and what nobody waits for.
func TestOutsiderRefused(t *testing.T) {
	t.Run("roles that cannot be held", func(t *testing.T) {
		b := newBench(t)
		b.outside(Outsider{Roles: []policy.Role{policy.Owner, policy.Support}})
		b.redis.Set("sess:one", "{}")
		if p, err := b.Authenticate(t.Context(), "theirs"); !errors.Is(err, ErrBadToken) || p.SignedIn() {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("Redis is away", func(t *testing.T) {
		b := newBench(t)
		b.outside(Outsider{Roles: []policy.Role{policy.Support}})
		b.redis.Set("sess:one", "{}")
		b.redis.Close()
		if p, err := b.Authenticate(t.Context(), "theirs"); problem.CodeOf(err) != problem.Unavailable || p.SignedIn() {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("unless no session is asked for", func(t *testing.T) {
		b := newBench(t)
		b.outside(Outsider{Roles: []policy.Role{policy.Support}, Unchecked: true})
		b.redis.Close()
		if p, err := b.Authenticate(t.Context(), "theirs"); err != nil || !p.SignedIn() {
			t.Errorf("%+v, %v", p, err)
		}
	})
}
