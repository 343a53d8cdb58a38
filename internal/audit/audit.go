// Package audit says what is kept of who changed or was denied what: names and SIDs, and
// never a value, a secret or personal data.
package audit

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// Intent is who is about to change something, by which mutation and by what right. Whoever
// makes the change writes its Event with it, in the same transaction, and says so by Wrote.
// The zero Intent is nobody's, and changes nothing.
type Intent struct {
	User    string // SID; for a client of OAuth, of who made it; "" for a guest
	Client  string // SID of the client of OAuth that acts, "" for a person
	Session string // id of the session
	Agent   string // the program, as it names itself

	Coordinate string // Mutation.createApiKey
	Permission policy.Permission
	Action     policy.Action
	RequestID  string

	notes *notes
}

// notes is what becomes known of an intent while it is carried out.
type notes struct {
	written       bool
	account, user string
	intend        func(context.Context, Change)
}

// NewIntent is the intent with a place to note what becomes of it.
func NewIntent(i Intent) Intent {
	i.notes = new(notes)
	return i
}

// OnIntend says what Intend calls.
func (i Intent) OnIntend(call func(context.Context, Change)) { i.notes.intend = call }

// Intend writes that this is about to be done, where no transaction reaches and before one begins. It is for what takes
// access away, and is done whether that can be written or not.
func (i Intent) Intend(ctx context.Context, c Change) {
	if i.notes != nil && i.notes.intend != nil {
		i.notes.intend(ctx, c)
	}
}

// Principal is the SID of who acts: of the client or, where there is none, of the user.
func (i Intent) Principal() string {
	if i.Client != "" {
		return i.Client
	}
	return i.User
}

// Wrote notes that the event of this intent was committed.
func (i Intent) Wrote() {
	if i.notes != nil {
		i.notes.written = true
	}
}

// Written says whether it was.
func (i Intent) Written() bool { return i.notes != nil && i.notes.written }

// Concerns notes whom a guest's intent turned out to be about, who is not told so: the user whose password was tried.
func (i Intent) Concerns(account, user string) {
	if i.notes != nil {
		i.notes.account, i.notes.user = account, user
	}
}

// Concerned is what Concerns has noted.
func (i Intent) Concerned() (account, user string) {
	if i.notes == nil {
		return "", ""
	}
	return i.notes.account, i.notes.user
}

// Change is what a change has changed: a resource, and which of its fields, by their names in the schema.
type Change struct {
	Type   string // ApiKey
	SID    string
	Fields []string
}

// Decision is what was decided.
type Decision string

// The decisions.
const (
	Allowed Decision = "ALLOWED"
	Denied  Decision = "DENIED"
)

// Outcome is what came of it.
type Outcome string

// The outcomes.
const (
	// Done says that it was done.
	Done Outcome = "DONE"
	// Refused says that nothing was done, because it was denied.
	Refused Outcome = "REFUSED"
	// Failed says that nothing was done, for the reason that the event's code gives.
	Failed Outcome = "FAILED"
	// Intended says that something is about to be done where no transaction reaches. Another event follows, with what
	// came of it; where none does, the gateway ended in between.
	Intended Outcome = "INTENT"
	// Unknown says that it may have been done or not: nobody answered in time.
	Unknown Outcome = "UNKNOWN"
	// Dropped says that Count events were not kept, for there were too many at once.
	Dropped Outcome = "DROPPED"
)

// Event is an entry of an account's audit trail.
type Event struct {
	Intent
	Change
	Account  string // SID; "" for what belongs to none, such as what a guest was denied
	Time     time.Time
	Decision Decision
	Outcome  Outcome
	Code     string // of the error, "" when there was none
	Count    int    // how many equal ones this event stands for
}

// EventOf is the event of an intent that was allowed, and has been carried out.
func EventOf(account string, i Intent, c Change, at time.Time) Event {
	return Event{Intent: i, Change: c, Account: account, Time: at, Decision: Allowed, Outcome: Done, Count: 1}
}

// Ended says of an event how it ended, by the code of the error, "" for none.
func (e *Event) Ended(code problem.Code) {
	e.Code = string(code)
	switch code {
	case "":
		e.Decision, e.Outcome = Allowed, Done
	case problem.Forbidden, problem.Unauthenticated:
		e.Decision, e.Outcome = Denied, Refused
	case problem.Unavailable, problem.Timeout, problem.Internal:
		e.Decision, e.Outcome = Allowed, Unknown // what was asked may still be on its way
	default:
		e.Decision, e.Outcome = Allowed, Failed
	}
}

type intentKey struct{}

// With puts the intent of a mutation's field into ctx.
func With(ctx context.Context, i Intent) context.Context {
	return context.WithValue(ctx, intentKey{}, i)
}

// From is the intent that With put there, the zero Intent where there is none.
func From(ctx context.Context) Intent {
	i, _ := ctx.Value(intentKey{}).(Intent)
	return i
}
