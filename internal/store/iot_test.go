package store_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/relay"
	"github.com/fieldgate/fieldgate/internal/store"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
)

func iotListings(sim model.Sim, fleet model.Fleet) []listing {
	scheduled := model.SimStatusScheduled
	sims := lists("sims", "sims", (*store.Store).Sims, upstream.SimFilter{},
		func(a, b model.Sim) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filtered[model.Sim, upstream.SimFilter]{"status", upstream.SimFilter{Status: &scheduled},
			func(m model.Sim) bool { return m.Status == scheduled }},
		filtered[model.Sim, upstream.SimFilter]{"fleetSid", upstream.SimFilter{FleetSid: sim.FleetSid},
			func(m model.Sim) bool { return holds(m.FleetSid, *sim.FleetSid) }},
		filtered[model.Sim, upstream.SimFilter]{"iccid", upstream.SimFilter{Iccid: &sim.Iccid},
			func(m model.Sim) bool { return m.Iccid == sim.Iccid }})
	fleets := lists("fleets", "fleets", (*store.Store).Fleets, upstream.FleetFilter{},
		func(a, b model.Fleet) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) },
		filtered[model.Fleet, upstream.FleetFilter]{"networkAccessProfileSid",
			upstream.FleetFilter{NetworkAccessProfileSid: &fleet.NetworkAccessProfileSid},
			func(f model.Fleet) bool { return f.NetworkAccessProfileSid == fleet.NetworkAccessProfileSid }})
	profiles := lists("networkAccessProfiles", "network_access_profiles", unfiltered((*store.Store).NetworkAccessProfiles), struct{}{},
		func(a, b model.NetworkAccessProfile) bool { return newest(a.DateCreated, b.DateCreated, a.Sid, b.Sid) })
	return slices.Concat(sims, fleets, profiles)
}

// iot is an account with one profile, one fleet and one SIM that is NEW.
type iot struct {
	s                   *store.Store
	account             string
	profile, fleet, sim string // SIDs
}

func newIoT(t testing.TB, s *store.Store, account string) iot {
	t.Helper()
	profile, err := s.CreateNetworkAccessProfile(t.Context(), changing(everything(account, model.NetworkAccessProfile{})),
		model.CreateNetworkAccessProfileInput{})
	if err != nil {
		t.Fatal(err)
	}
	i := iot{s: s, account: account, profile: profile.Object.Sid, sim: "HS" + strings.Repeat("e", 32)}
	fleet, err := s.CreateFleet(t.Context(), i.change(model.Fleet{}), model.CreateFleetInput{
		NetworkAccessProfileID: relay.GlobalID("NetworkAccessProfile", i.profile),
	})
	if err != nil {
		t.Fatal(err)
	}
	i.fleet = fleet.Object.Sid
	exec(t, s, "INSERT INTO sims (sid, account_sid, iccid, status, data_upload, data_download, data_total, date_created, date_updated)"+
		" VALUES ($1, $2, '89999', 'NEW', 0, 0, 0, 0, 0)", i.sim, account)
	return i
}

func (i iot) change(object any) upstream.Change { return changing(everything(i.account, object)) }

// is brings the SIM into a state.
func (i iot) is(t *testing.T, status model.SimStatus, fleet bool) {
	t.Helper()
	var in any
	if fleet {
		in = i.fleet
	}
	exec(t, i.s, "UPDATE sims SET status = $1, fleet_sid = $2 WHERE sid = $3", string(status), in, i.sim)
}

func (i iot) update(t *testing.T, n model.UpdateSimInput) (*model.Sim, error) {
	t.Helper()
	return i.s.UpdateSim(t.Context(), i.change(model.Sim{}), i.sim, n)
}

