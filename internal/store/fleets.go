package store

import (
	"context"
	"database/sql"

	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/check"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

// maxDataLimit is in megabytes.
const maxDataLimit = 2_000_000

func fleetTable() table[model.Fleet] {
	type object = model.Fleet
	return table[object]{
		name: "fleets", typeName: "Fleet", account: "account_sid",
		identity: func(f *object) (id, sid *string) { return &f.ID, &f.Sid },
		order:    newestFirst("date_created"),
		columns: []column[object]{
			{"uniqueName", "unique_name", func(f *object) any { return textOrNull[string]{&f.UniqueName} }},
			{"dataEnabled", "data_enabled", func(f *object) any { return (*flag)(&f.DataEnabled) }},
			{"dataLimit", "data_limit", func(f *object) any { return (*number)(&f.DataLimit) }},
			{"dataMetering", "data_metering", func(f *object) any { return (*string)(&f.DataMetering) }},
			{"smsCommandsEnabled", "sms_commands_enabled", func(f *object) any { return (*flag)(&f.SmsCommandsEnabled) }},
			{"smsCommandsUrl", "sms_commands_url", func(f *object) any { return textOrNull[string]{&f.SmsCommandsURL} }},
			{"smsCommandsMethod", "sms_commands_method", func(f *object) any { return (*string)(&f.SmsCommandsMethod) }},
			{"ipCommandsUrl", "ip_commands_url", func(f *object) any { return textOrNull[string]{&f.IPCommandsURL} }},
			{"ipCommandsMethod", "ip_commands_method", func(f *object) any { return (*string)(&f.IPCommandsMethod) }},
			{"networkAccessProfileSid", "network_access_profile_sid", func(f *object) any { return &f.NetworkAccessProfileSid }},
			{"dateCreated", "date_created", func(f *object) any { return (*instant)(&f.DateCreated) }},
			{"dateUpdated", "date_updated", func(f *object) any { return (*instant)(&f.DateUpdated) }},
		},
	}
}

// Fleets lists the account's fleets, newest first.
func (s *Store) Fleets(
	ctx context.Context, scope upstream.Scope, f upstream.FleetFilter, p upstream.Page,
) (upstream.List[model.Fleet], error) {
	return list(ctx, s, &s.fleets, scope, p, equal("network_access_profile_sid", f.NetworkAccessProfileSid))
}

// Fleet reads one of the account's fleets.
func (s *Store) Fleet(ctx context.Context, scope upstream.Scope, sid string) (*model.Fleet, error) {
	return get(ctx, s, &s.fleets, scope, sid)
}

// CreateFleet makes a fleet for the account. What its input does not say is as the table has it by default.
func (s *Store) CreateFleet(ctx context.Context, c upstream.Change, n model.CreateFleetInput) (upstream.Made[model.Fleet], error) {
	return create(ctx, s, c, &s.fleets, creation{prefix: "HF", key: n.IdempotencyKey, input: n, columns: func(tx *sql.Tx) (columns, error) {
		in := s.fleetInput(ctx, tx, c, model.UpdateFleetInput{
			NetworkAccessProfileID: given(n.NetworkAccessProfileID), UniqueName: n.UniqueName, DataLimit: n.DataLimit,
			SmsCommandsURL: n.SmsCommandsURL, SmsCommandsMethod: n.SmsCommandsMethod,
			IPCommandsURL: n.IPCommandsURL, IPCommandsMethod: n.IPCommandsMethod,
		})
		in.flagIf("dataEnabled", "data_enabled", n.DataEnabled)
		in.flagIf("smsCommandsEnabled", "sms_commands_enabled", n.SmsCommandsEnabled)
		return in.done()
	}})
}

// UpdateFleet changes one of the account's fleets.
func (s *Store) UpdateFleet(ctx context.Context, c upstream.Change, sid string, n model.UpdateFleetInput) (*model.Fleet, error) {
	return update(ctx, s, c, &s.fleets, sid, func(tx *sql.Tx) (columns, error) {
		return s.fleetInput(ctx, tx, c, n).done()
	})
}

// fleetInput reads what a fleet is given, be it new or not.
func (s *Store) fleetInput(ctx context.Context, tx *sql.Tx, c upstream.Change, n model.UpdateFleetInput) *input {
	var in input
	if id, ok := n.NetworkAccessProfileID.ValueOK(); ok && in.notNull("networkAccessProfileId", id == nil) {
		profile, err := reference(ctx, s, tx, c, &s.networkAccessProfiles, *id, "networkAccessProfileId")
		in.must(err)
		in.add("networkAccessProfileSid", "network_access_profile_sid", profile)
	}
	in.textOrNull("uniqueName", "unique_name", n.UniqueName, check.Name)
	in.numberIf("dataLimit", "data_limit", n.DataLimit, 1, maxDataLimit)
	in.textOrNull("smsCommandsUrl", "sms_commands_url", n.SmsCommandsURL, check.URL)
	enumIf(&in, "smsCommandsMethod", "sms_commands_method", n.SmsCommandsMethod)
	in.textOrNull("ipCommandsUrl", "ip_commands_url", n.IPCommandsURL, check.URL)
	enumIf(&in, "ipCommandsMethod", "ip_commands_method", n.IPCommandsMethod)
	return &in
}
