package upstream

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
)

// SimFilter narrows the list of SIMs; nil fields do not.
type SimFilter struct {
	Status          *model.SimStatus
	FleetSid, Iccid *string
}

// FleetFilter narrows the list of fleets; nil fields do not.
type FleetFilter struct{ NetworkAccessProfileSid *string }

// IoT serves the account's SIMs, its fleets and its network access profiles, each newest first.
//
// A global id in an input that names no object of the account is NOT_FOUND, and a unique
// name that another object of the type has is a CONFLICT.
type IoT interface {
	Sims(ctx context.Context, s Scope, f SimFilter, p Page) (List[model.Sim], error)
	Sim(ctx context.Context, s Scope, sid string) (*model.Sim, error)
	UpdateSim(ctx context.Context, c Change, sid string, n model.UpdateSimInput) (*model.Sim, error)
	Fleets(ctx context.Context, s Scope, f FleetFilter, p Page) (List[model.Fleet], error)
	Fleet(ctx context.Context, s Scope, sid string) (*model.Fleet, error)
	CreateFleet(ctx context.Context, c Change, n model.CreateFleetInput) (Made[model.Fleet], error)
	UpdateFleet(ctx context.Context, c Change, sid string, n model.UpdateFleetInput) (*model.Fleet, error)
	NetworkAccessProfiles(ctx context.Context, s Scope, p Page) (List[model.NetworkAccessProfile], error)
	NetworkAccessProfile(ctx context.Context, s Scope, sid string) (*model.NetworkAccessProfile, error)
	CreateNetworkAccessProfile(ctx context.Context, c Change, n model.CreateNetworkAccessProfileInput) (Made[model.NetworkAccessProfile], error)
	UpdateNetworkAccessProfile(ctx context.Context, c Change, sid string, n model.UpdateNetworkAccessProfileInput) (*model.NetworkAccessProfile, error)
}
