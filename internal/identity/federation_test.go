package identity

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// ines is someone of another issuer.
func ines(roles ...policy.Role) Federated {
	return Federated{Issuer: corp, Subject: "ines", Email: "Ines@corp.example", Name: "Ines Ortega", Roles: roles}
}

// admit is Admit, with the bench's clock.
func (b *bench) admit(f Federated) (string, error) {
	b.now = b.clock.now
	return b.Admit(b.t.Context(), f)
}

// TestAdmit: who comes again with other groups has other roles at once, in the sessions that are open too.
func TestAdmit(t *testing.T) {
	b := newBench(t, people()...)
	user, err := b.admit(ines(policy.Developer, policy.Support))
	b.check(err)
	if got := b.memory.member(user); got.Email != "ines@corp.example" || got.Issuer != corp || !b.memory.signedIn[user].Equal(b.clock.now()) {
		t.Errorf("%+v, signed in %v", got, b.memory.signedIn[user])
	}
	open, _ := b.open(user)
	for _, row := range []struct {
		name  string
		roles []policy.Role
	}{
		{"the same", []policy.Role{policy.Developer, policy.Support}},
		{"less", []policy.Role{policy.Support}},
		{"more", []policy.Role{policy.Administrator}},
	} {
		again, err := b.admit(ines(row.roles...))
		b.check(err)
		if again != user || !slices.Equal(b.usable(open), texts(row.roles)) || len(b.memory.outbox) != 0 {
			t.Errorf("%s: %s, the session is good for %v, outbox %v", row.name, again, b.usable(open), b.memory.outbox)
		}
	}
}

func TestAdmitRefused(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*Federated)
		code   problem.Code
	}{
		"no address":              {func(f *Federated) { f.Email = "" }, problem.BadUserInput},
		"an address that is none": {func(f *Federated) { f.Email = "ines" }, problem.BadUserInput},
		"an Owner":                {func(f *Federated) { f.Roles = []policy.Role{policy.Owner} }, problem.BadUserInput},
		"Administrator and more":  {func(f *Federated) { f.Roles = []policy.Role{policy.Administrator, policy.Support} }, problem.BadUserInput},
	} {
		t.Run(name, func(t *testing.T) {
			b, f := newBench(t, people()...), ines(policy.Support)
			row.change(&f)
			if _, err := b.admit(f); problem.CodeOf(err) != row.code || b.memory.member("ines").SID != "" {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestAdmitNoRole: who has no role any more loses what they had at once, their sessions and their refresh tokens too, until
// they come with one again; who comes first without one is nobody.
func TestAdmitNoRole(t *testing.T) {
	b := newBench(t, people()...)
	user, err := b.admit(ines())
	if err != nil || user != "" || b.memory.member("ines").SID != "" {
		t.Fatalf("someone who holds nothing is %q, %v", user, err)
	}
	user, err = b.admit(ines(policy.Developer))
	b.check(err)
	open, refresh := b.open(user)
	if again, err := b.admit(ines()); again != "" || err != nil {
		t.Errorf("%q, %v", again, err)
	}
	if _, err := b.sessions.Redeem(t.Context(), refresh); b.usable(open) != nil || !errors.Is(err, session.ErrNotFound) || len(b.memory.outbox) != 0 {
		t.Errorf("the session is good for %v, its refresh token: %v, outbox %v", b.usable(open), err, b.memory.outbox)
	}
	if again, err := b.admit(ines(policy.Developer)); again != user || err != nil {
		t.Errorf("%q, %v", again, err)
	}
	// An address that cannot be used says nothing of what they hold.
	f := ines()
	f.Email = "none"
	b = newBench(t, people()...)
	user, err = b.admit(ines(policy.Developer))
	b.check(err)
	open, _ = b.open(user)
	if _, err := b.admit(f); err != nil || b.usable(open) != nil {
		t.Errorf("%v, the session is good for %v", err, b.usable(open))
	}
}

// TestAdmitFails: whatever fails when roles change leaves less access, and no block that nobody lifts.
func TestAdmitFails(t *testing.T) {
	for _, step := range []string{"block", "commit", "committed", "tell", "close"} {
		t.Run(step+", without a role", func(t *testing.T) {
			b := newBench(t, people()...)
			user, err := b.admit(ines(policy.Developer))
			b.check(err)
			open, _ := b.open(user)
			b.memory.step = func(name string) error {
				if name == step {
					return errStep
				}
				return nil
			}
			_, err = b.admit(ines())
			if _, there := b.memory.MemberOf(t.Context(), user); b.usable(open) != nil && problem.CodeOf(there) == problem.NotFound {
				t.Errorf("%v: the session is good for %v of who is suspended", err, b.usable(open))
			}
			b.memory.step = nil
			b.clock.advance(blockTTL + time.Second)
			b.check(b.Reconcile(t.Context()))
			if _, err := b.admit(ines()); err != nil || b.usable(open) != nil {
				t.Errorf("%v: the session is good for %v", err, b.usable(open))
			}
		})
		t.Run(step, func(t *testing.T) {
			b := newBench(t, people()...)
			user, err := b.admit(ines(policy.Developer))
			b.check(err)
			open, _ := b.open(user)
			b.memory.step = func(name string) error {
				if name == step {
					return errStep
				}
				return nil
			}
			_, err = b.admit(ines(policy.Support))
			stands, _ := b.memory.rolesOf(user)
			if got := b.usable(open); got != nil && !slices.Equal(got, texts(stands)) {
				t.Errorf("%v: the session is good for %v while SQL says %v", err, got, stands)
			}
			if step == "block" && problem.CodeOf(err) != problem.Unavailable {
				t.Errorf("%v, want SERVICE_UNAVAILABLE", err)
			}
			b.memory.step = nil
			b.clock.advance(blockTTL + time.Second)
			b.check(b.Reconcile(t.Context()))
			if _, err := b.admit(ines(policy.Support)); err != nil {
				t.Error(err)
			}
			if stands, _ := b.memory.rolesOf(user); !slices.Equal(stands, []policy.Role{policy.Support}) {
				t.Errorf("roles %v", stands)
			}
		})
	}
}

// TestAdmitCollides: another gives the same roles just before an attempt blocks, which is then tried again and finds
// nothing to change: its block is lifted.
func TestAdmitCollides(t *testing.T) {
	b := newBench(t, people()...)
	user, err := b.admit(ines(policy.Developer))
	b.check(err)
	open, _ := b.open(user)
	b.memory.step = func(name string) error {
		if name == "block" {
			b.memory.step = nil
			_, err := b.admit(ines(policy.Support))
			return err
		}
		return nil
	}
	_, err = b.admit(ines(policy.Support))
	b.check(err)
	if got := b.usable(open); !slices.Equal(got, []string{"SUPPORT"}) {
		t.Errorf("the session is good for %v", got)
	}
}

// TestDisplayName: what cannot be a name is not taken for one.
func TestDisplayName(t *testing.T) {
	for given, want := range map[string]string{
		"Ines Ortega": "Ines Ortega", " Ines ": "Ines", "": "", "a\x00b": "", "a\nb": "", "\xff": "",
		strings.Repeat("é", 100): strings.Repeat("é", maxName),
	} {
		if got := displayName(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}
