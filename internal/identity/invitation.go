package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

const (
	// invitationBytes is how many random bytes the token of an invitation has.
	invitationBytes = 32

	// An invitation is good for at least and at most so long.
	minInvitation = time.Minute
	maxInvitation = 30 * 24 * time.Hour
)

// Invitation lets whoever holds its token set the password of one user, or become one, once.
type Invitation struct {
	// TokenHash is all that is kept of the token: its SHA-256 in hexadecimal.
	TokenHash string
	Created   time.Time
	Expires   time.Time
}

// InvitationFilter narrows the list of invitations; nil fields do not.
type InvitationFilter struct{ Email *string }

// KeptInvitation is what is kept of someone who is invited.
type KeptInvitation struct {
	Invitation
	Email string
	Name  string // "" for none
	Roles []policy.Role
	// Sealed is the token for the mailer: see Sealer.
	Sealed         string
	IdempotencyKey graphql.Omittable[*string]
	// Most is how many invitations an account may have.
	Most int
}

// MayInvite says whether someone, as they stand, may put an invitation to these roles in the place of one to those
// replaced; none of either stands for no invitation.
type MayInvite func(by Member, replaced, roles []policy.Role, onlyOwnerManagesAdministrators bool) error

// Invitations is where invitations are kept. An invitation is good while it has not
// been accepted, revoked or replaced and has not expired; and one to a user while they
// still have the address that it went to and no password. For any other, and for none,
// the answer is NOT_FOUND.
//
// What changes one takes a Change whose account it is in, and writes its audit event in the same transaction. MayInvite
// is asked inside it, and its error undoes everything. Who invites is the user of the change's intent: FORBIDDEN when they
// are none of the account's.
type Invitations interface {
	Invitations(ctx context.Context, s upstream.Scope, f InvitationFilter, p upstream.Page) (upstream.List[model.Invitation], error)
	Invitation(ctx context.Context, s upstream.Scope, sid string) (*model.Invitation, error)
	// Invite keeps an invitation, in the place of one that the address has, with its mail. While it
	// is open, who was removed with this address is admitted again. CONFLICT says that the address is a user's of the account, or that the account has too many.
	Invite(ctx context.Context, c upstream.Change, n KeptInvitation, may MayInvite) (upstream.Made[model.Invitation], error)
	// ResendInvitation gives an invitation n's token, with its mail.
	ResendInvitation(ctx context.Context, c upstream.Change, sid string, n KeptInvitation, may MayInvite) (*model.Invitation, error)
	RevokeInvitation(ctx context.Context, c upstream.Change, sid string, may MayInvite) error

	// Invited tells in which account the invitation with this hash is good at this time. It
	// changes nothing.
	Invited(ctx context.Context, tokenHash string, now time.Time) (account string, err error)
	// AcceptInvitation uses the invitation up and gives its user the password of this
	// PHC string, or makes the user if whoever sent it may still invite to its roles, all or nothing. Of several calls with one hash one succeeds. It
	// returns the user's e-mail address. CONFLICT says that another user has it.
	AcceptInvitation(ctx context.Context, c upstream.Change, tokenHash, passwordHash string, now time.Time, may MayInvite) (email string, err error)
}

// NewInvitation makes an invitation that is good for this long from now, and its token:
// 256 random bits in base64url, which are not kept. A time of less than a minute or more
// than 30 days is BAD_USER_INPUT.
func NewInvitation(now time.Time, good time.Duration) (i Invitation, token string, err error) {
	if good < minInvitation || good > maxInvitation {
		return Invitation{}, "", problem.Input("An invitation is good for a minute at least and 30 days at most.")
	}
	var random [invitationBytes]byte
	rand.Read(random[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(random[:])
	return Invitation{TokenHash: hashOfToken(token), Created: now, Expires: now.Add(good)}, token, nil
}

// hashOfToken is what is kept of a token, and "" for what cannot be one.
func hashOfToken(token string) string {
	if len(token) != base64.RawURLEncoding.EncodedLen(invitationBytes) {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// noInvitation is one answer for every token that is not good, so that it does not tell
// whether there ever was such an invitation.
func noInvitation() error {
	return problem.New(problem.NotFound, "This invitation is not good: it was used or revoked, has expired, was replaced by a newer one, or never was.")
}

// Accept sets the password of the user whom the token invites, or makes the user, and uses the invitation
// up. It returns the user's e-mail address, with which they can sign in from then on. c is a guest's, or
// whoever's: it takes no right.
//
// Errors: NOT_FOUND for any token that is not good, with the same words for all, and
// before the password is looked at; BAD_USER_INPUT at input.password for a password of
// the wrong length, after which the invitation is still good; CONFLICT when another user has the address by now; SERVICE_UNAVAILABLE when
// ctx ended while others' passwords were being hashed. A password that a user has is
// never replaced.
func (s *Service) Accept(ctx context.Context, c upstream.Change, token, password string) (email string, err error) {
	tokenHash := hashOfToken(token)
	if tokenHash == "" {
		return "", noInvitation()
	}
	// To hash a password costs far more than to look for a token, so a guess does not get there.
	account, err := s.users.Invited(ctx, tokenHash, s.now())
	var encoded string
	if err == nil {
		encoded, err = s.HashPassword(ctx, password)
	}
	if err == nil {
		// What is done is done in the account that they come into. One they are signed in to besides is not told of there.
		if c.Account() != account {
			c.Intent.User, c.Intent.Client, c.Intent.Session = "", "", ""
		}
		c = upstream.NewChange(upstream.NewScope(account, c.Fields()), c.Intent)
		email, err = s.users.AcceptInvitation(ctx, c, tokenHash, encoded, s.now(), s.mayInvite)
	}
	// Forbidden is what whoever sent it may not do any more.
	if code := problem.CodeOf(err); code == problem.NotFound || code == problem.Forbidden {
		return "", noInvitation()
	}
	if err != nil {
		return "", fmt.Errorf("identity: accepting an invitation: %w", err)
	}
	s.log.InfoContext(ctx, "an invitation was accepted, and a password set", "requestId", problem.RequestID(ctx))
	return email, nil
}
