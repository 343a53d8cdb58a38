package cmd

import "testing"

var flexLessons = map[string]lesson{
	"updateFlexConfiguration": {
		harmless: `(input: {})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   `(input: {uiVersion: "2.10.0", crmEnabled: true, crmCallbackUrl: "https://example.com/crm", crmFallbackUrl: null})`,
				changes: []string{"flex_configurations ~1"},
			}
		},
	},
}
