package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const (
	// changeTimeout bounds the transaction of a change of roles.
	changeTimeout = 10 * time.Second
	// blockTTL is far longer, so that no block ends while its transaction may still commit.
	blockTTL = time.Minute
)

// Actor is who changes something, as their access token says.
type Actor struct {
	SID     string
	Account string
	Roles   []policy.Role
	// Client is the client of OAuth that acts, and SID then who made it; "" for a person.
	Client string
}

// SetRoles gives target, a user of the actor's account, these roles instead of those
// held before, and their sessions too. The roles of a user of another issuer are that
// issuer's to give: they can only be given none, which suspends them at once, until what
// the issuer says of them later has them let in again.
//
// Errors: BAD_USER_INPUT for roles that cannot be held or given; FORBIDDEN when the
// actor may not do this (they must be Owner or Administrator, now and not only when
// they signed in, and no client); NOT_FOUND for a target that is not in the account;
// CONFLICT for one whose roles another issuer gives, who would have them back soon. A change that
// was committed succeeds even when the sessions could not be told: they cannot be used
// until they have been told or refreshed.
//
// c is the change, within the actor's account.
//
// The target's sessions are blocked inside the transaction, once it is certain that
// the change is allowed, and learn of the new roles after the commit. Whatever fails
// in between leaves the target with less access, never with more: the sessions are
// blocked, then stale, and to refresh one reads the roles anew.
func (s *Service) SetRoles(ctx context.Context, actor Actor, c upstream.Change, target string, roles []policy.Role) error {
	if err := actor.Person("changes roles"); err != nil {
		return err
	}
	if err := grantable(roles); err != nil && len(roles) > 0 {
		return err
	}
	if !manages(actor.Roles) {
		return errNotManager()
	}
	return s.carryOut(ctx, func(ctx context.Context, block func(string) (int64, error)) ([]RoleChange, error) {
		return only(s.users.SetRoles(ctx, c, target, roles, func(by, of Member, onlyOwnerManagesAdministrators bool) (int64, error) {
			if err := s.allow(by, of, roles, onlyOwnerManagesAdministrators); err != nil {
				return 0, err
			}
			return block(target)
		}))
	})
}

// change runs a transaction that may change users' roles. It calls block with each user when it is certain to.
type change func(ctx context.Context, block func(user string) (generation int64, err error)) ([]RoleChange, error)

// only is the change of one user's roles, or none if it is of no user.
func only(change RoleChange, err error) ([]RoleChange, error) {
	if change.User == "" {
		return nil, err
	}
	return []RoleChange{change}, err
}

// carryOut runs a change and tells the sessions of it: see SetRoles.
func (s *Service) carryOut(ctx context.Context, run change) error {
	// A client that goes away must not stop a change half-way and leave the block.
	ctx = context.WithoutCancel(ctx)
	changes, err := s.commit(ctx, run)
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	for _, change := range changes {
		switch {
		case err == nil:
			if err := s.settle(ctx, change); err != nil {
				s.log.WarnContext(ctx, "sessions were not told of a change of roles yet", "change", change.ID, "error", err)
			}
		case undone(err):
			if err := s.tell(ctx, change); err != nil {
				s.log.WarnContext(ctx, "sessions stay blocked after a change of roles that was undone", "error", err)
			}
		}
	}
	return err
}

// commit runs the transaction. With an error, and for those whose roles it has not changed after all, come the
// blocks it has left behind, as RoleChanges without an ID.
func (s *Service) commit(ctx context.Context, run change) ([]RoleChange, error) {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	var blocked []RoleChange
	changes, err := run(ctx, func(user string) (int64, error) {
		generation, err := s.sessions.Block(ctx, user, blockTTL)
		if err != nil {
			return 0, &problem.Error{
				Code:    problem.Unavailable,
				Message: "Roles cannot be changed right now, because sessions cannot be reached. Try again in a moment.",
				Cause:   err,
			}
		}
		blocked = slices.DeleteFunc(blocked, func(c RoleChange) bool { return c.User == user }) // by an attempt that collided
		blocked = append(blocked, RoleChange{User: user, Generation: generation})
		return generation, nil
	})
	if err != nil {
		return blocked, fmt.Errorf("identity: changing roles: %w", err)
	}
	for _, left := range blocked {
		if !slices.ContainsFunc(changes, func(c RoleChange) bool { return c.User == left.User }) {
			// An attempt that collided has blocked, and the one that was committed had nothing to change any more.
			changes = append(changes, left)
		}
	}
	return changes, nil
}

