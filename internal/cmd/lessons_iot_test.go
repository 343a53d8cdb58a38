package cmd

import (
	"crypto/rand"
	"fmt"
	"testing"
)

var iotLessons = map[string]lesson{
	"updateSim": {
		harmless: `(input: {id: "x", status: ACTIVE})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			sim := encodeID("Sim", in.row("sims", "HS", vars{
				"iccid": newSID("89"), "status": "NEW", "data_upload": 0, "data_download": 0, "data_total": 0,
			}))
			return attempt{
				input:   fmt.Sprintf(`(input: {id: %q, uniqueName: "after", status: ACTIVE, fleetId: %q})`, sim, makeFleet(t, in)),
				changes: []string{"sims ~1"},
			}
		},
	},
	"createFleet": {
		harmless: `(input: {networkAccessProfileId: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {networkAccessProfileId: %q, dataLimit: 7, idempotencyKey: "once"})`, makeNetworkAccessProfile(t, in)),
				changes: []string{"fleets +1"},
			}
		},
	},
	"updateFleet": {
		harmless: `(input: {id: "x", dataLimit: 1})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input: fmt.Sprintf(`(input: {id: %q, networkAccessProfileId: %q, smsCommandsUrl: "https://example.com/sms"})`,
					makeFleet(t, in), makeNetworkAccessProfile(t, in)),
				changes: []string{"fleets ~1"},
			}
		},
	},
	"createNetworkAccessProfile": {
		harmless: `(input: {uniqueName: ""})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {uniqueName: %q, networkSids: [%q], idempotencyKey: "once"})`, rand.Text(), newSID("HW")),
				changes: []string{"network_access_profiles +1"},
			}
		},
	},
	"updateNetworkAccessProfile": {
		harmless: `(input: {id: "x", uniqueName: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {id: %q, uniqueName: "after", networkSids: []})`, makeNetworkAccessProfile(t, in)),
				changes: []string{"network_access_profiles ~1"},
			}
		},
	},
}

// makeNetworkAccessProfile has the Owner make a network access profile.
func makeNetworkAccessProfile(t *testing.T, in tenant) (id string) {
	t.Helper()
	return in.as(owner).do(`mutation { createNetworkAccessProfile(input: {}) { networkAccessProfile { id } } }`, nil).ok(t).
		text("createNetworkAccessProfile", "networkAccessProfile", "id")
}

// makeFleet has the Owner make a fleet.
func makeFleet(t *testing.T, in tenant) (id string) {
	t.Helper()
	return in.as(owner).do(`mutation($id: ID!) { createFleet(input: {networkAccessProfileId: $id}) { fleet { id } } }`,
		vars{"id": makeNetworkAccessProfile(t, in)}).ok(t).text("createFleet", "fleet", "id")
}
