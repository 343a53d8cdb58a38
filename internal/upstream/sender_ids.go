package upstream

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

// SenderIDFilter narrows the list of registrations of sender IDs; nil fields do not.
type SenderIDFilter struct {
	Status               *model.SenderIDStatus
	IsoCountry, SenderID *string
}

// SenderIDs serves the account's registrations of alphanumeric sender IDs, newest first.
type SenderIDs interface {
	SenderIDRegistrations(ctx context.Context, s Scope, f SenderIDFilter, p Page) (List[model.SenderIDRegistration], error)
	SenderIDRegistration(ctx context.Context, s Scope, sid string) (*model.SenderIDRegistration, error)
	// SubmitSenderIDRegistration is a CONFLICT while there is one of the same sender ID and country that was not rejected.
	SubmitSenderIDRegistration(ctx context.Context, c Change, n model.SubmitSenderIDRegistrationInput) (Made[model.SenderIDRegistration], error)
	DeleteSenderIDRegistration(ctx context.Context, c Change, sid string) error
}
