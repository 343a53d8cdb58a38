package cmd

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// snapshot is what the Owner sees of an account's keys, OAuth clients, users and sessions: one line for each, by its id.
func snapshot(t *testing.T, in interface{ as(who string) client }) map[string]string {
	t.Helper()
	a := in.as(owner).do(`{ account {
		apiKeys(first: 1000) { edges { node { id friendlyName dateUpdated } } }
		oauthClients(first: 1000) { edges { node { id name dateUpdated } } }
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

// apart are the tables that every change writes to, and the outbox of what sessions must be told of.
var apart = []string{"audit_events", "audit_heads", "idempotency_keys", "role_changes"}

// signing are the mutations that sign in or refresh, and are written into the trail of whoever does.
var signing = []string{"signIn", "refreshSession", "signInWithCookies", "refreshCookies"}

// TestMutations runs each mutation as each caller on an account that was just made, with input that is good, and looks
// at the whole database and at the account's sessions. For one who may, every field of the payload must be there, the
// rows must have changed that the lesson names and no other, and the change have its audit event; for one who may not,
// nothing at all may have changed, and the denial have its audit event by and by.
func TestMutations(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, on kept) {
		s, m := load(t, sdl(t)), published(t)
		p := on.startBare(t)
		denials := map[string]denial{}
		for _, f := range s.Mutation.Fields {
			lesson := lessonOf(t, f.Name)
			for _, caller := range callers() {
				t.Run(f.Name+"/"+caller, func(t *testing.T) {
					in := p.newTenant()
					who := p.guest()
					if caller != guest {
						who = in.signIn(caller) // a session of its own: it may end
					}
					try := lesson.attempt(t, in, who)
					if try.ask == nil {
						try.ask = func(query string) answer { return who.do(query, nil) }
					}
					payload := s.Types[f.Type.Name()]
					sessions, before := snapshot(t, in), in.dump()
					a := try.ask("mutation { " + f.Name + try.input + " { " + leavesOf(s, payload) + " } }")
					changes := before.changesTo(in.dump())
					gone, made := difference(sessions, snapshot(t, in))

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
						for _, c := range changes {
							if c.name != "audit_heads" && (c.name != "audit_events" || c.get("decision") != "DENIED") {
								t.Errorf("it was refused, and yet a row has changed: %s %c %q", c.name, c.how, c.values)
							}
						}
						if caller != guest { // who is of no account, and in no trail
							denials[a.header.Get("X-Request-Id")] = denial{in.sid, in.users[caller], "Mutation." + f.Name, "DENIED"}
						}
						return
					}
					if lesson.ownersOwn && caller != owner {
						a.refused(t, http.StatusOK, "FORBIDDEN")
						if try = (attempt{}); len(gone)+len(made) > 0 {
							t.Errorf("it is the Owner's alone, and yet: gone %q, made %q", gone, made)
						}
						in.insistOn(t, changes, try)
						denials[a.header.Get("X-Request-Id")] = denial{in.sid, in.users[caller], "Mutation." + f.Name, "DENIED"}
						return
					}
					a.ok(t)
					for _, inner := range payload.Fields {
						if a.at(f.Name, inner.Name) == nil {
							t.Errorf("the payload has no %s: %s", inner.Name, a.body)
						}
					}
					in.insistOn(t, changes, try)
					in.audited(t, changes, f.Name, caller, a)
					if gone, made := ofSessions(gone), ofSessions(made); !oneLine(gone, try.gone) || !oneLine(made, try.made) {
						t.Errorf("gone %q, made %q; want one line that begins %q and one that begins %q", gone, made, try.gone, try.made)
					}
					if try.cleanUp != nil {
						try.cleanUp()
					}
				})
			}
		}
		eventually(t, "each denial is in its account's trail", func() bool {
			for _, r := range p.dump() {
				e := denial{r.get("account_sid"), r.get("user_sid"), r.get("coordinate"), r.get("decision")}
				if id := r.get("request_id"); r.name == "audit_events" && denials[id] == e {
					delete(denials, id)
				}
			}
			return len(denials) == 0
		})
	})
}

// denial is what an audit event says of one.
type denial struct{ account, user, coordinate, decision string }

// leavesOf selects every field of a payload, and as little as can be of its objects.
func leavesOf(s *ast.Schema, payload *ast.Definition) string {
	var leaves []string
	for _, f := range payload.Fields {
		leaf := f.Name
		if s.Types[f.Type.Name()].IsCompositeType() {
			leaf += " { __typename }"
		}
		leaves = append(leaves, leaf)
	}
	return strings.Join(leaves, " ")
}

// insistOn fails the test unless the rows have changed that an attempt names, all of them the account's own, and a key
// of idempotency is kept if the input has one.
func (in tenant) insistOn(t *testing.T, changes []changed, try attempt) {
	t.Helper()
	keys := 0
	seen := slices.DeleteFunc(slices.Clone(changes), func(c changed) bool {
		late := strings.HasPrefix(c.name, "audit_") // what was denied before is written when there is time
		if c.owner() != in.sid && c.account >= 0 && !late {
			t.Errorf("a row of another account has changed: %s %c %q", c.name, c.how, c.values)
		}
		if c.name == "idempotency_keys" {
			keys++
		}
		return slices.Contains(apart, c.name)
	})
	if got, want := fmt.Sprintf("%q", counted(seen)), fmt.Sprintf("%q", slices.Sorted(slices.Values(try.changes))); got != want {
		t.Errorf("changes %s, want %s", got, want)
	}
	if with := strings.Contains(try.input, "idempotencyKey:"); with != (keys == 1) || keys > 1 {
		t.Errorf("%d keys of idempotency are kept", keys)
	}
}

// audited fails the test unless a mutation has written its audit event, and just one.
func (in tenant) audited(t *testing.T, changes []changed, mutation, caller string, a answer) {
	t.Helper()
	var events []changed
	for _, c := range changes {
		if c.name == "audit_events" && c.get("request_id") == a.header.Get("X-Request-Id") && c.get("outcome") != "INTENT" {
			events = append(events, c)
		}
	}
	if len(events) != 1 {
		t.Fatalf("%d audit events, want one: %v", len(events), events)
	}
	e := events[0]
	if slices.Contains(signing, mutation) {
		caller = support // whom the lessons sign in
	}
	for column, want := range map[string]string{
		"account_sid": in.sid, "user_sid": in.users[caller], "coordinate": "Mutation." + mutation, "decision": "ALLOWED", "outcome": "DONE",
	} {
		if got := e.get(column); got != want {
			t.Errorf("the audit event's %s is %q, want %q", column, got, want)
		}
	}
	if e.how != '+' || e.get("resource_type") == "" || e.get("resource_sid") == "" {
		t.Errorf("the audit event is %c %q", e.how, e.values)
	}
}

// ofSessions are the lines of a snapshot that are of sessions.
func ofSessions(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.HasPrefix(line, "session of ") })
}

// oneLine says whether there is just the line that begins so, or none when none is wanted.
func oneLine(lines []string, begin string) bool {
	if begin == "" {
		return len(lines) == 0
	}
	return len(lines) == 1 && strings.HasPrefix(lines[0], begin)
}

// TestDeniedInPayload: who may change something and not see it changes it, and what they may not see is null in the answer.
func TestDeniedInPayload(t *testing.T) {
	s := load(t, sdl(t))
	m := published(t).with("IOT_CONSOLE_ACCESS", developer, "")
	m.row("IOT_MANAGE")[2] = "" // the one no longer comes with the other
	p := databases()[0].startBare(t, "--matrix", m.file(t))
	tried := 0
	for _, f := range s.Mutation.Fields {
		if rule, _ := ruleOf(f.Directives); rule.permission != "IOT_MANAGE" {
			continue
		}
		tried++
		t.Run(f.Name, func(t *testing.T) {
			in := p.newTenant()
			who := in.signIn(developer)
			try := lessonOf(t, f.Name).attempt(t, in, who)
			payload, before := s.Types[f.Type.Name()], in.dump()
			a := who.do("mutation { "+f.Name+try.input+" { "+leavesOf(s, payload)+" } }", nil).refused(t, http.StatusOK, "FORBIDDEN")
			for _, inner := range payload.Fields {
				if a.at(f.Name) == nil || a.at(f.Name, inner.Name) != nil {
					t.Errorf("%s is not what is null: %s", inner.Name, a.body)
				}
			}
			in.insistOn(t, before.changesTo(in.dump()), try)
		})
	}
	if tried != 5 {
		t.Errorf("%d mutations of IoT", tried)
	}
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
