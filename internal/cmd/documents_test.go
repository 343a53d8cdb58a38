package cmd

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/internal/manifest"
)

const (
	viewerText = "query Me { viewer { email } }"
)

// listed is a manifest of a front end, as Apollo's generator writes it, with the sign-in of these tests.
func listed(t testing.TB) string {
	t.Helper()
	var operations []map[string]string
	for _, o := range []struct{ id, name, kind, body string }{
		{manifest.HashOf(viewerText), "Me", "query", viewerText},
		{"change", "Change", "mutation", "mutation Change($id: ID!) { deleteApiKey(input: {id: $id}) { deletedApiKeyId } }"},
		{"calls", "Calls", "query", "query Calls { account { balance { amount } calls(first: 1) { edges { node { status } } } } }"},
	} {
		operations = append(operations, map[string]string{"id": o.id, "name": o.name, "type": o.kind, "body": o.body})
	}
	text, err := json.Marshal(map[string]any{"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations})
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "manifest.json", string(text))
}

// signIns is a file of ours with the sign-in that these tests send.
func signIns(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(map[string]string{"sign-in": signInQuery})
	if err != nil {
		t.Fatal(err)
	}
	return file(t, "sign-in.json", string(text))
}

// named sends a request with these members.
func (c client) named(members vars) answer {
	c.p.t.Helper()
	body, err := json.Marshal(members)
	if err != nil {
		c.p.t.Fatal(err)
	}
	return c.send(c.request(http.MethodPost, c.p.url, string(body)))
}

// byHash is the request of Apollo's clients for a document.
func byHash(text string) vars {
	return vars{"extensions": vars{"persistedQuery": vars{"version": 1, "sha256Hash": manifest.HashOf(text)}}}
}

// TestTrustedOnly: a gateway that runs listed documents and nothing else.
func TestTrustedOnly(t *testing.T) {
	p := startDemo(t, "--documents", listed(t), "--documents", signIns(t), "--documents-mode", "only")
	c := p.as(developer)
	if got := c.named(byHash(viewerText)).ok(t).text("viewer", "email"); got != developer {
		t.Errorf("the viewer is %q", got)
	}
	c.named(vars{"query": viewerText}).ok(t)
	c.named(vars{"documentId": "sha256:" + manifest.HashOf(viewerText)}).ok(t)

	denied := c.named(vars{"documentId": "calls"})
	if denied.code() != "FORBIDDEN" || denied.errors[0].Extensions.Coordinate != "Account.balance" ||
		len(denied.all("account", "calls", "edges", "node", "status")) != 1 {
		t.Errorf("a listed document is answered with %s", denied.body)
	}
	p.as(support).named(vars{"documentId": "change", "variables": vars{"id": "x"}}).refused(t, http.StatusForbidden, "FORBIDDEN")
	p.guest().named(byHash(viewerText)).refused(t, http.StatusOK, "UNAUTHENTICATED")
	byGet := c.send(c.request(http.MethodGet, p.url+"?"+url.Values{"documentId": {"change"}, "variables": {`{"id":"x"}`}}.Encode(), ""))
	byGet.refused(t, http.StatusMethodNotAllowed, "BAD_REQUEST")

	for name, members := range map[string]vars{
		"another text":                {"query": "{ viewer { sid } }"},
		"another text, with its hash": {"query": "{ viewer { sid } }", "extensions": byHash("{ viewer { sid } }")["extensions"]},
		"introspection":               {"query": "{ __schema { queryType { name } } }"},
		"no GraphQL":                  {"query": "{"},
	} {
		a := c.named(members).refused(t, http.StatusForbidden, "FORBIDDEN")
		if a.hasData || !strings.Contains(a.body, "trusted documents only") {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	c.named(vars{"documentId": "unknown"}).refused(t, http.StatusBadRequest, "PERSISTED_QUERY_NOT_FOUND")
	// The page that an invitation leads to is ours, and works.
	p.guest().named(vars{"query": acceptance, "variables": vars{"input": vars{"token": "none", "password": "long enough to be one"}}}).
		refused(t, http.StatusOK, "NOT_FOUND")
	if got := p.stderr.String(); !strings.Contains(got, "GraphiQL is served") {
		t.Errorf("that GraphiQL cannot work is not said: %s", got)
	}
}

// TestAcceptanceIsThePages: the text that is trusted is the one that the page sends.
func TestAcceptanceIsThePages(t *testing.T) {
	found := false
	err := filepath.WalkDir("../../web/dist", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".js") {
			text, err := os.ReadFile(path)
			found = found || strings.Contains(string(text), acceptance)
			return err
		}
		return err
	})
	if err != nil || !found {
		t.Errorf("the page /accept sends another text: %v", err)
	}
}

// TestTrustedPreferred: listed documents run beside others.
func TestTrustedPreferred(t *testing.T) {
	p := startDemo(t, "--documents", listed(t))
	c := p.as(developer)
	c.named(byHash(viewerText)).ok(t)
	c.named(vars{"documentId": "calls"}).refused(t, http.StatusOK, "FORBIDDEN")
	c.named(vars{"query": "{ viewer { sid } }"}).ok(t)
	c.named(vars{"documentId": "unknown"}).refused(t, http.StatusBadRequest, "PERSISTED_QUERY_NOT_FOUND")
	if got := p.stderr.String(); got != "" {
		t.Errorf("the log: %s", got)
	}
}

// TestTrustedIsExempt: what only guards against strangers does not count for a listed document, in whatever way it is asked
// for and whether by its name or as it is. One more character, and it is a stranger's. What it costs counts.
func TestTrustedIsExempt(t *testing.T) {
	var aliases strings.Builder
	for i := range 40 {
		fmt.Fprintf(&aliases, " a%d: sid", i)
	}
	many := "query Many { viewer {" + aliases.String() + " } }"
	const dear = "query Dear { account { calls(first: 400) { edges { cursor } } } }"
	const twice = `mutation Twice { a: signIn(input: {email: "x@example.com", password: "x"}) { expiresIn } b: signIn(input: {email: "x@example.com", password: "x"}) { expiresIn } }`
	const paid = "query Paid { account { calls(first: 50) { edges { cursor } } } }" // 102 points
	text, err := json.Marshal(map[string]string{"many": many, "dear": dear, "twice": twice, "paid": paid})
	if err != nil {
		t.Fatal(err)
	}
	p := startDemo(t, "--documents", file(t, "ours.json", string(text)), "--limit-cost=500", "--budget-role=SUPPORT=300", "--metrics-listen=127.0.0.1:0")
	who := p.as(owner)
	for _, w := range ways {
		for name, members := range map[string]vars{
			"by its id": {"documentId": "many"}, "by its hash": byHash(many), "as it is": {"query": many},
		} {
			if a := w.ask(who, members); a.code() != "" || a.text("viewer", "a39") == "" {
				t.Errorf("%s by %s: %s", name, w.name, a.body)
			}
		}
		w.ask(who, vars{"query": many + " "}).shows(t, "LIMIT_EXCEEDED", "aliases", 30)
		w.ask(who, vars{"documentId": "dear"}).shows(t, "LIMIT_EXCEEDED", "cost", 500)
		if w.name != "GET" {
			w.ask(who, vars{"documentId": "twice"}).shows(t, "LIMIT_EXCEEDED", "sign_ins_per_operation", 1)
		}
		a := w.ask(p.as(support), vars{"documentId": "paid"})
		for tries := 0; a.code() == "" && tries < 9; tries++ {
			a = w.ask(p.as(support), vars{"documentId": "paid"})
		}
		a.shows(t, "RATE_LIMITED", "cost_per_minute", 300)
	}
}

// TestAutomatic: what one gateway was sent another knows, and nothing but sending it again is asked of a client when
// Redis is away.
func TestAutomatic(t *testing.T) {
	r := startRedis(t)
	one := startDemo(t, "--redis-url", r.url())
	two := start(t, "--data", one.data, "--demo-password", password, "--redis-url", r.url())
	both := byHash(viewerText)
	both["query"] = viewerText
	unknown := one.as(developer).named(byHash(viewerText))
	unknown.refused(t, http.StatusBadRequest, "PERSISTED_QUERY_NOT_FOUND")
	if len(unknown.errors) != 1 || unknown.errors[0].Message != "PersistedQueryNotFound" {
		t.Errorf("%s", unknown.body)
	}

	one.guest().named(both).refused(t, http.StatusOK, "UNAUTHENTICATED")
	two.as(developer).named(byHash(viewerText)).refused(t, http.StatusBadRequest, "PERSISTED_QUERY_NOT_FOUND")

	eventually(t, "what a gateway was sent is known to the other", func() bool { // a busy Redis does not keep it
		one.as(developer).named(both)
		a := two.as(developer).named(byHash(viewerText))
		return a.code() == "" && a.text("viewer", "email") == developer
	})
	two.guest().named(byHash(viewerText)).refused(t, http.StatusOK, "UNAUTHENTICATED")

	const public = "{ node(id: \"x\") { id } }"
	r.stop()
	a := one.guest().named(byHash(public))
	a.refused(t, http.StatusBadRequest, "PERSISTED_QUERY_NOT_FOUND")
	again := byHash(public)
	again["query"] = public
	if a := one.guest().named(again); a.status != http.StatusOK || a.code() == "SERVICE_UNAVAILABLE" {
		t.Errorf("sent again it is answered with %d %s", a.status, a.body)
	}
}

// TestAutomaticOff: documents are asked for again and again, and run.
func TestAutomaticOff(t *testing.T) {
	p := startDemo(t, "--apq", "off")
	both := byHash(viewerText)
	both["query"] = viewerText
	p.as(developer).named(both).ok(t)
	p.as(developer).named(byHash(viewerText)).refused(t, http.StatusBadRequest, "PERSISTED_QUERY_NOT_FOUND")
}

// TestCheckDocuments is what a pipeline runs before documents reach a gateway.
func TestCheckDocuments(t *testing.T) {
	got := command(t, "check", "--documents", listed(t), "--documents", signIns(t))
	if got.status != 0 || got.stderr != "" || !strings.Contains(got.stdout, "4 trusted documents, each valid against the schema.\n") {
		t.Errorf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	faulty := file(t, "faulty.json", `{"old": "{ viewer { age } }", "half": "{ viewer {", "good": "{ viewer { sid } }"}`)
	empty := file(t, "empty.json", `{}`)
	got = command(t, "check", "--documents", faulty, "--documents", empty, "--documents", "no-such-file.json")
	lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
	if got.status != 1 || got.stdout != "" || len(lines) != 4 {
		t.Errorf("status %d: %s%s", got.status, got.stdout, got.stderr)
	}
	for _, says := range []string{
		faulty + `: the document "old": line 1, column 12: `, faulty + `: the document "half": line 1, column 11: `,
		empty + ": the file has no documents", "no-such-file.json",
	} {
		if !strings.Contains(got.stderr, says) {
			t.Errorf("it does not say %q: %s", says, got.stderr)
		}
	}
}
