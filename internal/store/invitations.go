package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func invitationTable() table[model.Invitation] {
	type object = model.Invitation
	return table[object]{
		name: "invitations", typeName: "Invitation", account: "account_sid",
		identity: func(i *object) (id, sid *string) { return &i.ID, &i.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"email", "email", func(i *object) any { return &i.Email }},
			{"name", "name", func(i *object) any { return textOrNull[string]{&i.Name} }},
			{"roles", "roles", func(i *object) any { return wordList[model.Role]{&i.Roles} }},
			{"invitedBySid", "invited_by_sid", func(i *object) any { return textOrNull[string]{&i.InvitedBySid} }},
			{"dateCreated", "date_created", func(i *object) any { return (*instant)(&i.DateCreated) }},
			{"dateUpdated", "date_updated", func(i *object) any { return (*instant)(&i.DateUpdated) }},
			{"dateExpires", "date_expires", func(i *object) any { return (*instant)(&i.DateExpires) }},
		},
	}
}

// Invitations lists the account's open invitations, newest first.
func (s *Store) Invitations(
	ctx context.Context, scope upstream.Scope, f identity.InvitationFilter, p upstream.Page,
) (upstream.List[model.Invitation], error) {
	return list(ctx, s, &s.invitations, scope, p, equal("email", lowered(f.Email)))
}

// Invitation reads one of the account's open invitations.
func (s *Store) Invitation(ctx context.Context, scope upstream.Scope, sid string) (*model.Invitation, error) {
	return get(ctx, s, &s.invitations, scope, sid)
}

// Invite keeps an invitation, with its mail: see identity.Invitations.
func (s *Store) Invite(
	ctx context.Context, c upstream.Change, n identity.KeptInvitation, may identity.MayInvite,
) (made upstream.Made[model.Invitation], err error) {
	of := fmt.Sprintf("%q %q %s", n.Email, n.Name, rolesText(n.Roles))
	// Of two who invite an address at the same time, the one that is refused then finds the other's.
	for range 2 {
		made, err = create(ctx, s, c, &s.invitations, creation{prefix: "IN", key: n.IdempotencyKey, input: of, columns: func(tx *sql.Tx) (columns, error) {
			if err := s.replaceable(ctx, tx, c, n, may); err != nil {
				return nil, err
			}
			var in input
			in.add("email", "email", n.Email)
			in.add("name", "name", sql.NullString{String: n.Name, Valid: n.Name != ""})
			in.add("roles", "roles", rolesText(n.Roles))
			in.add("invitedBySid", "invited_by_sid", c.Intent.User)
			in.add("dateExpires", "date_expires", micros(n.Expires))
			in.add("", "token_hash", n.TokenHash)
			if err := s.post(ctx, tx, n); err != nil {
				return nil, err
			}
			return in.done()
		}})
		if !isConstraint(err) {
			break
		}
	}
	return made, err
}

// replaceable says whether an address can be invited, and takes out the invitation that it has.
func (s *Store) replaceable(ctx context.Context, tx *sql.Tx, c upstream.Change, n identity.KeptInvitation, may identity.MayInvite) error {
	var replaced []policy.Role
	st := new(statement)
	st.write("DELETE FROM invitations WHERE account_sid = ", st.arg(c.Account()), " AND email = ", st.arg(n.Email), " RETURNING roles")
	err := s.scanOne(ctx, tx, st, wordList[policy.Role]{&replaced})
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return failed(ctx, "replacing an invitation", err)
	}
	if err := s.mayInvite(ctx, tx, c.Account(), c.Intent.User, replaced, n.Roles, may); err != nil {
		return err
	}
	st = new(statement)
	st.write("SELECT COUNT(*), (SELECT COUNT(*) FROM users WHERE account_sid = ", st.arg(c.Account()), " AND email = ", st.arg(n.Email), ")",
		" FROM invitations WHERE account_sid = ", st.arg(c.Account()))
	var open, users int
	switch err := s.scanOne(ctx, tx, st, (*number)(&open), (*number)(&users)); {
	case err != nil:
		return failed(ctx, "looking for an e-mail address", err)
	case users > 0:
		return &problem.Error{Code: problem.Conflict, InputPath: []string{"input", "email"}, Message: "There is a user of this account with this e-mail address already."}
	case open >= n.Most:
		return problem.New(problem.Conflict, fmt.Sprintf("The account has %d open invitations, which is as many as it may. Revoke one first.", open))
	}
	return nil
}

