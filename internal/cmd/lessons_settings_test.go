package cmd

import "testing"

var settingsLessons = map[string]lesson{
	"updateProjectSettings": {
		harmless: `(input: {friendlyName: ""})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: `(input: {friendlyName: "after", timeZone: "Europe/Paris", twoFactorRequired: true})`, changes: []string{"accounts ~1"}}
		},
	},
}
