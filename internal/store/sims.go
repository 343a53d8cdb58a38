package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func simTable() table[model.Sim] {
	type object = model.Sim
	return table[object]{
		name: "sims", typeName: "Sim", account: "account_sid",
		identity: func(m *object) (id, sid *string) { return &m.ID, &m.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"uniqueName", "unique_name", func(m *object) any { return textOrNull[string]{&m.UniqueName} }},
			{"iccid", "iccid", func(m *object) any { return &m.Iccid }},
			{"status", "status", func(m *object) any { return (*string)(&m.Status) }},
			{"fleetSid", "fleet_sid", func(m *object) any { return textOrNull[string]{&m.FleetSid} }},
			{"dataUpload", "data_upload", func(m *object) any { return (*whole)(&m.DataUpload) }},
			{"dataDownload", "data_download", func(m *object) any { return (*whole)(&m.DataDownload) }},
			{"dataTotal", "data_total", func(m *object) any { return (*whole)(&m.DataTotal) }},
			{"dataTotalBilled", "data_total_billed_micros", func(m *object) any { return amountOrNull{&m.DataTotalBilled} }},
			{"dataTotalBilled", "data_total_billed_unit", func(m *object) any { return currencyOf{&m.DataTotalBilled} }},
			{"dateCreated", "date_created", func(m *object) any { return (*instant)(&m.DateCreated) }},
			{"dateUpdated", "date_updated", func(m *object) any { return (*instant)(&m.DateUpdated) }},
		},
	}
}

// Sims lists the account's SIMs, newest first.
func (s *Store) Sims(
	ctx context.Context, scope upstream.Scope, f upstream.SimFilter, p upstream.Page,
) (upstream.List[model.Sim], error) {
	return list(ctx, s, &s.sims, scope, p, equal("status", f.Status), equal("fleet_sid", f.FleetSid), equal("iccid", f.Iccid))
}

// Sim reads one of the account's SIMs.
func (s *Store) Sim(ctx context.Context, scope upstream.Scope, sid string) (*model.Sim, error) {
	return get(ctx, s, &s.sims, scope, sid)
}

// UpdateSim changes one of the account's SIMs. A state that it does not take from the one that it is in, or not
// without a fleet, is BAD_USER_INPUT.
func (s *Store) UpdateSim(ctx context.Context, c upstream.Change, sid string, n model.UpdateSimInput) (*model.Sim, error) {
	return update(ctx, s, c, &s.sims, sid, func(tx *sql.Tx) (columns, error) {
		now, _, err := locate(ctx, s, tx, &s.sims, upstream.NewScope(c.Account(), policy.NewFields("status", "fleetSid")), sid)
		if err != nil {
			return nil, err
		}
		var in input
		in.textOrNull("uniqueName", "unique_name", n.UniqueName, check.Name)
		if id, ok := n.FleetID.ValueOK(); ok && in.notNull("fleetId", id == nil) {
			fleet, err := reference(ctx, s, tx, c, &s.fleets, *id, "fleetId")
			in.must(err)
			in.add("fleetSid", "fleet_sid", fleet)
			now.FleetSid = &fleet
		}
		enumIf(&in, "status", "status", n.Status)
		if to := n.Status.Value(); to != nil {
			in.must(becomes(now, *to))
		}
		return in.done()
	})
}

// nextStatuses are the states that a client may ask a SIM to take from the one that it is in. READY is a trial, which comes
// before all else or never; what is SCHEDULED is about to change already
// (https://www.twilio.com/docs/iot/supersim/how-to-determine-a-super-sims-status).
var nextStatuses = map[model.SimStatus][]model.SimStatus{
	model.SimStatusNew:      {model.SimStatusReady, model.SimStatusActive},
	model.SimStatusReady:    {model.SimStatusActive, model.SimStatusInactive},
	model.SimStatusActive:   {model.SimStatusInactive},
	model.SimStatusInactive: {model.SimStatusActive},
}

// becomes says by BAD_USER_INPUT that a SIM does not take this state. To stay in its own is no change. The words do not
// tell that one: who may change a SIM need not be who may see it.
func becomes(now *model.Sim, to model.SimStatus) error {
	if to == now.Status {
		return nil
	}
	if !slices.Contains(nextStatuses[now.Status], to) {
		return problem.Input("The SIM does not take this state from the one that it is in.", "input", "status")
	}
	if now.FleetSid == nil && to != model.SimStatusInactive {
		return problem.Input("The SIM needs a fleet to be in this state.", "input", "status")
	}
	return nil
}
