package cmd

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

const (
	inviteQuery   = `mutation($email: String!, $roles: [Role!]!) { inviteUser(input: {email: $email, roles: $roles}) { invitation { id } } }`
	removeQuery   = `mutation($id: ID!) { removeUser(input: {userId: $id}) { removedUserId } }`
	transferQuery = `mutation($id: ID!) { transferOwnership(input: {userId: $id}) { owner { id } } }`
)

// shownLink is how a demo shows the link of an invitation in its log.
var shownLink = regexp.MustCompile(`/accept#token=([A-Za-z0-9_-]{43})"`)

// newcomer is the address of someone whom nobody knows.
func newcomer() string { return strings.ToLower(rand.Text()) + "@example.com" }

// invited has the Owner invite someone, and returns the invitation's id and its token.
func (in tenant) invited(t *testing.T, email string, roles ...string) (id, token string) {
	t.Helper()
	before := len(shownLink.FindAllString(in.stderr.String(), -1))
	id = in.as(owner).do(inviteQuery, vars{"email": email, "roles": roles}).ok(t).text("inviteUser", "invitation", "id")
	for late := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if links := shownLink.FindAllStringSubmatch(in.stderr.String(), -1); len(links) > before {
			return id, links[len(links)-1][1]
		}
		if time.Now().After(late) {
			t.Fatal("the log shows no link")
		}
	}
}

// joined has someone new invited who accepts, and returns their id. Their password is that of all.
func (in tenant) joined(t *testing.T, email string, roles ...string) string {
	t.Helper()
	_, token := in.invited(t, email, roles...)
	in.guest().do(acceptQuery, vars{"token": token, "password": password}).ok(t)
	return in.as(owner).do(`query($e: String) { account { users(email: $e) { edges { node { id } } } } }`, vars{"e": email}).
		ok(t).text("account", "users", "edges", 0, "node", "id")
}

var userLessons = map[string]lesson{
	"inviteUser": {
		harmless:  `(input: {email: "x", roles: [SUPPORT]})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			return attempt{
				input: fmt.Sprintf(`(input: {email: %q, name: "Nova Newcomer", roles: [SUPPORT], idempotencyKey: "once"})`, email),
				made:  "invitation of " + email + " [SUPPORT]",
			}
		},
	},
	"resendInvitation": {
		harmless:  `(input: {id: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			id, _ := in.invited(t, email, "SUPPORT")
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, id), gone: "invitation of " + email, made: "invitation of " + email}
		},
	},
	"revokeInvitation": {
		harmless:  `(input: {id: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			id, _ := in.invited(t, email, "SUPPORT")
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, id), gone: "invitation of " + email}
		},
	},
	"acceptInvitation": {
		harmless: `(input: {token: "x", password: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			const chosen = "a password of their own"
			email := newcomer()
			_, token := in.invited(t, email, "SUPPORT")
			return attempt{
				input: fmt.Sprintf(`(input: {token: %q, password: %q})`, token, chosen),
				gone:  "invitation of " + email, made: "user " + email + " [SUPPORT]",
				cleanUp: func() {
					in.guest().do(signInQuery, vars{"email": email, "password": chosen}).ok(t)
					in.guest().do(signInQuery, vars{"email": email, "password": password}).refused(t, http.StatusOK, "UNAUTHENTICATED")
				},
			}
		},
	},
	"setUserRoles": {
		harmless:  `(input: {userId: "x", roles: [SUPPORT]})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			target := in.joined(t, email, "BILLING_MANAGER")
			return attempt{
				input: fmt.Sprintf(`(input: {userId: %q, roles: [BILLING_MANAGER, SUPPORT]})`, target),
				gone:  "user " + email + " [BILLING_MANAGER]", made: "user " + email + " [BILLING_MANAGER SUPPORT]",
			}
		},
	},
	"removeUser": {
		harmless:  `(input: {userId: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			return attempt{input: fmt.Sprintf(`(input: {userId: %q})`, in.joined(t, email, "SUPPORT")), gone: "user " + email}
		},
	},
	"transferOwnership": {
		harmless:  `(input: {userId: "x"})`,
		forPeople: true,
		ownersOwn: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			target := in.joined(t, email, "SUPPORT")
			me := ids(snapshot(t, in.program), "user "+owner)[0]
			done := false
			return attempt{
				input: fmt.Sprintf(`(input: {userId: %q})`, target),
				gone:  "user " + owner + " [OWNER]\nuser " + email + " [SUPPORT]",
				made:  "user " + owner + " [ADMINISTRATOR]\nuser " + email + " [OWNER]",
				ask: func(query string) answer {
					a := who.do(query, nil)
					if done = len(a.errors) == 0; done {
						in.refresh(owner)
					}
					return a
				},
				cleanUp: func() {
					if done {
						in.signIn(email).do(transferQuery, vars{"id": me}).ok(t)
						in.refresh(owner)
					}
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
	"endUserSessions": {
		harmless:  `(input: {userId: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			target := in.joined(t, email, "SUPPORT")
			in.signIn(email)
			return attempt{input: fmt.Sprintf(`(input: {userId: %q})`, target), gone: "session of " + email}
		},
	},
}
