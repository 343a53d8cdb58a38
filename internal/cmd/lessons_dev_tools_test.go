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
				input: `(input: {friendlyName: "made", voiceUrl: "https://example.com/voice", idempotencyKey: "once"})`,
				made:  "application made",
			}
		},
	},
	"updateApplication": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input: fmt.Sprintf(`(input: {id: %q, friendlyName: "after", voiceUrl: null, voiceCallerIdLookup: true})`, makeApplication(t, in, "before")),
				gone:  "application before", made: "application after",
			}
		},
	},
	"deleteApplication": {
		harmless: `(input: {id: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, makeApplication(t, in, "doomed")), gone: "application doomed"}
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