// ErrUndone is in the error of a transaction that has certainly changed nothing, whatever its code says.
var ErrUndone = errors.New("identity: the transaction was undone")

// undone tells whether a failed transaction has certainly changed nothing. When that
// is not known, the commit may still be on its way, and lifting the block would give
// the old roles back to the sessions.
func undone(err error) bool {
	if errors.Is(err, ErrUndone) {
		return true
	}
	switch problem.CodeOf(err) {
	case problem.Unavailable, problem.Timeout, problem.Internal:
		return false
	}
	return true
}

// grantable checks that the roles can be held together and be given.
func grantable(roles []policy.Role) error {
	if slices.Contains(roles, policy.Owner) {
		return problem.Input("Ownership is transferred, not granted.", "input", "roles")
	}
	if err := policy.ValidRoles(roles); err != nil {
		return &problem.Error{
			Code: problem.BadUserInput, InputPath: []string{"input", "roles"}, Cause: err,
			Message: "These roles cannot be held together: Administrator stands alone, and at least one role is needed, each once.",
		}
	}
	return nil
}

// manages tells whether these roles let someone manage users.
func manages(roles []policy.Role) bool {
	return slices.Contains(roles, policy.Owner) || slices.Contains(roles, policy.Administrator)
}

func errNotManager() error {
	return problem.New(problem.Forbidden, "Only the Owner and Administrators manage users.")
}

// mayManage says whether by, as they stand, may manage who holds, or is to hold, any of these roles.
func mayManage(by Member, roles []policy.Role, onlyOwnerManagesAdministrators bool) error {
	switch {
	case !manages(by.Roles):
		return errNotManager()
	case slices.Contains(roles, policy.Owner):
		return problem.New(problem.Forbidden, "The Owner is neither changed nor removed. Transfer ownership first.")
	case onlyOwnerManagesAdministrators && slices.Contains(roles, policy.Administrator) && !slices.Contains(by.Roles, policy.Owner):
		return problem.New(problem.Forbidden, "Only the Owner makes, changes or removes an Administrator in this account.")
	}
	return nil
}

// allow says whether by may give of these roles, with both as they stand in the
// transaction.
func (s *Service) allow(by, of Member, roles []policy.Role, onlyOwnerManagesAdministrators bool) error {
	if err := mayManage(by, slices.Concat(of.Roles, roles), onlyOwnerManagesAdministrators); err != nil {
		return err
	}
	switch {
	case of.Issuer != "" && len(roles) > 0:
		return problem.New(problem.Conflict, "This user's roles come from their identity provider, by the groups they are in there. Change those, or give no roles, to suspend the user until the provider lets them in anew.")
	case of.Issuer != "":
		return nil
	case len(roles) == 0:
		return grantable(roles)
	}
	return s.allowGrants(by, of, roles)
}

// allowGrants refuses permissions that the target would gain and the actor lacks. In
// the published matrix there are none, but another may give a role more than
// Administrators have.
func (s *Service) allowGrants(by, of Member, roles []policy.Role) error {
	held, err := s.matrix.Set(by.Roles...)
	if err != nil {
		return fmt.Errorf("identity: the actor's roles: %w", err)
	}
	before, err := s.matrix.Set(of.Roles...)
	if err != nil && len(of.Roles) > 0 {
		return fmt.Errorf("identity: the target's roles: %w", err)
	}
	after, err := s.matrix.Set(roles...)
	if err != nil {
		return fmt.Errorf("identity: the new roles: %w", err)
	}
	for _, grant := range s.matrix.Held(after) {
		for _, action := range grant.Actions {
			gained := !s.matrix.Grants(grant.Permission, action, before)
			if gained && !s.matrix.Grants(grant.Permission, action, held) {
				return problem.New(problem.Forbidden,
					fmt.Sprintf("You cannot grant %s, which you do not hold.", grant.Permission))
			}
		}
	}
	return nil
}