// testSimStatuses asks a SIM in each state, with a fleet and without, for each state, and compares with Twilio's words
// (https://www.twilio.com/docs/iot/supersim/how-to-determine-a-super-sims-status), written down here once more.
func testSimStatuses(t *testing.T, s *store.Store) {
	i := newIoT(t, s, demo.Main().SID)
	allowed := []string{
		"NEW READY", "NEW ACTIVE", "READY ACTIVE", "READY INACTIVE", "ACTIVE INACTIVE", "INACTIVE ACTIVE",
		"NEW NEW", "READY READY", "ACTIVE ACTIVE", "INACTIVE INACTIVE", "SCHEDULED SCHEDULED",
	}
	for _, from := range model.AllSimStatus {
		for _, to := range model.AllSimStatus {
			for _, fleet := range []string{"with a fleet", "with none", "with one that comes along"} {
				connects := func(status model.SimStatus) bool {
					return status == model.SimStatusReady || status == model.SimStatusActive
				}
				if connects(from) && fleet != "with a fleet" {
					continue // there is no such SIM
				}
				t.Run(string(from)+" to "+string(to)+" "+fleet, func(t *testing.T) {
					i.is(t, from, fleet == "with a fleet")
					n := model.UpdateSimInput{Status: given(to)}
					if fleet == "with one that comes along" {
						n.FleetID = given(relay.GlobalID("Fleet", i.fleet))
					}
					sim, err := i.update(t, n)
					if slices.Contains(allowed, string(from)+" "+string(to)) && !(connects(to) && fleet == "with none") {
						if err != nil || sim.Status != to {
							t.Fatalf("SIM %+v, error %v", sim, err)
						}
						return
					}
					wantProblem(t, err, problem.BadUserInput, "input", "status")
					for _, from := range model.AllSimStatus {
						if strings.Contains(err.Error(), string(from)) {
							t.Errorf("the error tells the SIM's state: %v", err)
						}
					}
					now, err := s.Sim(t.Context(), everything(i.account, model.Sim{}), i.sim)
					if err != nil || now.Status != from || (now.FleetSid != nil) != (fleet == "with a fleet") {
						t.Errorf("refused, and yet the SIM is %+v, error %v", now, err)
					}
				})
			}
		}
	}
}

// FuzzSimStatuses asks one SIM for one state after another, with a fleet at times, and holds what comes of it to what must be
// true of any SIM, whatever it was asked.
func FuzzSimStatuses(f *testing.F) {
	f.Add([]byte("\x00\x01\x11\x02\x03\x02\x00\x04"))
	f.Add([]byte("\x12\x03\x01\x02"))
	f.Add([]byte("\x03\x13\x11\x03\x01"))
	var all []iot
	for _, db := range storetest.Databases() {
		all = append(all, newIoT(f, db.Demo(f), demo.Second().SID))
	}
	f.Fuzz(func(t *testing.T, asked []byte) {
		for _, i := range all {
			i.is(t, model.SimStatusNew, false)
			before, ready := model.Sim{Status: model.SimStatusNew}, 0
			for _, b := range asked[:min(len(asked), 32)] {
				to := model.AllSimStatus[int(b&0xf)%len(model.AllSimStatus)]
				n := model.UpdateSimInput{Status: given(to)}
				if b&0x10 != 0 {
					n.FleetID = given(relay.GlobalID("Fleet", i.fleet))
				}
				_, err := i.update(t, n)
				now, reading := i.s.Sim(t.Context(), everything(i.account, model.Sim{}), i.sim)
				switch {
				case reading != nil:
					t.Fatal(reading)
				case err == nil && now.Status != to:
					t.Fatalf("asked for %s it is %s", to, now.Status)
				case err != nil && problem.CodeOf(err) != problem.BadUserInput:
					t.Fatal(err)
				case err != nil && (now.Status != before.Status || !reflect.DeepEqual(now.FleetSid, before.FleetSid)):
					t.Fatalf("refused %s, and yet it went from %+v to %+v", to, before, now)
				case now.Status == model.SimStatusNew && before.Status != model.SimStatusNew, now.Status == model.SimStatusScheduled:
					t.Fatalf("it went from %s to %s", before.Status, now.Status)
				case now.Status != model.SimStatusNew && now.FleetSid == nil:
					t.Fatalf("it is %s without a fleet", now.Status)
				}
				if now.Status == model.SimStatusReady && before.Status != model.SimStatusReady {
					ready++
				}
				before = *now
			}
			if ready > 1 {
				t.Fatalf("it had %d trials", ready)
			}
		}
	})
}