// mayInvite asks may of who invites, as they stand.
func (s *Store) mayInvite(
	ctx context.Context, tx *sql.Tx, account, by string, replaced, roles []policy.Role, may identity.MayInvite,
) error {
	inviter, onlyOwner, err := s.manager(ctx, tx, account, by)
	if err != nil {
		return err
	}
	return may(inviter, replaced, roles, onlyOwner)
}

// post puts the mail of an invitation into the outbox.
func (s *Store) post(ctx context.Context, tx *sql.Tx, n identity.KeptInvitation) error {
	return s.insert(ctx, tx, "mail_outbox", columns{
		{"", "token_hash", n.TokenHash}, {"", "sealed_token", n.Sealed}, {"", "date_created", micros(n.Created)},
	})
}

// ResendInvitation gives an invitation another token, with its mail: see identity.Invitations.
func (s *Store) ResendInvitation(
	ctx context.Context, c upstream.Change, sid string, n identity.KeptInvitation, may identity.MayInvite,
) (*model.Invitation, error) {
	return update(ctx, s, c, &s.invitations, sid, func(tx *sql.Tx) (columns, error) {
		roles, before, err := s.invitation(ctx, tx, c.Account(), sid)
		if err != nil {
			return nil, err
		}
		if err := s.mayInvite(ctx, tx, c.Account(), c.Intent.User, roles, roles, may); err != nil {
			return nil, err
		}
		st := new(statement)
		st.write("DELETE FROM mail_outbox WHERE token_hash = ", st.arg(before))
		if _, err := s.exec(ctx, tx, st); err != nil {
			return nil, failed(ctx, "taking out a mail", err)
		}
		return columns{
			{"invitedBySid", "invited_by_sid", c.Intent.User},
			{"dateExpires", "date_expires", micros(n.Expires)},
			{"", "token_hash", n.TokenHash},
		}, s.post(ctx, tx, n)
	})
}

// RevokeInvitation takes an invitation back: see identity.Invitations.
func (s *Store) RevokeInvitation(ctx context.Context, c upstream.Change, sid string, may identity.MayInvite) error {
	return remove(ctx, s, c, &s.invitations, sid, func(tx *sql.Tx) error {
		roles, _, err := s.invitation(ctx, tx, c.Account(), sid)
		if err != nil {
			return err
		}
		return s.mayInvite(ctx, tx, c.Account(), c.Intent.User, roles, nil, may)
	})
}

// invitation reads which roles an invitation of the account gives, and the hash of its token. Others that would change it
// wait from here on.
func (s *Store) invitation(ctx context.Context, tx *sql.Tx, account, sid string) (roles []policy.Role, tokenHash string, err error) {
	st := new(statement)
	st.write("SELECT roles, token_hash FROM invitations WHERE account_sid = ", st.arg(account), " AND sid = ", st.arg(sid), s.forUpdate)
	err = s.scanUser(ctx, tx, st, wordList[policy.Role]{&roles}, &tokenHash)
	return roles, tokenHash, err
}

// Invited tells whether an invitation is good: see identity.Invitations.
func (s *Store) Invited(ctx context.Context, tokenHash string, now time.Time) (account string, err error) {
	st := new(statement)
	st.write("SELECT i.account_sid FROM invitations i LEFT JOIN users u ON u.sid = i.user_sid",
		" WHERE i.token_hash = ", st.arg(tokenHash), " AND i.date_expires > ", st.arg(micros(now)),
		" AND (i.user_sid IS NULL OR u.email = i.email AND u.password_hash = '')")
	err = s.scanUser(ctx, s.db, st, &account)
	return account, err
}

