package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/manifest"
)

// registered is where clients' documents are kept, in these tests.
type registered struct {
	mu    sync.Mutex
	texts map[string]string
}

func (r *registered) Load(_ context.Context, hash string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, known := r.texts[hash]
	return text, known
}

func (r *registered) Save(_ context.Context, hash, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts[hash] = text
}

// The documents of these tests.
const (
	listedText     = "query Listed { listed: hello }"
	otherText      = "query Other { other: hello }"
	changeText     = "mutation Change { ping }"
	registeredText = "{ registered: hello }"
	strangeText    = "{ strange: hello }"
)

// documentsOf are those under a mode: off, prefer or only.
func documentsOf(mode string, automatic engine.Automatic) func(*engine.Config) {
	return func(cfg *engine.Config) {
		if mode != "off" {
			cfg.Documents.Trusted = []manifest.Document{
				{File: "test.json", ID: "listed", Text: listedText, Type: "query", Name: "Listed"},
				{File: "test.json", ID: manifest.HashOf(otherText), Text: otherText},
				{File: "test.json", ID: "change", Text: changeText},
			}
		}
		cfg.Documents.Only = mode == "only"
		cfg.Documents.Automatic = automatic
	}
}

// apollo is the extension by which Apollo's clients name a document.
func apollo(hash string) map[string]any {
	return map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}
}

// sendBy makes a request with these members by POST or GET.
func (g gateway) sendBy(method string, members map[string]any) answer {
	g.t.Helper()
	if method == http.MethodPost {
		body, err := json.Marshal(members)
		if err != nil {
			g.t.Fatal(err)
		}
		r := httptest.NewRequest(method, "/graphql", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", mediaJSON)
		return g.do(r, nil)
	}
	values := url.Values{}
	for name, value := range members {
		text, is := value.(string)
		if !is {
			body, err := json.Marshal(value)
			if err != nil {
				g.t.Fatal(err)
			}
			text = string(body)
		}
		values.Set(name, text)
	}
	r := httptest.NewRequest(method, "/graphql?"+values.Encode(), nil)
	r.Header.Set("GraphQL-Require-Preflight", "1")
	return g.do(r, nil)
}

const (
	unknown = `{"errors":[{"message":"PersistedQueryNotFound","extensions":{"code":"PERSISTED_QUERY_NOT_FOUND"}}]}`
	refused = `{"errors":[{"message":"This gateway runs trusted documents only, and this is none.","extensions":{"code":"FORBIDDEN"}}]}`
)

// TestNaming is every way of naming a document, of each kind, under each mode, by POST and GET.
func TestNaming(t *testing.T) {
	type members = map[string]any
	byHash := func(text string) string { return manifest.HashOf(text) }
	hello := func(key string) string { return `{"data":{"` + key + `":"⟦Query.hello⟧"}}` }
	for _, row := range []struct {
		name              string
		members           members
		off, prefer, only string // the answers, by mode
	}{
		{"a listed one, by documentId", members{"documentId": "listed"}, unknown, hello("listed"), hello("listed")},
		{"by doc_id", members{"doc_id": "listed"}, unknown, hello("listed"), hello("listed")},
		{"by Apollo's extension", members{"extensions": apollo("listed")}, unknown, hello("listed"), hello("listed")},
		{"by the same in two ways", members{"documentId": "listed", "extensions": apollo("listed")}, unknown, hello("listed"), hello("listed")},
		{"by its hash", members{"documentId": "sha256:" + byHash(listedText)}, unknown, hello("listed"), hello("listed")},
		{"by its hash to Apollo", members{"extensions": apollo(byHash(listedText))}, unknown, hello("listed"), hello("listed")},
		{"by its id, which is a hash", members{"doc_id": byHash(otherText)}, unknown, hello("other"), hello("other")},
		{"as it is", members{"query": listedText}, hello("listed"), hello("listed"), hello("listed")},
		{"as it is, with its hash", members{"query": listedText, "extensions": apollo(byHash(listedText))}, hello("listed"), hello("listed"), hello("listed")},
		{"with the name of its operation", members{"documentId": "listed", "operationName": "Listed"}, unknown, hello("listed"), hello("listed")},
		{"with an empty query", members{"documentId": "listed", "query": ""}, unknown, hello("listed"), hello("listed")},

		{"a registered one, by documentId", members{"documentId": "sha256:" + byHash(registeredText)}, hello("registered"), hello("registered"), unknown},
		{"by Apollo's extension", members{"extensions": apollo(byHash(registeredText))}, hello("registered"), hello("registered"), unknown},
		{"as it is", members{"query": registeredText}, hello("registered"), hello("registered"), refused},

		{"an unknown one, by documentId", members{"documentId": "strange"}, unknown, unknown, unknown},
		{"by its hash", members{"documentId": "sha256:" + byHash(strangeText)}, unknown, unknown, unknown},
		{"by Apollo's extension", members{"extensions": apollo(byHash(strangeText))}, unknown, unknown, unknown},
		{"as it is", members{"query": strangeText}, hello("strange"), hello("strange"), refused},
		{"as it is, with its hash", members{"query": strangeText, "extensions": apollo(byHash(strangeText))}, hello("strange"), hello("strange"), refused},
		{"a listed one with a space more", members{"query": listedText + " "}, hello("listed"), hello("listed"), refused},
		{"introspection", members{"query": "{ __schema { queryType { name } } }"}, `{"data":{"__schema":{"queryType":{"name":"Query"}}}}`,
			`{"data":{"__schema":{"queryType":{"name":"Query"}}}}`, refused},
		{"no GraphQL", members{"query": "{"}, "GRAPHQL_PARSE_FAILED", "GRAPHQL_PARSE_FAILED", refused},
		{"what says of itself that it is trusted", members{"query": strangeText, "extensions": members{
			"FieldgateTrusted": true, "FieldgateDocument": "listed", "FieldgateRegister": "x"}}, hello("strange"), hello("strange"), refused},
	} {
		for mode, want := range map[string]string{"off": row.off, "prefer": row.prefer, "only": row.only} {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				t.Run(row.name+"/"+mode+"/"+method, func(t *testing.T) {
					store := &registered{texts: map[string]string{byHash(registeredText): registeredText}}
					g := gatewayFor(t, guest(), documentsOf(mode, store))
					a := g.sendBy(method, row.members)
					if a.status != http.StatusOK || !strings.Contains(a.text, want) {
						t.Errorf("status %d: %s, want %s", a.status, a.text, want)
					}
					if len(store.texts) != 1 {
						t.Error("a guest registered a document")
					}
				})
			}
		}
	}
}

