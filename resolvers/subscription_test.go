package resolvers_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fieldgate/fieldgate/auth"
	"github.com/fieldgate/fieldgate/auth/policy"
	"github.com/fieldgate/fieldgate/graph"
	"github.com/fieldgate/fieldgate/graph/model"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/problem"
	"github.com/fieldgate/fieldgate/internal/store/demo"
	"github.com/fieldgate/fieldgate/internal/store/storetest"
	"github.com/fieldgate/fieldgate/internal/upstream"
	"github.com/fieldgate/fieldgate/resolvers"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// recorder is an upstream that notes which fields it is told to read.
type recorder struct {
	upstream.Upstream
	mu   sync.Mutex
	read []string // "Call: price sid"
}

func (r *recorder) note(object string, s upstream.Scope) {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := slices.Sorted(slices.Values(s.Fields().Names()))
	r.read = append(r.read, object+" of "+s.Account()[:2]+": "+strings.Join(names, " "))
}

func (r *recorder) Calls(ctx context.Context, s upstream.Scope, f upstream.CallFilter, p upstream.Page) (upstream.List[model.Call], error) {
	r.note("Call", s)
	return r.Upstream.Calls(ctx, s, f, p)
}

func (r *recorder) Messages(ctx context.Context, s upstream.Scope, f upstream.MessageFilter, p upstream.Page) (upstream.List[model.Message], error) {
	r.note("Message", s)
	return r.Upstream.Messages(ctx, s, f, p)
}

// script is a stream of events that are known beforehand, and of what ends it.
type script struct {
	events []upstream.LogEvent
	end    error
}

func (s *script) FollowLogs(context.Context, string) (upstream.LogStream, error) { return s, nil }
func (s *script) Close()                                                         {}
func (s *script) Next(context.Context) (upstream.LogEvent, error) {
	if len(s.events) == 0 {
		return upstream.LogEvent{}, s.end
	}
	e := s.events[0]
	s.events = s.events[1:]
	return e, nil
}

// TestEventsAreReadByColumns: of a log that a stream is told of, those fields are read that are selected of its own type
// and permitted, and no others: not a denied one, nor one that only another type is asked for.
func TestEventsAreReadByColumns(t *testing.T) {
	db := storetest.Demo(t)
	scope := upstream.NewScope(demo.Main().SID, policy.NewFields("sid"))
	calls, err := db.Calls(t.Context(), scope, upstream.CallFilter{}, upstream.Page{First: 1})
	if err != nil {
		t.Fatal(err)
	}
	messages, err := db.Messages(t.Context(), scope, upstream.MessageFilter{}, upstream.Page{First: 1})
	if err != nil {
		t.Fatal(err)
	}
	up := &recorder{Upstream: db}
	events := &script{
		events: []upstream.LogEvent{
			{Kind: model.ProductLogKindCall, Sid: calls.Items[0].Sid}, {Kind: model.ProductLogKindMessage, Sid: messages.Items[0].Sid},
		},
		end: problem.New(problem.Unavailable, "No more."),
	}
	answer := follow(t, &resolvers.Root{Upstream: up, Events: events}, policy.Support,
		`subscription { productLogs(messageTo: null) { ... on Call { a: status price { amount } } ... on Message { body status price { amount } } } }`)
	want := []string{"Call of AC: status", "Message of AC: body status"}
	if !slices.Equal(up.read, want) {
		t.Errorf("read %q, want %q", up.read, want)
	}
	for _, part := range []string{`"coordinate":"Call.price"`, `"coordinate":"Message.price"`, `"code":"SERVICE_UNAVAILABLE"`} {
		if strings.Count(answer, part) != 1 {
			t.Errorf("%s is not there once: %s", part, answer)
		}
	}
}

// follow asks the gateway's schema for a stream, as someone who holds a role, and returns all of it.
func follow(t *testing.T, root *resolvers.Root, role policy.Role, query string) string {
	t.Helper()
	schema, log := graph.NewGuardedSchema(graph.Config{Resolvers: root}), slog.New(slog.DiscardHandler)
	matrix := policy.Published()
	table, faults := policy.Compile(schema.Schema(), matrix)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	set, err := matrix.Set(role)
	if err != nil {
		t.Fatal(err)
	}
	h, err := engine.NewHandler(schema, engine.Config{
		Table: table, Views: engine.NewViews(engine.IntrospectionOff, schema.Schema(), table),
		Caller: func(ctx context.Context) policy.Set { return auth.From(ctx).Set },
		TypeOf: func(string) string { return "" }, Present: resolvers.Presenter(log), Log: log,
		Denials: engine.DenialsEach, Limits: engine.DefaultLimits(), Sockets: engine.DefaultSocketLimits(),
		Streams: engine.Streams{
			Authenticate: func(ctx context.Context, _ string) (context.Context, error) { return ctx, nil },
			Watch:        context.WithCancel, Over: auth.Over,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	body := strings.NewReader(`{"query": "` + query + `"}`)
	r := httptest.NewRequest(http.MethodPost, "/graphql", body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(auth.With(t.Context(), auth.Principal{
		User: "US1", Session: "x", Account: demo.Main().SID, Roles: []policy.Role{role}, Set: set,
	})))
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
