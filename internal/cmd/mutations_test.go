package cmd

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// snapshot is everything that mutations can change, as the Owner sees it: one line for
// each key, OAuth client, invitation, user and session, by its id.
func snapshot(t *testing.T, p *program) map[string]string {
	t.Helper()
	a := p.as(owner).do(`{ account {
		apiKeys(first: 1000) { edges { node { id friendlyName dateUpdated } } }
		oauthClients(first: 1000) { edges { node { id name dateUpdated } } }
		invitations(first: 1000) { edges { node { id email roles dateUpdated } } }
		users(first: 100) { edges { node { id email roles sessions { id client } } } }
	} }`, nil).ok(t)
	state := map[string]string{}
	for _, key := range a.all("account", "apiKeys", "edges", "node") {
		key := key.(map[string]any)
		state[key["id"].(string)] = fmt.Sprint("key ", key["friendlyName"], " ", key["dateUpdated"])
	}
	for _, client := range a.all("account", "oauthClients", "edges", "node") {
		client := client.(map[string]any)
		state[client["id"].(string)] = fmt.Sprint("OAuth client ", client["name"], " ", client["dateUpdated"])
	}
	for _, invitation := range a.all("account", "invitations", "edges", "node") {
		invitation := invitation.(map[string]any)
		state[invitation["id"].(string)] = fmt.Sprint("invitation of ", invitation["email"], " ", invitation["roles"], " ", invitation["dateUpdated"])
	}
	for _, user := range a.all("account", "users", "edges", "node") {
		user := user.(map[string]any)
		state[user["id"].(string)] = fmt.Sprint("user ", user["email"], " ", user["roles"])
		for _, session := range user["sessions"].([]any) {
			state[session.(map[string]any)["id"].(string)] = fmt.Sprint("session of ", user["email"])
		}
	}
	return state
}

// difference is what two snapshots differ in: lines gone, and lines new.
func difference(before, after map[string]string) (gone, made []string) {
	for _, id := range slices.Sorted(maps.Keys(before)) {
		if after[id] != before[id] {
			gone = append(gone, before[id])
		}
	}
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if after[id] != before[id] {
			made = append(made, after[id])
		}
	}
	return gone, made
}

// ids finds the ids of the lines of a snapshot that begin so.
func ids(state map[string]string, line string) []string {
	var found []string
	for _, id := range slices.Sorted(maps.Keys(state)) {
		if strings.HasPrefix(state[id], line) {
			found = append(found, id)
		}
	}
	return found
}

// makeKey has the Owner make an API key.
func makeKey(t *testing.T, in tenant, name string) string {
	t.Helper()
	return in.as(owner).do(`mutation($name: String!) { createApiKey(input: {friendlyName: $name}) { apiKey { id } } }`,
		vars{"name": name}).ok(t).text("createApiKey", "apiKey", "id")
}

// forget has the user sign in anew when next asked for.
func (p *program) forget(email string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.clients, email)
}

