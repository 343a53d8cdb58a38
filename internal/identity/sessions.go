package identity

import (
	"context"
	"slices"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// MayEndSession says whether the actor may end a session of this user: a user of the
// same account, and the Owner only when the actor is the Owner. A client may end nobody's. A user of another
// account is NOT_FOUND, like one that does not exist.
func (s *Service) MayEndSession(ctx context.Context, actor Actor, user string) error {
	if err := actor.Person("ends sessions"); err != nil {
		return err
	}
	member, err := s.users.MemberOf(ctx, user)
	if err != nil {
		return err
	}
	if member.Account != actor.Account {
		return problem.Missing()
	}
	if slices.Contains(member.Roles, policy.Owner) && member.SID != actor.SID {
		return problem.New(problem.Forbidden, "Nobody but the Owner ends a session of the Owner.")
	}
	return nil
}
