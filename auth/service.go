package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// RolesOf reads a user's account and the roles they hold now, from where they are
// decided. A user who is no more is NOT_FOUND.
type RolesOf func(ctx context.Context, user string) (account string, roles []policy.Role, err error)

// Service signs in, refreshes, signs out, and says who a token stands for. It may be
// shared.
type Service struct {
	tokens   *token.Authority
	verified *token.Cache[known]
	sessions *session.Store
	matrix   *policy.Matrix
	version  string
	rolesOf  RolesOf
	log      *slog.Logger
	observe  Observer
	trail    Trail
	attempts Attempts
	now      func() time.Time
	// crossOrigin tells the requests of other sites, by Sec-Fetch-Site or Origin.
	crossOrigin http.CrossOriginProtection
	// listing has a slot for each user whose sessions may be listed at the same time.
	// A page of users lists them for all; requests need connections to Redis too.
	listing chan struct{}
	// checking has a slot for each watched session that is looked up.
	checking chan struct{}
}

// listers is how many users' sessions are listed at the same time.
const listers = 4

// NewService makes a service. policyVersion names the matrix and the rules in force: a
// session made under another version must be refreshed.
func NewService(
	tokens *token.Authority, sessions *session.Store, matrix *policy.Matrix, policyVersion string, rolesOf RolesOf, log *slog.Logger,
) *Service {
	return &Service{
		tokens: tokens, verified: token.NewCache[known](tokens), sessions: sessions, matrix: matrix, version: policyVersion, rolesOf: rolesOf, log: log, now: time.Now,
		observe: unobserved, trail: untold, attempts: unheard,
		listing:  make(chan struct{}, listers),
		checking: make(chan struct{}, checkers),
	}
}

// Tokens is what someone gets who signs in or refreshes.
type Tokens struct {
	Access    string        // goes with each request, as a Bearer token (RFC 6750)
	Refresh   string        // is good for one refresh
	ExpiresIn time.Duration // how long Access is good for
	Session   string        // the session's id, which is no secret
	Ends      time.Time     // when the session ends unless it is refreshed before, and Refresh with it
}

// SignIn makes a session for the user whom authenticate returns, and whose error is
// SignIn's. client says in words for the user what signs in. SERVICE_UNAVAILABLE says
// that sessions cannot be reached or that the user's roles are being changed.
func (s *Service) SignIn(
	ctx context.Context, authenticate func(context.Context) (user string, err error), client string,
) (Tokens, error) {
	return s.SignInUntil(ctx, func(ctx context.Context) (string, time.Time, error) {
		user, err := authenticate(ctx)
		return user, time.Time{}, err
	}, client)
}

// SignInUntil is SignIn for a session that also has an end, which authenticate returns. No refresh moves it past that.
func (s *Service) SignInUntil(
	ctx context.Context, authenticate func(context.Context) (user string, until time.Time, err error), client string,
) (Tokens, error) {
	ctx, done := s.observe(ctx, StepSignIn)
	ctx, ended := s.attempts(ctx, Act{Step: StepSignIn, Program: client})
	tokens, err := func() (Tokens, error) {
		user, until, err := authenticate(ctx)
		if err != nil {
			return Tokens{}, err
		}
		return twice(func() (Tokens, error) { return s.open(ctx, user, until, client) })
	}()
	done(resultOf(err))
	ended(shown(err))
	return tokens, shown(err)
}

