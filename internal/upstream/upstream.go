// Package upstream says what the gateway stands in front of: one small interface
// for each domain of the account. Every call carries a Scope, the account that it
// is bound to and the fields that it may read; there is no call without one.
//
// Errors are *problem.Error where a client may know of them: NOT_FOUND for what
// the account does not have, CONFLICT, BAD_USER_INPUT with the path of the input,
// NOT_SUPPORTED_BY_UPSTREAM for what an upstream cannot do, SERVICE_UNAVAILABLE.
package upstream

import (
	"context"
	"time"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
)

// Scope binds a call to one account and to the fields of the answer's type that
// the operation selects and the caller may read. Fields go by their names in the
// schema, such as voiceUrl. An upstream reads no other column than these, those
// that identify the object and those that order a list. The zero Scope is of no
// account and so of no data.
type Scope struct {
	account string
	fields  policy.Fields
}

// NewScope is the scope of the fields within the account of this SID.
func NewScope(account string, fields policy.Fields) Scope {
	return Scope{account: account, fields: fields}
}

// Account is the SID of the account.
func (s Scope) Account() string { return s.account }

// Fields are the fields that may be read.
func (s Scope) Fields() policy.Fields { return s.fields }

// Page is what part of a list is asked for.
type Page struct {
	// First is how many items at most, 1 to 1000.
	First int
	// After is the position of the item after which to go on: the values of the
	// columns that the list is ordered by, as List.Position gave them. Nil is the start.
	After []string
}

// List is a page of a list.
type List[T any] struct {
	Items []T
	// Position is where an item stands in the list, to make its cursor of.
	Position func(item int) []string
	// HasNext says whether more items follow.
	HasNext bool
}

// Made is what a create gives: the object with its position in its list, to make the
// cursor of its edge of.
//
// A create that has an idempotency key is harmless when it is repeated: the second call with
// the same key, by the same principal, gets the first one's object and no secret; NOT_FOUND
// if that has been deleted since. The same key with another input is a CONFLICT.
type Made[T any] struct {
	Object   *T
	Position []string
	// Fresh is false when an earlier call with the same idempotency key has made the object.
	Fresh bool
	// Secret is shown this once: nil for what has none, and when it is not Fresh.
	Secret *string
}

// Upstream is all the domains together.
type Upstream interface {
	Accounts
	APIKeys
	Audit
	PhoneNumbers
	SenderIDs
	Billing
	Logs
	Usage
	IoT
	TrustHub
	Applications
	StudioFlows
	Functions
	Flex
}

// AuthToken is an account's new auth token, shown this once, and when it took the old one's place.
type AuthToken struct {
	Secret  string
	Rotated time.Time
}

// Accounts serves the account itself and its settings.
type Accounts interface {
	Account(ctx context.Context, s Scope) (*model.Account, error)
	Settings(ctx context.Context, s Scope) (*model.ProjectSettings, error)
	// UpdateSettings is FORBIDDEN when it touches onlyOwnerManagesAdministrators and is not the Owner's in person.
	UpdateSettings(ctx context.Context, c Change, n model.UpdateProjectSettingsInput) (*model.ProjectSettings, error)
	// RotateAuthToken gives the account another auth token in place of the one it has.
	RotateAuthToken(ctx context.Context, c Change) (AuthToken, error)
}

// APIKeyFilter narrows the list of API keys; nil fields do not.
type APIKeyFilter struct{ FriendlyName *string }

// APIKeys serves the account's API keys, newest first.
type APIKeys interface {
	APIKeys(ctx context.Context, s Scope, f APIKeyFilter, p Page) (List[model.APIKey], error)
	APIKey(ctx context.Context, s Scope, sid string) (*model.APIKey, error)
	CreateAPIKey(ctx context.Context, c Change, n model.CreateAPIKeyInput) (Made[model.APIKey], error)
	UpdateAPIKey(ctx context.Context, c Change, sid string, n model.UpdateAPIKeyInput) (*model.APIKey, error)
	DeleteAPIKey(ctx context.Context, c Change, sid string) error
}

// CallFilter narrows the list of calls; nil fields do not. StartTimeAfter is
// inclusive, StartTimeBefore is not.
type CallFilter struct {
	Sid                             *string
	StartTimeAfter, StartTimeBefore *time.Time
	Status                          *model.CallStatus
	Direction                       *model.CallDirection
	From, To                        *string
}

// MessageFilter narrows the list of messages; nil fields do not. DateCreatedAfter
// is inclusive, DateCreatedBefore is not.
type MessageFilter struct {
	Sid                                 *string
	DateCreatedAfter, DateCreatedBefore *time.Time
	Status                              *model.MessageStatus
	Direction                           *model.MessageDirection
	From, To                            *string
}

// AlertFilter narrows the list of alerts; nil fields do not. DateGeneratedAfter is
// inclusive, DateGeneratedBefore is not.
type AlertFilter struct {
	Sid                                     *string
	DateGeneratedAfter, DateGeneratedBefore *time.Time
	LogLevel                                *model.LogLevel
	ErrorCode                               *string
}

// Logs serves what happened, newest first.
type Logs interface {
	Calls(ctx context.Context, s Scope, f CallFilter, p Page) (List[model.Call], error)
	Call(ctx context.Context, s Scope, sid string) (*model.Call, error)
	Messages(ctx context.Context, s Scope, f MessageFilter, p Page) (List[model.Message], error)
	Message(ctx context.Context, s Scope, sid string) (*model.Message, error)
	Alerts(ctx context.Context, s Scope, f AlertFilter, p Page) (List[model.Alert], error)
	Alert(ctx context.Context, s Scope, sid string) (*model.Alert, error)
}

// LogEvent says that something has been logged, and no more: who follows the logs reads
// of it what they may.
type LogEvent struct {
	Kind model.ProductLogKind
	Sid  string
}

// LogEvents tells what is logged while it happens, in this process or in another one
// that serves the account.
type LogEvents interface {
	// FollowLogs begins a stream of what is logged in the account from now on.
	// SERVICE_UNAVAILABLE says that it cannot be told now.
	FollowLogs(ctx context.Context, account string) (LogStream, error)
}

// LogStream is a stream of events. It belongs to one reader.
type LogStream interface {
	// Next waits for the next event. Its error is the context's, or says why no more
	// events come: SERVICE_UNAVAILABLE when some may have been missed, LIMIT_EXCEEDED when
	// the reader was too slow for them. The events from before come first.
	Next(ctx context.Context) (LogEvent, error)
	// Close ends the stream.
	Close()
}

// LogPublisher is told what has been logged, after it has been stored.
type LogPublisher interface {
	PublishLog(ctx context.Context, account string, e LogEvent) error
}
