package engine_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
	"github.com/fieldgate/fieldgate/internal/problem"
)

// patience is how long a test waits for what should happen at once.
const patience = 15 * time.Second

const callsQuery = `subscription { calls { name price } }`

// streaming is a gateway on a port, for one caller.
type streaming struct {
	t       *testing.T
	server  *httptest.Server
	handler *engine.Handler
	visits  *model.Visits
}

func streamingFor(t *testing.T, c caller, change ...func(*engine.Config)) *streaming {
	t.Helper()
	cfg := configOf(t, c)
	for _, f := range change {
		f(&cfg)
	}
	h, err := engine.NewHandler(enginetest.New(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := &streaming{t: t, handler: h, visits: &model.Visits{}}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := model.WithVisits(r.Context(), s.visits)
		if c.signedIn {
			ctx = context.WithValue(ctx, signedInKey{}, true)
		}
		h.ServeHTTP(w, r.WithContext(ctx))
	}))
	s.server.Config.ReadTimeout = time.Second // of a request: a stream outlasts them
	s.server.Config.WriteTimeout = time.Second
	s.server.Start()
	t.Cleanup(s.server.Close)
	return s
}

// stream is an answer of events.
type stream struct {
	*http.Response
	t     *testing.T
	lines *bufio.Scanner
}

// event is one, or a comment when it has no name.
type event struct{ name, data string }

func (s *streaming) ask(query string) *stream {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, s.server.URL+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", mediaJSON)
	r.Header.Set("Accept", "text/event-stream")
	return s.do(r)
}

func (s *streaming) do(r *http.Request) *stream {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	s.t.Cleanup(cancel)
	resp, err := s.server.Client().Do(r.WithContext(ctx))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { resp.Body.Close() })
	return &stream{resp, s.t, bufio.NewScanner(resp.Body)}
}

// next is the next event, comments left out; ok is false after the last.
func (s *stream) next() (e event, ok bool) {
	s.t.Helper()
	for {
		if e, ok = s.any(); !ok || e.name != "" {
			return e, ok
		}
	}
}

// any is the next event or comment.
func (s *stream) any() (e event, ok bool) {
	s.t.Helper()
	data := []string{}
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case s.lines.Text() == "":
			e.data = strings.Join(data, "\n")
			return e, true
		case name == "event":
			e.name = value
		case name == "data":
			data = append(data, value)
		case name != "":
			s.t.Errorf("a line that is none of ours: %q", s.lines.Text())
		}
	}
	return event{}, false
}

// rest are all events to the end.
func (s *stream) rest() []event {
	s.t.Helper()
	var all []event
	for {
		e, ok := s.next()
		if !ok {
			return all
		}
		all = append(all, e)
	}
}

func (s *stream) want(want ...event) {
	s.t.Helper()
	if got := s.rest(); !slices.Equal(got, want) {
		s.t.Errorf("events:\n%q\nwant:\n%q", got, want)
	}
}

func next(data string) event { return event{"next", data} }

// complete is the last event. It has a line of data, or a browser's EventSource would keep it back.
var complete = event{"complete", ""}

// TestEventStream: what is asked for as a stream is answered by one, also when nothing of it runs
// (GraphQL over SSE, distinct connections mode).
func TestEventStream(t *testing.T) {
	for _, row := range []struct {
		name   string
		caller caller
		query  string
		want   string // the one event before the last
	}{
		{"a query", holding(), `{ hello }`, `{"data":{"hello":"⟦Query.hello⟧"}}`},
		{"a mutation", holding(), `mutation { ping }`, `{"data":{"ping":"pong"}}`},
		{"a query with a denial", holding(), `{ key { name } }`, `{"errors":[{"message":"Query.key needs the permission API_CREDENTIALS (READ).","path":["key"],"extensions":{"action":"READ","code":"FORBIDDEN","coordinate":"Query.key","permission":"API_CREDENTIALS"}}],"data":{"key":null}}`},
		{"a denied mutation", guest(), `mutation { touch { page { name } } }`, `{"errors":[{"message":"Sign in to use Mutation.touch.","path":["touch"],"extensions":{"code":"UNAUTHENTICATED","coordinate":"Mutation.touch"}}]}`},
		{"a syntax error", guest(), `{`, `{"errors":[{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":2}],"extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}`},
		{"an unknown field", guest(), `{ hallo }`, `{"errors":[{"message":"Cannot query field \"hallo\" on type \"Query\".","locations":[{"line":1,"column":3}],"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`},
		{"a subscription", holding(logs), callsQuery, `{"errors":[{"message":"Call.price needs the permission BILLING_HISTORY_AND_SETTINGS (READ).","path":["calls","price"],"extensions":{"action":"READ","code":"FORBIDDEN","coordinate":"Call.price","permission":"BILLING_HISTORY_AND_SETTINGS"}}],"data":{"calls":{"name":"⟦Call.name⟧","price":null}}}`},
		{"a denied subscription", holding(), callsQuery, `{"errors":[{"message":"Subscription.calls needs the permission PRODUCT_LOGS (READ).","path":["calls"],"extensions":{"action":"READ","code":"FORBIDDEN","coordinate":"Subscription.calls","permission":"PRODUCT_LOGS"}}]}`},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := streamingFor(t, row.caller).ask(row.query)
			if a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" ||
				a.Header.Get("Content-Encoding") != "" || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
				t.Errorf("%d %v", a.StatusCode, a.Header)
			}
			a.want(next(row.want), complete)
		})
	}
}

