package cmd

import (
	"net/http"
	"testing"
)

// TestOnlyOwnerManagesAdministrators: an Administrator holds PROJECT_SETTINGS and could otherwise undo by it what the
// Owner has decided of them.
func TestOnlyOwnerManagesAdministrators(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		p := on.startBare(t)
		in := p.newTenant()
		const update = `mutation($input: UpdateProjectSettingsInput!) { updateProjectSettings(input: $input) {
			settings { friendlyName onlyOwnerManagesAdministrators } } }`
		const read = `{ account { settings { friendlyName onlyOwnerManagesAdministrators } } }`
		const promote = `mutation($id: ID!) { setUserRoles(input: {userId: $id, roles: [ADMINISTRATOR]}) { user { roles } } }`
		only := func(value bool) vars { return vars{"input": vars{"onlyOwnerManagesAdministrators": value}} }

		in.as(owner).do(update, only(true)).ok(t)
		in.as(administrator).do(update, vars{"input": vars{"friendlyName": "Renamed"}}).ok(t)
		made := in.as(owner).makeClient("Settings", grants{grantOf("PROJECT_SETTINGS", "READ", "UPDATE")})
		robot := client{p: p, access: p.token(made.sid+":"+made.secret, "grant_type", "client_credentials").Access}
		robot.do(update, vars{"input": vars{"friendlyName": "By a client"}}).ok(t)
		for name, who := range map[string]client{"an Administrator": in.as(administrator), "a client of the Owner": robot} {
			for _, value := range []bool{false, true} {
				both := vars{"input": vars{"friendlyName": "Both", "onlyOwnerManagesAdministrators": value}}
				if a := who.do(update, both).refused(t, http.StatusOK, "FORBIDDEN"); a.at("updateProjectSettings") != nil {
					t.Errorf("%s was answered %s", name, a.body)
				}
			}
		}
		in.as(administrator).do(promote, vars{"id": in.user(support)}).refused(t, http.StatusOK, "FORBIDDEN")
		after := in.as(owner).do(read, nil).ok(t)
		if after.at("account", "settings", "onlyOwnerManagesAdministrators") != true || after.text("account", "settings", "friendlyName") != "By a client" {
			t.Errorf("something of what was refused was done: %s", after.body)
		}

		in.as(owner).do(update, only(false)).ok(t)
		in.as(administrator).do(promote, vars{"id": in.user(support)}).ok(t)
	})
}