// open makes a session with the roles that the user holds now. It ends at until at the latest, unless that is zero.
func (s *Service) open(ctx context.Context, user string, until time.Time, client string) (Tokens, error) {
	generation, account, roles, err := s.read(ctx, user)
	if err != nil {
		return Tokens{}, err
	}
	var made session.Session
	var refresh string
	err = s.act(ctx, Act{Step: StepSignIn, Account: account, User: user, Program: client}, func(ctx context.Context, a *Act) (err error) {
		made, refresh, err = s.sessions.Create(ctx, session.NewSession{
			User: user, Account: account, Roles: roles, Policy: s.version, Client: client, Generation: generation, Until: until,
		})
		a.Session = made.ID
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	return s.issue(made, refresh)
}

// Refresh replaces a refresh token, and gives an access token with the roles that the
// user holds now. UNAUTHENTICATED (ErrSessionEnded) says that the token is not good; one
// that was used before has ended its session (RFC 9700, section 4.14.2).
// SERVICE_UNAVAILABLE says that sessions cannot be reached or that the user's roles are
// being changed; in the latter case the token is still good.
func (s *Service) Refresh(ctx context.Context, refreshToken string) (Tokens, error) {
	ctx, done := s.observe(ctx, StepRefresh)
	tokens, err := twice(func() (Tokens, error) { return s.rotate(ctx, refreshToken) })
	done(resultOf(err))
	return tokens, shown(err)
}

func (s *Service) rotate(ctx context.Context, refreshToken string) (Tokens, error) {
	held, err := s.redeem(ctx, refreshToken)
	if err != nil {
		return Tokens{}, err
	}
	generation, account, roles, err := s.read(ctx, held.User)
	if errors.Is(err, ErrSessionEnded) || err == nil && account != held.Account {
		// The user is gone, or has moved to another account: nothing of this session holds.
		if _, err := s.sessions.End(ctx, held.User, held.ID); err != nil {
			return Tokens{}, err
		}
		return Tokens{}, ErrSessionEnded
	}
	if err != nil {
		return Tokens{}, err
	}
	var rotated session.Session
	var refresh string
	err = s.act(ctx, actOf(StepRefresh, held), func(ctx context.Context, _ *Act) (err error) {
		rotated, refresh, err = s.sessions.Rotate(ctx, refreshToken, roles, s.version, generation)
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	return s.issue(rotated, refresh)
}

// redeem is the session of a refresh token. That one came twice, and so has ended its session, the trail is told.
func (s *Service) redeem(ctx context.Context, refreshToken string) (session.Session, error) {
	held, err := s.sessions.Redeem(ctx, refreshToken)
	if errors.Is(err, session.ErrReused) && held.ID != "" {
		err = s.act(ctx, actOf(StepRefresh, held), func(context.Context, *Act) error { return session.ErrReused })
	}
	return held, err
}

// read returns what the user holds now, and the generation that it belongs to. The
// generation is read first: when the roles change after that, the session store refuses
// to keep what was read here.
func (s *Service) read(ctx context.Context, user string) (generation int64, account string, roles []string, err error) {
	if generation, err = s.sessions.Generation(ctx, user); err != nil {
		return 0, "", nil, err
	}
	account, held, err := s.rolesOf(ctx, user)
	if problem.CodeOf(err) == problem.NotFound {
		return 0, "", nil, ErrSessionEnded
	}
	if err != nil {
		return 0, "", nil, fmt.Errorf("auth: reading roles: %w", err)
	}
	if _, err := s.matrix.Set(held...); err != nil {
		return 0, "", nil, fmt.Errorf("auth: the user's roles: %w", err)
	}
	roles = make([]string, len(held))
	for i, role := range held {
		roles[i] = string(role)
	}
	return generation, account, roles, nil
}

// issue makes the access token of a session.
func (s *Service) issue(of session.Session, refresh string) (Tokens, error) {
	claims := token.Claims{Subject: of.Holder(), ClientID: of.OAuthClient, SessionID: of.ID, Account: of.Account, Roles: told(of)}
	if of.OAuthClient != "" {
		claims.ExpiresAt = of.Expires
	}
	access, expires, err := s.tokens.Issue(claims)
	if err != nil {
		return Tokens{}, fmt.Errorf("auth: %w", err)
	}
	lives := token.TTL
	if of.OAuthClient != "" {
		lives = expires.Sub(s.now())
	}
	return Tokens{Access: access, Refresh: refresh, ExpiresIn: lives, Session: of.ID, Ends: of.Expires}, nil
}

// twice tries once more when the roles changed while they were read, which is over by
// then; but not while they are being changed, which may take longer.
func twice(attempt func() (Tokens, error)) (Tokens, error) {
	tokens, err := attempt()
	if errors.Is(err, session.ErrStale) && !errors.Is(err, session.ErrBlocked) {
		return attempt()
	}
	return tokens, err
}

// SignOut ends the principal's session. One that has ended is no error; a guest is
// UNAUTHENTICATED. When it returns nil, the session can no longer be used.
func (s *Service) SignOut(ctx context.Context, p Principal) error {
	if !p.SignedIn() {
		return errNotSignedIn()
	}
	return shown(s.end(ctx, Act{Step: StepSignOut, Account: p.Account, User: p.User, Client: p.Client, Session: p.Session}))
}

// end ends a session by the will of who has it.
func (s *Service) end(ctx context.Context, a Act) error {
	ctx, done := s.observe(ctx, StepSignOut)
	err := s.act(ctx, a, func(ctx context.Context, a *Act) error {
		_, err := s.sessions.End(ctx, a.holder(), a.Session)
		return err
	})
	done(resultOf(err))
	return err
}

// Abandon ends the session that a refresh token belongs to, because another takes its
// place, if there is such a session. One that cannot be ended now ends when it has been
// idle for long enough.
func (s *Service) Abandon(ctx context.Context, refreshToken string) {
	held, err := s.redeem(ctx, refreshToken)
	if err == nil {
		err = s.end(ctx, actOf(StepSignOut, held))
	}
	if errors.Is(err, session.ErrUnavailable) {
		s.log.WarnContext(ctx, "a session that was replaced could not be ended", "requestId", problem.RequestID(ctx), "error", err)
	}
}

// EndSession ends the user's session sid. NOT_FOUND says that the user has no such
// session; whether the user is one that the caller may touch is for the caller to know.
func (s *Service) EndSession(ctx context.Context, user, sid string) error {
	ctx, done := s.observe(ctx, StepEnd)
	var err error = problem.Missing()
	if session.IsID(sid) { // what is not one is not written into the trail either
		act := Act{Step: StepEnd, Account: From(ctx).Account, User: user, Session: sid}
		err = s.act(ctx, act, func(ctx context.Context, _ *Act) error {
			ended, err := s.sessions.End(ctx, user, sid)
			if err == nil && !ended {
				err = problem.Missing()
			}
			return err
		})
	}
	done(resultOf(err))
	return shown(err)
}

// EndSessions ends all sessions of a user, and the tokens of their clients, and returns how many there were; whether the user
// is one that the caller may touch is for the caller to know.
func (s *Service) EndSessions(ctx context.Context, user string) (int, error) {
	ctx, done := s.observe(ctx, StepEnd)
	ended := 0
	err := s.act(ctx, Act{Step: StepEnd, Account: From(ctx).Account, User: user}, func(ctx context.Context, _ *Act) (err error) {
		ended, err = s.sessions.EndAll(ctx, user)
		return err
	})
	done(resultOf(err))
	return ended, shown(err)
}

// Sessions lists the user's live sessions.
func (s *Service) Sessions(ctx context.Context, user string) ([]session.Session, error) {
	select {
	case s.listing <- struct{}{}:
		defer func() { <-s.listing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	sessions, err := s.sessions.List(ctx, user)
	return sessions, shown(err)
}
