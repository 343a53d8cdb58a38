package upstream

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

// PhoneNumberFilter narrows the list of phone numbers; nil fields do not.
type PhoneNumberFilter struct{ PhoneNumber, FriendlyName, Origin *string }

// AvailablePhoneNumberFilter narrows the list of numbers that can be bought, which are of one country; nil fields do not.
type AvailablePhoneNumberFilter struct {
	CountryCode string
	Type        *model.PhoneNumberType
	AreaCode    *string
	// Contains are digits that follow each other in the number: a letter stands for its digit on a telephone, * for any digit.
	Contains             *string
	Voice, Sms, Mms, Fax *bool
}

// PhoneNumbers serves the account's numbers, ordered by SID, and those that it can buy, ordered by number.
type PhoneNumbers interface {
	PhoneNumbers(ctx context.Context, s Scope, f PhoneNumberFilter, p Page) (List[model.PhoneNumber], error)
	PhoneNumber(ctx context.Context, s Scope, sid string) (*model.PhoneNumber, error)
	AvailablePhoneNumbers(ctx context.Context, s Scope, f AvailablePhoneNumberFilter, p Page) (List[model.AvailablePhoneNumber], error)
	// BuyPhoneNumber is a CONFLICT for a number that is not available, be it another account's or no number at all.
	BuyPhoneNumber(ctx context.Context, c Change, n model.BuyPhoneNumberInput) (Made[model.PhoneNumber], error)
	UpdatePhoneNumber(ctx context.Context, c Change, sid string, n model.UpdatePhoneNumberInput) (*model.PhoneNumber, error)
	ReleasePhoneNumber(ctx context.Context, c Change, sid string) error
}
