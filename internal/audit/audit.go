// Package audit says what is kept of who changed or was denied what: names and SIDs, and
// never a value, a secret or personal data.
package audit

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
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

	written *bool
}

// NewIntent is the intent with a place to note that its event was written.
func NewIntent(i Intent) Intent {
	i.written = new(bool)
	return i
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
	if i.written != nil {
		*i.written = true
	}
}

// Written says whether it was.
func (i Intent) Written() bool { return i.written != nil && *i.written }

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

// Event is an entry of an account's audit trail.
type Event struct {
	Intent
	Change
	Account  string
	Time     time.Time
	Decision Decision
}

// EventOf is the event of an intent that was allowed.
func EventOf(account string, i Intent, c Change, at time.Time) Event {
	return Event{Intent: i, Change: c, Account: account, Time: at, Decision: Allowed}
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