// TestMisnaming is what no mode takes for a name.
func TestMisnaming(t *testing.T) {
	type members = map[string]any
	persisted := func(of any) members { return members{"extensions": members{"persistedQuery": of}} }
	hash := manifest.HashOf(strangeText)
	for _, row := range []struct {
		name    string
		members members
		says    string
	}{
		{"another hash", members{"query": strangeText, "extensions": apollo(manifest.HashOf(listedText))}, "provided sha does not match query"},
		{"its hash in capitals", members{"query": strangeText, "extensions": apollo(strings.ToUpper(hash))}, "provided sha does not match query"},
		{"an id with a text", members{"query": strangeText, "extensions": apollo("listed")}, "provided sha does not match query"},
		{"another version", persisted(members{"version": 2, "sha256Hash": hash}), "Unsupported persisted query version"},
		{"no version", persisted(members{"sha256Hash": hash}), "Unsupported persisted query version"},
		{"no hash", persisted(members{"version": 1}), "sha256Hash"},
		{"an empty hash", persisted(members{"version": 1, "sha256Hash": ""}), "sha256Hash"},
		{"a hash that is a number", persisted(members{"version": 1, "sha256Hash": 1}), "sha256Hash"},
		{"a list", persisted([]any{1}), "sha256Hash"},
		{"a long name", members{"documentId": strings.Repeat("x", 600)}, "documentId"},
		{"an empty name", members{"documentId": ""}, "documentId"},
		{"a name and a text", members{"documentId": "listed", "query": listedText}, "names one document"},
		{"two names", members{"documentId": "listed", "doc_id": "change"}, "names one document"},
		{"two names, of which one is a hash", members{"documentId": "listed", "extensions": apollo(hash)}, "names one document"},
		{"nothing", members{}, "has no query"},
	} {
		for _, mode := range []string{"off", "prefer", "only"} {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				t.Run(row.name+"/"+mode+"/"+method, func(t *testing.T) {
					store := &registered{texts: map[string]string{}}
					a := gatewayFor(t, holding(permissions...), documentsOf(mode, store)).sendBy(method, row.members)
					if a.status != http.StatusBadRequest || !strings.Contains(a.text, row.says) || a.Errors[0].Extensions["code"] != "BAD_REQUEST" {
						t.Errorf("status %d: %s, want %q", a.status, a.text, row.says)
					}
					if a.visits.Total() > 0 || len(store.texts) > 0 {
						t.Error("it had an effect")
					}
				})
			}
		}
	}
}

