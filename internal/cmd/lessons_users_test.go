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
			const set = `mutation($id: ID!, $roles: [Role!]!) { setUserRoles(input: {userId: $id, roles: $roles}) { user { id } } }`
			target := ids(snapshot(t, in.program), "user "+billing)[0]
			return attempt{
				input: fmt.Sprintf(`(input: {userId: %q, roles: [BILLING_MANAGER, SUPPORT]})`, target),
				gone:  "user " + billing + " [BILLING_MANAGER]", made: "user " + billing + " [BILLING_MANAGER SUPPORT]",
				cleanUp: func() {
					in.as(owner).do(set, vars{"id": target, "roles": []string{"BILLING_MANAGER"}}).ok(t)
					in.forget(billing)
				},
			}
		},
	},
	"endSession": {
		harmless:  `(input: {sessionId: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			before := snapshot(t, in.program)
			in.signIn(developer)
			for _, id := range ids(snapshot(t, in.program), "session of "+developer) {
				if before[id] == "" {
					return attempt{input: fmt.Sprintf(`(input: {sessionId: %q})`, id), gone: "session of " + developer}
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
			token := in.invite(secondOwner)
			// The Owner does not see whether someone has a password, so the sign-in must show it.
			return attempt{input: fmt.Sprintf(`(input: {token: %q, password: %q})`, token, chosen), cleanUp: func() {
				in.guest().do(signInQuery, vars{"email": secondOwner, "password": chosen}).ok(t)
				in.guest().do(signInQuery, vars{"email": secondOwner, "password": password}).refused(t, http.StatusOK, "UNAUTHENTICATED")
			}}
		},
	},
}
