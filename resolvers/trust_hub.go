package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// customerProfiles names the list in its cursors, which an edge of a new profile shares.
const customerProfiles = "Account.customerProfiles"

func (r account) CustomerProfiles(ctx context.Context, _ *model.Account, first *int, after *string, status *model.TrustHubStatus, policySid *string) (*model.CustomerProfileConnection, error) {
	f := upstream.CustomerProfileFilter{Status: status, PolicySid: policySid}
	c, err := r.connect(ctx, customerProfiles, first, after, f)
	if err != nil {
		return nil, err
	}
	profiles, err := r.Upstream.CustomerProfiles(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, profiles, customerProfileEdge)
	return &model.CustomerProfileConnection{Edges: all, PageInfo: info}, nil
}

func customerProfileEdge(cursor string, p model.CustomerProfile) *model.CustomerProfileEdge {
	return &model.CustomerProfileEdge{Cursor: cursor, Node: p}
}

func (r mutation) CreateCustomerProfile(ctx context.Context, input model.CreateCustomerProfileInput) (*model.CreateCustomerProfilePayload, error) {
	made, err := r.Upstream.CreateCustomerProfile(ctx, change(ctx, "customerProfile", "customerProfileEdge.node"), input)
	if err != nil {
		return nil, err
	}
	cursor, err := r.cursor(ctx, customerProfiles, made.Position, upstream.CustomerProfileFilter{})
	if err != nil {
		return nil, err
	}
	return &model.CreateCustomerProfilePayload{CustomerProfile: made.Object, CustomerProfileEdge: customerProfileEdge(cursor, *made.Object)}, nil
}

func (r mutation) SubmitCustomerProfile(ctx context.Context, input model.SubmitCustomerProfileInput) (*model.SubmitCustomerProfilePayload, error) {
	sid, err := sidOf("CustomerProfile", input.ID, "input", "id")
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
	f := upstream.TrustProductFilter{Status: status}
	c, err := r.connect(ctx, "Account.trustProducts", first, after, f)
	if err != nil {
		return nil, err
	}
	products, err := r.Upstream.TrustProducts(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, products, func(cursor string, p model.TrustProduct) *model.TrustProductEdge {
		return &model.TrustProductEdge{Cursor: cursor, Node: p}
	})
	return &model.TrustProductConnection{Edges: all, PageInfo: info}, nil
}
