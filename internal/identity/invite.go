package identity

import (
	"context"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// maxInvitations is how many open invitations an account may have.
const maxInvitations = 1000

// Mailing says how those who are invited hear of it.
type Mailing struct {
	// Sealer keeps tokens for the mailer; nil where nobody signs in with a password, and a mail has no token.
	Sealer *Sealer
	// Good is how long an invitation is.
	Good time.Duration
	// Show, if it is not nil, is told of each new token. It is for demos: whoever has a token is the invited one.
	Show func(ctx context.Context, token string)
}

// Mailing has people invited so from now on. It is called before the service is used; without it nobody can be invited.
func (s *Service) Mailing(m Mailing) { s.mailing = &m }

// Invitee is someone who is to be invited.
type Invitee struct {
	Email          string
	Name           *string
	Roles          []policy.Role
	IdempotencyKey graphql.Omittable[*string]
}

// Invite invites someone into the actor's account, in the place of an invitation that their address has: its link is dead.
// They become a user when they accept, if the actor may still give these roles then. Who was removed with this address
// may come again from their issuer while the invitation is open.
//
// Errors: BAD_USER_INPUT for an address, a name or roles that cannot be; FORBIDDEN when the actor may not invite to these
// roles, or replace the invitation there is, or is a client; CONFLICT for the address of a user of the account, and when
// the account has too many invitations.
func (s *Service) Invite(ctx context.Context, actor Actor, c upstream.Change, n Invitee) (upstream.Made[model.Invitation], error) {
	none := upstream.Made[model.Invitation]{}
	if err := mayTryToInvite(actor); err != nil {
		return none, err
	}
	var err error
	if n.Email, err = checkEmail(n.Email); err != nil {
		return none, problem.Input(err.Error(), "input", "email")
	}
	name := ""
	if n.Name != nil {
		if name, err = checkName(*n.Name, "The name"); err != nil {
			return none, problem.Input(err.Error(), "input", "name")
		}
	}
	if err := grantable(n.Roles); err != nil {
		return none, err
	}
	kept, show, err := s.newInvitation()
	if err != nil {
		return none, err
	}
	kept.Email, kept.Name, kept.Roles, kept.IdempotencyKey, kept.Most = n.Email, name, n.Roles, n.IdempotencyKey, maxInvitations
	made, err := s.users.Invite(ctx, c, kept, s.mayInvite)
	if made.Fresh {
		show(ctx)
	}
	return made, err
}

// Resend gives an invitation of the actor's account a new link, good for the whole time again. The actor must be one who may
// send such an invitation, and has sent it from now on. Errors are those of Invite, and NOT_FOUND.
func (s *Service) Resend(ctx context.Context, actor Actor, c upstream.Change, sid string) (*model.Invitation, error) {
	if err := mayTryToInvite(actor); err != nil {
		return nil, err
	}
	kept, show, err := s.newInvitation()
	if err != nil {
		return nil, err
	}
	sent, err := s.users.ResendInvitation(ctx, c, sid, kept, s.mayInvite)
	if err == nil {
		show(ctx)
	}
	return sent, err
}

// Revoke takes an invitation of the actor's account back. Errors: NOT_FOUND, and FORBIDDEN when the actor may not manage
// whom it would make.
func (s *Service) Revoke(ctx context.Context, actor Actor, c upstream.Change, sid string) error {
	if err := mayTryToInvite(actor); err != nil {
		return err
	}
	return s.users.RevokeInvitation(ctx, c, sid, s.mayInvite)
}

// mayTryToInvite refuses at once who may invite nobody, as their token says.
func mayTryToInvite(actor Actor) error {
	if err := actor.Person("invites people"); err != nil {
		return err
	}
	if !manages(actor.Roles) {
		return errNotManager()
	}
	return nil
}

// mayInvite is the rule: see MayInvite. It is asked when someone is invited and again when they accept.
func (s *Service) mayInvite(by Member, replaced, roles []policy.Role, onlyOwnerManagesAdministrators bool) error {
	if err := mayManage(by, slices.Concat(replaced, roles), onlyOwnerManagesAdministrators); err != nil || len(roles) == 0 {
		return err
	}
	return s.allowGrants(by, Member{}, roles)
}

// newInvitation makes an invitation with its mail, and what shows its token once it is kept.
func (s *Service) newInvitation() (kept KeptInvitation, show func(context.Context), err error) {
	if s.mailing == nil {
		return kept, nil, problem.New(problem.Unavailable, "Nobody can be invited, because no mails are sent.")
	}
	i, token, err := NewInvitation(s.now(), s.mailing.Good)
	if err != nil {
		return kept, nil, err
	}
	kept.Invitation = i
	if s.mailing.Sealer != nil {
		kept.Sealed = s.mailing.Sealer.seal(token, i.TokenHash)
	}
	return kept, func(ctx context.Context) {
		if s.mailing.Show != nil {
			s.mailing.Show(ctx, token)
		}
	}, nil
}
