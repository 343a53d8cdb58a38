package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/fieldgate/fieldgate/internal/problem"
)

const (
	// invitationBytes is how many random bytes the token of an invitation has.
	invitationBytes = 32

	// An invitation is good for at least and at most so long.
	minInvitation = time.Minute
	maxInvitation = 30 * 24 * time.Hour
)

// Invitation lets whoever holds its token set the password of one user, once.
type Invitation struct {
	// TokenHash is all that is kept of the token: its SHA-256 in hexadecimal.
	TokenHash string
	Created   time.Time
	Expires   time.Time
}

// Invitations is where invitations are kept. An invitation is good while it has not
// been accepted, has not expired, is the last one that its user was given, and its user
// still has the address that it went to and no password. For any other, and for none,
// the answer is NOT_FOUND.
type Invitations interface {
	// Invited tells whether the invitation with this hash is good at this time. It
	// changes nothing.
	Invited(ctx context.Context, tokenHash string, now time.Time) error
	// AcceptInvitation uses the invitation up and gives its user the password of this
	// PHC string, both or neither. Of several calls with one hash one succeeds. It
	// returns the user's e-mail address.
	AcceptInvitation(ctx context.Context, tokenHash, passwordHash string, now time.Time) (email string, err error)
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
	return problem.New(problem.NotFound, "This invitation is not good: it was used, has expired, was replaced by a newer one, or never was.")
}

// Accept sets the password of the user whom the token invites, and uses the invitation
// up. It returns the user's e-mail address, with which they can sign in from then on.
//
// Errors: NOT_FOUND for any token that is not good, with the same words for all, and
// before the password is looked at; BAD_USER_INPUT at input.password for a password of
// the wrong length, after which the invitation is still good; SERVICE_UNAVAILABLE when
// ctx ended while others' passwords were being hashed. A password that a user has is
// never replaced.
func (s *Service) Accept(ctx context.Context, token, password string) (email string, err error) {
	tokenHash := hashOfToken(token)
	if tokenHash == "" {
		return "", noInvitation()
	}
	// To hash a password costs far more than to look for a token, so a guess does not get there.
	err = s.users.Invited(ctx, tokenHash, s.now())
	var encoded string
	if err == nil {
		encoded, err = s.HashPassword(ctx, password)
	}
	if err == nil {
		email, err = s.users.AcceptInvitation(ctx, tokenHash, encoded, s.now())
	}
	if problem.CodeOf(err) == problem.NotFound {
		return "", noInvitation()
	}
	if err != nil {
		return "", fmt.Errorf("identity: accepting an invitation: %w", err)
	}
	s.log.InfoContext(ctx, "an invitation was accepted, and a password set", "requestId", problem.RequestID(ctx))
	return email, nil
}
