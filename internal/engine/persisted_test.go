package engine_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/internal/engine"
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
