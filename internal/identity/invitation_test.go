package identity

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

// invite gives a user of the bench an invitation that is good for an hour, and returns its token.
func (b *bench) invite(sid string) string {
	b.t.Helper()
	i, token, err := NewInvitation(b.clock.now(), time.Hour)
	b.check(err)
	b.memory.invited[i.TokenHash] = invited{user: sid, until: i.Expires}
	return token
}

// busy takes every turn to hash, so that whoever wants one waits, and returns a context
// that has ended: whoever waits fails with SERVICE_UNAVAILABLE.
func (b *bench) busy() context.Context {
	for range cap(b.hashing) {
		b.hashing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	cancel()
	return ctx
}

func (b *bench) idle() {
	for range cap(b.hashing) {
		<-b.hashing
	}
}

func TestAccept(t *testing.T) {
	b := newSignInBench(t, mary)
	token := b.invite(mary.SID)
	if _, err := b.Authenticate(t.Context(), mary.Email, ""); problem.CodeOf(err) != problem.Unauthenticated {
		t.Fatalf("before it is accepted: %v", err)
	}
	for _, password := range []string{"", "1234567", strings.Repeat("x", maxPassword+1)} {
		_, err := b.Accept(t.Context(), guest, token, password)
		var p *problem.Error
		if !errors.As(err, &p) || p.Code != problem.BadUserInput || strings.Join(p.InputPath, ".") != "input.password" {
			t.Errorf("a password of %d bytes: %v", len(password), err)
		}
	}
	email, err := b.Accept(t.Context(), guest, token, "correct horse")
	if err != nil || email != mary.Email {
		t.Fatalf("%q, %v", email, err)
	}
	if m, err := b.Authenticate(t.Context(), mary.Email, "correct horse"); err != nil || m.SID != mary.SID {
		t.Errorf("signing in: %+v, %v", m, err)
	}
}

// TestNoInvitation: whatever is wrong with a token, the answer is the same, and no
// password is hashed for it.
func TestNoInvitation(t *testing.T) {
	other := Member{SID: "USother", Account: account, Email: "other@example.com"}
	b := newSignInBench(t, mary, other)
	b.withPassword(other.SID, "a password that they have")
	used := b.invite(mary.SID)
	if _, err := b.Accept(t.Context(), guest, used, "correct horse"); err != nil {
		t.Fatal(err)
	}
	before := b.memory.users[mary.SID].PasswordHash
	hasPassword := b.invite(other.SID)
	expired := b.invite(mary.SID)
	b.withPassword(mary.SID, "") // so that nothing but its age is wrong with it
	b.clock.advance(time.Hour)
	_, unknown, err := NewInvitation(b.clock.now(), time.Hour)
	b.check(err)
	ctx := b.busy()
	defer b.idle()
	for name, token := range map[string]string{
		"used": used, "expired": expired, "unknown": unknown, "of a user with a password": hasPassword,
		"empty": "", "short": "x", "too long": unknown + "A", "far too long": strings.Repeat("A", 1<<20),
		"not base64": strings.Repeat("!", len(unknown)), "the hash": hashOfToken(expired), "in another case": strings.ToUpper(unknown),
	} {
		for _, password := range []string{"another password", "short"} {
			email, err := b.Accept(ctx, guest, token, password)
			if email != "" || problem.CodeOf(err) != problem.NotFound || err.Error() != noInvitation().Error() {
				t.Errorf("%s: %q, %v", name, email, err)
			}
		}
	}
	b.withPassword(mary.SID, before)
	if _, known := b.memory.invited[hashOfToken(hasPassword)]; !known {
		t.Error("a refused invitation was used up")
	}
}

// TestAcceptTakesTurns: a good token waits for its turn to hash, like a sign-in.
func TestAcceptTakesTurns(t *testing.T) {
	b := newSignInBench(t, mary)
	token := b.invite(mary.SID)
	ctx := b.busy()
	if _, err := b.Accept(ctx, guest, token, "correct horse"); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("%v, want to wait for a turn until the context ends", err)
	}
	b.idle()
	if _, err := b.Accept(t.Context(), guest, token, "correct horse"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAcceptFails(t *testing.T) {
	for _, at := range []string{"invited", "accept"} {
		t.Run(at, func(t *testing.T) {
			b := newSignInBench(t, mary)
			token := b.invite(mary.SID)
			b.memory.step = func(name string) error {
				if name == at {
					return errors.New("the disk is full")
				}
				return nil
			}
			if email, err := b.Accept(t.Context(), guest, token, "correct horse"); problem.CodeOf(err) != problem.Internal || email != "" {
				t.Errorf("%q, %v", email, err)
			}
		})
	}
}

// TestAcceptOnce has twenty accept one invitation at the same time.
func TestAcceptOnce(t *testing.T) {
	b := newSignInBench(t, mary)
	token := b.invite(mary.SID)
	var won atomic.Int32
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			switch _, err := b.Accept(t.Context(), guest, token, "correct horse"); {
			case err == nil:
				won.Add(1)
			case problem.CodeOf(err) != problem.NotFound:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d accepted it, want 1", won.Load())
	}
}

func TestNewInvitation(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	i, token, err := NewInvitation(now, 24*time.Hour)
	if err != nil || !i.Created.Equal(now) || !i.Expires.Equal(now.AddDate(0, 0, 1)) {
		t.Fatalf("%+v, %v", i, err)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(token); err != nil || len(raw) != 32 {
		t.Errorf("the token has %d bytes, %v; want 32", len(raw), err)
	}
	if i.TokenHash != hashOfToken(token) || len(i.TokenHash) != 64 || strings.Contains(i.TokenHash, token) {
		t.Errorf("its hash is %s", i.TokenHash)
	}
	if _, again, err := NewInvitation(now, 24*time.Hour); err != nil || again == token {
		t.Errorf("the same token twice, or %v", err)
	}
	for good, ok := range map[time.Duration]bool{
		-time.Hour: false, 0: false, time.Minute - 1: false, time.Minute: true, maxInvitation: true, maxInvitation + 1: false,
	} {
		if _, token, err := NewInvitation(now, good); (err == nil) != ok || (token != "") != ok {
			t.Errorf("%s: %v", good, err)
		}
	}
}
