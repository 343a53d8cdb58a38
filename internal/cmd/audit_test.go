package cmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/store/demo"
)

// audited is an audit event as a line of JSON.
type audited struct {
	Line       int64    `json:"line"`
	Account    string   `json:"account"`
	Sequence   int64    `json:"sequence"`
	User       string   `json:"user"`
	Client     string   `json:"client"`
	Coordinate string   `json:"coordinate"`
	Permission string   `json:"permission"`
	Decision   string   `json:"decision"`
	Outcome    string   `json:"outcome"`
	Code       string   `json:"code"`
	Count      int      `json:"count"`
	RequestID  string   `json:"requestId"`
	Fields     []string `json:"fields"`
	MAC        string   `json:"mac"`
}

func auditLines(t testing.TB, text string) []audited {
	t.Helper()
	var all []audited
	for line := range strings.Lines(text) {
		var e audited
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, e)
	}
	return all
}

// auditArgs are the arguments by which a command finds the program's database.
func (p *program) auditArgs() []string {
	if p.database != "" {
		return []string{"--database-url", p.database, "--keys", p.keys}
	}
	return []string{"--data", p.data}
}

// trail are the events of the main account after a sequence.
func (p *program) trail(after int64) []audited {
	p.t.Helper()
	got := command(p.t, append([]string{"audit", "export", "--account", demo.Main().SID, "--after", fmt.Sprint(after)}, p.auditArgs()...)...)
	if got.status != 0 {
		p.t.Fatalf("audit export: %+v", got)
	}
	return auditLines(p.t, got.stdout)
}

// TestAuditDenials: whatever is denied, and however it was asked for, leaves an event that says to whom, and of what.
func TestAuditDenials(t *testing.T) {
	t.Parallel()
	eachDatabase(t, func(t *testing.T, on kept) {
		p := on.start(t)
		last := int64(demoEvents)
		who, user := p.as(support), demo.Main().With("SUPPORT").SID
		key := makeKey(t, demoTenant(p), "someone's")
		other := p.globalID(billing)
		cases := []struct {
			name, query, coordinate, permission string
			count                               int
		}{
			{"a field of a list", `{ account { calls(first: 3) { edges { node { price { amount } } } } } }`, "Call.price", "BILLING_HISTORY_AND_SETTINGS", 3},
			{"a field, listed by selection", `{ account { balance { amount } } }`, "Account.balance", "BILLING_HISTORY_AND_SETTINGS", 1},
			{"an object by its id", `{ node(id: "` + key + `") { id } }`, "ApiKey", "API_CREDENTIALS", 1},
			{"an object among others", `{ nodes(ids: ["` + other + `", "` + other + `"]) { id } }`, "User", "USER_MANAGEMENT", 2},
			{"a mutation", `mutation { deleteApiKey(input: {id: "` + key + `"}) { deletedApiKeyId } }`, "Mutation.deleteApiKey", "API_CREDENTIALS", 1},
		}
		for _, way := range ways {
			asked := 0
			for _, c := range cases {
				if way.name == "GET" && strings.HasPrefix(c.query, "mutation") {
					continue
				}
				asked++
				way.ask(who, vars{"query": c.query})
			}
			found := map[string][]audited{} // by coordinate
			eventually(t, "the denials are in the trail", func() bool {
				clear(found)
				for _, e := range p.trail(last) {
					if e.Decision == "DENIED" {
						found[e.Coordinate] = append(found[e.Coordinate], e)
					}
				}
				return len(found) >= asked
			})
			if len(found) != asked {
				t.Errorf("%s: %d coordinates were denied, want %d: %v", way.name, len(found), asked, found)
			}
			for _, c := range cases {
				events := found[c.coordinate]
				for _, e := range events {
					last = max(last, e.Sequence)
					if len(events) != 1 || e.User != user || e.Permission != c.permission || e.Outcome != "REFUSED" ||
						e.Code != "FORBIDDEN" || e.Count != c.count || e.RequestID == "" || e.MAC == "" {
						t.Errorf("%s/%s: %+v", c.name, way.name, events)
					}
				}
			}
		}
		if got := command(t, append([]string{"audit", "verify"}, p.auditArgs()...)...); got.status != 0 || strings.Count(got.stdout, "  OK\n") != 2 {
			t.Errorf("audit verify: %+v", got)
		}
	})
}