// TestRegistering: what is kept is the text of an operation that runs, of someone signed in.
func TestRegistering(t *testing.T) {
	for _, row := range []struct {
		name   string
		caller caller
		text   string
		kept   bool
	}{
		{"a query", holding(), strangeText, true},
		{"a guest's query", guest(), strangeText, false},
		{"a query of which a part is denied", holding(), "{ hello page { secret } }", true},
		{"a mutation", holding(permissions...), "mutation($n: String) { rename(input: {name: $n}) { page { name } } }", true},
		{"a mutation with a text in it", holding(permissions...), `mutation { rename(input: {name: "hunter2"}) { page { name } } }`, false},
		{"a mutation with a block of text in it", holding(permissions...), `mutation { rename(input: {name: """hunter2"""}) { page { name } } }`, false},
		{"a query beside such a mutation", holding(), `query A { hello } mutation B { rename(input: {name: "hunter2"}) { page { name } } }`, false},
		{"a query with a text in it", holding(), `{ node(id: "Page:1") { id } }`, true},
		{"a mutation that is denied", holding(), "mutation($n: String) { createKey(input: {name: $n}) { key { name } } }", false},
		{"what is no GraphQL", holding(), "{ hello", false},
		{"what is not valid", holding(), "{ hallo }", false},
		{"what passes a limit", holding(), "{" + strings.Repeat(" page { call { page {", 6) + " name " + strings.Repeat("}}}", 6) + "}", false},
		{"a listed one", holding(), listedText, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			store := &registered{texts: map[string]string{}}
			g := gatewayFor(t, row.caller, documentsOf("prefer", store))
			hash := manifest.HashOf(row.text)
			members := map[string]any{"query": row.text, "extensions": apollo(hash)}
			if strings.HasPrefix(row.text, "query A") {
				members["operationName"] = "A"
			}
			a := g.sendBy(http.MethodPost, members)
			if text, kept := store.texts[hash]; kept != row.kept || kept && text != row.text {
				t.Fatalf("kept: %v, want %v: %s", kept, row.kept, a.text)
			}
			if row.kept {
				again := g.sendBy(http.MethodPost, map[string]any{"extensions": apollo(hash)})
				if again.text != a.text {
					t.Errorf("by its hash it is answered with %s, and with %s before", again.text, a.text)
				}
			}
		})
	}
	t.Run("a mutation by GET", func(t *testing.T) {
		store := &registered{texts: map[string]string{}}
		g := gatewayFor(t, holding(), documentsOf("prefer", store))
		const text = "mutation { ping }"
		a := g.sendBy(http.MethodGet, map[string]any{"query": text, "extensions": apollo(manifest.HashOf(text))})
		if a.status != http.StatusMethodNotAllowed || len(store.texts) > 0 {
			t.Errorf("status %d, kept %d", a.status, len(store.texts))
		}
	})
	t.Run("with nothing to keep it in", func(t *testing.T) {
		g := gatewayFor(t, holding(), documentsOf("prefer", nil))
		hash := manifest.HashOf(strangeText)
		if a := g.sendBy(http.MethodPost, map[string]any{"query": strangeText, "extensions": apollo(hash)}); a.Data == nil {
			t.Error(a.text)
		}
		if a := g.sendBy(http.MethodPost, map[string]any{"extensions": apollo(hash)}); !strings.Contains(a.text, unknown) {
			t.Error(a.text)
		}
	})
}

// TestNamedIsAsSent: that an operation is named gives it nothing: not by GET what is for POST, not what the caller is
// denied, and not several of what an operation has once.
func TestNamedIsAsSent(t *testing.T) {
	const (
		denied = "{ page { name secret call { price } } }"
		twice  = "mutation { a: ping b: ping }"
	)
	listed := func(cfg *engine.Config) {
		cfg.Once = []string{"Mutation.ping"}
		for id, text := range map[string]string{"change": changeText, "denied": denied, "twice": twice} {
			cfg.Documents.Trusted = append(cfg.Documents.Trusted, manifest.Document{ID: id, Text: text})
		}
	}
	for _, c := range []caller{guest(), holding(), holding(logs), holding(credentials)} {
		named, sent := gatewayFor(t, c, listed), gatewayFor(t, c, func(cfg *engine.Config) { cfg.Once = []string{"Mutation.ping"} })
		for id, text := range map[string]string{"change": changeText, "denied": denied, "twice": twice} {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				got, want := named.sendBy(method, map[string]any{"documentId": id}), sent.sendBy(method, map[string]any{"query": text})
				if got.status != want.status || got.text != want.text || got.header.Get("Allow") != want.header.Get("Allow") {
					t.Errorf("%s of %v by %s: %d %s, and as a text %d %s", id, c, method, got.status, got.text, want.status, want.text)
				}
			}
		}
	}
}

// TestNamedByGetAsksFirst: a page of another site cannot have a browser run a document by its id.
func TestNamedByGetAsksFirst(t *testing.T) {
	g := gatewayFor(t, guest(), documentsOf("only", nil))
	a := g.do(httptest.NewRequest(http.MethodGet, "/graphql?documentId=listed", nil), nil)
	if a.status != http.StatusBadRequest || a.visits.Total() > 0 {
		t.Errorf("%d %s", a.status, a.text)
	}
}

