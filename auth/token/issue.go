package token

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Authority issues tokens for one issuer and audience, and verifies those it issued. It may be shared.
type Authority struct {
	keys     *Keys
	issuer   string
	audience string
	now      func() time.Time
}

// NewAuthority makes an authority that signs with the newest of keys and writes issuer and audience into every token;
// a token that names another of either is refused. now is the clock, time.Now outside of tests.
func NewAuthority(keys *Keys, issuer, audience string, now func() time.Time) (*Authority, error) {
	if keys == nil || keys.signer == nil || issuer == "" || audience == "" || now == nil {
		return nil, errors.New("token: an authority needs keys, an issuer, an audience and a clock")
	}
	return &Authority{keys: keys, issuer: issuer, audience: audience, now: now}, nil
}

// Issue signs a token for the subject, session, account, roles and client in c, and returns it with the time it expires:
// TTL from now, or at c.ExpiresAt when that comes before. The other claims are set here, whatever c holds. Subject, session
// and account must be given, and a client is its own subject.
func (a *Authority) Issue(c Claims) (raw string, expires time.Time, err error) {
	if c.Subject == "" || c.SessionID == "" || c.Account == "" {
		return "", time.Time{}, errors.New("token: a token needs a subject, a session and an account")
	}
	if c.ClientID != "" && c.ClientID != c.Subject {
		return "", time.Time{}, errors.New("token: a client acts for itself alone")
	}
	roles := c.Roles
	if roles == nil {
		roles = []string{}
	}
	issued := a.now().UTC().Truncate(time.Second)
	expires = issued.Add(TTL)
	if last := c.ExpiresAt.UTC().Truncate(time.Second); !c.ExpiresAt.IsZero() && last.Before(expires) {
		expires = last
	}
	if !expires.After(issued) {
		return "", time.Time{}, errors.New("token: the token would be over before it begins")
	}
	claims := jwt.MapClaims{
		"iss": a.issuer, "aud": a.audience, "sub": c.Subject, "sid": c.SessionID, "account": c.Account, "roles": roles,
		"iat": issued.Unix(), "exp": expires.Unix(), "jti": rand.Text(),
	}
	if c.ClientID != "" {
		claims["client_id"] = c.ClientID
	}
	unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	unsigned.Header = map[string]any{"alg": jwt.SigningMethodEdDSA.Alg(), "typ": "at+jwt", "kid": a.keys.kid}
	if raw, err = unsigned.SignedString(a.keys.signer); err != nil {
		return "", time.Time{}, fmt.Errorf("token: signing: %w", err)
	}
	if len(raw) > MaxSize {
		return "", time.Time{}, fmt.Errorf("token: the claims make a token of more than %d bytes", MaxSize)
	}
	return raw, expires, nil
}
