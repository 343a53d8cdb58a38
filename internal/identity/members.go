package identity

import (
	"context"
	"slices"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// Remove removes target, a user of the actor's account, and ends their sessions. Their clients of OAuth and the
// invitations that they sent are gone with them. No issuer brings them back, unless their address
// is invited. An actor who may remove others may remove themselves.
//
// Errors are those of SetRoles but for what is about roles; the sessions end as they are changed there.
func (s *Service) Remove(ctx context.Context, actor Actor, c upstream.Change, target string) error {
	if err := actor.Person("removes users"); err != nil {
		return err
	}
	if !manages(actor.Roles) {
		return errNotManager()
	}
	return s.carryOut(ctx, func(ctx context.Context, block func(string) (int64, error)) ([]RoleChange, error) {
		return only(s.users.RemoveUser(ctx, c, target, func(by, of Member, onlyOwnerManagesAdministrators bool) (int64, error) {
			if err := mayManage(by, of.Roles, onlyOwnerManagesAdministrators); err != nil {
				return 0, err
			}
			return block(target)
		}))
	})
}

// Transfer makes target, another user of the actor's account, its Owner, and the actor, who must be Owner, an Administrator.
//
// Errors: FORBIDDEN for an actor who is not the Owner, now and not only when they signed in, or a client; BAD_USER_INPUT
// at input.userId for who is Owner already; NOT_FOUND for who is not in the account; CONFLICT for one whose roles another
// issuer gives: it could take away what nobody else can give back. Sessions learn of it as in SetRoles.
func (s *Service) Transfer(ctx context.Context, actor Actor, c upstream.Change, target string) error {
	if err := actor.Person("transfers ownership"); err != nil {
		return err
	}
	if !slices.Contains(actor.Roles, policy.Owner) {
		return errNotOwner()
	}
	return s.carryOut(ctx, func(ctx context.Context, block func(string) (int64, error)) ([]RoleChange, error) {
		return s.users.TransferOwnership(ctx, c, target, func(by, of Member) (from, to int64, err error) {
			switch {
			case !slices.Contains(by.Roles, policy.Owner):
				return 0, 0, errNotOwner()
			case by.SID == of.SID:
				return 0, 0, problem.Input("You are the Owner already.", "input", "userId")
			case of.Issuer != "":
				return 0, 0, problem.New(problem.Conflict, "This user's roles come from their identity provider, which gives nobody ownership. Transfer it to a user who signs in here.")
			}
			if from, err = block(by.SID); err != nil {
				return 0, 0, err
			}
			to, err = block(of.SID)
			return from, to, err
		})
	})
}

func errNotOwner() error {
	return problem.New(problem.Forbidden, "Only the Owner transfers ownership.")
}
