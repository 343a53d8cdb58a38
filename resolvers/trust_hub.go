package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) CustomerProfiles(ctx context.Context, _ *model.Account, first *int, after *string, status *model.TrustHubStatus, policySid *string) (*model.CustomerProfileConnection, error) {
	return list[model.CustomerProfileConnection](ctx, r.Root, first, after, upstream.CustomerProfileFilter{Status: status, PolicySid: policySid}, r.Upstream.CustomerProfiles)
}

func (r mutation) CreateCustomerProfile(ctx context.Context, input model.CreateCustomerProfileInput) (*model.CreateCustomerProfilePayload, error) {
	made, err := r.Upstream.CreateCustomerProfile(ctx, change(ctx, "customerProfile", "customerProfileEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.CreateCustomerProfilePayload{CustomerProfile: made.Object, CustomerProfileEdge: newEdge[model.CustomerProfileEdge](ctx, r.Root, "Account.customerProfiles", made)}, nil
}

func (r mutation) SubmitCustomerProfile(ctx context.Context, input model.SubmitCustomerProfileInput) (*model.SubmitCustomerProfilePayload, error) {
	sid, err := check.ID("CustomerProfile", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	profile, err := r.Upstream.SubmitCustomerProfile(ctx, change(ctx, "customerProfile"), sid)
	if err != nil {
		return nil, err
	}
	return &model.SubmitCustomerProfilePayload{CustomerProfile: profile}, nil
}

func (r account) TrustProducts(ctx context.Context, _ *model.Account, first *int, after *string, status *model.TrustHubStatus) (*model.TrustProductConnection, error) {
	return list[model.TrustProductConnection](ctx, r.Root, first, after, upstream.TrustProductFilter{Status: status}, r.Upstream.TrustProducts)
}
