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

func TestRemove(t *testing.T) {
	for _, row := range []struct {
		name          string
		actor, target string
		onlyOwner     bool
		code          problem.Code // empty when it is allowed
	}{
		{"the Owner removes a Support", "owner", "support", false, ""},
		{"the Owner removes an Administrator", "owner", "admin", false, ""},
		{"an Administrator removes a Developer", "admin", "developer", false, ""},
		{"an Administrator removes another", "admin", "admin2", false, ""},
		{"an Administrator leaves", "admin", "admin", false, ""},
		{"someone of another issuer", "admin", "federated", false, ""},

		{"only the Owner removes Administrators", "admin", "admin2", true, problem.Forbidden},
		{"nor may they leave then", "admin", "admin", true, problem.Forbidden},
		{"the Owner may then", "owner", "admin", true, ""},
		{"others stay the Administrators' to remove", "admin", "support", true, ""},

		{"the Owner is not removed by an Administrator", "admin", "owner", false, problem.Forbidden},
		{"nor by themselves: there is always one", "owner", "owner", false, problem.Forbidden},
		{"a Developer removes nobody", "developer", "support", false, problem.Forbidden},
		{"nor themselves", "support", "support", false, problem.Forbidden},
		{"someone of another account", "admin", "stranger", false, problem.NotFound},
		{"someone unknown", "admin", "nobody", false, problem.NotFound},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t, people()...)
			b.memory.onlyOwner = row.onlyOwner
			open, refresh := b.open(row.target)
			by := b.actor(row.actor)
			err := b.Remove(t.Context(), by, changeBy(by), row.target)
			_, gone := b.memory.MemberOf(t.Context(), row.target)
			if row.code != "" {
				if problem.CodeOf(err) != row.code || b.usable(open) == nil {
					t.Errorf("%v, want %s; the session is good for %v", err, row.code, b.usable(open))
				}
				return
			}
			_, redeemed := b.sessions.Redeem(t.Context(), refresh)
			if err != nil || problem.CodeOf(gone) != problem.NotFound || b.usable(open) != nil || !errors.Is(redeemed, session.ErrNotFound) || len(b.memory.outbox) != 0 {
				t.Errorf("%v: they are there: %v, the session is good for %v, its refresh token: %v", err, gone, b.usable(open), redeemed)
			}
		})
	}
}

func TestTransfer(t *testing.T) {
	for _, row := range []struct {
		name          string
		actor, target string
		code          problem.Code
	}{
		{"to an Administrator", "owner", "admin", ""},
		{"to a Support", "owner", "support", ""},
		{"to themselves", "owner", "owner", problem.BadUserInput},
		{"to someone of another issuer", "owner", "federated", problem.Conflict},
		{"to someone of another account", "owner", "stranger", problem.NotFound},
		{"to nobody", "owner", "nobody", problem.NotFound},
		{"by an Administrator", "admin", "admin", problem.Forbidden},
		{"by a Developer", "developer", "support", problem.Forbidden},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newBench(t, people()...)
			mine, _ := b.open("owner")
			theirs, _ := b.open(row.target)
			by := b.actor(row.actor)
			err := b.Transfer(t.Context(), by, changeBy(by), row.target)
			if row.code != "" {
				if roles, _ := b.memory.rolesOf("owner"); problem.CodeOf(err) != row.code || !slices.Equal(roles, []policy.Role{policy.Owner}) || b.usable(mine) == nil || b.usable(theirs) == nil {
					t.Errorf("%v, want %s; the Owner is %v", err, row.code, roles)
				}
				return
			}
			if err != nil || !slices.Equal(b.usable(mine), []string{"ADMINISTRATOR"}) || !slices.Equal(b.usable(theirs), []string{"OWNER"}) || len(b.memory.outbox) != 0 {
				t.Errorf("%v: the sessions are good for %v and %v, outbox %v", err, b.usable(mine), b.usable(theirs), b.memory.outbox)
			}
		})
	}
}

// TestTransferFails: whatever fails leaves neither with more than SQL says, and no block that nobody lifts.
func TestTransferFails(t *testing.T) {
	for _, step := range []string{"block", "blocked", "commit", "committed", "tell", "close"} {
		t.Run(step, func(t *testing.T) {
			b := newBench(t, people()...)
			open := map[string]session.Session{}
			for _, who := range []string{"owner", "support"} {
				open[who], _ = b.open(who)
			}
			times := 0
			b.memory.step = func(name string) error {
				if name == step {
					times++
				}
				if name == step && times == 2 || step == "commit" && name == step { // the second of the two
					return errStep
				}
				return nil
			}
			err := b.Transfer(t.Context(), b.actor("owner"), changeBy(b.actor("owner")), "support")
			b.memory.step = nil
			check := func(when string) {
				for who, s := range open {
					stands, _ := b.memory.rolesOf(who)
					if got := b.usable(s); got != nil && !slices.Equal(got, texts(stands)) {
						t.Errorf("%s, %v: the session of %s is good for %v while SQL says %v", when, err, who, got, stands)
					}
				}
			}
			check("at once")
			b.clock.advance(blockTTL + time.Second)
			b.check(b.Reconcile(t.Context()))
			check("later")
		})
	}
}

