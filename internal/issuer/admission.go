package issuer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/fieldgate/fieldgate/internal/identity"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Admission lets people of other issuers in. It may be shared.
type Admission struct {
	issuers *Set
	admit   func(context.Context, identity.Federated) (user string, err error)
	log     *slog.Logger
}

// NewAdmission makes an admission of the people of these issuers; admit is identity.Service's.
func NewAdmission(
	issuers *Set, admit func(context.Context, identity.Federated) (user string, err error), log *slog.Logger,
) *Admission {
	return &Admission{issuers: issuers, admit: admit, log: log}
}

// Any tells whether anybody can be let in.
func (a *Admission) Any() bool { return len(a.issuers.issuers) > 0 }

// ByToken lets in whom a subject token is about, and returns their user and until when a session of theirs lasts.
//
// Errors, whose words may be shown: UNAUTHENTICATED for a token that is not to be believed, FORBIDDEN for someone who
// cannot be let in, and SERVICE_UNAVAILABLE. What the reason was is logged, with the name of the issuer once that is
// known, and without anything of the token or the person.
func (a *Admission) ByToken(ctx context.Context, raw string) (user string, until time.Time, err error) {
	person, err := a.issuers.Verify(ctx, raw)
	if err != nil {
		return "", time.Time{}, a.refuse(ctx, person.Issuer.Name, err)
	}
	return a.let(ctx, person)
}

// let lets in a person who was verified, or has everything taken from them when they hold no role.
func (a *Admission) let(ctx context.Context, p Person) (user string, until time.Time, err error) {
	user, err = a.admit(ctx, identity.Federated{
		Issuer: p.Issuer.Issuer, Subject: p.Subject, Account: p.Issuer.Account, Email: p.Email, Name: p.Name, Roles: p.Roles, Asserted: p.Issued,
	})
	if err == nil && len(p.Roles) == 0 {
		err = ErrNoRole
	}
	if err != nil {
		return "", time.Time{}, a.refuse(ctx, p.Issuer.Name, err)
	}
	return user, a.issuers.now().Add(p.Issuer.Session), nil
}

// refuse logs why someone was not let in, and returns what they may be told.
func (a *Admission) refuse(ctx context.Context, issuer string, err error) error {
	shown := problem.New(problem.Forbidden, "Your identity provider knows you, but you cannot be let in here. Whoever runs the gateway finds the reason in its log.")
	switch code := problem.CodeOf(err); {
	case errors.Is(err, ErrInvalid):
		shown = problem.New(problem.Unauthenticated, "The token of your identity provider is not valid here.")
	case errors.Is(err, ErrNoRole):
		shown = problem.New(problem.Forbidden, "None of the groups that your identity provider has you in gives you a role here.")
	case errors.Is(err, ErrUnavailable):
		shown = problem.New(problem.Unavailable, "Your identity provider cannot be reached right now. Try again in a moment.")
	case errors.Is(err, identity.ErrRemoved):
		shown = problem.New(problem.Forbidden, identity.ErrRemoved.Message)
	case code == problem.Conflict, code == problem.NotFound, code == problem.BadUserInput:
	default:
		return err // of the inside, and not about them
	}
	a.log.InfoContext(ctx, "someone of another issuer was not let in", "requestId", problem.RequestID(ctx), "issuer", issuer, "reason", shorten(err))
	shown.Cause = err
	return shown
}
