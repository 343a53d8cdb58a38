package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// invited is an open invitation, to a user or to roles.
type invited struct {
	user  string
	to    KeptInvitation
	by    string
	until time.Time
}

func (m *memory) Invited(_ context.Context, tokenHash string, now time.Time) (string, error) {
	if err := m.at("invited"); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if i, known := m.invited[tokenHash]; !known || !now.Before(i.until) || i.user != "" && m.users[i.user].PasswordHash != "" {
		return "", problem.Missing()
	}
	return account, nil
}

func (m *memory) AcceptInvitation(
	ctx context.Context, c upstream.Change, tokenHash, passwordHash string, now time.Time, may MayInvite,
) (string, error) {
	if err := m.at("accept"); err != nil {
		return "", err
	}
	if _, err := m.Invited(ctx, tokenHash, now); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	i, known := m.invited[tokenHash]
	if !known {
		return "", problem.Missing() // another was faster
	}
	user := m.users[i.user]
	if i.user == "" {
		if err := may(m.users[i.by].Member, nil, i.to.Roles, m.onlyOwner); err != nil {
			return "", err
		}
		m.lastID++
		user = Credential{Member: Member{SID: fmt.Sprint("USnew", m.lastID), Account: c.Account(), Email: i.to.Email, Roles: i.to.Roles}}
	}
	delete(m.invited, tokenHash)
	user.PasswordHash = passwordHash
	m.users[user.SID] = user
	return user.Email, nil
}

// find is the hash of the token of the invitation of this SID, which is its address here.
func (m *memory) find(sid string) (tokenHash string, found invited, err error) {
	for hash, i := range m.invited {
		if i.user == "" && i.to.Email == sid {
			return hash, i, nil
		}
	}
	return "", invited{}, problem.Missing()
}

func (m *memory) Invite(_ context.Context, c upstream.Change, n KeptInvitation, may MayInvite) (made upstream.Made[model.Invitation], err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, replaced, _ := m.find(n.Email)
	if err := may(m.users[c.Intent.User].Member, replaced.to.Roles, n.Roles, m.onlyOwner); err != nil {
		return made, err
	}
	delete(m.invited, before)
	m.invited[n.TokenHash] = invited{to: n, by: c.Intent.User, until: n.Expires}
	return upstream.Made[model.Invitation]{Object: &model.Invitation{Sid: n.Email}, Fresh: true}, nil
}

func (m *memory) ResendInvitation(_ context.Context, c upstream.Change, sid string, n KeptInvitation, may MayInvite) (*model.Invitation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, i, err := m.find(sid)
	if err == nil {
		err = may(m.users[c.Intent.User].Member, i.to.Roles, i.to.Roles, m.onlyOwner)
	}
	if err != nil {
		return nil, err
	}
	delete(m.invited, before)
	i.by, i.until, i.to.Sealed = c.Intent.User, n.Expires, n.Sealed
	m.invited[n.TokenHash] = i
	return &model.Invitation{Sid: sid}, nil
}

func (m *memory) RevokeInvitation(_ context.Context, c upstream.Change, sid string, may MayInvite) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	hash, i, err := m.find(sid)
	if err == nil {
		err = may(m.users[c.Intent.User].Member, i.to.Roles, nil, m.onlyOwner)
	}
	if err == nil {
		delete(m.invited, hash)
	}
	return err
}

func (m *memory) Invitations(context.Context, upstream.Scope, InvitationFilter, upstream.Page) (upstream.List[model.Invitation], error) {
	panic("not used here")
}

func (m *memory) Invitation(context.Context, upstream.Scope, string) (*model.Invitation, error) {
	panic("not used here")
}
