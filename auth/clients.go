package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/auth/token"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Client is a client of OAuth that has shown who it is.
type Client struct {
	SID     string
	Name    string
	Creator string // the user who made it, and to whose roles it is cut
	Account string
	Grants  []policy.Grant
	Expires time.Time
}

// leastLife is how long a client's token must be good for to be worth having: its times are whole seconds, and it is on its
// way for a part of that.
const leastLife = 5 * time.Second

// clientID is the form of a client's SID. Ids that clients send become part of key names, so nothing else gets there.
var clientID = regexp.MustCompile(`^OC[0-9a-f]{32}$`)

// ErrUnknownClient says that there is no such client, that it has expired, or that whoever made it is gone; in the words
// of identity, which says so of a wrong secret.
var ErrUnknownClient error = problem.New(problem.Unauthenticated, "The client is not known, or its secret is wrong.")

// SignInClient makes a session for the client with this id, whom authenticate returns, and whose error is SignInClient's.
// It lasts for as long as its access token, which cannot be refreshed, and never beyond the client itself; one that ends within
// seconds has none any more. The errors are
// ErrUnknownClient, and SERVICE_UNAVAILABLE as for SignIn.
func (s *Service) SignInClient(ctx context.Context, id string, authenticate func(context.Context) (Client, error)) (Tokens, error) {
	ctx, done := s.observe(ctx, StepClient)
	ctx, ended := s.attempts(ctx, Act{Step: StepClient, Client: id})
	tokens, err := twice(func() (Tokens, error) { return s.openForClient(ctx, id, authenticate) })
	done(resultOf(err))
	ended(shown(err))
	return tokens, shown(err)
}

func (s *Service) openForClient(ctx context.Context, id string, authenticate func(context.Context) (Client, error)) (Tokens, error) {
	if !clientID.MatchString(id) {
		return Tokens{}, ErrUnknownClient
	}
	// First the generations, then what they are of: see read.
	ofClient, err := s.sessions.Generation(ctx, id)
	if err != nil {
		return Tokens{}, err
	}
	client, err := authenticate(ctx)
	if err != nil {
		return Tokens{}, err
	}
	generation, account, roles, err := s.read(ctx, client.Creator)
	if errors.Is(err, ErrSessionEnded) || err == nil && (account != client.Account || client.SID != id) {
		return Tokens{}, ErrUnknownClient
	}
	if err != nil {
		return Tokens{}, err
	}
	now := s.now()
	if client.Expires.Before(now.Add(leastLife)) {
		return Tokens{}, ErrUnknownClient
	}
	grants, err := json.Marshal(client.Grants)
	if err != nil {
		return Tokens{}, fmt.Errorf("auth: grants: %w", err)
	}
	var made session.Session
	act := Act{Step: StepClient, Account: account, User: client.Creator, Client: id}
	err = s.act(ctx, act, func(ctx context.Context, a *Act) (err error) {
		made, err = s.sessions.CreateForClient(ctx, session.NewClientSession{
			NewSession: session.NewSession{
				User: client.Creator, Account: account, Roles: roles, Policy: s.version, Client: client.Name,
				Generation: generation, Until: earlier(client.Expires, now.Add(token.TTL)),
			},
			OAuthClient: id, Grants: string(grants), ClientGeneration: ofClient,
		})
		a.Session = made.ID
		return err
	})
	if err != nil {
		return Tokens{}, err
	}
	return s.issue(made, "")
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// held is what the holder of a session may do: what the roles hold, and for a client no more of it than it was granted.
// An error says that the session is not of this policy.
func (s *Service) held(of session.Session, roles []policy.Role) (policy.Set, error) {
	set, err := s.matrix.Set(roles...)
	if err != nil || of.OAuthClient == "" {
		return set, err
	}
	var grants []policy.Grant
	if err := json.Unmarshal([]byte(of.Grants), &grants); err != nil {
		return policy.Set{}, fmt.Errorf("auth: the grants of a session: %w", err)
	}
	return s.matrix.Granted(grants).Cut(set), nil
}

// told are the roles that the token of a session tells of: those of a user. A client has none, and its token must not
// look as if it had those of whoever made it.
func told(of session.Session) []string {
	if of.OAuthClient != "" {
		return nil
	}
	return of.Roles
}
