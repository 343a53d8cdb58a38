package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) Applications(ctx context.Context, _ *model.Account, first *int, after *string, friendlyName *string) (*model.ApplicationConnection, error) {
	return list[model.ApplicationConnection](ctx, r.Root, first, after, upstream.ApplicationFilter{FriendlyName: friendlyName}, r.Upstream.Applications)
}

func (r mutation) CreateApplication(ctx context.Context, input model.CreateApplicationInput) (*model.CreateApplicationPayload, error) {
	made, err := r.Upstream.CreateApplication(ctx, change(ctx, "application", "applicationEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.CreateApplicationPayload{Application: made.Object, ApplicationEdge: newEdge[model.ApplicationEdge](ctx, r.Root, "Account.applications", made)}, nil
}

func (r mutation) UpdateApplication(ctx context.Context, input model.UpdateApplicationInput) (*model.UpdateApplicationPayload, error) {
	sid, err := check.ID("Application", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	a, err := r.Upstream.UpdateApplication(ctx, change(ctx, "application"), sid, input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateApplicationPayload{Application: a}, nil
}

func (r mutation) DeleteApplication(ctx context.Context, input model.DeleteApplicationInput) (*model.DeleteApplicationPayload, error) {
	sid, err := check.ID("Application", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.DeleteApplication(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteApplicationPayload{DeletedApplicationID: input.ID}, nil
}

func (r account) StudioFlows(ctx context.Context, _ *model.Account, first *int, after *string, status *model.StudioFlowStatus) (*model.StudioFlowConnection, error) {
	return list[model.StudioFlowConnection](ctx, r.Root, first, after, upstream.StudioFlowFilter{Status: status}, r.Upstream.StudioFlows)
}

func (r account) FunctionServices(ctx context.Context, _ *model.Account, first *int, after *string) (*model.FunctionServiceConnection, error) {
	return list[model.FunctionServiceConnection](ctx, r.Root, first, after, noFilter{}, unfiltered(r.Upstream.FunctionServices))
}

// Functions lists those of one service, to which its cursors are bound too.
func (r functionService) Functions(ctx context.Context, s *model.FunctionService, first *int, after *string) (*model.FunctionConnection, error) {
	return list[model.FunctionConnection](ctx, r.Root, first, after, upstream.FunctionFilter{ServiceSID: &s.Sid}, r.Upstream.Functions)
}
