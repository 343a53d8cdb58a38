package identity_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// person is a user as the model has them.
type person struct {
	sid, email string
	roles      []policy.Role
	federated  bool
	suspended  bool
	gone       bool // who was removed may still try
}

// holds says whether they hold a role now.
func (p *person) holds(role policy.Role) bool {
	return !p.gone && !p.suspended && slices.Contains(p.roles, role)
}

func (p *person) manages() bool { return p.holds(policy.Owner) || p.holds(policy.Administrator) }

// opened is a session as the model has it.
type opened struct {
	of     *person
	tokens auth.Tokens
	roles  []policy.Role // of the token
	ended  bool
}

// invitee is an open invitation as the model has it.
type invitee struct {
	id, token string
	roles     []policy.Role
	by        *person
}

// machine is the real thing, and the model that it is held to.
type machine struct {
	t        *rapid.T
	store    *store.Store
	identity *identity.Service
	auth     *auth.Service
	sealer   *identity.Sealer
	account  string

	onlyOwner   bool
	people      []*person
	sessions    []*opened
	invitations map[string]*invitee // by address
	dead        []string            // tokens that are good for nothing
	provider    *person             // who comes from another issuer; nil before they have
	barred      bool                // whether they, or another user with their address, were removed since
}

// TestMachine does at random what people do to each other's membership, and compares after each step the users, the
// Owner, the open invitations with their mails, and what each session is good for, with a model.
func TestMachine(t *testing.T) {
	// What rapid does by itself is more runs, of fewer steps each. Both flags are for whoever wants other figures.
	for name, figure := range map[string]string{"rapid.checks": "15", "rapid.steps": "90"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := f.Value.Set(figure); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
		}
	}
	storetest.Each(t, func(t *testing.T, db storetest.Database) {
		users := db.Empty(t)
		sessions, quiet := session.New(realRedis(t), time.Now, session.Options{Lease: 100 * time.Millisecond}), slog.New(slog.NewTextHandler(io.Discard, nil))
		defer sessions.Close()
		keys, _, err := token.LoadKeys(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := token.NewAuthority(keys, "test", "test", time.Now)
		if err != nil {
			t.Fatal(err)
		}
		sealer, err := identity.NewSealer(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		service := identity.NewService(users, sessions, policy.Published(), "v", quiet)
		service.Mailing(identity.Mailing{Sealer: sealer, Good: time.Hour})
		signIn := auth.NewService(tokens, sessions, policy.Published(), "v", func(ctx context.Context, user string) (string, []policy.Role, error) {
			m, err := users.MemberOf(ctx, user)
			return m.Account, m.Roles, err
		}, quiet)
		runs := 0
		rapid.Check(t, func(rt *rapid.T) {
			runs++
			m := &machine{t: rt, store: users, identity: service, auth: signIn, sealer: sealer, account: fmt.Sprintf("AC%d", runs), invitations: map[string]*invitee{}}
			m.found()
			rt.Repeat(map[string]func(*rapid.T){
				"":                      m.compare,
				"invite":                m.invite,
				"resend":                m.resend,
				"revoke":                m.revoke,
				"accept":                m.accept,
				"invite once more":      m.invite,
				"set roles once more":   m.setRoles,
				"accept what is dead":   m.acceptDead,
				"set roles":             m.setRoles,
				"remove":                m.remove,
				"transfer":              m.transfer,
				"sign in":               m.signIn,
				"refresh":               m.refresh,
				"end all sessions":      m.endAll,
				"come from the issuer":  m.come,
				"turn the setting over": m.turn,
			})
		})
	})
}

// found makes an account of six, past the program.
func (m *machine) found() {
	statements := []string{`INSERT INTO accounts (sid, friendly_name, status, type, time_zone, ssl_certificate_validation, two_factor_required,
		only_owner_manages_administrators, balance_micros, balance_unit, date_created, date_updated, owner_id)
		VALUES ('` + m.account + `', 'x', 'ACTIVE', 'FULL', 'UTC', TRUE, FALSE, FALSE, 0, 'USD', 0, 0, 'US` + m.account + `-0')`}
	for i, role := range []policy.Role{policy.Owner, policy.Administrator, policy.Administrator, policy.Developer, policy.BillingManager, policy.Support} {
		p := &person{sid: fmt.Sprintf("US%s-%d", m.account, i), email: fmt.Sprintf("%s-%d@example.com", strings.ToLower(m.account), i), roles: []policy.Role{role}}
		m.people = append(m.people, p)
		statements = append(statements, `INSERT INTO users (sid, account_sid, email, name, roles, password_hash, date_created, date_updated)
			VALUES ('`+p.sid+`', '`+m.account+`', '`+p.email+`', 'x', '`+string(role)+`', 'x', 0, 0)`)
	}
	m.must(m.store.Transact(m.t.Context(), func(tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// wants compares an error's code, "" for none.
func (m *machine) wants(err error, code problem.Code) bool {
	m.t.Helper()
	got := problem.Code("")
	if err != nil {
		got = problem.CodeOf(err)
	}
	if got != code {
		m.t.Fatalf("%v, want %q", err, code)
	}
	return err == nil
}

// compare holds what is real to the model.
func (m *machine) compare(*rapid.T) {
	ctx, scope := m.t.Context(), changeOf(identity.Actor{Account: m.account}).Scope
	users, err := m.store.Users(ctx, scope, identity.UserFilter{}, upstream.Page{First: 1000})
	m.must(err)
	have, want := map[string]string{}, map[string]string{}
	owners := 0
	for _, u := range users.Items {
		have[u.Sid] = fmt.Sprint(u.Email, u.Roles)
		if slices.Contains(u.Roles, "OWNER") {
			owners++
		}
	}
	for _, p := range m.people {
		roles := inOrder(p.roles)
		if p.suspended {
			roles = nil
		}
		if !p.gone {
			want[p.sid] = fmt.Sprint(p.email, roles)
		}
	}
	if owners != 1 || !maps.Equal(have, want) {
		m.t.Fatalf("%d Owners; the users are %v, want %v", owners, have, want)
	}
	m.compareInvitations(scope)
	for _, s := range m.sessions {
		_, err := m.auth.Authenticate(ctx, s.tokens.Access)
		var want error
		switch {
		case s.ended:
			want = auth.ErrSessionEnded
		case !slices.Equal(inOrder(s.roles), inOrder(s.of.roles)):
			want = auth.ErrStaleToken
		}
		if !errors.Is(err, want) {
			m.t.Fatalf("a session of %s, opened as %v, is answered %v, want %v", s.of.email, s.roles, err, want)
		}
	}
	if pending, err := m.store.PendingRoleChanges(ctx, 10); err != nil || len(pending) > 0 {
		m.t.Fatalf("in the outbox are %v, error %v", pending, err)
	}
}

func (m *machine) compareInvitations(scope upstream.Scope) {
	ctx := m.t.Context()
	open, err := m.store.Invitations(ctx, scope, identity.InvitationFilter{}, upstream.Page{First: 1000})
	m.must(err)
	have, want, mailed := map[string]string{}, map[string]string{}, map[string]string{}
	for _, i := range open.Items {
		have[i.Email] = fmt.Sprint(i.Sid, i.Roles)
	}
	for email, i := range m.invitations {
		want[email] = fmt.Sprint(i.id, inOrder(i.roles))
	}
	if !maps.Equal(have, want) {
		m.t.Fatalf("invited are %v, want %v", have, want)
	}
	mails, err := m.store.PendingMails(ctx, time.Now(), 1000)
	m.must(err)
	for _, mail := range mails {
		if strings.HasPrefix(mail.To, strings.ToLower(m.account)+"-") {
			token, err := m.sealer.Open(mail)
			m.must(err)
			mailed[mail.To] = token
		}
	}
	for email, i := range m.invitations {
		if i.token == "" {
			i.token = mailed[email] // the mailer is how it is known
		}
		if mailed[email] != i.token {
			m.t.Fatalf("the mail to %s has another token than before", email)
		}
	}
	if len(mailed) != len(m.invitations) {
		m.t.Fatalf("mails to %v, want %d", slices.Collect(maps.Keys(mailed)), len(m.invitations))
	}
}

// inOrder are roles in the order in which they are kept.
func inOrder(roles []policy.Role) []policy.Role {
	var sorted []policy.Role
	for _, r := range policy.Roles() {
		if slices.Contains(roles, r) {
			sorted = append(sorted, r)
		}
	}
	return sorted
}
