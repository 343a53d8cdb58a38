package auth

import (
	"context"
	"errors"

	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Observer is told what is done about tokens and sessions, for figures and traces, and nothing of whose
// they are. It is called when a step begins, which goes on in the context that it returns; the function is
// called when the step is over.
type Observer func(ctx context.Context, step Step) (context.Context, func(Result))

// Step is something that is done about a token or a session.
type Step string

// The steps.
const (
	StepCheck   Step = "check"  // of an access token, with the look-up of its session
	StepLookup  Step = "lookup" // of its session, in Redis or in what is kept of that
	StepSignIn  Step = "sign_in"
	StepClient  Step = "client" // a client of OAuth signs in
	StepRefresh Step = "refresh"
	StepSignOut Step = "sign_out" // also of a session that another takes the place of
	StepEnd     Step = "end"      // of a session by its id, their own or someone else's
)

// Result is how a step ended.
type Result string

// The results. Not every step can have each.
const (
	OK          Result = "ok"
	Bad         Result = "bad" // no token of ours
	Expired     Result = "expired"
	Stale       Result = "stale"   // roles or policy have changed, or are changing
	Ended       Result = "ended"   // the session is over
	Reused      Result = "reused"  // a refresh token came twice, and its session was ended
	Refused     Result = "refused" // such as for a wrong password
	Limited     Result = "limited" // for there were too many attempts before
	Unavailable Result = "unavailable"
	Failed      Result = "failed" // for a reason that is not shown
)

// Observe has the service tell o from now on. It is called before the service is used.
func (s *Service) Observe(o Observer) { s.observe = o }

// unobserved is the Observer of a service that has no other.
func unobserved(ctx context.Context, _ Step) (context.Context, func(Result)) {
	return ctx, func(Result) {}
}

// resultOf is the result of a step that ended with err.
func resultOf(err error) Result {
	if err == nil {
		return OK
	}
	switch code := problem.CodeOf(err); {
	case errors.Is(err, ErrBadToken):
		return Bad
	case errors.Is(err, ErrExpiredToken):
		return Expired
	case errors.Is(err, ErrStaleToken), errors.Is(err, session.ErrStale):
		return Stale
	case errors.Is(err, session.ErrReused):
		return Reused
	case errors.Is(err, ErrSessionEnded), errors.Is(err, session.ErrNotFound):
		return Ended
	case errors.Is(err, session.ErrUnavailable), code == problem.Unavailable:
		return Unavailable
	case code == problem.RateLimited:
		return Limited
	case code == problem.Internal:
		return Failed
	}
	return Refused
}
