package cmd

import (
	"fmt"
	"testing"
)

var devToolLessons = map[string]lesson{
	"createApplication": {
		harmless: `(input: {friendlyName: ""})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   `(input: {friendlyName: "made", voiceUrl: "https://example.com/voice", idempotencyKey: "once"})`,
				changes: []string{"applications +1"},
			}
		},
	},
	"updateApplication": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {id: %q, friendlyName: "after", voiceUrl: null, voiceCallerIdLookup: true})`, makeApplication(t, in, "before")),
				changes: []string{"applications ~1"},
			}
		},
	},
	"deleteApplication": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, makeApplication(t, in, "doomed")), changes: []string{"applications -1"}}
		},
	},
}

// makeApplication has the Owner make an application.
func makeApplication(t *testing.T, in tenant, name string) string {
	t.Helper()
	return in.as(owner).do(`mutation($name: String!) {
		createApplication(input: {friendlyName: $name, voiceUrl: "https://example.com/before"}) { application { id } } }`,
		vars{"name": name}).ok(t).text("createApplication", "application", "id")
}
