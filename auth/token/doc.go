// Package token issues and verifies Fieldgate's access tokens.
//
// An access token is a JWT (RFC 7519) in the profile of RFC 9068: signed with EdDSA on Ed25519 (RFC 8037), of type
// "at+jwt", ten minutes long. It names a session; whether that session still lives, and still holds these roles, is for
// the session package to say. Verification follows RFC 8725: what is accepted is written down, all else is refused.
//
// Package jws checks the form and the signature; golang-jwt signs. A Cache remembers what was verified.
package token

import (
	"errors"
	"fmt"
	"time"
)

const (
	// TTL is how long an access token is valid from its issue.
	TTL = 10 * time.Minute
	// Leeway is how far two machines' clocks may differ when times are compared.
	Leeway = 30 * time.Second
	// MaxSize is the length in bytes of the longest token that is looked at.
	MaxSize = 4096
)

var (
	// ErrInvalid says that a token is not acceptable. The error that wraps it names the reason in words of ours and
	// never holds a byte of the token.
	ErrInvalid = errors.New("token: invalid access token")
	// ErrExpired says that a token was good and is over. It is also ErrInvalid.
	ErrExpired = fmt.Errorf("%w: expired", ErrInvalid)
)

// Claims is what a token says. Times are in UTC and whole seconds.
type Claims struct {
	Issuer    string    // iss: who made the token
	Audience  string    // aud: whom it is for
	Subject   string    // sub: the user or client that acts
	SessionID string    // sid: the session the token belongs to
	Account   string    // account: the account it is bound to
	Roles     []string  // roles: held when the token was issued; may be empty
	IssuedAt  time.Time // iat
	ExpiresAt time.Time // exp
	ID        string    // jti: unique to this token
	ClientID  string    // client_id (RFC 9068): the client that asks for itself, which is the subject then; "" for a user's
}

// invalid makes the error for a refused token; reason must not quote the token.
func invalid(reason string) error {
	return fmt.Errorf("%w: %s", ErrInvalid, reason)
}