// TestInvite: who may invite to what, and in the place of which invitation. onlyOwner is the account's setting.
func TestInvite(t *testing.T) {
	admin, support := []policy.Role{policy.Administrator}, []policy.Role{policy.Support}
	for _, row := range []struct {
		name, actor string
		replaced    []policy.Role // of an invitation that is there
		roles       []policy.Role
		onlyOwner   bool
		code        problem.Code
	}{
		{"the Owner invites an Administrator", "owner", nil, admin, false, ""},
		{"an Administrator invites another", "admin", nil, admin, false, ""},
		{"an Administrator invites a Support", "admin", nil, support, true, ""},
		{"again, to more", "admin", support, admin, false, ""},
		{"only the Owner invites Administrators", "admin", nil, admin, true, problem.Forbidden},
		{"nor takes one's invitation away", "admin", admin, support, true, problem.Forbidden},
		{"the Owner does both then", "owner", admin, admin, true, ""},
		{"nobody is invited to be Owner", "owner", nil, []policy.Role{policy.Owner}, false, problem.BadUserInput},
		{"nor to be that and more", "owner", nil, []policy.Role{policy.Developer, policy.Owner}, false, problem.BadUserInput},
		{"nor to be nothing", "owner", nil, nil, false, problem.BadUserInput},
		{"nor to be Administrator and more", "owner", nil, []policy.Role{policy.Administrator, policy.Support}, false, problem.BadUserInput},
		{"a Developer invites nobody", "developer", nil, support, false, problem.Forbidden},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newMailingBench(t)
			if row.replaced != nil {
				b.mustInvite("owner", row.replaced)
			}
			b.memory.onlyOwner = row.onlyOwner
			by := b.actor(row.actor)
			_, err := b.Invite(t.Context(), by, changeBy(by), Invitee{Email: "New@Example.com", Roles: row.roles})
			_, open, _ := b.memory.find("new@example.com")
			want := row.replaced
			if row.code == "" {
				want = row.roles
			}
			if (err == nil) != (row.code == "") || err != nil && problem.CodeOf(err) != row.code || !slices.Equal(open.to.Roles, want) {
				t.Errorf("%v, want %q; invited to %v", err, row.code, open.to.Roles)
			}
		})
	}
}

// newMailingBench is a bench whose users can invite, and which sees the tokens.
func newMailingBench(t *testing.T) *mailingBench {
	b := &mailingBench{bench: newSignInBench(t, people()...)}
	sealer, err := NewSealer(make([]byte, 32))
	b.check(err)
	b.Mailing(Mailing{Sealer: sealer, Good: time.Hour})
	b.sealer = sealer
	return b
}

type mailingBench struct {
	*bench
	sealer *Sealer
}

// mustInvite has someone invite new@example.com, and returns the token.
func (b *mailingBench) mustInvite(actor string, roles []policy.Role) string {
	b.t.Helper()
	by := b.actor(actor)
	_, err := b.Invite(b.t.Context(), by, changeBy(by), Invitee{Email: "new@example.com", Roles: roles})
	b.check(err)
	return b.token()
}

// token is that of the invitation of new@example.com, as the mailer has it.
func (b *mailingBench) token() string {
	b.t.Helper()
	hash, i, err := b.memory.find("new@example.com")
	b.check(err)
	token, err := b.sealer.Open(Mail{TokenHash: hash, Sealed: i.to.Sealed})
	b.check(err)
	return token
}

