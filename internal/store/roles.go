package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// SetRoles gives a user of the account other roles and puts the change into the outbox,
// in one transaction: see identity.Users. Roles that cannot be held together are
// BAD_USER_INPUT, and so are none for a user of the gateway's own. A change that would leave the account without its one Owner, or give
// it a second, is a CONFLICT, even if check lets it pass.
func (s *Store) SetRoles(
	ctx context.Context, c upstream.Change, target string, roles []policy.Role, check identity.CheckChange,
) (identity.RoleChange, error) {
	if err := policy.ValidRoles(roles); err != nil && len(roles) > 0 {
		return identity.RoleChange{}, &problem.Error{
			Code: problem.BadUserInput, Message: "These roles cannot be held together.",
			InputPath: []string{"input", "roles"}, Cause: err,
		}
	}
	return s.changeUser(ctx, c, target, check, func(tx *sql.Tx, of identity.Member, change identity.RoleChange) ([]string, error) {
		changed := []string{"roles"}
		if len(roles) > 0 {
			return changed, s.changeRoles(ctx, tx, c.Account(), roles, change)
		}
		if of.Issuer == "" {
			return nil, problem.Input("At least one role is needed.", "input", "roles")
		}
		return changed, s.suspend(ctx, tx, of, s.now(), change)
	})
}

// RemoveUser removes a user of the account and puts the change into the outbox, in one
// transaction: see identity.Users. An account without its one Owner is a CONFLICT, even if check lets it pass.
func (s *Store) RemoveUser(ctx context.Context, c upstream.Change, target string, check identity.CheckChange) (identity.RoleChange, error) {
	return s.changeUser(ctx, c, target, check, func(tx *sql.Tx, of identity.Member, change identity.RoleChange) ([]string, error) {
		if err := s.bury(ctx, tx, of); err != nil {
			return nil, err
		}
		st := new(statement)
		st.write("DELETE FROM users WHERE account_sid = ", st.arg(c.Account()), " AND sid = ", st.arg(of.SID))
		if _, err := s.exec(ctx, tx, st); err != nil {
			return nil, failed(ctx, "removing a user", err)
		}
		return nil, s.remember(ctx, tx, change)
	})
}

// changeUser runs a change of one user's roles, once check has let it pass. do says which fields it has changed.
func (s *Store) changeUser(
	ctx context.Context, c upstream.Change, target string, check identity.CheckChange,
	do func(tx *sql.Tx, of identity.Member, change identity.RoleChange) ([]string, error),
) (identity.RoleChange, error) {
	var change identity.RoleChange
	err := s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		by, of, onlyOwner, err := s.parties(ctx, tx, c.Account(), c.Intent.User, target)
		if err != nil {
			return audit.Change{}, err
		}
		generation, err := check(by, of, onlyOwner)
		if err != nil {
			return audit.Change{}, err
		}
		change = identity.RoleChange{ID: newChangeID(), User: target, Generation: generation}
		fields, err := do(tx, of, change)
		return audit.Change{Type: s.users.typeName, SID: target, Fields: fields}, err
	})
	if err != nil {
		return identity.RoleChange{}, oneOwner(err)
	}
	return change, nil
}

// TransferOwnership makes target the Owner and who was it an Administrator, and puts both
// changes into the outbox, in one transaction: see identity.Users.
func (s *Store) TransferOwnership(
	ctx context.Context, c upstream.Change, target string, check identity.CheckTransfer,
) (changes []identity.RoleChange, err error) {
	err = s.change(ctx, c, func(tx *sql.Tx) (audit.Change, error) {
		by, of, _, err := s.parties(ctx, tx, c.Account(), c.Intent.User, target)
		if err != nil {
			return audit.Change{}, err
		}
		from, to, err := check(by, of)
		if err != nil {
			return audit.Change{}, err
		}
		changes = []identity.RoleChange{
			{ID: newChangeID(), User: by.SID, Generation: from},
			{ID: newChangeID(), User: of.SID, Generation: to},
		}
		// There is no Owner between the two, which is looked at when all is done; there are never two.
		for i, roles := range [][]policy.Role{{policy.Administrator}, {policy.Owner}} {
			if err := s.changeRoles(ctx, tx, c.Account(), roles, changes[i]); err != nil {
				return audit.Change{}, err
			}
		}
		st := new(statement)
		st.write("UPDATE accounts SET owner_id = ", st.arg(of.SID), ", date_updated = ", st.arg(micros(s.now())), " WHERE sid = ", st.arg(c.Account()))
		if _, err := s.exec(ctx, tx, st); err != nil {
			return audit.Change{}, failed(ctx, "transferring ownership", err)
		}
		return audit.Change{Type: s.users.typeName, SID: of.SID, Fields: []string{"roles"}}, nil
	})
	if err != nil {
		return nil, oneOwner(err)
	}
	return changes, nil
}