// testIoTInput gives each mutation what can be kept and what cannot.
func testIoTInput(t *testing.T, s *store.Store) {
	ctx := t.Context()
	i, other := newIoT(t, s, demo.Main().SID), demo.Second().SID
	profile, fleet := relay.GlobalID("NetworkAccessProfile", i.profile), relay.GlobalID("Fleet", i.fleet)
	theirProfile := relay.GlobalID("NetworkAccessProfile", someSID(t, s, "network_access_profiles", other))
	theirFleet := relay.GlobalID("Fleet", someSID(t, s, "fleets", other))
	taken := "Taken"
	exec(t, s, "UPDATE sims SET unique_name = $1 WHERE sid = $2", taken, someSID(t, s, "sims", i.account))
	exec(t, s, "UPDATE sims SET unique_name = 'Theirs' WHERE sid = $1", someSID(t, s, "sims", other))
	exec(t, s, "UPDATE fleets SET unique_name = 'Theirs' WHERE sid = $1", someSID(t, s, "fleets", other))

	sim := func(n model.UpdateSimInput) error { _, err := i.update(t, n); return err }
	create := func(n model.CreateFleetInput) error {
		_, err := s.CreateFleet(ctx, i.change(model.Fleet{}), n)
		return err
	}
	update := func(n model.UpdateFleetInput) error {
		_, err := s.UpdateFleet(ctx, i.change(model.Fleet{}), i.fleet, n)
		return err
	}
	makeProfile := func(n model.CreateNetworkAccessProfileInput) error {
		_, err := s.CreateNetworkAccessProfile(ctx, i.change(model.NetworkAccessProfile{}), n)
		return err
	}
	changeProfile := func(n model.UpdateNetworkAccessProfileInput) error {
		_, err := s.UpdateNetworkAccessProfile(ctx, i.change(model.NetworkAccessProfile{}), i.profile, n)
		return err
	}
	networks := func(sids ...string) graphql.Omittable[[]string] { return graphql.OmittableOf(sids) }
	network := "HW" + strings.Repeat("0", 32)
	for _, row := range []struct {
		name string
		err  error
		code problem.Code // "" when it is kept
		path string
	}{
		{"a SIM's name", sim(model.UpdateSimInput{UniqueName: given("Mine")}), "", ""},
		{"a name that another account's SIM has", sim(model.UpdateSimInput{UniqueName: given("Theirs")}), "", ""},
		{"a name that another SIM has", sim(model.UpdateSimInput{UniqueName: given(taken)}), problem.Conflict, ""},
		{"an empty name", sim(model.UpdateSimInput{UniqueName: given("")}), problem.BadUserInput, "input.uniqueName"},
		{"no status", sim(model.UpdateSimInput{Status: null[model.SimStatus]()}), problem.BadUserInput, "input.status"},
		{"a fleet", sim(model.UpdateSimInput{FleetID: given(fleet)}), "", ""},
		{"no fleet", sim(model.UpdateSimInput{FleetID: null[string]()}), problem.BadUserInput, "input.fleetId"},
		{"an id of another type", sim(model.UpdateSimInput{FleetID: given(profile)}), problem.BadUserInput, "input.fleetId"},
		{"no id", sim(model.UpdateSimInput{FleetID: given(i.fleet)}), problem.BadUserInput, "input.fleetId"},
		{"another account's fleet", sim(model.UpdateSimInput{FleetID: given(theirFleet)}), problem.NotFound, ""},
		{"no fleet's id", sim(model.UpdateSimInput{FleetID: given(relay.GlobalID("Fleet", "HF1"))}), problem.NotFound, ""},

		{"a fleet with a name", create(model.CreateFleetInput{NetworkAccessProfileID: profile, UniqueName: given(taken)}), "", ""},
		{"another fleet with another name", create(model.CreateFleetInput{NetworkAccessProfileID: profile, UniqueName: given("New")}), "", ""},
		{"a fleet's name again", create(model.CreateFleetInput{NetworkAccessProfileID: profile, UniqueName: given(taken)}), problem.Conflict, ""},
		{"a fleet of another account's profile", create(model.CreateFleetInput{NetworkAccessProfileID: theirProfile}), problem.NotFound, ""},
		{"a fleet of no profile", create(model.CreateFleetInput{NetworkAccessProfileID: fleet}), problem.BadUserInput, "input.networkAccessProfileId"},
		{"a fleet with null for data", create(model.CreateFleetInput{NetworkAccessProfileID: profile, DataEnabled: null[bool]()}),
			problem.BadUserInput, "input.dataEnabled"},

		{"a fleet renamed", update(model.UpdateFleetInput{UniqueName: given("Theirs")}), "", ""},
		{"a fleet renamed to another's name", update(model.UpdateFleetInput{UniqueName: given(taken)}), problem.Conflict, ""},
		{"a fleet to another account's profile", update(model.UpdateFleetInput{NetworkAccessProfileID: given(theirProfile)}), problem.NotFound, ""},
		{"a fleet to no profile", update(model.UpdateFleetInput{NetworkAccessProfileID: null[string]()}),
			problem.BadUserInput, "input.networkAccessProfileId"},
		{"the least data", update(model.UpdateFleetInput{DataLimit: given(1)}), "", ""},
		{"the most data", update(model.UpdateFleetInput{DataLimit: given(2_000_000)}), "", ""},
		{"no data", update(model.UpdateFleetInput{DataLimit: given(0)}), problem.BadUserInput, "input.dataLimit"},
		{"too much data", update(model.UpdateFleetInput{DataLimit: given(2_000_001)}), problem.BadUserInput, "input.dataLimit"},
		{"a script for SMS", update(model.UpdateFleetInput{SmsCommandsURL: given("javascript:x")}), problem.BadUserInput, "input.smsCommandsUrl"},
		{"a path for IP", update(model.UpdateFleetInput{IPCommandsURL: given("/x")}), problem.BadUserInput, "input.ipCommandsUrl"},
		{"no method", update(model.UpdateFleetInput{IPCommandsMethod: null[model.HTTPMethod]()}), problem.BadUserInput, "input.ipCommandsMethod"},

		{"a profile with a name", makeProfile(model.CreateNetworkAccessProfileInput{UniqueName: given(taken)}), "", ""},
		{"another profile with another name", makeProfile(model.CreateNetworkAccessProfileInput{UniqueName: given("New"), NetworkSids: networks(network)}), "", ""},
		{"a profile's name again", makeProfile(model.CreateNetworkAccessProfileInput{UniqueName: given(taken)}), problem.Conflict, ""},
		{"a profile renamed to another's name", changeProfile(model.UpdateNetworkAccessProfileInput{UniqueName: given(taken)}), problem.Conflict, ""},
		{"null for networks", changeProfile(model.UpdateNetworkAccessProfileInput{NetworkSids: networks()}), problem.BadUserInput, "input.networkSids"},
		{"an empty list of networks", changeProfile(model.UpdateNetworkAccessProfileInput{NetworkSids: networks([]string{}...)}), "", ""},
		{"a network twice", changeProfile(model.UpdateNetworkAccessProfileInput{NetworkSids: networks(network, network)}),
			problem.BadUserInput, "input.networkSids.1"},
		{"a network with a comma", changeProfile(model.UpdateNetworkAccessProfileInput{NetworkSids: networks(network + "," + network)}),
			problem.BadUserInput, "input.networkSids.0"},
		{"101 networks", changeProfile(model.UpdateNetworkAccessProfileInput{NetworkSids: networks(slices.Repeat([]string{network}, 101)...)}),
			problem.BadUserInput, "input.networkSids"},
	} {
		t.Run(row.name, func(t *testing.T) {
			switch {
			case row.code == "" && row.err != nil:
				t.Error(row.err)
			case row.code != "" && row.path == "":
				wantProblem(t, row.err, row.code)
				if row.code == problem.Conflict && !strings.Contains(row.err.Error(), "already: uniqueName.") {
					t.Errorf("it does not say what is taken: %v", row.err)
				}
			case row.code != "":
				wantProblem(t, row.err, row.code, strings.Split(row.path, ".")...)
			}
		})
	}
	for name, id := range map[string]string{"another account's": someSID(t, s, "sims", other), "nobody's": "HS1"} {
		_, err := s.UpdateSim(ctx, i.change(model.Sim{}), id, model.UpdateSimInput{UniqueName: given("x")})
		t.Run(name+" SIM", func(t *testing.T) { wantProblem(t, err, problem.NotFound) })
	}
}

