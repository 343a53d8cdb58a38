package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// iotRows are network access profiles, the fleets that use them, and so many SIMs of these fleets.
func iotRows(a Account, count int, today time.Time) []rows {
	r := stream(a.Name + "/IoT")
	profiles := rows{table: "network_access_profiles", columns: []string{
		"sid", "account_sid", "unique_name", "network_sids", "date_created", "date_updated",
	}}
	fleets := rows{table: "fleets", columns: []string{
		"sid", "account_sid", "unique_name", "data_enabled", "data_limit", "sms_commands_enabled", "sms_commands_url", "sms_commands_method",
		"ip_commands_url", "ip_commands_method", "network_access_profile_sid", "date_created", "date_updated",
	}}
	for _, region := range []string{"North America", "Europe", "Everywhere"} {
		made := today.AddDate(-2, 0, -r.IntN(100))
		networks := make([]string, 1+r.IntN(4))
		for i := range networks {
			networks[i] = sid(r, "HW")
		}
		profile := sid(r, "HA")
		profiles.add(profile, a.SID, region, strings.Join(networks, ","), at(made), at(made.AddDate(0, r.IntN(20), 0)))
		for _, what := range []string{"Trailers", "Cold chain"} {
			made := made.AddDate(0, 0, 1+r.IntN(100))
			sms, ip := webhook(r, 70, a, "sms-commands"), webhook(r, 70, a, "ip-commands")
			fleets.add(sid(r, "HF"), a.SID, what+" "+region, r.IntN(10) > 0, pick(r, 250, 500, 1000), r.IntN(3) > 0,
				sms[0], method(sms), ip[0], method(ip), profile, at(made), at(made.AddDate(0, r.IntN(12), 0)))
		}
	}
	return []rows{profiles, fleets, simRows(r, a, fleets, count, today)}
}

// method is how a webhook is called, be there one or not.
func method(webhook []any) any {
	if webhook[1] == nil {
		return "POST"
	}
	return webhook[1]
}

func simRows(r *rand.Rand, a Account, fleets rows, count int, today time.Time) rows {
	t := rows{table: "sims", columns: []string{
		"sid", "account_sid", "unique_name", "iccid", "status", "fleet_sid", "data_upload", "data_download", "data_total",
		"data_total_billed_micros", "data_total_billed_unit", "date_created", "date_updated",
	}}
	for i := range count {
		status := []string{"ACTIVE", "NEW", "ACTIVE", "INACTIVE", "READY", "ACTIVE", "SCHEDULED"}[i%7]
		made := today.Add(-time.Duration(1+r.IntN(2*365*24*60)) * time.Minute)
		changed := made.Add(time.Duration(r.Int64N(int64(today.Sub(made))))).Truncate(time.Second)
		// No country has the code 999, so that nobody has such a card.
		iccid := fmt.Sprintf("89999%010d%04d", r.Int64N(1e10), i)
		name, fleet := maybe(r, 80, fmt.Sprintf("Tracker %04d", i+1)), pick(r, fleets.values...)[0]
		var up, down int64
		var billed, unit any
		switch status {
		case "NEW":
			fleet, changed = nil, made
		case "READY":
			up, down = r.Int64N(100_000), r.Int64N(100_000)
		default:
			up, down = r.Int64N(4e9), r.Int64N(2e9)
			billed, unit = (up+down)/10, currency // ten cents for a megabyte
		}
		t.add(sid(r, "HS"), a.SID, name, iccid, status, fleet, up, down, up+down, billed, unit, at(made), at(changed))
	}
	return t
}