// oneOwner says in words what a constraint has refused.
func oneOwner(err error) error {
	if isConstraint(err) {
		return &problem.Error{Code: problem.Conflict, Message: "An account has exactly one Owner.", Cause: err}
	}
	return err
}

// parties reads who changes whom, and whether only the Owner may manage Administrators.
func (s *Store) parties(
	ctx context.Context, tx *sql.Tx, account, actor, target string,
) (by, of identity.Member, onlyOwner bool, err error) {
	// The target first: a change of the same user is waited for before anything else is read.
	if of, err = s.memberIn(ctx, tx, account, target, s.forUpdate); err != nil {
		return by, of, false, err
	}
	by, onlyOwner, err = s.manager(ctx, tx, account, actor)
	return by, of, onlyOwner, err
}

// manager reads who changes something of the account's users, and whether only the Owner may manage Administrators.
func (s *Store) manager(ctx context.Context, tx *sql.Tx, account, actor string) (by identity.Member, onlyOwner bool, err error) {
	by, err = s.memberIn(ctx, tx, account, actor, standing)
	if problem.CodeOf(err) == problem.NotFound {
		err = problem.New(problem.Forbidden, "You are not a user of this account.")
	}
	if err != nil {
		return by, false, err
	}
	st := new(statement)
	st.write("SELECT only_owner_manages_administrators FROM accounts WHERE sid = ", st.arg(account))
	if err := s.scanOne(ctx, tx, st, (*flag)(&onlyOwner)); err != nil {
		return by, false, failed(ctx, "reading the account's settings", err)
	}
	return by, onlyOwner, nil
}

// memberIn finds a user of an account; more ends the statement.
func (s *Store) memberIn(ctx context.Context, tx *sql.Tx, account, sid, more string) (identity.Member, error) {
	var m identity.Member
	st := new(statement)
	st.write("SELECT ", memberColumns, " FROM users WHERE account_sid = ", st.arg(account), " AND sid = ", st.arg(sid), more)
	return m, s.scanUser(ctx, tx, st, memberPlaces(&m)...)
}

// changeRoles writes the roles and the outbox.
func (s *Store) changeRoles(
	ctx context.Context, tx *sql.Tx, account string, roles []policy.Role, change identity.RoleChange,
) error {
	st := new(statement)
	st.write("UPDATE users SET roles = ", st.arg(rolesText(roles)), ", date_updated = ", st.arg(micros(s.now())),
		" WHERE account_sid = ", st.arg(account), " AND sid = ", st.arg(change.User))
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "changing roles", err)
	}
	return s.remember(ctx, tx, change)
}

// remember puts a change into the outbox.
func (s *Store) remember(ctx context.Context, tx *sql.Tx, change identity.RoleChange) error {
	st := new(statement)
	st.write("INSERT INTO role_changes (id, user_sid, generation, date_created) VALUES (",
		st.arg(change.ID), ", ", st.arg(change.User), ", ", st.arg(change.Generation), ", ", st.arg(micros(s.now())), ")")
	if _, err := s.exec(ctx, tx, st); err != nil {
		return failed(ctx, "writing the outbox", err)
	}
	return nil
}

// rolesText is how roles are kept: in the order of policy.Roles, with commas.
func rolesText(roles []policy.Role) string {
	var held []string
	for _, role := range policy.Roles() {
		if slices.Contains(roles, role) {
			held = append(held, string(role))
		}
	}
	return strings.Join(held, ",")
}

// newChangeID is a random positive number: one that was used is not used again.
func newChangeID() int64 {
	var random [8]byte
	rand.Read(random[:]) // never fails
	return int64(binary.NativeEndian.Uint64(random[:]) >> 1)
}

// PendingRoleChanges are those in the outbox, oldest first, at most limit.
func (s *Store) PendingRoleChanges(ctx context.Context, limit int) ([]identity.RoleChange, error) {
	st := new(statement)
	st.write("SELECT id, user_sid, generation FROM role_changes ORDER BY date_created, id LIMIT ", st.arg(limit))
	return readAll(ctx, s, "reading the outbox", st, func(c *identity.RoleChange) []any { return []any{&c.ID, &c.User, &c.Generation} })
}

// RoleChangeDone takes a change out of the outbox. One that is gone is no error.
func (s *Store) RoleChangeDone(ctx context.Context, id int64) error {
	st := new(statement)
	st.write("DELETE FROM role_changes WHERE id = ", st.arg(id))
	if _, err := s.exec(ctx, s.db, st); err != nil {
		return failed(ctx, "clearing the outbox", err)
	}
	return nil
}
