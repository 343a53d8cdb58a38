package auth

import (
	"context"
	"errors"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/token"
)

// Outsider is who an access token of another issuer is about, once it was believed: no user of the gateway's own, and
// so someone who may read what their roles may, and change nothing.
type Outsider struct {
	Issuer    string // the name that the configuration gives it
	User      string // stands where a user's SID does
	Account   string
	Session   string // names the session where sessions are counted; none of the gateway's own has such a name
	Key       string // of the session in Redis: it lives as long as that has a value
	Unchecked bool   // that there is no such key, and the token is good without
	Roles     []policy.Role
	Expires   time.Time // from when on the token is over
}

// Outsiders verifies tokens of other issuers, without asking whether the session lives. Its errors are ErrBadToken and
// ErrExpiredToken.
type Outsiders func(raw string) (Outsider, error)

// Trust has the service accept the tokens of other issuers too. It is called before the service is used.
func (s *Service) Trust(others Outsiders) {
	reading := reading(s.matrix)
	s.verified.Others(func(raw string) (*known, time.Time, error) {
		o, err := others(raw)
		if err != nil {
			return nil, time.Time{}, err
		}
		held, err := s.matrix.Set(o.Roles...)
		if err != nil {
			return nil, time.Time{}, ErrBadToken
		}
		return &known{principal: Principal{
			Issuer: o.Issuer, User: o.User, Account: o.Account, Session: o.Session, Roles: o.Roles, Set: reading.Cut(held), Expires: o.Expires,
			key: o.Key, unchecked: o.Unchecked,
		}}, o.Expires, nil
	})
}

// outsider is whom a token of another issuer stands for, if their session lives.
func (s *Service) outsider(ctx context.Context, t *token.Verified[known], p *Principal) (*Principal, error) {
	err := s.alive(ctx, p)
	if errors.Is(err, ErrSessionEnded) {
		s.verified.Forget(t)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// alive says whether an outsider's session lives, nil for one that does.
func (s *Service) alive(ctx context.Context, p *Principal) error {
	if p.unchecked {
		return nil
	}
	ctx, done := s.observe(ctx, StepLookup)
	err := s.sessions.Plain(ctx, p.key)
	done(resultOf(err))
	if err != nil {
		return refusalOf(err)
	}
	return nil
}

// lookAgain is how often a session of someone else's is looked for that is watched: whoever ends it may not tell the log.
const lookAgain = time.Second

// stillOutside is still for an outsider, whose token is over at until.
func (s *Service) stillOutside(ctx context.Context, p *Principal, until time.Time) (time.Time, error) {
	if p.unchecked {
		return until, nil
	}
	if err := s.alive(ctx, p); err != nil {
		return time.Time{}, err
	}
	return earlier(until, s.now().Add(lookAgain)), nil
}

// reading is what all roles together may read.
func reading(m *policy.Matrix) policy.Set {
	var grants []policy.Grant
	for _, row := range m.Rows() {
		grants = append(grants, policy.Grant{Permission: row.Permission, Actions: []policy.Action{policy.Read}})
	}
	return m.Granted(grants)
}
