package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/internal/audit"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// intent is that of the caller.
func intent(ctx context.Context) audit.Intent {
	p := auth.From(ctx)
	return audit.Intent{User: p.User, Client: p.Client, Session: p.Session, Agent: clientOf(ctx), RequestID: problem.RequestID(ctx)}
}

// Denied notes what an operation was denied.
func (r *Root) Denied(ctx context.Context, denials []engine.Denial) {
	if problem.RequestID(ctx) == "" {
		return // the engine asks itself, at the start
	}
	for _, d := range denials {
		e := audit.Event{Intent: intent(ctx), Account: auth.From(ctx).Account, Count: d.Count}
		e.Coordinate, e.Permission, e.Action = d.Coordinate, d.Rule.Permission, d.Rule.Action
		e.Ended(d.Code)
		r.Audit.Note(e)
	}
}

// Acted is the auth.Trail. What gives access is not done when its intent cannot be written. What takes it away is done all the
// same, and written later; so is what a refresh says, which gives nothing that the user does not hold.
func (r *Root) Acted(ctx context.Context, a auth.Act, do func(context.Context, *auth.Act) error) error {
	e := audit.Event{Intent: audit.From(ctx), Account: a.Account}
	if e.Coordinate == "" { // it does not come through GraphQL
		e.Intent = audit.Intent{Coordinate: string(a.Step), Agent: printable(a.Program), RequestID: problem.RequestID(ctx)}
	}
	if a.Step != auth.StepEnd { // which is done to others too
		e.User, e.Client, e.Session = a.User, a.Client, a.Session
	}
	call := func(ctx context.Context, e *audit.Event) error {
		err := do(ctx, &a)
		e.Change = doneTo(a)
		if a.Step != auth.StepEnd {
			e.Session = a.Session
		}
		return err
	}
	e.Change = doneTo(a)
	switch a.Step {
	case auth.StepSignIn, auth.StepClient:
		return r.Audit.Around(ctx, e, call)
	case auth.StepSignOut, auth.StepEnd:
		r.Audit.IntendAnyway(ctx, e)
	}
	return r.Audit.Outcome(ctx, e, call)
}

// Attempted is the auth.Attempts. Who is refused at /oauth/token or by an identity provider leaves an event, as who is refused by
// a mutation does anyway: in an account's trail when it is known whom they say they are.
func (r *Root) Attempted(ctx context.Context, a auth.Act) (context.Context, func(error)) {
	if audit.From(ctx).Coordinate != "" {
		return ctx, func(error) {}
	}
	i := audit.NewIntent(audit.Intent{Coordinate: string(a.Step), Agent: printable(a.Program), RequestID: problem.RequestID(ctx)})
	return audit.With(ctx, i), func(err error) {
		if err == nil || i.Written() {
			return
		}
		e := audit.Event{Intent: i}
		if account, user := i.Concerned(); account != "" {
			e.Account, e.User, e.Client = account, user, a.Client
		}
		e.Ended(problem.CodeOf(err))
		r.Audit.Note(e)
	}
}

// doneTo is what something is done to: a session, or all those of a user.
func doneTo(a auth.Act) audit.Change {
	if a.Step == auth.StepEnd && a.Session == "" {
		return audit.Change{Type: "User", SID: a.User}
	}
	return audit.Change{Type: "Session", SID: a.Session}
}