// AcceptInvitation uses an invitation up: see identity.Invitations. The same is asked of it as Invited asks, for it may
// have changed since.
func (s *Store) AcceptInvitation(
	ctx context.Context, c upstream.Change, tokenHash, passwordHash string, now time.Time, may identity.MayInvite,
) (email string, err error) {
	if passwordHash == "" {
		return "", errors.New("store: an invitation is accepted with a password")
	}
	err = s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		var user, name, by sql.NullString
		var roles []policy.Role
		st := new(statement)
		st.write("DELETE FROM invitations WHERE account_sid = ", st.arg(c.Account()), " AND token_hash = ", st.arg(tokenHash),
			" AND date_expires > ", st.arg(micros(now)), " RETURNING email, user_sid, name, roles, invited_by_sid")
		if err := s.scanUser(ctx, tx, st, &email, &user, &name, wordList[policy.Role]{&roles}, &by); err != nil {
			return audit.Change{}, err
		}
		changed := audit.Change{Type: s.users.typeName, SID: user.String}
		if user.Valid {
			return changed, s.setFirstPassword(ctx, tx, c.Account(), user.String, email, passwordHash, now)
		}
		if err := s.mayInvite(ctx, tx, c.Account(), by.String, nil, roles, may); err != nil {
			return audit.Change{}, err
		}
		free, err := s.unclaimed(ctx, tx, email, "")
		if err == nil && !free {
			err = errClaimed
		}
		if err != nil {
			return audit.Change{}, err
		}
		if !name.Valid {
			name.String, _, _ = strings.Cut(email, "@")
		}
		set := columns{
			{"email", "email", email}, {"name", "name", name.String}, {"roles", "roles", rolesText(roles)}, {"", "password_hash", passwordHash},
		}
		changed.SID, changed.Fields = newSID("US"), set.fields()
		return changed, s.insert(ctx, tx, "users", append(set, columns{
			{"", "sid", changed.SID}, {"", "account_sid", c.Account()}, {"", "date_created", micros(now)}, {"", "date_updated", micros(now)},
		}...))
	})
	if isConstraint(err) {
		err = errClaimed
	}
	if err != nil {
		return "", err
	}
	return email, nil
}

// errClaimed is told to who can read the mails to this address.
var errClaimed = problem.New(problem.Conflict, "There is a user with this e-mail address already.")

// setFirstPassword gives a user of this address a password who has none.
func (s *Store) setFirstPassword(ctx context.Context, tx *sql.Tx, account, user, email, passwordHash string, now time.Time) error {
	st := new(statement)
	st.write("UPDATE users SET password_hash = ", st.arg(passwordHash), ", date_updated = ", st.arg(micros(now)),
		" WHERE account_sid = ", st.arg(account), " AND sid = ", st.arg(user), " AND email = ", st.arg(email),
		" AND password_hash = '' RETURNING sid")
	return s.scanUser(ctx, tx, st, &user)
}

// InviteOwner gives the Owner with this e-mail address, without regard to case, a new
// invitation instead of any that they have. NOT_FOUND says that no Owner has this address, CONFLICT that they have
// set a password already.
func (s *Store) InviteOwner(ctx context.Context, email string, i identity.Invitation) error {
	email = strings.ToLower(email)
	return s.Transact(ctx, func(tx *sql.Tx) error {
		st := new(statement)
		st.write("SELECT sid, account_sid, password_hash FROM users WHERE email = ", st.arg(email), " AND roles = 'OWNER'")
		var user, account, passwordHash string
		if err := s.scanUser(ctx, tx, st, &user, &account, &passwordHash); err != nil {
			return err
		}
		if passwordHash != "" {
			return problem.New(problem.Conflict, "The Owner has set a password already.")
		}
		return s.inviteOwner(ctx, tx, account, user, email, i)
	})
}

// inviteOwner keeps an invitation for a user who is there, in the place of an open one.
func (s *Store) inviteOwner(ctx context.Context, tx *sql.Tx, account, user, email string, i identity.Invitation) error {
	st := new(statement)
	st.write("DELETE FROM invitations WHERE account_sid = ", st.arg(account), " AND email = ", st.arg(email))
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "replacing an invitation", err)
	}
	return s.insert(ctx, tx, "invitations", columns{
		{"", "sid", newSID("IN")}, {"", "account_sid", account}, {"", "email", email}, {"", "user_sid", user}, {"", "roles", string(policy.Owner)},
		{"", "token_hash", i.TokenHash}, {"", "date_created", micros(i.Created)}, {"", "date_updated", micros(i.Created)},
		{"", "date_expires", micros(i.Expires)},
	})
}
