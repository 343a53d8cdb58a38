package cmd

import (
	"fmt"
	"strings"
	"testing"
)

var sessionLessons = map[string]lesson{
	"signIn": {
		harmless: `(input: {email: "nobody@example.com", password: "` + strings.Repeat("x", 2000) + `"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {email: %q, password: %q})`, in.email(support), password),
				changes: []string{"users ~1"}, made: "session of " + in.email(support),
			}
		},
	},
	"refreshSession": {
		harmless: `(input: {refreshToken: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {refreshToken: %q})`, in.signIn(support).refresh)}
		},
	},
	"signInWithCookies": {
		harmless: `(input: {email: "nobody@example.com", password: "x"})`, // without the header that it needs
		attempt: func(t *testing.T, in tenant, who client) attempt {
			b := browser{in.guest(), map[string]string{}}
			return attempt{
				input:   fmt.Sprintf(`(input: {email: %q, password: %q})`, in.email(support), password),
				changes: []string{"users ~1"}, made: "session of " + in.email(support),
				ask: func(query string) answer { return b.ask("renew", query) },
			}
		},
	},
	"refreshCookies": {
		harmless: ``,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			b := browser{in.guest(), map[string]string{}}
			b.ask("renew", strings.Replace(signInWithCookies, support, in.email(support), 1)).ok(t)
			return attempt{ask: func(query string) answer { return b.ask("renew", query) }}
		},
	},
	"signOut": {
		harmless: ``, // ends the session, and is therefore asked for last
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{gone: "session of "}
		},
	},
}
