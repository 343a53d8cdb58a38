package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// byGet asks a query by GET.
func (g gateway) byGet(query string) answer {
	g.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/graphql?"+url.Values{"query": {query}}.Encode(), nil)
	r.Header.Set("GraphQL-Require-Preflight", "1")
	r.Header.Set("Accept", mediaResponse)
	return g.do(r, nil)
}

// TestLimitsOverHTTP asks for what each limit allows by default, and for one more, by POST and by GET: the error says which
// limit it is and its figure, in words and for programs.
func TestLimitsOverHTTP(t *testing.T) {
	times := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(f(i))
		}
		return b.String()
	}
	nested := func(first, field string, n int) string { // n levels deep
		return "{ " + first + " { " + strings.Repeat(field+" { ", n-2) + "name" + strings.Repeat(" }", n)
	}
	d := engine.DefaultLimits()
	for _, row := range []struct {
		name  string
		most  int
		query func(n int) string
		set   func(*engine.Limits) // where the default is not what is asked for
	}{
		{"tokens", d.Tokens, func(n int) string { return "{" + strings.Repeat(" hello", n-2) + "}" }, nil},
		{"depth", d.Depth, func(n int) string { return nested("page", "child", n) }, nil},
		{"introspection_depth", d.Introspection, func(n int) string { return nested(`__type(name: "Page")`, "ofType", n) }, nil},
		{"aliases", d.Aliases, func(n int) string {
			return "{ page {" + times(n, func(i int) string { return fmt.Sprintf(" a%d: name", i) }) + " } }"
		}, nil},
		{"alias_length", d.AliasLength, func(n int) string { return "{ " + strings.Repeat("a", n) + ": hello }" }, nil},
		{"root_fields", d.RootFields, func(n int) string {
			return "{" + times(n, func(i int) string { return fmt.Sprintf(" a%d: hello", i) }) + " }"
		}, nil},
		{"introspections", d.Introspections, func(n int) string {
			return "{" + times(n, func(i int) string { return fmt.Sprintf(" a%d: __schema { queryType { name } }", i) }) + " }"
		}, nil},
		{"directives", d.Directives, func(n int) string {
			return "{" + times(n, func(i int) string { return " hello @skip(if: false)" }) + " }"
		}, nil},
		{"selections", 20, func(n int) string {
			return "{" + times(n, func(i int) string { return fmt.Sprintf(" a%d: hello", i) }) + " }"
		}, func(l *engine.Limits) { l.Selections, l.RootFields = 20, 100 }},
		{"cost", 900, func(n int) string { return fmt.Sprintf("{ calls(first: %d) { name } }", n-1) }, func(l *engine.Limits) { l.Cost = 900 }},
	} {
		t.Run(row.name, func(t *testing.T) {
			var told engine.Outcome
			g := gatewayFor(t, holding(credentials, billing, logs, usage, personal), func(cfg *engine.Config) {
				cfg.Observer = outcomes{&told}
				if row.set != nil {
					row.set(&cfg.Limits)
				}
			})
			for by, ask := range map[string]func(string) answer{
				"POST": func(q string) answer { return g.send(request{Query: q, accept: mediaResponse}) }, "GET": g.byGet,
			} {
				if a := ask(row.query(row.most)); a.status != http.StatusOK || len(a.Errors) > 0 {
					t.Errorf("by %s, at the limit: %d %.300s", by, a.status, a.text)
				}
				a := ask(row.query(row.most + 1))
				if a.status != http.StatusBadRequest || len(a.Errors) != 1 || a.Data != nil {
					t.Fatalf("by %s, one beyond: %d %.300s", by, a.status, a.text)
				}
				e := a.Errors[0]
				if e.Extensions["code"] != "LIMIT_EXCEEDED" || e.Extensions["limit"] != row.name || e.Extensions["max"] != float64(row.most) ||
					!strings.Contains(e.Message, fmt.Sprint(row.most)) {
					t.Errorf("by %s, one beyond: %s", by, a.text)
				}
				if told.Limit != row.name {
					t.Errorf("by %s: whoever watches is told of the limit %q", by, told.Limit)
				}
			}
		})
	}
}

// outcomes keeps the last outcome.
type outcomes struct{ last *engine.Outcome }

func (o outcomes) Operation(ctx context.Context) (context.Context, func(engine.Outcome)) {
	return ctx, func(out engine.Outcome) { *o.last = out }
}

func (o outcomes) Authorize(ctx context.Context) (context.Context, func()) { return ctx, func() {} }

// TestBodyLimit: the bytes of a body, and of an address.
func TestBodyLimit(t *testing.T) {
	const most = 400
	g := gatewayFor(t, holding(), func(cfg *engine.Config) { cfg.Limits.BodyBytes = most })
	for _, row := range []struct {
		name   string
		method string
		status int // one beyond
		build  func(n int) (address, body string)
	}{
		{"a body", http.MethodPost, http.StatusRequestEntityTooLarge, func(n int) (string, string) {
			const around = `{"query":"{ hello } #"}`
			return "/graphql", `{"query":"{ hello } #` + strings.Repeat("x", n-len(around)) + `"}`
		}},
		{"an address", http.MethodGet, http.StatusRequestURITooLong, func(n int) (string, string) {
			const around = "query={hello}%23"
			return "/graphql?" + around + strings.Repeat("x", n-len(around)), ""
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			for n, status := range map[int]int{most: http.StatusOK, most + 1: row.status} {
				address, body := row.build(n)
				r := httptest.NewRequest(row.method, address, strings.NewReader(body))
				r.Header.Set("Content-Type", mediaJSON)
				a := g.do(r, nil)
				if a.status != status {
					t.Errorf("%d bytes: %d %s", n, a.status, a.text)
				}
				if status != http.StatusOK && (len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != "LIMIT_EXCEEDED" ||
					a.Errors[0].Extensions["limit"] != "body" || a.Errors[0].Extensions["max"] != float64(most)) {
					t.Errorf("%d bytes: %s", n, a.text)
				}
			}
		})
	}
}

