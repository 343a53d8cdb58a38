package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func (r account) Sims(ctx context.Context, _ *model.Account, first *int, after *string, status *model.SimStatus, fleetSid, iccid *string) (*model.SimConnection, error) {
	return list[model.SimConnection](ctx, r.Root, first, after, upstream.SimFilter{Status: status, FleetSid: fleetSid, Iccid: iccid}, r.Upstream.Sims)
}

func (r account) Fleets(ctx context.Context, _ *model.Account, first *int, after *string, networkAccessProfileSid *string) (*model.FleetConnection, error) {
	return list[model.FleetConnection](ctx, r.Root, first, after, upstream.FleetFilter{NetworkAccessProfileSid: networkAccessProfileSid}, r.Upstream.Fleets)
}

func (r account) NetworkAccessProfiles(ctx context.Context, _ *model.Account, first *int, after *string) (*model.NetworkAccessProfileConnection, error) {
	return list[model.NetworkAccessProfileConnection](ctx, r.Root, first, after, noFilter{}, unfiltered(r.Upstream.NetworkAccessProfiles))
}

func (r mutation) UpdateSim(ctx context.Context, input model.UpdateSimInput) (*model.UpdateSimPayload, error) {
	sid, err := check.ID("Sim", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	sim, err := r.Upstream.UpdateSim(ctx, change(ctx, "sim"), sid, input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateSimPayload{Sim: sim}, nil
}

func (r mutation) CreateFleet(ctx context.Context, input model.CreateFleetInput) (*model.CreateFleetPayload, error) {
	made, err := r.Upstream.CreateFleet(ctx, change(ctx, "fleet", "fleetEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.CreateFleetPayload{Fleet: made.Object, FleetEdge: newEdge[model.FleetEdge](ctx, r.Root, "Account.fleets", made)}, nil
}

func (r mutation) UpdateFleet(ctx context.Context, input model.UpdateFleetInput) (*model.UpdateFleetPayload, error) {
	sid, err := check.ID("Fleet", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	fleet, err := r.Upstream.UpdateFleet(ctx, change(ctx, "fleet"), sid, input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateFleetPayload{Fleet: fleet}, nil
}

func (r mutation) CreateNetworkAccessProfile(ctx context.Context, input model.CreateNetworkAccessProfileInput) (*model.CreateNetworkAccessProfilePayload, error) {
	made, err := r.Upstream.CreateNetworkAccessProfile(ctx, change(ctx, "networkAccessProfile", "networkAccessProfileEdge.node"), input)
	if err != nil {
		return nil, err
	}
	return &model.CreateNetworkAccessProfilePayload{
		NetworkAccessProfile: made.Object, NetworkAccessProfileEdge: newEdge[model.NetworkAccessProfileEdge](ctx, r.Root, "Account.networkAccessProfiles", made),
	}, nil
}

func (r mutation) UpdateNetworkAccessProfile(ctx context.Context, input model.UpdateNetworkAccessProfileInput) (*model.UpdateNetworkAccessProfilePayload, error) {
	sid, err := check.ID("NetworkAccessProfile", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	profile, err := r.Upstream.UpdateNetworkAccessProfile(ctx, change(ctx, "networkAccessProfile"), sid, input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateNetworkAccessProfilePayload{NetworkAccessProfile: profile}, nil
}
