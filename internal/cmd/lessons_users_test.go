package cmd

import (
	"fmt"
	"net/http"
	"testing"
)

var userLessons = map[string]lesson{
	"setUserRoles": {
		harmless:  `(input: {userId: "x", roles: [SUPPORT]})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{
				input:   fmt.Sprintf(`(input: {userId: %q, roles: [BILLING_MANAGER, SUPPORT]})`, in.user(billing)),
				changes: []string{"users ~1"},
			}
		},
	},
	"endSession": {
		harmless:  `(input: {sessionId: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			before := snapshot(t, in)
			in.signIn(developer)
			for _, id := range ids(snapshot(t, in), "session of "+in.email(developer)) {
				if before[id] == "" {
					return attempt{input: fmt.Sprintf(`(input: {sessionId: %q})`, id), gone: "session of " + in.email(developer)}
				}
			}
			t.Fatal("the Owner does not see the session that was opened")
			return attempt{}
		},
	},
	"acceptInvitation": {
		harmless: `(input: {token: "x", password: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			const chosen = "a password of their own"
			in.as(owner) // who has no password from here on
			token := in.invite(in.email(owner))
			return attempt{
				input:   fmt.Sprintf(`(input: {token: %q, password: %q})`, token, chosen),
				changes: []string{"invitations ~1", "users ~1"},
				cleanUp: func() {
					in.guest().do(signInQuery, vars{"email": in.email(owner), "password": chosen}).ok(t)
					in.guest().do(signInQuery, vars{"email": in.email(owner), "password": password}).refused(t, http.StatusOK, "UNAUTHENTICATED")
				},
			}
		},
	},
}
