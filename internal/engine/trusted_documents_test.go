package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/manifest"
	"github.com/fieldgate/fieldgate/internal/problem"
)

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

// TestSocketsOnlyTrusted: nor does one over a WebSocket.
func TestSocketsOnlyTrusted(t *testing.T) {
	const (
		answered = `< {"id":"1","type":"next","payload":{"data":{"listed":"⟦Query.hello⟧"}}}
			< {"id":"1","type":"complete"}`
		only    = `< {"id":"1","type":"error","payload":[{"message":"This gateway runs trusted documents only, and this is none.","extensions":{"code":"FORBIDDEN"}}]}`
		missing = `< {"id":"1","type":"error","payload":[{"message":"PersistedQueryNotFound","extensions":{"code":"PERSISTED_QUERY_NOT_FOUND"}}]}`
	)
	s := serveSockets(t, holding(logs), documentsOf("only", &registered{texts: map[string]string{manifest.HashOf(registeredText): registeredText}}), func(cfg *engine.Config) {
		cfg.Documents.Trusted = append(cfg.Documents.Trusted, manifest.Document{ID: "calls", Text: "subscription { calls { name } }"})
	})
	for _, row := range []struct{ name, payload, then string }{
		{"by its id", `{"documentId":"listed"}`, answered},
		{"by Apollo's extension", `{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + manifest.HashOf(listedText) + `"}}}`, answered},
		{"as it is", `{"query":"` + listedText + `"}`, answered},
		{"with a space more", `{"query":"` + listedText + ` "}`, only},
		{"another text", `{"query":"{ hello }"}`, only},
		{"another subscription", `{"query":"subscription { calls { id } }"}`, only},
		{"introspection", `{"query":"{ __schema { queryType { name } } }"}`, only},
		{"an unknown one", `{"doc_id":"unknown"}`, missing},
		{"one that was registered", `{"documentId":"sha256:` + manifest.HashOf(registeredText) + `"}`, missing},
		{"a subscription", `{"documentId":"calls"}`, "running 1\nemit\n" + `< {"id":"1","type":"next","payload":{"data":{"calls":{"name":"⟦Call.name⟧"}}}}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.play(s.dial(nil), initSigned+`> {"id":"1","type":"subscribe","payload":`+row.payload+"}\n"+row.then+quiet)
		})
	}
}

// TestTrustedIsBounded: a trusted document may be long, and is answered no later, in no greater number and for no less than
// any other.
func TestTrustedIsBounded(t *testing.T) {
	var aliases strings.Builder
	for i := range 40 {
		fmt.Fprintf(&aliases, " a%d: name", i)
	}
	long := "{ page {" + aliases.String() + " } }"
	listed := func(change func(*engine.Config)) gateway {
		return gatewayFor(t, holding(permissions...), func(cfg *engine.Config) {
			cfg.Documents.Trusted = []manifest.Document{{ID: "long", Text: long}}
			change(cfg)
		})
	}
	refusing := func(ctx context.Context) error {
		if ctx.Value(signedInKey{}) == nil { // the engine asks itself at the start
			return nil
		}
		return &problem.Error{Code: problem.RateLimited, Message: "Enough.", Limit: "x", Most: 1, RetryAfter: time.Second}
	}
	for _, row := range []struct {
		name   string
		change func(*engine.Config)
		code   string // of the document by its id
	}{
		{"within everything", func(*engine.Config) {}, ""},
		{"at once", func(cfg *engine.Config) {
			cfg.Admit = func(ctx context.Context) (func(), error) { return func() {}, refusing(ctx) }
		}, "RATE_LIMITED"},
		{"a budget", func(cfg *engine.Config) {
			cfg.Charge = func(ctx context.Context, _ int) error { return refusing(ctx) }
		}, "RATE_LIMITED"},
		{"cost", func(cfg *engine.Config) { cfg.Limits.Cost = 20 }, "LIMIT_EXCEEDED"},
		{"time", func(cfg *engine.Config) {
			cfg.Limits.Time = 300 * time.Millisecond
			cfg.Charge = func(ctx context.Context, _ int) error { // which takes too long
				if refusing(ctx) != nil {
					<-ctx.Done()
				}
				return nil
			}
		}, "TIMEOUT"},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := listed(row.change).sendBy(http.MethodPost, map[string]any{"documentId": "long"})
			code := ""
			if len(a.Errors) > 0 {
				code, _ = a.Errors[0].Extensions["code"].(string)
			}
			if code != row.code || row.code != "" && a.visits.Total() > 0 {
				t.Errorf("%d %s", a.status, a.text)
			}
		})
	}
	if a := listed(func(*engine.Config) {}).ask(long + " "); len(a.Errors) != 1 || a.Errors[0].Extensions["limit"] != "aliases" {
		t.Errorf("with a space more: %s", a.text)
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