// TestAuditOfMaskedFilters: a filter on a field that the caller sees masked is denied, and so in the trail; so is a
// subscription, and what is denied in its events, once.
func TestAuditOfMaskedFilters(t *testing.T) {
	t.Parallel()
	m := published(t).with("PERSONAL_DATA", support, "")
	p := startDemo(t, "--matrix", m.file(t), "--demo-events", "50ms")
	p.as(support).do(`{ account { calls(from: "+15005550006") { edges { node { sid } } } } }`, nil)
	for _, way := range []func(client, vars) answer{client.byEvents, client.bySocket} {
		way(p.as(support), vars{"query": `subscription { productLogs(callFrom: "+15005550006") { __typename } }`})
	}
	s := p.as(support).subscribe(`subscription { productLogs(kinds: [CALL]) { ... on Call { price { amount } } } }`)
	for range 3 {
		s.next()
	}
	s.cancel()
	found := map[string]int{}
	eventually(t, "the denials are in the trail", func() bool {
		clear(found)
		for _, e := range p.trail(int64(demoEvents)) {
			if e.Decision == "DENIED" {
				found[e.Coordinate] += e.Count
			}
		}
		return len(found) == 3 && found["Subscription.productLogs(callFrom:)"] == 2
	})
	for coordinate, want := range map[string]int{"Account.calls(from:)": 1, "Subscription.productLogs(callFrom:)": 2, "Call.price": 1} {
		if found[coordinate] != want {
			t.Errorf("%s is denied %d times, want %d: %v", coordinate, found[coordinate], want, found)
		}
	}
}

// demoEvents is how many events the main account of the demo has.
const demoEvents = 40

