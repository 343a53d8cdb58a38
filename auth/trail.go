package auth

import (
	"context"
	"errors"

	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Act is something that is done to a session, for the audit trail. When the trail is told of it, nothing is done yet, and
// a session that is about to be made has no id.
type Act struct {
	Step    Step // StepSignIn, StepClient, StepRefresh, StepSignOut or StepEnd
	Account string
	User    string // whose session it is; for a client, who made it
	Client  string // SID of the client of OAuth, "" for a person
	Session string // id of the session; "" with StepEnd for all of the user's
	Program string // the program that opens it, as it names itself; "" otherwise
}

// actOf is something that is done to a session that there is.
func actOf(step Step, of session.Session) Act {
	return Act{Step: step, Account: of.Account, User: of.User, Client: of.OAuthClient, Session: of.ID}
}

// holder is whose session it is.
func (a Act) holder() string {
	if a.Client != "" {
		return a.Client
	}
	return a.User
}

// Trail writes into the audit trail that something is done to a session, and does it: it calls do once, and its error is
// do's, or says why do was not called. do may complete the Act.
type Trail func(ctx context.Context, a Act, do func(context.Context, *Act) error) error

// Attempts tells the trail that someone tries to open a session, which the Act says nothing of but the step and, if it
// is one, the client of OAuth. The function is called with the error that they get, or nil.
type Attempts func(ctx context.Context, a Act) (context.Context, func(error))

// Keep has the service write what it does, and who tries in vain, into a trail from now on. It is called before the service
// is used.
func (s *Service) Keep(t Trail, a Attempts) { s.trail, s.attempts = t, a }

// act does something to a session, and has the trail write it.
func (s *Service) act(ctx context.Context, a Act, do func(context.Context, *Act) error) error {
	var own error
	err := s.trail(ctx, a, func(ctx context.Context, a *Act) error {
		own = do(ctx, a)
		if errors.Is(own, session.ErrStale) { // nothing was done, which SERVICE_UNAVAILABLE would leave open
			return problem.New(problem.Conflict, "The roles have changed meanwhile.")
		}
		return shown(own)
	})
	if own != nil {
		return own
	}
	return err
}

// unheard is the Attempts of a service that has no other.
func unheard(ctx context.Context, _ Act) (context.Context, func(error)) { return ctx, func(error) {} }

// untold is the Trail of a service that has no other.
func untold(ctx context.Context, a Act, do func(context.Context, *Act) error) error {
	return do(ctx, &a)
}