// TestEventStreamRefused: what is no operation at all is refused as it always is, by a status.
func TestEventStreamRefused(t *testing.T) {
	s := streamingFor(t, holding(permissions...))
	get := func(query string) string {
		return s.server.URL + "/graphql?" + url.Values{"query": {query}}.Encode()
	}
	for _, row := range []struct {
		name, method, url, accept, body string
		status                          int
	}{
		{"no JSON", "POST", s.server.URL + "/graphql", "text/event-stream", `{`, 400},
		{"no query", "POST", s.server.URL + "/graphql", "text/event-stream", `{}`, 400},
		{"another method", "PUT", s.server.URL + "/graphql", "text/event-stream", ``, 405}, // a reservation, in single connection mode
		{"a subscription by GET", "GET", get(callsQuery), "text/event-stream", ``, 405},
		{"a mutation by GET", "GET", get(`mutation { ping }`), "text/event-stream", ``, 405},
		{"a subscription that is asked for as JSON", "POST", s.server.URL + "/graphql", mediaJSON, `{"query":"` + callsQuery + `"}`, 400},
		{"a subscription for who likes JSON better", "POST", s.server.URL + "/graphql", mediaJSON + ", text/event-stream", `{"query":"` + callsQuery + `"}`, 400},
		{"a stream of any text", "POST", s.server.URL + "/graphql", "text/*", `{"query":"{ hello }"}`, 406},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := http.NewRequest(row.method, row.url, strings.NewReader(row.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", mediaJSON)
			r.Header.Set("Accept", row.accept)
			if a := s.do(r); a.StatusCode != row.status || a.Header.Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("%d %v", a.StatusCode, a.Header)
			}
			if s.visits.Total() > 0 {
				t.Error("a resolver ran")
			}
		})
	}
	r, err := http.NewRequest(http.MethodGet, get(`{ hello }`), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("GraphQL-Require-Preflight", "1")
	s.do(r).want(next(`{"data":{"hello":"⟦Query.hello⟧"}}`), complete)
}

// TestEvents: a stream of several events outlasts the server's times for a request and the engine's for an operation, and says
// that it lives meanwhile.
func TestEvents(t *testing.T) {
	calls := make(chan *model.Call)
	s := streamingFor(t, holding(permissions...), func(cfg *engine.Config) { cfg.Limits.Time = 300 * time.Millisecond })
	s.handler.SetTimes(20*time.Millisecond, patience)
	s.visits.Calls = calls
	a := s.ask(callsQuery)
	begun := time.Now()
	for i := 0; time.Since(begun) < 3*time.Second/2 || i < 3; i++ { // the server's times are shorter
		call := model.NewCall()
		call.Name = fmt.Sprintf("%d\n\r%s", i, strings.Repeat("x", i*1000))
		for comments := 0; comments < 3; {
			if e, ok := a.any(); !ok || e.name != "" {
				t.Fatalf("after %s: %v %v", time.Since(begun), e, ok)
			}
			comments++
		}
		calls <- call
		got, ok := a.next()
		name, _ := json.Marshal(call.Name)
		if want := next(`{"data":{"calls":{"name":` + string(name) + `,"price":"⟦Call.price⟧"}}}`); !ok || got != want {
			t.Fatalf("event %d: %q %v", i, got, ok)
		}
	}
	close(calls)
	a.want(complete)
}

