package auth

import (
	"errors"

	"github.com/fieldgate/fieldgate/auth/session"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// What can be wrong with an access token. They are UNAUTHENTICATED problems whose fixed
// messages may be shown, and may stand in a header as they are (RFC 6750, section 3).
var (
	// ErrBadToken says that this is no token of ours, or not one that can be read.
	ErrBadToken error = problem.New(problem.Unauthenticated, "The access token is not valid.")
	// ErrExpiredToken says that the token is over. To refresh helps.
	ErrExpiredToken error = problem.New(problem.Unauthenticated, "The access token has expired.")
	// ErrStaleToken says that the roles or the policy have changed since the token was
	// issued, or are being changed. To refresh helps.
	ErrStaleToken error = problem.New(problem.Unauthenticated, "The access token is out of date. Refresh it.")
	// ErrSessionEnded says that the session is over or was ended. Only signing in helps.
	ErrSessionEnded error = problem.New(problem.Unauthenticated, "The session has ended. Sign in again.")
)

// errNotSignedIn answers a guest who asks for what needs a session.
func errNotSignedIn() error {
	return problem.New(problem.Unauthenticated, "You are not signed in.")
}

// unavailable says that the sessions cannot be asked, so nothing is allowed.
func unavailable(cause error) error {
	return &problem.Error{
		Code: problem.Unavailable, Message: "Sessions cannot be checked right now. Try again in a moment.", Cause: cause,
	}
}

// shown turns an error of the session store into what a client may be told of it. An
// error of any other source is returned as it is.
func shown(err error) error {
	switch {
	case errors.Is(err, session.ErrNotFound):
		return ErrSessionEnded
	case errors.Is(err, session.ErrStale):
		return &problem.Error{
			Code: problem.Unavailable, Message: "Your roles are being changed right now. Try again in a moment.", Cause: err,
		}
	case errors.Is(err, session.ErrUnavailable):
		return unavailable(err)
	}
	return err
}
