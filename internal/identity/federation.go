package identity

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Federated is someone as another issuer says who they are. The issuer and the subject together are them, and nothing
// else is: an e-mail address can be given to somebody else there.
type Federated struct {
	Issuer  string // the claim iss
	Subject string
	Account string // SID of the account that the issuer's people belong to; "" for the only one there is
	Email   string // "" for none that can be used
	Name    string
	Roles   []policy.Role // none takes away all that they hold
	// Asserted is when the issuer said so. What it said before the last that was taken counts for nothing.
	Asserted time.Time
}

// ErrRemoved is FORBIDDEN for who was removed from an account, while their address is not invited there.
var ErrRemoved = problem.New(problem.Forbidden, "You were removed from this account. An Administrator lets you in again by inviting you.")

// Federation is where those are kept who come from other issuers.
type Federation interface {
	// Admit finds the user that a Federated is, or makes one without a password, and keeps their address, name and
	// roles as they are now, with the audit event of what has changed, all in one serializable transaction that is tried again when it collides with another.
	// An address that is not to be had leaves who is known with the one they have. Someone with no roles is nobody (user
	// is ""): who is known, and not the Owner, is suspended then, until they are admitted with roles. block is called with the user when their roles change; its error undoes everything, and the generation that it
	// returns is kept with the change in the outbox. A RoleChange of no user says that no roles changed, as those of a
	// new user have not, and as an Owner's never do here.
	//
	// ErrRemoved says that they, or who had their address, were removed from the account, and that the address is not invited. CONFLICT says that something newer is known of them, that the address of who comes first is another user's, to whom
	// they are never linked, or that they are known in another account; BAD_USER_INPUT that who comes first has no
	// address; NOT_FOUND that there is no such account, or that none was named and there are several.
	Admit(ctx context.Context, f Federated, block func(user string) (generation int64, err error)) (user string, change RoleChange, err error)
}

// Admit lets in who comes from another issuer, makes a user of them when they come first, and returns the user's SID.
// When their roles have changed since, their sessions are told as of any change of roles: see SetRoles. Who has none is
// not let in, with no error and no user: what they had is taken from them, and their sessions end.
//
// Errors: BAD_USER_INPUT for roles that cannot be held together, those of Federation.Admit, and SERVICE_UNAVAILABLE when roles change and sessions cannot be reached.
func (s *Service) Admit(ctx context.Context, f Federated) (user string, err error) {
	if f.Email, err = checkEmail(f.Email); err != nil {
		f.Email = ""
	}
	if f.Name = displayName(f.Name); f.Name == "" {
		f.Name, _, _ = strings.Cut(f.Email, "@")
	}
	if len(f.Roles) > 0 {
		if err := grantable(f.Roles); err != nil {
			return "", err
		}
	}
	err = s.carryOut(ctx, func(ctx context.Context, block func(string) (int64, error)) ([]RoleChange, error) {
		var change RoleChange
		user, change, err = s.users.Admit(ctx, f, block)
		return only(change, err)
	})
	if err != nil || len(f.Roles) == 0 {
		return "", err
	}
	if err := s.users.SignedIn(ctx, user, s.now()); err != nil {
		s.log.WarnContext(ctx, "the time of a sign-in was not noted", "error", err)
	}
	return user, nil
}

// displayName makes a name of what another issuer calls someone, "" when that cannot be.
func displayName(name string) string {
	if runes := []rune(name); utf8.ValidString(name) && len(runes) > maxName {
		name = string(runes[:maxName])
	}
	name, err := checkName(name, "The name")
	if err != nil {
		return ""
	}
	return name
}
