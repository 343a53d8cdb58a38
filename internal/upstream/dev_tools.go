package upstream

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

// ApplicationFilter narrows the list of applications; nil fields do not.
type ApplicationFilter struct{ FriendlyName *string }

// Applications serves the account's TwiML applications, newest first. A phone number that an
// application answers for has lost its SID once the application is deleted.
type Applications interface {
	Applications(ctx context.Context, s Scope, f ApplicationFilter, p Page) (List[model.Application], error)
	Application(ctx context.Context, s Scope, sid string) (*model.Application, error)
	CreateApplication(ctx context.Context, c Change, n model.CreateApplicationInput) (Made[model.Application], error)
	UpdateApplication(ctx context.Context, c Change, sid string, n model.UpdateApplicationInput) (*model.Application, error)
	DeleteApplication(ctx context.Context, c Change, sid string) error
}

// StudioFlowFilter narrows the list of flows; nil fields do not.
type StudioFlowFilter struct{ Status *model.StudioFlowStatus }

// StudioFlows serves the account's flows, newest first.
type StudioFlows interface {
	StudioFlows(ctx context.Context, s Scope, f StudioFlowFilter, p Page) (List[model.StudioFlow], error)
	StudioFlow(ctx context.Context, s Scope, sid string) (*model.StudioFlow, error)
}

// FunctionFilter narrows the list of Functions; nil fields do not.
type FunctionFilter struct{ ServiceSID *string }

// Functions serves the account's Functions and the services that hold them, newest first.
type Functions interface {
	FunctionServices(ctx context.Context, s Scope, p Page) (List[model.FunctionService], error)
	FunctionService(ctx context.Context, s Scope, sid string) (*model.FunctionService, error)
	Functions(ctx context.Context, s Scope, f FunctionFilter, p Page) (List[model.Function], error)
	Function(ctx context.Context, s Scope, sid string) (*model.Function, error)
}