// testFleets makes a fleet that says nothing and one that says all, and empties what can be emptied.
func testFleets(t *testing.T, s *store.Store) {
	ctx := t.Context()
	i := newIoT(t, s, demo.Main().SID)
	profile := relay.GlobalID("NetworkAccessProfile", i.profile)
	silent, err := s.Fleet(ctx, everything(i.account, model.Fleet{}), i.fleet)
	if err != nil {
		t.Fatal(err)
	}
	want := model.Fleet{
		ID: silent.ID, Sid: silent.Sid, DateCreated: silent.DateCreated, DateUpdated: silent.DateUpdated, NetworkAccessProfileSid: i.profile,
		DataEnabled: true, DataLimit: 1000, DataMetering: "PAYG", SmsCommandsEnabled: true, SmsCommandsMethod: "POST", IPCommandsMethod: "POST",
	}
	if !reflect.DeepEqual(*silent, want) {
		t.Errorf("by default a fleet is %+v, want %+v", *silent, want)
	}
	n := model.CreateFleetInput{
		NetworkAccessProfileID: profile, UniqueName: given("All"), DataEnabled: given(false), DataLimit: given(7), SmsCommandsEnabled: given(false),
		SmsCommandsURL: given("https://example.com/sms"), SmsCommandsMethod: given(model.HTTPMethodGet),
		IPCommandsURL: given("https://example.com/ip"), IPCommandsMethod: given(model.HTTPMethodGet), IdempotencyKey: given("k"),
	}
	all, err := s.CreateFleet(ctx, i.change(model.Fleet{}), n)
	if err != nil {
		t.Fatal(err)
	}
	name, sms, ip := "All", "https://example.com/sms", "https://example.com/ip"
	want = model.Fleet{
		ID: relay.GlobalID("Fleet", all.Object.Sid), Sid: all.Object.Sid, DateCreated: all.Object.DateCreated, DateUpdated: all.Object.DateCreated,
		NetworkAccessProfileSid: i.profile, UniqueName: &name, DataLimit: 7, DataMetering: "PAYG",
		SmsCommandsURL: &sms, SmsCommandsMethod: "GET", IPCommandsURL: &ip, IPCommandsMethod: "GET",
	}
	if !reflect.DeepEqual(*all.Object, want) {
		t.Errorf("made %+v, want %+v", *all.Object, want)
	}
	again, err := s.CreateFleet(ctx, i.change(model.Fleet{}), n)
	if err != nil || again.Fresh || !reflect.DeepEqual(again.Object, all.Object) {
		t.Errorf("repeated: %+v, error %v", again, err)
	}
	emptied, err := s.UpdateFleet(ctx, i.change(model.Fleet{}), all.Object.Sid, model.UpdateFleetInput{
		UniqueName: null[string](), SmsCommandsURL: null[string](), IPCommandsURL: null[string](),
	})
	want.UniqueName, want.SmsCommandsURL, want.IPCommandsURL, want.DateUpdated = nil, nil, nil, emptied.DateUpdated
	if err != nil || !reflect.DeepEqual(*emptied, want) {
		t.Errorf("emptied %+v, want %+v, error %v", emptied, want, err)
	}
}

