package cmd

import (
	"fmt"
	"testing"
)

var credentialLessons = map[string]lesson{
	"createApiKey": {
		harmless: `(input: {friendlyName: ""})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: `(input: {friendlyName: "made", idempotencyKey: "once"})`, changes: []string{"api_keys +1"}}
		},
	},
	"updateApiKey": {
		harmless: `(input: {id: "x", friendlyName: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {id: %q, friendlyName: "after"})`, makeKey(t, in, "before")), changes: []string{"api_keys ~1"}}
		},
	},
	"deleteApiKey": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, makeKey(t, in, "doomed")), changes: []string{"api_keys -1"}}
		},
	},
	"rotateAuthToken": {
		harmless:  `(input: {accountId: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {accountId: %q})`, encodeID("Account", in.sid)), changes: []string{"accounts ~1"}}
		},
	},
	"createOAuthClient": {
		harmless:  `(input: {name: "x", grants: []})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input: `(input: {name: "made", grants: [{permission: USAGE, actions: [READ]}], idempotencyKey: "once"})`, changes: []string{"oauth_clients +1"},
			}
		},
	},
	"deleteOAuthClient": {
		harmless:  `(input: {id: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, in.as(owner).makeClient("doomed", usageGrant).id), changes: []string{"oauth_clients -1"}}
		},
	},
}