// TestStreamEnds: each reason for a stream to end, and what is said of it.
func TestStreamEnds(t *testing.T) {
	expired := problem.New(problem.Unauthenticated, "The access token has expired.")
	said := next(`{"errors":[{"message":"The access token has expired.","extensions":{"code":"UNAUTHENTICATED"}}]}`)
	stopping := next(`{"errors":[{"message":"The gateway is stopping. Ask again: another may answer.","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}`)

	t.Run("the caller may see nothing more", func(t *testing.T) {
		end := make(chan struct{})
		s := streamingFor(t, holding(permissions...), watching(func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			go func() { <-end; cancel(expired) }()
			return ctx, func() { cancel(nil) }
		}))
		s.visits.Calls = make(chan *model.Call)
		a := s.ask(callsQuery)
		close(end)
		a.want(said, complete)
	})
	t.Run("the caller may see nothing from the first", func(t *testing.T) {
		calls := make(chan *model.Call, 1)
		s := streamingFor(t, holding(permissions...), watching(func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(expired)
			return ctx, func() {}
		}))
		s.visits.Calls = calls
		calls <- model.NewCall()
		s.ask(callsQuery).want(said, complete)
	})
	t.Run("the gateway stops", func(t *testing.T) {
		s := streamingFor(t, holding(permissions...))
		s.visits.Calls = make(chan *model.Call)
		a := s.ask(callsQuery)
		closed := make(chan error, 1)
		go func() { closed <- s.handler.Close(t.Context()) }()
		a.want(stopping, complete)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		late := s.ask(callsQuery)
		if text, _ := io.ReadAll(late.Body); late.StatusCode != http.StatusServiceUnavailable || late.Header.Get("Retry-After") != "1" ||
			!strings.Contains(string(text), `"SERVICE_UNAVAILABLE"`) {
			t.Errorf("one that begins later: %d %v %s", late.StatusCode, late.Header, text)
		}
	})
	t.Run("it cannot begin", func(t *testing.T) {
		s := streamingFor(t, holding(permissions...))
		s.visits.On = map[string]func(context.Context) error{
			"Subscription.calls": func(context.Context) error { return problem.New(problem.Unavailable, "Events cannot be had.") },
		}
		s.ask(callsQuery).want(next(`{"errors":[{"message":"Events cannot be had.","path":["calls"],"extensions":{"code":"SERVICE_UNAVAILABLE"}}]}`), complete)
	})
	t.Run("it takes too long to begin", func(t *testing.T) {
		s := streamingFor(t, holding(permissions...), func(cfg *engine.Config) { cfg.Limits.Time = 100 * time.Millisecond })
		s.visits.On = map[string]func(context.Context) error{
			"Subscription.calls": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		}
		s.ask(callsQuery).want(next(`{"errors":[{"message":"The operation took longer than 100ms.","extensions":{"code":"TIMEOUT","limit":"time"}}]}`), complete)
	})
	t.Run("a query takes too long", func(t *testing.T) {
		s := streamingFor(t, holding(permissions...), func(cfg *engine.Config) { cfg.Limits.Time = 100 * time.Millisecond })
		s.visits.On = map[string]func(context.Context) error{
			"Query.hello": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		}
		s.ask(`{ hello }`).want(next(`{"errors":[{"message":"It took too long.","path":["hello"],"extensions":{"code":"TIMEOUT"}}],"data":{"hello":null}}`), complete)
	})
}

func watching(watch func(context.Context) (context.Context, context.CancelFunc)) func(*engine.Config) {
	return func(cfg *engine.Config) { cfg.Streams.Watch = watch }
}

// TestStreamLeft: when the client goes away, the source of the events is let go, and what it watches with.
func TestStreamLeft(t *testing.T) {
	source, released := make(chan context.Context, 1), make(chan struct{})
	s := streamingFor(t, holding(permissions...), watching(func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		return ctx, func() { cancel(); close(released) }
	}))
	s.visits.Calls = make(chan *model.Call)
	s.visits.On = map[string]func(context.Context) error{
		"Subscription.calls": func(ctx context.Context) error { source <- ctx; return nil },
	}
	a := s.ask(callsQuery)
	ctx := <-source
	a.Body.Close()
	for _, ended := range []<-chan struct{}{ctx.Done(), released} {
		select {
		case <-ended:
		case <-time.After(patience):
			t.Fatal("it goes on")
		}
	}
	if err := s.handler.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestStalledReader: a client that does not read is cut off, and the source of its events let go.
func TestStalledReader(t *testing.T) {
	calls, source := make(chan *model.Call), make(chan context.Context, 1)
	s := streamingFor(t, holding(permissions...))
	s.handler.SetTimes(time.Hour, 100*time.Millisecond)
	s.visits.Calls = calls
	s.visits.On = map[string]func(context.Context) error{
		"Subscription.calls": func(ctx context.Context) error { source <- ctx; return nil },
	}
	conn, err := net.Dial("tcp", s.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := `{"query":"` + callsQuery + `"}`
	fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body)
	large := model.NewCall()
	large.Name = strings.Repeat("x", 1<<20)
	ctx, late := <-source, time.After(patience)
	for {
		select {
		case calls <- large: // the network takes some, although nobody reads
		case <-ctx.Done():
			return
		case <-late:
			t.Fatal("events are taken for ever")
		}
	}
}

// TestStreamsOfASession: a session has so many streams at once and no more, and may begin another when one has ended.
func TestStreamsOfASession(t *testing.T) {
	s := streamingFor(t, holding(permissions...), func(cfg *engine.Config) {
		cfg.Limits.Sockets = 2
		cfg.Streams.Session = func(context.Context) string { return "session" }
	})
	s.visits.Calls = make(chan *model.Call)
	begun := make(chan struct{}, 10)
	s.visits.On = map[string]func(context.Context) error{
		"Subscription.calls": func(context.Context) error { begun <- struct{}{}; return nil },
	}
	first, second := s.ask(callsQuery), s.ask(callsQuery)
	defer second.Body.Close()
	<-begun
	<-begun
	third := s.ask(callsQuery)
	text, _ := io.ReadAll(third.Body)
	if third.StatusCode != http.StatusTooManyRequests || third.Header.Get("Retry-After") != "1" || !strings.Contains(string(text), `"limit":"sockets"`) {
		t.Errorf("%d %s", third.StatusCode, text)
	}
	first.Body.Close()
	for late := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		again := s.ask(callsQuery)
		again.Body.Close()
		if again.StatusCode == http.StatusOK {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("%d", again.StatusCode)
		}
	}
}