// TestCharge: an operation is charged once, before anything of it runs, for about what its answer may have of fields; what
// is denied is charged too, and what never became an operation is not.
func TestCharge(t *testing.T) {
	for _, row := range []struct {
		name, query string
		want        string
	}{
		{"a field", "{ hello }", "[1]"},
		{"a list", "{ calls(first: 100) { name } }", "[101]"},
		{"a mutation", "mutation { ping }", "[1]"},
		{"a mutation that is denied", `mutation { rename(input: {parts: {cost: "x"}}) { page { name } } }`, "[5]"},
		{"nothing but a typename", "{ __typename }", "[1]"},
		{"what cannot be parsed", "{", "[]"},
		{"what is not valid", "{ nothing }", "[]"},
		{"what is too much", "{" + strings.Repeat(" hello", 2000) + " }", "[]"},
	} {
		t.Run(row.name, func(t *testing.T) {
			charged := []int{}
			g := gatewayFor(t, holding(logs), func(cfg *engine.Config) {
				cfg.Charge = func(ctx context.Context, cost int) error {
					if ctx.Value(signedInKey{}) != nil {
						charged = append(charged, cost)
					}
					return nil
				}
			})
			g.ask(row.query)
			if got := fmt.Sprint(charged); got != row.want {
				t.Errorf("charged %s, want %s", got, row.want)
			}
		})
	}
	t.Run("one who cannot pay", func(t *testing.T) {
		g := gatewayFor(t, holding(), func(cfg *engine.Config) {
			cfg.Charge = func(ctx context.Context, _ int) error {
				if ctx.Value(signedInKey{}) == nil {
					return nil // the engine asks itself at the start
				}
				return &problem.Error{Code: problem.RateLimited, Message: "Enough.", Limit: "cost_per_minute", Most: 5, RetryAfter: 1500 * time.Millisecond}
			}
		})
		for _, accept := range []string{mediaResponse, mediaJSON} {
			a := g.send(request{Query: "{ page { name } }", accept: accept})
			want := `{"errors":[{"message":"Enough.","extensions":{"code":"RATE_LIMITED","limit":"cost_per_minute","max":5,"retryAfter":2}}]}` + "\n"
			if a.status != http.StatusTooManyRequests || a.text != want || a.visits.Total() > 0 {
				t.Errorf("%s: %d %s", accept, a.status, a.text)
			}
		}
	})
}

// TestAdmit: what is not admitted is answered with its status and when to try again, whatever the client takes, and nothing of
// it is looked at; what is admitted leaves when it is over, however it ends.
func TestAdmit(t *testing.T) {
	var inside atomic.Int32
	full := false
	g := gatewayFor(t, holding(), func(cfg *engine.Config) {
		cfg.Admit = func(context.Context) (func(), error) {
			if full {
				return nil, &problem.Error{Code: problem.Unavailable, Message: "Later.", Limit: "requests", Most: 1, RetryAfter: time.Second}
			}
			inside.Add(1)
			return func() { inside.Add(-1) }, nil
		}
	})
	for name, query := range map[string]string{"an operation": "{ hello }", "no operation": "{", "one that is not valid": "{ x }"} {
		g.ask(query)
		if n := inside.Load(); n != 0 {
			t.Errorf("%s: %d have not left", name, n)
		}
	}
	full = true
	for _, accept := range []string{mediaResponse, mediaJSON, "text/event-stream"} {
		a := g.send(request{Query: "{", accept: accept})
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "1" || a.Data != nil || a.Errors[0].Extensions["limit"] != "requests" {
			t.Errorf("%s: %d %v %s", accept, a.status, a.header, a.text)
		}
	}
}

// TestTurn: an operation does its work when its turn has come, pays its price for it, and is over however it ends; one
// whose turn does not come is answered like any that comes to nothing, and when to try again.
func TestTurn(t *testing.T) {
	var inside atomic.Int32
	var cost atomic.Int64
	full := false
	g := gatewayFor(t, holding(), func(cfg *engine.Config) {
		cfg.Turn = func(_ context.Context, points int) (func(), error) {
			if full {
				return nil, &problem.Error{Code: problem.Unavailable, Message: "Later.", Limit: "large_requests", Most: 1, RetryAfter: time.Second}
			}
			cost.Store(int64(points))
			inside.Add(1)
			return func() { inside.Add(-1) }, nil
		}
	})
	for _, query := range []string{"{ hello }", "{ a: hello b: hello }", "mutation { x }", "{"} {
		g.ask(query)
		if n := inside.Load(); n != 0 {
			t.Errorf("%s: %d are not over", query, n)
		}
	}
	if n := cost.Load(); n != 2 {
		t.Errorf("the last that ran cost %d points", n)
	}
	full = true
	a := g.send(request{Query: "{ hello }", accept: mediaResponse})
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "1" || a.Data != nil || a.Errors[0].Extensions["limit"] != "large_requests" {
		t.Errorf("%d %v %s", a.status, a.header, a.text)
	}
}