// TestAuditCommands: verify finds what was done to a trail, and by an export that a whole database was set back.
func TestAuditCommands(t *testing.T) {
	p := startDemo(t)
	makeKey(t, demoTenant(p), "one")
	p.stop()
	verify := func(data string, more ...string) result {
		return command(t, append([]string{"audit", "verify", "--data", data}, more...)...)
	}
	if got := verify(p.data); got.status != 0 || strings.Count(got.stdout, "  OK\n") != 2 {
		t.Fatalf("%+v", got)
	}
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(p.data)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"audit.key", "19700101T000000Z.pem"} {
		if err := os.Chmod(filepath.Join(old, "keys", name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := start(t, "--data", p.data, "--demo-password", password)
	makeKey(t, demoTenant(again), "two")
	again.stop()
	exported := command(t, "audit", "export", "--data", p.data)
	events := auditLines(t, exported.stdout)
	if exported.status != 0 || len(events) < 50 {
		t.Fatalf("%d events: %s", len(events), exported.stderr)
	}
	lines := file(t, "exported.jsonl", exported.stdout)
	if got := verify(p.data, "--against", lines); got.status != 0 {
		t.Errorf("against its own export: %+v", got)
	}
	if got := verify(old, "--against", lines); got.status != 1 || !strings.Contains(got.stdout, "are not in the trail") {
		t.Errorf("a database that was set back: %+v", got)
	}
	if got := verify(old); got.status != 0 {
		t.Errorf("by itself it is whole: %+v", got)
	}
	forked := start(t, "--data", old, "--demo-password", password)
	for range 3 {
		makeKey(t, demoTenant(forked), "three")
	}
	forked.stop()
	both := exported.stdout + `{"account":"AC` + "\n\n" + command(t, "audit", "export", "--data", old).stdout
	if got := verify(old, "--against", file(t, "both.jsonl", both)); got.status != 1 || !strings.Contains(got.stdout, "are not in the trail") ||
		!strings.Contains(got.stdout, "is no audit event, and was passed over") {
		t.Errorf("one that was set back and has gone on: %+v", got)
	}
	if got := verify(old, "--against", file(t, "none.jsonl", "{}\n")); got.status != 1 || !strings.Contains(got.stderr, "no event of an account") {
		t.Errorf("against nothing: %+v", got)
	}
	main, second := demo.Main().SID, demo.Second().SID
	if err := changeData(p.data, "UPDATE audit_events SET user_sid = 'US0' WHERE account_sid = $1 AND sequence = 3", main); err != nil {
		t.Fatal(err)
	}
	if got := verify(p.data); got.status != 1 || !strings.Contains(got.stdout, "event 3 is not as it was written") ||
		!strings.Contains(got.stderr, "1 of 2") || strings.Count(got.stdout, "  OK\n") != 1 {
		t.Errorf("an altered event: %+v", got)
	}
	if got := verify(p.data, "--account", second); got.status != 0 || strings.Contains(got.stdout, main) {
		t.Errorf("the other account: %+v", got)
	}
	if got := verify(p.data, "--account", "AC0"); got.status != 1 || !strings.Contains(got.stderr, "no account AC0") {
		t.Errorf("no such account: %+v", got)
	}
	if got := verify(filepath.Join(t.TempDir(), "none")); got.status != 1 || !strings.Contains(got.stderr, "audit.key") {
		t.Errorf("no data: %+v", got)
	}
}

// TestAuditLog: each event is a line of the audit log, those of no account too, and nothing secret is in any of them or in
// the trail.
func TestAuditLog(t *testing.T) {
	path := file(t, "audit.jsonl", `{"line":7,"acc`) // a crash has torn it
	p := startDemo(t, "--audit-log", path)
	who := p.signIn(owner)
	made := who.do(`mutation { createApiKey(input: {friendlyName: "a name of their own", idempotencyKey: "their key"}) { secret apiKey { id } } }`, nil).ok(t)
	fresh, _ := who.renew()
	fresh.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
	stolen := p.signIn(owner)
	stolen.renew()
	stolen.renew() // with the same token, which ends the session
	const wrong, nobody = "a wrong password", "nobody@example.com"
	p.guest().do(signInQuery, vars{"email": owner, "password": wrong})
	p.guest().do(signInQuery, vars{"email": nobody, "password": wrong})
	p.guest().do(`{ account { friendlyName } }`, nil)
	p.stop()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("\n"))
	for i, e := range auditLines(t, string(text)) {
		if e.Line != int64(i+1) {
			t.Errorf("line %d has the number %d", i+1, e.Line)
		}
	}
	main := demo.Main()
	has := func(want audited) {
		t.Helper()
		for _, e := range auditLines(t, string(text)) {
			e.Line, e.Sequence, e.RequestID, e.MAC, e.Count = 0, 0, "", "", 0
			if fmt.Sprint(e) == fmt.Sprint(want) {
				return
			}
		}
		t.Errorf("the log has no %+v:\n%s", want, text)
	}
	user := main.With("OWNER").SID
	for _, outcome := range []string{"INTENT", "DONE"} {
		has(audited{Account: main.SID, User: user, Coordinate: "Mutation.signIn", Decision: "ALLOWED", Outcome: outcome})
		has(audited{Account: main.SID, User: user, Coordinate: "Mutation.signOut", Decision: "ALLOWED", Outcome: outcome})
	}
	has(audited{Account: main.SID, User: user, Coordinate: "Mutation.refreshSession", Decision: "ALLOWED", Outcome: "DONE"})
	has(audited{Account: main.SID, User: user, Coordinate: "Mutation.createApiKey", Permission: "API_CREDENTIALS", Decision: "ALLOWED", Outcome: "DONE", Fields: []string{"friendlyName"}})
	has(audited{Account: main.SID, User: user, Coordinate: "Mutation.signIn", Decision: "DENIED", Outcome: "REFUSED", Code: "UNAUTHENTICATED"})
	has(audited{Account: main.SID, User: user, Coordinate: "Mutation.refreshSession", Decision: "DENIED", Outcome: "REFUSED", Code: "UNAUTHENTICATED"})
	has(audited{Coordinate: "Mutation.signIn", Decision: "DENIED", Outcome: "REFUSED", Code: "UNAUTHENTICATED"})
	has(audited{Coordinate: "Query.account", Decision: "DENIED", Outcome: "REFUSED", Code: "UNAUTHENTICATED"})

	all := string(text) + command(t, "audit", "export", "--data", p.data).stdout
	for what, secret := range map[string]string{
		"a password": password, "a wrong password": wrong, "an address": owner, "an unknown address": nobody,
		"an access token": who.access, "a refresh token": who.refresh, "the next refresh token": fresh.refresh,
		"an API key's secret": made.text("createApiKey", "secret"), "a name": "a name of their own", "a key of idempotency": "their key",
	} {
		if strings.Contains(all, secret) {
			t.Errorf("%s is in the trail or the log", what)
		}
	}
}

// TestAuditLogOnStandardOutput: only lines of the log are there; where the gateway answers stands on standard error.
func TestAuditLogOnStandardOutput(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, problems, ended := newWritten(), newWritten(), make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--data", demoData(t), "--demo-password", password, "--audit-log", "-"}, out, problems)
	}()
	eventually(t, "it answers", func() bool { return endpoint.MatchString(problems.String()) })
	resp, err := http.Post(endpoint.FindString(problems.String()), "application/json", strings.NewReader(`{"query": "{ account { sid } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("it ended with %d", status)
	}
	if all := auditLines(t, out.String()); len(all) != 1 || all[0].Coordinate != "Query.account" || all[0].Code != "UNAUTHENTICATED" {
		t.Errorf("%s", out)
	}
}

// TestAuditFailsClosed: while the trail cannot be written nobody is let in and nothing is changed, but sessions end all the
// same; other accounts are served.
func TestAuditFailsClosed(t *testing.T) {
	p := startDemo(t)
	who, theirs := p.signIn(owner), p.signIn(support)
	service := p.signIn(owner).makeClient("a service", usageGrant)
	p.change("UPDATE audit_heads SET seal = 'forged' WHERE account_sid = $1", demo.Main().SID)
	failed := func(what string, a answer) {
		t.Helper()
		if a.code() != "INTERNAL_SERVER_ERROR" {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	failed("a sign-in", p.guest().do(signInQuery, vars{"email": owner, "password": password}))
	failed("a change", who.do(`mutation { createApiKey(input: {friendlyName: "x"}) { secret } }`, nil))
	if got := p.token(service.sid+":"+service.secret, "grant_type", "client_credentials"); got.Access != "" || got.status != http.StatusInternalServerError {
		t.Errorf("a client: %+v", got)
	}
	who.do(`{ account { friendlyName } }`, nil).ok(t) // reading changes nothing
	session := who.do(`{ account { users(email: "`+support+`") { edges { node { sessions { id } } } } } }`, nil).ok(t).
		text("account", "users", "edges", 0, "node", "sessions", 0, "id")
	who.do(`mutation($id: ID!) { endSession(input: {sessionId: $id}) { endedSessionId } }`, vars{"id": session}).ok(t)
	refused401(t, theirs)
	who.do(`mutation { signOut { endedSessionId } }`, nil).ok(t)
	refused401(t, who)
	p.guest().do(signInQuery, vars{"email": secondOwner, "password": password}).ok(t)
	if !strings.Contains(p.stderr.String(), "not as it was written") {
		t.Errorf("the log does not say why: %s", p.stderr)
	}
}

// TestAuditKeyLost: a gateway does not start with another key than that of its trails; when that is lost, they go on once an
// event says so.
func TestAuditKeyLost(t *testing.T) {
	p := startDemo(t)
	makeKey(t, demoTenant(p), "one")
	p.stop()
	key := filepath.Join(p.data, "keys", "audit.key")
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	got := command(t, "serve", "--listen", "127.0.0.1:0", "--data", p.data, "--demo-password", password)
	if got.status != 1 || !strings.Contains(got.stderr, "ends under a key that is not in "+key) {
		t.Fatalf("%+v", got)
	}
	if got := command(t, "audit", "reseal", "--data", p.data); got.status != 1 || !strings.Contains(got.stderr, "--account") {
		t.Errorf("no account: %+v", got)
	}
	for _, account := range []string{demo.Main().SID, demo.Second().SID} {
		if got := command(t, "audit", "reseal", "--data", p.data, "--account", account); got.status != 0 || !strings.Contains(got.stdout, "goes on with event") {
			t.Fatalf("%+v", got)
		}
	}
	again := start(t, "--data", p.data, "--demo-password", password)
	makeKey(t, demoTenant(again), "two")
	again.stop()
	if got := command(t, "audit", "verify", "--data", p.data); got.status != 1 || strings.Count(got.stdout, "has resealed the trail") != 2 ||
		!strings.Contains(got.stdout, "event 1 has a MAC under a key that is not known") {
		t.Errorf("%+v", got)
	}
}

// TestAuditOfClients: a session that a client of OAuth opens at /oauth/token is in the trail, and what it is denied.
func TestAuditOfClients(t *testing.T) {
	t.Parallel()
	p := startDemo(t)
	c := p.as(owner).makeClient("a service", usageGrant)
	p.asClient(c).do(`{ account { balance { amount } } }`, nil)
	p.token(c.sid+":"+"a wrong secret", "grant_type", "client_credentials")
	user := demo.Main().With("OWNER").SID
	want := map[string]bool{"client ALLOWED INTENT": false, "client ALLOWED DONE": false, "client DENIED REFUSED": false, "Account.balance DENIED REFUSED": false}
	eventually(t, "the client is in the trail", func() bool {
		missing := len(want)
		for _, e := range p.trail(demoEvents) {
			if _, is := want[e.Coordinate+" "+e.Decision+" "+e.Outcome]; is && e.User == user && e.Client == c.sid {
				missing--
			}
		}
		return missing == 0
	})
}
