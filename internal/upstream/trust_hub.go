package upstream

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

// CustomerProfileFilter narrows the list of customer profiles; nil fields do not.
type CustomerProfileFilter struct {
	Status    *model.TrustHubStatus
	PolicySid *string
}

// TrustProductFilter narrows the list of trust products; nil fields do not.
type TrustProductFilter struct{ Status *model.TrustHubStatus }

// TrustHub serves who the account is, as it has been reviewed; lists newest first.
type TrustHub interface {
	CustomerProfiles(ctx context.Context, s Scope, f CustomerProfileFilter, p Page) (List[model.CustomerProfile], error)
	CustomerProfile(ctx context.Context, s Scope, sid string) (*model.CustomerProfile, error)
	CreateCustomerProfile(ctx context.Context, c Change, n model.CreateCustomerProfileInput) (Made[model.CustomerProfile], error)
	SubmitCustomerProfile(ctx context.Context, c Change, sid string) (*model.CustomerProfile, error)
	TrustProducts(ctx context.Context, s Scope, f TrustProductFilter, p Page) (List[model.TrustProduct], error)
	TrustProduct(ctx context.Context, s Scope, sid string) (*model.TrustProduct, error)
}
