package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// applications names the list in its cursors, which an edge of a new application shares.
const applications = "Account.applications"

func (r account) Applications(ctx context.Context, _ *model.Account, first *int, after *string, friendlyName *string) (*model.ApplicationConnection, error) {
	f := upstream.ApplicationFilter{FriendlyName: friendlyName}
	c, err := r.connect(ctx, applications, first, after, f)
	if err != nil {
		return nil, err
	}
	found, err := r.Upstream.Applications(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, found, applicationEdge)
	return &model.ApplicationConnection{Edges: all, PageInfo: info}, nil
}

func applicationEdge(cursor string, a model.Application) *model.ApplicationEdge {
	return &model.ApplicationEdge{Cursor: cursor, Node: a}
}

func (r mutation) CreateApplication(ctx context.Context, input model.CreateApplicationInput) (*model.CreateApplicationPayload, error) {
	made, err := r.Upstream.CreateApplication(ctx, change(ctx, "application", "applicationEdge.node"), input)
	if err != nil {
		return nil, err
	}
	cursor, err := r.cursor(ctx, applications, made.Position, upstream.ApplicationFilter{})
	if err != nil {
		return nil, err
	}
	return &model.CreateApplicationPayload{Application: made.Object, ApplicationEdge: applicationEdge(cursor, *made.Object)}, nil
}

func (r mutation) UpdateApplication(ctx context.Context, input model.UpdateApplicationInput) (*model.UpdateApplicationPayload, error) {
	sid, err := sidOf("Application", input.ID, "input", "id")
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
	sid, err := sidOf("Application", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	if err := r.Upstream.DeleteApplication(ctx, change(ctx), sid); err != nil {
		return nil, err
	}
	return &model.DeleteApplicationPayload{DeletedApplicationID: input.ID}, nil
}

func (r account) StudioFlows(ctx context.Context, _ *model.Account, first *int, after *string, status *model.StudioFlowStatus) (*model.StudioFlowConnection, error) {
	f := upstream.StudioFlowFilter{Status: status}
	c, err := r.connect(ctx, "Account.studioFlows", first, after, f)
	if err != nil {
		return nil, err
	}
	flows, err := r.Upstream.StudioFlows(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, flows, func(cursor string, f model.StudioFlow) *model.StudioFlowEdge {
		return &model.StudioFlowEdge{Cursor: cursor, Node: f}
	})
	return &model.StudioFlowConnection{Edges: all, PageInfo: info}, nil
}

func (r account) FunctionServices(ctx context.Context, _ *model.Account, first *int, after *string) (*model.FunctionServiceConnection, error) {
	c, err := r.connect(ctx, "Account.functionServices", first, after, nil)
	if err != nil {
		return nil, err
	}
	services, err := r.Upstream.FunctionServices(ctx, scope(ctx, "edges.node"), c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, services, func(cursor string, s model.FunctionService) *model.FunctionServiceEdge {
		return &model.FunctionServiceEdge{Cursor: cursor, Node: s}
	})
	return &model.FunctionServiceConnection{Edges: all, PageInfo: info}, nil
}

// Functions lists those of one service, to which its cursors are bound too.
func (r functionService) Functions(ctx context.Context, s *model.FunctionService, first *int, after *string) (*model.FunctionConnection, error) {
	f := upstream.FunctionFilter{ServiceSID: &s.Sid}
	c, err := r.connect(ctx, "FunctionService.functions", first, after, f)
	if err != nil {
		return nil, err
	}
	functions, err := r.Upstream.Functions(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, functions, func(cursor string, f model.Function) *model.FunctionEdge {
		return &model.FunctionEdge{Cursor: cursor, Node: f}
	})
	return &model.FunctionConnection{Edges: all, PageInfo: info}, nil
}
