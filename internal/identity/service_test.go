package identity

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
)

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

var mary = Member{SID: "USmary", Account: account, Email: "mary@example.com", Roles: []policy.Role{policy.Support}}

// newSignInBench is a bench whose users can sign in.
func newSignInBench(t *testing.T, members ...Member) *bench {
	t.Helper()
	b := newBench(t, members...)
	b.Service = NewService(b.memory, b.sessions, policy.Published(), version, quiet())
	b.now = b.clock.now
	return b
}

// withPassword gives a user of the bench a password.
func (b *bench) withPassword(sid, password string) {
	c := b.memory.users[sid]
	c.PasswordHash = hash(password)
	b.memory.users[sid] = c
}

func TestAuthenticate(t *testing.T) {
	nobody := Member{SID: "USsso", Account: account, Email: "sso@example.com"}
	b := newSignInBench(t, mary, nobody)
	b.withPassword(mary.SID, "correct horse")
	for _, row := range []struct {
		name, email, password string
		good                  bool
	}{
		{"right", "mary@example.com", "correct horse", true},
		{"address in another case", "MARY@example.com", "correct horse", true},
		{"wrong password", "mary@example.com", "correct mule", false},
		{"no password", "mary@example.com", "", false},
		{"password of 1 KiB", "mary@example.com", strings.Repeat("x", maxPasswordTry), false},
		{"password too long", "mary@example.com", strings.Repeat("x", maxPasswordTry+1), false},
		{"unknown address", "nobody@example.com", "correct horse", false},
		{"no address", "", "correct horse", false},
		{"user without a password", "sso@example.com", "correct horse", false},
		{"user without a password, none given", "sso@example.com", "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			clear(b.memory.signedIn)
			b.clock.advance(time.Minute)
			m, err := b.Authenticate(t.Context(), row.email, row.password)
			at, noted := b.memory.signedIn[mary.SID]
			if row.good {
				if err != nil || m.SID != mary.SID || !at.Equal(b.clock.now()) {
					t.Errorf("%+v, %v, noted at %v", m, err, at)
				}
				return
			}
			if problem.CodeOf(err) != problem.Unauthenticated || err.Error() != "E-mail address or password is wrong." {
				t.Errorf("refused with %v", err)
			}
			if m.SID != "" || noted {
				t.Errorf("refused, but %+v, noted %v", m, noted)
			}
		})
	}
}

// TestUnknownUserIsWorkedOn shows that an unknown address costs a hash of the same
// parameters as a known one: it waits for its turn to hash like one.
func TestUnknownUserIsWorkedOn(t *testing.T) {
	b := newSignInBench(t, mary)
	b.withPassword(mary.SID, "correct horse")
	for range cap(b.hashing) {
		b.hashing <- struct{}{} // everyone is busy
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, email := range []string{mary.Email, "nobody@example.com"} {
		if _, err := b.Authenticate(ctx, email, "correct horse"); problem.CodeOf(err) != problem.Unavailable {
			t.Errorf("%s: %v, want to wait for a turn until the context ends", email, err)
		}
	}
	if _, err := b.HashPassword(ctx, "correct horse"); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("hashing: %v", err)
	}
	dummy, err := parsePHC(b.nobody)
	b.check(err)
	real, err := parsePHC(b.memory.users[mary.SID].PasswordHash)
	b.check(err)
	if dummy.memory != real.memory || dummy.passes != real.passes || dummy.lanes != real.lanes || len(dummy.key) != len(real.key) {
		t.Errorf("the hash for unknown users costs %+v, another %+v", dummy, real)
	}
}

// TestHashingQueue: so many wait for their turn to hash, and whoever comes then is refused at once, be there such a user or
// not; who has waited is served.
func TestHashingQueue(t *testing.T) {
	b := newSignInBench(t, mary)
	cheap := phc{memory: 8, passes: 1, lanes: 1, salt: []byte("some salt")}
	cheap.key = cheap.derive("correct horse", keySize)
	c := b.memory.users[mary.SID]
	c.PasswordHash = cheap.String()
	b.memory.users[mary.SID] = c
	b.busy()
	most := queue * cap(b.hashing)
	waited := make(chan error, most)
	for range most {
		go func() {
			_, err := b.Authenticate(t.Context(), mary.Email, "correct horse")
			waited <- err
		}()
	}
	for late := time.Now().Add(time.Minute); b.waiting.Load() < int64(most); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%d wait, want %d", b.waiting.Load(), most)
		}
	}
	for _, email := range []string{mary.Email, "nobody@example.com"} {
		if _, err := b.Authenticate(t.Context(), email, "correct horse"); problem.CodeOf(err) != problem.Unavailable {
			t.Errorf("%s: %v", email, err)
		}
	}
	if _, err := b.HashPassword(t.Context(), "correct horse"); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("hashing: %v", err)
	}
	b.idle()
	for range most {
		b.check(<-waited)
	}
	if n := b.waiting.Load(); n != 0 || len(b.hashing) != 0 {
		t.Errorf("%d wait and %d hash when all is over", n, len(b.hashing))
	}
}

func TestAuthenticateFailures(t *testing.T) {
	b := newSignInBench(t, mary)
	b.withPassword(mary.SID, "correct horse")
	b.memory.step = func(string) error { return errors.New("the disk is full") }
	if m, err := b.Authenticate(t.Context(), mary.Email, "correct horse"); err != nil || m.SID != mary.SID {
		t.Errorf("a sign-in that was not noted: %v", err)
	}
	c := b.memory.users[mary.SID]
	c.PasswordHash = "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"
	b.memory.users[mary.SID] = c
	if m, err := b.Authenticate(t.Context(), mary.Email, "correct horse"); problem.CodeOf(err) != problem.Internal || m.SID != "" {
		t.Errorf("a hash that cannot be used: %+v, %v", m, err)
	}
	if len(b.hashing) != 0 {
		t.Error("a turn to hash was not given back")
	}
}

func TestHashPassword(t *testing.T) {
	b := newSignInBench(t)
	encoded, err := b.HashPassword(t.Context(), "correct horse")
	b.check(err)
	if good, err := Verify("correct horse", encoded); err != nil || !good {
		t.Errorf("%v, %v", good, err)
	}
	if _, err := b.HashPassword(t.Context(), "short"); problem.CodeOf(err) != problem.BadUserInput {
		t.Errorf("a short one: %v", err)
	}
}
