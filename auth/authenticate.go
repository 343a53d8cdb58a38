package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
)

// Authenticate says who an access token stands for, by what the session store says of its session now. The
// errors are ErrBadToken, ErrExpiredToken, ErrStaleToken and ErrSessionEnded, and
// SERVICE_UNAVAILABLE when Redis does not answer; the Principal is then a guest.
func (s *Service) Authenticate(ctx context.Context, rawToken string) (Principal, error) {
	p, err := s.authenticate(ctx, rawToken)
	if err != nil {
		return Principal{}, err
	}
	return *p, nil
}

// authenticate is Authenticate for a Principal that others have too, and that nobody changes.
func (s *Service) authenticate(ctx context.Context, rawToken string) (*Principal, error) {
	ctx, done := s.observe(ctx, StepCheck)
	p, err := s.check(ctx, rawToken)
	done(resultOf(err))
	return p, err
}

func (s *Service) check(ctx context.Context, rawToken string) (*Principal, error) {
	t, err := s.verified.Verify(rawToken)
	switch {
	case errors.Is(err, token.ErrExpired), errors.Is(err, ErrExpiredToken):
		return nil, ErrExpiredToken
	case err != nil:
		return nil, ErrBadToken
	}
	if k := t.Made.Load(); k != nil && k.principal.Issuer != "" {
		return s.outsider(ctx, t, &k.principal)
	}
	live, err := s.lookup(ctx, t.Subject, t.SessionID)
	if err != nil {
		if errors.Is(err, session.ErrNotFound) {
			s.verified.Forget(t)
		}
		return nil, refusalOf(err)
	}
	if k := t.Made.Load(); k != nil && alike(&k.of, &live) {
		return &k.principal, nil
	}
	if live.Holder() != t.Subject || live.OAuthClient != t.ClientID || live.Account != t.Account ||
		live.Policy != s.version || !sameRoles(told(live), t.Roles) {
		return nil, ErrStaleToken
	}
	p, err := s.principal(live, t.ExpiresAt)
	if err != nil {
		return nil, err
	}
	k := &known{live, p}
	t.Made.Store(k)
	return &k.principal, nil
}

// known is whom a token stands for as long as its session is like this one. An outsider's session says nothing of them.
type known struct {
	of        session.Session
	principal Principal
}

// alike says whether two records of a session say the same of all that is compared with a token, or goes into a Principal.
func alike(a, b *session.Session) bool {
	return a.ID == b.ID && a.User == b.User && a.OAuthClient == b.OAuthClient && a.Account == b.Account &&
		a.Policy == b.Policy && a.Grants == b.Grants && slices.Equal(a.Roles, b.Roles)
}

// refusalOf says what an error of a look-up means for who asked.
func refusalOf(err error) error {
	switch {
	case errors.Is(err, session.ErrNotFound):
		return ErrSessionEnded
	case errors.Is(err, session.ErrStale):
		return ErrStaleToken
	}
	return unavailable(err)
}

// lookup finds a session, in less than a second when Redis is away.
func (s *Service) lookup(ctx context.Context, holder, sid string) (session.Session, error) {
	ctx, done := s.observe(ctx, StepLookup)
	live, err := s.sessions.Lookup(ctx, holder, sid)
	done(resultOf(err))
	return live, err
}

func (s *Service) principal(of session.Session, expires time.Time) (Principal, error) {
	roles := make([]policy.Role, len(of.Roles))
	for i, role := range of.Roles {
		roles[i] = policy.Role(role)
	}
	set, err := s.held(of, roles)
	if err != nil {
		return Principal{}, ErrStaleToken
	}
	p := Principal{
		User: of.User, Client: of.OAuthClient, Account: of.Account, Session: of.ID, Roles: roles, Set: set, Expires: expires,
	}
	if p.Client != "" {
		p.Roles, p.Creator = nil, roles
	}
	return p, nil
}

// sameRoles compares roles without regard to order.
func sameRoles(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