// TestStreamsOnlyTrusted: a stream of events begins by a trusted document's id, and by no other text.
func TestStreamsOnlyTrusted(t *testing.T) {
	s := streamingFor(t, holding(logs), documentsOf("only", nil), func(cfg *engine.Config) {
		cfg.Documents.Trusted = append(cfg.Documents.Trusted, manifest.Document{ID: "calls", Text: "subscription { calls { name } }"})
	})
	for body, want := range map[string]string{
		`{"documentId":"calls"}`:                               `{"data":{"calls":{"name":`,
		`{"query":"subscription { calls { id } }"}`:            refused,
		`{"documentId":"sha256:` + manifest.HashOf("") + `"}`:  unknown,
		`{"query":"{ hello }"}`:                                refused,
		`{"documentId":"listed","extensions":{"denials":"x"}}`: "BAD_REQUEST",
	} {
		r, err := http.NewRequest(http.MethodPost, s.server.URL+"/graphql", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", mediaJSON)
		r.Header.Set("Accept", "text/event-stream")
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		events, err := io.ReadAll(w.Body)
		w.Body.Close()
		if err != nil || w.StatusCode != http.StatusOK || !strings.Contains(string(events), want) {
			t.Errorf("%s: %d %s %v, want %s", body, w.StatusCode, events, err, want)
		}
	}
}

// TestNotFoundStatus: to old clients an unknown document is answered with 200, as Apollo's link expects, to new ones
// with the status of a request that cannot be run.
func TestNotFoundStatus(t *testing.T) {
	for accept, want := range map[string]int{"": 200, mediaJSON: 200, mediaResponse: 400} {
		a := gatewayFor(t, guest()).send(request{Extensions: apollo(manifest.HashOf(strangeText)), accept: accept})
		if a.status != want || strings.TrimSpace(a.text) != unknown {
			t.Errorf("%q: %d %s", accept, a.status, a.text)
		}
	}
}

// TestUntrustworthy: a document that could not run stops the start, by its name.
func TestUntrustworthy(t *testing.T) {
	var doubling strings.Builder
	doubling.WriteString("{ ...f0 }")
	for i := range 30 {
		fmt.Fprintf(&doubling, " fragment f%d on Query { ...f%d ...f%d }", i, i+1, i+1)
	}
	doubling.WriteString(" fragment f30 on Query { hello }")
	for _, row := range []struct {
		name, text, kind, says string
	}{
		{"no GraphQL", "{ hello", "", "line 1, column 8"},
		{"an unknown field", "{\n  hallo\n}", "", "line 2, column 3"},
		{"only a fragment", "fragment A on Query { hello }", "", "no operation"},
		{"a fragment in itself", "{ ...A } fragment A on Query { ...A }", "", "A"},
		{"more tokens than any gateway reads", "{" + strings.Repeat(" hello", 10_000) + " }", "", "token"},
		{"fragments that double", doubling.String(), "", "more than 10000 fields"},
		{"another operation than the file says", "query B { hello }", "query", "query A"},
		{"another type than the file says", "mutation A { ping }", "query", "query A"},
		{"two operations where the file says one", "query A { hello } query B { hello }", "query", "query A"},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := manifest.Document{File: "test.json", ID: "it", Text: row.text, Type: row.kind}
			if d.Type != "" {
				d.Name = "A"
			}
			cfg := configOf(t, guest())
			cfg.Documents.Trusted = []manifest.Document{{File: "test.json", ID: "well", Text: listedText}, d}
			_, err := engine.NewHandler(enginetest.New(), cfg)
			if err == nil || !strings.HasPrefix(err.Error(), `test.json: the document "it"`) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%v, want %q", err, row.says)
			}
		})
	}
	t.Run("one id for two texts", func(t *testing.T) {
		err := engine.CheckDocuments(enginetest.New().Schema(), []manifest.Document{
			{File: "a.json", ID: "it", Text: listedText}, {File: "b.json", ID: "it", Text: otherText}, {File: "c.json", ID: "it", Text: listedText},
		})
		if err == nil || !strings.HasPrefix(err.Error(), `b.json: the document "it"`) || strings.Contains(err.Error(), "c.json") {
			t.Errorf("%v", err)
		}
	})
}

// TestTrustedDocumentsStay: strangers' documents push each other out of the cache, and never a trusted one.
func TestTrustedDocumentsStay(t *testing.T) {
	g := gatewayFor(t, guest(), documentsOf("prefer", nil))
	for i := range 1500 {
		g.ask(fmt.Sprintf("{ a%d: hello }", i))
	}
	var wait sync.WaitGroup
	for range 8 { // and several requests may read one parsed document
		wait.Go(func() {
			for range 20 {
				if a := g.sendBy(http.MethodPost, map[string]any{"documentId": "listed"}); a.Data == nil {
					t.Error(a.text)
				}
			}
		})
	}
	wait.Wait()
}
