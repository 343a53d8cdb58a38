package cmd

import (
	"fmt"
	"testing"
)

var trustHubLessons = map[string]lesson{
	"createCustomerProfile": {
		harmless: `(input: {friendlyName: "", email: "x", policySid: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input: fmt.Sprintf(`(input: {friendlyName: "made", email: "compliance@example.com", policySid: %q,
					statusCallback: "https://example.com/status", idempotencyKey: "once"})`, newSID("RN")),
				changes: []string{"customer_profiles +1"},
			}
		},
	},
	"submitCustomerProfile": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			id := in.as(owner).do(`mutation($policy: String!) {
				createCustomerProfile(input: {friendlyName: "draft", email: "compliance@example.com", policySid: $policy}) { customerProfile { id } } }`,
				vars{"policy": newSID("RN")}).ok(t).text("createCustomerProfile", "customerProfile", "id")
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, id), changes: []string{"customer_profiles ~1"}}
		},
	},
}
