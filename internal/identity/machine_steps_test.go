package identity_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
)

// The steps of the machine. What each must answer is worked out here from the model, by the rules as they are published.

const (
	refused  = problem.Forbidden
	noInput  = problem.BadUserInput
	conflict = problem.Conflict
	missing  = problem.NotFound
)

// someone draws one of all people, those who were removed too.
func (m *machine) someone(t *rapid.T, what string) *person {
	return m.people[rapid.IntRange(0, len(m.people)-1).Draw(t, what)]
}

// actor is someone as their last token says.
func (m *machine) actor(t *rapid.T) (*person, identity.Actor) {
	p := m.someone(t, "actor")
	for range 2 { // mostly one who may do something
		if !p.manages() {
			p = m.someone(t, "actor instead")
		}
	}
	return p, identity.Actor{SID: p.sid, Account: m.account, Roles: p.roles}
}

// address draws one of a few, so that they meet.
func (m *machine) address(t *rapid.T) string {
	return strings.ToLower(m.account) + rapid.SampledFrom([]string{"-a", "-b", "-c", "-provider"}).Draw(t, "address") + "@example.com"
}

func (m *machine) roles(t *rapid.T) []policy.Role {
	return rapid.SampledFrom([][]policy.Role{
		{policy.Administrator}, {policy.Administrator}, {policy.Administrator}, {policy.Developer}, {policy.BillingManager, policy.Developer},
		{policy.Support}, {policy.Owner}, {policy.Developer, policy.Owner}, {policy.Administrator, policy.Support}, {},
	}).Draw(t, "roles")
}

// can says whether roles can be held and given.
func can(roles []policy.Role) bool {
	alone := slices.Contains(roles, policy.Administrator)
	return len(roles) > 0 && !slices.Contains(roles, policy.Owner) && !(alone && len(roles) > 1)
}

// mayManage says whether someone may manage who holds or is to hold these roles.
func (m *machine) mayManage(by *person, roles ...policy.Role) bool {
	switch {
	case by.holds(policy.Owner):
		return !slices.Contains(roles, policy.Owner)
	case by.holds(policy.Administrator):
		return !slices.Contains(roles, policy.Owner) && !(m.onlyOwner && slices.Contains(roles, policy.Administrator))
	}
	return false
}

// claimsToManage is what the token of someone says who may be gone by now.
func claimsToManage(p *person) bool {
	return slices.Contains(p.roles, policy.Owner) || slices.Contains(p.roles, policy.Administrator)
}

// at is the user with an address.
func (m *machine) at(email string) *person {
	for _, p := range m.people {
		if p.email == email && !p.gone {
			return p
		}
	}
	return nil
}

func (m *machine) invite(t *rapid.T) {
	by, actor := m.actor(t)
	email, roles := m.address(t), m.roles(t)
	var replaced []policy.Role
	before := m.invitations[email]
	if before != nil {
		replaced = before.roles
	}
	want := problem.Code("")
	switch {
	case !claimsToManage(by):
		want = refused
	case !can(roles):
		want = noInput
	case !m.mayManage(by, slices.Concat(replaced, roles)...):
		want = refused
	case m.at(email) != nil:
		want = conflict
	}
	made, err := m.identity.Invite(t.Context(), actor, changeOf(actor), identity.Invitee{Email: email, Roles: roles})
	if !m.wants(err, want) {
		return
	}
	if before != nil {
		m.dead = append(m.dead, before.token)
	}
	m.invitations[email] = &invitee{id: made.Object.Sid, roles: roles, by: by}
}

// invited draws an open invitation.
func (m *machine) invited(t *rapid.T) (string, *invitee) {
	var all []string
	for email := range m.invitations {
		all = append(all, email)
	}
	if len(all) == 0 {
		t.Skip("nobody is invited")
	}
	slices.Sort(all)
	email := rapid.SampledFrom(all).Draw(t, "invited")
	return email, m.invitations[email]
}

func (m *machine) resend(t *rapid.T) {
	by, actor := m.actor(t)
	_, i := m.invited(t)
	want := problem.Code("")
	if !m.mayManage(by, i.roles...) {
		want = refused
	}
	_, err := m.identity.Resend(t.Context(), actor, changeOf(actor), i.id)
	if m.wants(err, want) {
		m.dead = append(m.dead, i.token)
		i.token, i.by = "", by
	}
}

func (m *machine) revoke(t *rapid.T) {
	by, actor := m.actor(t)
	email, i := m.invited(t)
	want := problem.Code("")
	if !m.mayManage(by, i.roles...) {
		want = refused
	}
	if m.wants(m.identity.Revoke(t.Context(), actor, changeOf(actor), i.id), want) {
		m.over(email)
	}
}

// over takes an invitation out of the model.
func (m *machine) over(email string) {
	if i := m.invitations[email]; i != nil {
		m.dead = append(m.dead, i.token)
		delete(m.invitations, email)
	}
}

func (m *machine) accept(t *rapid.T) {
	email, i := m.invited(t)
	want := problem.Code("")
	switch {
	case !m.mayManage(i.by, i.roles...):
		want = missing
	case m.at(email) != nil:
		want = conflict
	}
	got, err := m.identity.Accept(t.Context(), changeOf(identity.Actor{}), i.token, storetest.Password)
	if !m.wants(err, want) {
		return
	}
	c, err := m.store.CredentialOf(t.Context(), got)
	m.must(err)
	for _, p := range m.people {
		if p.sid == c.SID {
			t.Fatalf("the SID %s is used again", c.SID)
		}
	}
	m.over(email)
	m.people = append(m.people, &person{sid: c.SID, email: email, roles: i.roles})
}

