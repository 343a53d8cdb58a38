package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// watcher keeps what it is told, in words.
type watcher struct{ begun, told []string }

type watchKey struct{}

func (w *watcher) Operation(ctx context.Context) (context.Context, func(engine.Outcome)) {
	w.begun = append(w.begun, "operation")
	return context.WithValue(ctx, watchKey{}, "operation"), func(out engine.Outcome) { w.told = append(w.told, inWords(out)) }
}

func (w *watcher) Authorize(ctx context.Context) (context.Context, func()) {
	w.begun = append(w.begun, fmt.Sprintf("authorize in %v", ctx.Value(watchKey{})))
	return ctx, func() { w.begun = append(w.begun, "authorized") }
}

// inWords writes an outcome, and every rule with its counts: allowed, denied, masked and denials.
func inWords(out engine.Outcome) string {
	lines := []string{strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", out.Type, out.Name, out.Refused)), " ")}
	for code, n := range out.Failed {
		lines = append(lines, fmt.Sprintf("%s %d", code, n))
	}
	for _, d := range out.Decided {
		lines = append(lines, fmt.Sprintf("%s: %d %d %d %d", d.Rule, d.Allowed, d.Denied, d.Masked, d.Denials))
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}

// TestObserver: whoever watches is told what became of each request.
func TestObserver(t *testing.T) {
	const (
		credentialsRead   = "API_CREDENTIALS READ: "
		credentialsCreate = "API_CREDENTIALS CREATE: "
		billingRead       = "BILLING_HISTORY_AND_SETTINGS READ: "
		logsRead          = "PRODUCT_LOGS READ: "
		personalRead      = "PERSONAL_DATA READ: "
	)
	for _, row := range []struct {
		name   string
		caller caller
		query  string
		want   []string
	}{
		{"nothing is denied", holding(), `query page { page { name } }`, []string{"query page", "signed in: 2 0 0 0"}},
		{"a selection in a list is one decision and a denial for each null", holding(logs), `{ calls(first: 3) { name price } }`,
			[]string{"query", billingRead + "0 1 0 3", logsRead + "2 0 0 0", "public: 1 0 0 0"}},
		{"an alias is a decision of its own", holding(), `{ page { a: secret b: secret } }`,
			[]string{"query", credentialsRead + "0 2 0 2", "signed in: 1 0 0 0"}},
		{"masked", holding(logs), `{ calls(first: 2) { to } }`,
			[]string{"query", personalRead + "0 0 1 0", logsRead + "2 0 0 0", "public: 1 0 0 0"}},
		{"not masked", holding(logs, personal), `{ calls(first: 2) { to } }`,
			[]string{"query", personalRead + "1 0 0 0", logsRead + "2 0 0 0", "public: 1 0 0 0"}},
		{"a filter", holding(logs), `{ calls(price: "1") { name } }`,
			[]string{"query", billingRead + "0 1 0 1", logsRead + "1 0 0 0"}},
		{"an object by its id", holding(), `{ node(id: "Call:1") { id } }`,
			[]string{"query", logsRead + "0 1 0 1", "public: 1 0 0 0", "signed in: 1 0 0 0"}},
		{"a guest", guest(), `{ hello page { name } }`, []string{"query", "public: 1 0 0 0", "signed in: 0 1 0 1"}},
		{"a mutation that is refused", holding(), `mutation make { touch { page { name } } createKey(input: {}) { key { name } } }`,
			[]string{"mutation make FORBIDDEN", credentialsCreate + "0 1 0 1", "signed in: 3 0 0 0"}},
		{"a limit", holding(), `query deep { page { child { child { child { child { child { child { child { child { child { child { child {
			child { child { child { child { name } } } } } } } } } } } } } } } } }`, []string{"query deep LIMIT_EXCEEDED"}},
		{"no operation", holding(), `{ page {`, []string{"GRAPHQL_PARSE_FAILED"}},
		{"no such field", holding(), `query q { nothing }`, []string{"GRAPHQL_VALIDATION_FAILED"}},
		{"a subscription", holding(logs), `subscription { calls { name } }`, []string{"subscription BAD_REQUEST"}},
		{"no query", holding(), ``, []string{"BAD_REQUEST"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := &watcher{}
			g := gatewayFor(t, row.caller, func(cfg *engine.Config) { cfg.Observer = w })
			w.begun, w.told = nil, nil // the gateway has asked itself as it started
			g.ask(row.query)
			if want := strings.Join(row.want, "\n"); len(w.told) != 1 || w.told[0] != want {
				t.Errorf("told %q, want %q", w.told, want)
			}
			if w.begun[0] != "operation" || len(w.begun) > 1 && (w.begun[1] != "authorize in operation" || w.begun[2] != "authorized") {
				t.Errorf("in the order %q", w.begun)
			}
		})
	}
	t.Run("errors that are no denials", func(t *testing.T) {
		w := &watcher{}
		g := gatewayFor(t, holding(), func(cfg *engine.Config) { cfg.Observer = w })
		w.told = nil
		fails := func(context.Context) error { return errors.New("the upstream is away") }
		missing := func(context.Context) error { return problem.Missing() }
		g.send(request{
			Query:  `{ hello a: page { name } b: page { secret } things { name } }`,
			visits: &model.Visits{On: map[string]func(context.Context) error{"Query.hello": fails, "Query.page": missing}},
		})
		for _, want := range []string{"INTERNAL_SERVER_ERROR 1", "NOT_FOUND 2"} {
			if len(w.told) != 1 || !strings.Contains(w.told[0], want) {
				t.Errorf("told %q, want %s", w.told, want)
			}
		}
	})
	t.Run("a stream, when it is over", func(t *testing.T) {
		for _, row := range []struct {
			caller caller
			want   string
		}{
			{holding(logs), "subscription\n" + billingRead + "0 1 0 3\nNOT_FOUND 3\n" + logsRead + "2 0 0 0\n" + "signed in: 1 0 0 0"},
			{holding(), "subscription FORBIDDEN\n" + logsRead + "0 1 0 1"},
		} {
			w := &watcher{}
			g := gatewayFor(t, row.caller, func(cfg *engine.Config) { cfg.Observer = w })
			w.told = nil
			calls := make(chan *model.Call, 3)
			for range cap(calls) {
				calls <- model.NewCall()
			}
			close(calls)
			r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"subscription { calls { price page { name } } }"}`))
			r.Header.Set("Content-Type", mediaJSON)
			r.Header.Set("Accept", "text/event-stream")
			ctx := model.WithVisits(context.WithValue(r.Context(), signedInKey{}, true), &model.Visits{
				Calls: calls,
				On:    map[string]func(context.Context) error{"Call.page": func(context.Context) error { return problem.Missing() }},
			})
			g.handler.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
			if len(w.told) != 1 || w.told[0] != row.want {
				t.Errorf("told %q, want %q", w.told, row.want)
			}
		}
	})
	t.Run("a request by another method", func(t *testing.T) {
		w := &watcher{}
		g := gatewayFor(t, holding(), func(cfg *engine.Config) { cfg.Observer = w })
		w.told = nil
		g.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPut, "/graphql", nil))
		if len(w.told) != 1 || w.told[0] != "BAD_REQUEST" {
			t.Errorf("told %q", w.told)
		}
	})
}

// follower is a watcher that wants to be told of resolvers too, or not.
type follower struct {
	watcher
	wants bool
	mu    sync.Mutex
	ran   []string
}

func (f *follower) Resolvers(context.Context) func(context.Context, string) (context.Context, func(bool)) {
	if !f.wants {
		return nil
	}
	return func(ctx context.Context, coordinate string) (context.Context, func(bool)) {
		return context.WithValue(ctx, watchKey{}, coordinate), func(failed bool) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.ran = append(f.ran, fmt.Sprintf("%s in %v failed: %v", coordinate, ctx.Value(watchKey{}), failed))
		}
	}
}

// TestResolverObserver: each field that has a resolver is told of, by its coordinate, and no other; and what a resolver does, it
// does in the context that it was given.
func TestResolverObserver(t *testing.T) {
	for _, row := range []struct {
		wants bool
		want  []string
	}{
		{true, []string{"Query.calls in operation failed: false", "Query.hello in operation failed: true", "Query.page in operation failed: true"}},
		{false, nil},
	} {
		f := &follower{wants: row.wants}
		g := gatewayFor(t, holding(logs), func(cfg *engine.Config) { cfg.Observer = f })
		f.ran = nil // the gateway has asked itself as it started
		var in any
		a := g.send(request{Query: `{ hello calls(first: 2) { name page { name } price } page { name } }`, visits: &model.Visits{On: map[string]func(context.Context) error{
			"Query.hello": func(ctx context.Context) error { in = ctx.Value(watchKey{}); return errors.New("broken") },
			"Query.page":  func(context.Context) error { panic("broken") },
		}}})
		slices.Sort(f.ran)
		if !slices.Equal(f.ran, row.want) || row.wants != (in == "Query.hello") {
			t.Errorf("told %q, want %q; Query.hello ran in %v: %s", f.ran, row.want, in, a.text)
		}
	}
}

// shaky is an Observer that panics.
type shaky struct {
	watcher
	begins, ends bool
}

func (s *shaky) Operation(ctx context.Context) (context.Context, func(engine.Outcome)) {
	if s.begins {
		panic("a secret")
	}
	ctx, told := s.watcher.Operation(ctx)
	return ctx, func(out engine.Outcome) {
		told(out)
		if s.ends {
			panic("a secret")
		}
	}
}

// snapped is a body of which reading panics.
type snapped struct{}

func (snapped) Read([]byte) (int, error) { panic("a secret") }

// TestPanicOutsideOfAnOperation: it is answered as any other, and the connection goes on.
func TestPanicOutsideOfAnOperation(t *testing.T) {
	for _, row := range []struct {
		name         string
		begins, ends bool
		body         io.Reader
		status       int
		told         string
	}{
		{"as the Observer is told of it", true, false, strings.NewReader(`{"query":"{ hello }"}`), 500, ""},
		{"as the body is read", false, false, snapped{}, 500, "INTERNAL_SERVER_ERROR"},
		{"as the Observer is told what became of it", false, true, strings.NewReader(`{}`), 400, "BAD_REQUEST"},
	} {
		t.Run(row.name, func(t *testing.T) {
			o := &shaky{}
			g := gatewayFor(t, guest(), func(cfg *engine.Config) { cfg.Observer = o })
			o.told, o.begins, o.ends = nil, row.begins, row.ends
			r := httptest.NewRequest(http.MethodPost, "/graphql", row.body)
			r.Header.Set("Content-Type", mediaJSON)
			r.Header.Set("Accept", mediaResponse)
			w := httptest.NewRecorder()
			g.handler.ServeHTTP(w, r)
			if w.Code != row.status || strings.Contains(w.Body.String(), "secret") || strings.Join(o.told, "; ") != row.told {
				t.Errorf("%d %s, told %q", w.Code, w.Body, o.told)
			}
		})
	}
}