// TestMutations runs each mutation as each caller, with input that is good. One who may
// must get every field of the payload, and the Owner must see the change and no other;
// for one who may not, nothing at all may have changed.
func TestMutations(t *testing.T) {
	eachDatabase(t, func(t *testing.T, on kept) {
		s, m := load(t, sdl(t)), published(t)
		p := on.start(t)
		for _, f := range s.Mutation.Fields {
			lesson := lessonOf(t, f.Name)
			for _, caller := range callers() {
				t.Run(f.Name+"/"+caller, func(t *testing.T) {
					who := p.guest()
					if caller != guest {
						who = p.signIn(caller) // a session of its own: it may end
					}
					try := lesson.attempt(t, demoTenant(p), who)
					before := snapshot(t, p)
					payload := s.Types[f.Type.Name()]
					var leaves []string
					for _, inner := range payload.Fields {
						leaf := inner.Name
						if s.Types[inner.Type.Name()].IsCompositeType() {
							leaf += " { __typename }"
						}
						leaves = append(leaves, leaf)
					}
					if try.ask == nil {
						try.ask = func(query string) answer { return who.do(query, nil) }
					}
					a := try.ask("mutation { " + f.Name + try.input + " { " + strings.Join(leaves, " ") + " } }")
					gone, made := difference(before, snapshot(t, p))

					allowed := !slices.ContainsFunc(demands(s, step{object: s.Mutation.Name, field: f.Name}),
						func(d demand) bool { return !met(m, caller, d) })
					if !allowed {
						status, code := http.StatusForbidden, "FORBIDDEN"
						if caller == guest {
							status, code = http.StatusUnauthorized, "UNAUTHENTICATED"
						}
						a.refused(t, status, code)
						if a.hasData || len(gone)+len(made) > 0 {
							t.Errorf("it was refused, and yet: %s; gone %q, made %q", a.body, gone, made)
						}
						return
					}
					if lesson.ownersOwn && caller != owner {
						if a.refused(t, http.StatusOK, "FORBIDDEN"); len(gone)+len(made) > 0 {
							t.Errorf("it is the Owner's alone, and yet: gone %q, made %q", gone, made)
						}
						return
					}
					a.ok(t)
					for _, inner := range payload.Fields {
						if a.at(f.Name, inner.Name) == nil {
							t.Errorf("the payload has no %s: %s", inner.Name, a.body)
						}
					}
					// Each role's key of idempotency is its own, so each makes a key.
					if !onlyLines(gone, try.gone) || !onlyLines(made, try.made) {
						t.Errorf("gone %q, made %q; want lines that begin %q and %q", gone, made, try.gone, try.made)
					}
					if try.cleanUp != nil {
						try.cleanUp()
					}
				})
			}
		}
	})
}

// onlyLines says whether there is just a line that begins so, for each line of what is wanted.
func onlyLines(lines []string, want string) bool {
	if want == "" {
		return len(lines) == 0
	}
	begins := strings.Split(want, "\n")
	for _, begin := range begins {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, begin) }) {
			return false
		}
	}
	return len(lines) == len(begins)
}

// TestDeniedAmongAllowed: of a mutation in which one field is denied, nothing runs, not
// even what stands before it and is allowed.
func TestDeniedAmongAllowed(t *testing.T) {
	p := startDemo(t)
	key := makeKey(t, demoTenant(p), "kept")
	before := snapshot(t, p)
	sessions := len(ids(before, "session of "))
	for name, query := range map[string]string{
		"denied last":           `mutation { signIn(input: {email: "support@example.com", password: "` + password + `"}) { accessToken } deleteApiKey(input: {id: $id}) { deletedApiKeyId } }`,
		"denied first":          `mutation { deleteApiKey(input: {id: $id}) { deletedApiKeyId } signIn(input: {email: "support@example.com", password: "` + password + `"}) { accessToken } }`,
		"denied in a fragment":  `mutation { signIn(input: {email: "support@example.com", password: "` + password + `"}) { accessToken } ... on Mutation { x: deleteApiKey(input: {id: $id}) { deletedApiKeyId } } }`,
		"denied, and signs out": `mutation { signOut { endedSessionId } deleteApiKey(input: {id: $id}) { deletedApiKeyId } }`,
	} {
		t.Run(name, func(t *testing.T) {
			who := p.as(support)
			before := snapshot(t, p)
			a := who.do(strings.Replace(query, "mutation", "mutation($id: ID!)", 1), vars{"id": key})
			a.refused(t, http.StatusForbidden, "FORBIDDEN")
			if a.hasData {
				t.Errorf("there is data: %s", a.body)
			}
			if gone, made := difference(before, snapshot(t, p)); len(gone)+len(made) > 0 {
				t.Errorf("gone %q, made %q", gone, made)
			}
		})
	}
	t.Run("what is not included is not denied", func(t *testing.T) {
		p.as(support).do(`mutation($id: ID!, $no: Boolean!) {
			signIn(input: {email: "support@example.com", password: "`+password+`"}) { accessToken }
			deleteApiKey(input: {id: $id}) @include(if: $no) { deletedApiKeyId } }`, vars{"id": key, "no": false}).ok(t)
		// Support itself has signed in once before, and now again.
		if now := len(ids(snapshot(t, p), "session of ")); now != sessions+2 {
			t.Errorf("%d sessions, want %d", now, sessions+2)
		}
	})
}