// TestAcceptByRule: an invitation gives what whoever sent it may give when it is accepted.
func TestAcceptByRule(t *testing.T) {
	for _, row := range []struct {
		name   string
		roles  policy.Role
		before func(b *mailingBench) error // what happens meanwhile
		code   problem.Code
	}{
		{"nothing", policy.Administrator, func(*mailingBench) error { return nil }, ""},
		{"they are demoted", policy.Support, func(b *mailingBench) error {
			return b.setRoles(b.actor("owner"), "admin", []policy.Role{policy.Support})
		}, problem.NotFound},
		{"they are removed", policy.Support, func(b *mailingBench) error {
			return b.Remove(b.t.Context(), b.actor("owner"), changeBy(b.actor("owner")), "admin")
		}, problem.NotFound},
		{"only the Owner makes Administrators from now on", policy.Administrator, func(b *mailingBench) error { b.memory.onlyOwner = true; return nil }, problem.NotFound},
		{"that, and another role", policy.Support, func(b *mailingBench) error { b.memory.onlyOwner = true; return nil }, ""},
		{"the Owner has sent it again", policy.Administrator, func(b *mailingBench) error {
			b.memory.onlyOwner = true
			_, err := b.Resend(b.t.Context(), b.actor("owner"), changeBy(b.actor("owner")), "new@example.com")
			return err
		}, ""},
		{"it is revoked", policy.Support, func(b *mailingBench) error {
			return b.Revoke(b.t.Context(), b.actor("admin2"), changeBy(b.actor("admin2")), "new@example.com")
		}, problem.NotFound},
		{"it expires", policy.Support, func(b *mailingBench) error { b.clock.advance(time.Hour); return nil }, problem.NotFound},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := newMailingBench(t)
			token := b.mustInvite("admin", []policy.Role{row.roles})
			b.check(row.before(b))
			if _, i, err := b.memory.find("new@example.com"); err == nil && i.by == "owner" {
				if _, err := b.Accept(t.Context(), guest, token, "correct horse"); problem.CodeOf(err) != problem.NotFound {
					t.Errorf("by the link that was replaced: %v", err)
				}
				token = b.token()
			}
			email, err := b.Accept(t.Context(), guest, token, "correct horse")
			m, signedIn := b.Authenticate(t.Context(), "new@example.com", "correct horse")
			if row.code != "" {
				if problem.CodeOf(err) != row.code || err.Error() != noInvitation().Error() || signedIn == nil {
					t.Errorf("%v, signed in as %+v", err, m)
				}
				return
			}
			if err != nil || email != "new@example.com" || signedIn != nil || !slices.Equal(m.Roles, []policy.Role{row.roles}) {
				t.Errorf("%q, %v; signed in as %+v, %v", email, err, m, signedIn)
			}
		})
	}
}

func TestInviteInput(t *testing.T) {
	b := newMailingBench(t)
	long := strings.Repeat("x", maxName+1)
	for name, row := range map[string]struct {
		invitee Invitee
		path    string
	}{
		"no address":              {Invitee{Email: "new", Roles: []policy.Role{policy.Support}}, "email"},
		"no name":                 {Invitee{Email: "new@example.com", Name: new(""), Roles: []policy.Role{policy.Support}}, "name"},
		"a name that is too long": {Invitee{Email: "new@example.com", Name: &long, Roles: []policy.Role{policy.Support}}, "name"},
		"a role twice":            {Invitee{Email: "new@example.com", Roles: []policy.Role{policy.Support, policy.Support}}, "roles"},
	} {
		_, err := b.Invite(t.Context(), b.actor("owner"), changeBy(b.actor("owner")), row.invitee)
		var p *problem.Error
		if !errors.As(err, &p) || p.Code != problem.BadUserInput || !slices.Equal(p.InputPath, []string{"input", row.path}) {
			t.Errorf("%s: %+v", name, err)
		}
	}
	quiet := newBench(t, people()...)
	if _, err := quiet.Invite(t.Context(), quiet.actor("owner"), changeBy(quiet.actor("owner")), Invitee{Email: "a@example.com", Roles: []policy.Role{policy.Support}}); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("where no mails are sent: %v", err)
	}
}

// TestSealer: a token is had back with any of the keys, for its own mail alone.
func TestSealer(t *testing.T) {
	key := func(b byte) []byte { return []byte(strings.Repeat(string(b), 32)) }
	older, err := NewSealer(key('a'))
	if err != nil {
		t.Fatal(err)
	}
	newer, err := NewSealer(key('b'), key('a'))
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewSealer(key('c'))
	if err != nil {
		t.Fatal(err)
	}
	m := Mail{TokenHash: "hash", Sealed: older.seal("token", "hash")}
	for name, s := range map[string]*Sealer{"its own": older, "after another key": newer} {
		if token, err := s.Open(m); err != nil || token != "token" {
			t.Errorf("%s: %q, %v", name, token, err)
		}
	}
	if strings.Contains(m.Sealed, "token") || m.Sealed == older.seal("token", "hash") {
		t.Errorf("sealed as %s", m.Sealed)
	}
	swapped, garbled := m, m
	swapped.TokenHash, garbled.Sealed = "another", "!"
	for name, row := range map[string]struct {
		s *Sealer
		m Mail
	}{"another key": {other, m}, "another mail's": {older, swapped}, "no base64": {older, garbled}, "nothing": {older, Mail{TokenHash: "hash"}}} {
		if token, err := row.s.Open(row.m); err == nil || token != "" {
			t.Errorf("%s: %q", name, token)
		}
	}
	for name, keys := range map[string][][]byte{"no key": nil, "a short key": {{1}}} {
		if _, err := NewSealer(keys...); err == nil {
			t.Errorf("%s will do", name)
		}
	}
}