// testIoTConstraints goes past the program.
func testIoTConstraints(t *testing.T, s *store.Store) {
	i, other := newIoT(t, s, demo.Main().SID), demo.Second().SID
	for _, row := range []struct {
		name, statement string
		args            []any
	}{
		{"a SIM of another account's fleet", "UPDATE sims SET fleet_sid = $1 WHERE sid = $2", []any{someSID(t, s, "fleets", other), i.sim}},
		{"a fleet of another account's profile", "UPDATE fleets SET network_access_profile_sid = $1 WHERE sid = $2",
			[]any{someSID(t, s, "network_access_profiles", other), i.fleet}},
		{"a SIM that is READY without a fleet", "UPDATE sims SET status = 'READY' WHERE sid = $1", []any{i.sim}},
		{"a SIM that is ACTIVE without a fleet", "UPDATE sims SET status = 'ACTIVE' WHERE sid = $1", []any{i.sim}},
		{"a SIM in no state", "UPDATE sims SET status = 'LOST' WHERE sid = $1", []any{i.sim}},
		{"a card twice", "UPDATE sims SET iccid = '89999' WHERE sid = $1", []any{someSID(t, s, "sims", other)}},
		{"a sum that is none", "UPDATE sims SET data_total = 1 WHERE sid = $1", []any{i.sim}},
		{"a bill without a currency", "UPDATE sims SET data_total_billed_micros = 1 WHERE sid = $1", []any{i.sim}},
		{"a fleet without data", "UPDATE fleets SET data_limit = 0 WHERE sid = $1", []any{i.fleet}},
		{"a profile that is gone", "DELETE FROM network_access_profiles WHERE sid = $1", []any{i.profile}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := s.DB().Exec(row.statement, row.args...); err == nil {
				t.Error("the database took it")
			}
		})
	}
}

// testSimBill reads money at the edges as it is written on paper.
func testSimBill(t *testing.T, s *store.Store) {
	i := newIoT(t, s, demo.Main().SID)
	for _, row := range []struct {
		micros, bytes int64
		bill, total   string
	}{
		{1, 0, "0.000001", "0"},
		{300_000, 9_007_199_254_740_993, "0.3", "9007199254740993"}, // more than a float holds
		{9_223_372_036_854_775_807, 9_223_372_036_854_775_807, "9223372036854.775807", "9223372036854775807"},
	} {
		t.Run(row.bill, func(t *testing.T) {
			exec(t, s, "UPDATE sims SET data_total_billed_micros = $1, data_total_billed_unit = 'EUR', data_upload = $2, data_total = $2 WHERE sid = $3",
				row.micros, row.bytes, i.sim)
			sim, err := s.Sim(t.Context(), everything(i.account, model.Sim{}), i.sim)
			if err != nil {
				t.Fatal(err)
			}
			if b := sim.DataTotalBilled; b.Amount.String() != row.bill || b.Currency != "EUR" || sim.DataTotal.String() != row.total {
				t.Errorf("got %v for %v bytes, want %s EUR for %s", b, sim.DataTotal, row.bill, row.total)
			}
		})
	}
}
