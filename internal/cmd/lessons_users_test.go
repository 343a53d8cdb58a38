package cmd

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const (
	inviteQuery = `mutation($email: String!, $roles: [Role!]!) { inviteUser(input: {email: $email, roles: $roles}) { invitation { id } } }`
	removeQuery = `mutation($id: ID!) { removeUser(input: {userId: $id}) { removedUserId } }`
)

// newcomer is the address of someone whom nobody knows.
func newcomer() string { return strings.ToLower(rand.Text()) + "@example.com" }

// mailTo prints the mails that wait, and returns the token in the link of the one to this address.
func (p *program) mailTo(email string) string {
	p.t.Helper()
	args := []string{"outbox", "--public-url", "https://gateway.example.com"}
	for flag, value := range map[string]string{"--data": p.data, "--database-url": p.database, "--keys": p.keys} {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	got := command(p.t, args...)
	if got.status != 0 || got.stderr != "" {
		p.t.Fatalf("status %d: %s", got.status, got.stderr)
	}
	for line := range strings.Lines(got.stdout) {
		var m mailLine
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			p.t.Fatal(err)
		}
		if token, is := strings.CutPrefix(m.Link, "https://gateway.example.com/accept#token="); is && m.To == email {
			return token
		}
	}
	p.t.Fatalf("there is no mail to %s: %s", email, got.stdout)
	return ""
}

// invited has the Owner invite someone, and returns the invitation's id and its token.
func (in tenant) invited(t *testing.T, email string, roles ...string) (id, token string) {
	t.Helper()
	id = in.as(owner).do(inviteQuery, vars{"email": email, "roles": roles}).ok(t).text("inviteUser", "invitation", "id")
	return id, in.mailTo(email)
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
				input:   fmt.Sprintf(`(input: {email: %q, name: "Nova Newcomer", roles: [SUPPORT], idempotencyKey: "once"})`, email),
				changes: []string{"invitations +1", "mail_outbox +1"},
			}
		},
	},
	"resendInvitation": {
		harmless:  `(input: {id: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			id, _ := in.invited(t, email, "SUPPORT")
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, id), changes: []string{"invitations ~1", "mail_outbox +1"}}
		},
	},
	"revokeInvitation": {
		harmless:  `(input: {id: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			id, _ := in.invited(t, email, "SUPPORT")
			return attempt{input: fmt.Sprintf(`(input: {id: %q})`, id), changes: []string{"invitations -1"}}
		},
	},
	"acceptInvitation": {
		harmless: `(input: {token: "x", password: "x"})`,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			const chosen = "a password of their own"
			email := newcomer()
			_, token := in.invited(t, email, "SUPPORT")
			return attempt{
				input:   fmt.Sprintf(`(input: {token: %q, password: %q})`, token, chosen),
				changes: []string{"invitations -1", "users +1"},
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
			return attempt{
				input:   fmt.Sprintf(`(input: {userId: %q, roles: [BILLING_MANAGER, SUPPORT]})`, in.user(billing)),
				changes: []string{"users ~1"},
			}
		},
	},
	"removeUser": {
		harmless:  `(input: {userId: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			return attempt{input: fmt.Sprintf(`(input: {userId: %q})`, in.joined(t, newcomer(), "SUPPORT")), changes: []string{"users -1", "removed_identities +1"}}
		},
	},
	"transferOwnership": {
		harmless:  `(input: {userId: "x"})`,
		forPeople: true,
		ownersOwn: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			in.as(owner)
			return attempt{
				input:   fmt.Sprintf(`(input: {userId: %q})`, in.user(support)),
				changes: []string{"accounts ~1", "users ~2"},
				ask: func(query string) answer {
					a := who.do(query, nil)
					if len(a.errors) == 0 {
						in.refresh(in.email(owner)) // who is no longer that
					}
					return a
				},
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
	"endUserSessions": {
		harmless:  `(input: {userId: "x"})`,
		forPeople: true,
		attempt: func(t *testing.T, in tenant, who client) attempt {
			email := newcomer()
			target := in.joined(t, email, "SUPPORT")
			in.program.signIn(email)
			return attempt{input: fmt.Sprintf(`(input: {userId: %q})`, target), gone: "session of " + email}
		},
	},
}
