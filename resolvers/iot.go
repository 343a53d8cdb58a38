package resolvers

import (
	"context"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// The lists' names in their cursors, which the edge of a new object shares.
const (
	fleets                = "Account.fleets"
	networkAccessProfiles = "Account.networkAccessProfiles"
)

func (r account) Sims(ctx context.Context, _ *model.Account, first *int, after *string, status *model.SimStatus, fleetSid, iccid *string) (*model.SimConnection, error) {
	f := upstream.SimFilter{Status: status, FleetSid: fleetSid, Iccid: iccid}
	c, err := r.connect(ctx, "Account.sims", first, after, f)
	if err != nil {
		return nil, err
	}
	sims, err := r.Upstream.Sims(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, sims, func(cursor string, sim model.Sim) *model.SimEdge {
		return &model.SimEdge{Cursor: cursor, Node: sim}
	})
	return &model.SimConnection{Edges: all, PageInfo: info}, nil
}

func (r account) Fleets(ctx context.Context, _ *model.Account, first *int, after *string, networkAccessProfileSid *string) (*model.FleetConnection, error) {
	f := upstream.FleetFilter{NetworkAccessProfileSid: networkAccessProfileSid}
	c, err := r.connect(ctx, fleets, first, after, f)
	if err != nil {
		return nil, err
	}
	found, err := r.Upstream.Fleets(ctx, scope(ctx, "edges.node"), f, c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, found, fleetEdge)
	return &model.FleetConnection{Edges: all, PageInfo: info}, nil
}

func fleetEdge(cursor string, fleet model.Fleet) *model.FleetEdge {
	return &model.FleetEdge{Cursor: cursor, Node: fleet}
}

func (r account) NetworkAccessProfiles(ctx context.Context, _ *model.Account, first *int, after *string) (*model.NetworkAccessProfileConnection, error) {
	c, err := r.connect(ctx, networkAccessProfiles, first, after, nil)
	if err != nil {
		return nil, err
	}
	profiles, err := r.Upstream.NetworkAccessProfiles(ctx, scope(ctx, "edges.node"), c.page)
	if err != nil {
		return nil, err
	}
	all, info := edges(c, profiles, networkAccessProfileEdge)
	return &model.NetworkAccessProfileConnection{Edges: all, PageInfo: info}, nil
}

func networkAccessProfileEdge(cursor string, profile model.NetworkAccessProfile) *model.NetworkAccessProfileEdge {
	return &model.NetworkAccessProfileEdge{Cursor: cursor, Node: profile}
}

func (r mutation) UpdateSim(ctx context.Context, input model.UpdateSimInput) (*model.UpdateSimPayload, error) {
	sid, err := sidOf("Sim", input.ID, "input", "id")
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
	cursor, err := r.cursor(ctx, fleets, made.Position, upstream.FleetFilter{})
	if err != nil {
		return nil, err
	}
	return &model.CreateFleetPayload{Fleet: made.Object, FleetEdge: fleetEdge(cursor, *made.Object)}, nil
}

func (r mutation) UpdateFleet(ctx context.Context, input model.UpdateFleetInput) (*model.UpdateFleetPayload, error) {
	sid, err := sidOf("Fleet", input.ID, "input", "id")
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
	cursor, err := r.cursor(ctx, networkAccessProfiles, made.Position, nil)
	if err != nil {
		return nil, err
	}
	return &model.CreateNetworkAccessProfilePayload{
		NetworkAccessProfile: made.Object, NetworkAccessProfileEdge: networkAccessProfileEdge(cursor, *made.Object),
	}, nil
}

func (r mutation) UpdateNetworkAccessProfile(ctx context.Context, input model.UpdateNetworkAccessProfileInput) (*model.UpdateNetworkAccessProfilePayload, error) {
	sid, err := sidOf("NetworkAccessProfile", input.ID, "input", "id")
	if err != nil {
		return nil, err
	}
	profile, err := r.Upstream.UpdateNetworkAccessProfile(ctx, change(ctx, "networkAccessProfile"), sid, input)
	if err != nil {
		return nil, err
	}
	return &model.UpdateNetworkAccessProfilePayload{NetworkAccessProfile: profile}, nil
}
