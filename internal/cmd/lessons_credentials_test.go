package cmd

import (
	"fmt"
	"testing"
)

var credentialLessons = map[string]lesson{
	"createApiKey": {
		harmless: `(input: {friendlyName: ""})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: `(input: {friendlyName: "made", idempotencyKey: "once"})`, made: "key made"}
		},
	},
	"updateApiKey": {
		harmless: `(input: {id: "x", friendlyName: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {id: %q, friendlyName: "after"})`, makeKey(t, in, "before")), gone: "key before", made: "key after"}
		},
	},
	"deleteApiKey": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, makeKey(t, in, "doomed")), gone: "key doomed"}
		},
	},
	"createOAuthClient": {
		harmless:  `(input: {name: "x", grants: []})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input: `(input: {name: "made", grants: [{permission: USAGE, actions: [READ]}], idempotencyKey: "once"})`, made: "OAuth client made",
			}
		},
	},
	"deleteOAuthClient": {
		harmless:  `(input: {id: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, in.as(owner).makeClient("doomed", usageGrant).id), gone: "OAuth client doomed"}
		},
	},
}