func (m *machine) acceptDead(t *rapid.T) {
	if len(m.dead) == 0 {
		t.Skip("no token is dead")
	}
	_, err := m.identity.Accept(t.Context(), changeOf(identity.Actor{}), rapid.SampledFrom(m.dead).Draw(t, "token"), storetest.Password)
	m.wants(err, missing)
}

func (m *machine) setRoles(t *rapid.T) {
	by, actor := m.actor(t)
	of, roles := m.someone(t, "target"), m.roles(t)
	want := problem.Code("")
	switch {
	case len(roles) > 0 && !can(roles):
		want = noInput
	case !claimsToManage(by):
		want = refused
	case of.gone:
		want = missing
	case !m.mayManage(by, slices.Concat(of.roles, roles)...):
		want = refused
	case of.federated && len(roles) > 0:
		want = conflict
	case !of.federated && len(roles) == 0:
		want = noInput
	}
	if !m.wants(m.identity.SetRoles(t.Context(), actor, changeOf(actor), of.sid, roles), want) {
		return
	}
	if len(roles) == 0 {
		of.suspended = true
		m.end(of)
		return
	}
	of.roles = roles
}

func (m *machine) remove(t *rapid.T) {
	by, actor := m.actor(t)
	of := m.someone(t, "target")
	want := problem.Code("")
	switch {
	case !claimsToManage(by):
		want = refused
	case of.gone:
		want = missing
	case !m.mayManage(by, of.roles...):
		want = refused
	}
	if !m.wants(m.identity.Remove(t.Context(), actor, changeOf(actor), of.sid), want) {
		return
	}
	of.gone = true
	m.end(of)
	m.barred = m.barred || of.email == m.providersAddress()
	for email, i := range m.invitations {
		if i.by == of {
			m.over(email)
		}
	}
}

func (m *machine) transfer(t *rapid.T) {
	by, actor := m.actor(t)
	of := m.someone(t, "target")
	want := problem.Code("")
	switch {
	case !slices.Contains(by.roles, policy.Owner):
		want = refused
	case of.gone:
		want = missing
	case !by.holds(policy.Owner):
		want = refused
	case by == of:
		want = noInput
	case of.federated:
		want = conflict
	}
	if m.wants(m.identity.Transfer(t.Context(), actor, changeOf(actor), of.sid), want) {
		by.roles, of.roles = []policy.Role{policy.Administrator}, []policy.Role{policy.Owner}
	}
}

func (m *machine) signIn(t *rapid.T) {
	p := m.someone(t, "who")
	tokens, err := m.auth.SignIn(t.Context(), func(context.Context) (string, error) { return p.sid, nil }, "test")
	want := problem.Code("")
	if p.gone || p.suspended {
		want = problem.Unauthenticated
	}
	if m.wants(err, want) {
		m.sessions = append(m.sessions, &opened{of: p, tokens: tokens, roles: p.roles})
	}
}

func (m *machine) refresh(t *rapid.T) {
	if len(m.sessions) == 0 {
		t.Skip("nobody has signed in")
	}
	s := rapid.SampledFrom(m.sessions).Draw(t, "session")
	tokens, err := m.auth.Refresh(t.Context(), s.tokens.Refresh)
	want := problem.Code("")
	if s.ended {
		want = problem.Unauthenticated
	}
	if m.wants(err, want) {
		s.tokens, s.roles = tokens, s.of.roles
	}
}

func (m *machine) endAll(t *rapid.T) {
	p := m.someone(t, "whose")
	_, err := m.auth.EndSessions(t.Context(), p.sid)
	m.must(err)
	m.end(p)
}

// end ends all sessions of someone in the model.
func (m *machine) end(p *person) {
	for _, s := range m.sessions {
		s.ended = s.ended || s.of == p
	}
}

// providersAddress is that of who comes from another issuer. It may be another user's.
func (m *machine) providersAddress() string {
	return strings.ToLower(m.account) + "-provider@example.com"
}

// come has someone come from another issuer, which gives them roles, or none.
func (m *machine) come(t *rapid.T) {
	roles := rapid.SampledFrom([][]policy.Role{{policy.Support}, {policy.Administrator}, {}}).Draw(t, "roles")
	f := identity.Federated{
		Issuer: "https://login.example", Subject: m.account, Account: m.account, Roles: roles, Asserted: time.Now(),
		Email: m.providersAddress(),
	}
	user, err := m.identity.Admit(t.Context(), f)
	known := m.provider != nil && !m.provider.gone
	want := problem.Code("")
	switch {
	case known || len(roles) == 0:
	case m.at(f.Email) != nil:
		want = conflict
	case m.barred && m.invitations[f.Email] == nil:
		want = refused
	}
	switch done := m.wants(err, want); {
	case !done:
	case known && len(roles) == 0:
		m.provider.suspended = true
		m.end(m.provider)
	case len(roles) == 0:
	case known:
		m.provider.suspended, m.provider.roles = false, roles
	default:
		m.over(f.Email)
		m.barred = false
		m.provider = &person{sid: user, email: f.Email, roles: roles, federated: true}
		m.people = append(m.people, m.provider)
	}
}

// turn turns over whether only the Owner manages Administrators.
func (m *machine) turn(t *rapid.T) {
	m.onlyOwner = !m.onlyOwner
	m.must(m.store.Transact(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.Exec("UPDATE accounts SET only_owner_manages_administrators = $1 WHERE sid = $2", m.onlyOwner, m.account)
		return err
	}))
}
