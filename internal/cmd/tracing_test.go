package cmd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	v1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// received is what a collector was sent.
type received struct {
	collector.UnimplementedTraceServiceServer
	mu    sync.Mutex
	raw   []byte
	spans []*v1.Span
}

// Export implements the collector's service for gRPC.
func (c *received) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	raw, err := proto.Marshal(r)
	c.raw = append(c.raw, raw...)
	for _, resource := range r.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	return &collector.ExportTraceServiceResponse{}, err
}

// ServeHTTP is the same over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp).
func (c *received) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := &collector.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(body, request)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, fmt.Sprint(err), http.StatusBadRequest)
		return
	}
	if _, err := c.Export(r.Context(), request); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// overHTTP starts a collector and points OpenTelemetry's variables to it.
func overHTTP(t *testing.T) *received {
	c := &received{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	return c
}

func overGRPC(t *testing.T) *received {
	c := &received{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+listener.Addr().String())
	return c
}

// attribute is an attribute of a span, as text.
func attribute(s *v1.Span, key string) string {
	for _, a := range s.Attributes {
		if a.Key == key {
			if text := a.Value.GetStringValue(); text != "" {
				return text
			}
			return fmt.Sprint(a.Value.GetIntValue())
		}
	}
	return ""
}

// tree writes the spans of a trace, each below its parent, those of one parent by name. What occurs often is written once.
func tree(all []*v1.Span, parent []byte, indent string) string {
	var lines []string
	for _, s := range all {
		if string(s.ParentSpanId) == string(parent) {
			lines = append(lines, indent+s.Name+"\n"+tree(all, s.SpanId, indent+"  "))
		}
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "")
}

// TestTraces: a request leaves a trace of its steps at a collector, over each protocol, and in all that was
// sent there is no token, password, variable, document, person or row.
func TestTraces(t *testing.T) {
	for name, collect := range map[string]func(*testing.T) *received{"HTTP": overHTTP, "gRPC": overGRPC} {
		t.Run(name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, on kept) { traces(t, on, collect(t)) })
		})
	}
}

// traces does much, and looks at what a collector was sent of it.
func traces(t *testing.T, on kept, c *received) {
	p := on.start(t)
	who := p.signIn(support)
	const (
		document = `query Marked($to: String, $id: ID!) { account { calls(first: 3, to: $to) { edges { node { sid price { amount } } } } } node(id: $id) { id } }`
		traceID  = "0af7651916cd43dd8448eb211c80319c"
	)
	own := p.as(owner)
	own.do(`{ __typename }`, nil).ok(t) // Redis knows the script from now on
	r := own.request(http.MethodPost, p.url, `{"query": "`+document+`", "variables": {"to": "+15550001111", "id": "QWNjb3VudDpBQ3NlY3JldA"}}`)
	r.Header.Set("traceparent", "00-"+traceID+"-b7ad6b7169203331-00")
	r.Header.Set("tracestate", "vendor=statesecret")
	r.Header.Set("baggage", "user=baggagesecret")
	marked := own.send(r)
	if marked.status != http.StatusOK {
		t.Fatalf("%d %s", marked.status, marked.body)
	}
	p.guest().try(`mutation { signIn(input: {email: "nobody@example.com", password: "guessed password"}) { accessToken } }`, nil)
	made := own.do(`mutation Make($name: String!) { createApiKey(input: {friendlyName: $name}) { secret apiKey { sid } } }`, vars{"name": "variablesecret"}).ok(t)
	personal := own.do(`{ viewer { sid email } account { users { edges { node { email sessions { id } } } } calls(first: 20) { edges { node { sid to from } } } } }`, nil).ok(t)
	renewed, _ := who.renew()
	client{p: p, access: "badtoken"}.try(`{ __typename }`, nil)
	if status := p.stop(); status != 0 {
		t.Fatalf("it ended with status %d: %s", status, p.stderr)
	}

	var trace []*v1.Span
	for _, s := range c.spans {
		if fmt.Sprintf("%x", s.TraceId) == traceID {
			trace = append(trace, s)
		}
	}
	client := []byte{0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31}
	const want = `POST /graphql
  query
    Query.account
      Account.calls
        SELECT calls
          sql rows
      SELECT accounts
        sql rows
    Query.node
    authorize
  session check
    session lookup
      EVALSHA
`
	if got := tree(trace, client, ""); got != want {
		t.Errorf("the trace is\n%swant\n%s", got, want)
	}
	for _, s := range trace {
		if s.EndTimeUnixNano < s.StartTimeUnixNano || time.Duration(s.EndTimeUnixNano-s.StartTimeUnixNano) > time.Minute {
			t.Errorf("%s took %d ns", s.Name, s.EndTimeUnixNano-s.StartTimeUnixNano)
		}
		switch s.Name {
		case "POST /graphql":
			if attribute(s, "http.response.status_code") != "200" || attribute(s, "fieldgate.request_id") != marked.header.Get("X-Request-Id") {
				t.Errorf("the request: %v", s.Attributes)
			}
		case "query":
			if attribute(s, "graphql.operation.name") != "Marked" || attribute(s, "graphql.operation.type") != "query" || attribute(s, "graphql.document") != "" {
				t.Errorf("the operation: %v", s.Attributes)
			}
		case "SELECT calls":
			if attribute(s, "db.system.name") != map[string]string{"SQLite": "sqlite", "Postgres": "postgresql"}[on.name] || attribute(s, "db.collection.name") != "calls" || attribute(s, "db.query.text") != "" {
				t.Errorf("the statement: %v", s.Attributes)
			}
		}
	}
	sent := string(c.raw)
	for _, there := range []string{"fieldgate", "Marked", marked.header.Get("X-Request-Id"), "INSERT api_keys"} {
		if !strings.Contains(sent, there) {
			t.Errorf("what was sent does not hold %q, so nothing is shown by what else is not in it", there)
		}
	}
	secrets := []string{
		password, "guessed password", "nobody@", "@example.com", "example.com", own.access, own.refresh, who.access, who.refresh, renewed.access, renewed.refresh,
		strings.Split(own.access, ".")[2], "badtoken", "Bearer", "variablesecret", "statesecret", "baggagesecret", "+1555", "QWNjb3VudDpBQ3NlY3JldA",
		"friendlyName", "account {", "fieldgate's tests", "127.0.0.1", " = $1", " WHERE ", "VALUES (", "{fieldgate}", made.text("createApiKey", "secret"),
		made.text("createApiKey", "apiKey", "sid"), personal.text("viewer", "sid"), p.url,
	}
	for _, path := range [][]string{
		{"account", "users", "edges", "node", "email"}, {"account", "users", "edges", "node", "sessions", "id"},
		{"account", "calls", "edges", "node", "sid"}, {"account", "calls", "edges", "node", "to"}, {"account", "calls", "edges", "node", "from"},
	} {
		for _, value := range personal.all(path...) {
			secrets = append(secrets, fmt.Sprint(value))
		}
	}
	if len(secrets) < 70 {
		t.Errorf("only %d secrets are looked for", len(secrets))
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(sent, secret) {
			t.Errorf("what was sent holds %q", secret)
		}
	}
	for _, s := range c.spans { // in the raw bytes, an id that is made up may hold a word as short as this
		if told := fmt.Sprint(s.Name, s.Attributes, s.Events, s.Status); strings.Contains(told, "$1") {
			t.Errorf("a span holds a statement: %s", told)
		}
	}
	if strings.Contains(p.stderr.String(), "traces") {
		t.Errorf("the log: %s", p.stderr)
	}
}

// TestWhoseTrace: whether a trace is recorded is not for the client to say, and whether it goes on with the
// client's id is for the operator.
func TestWhoseTrace(t *testing.T) {
	const (
		wanted   = "00-00000000000000000000000000000001-b7ad6b7169203331-01" // an id of which every ratio takes
		unwanted = "00-fffffffffffffffffffffffffffffffe-b7ad6b7169203331-00"
	)
	for _, c := range []struct {
		name   string
		env    map[string]string
		client string
		kept   bool
		goesOn bool
	}{
		{"wanted", nil, wanted, true, true},
		{"not wanted", nil, unwanted, true, true},
		{"wanted, and nothing is recorded", map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, wanted, false, false},
		{"wanted, and next to nothing is recorded", map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.000001"}, wanted, false, false},
		{"not wanted, and all is recorded", map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "1"}, unwanted, true, true},
		{"nobody's is continued", map[string]string{"OTEL_PROPAGATORS": "none"}, wanted, true, false},
		{"some other propagators", map[string]string{"OTEL_PROPAGATORS": "baggage,b3"}, wanted, true, false},
		{"this one among others", map[string]string{"OTEL_PROPAGATORS": "b3, tracecontext"}, wanted, true, true},
		{"nonsense", nil, "00-nonsense-x-01", true, false},
		{"turned off", map[string]string{"OTEL_SDK_DISABLED": "true"}, wanted, false, false},
		{"no exporter", map[string]string{"OTEL_TRACES_EXPORTER": "none"}, wanted, false, false},
		{"this exporter", map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, wanted, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			collected := overHTTP(t)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			p := startDemo(t)
			r := p.guest().request(http.MethodPost, p.url, `{"query": "{ permissionMatrix { title } }"}`)
			r.Header.Set("traceparent", c.client)
			p.guest().send(r).ok(t)
			p.stop()
			kept, goesOn := false, false
			for _, s := range collected.spans {
				if s.Name == "POST /graphql" {
					kept = true
					goesOn = strings.Contains(c.client, fmt.Sprintf("%x", s.TraceId))
				}
			}
			if kept != c.kept || goesOn != c.goesOn {
				t.Errorf("recorded %v, goes on with the client's %v", kept, goesOn)
			}
		})
	}
	t.Run("without a variable nothing is sent", func(t *testing.T) {
		collected := overHTTP(t)
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
		p := startDemo(t)
		p.guest().do(`{ permissionMatrix { title } }`, nil).ok(t)
		p.stop()
		if len(collected.spans) > 0 {
			t.Errorf("sent %v", collected.spans)
		}
	})
}

// TestTracingVariables: what cannot be done is said at the start.
func TestTracingVariables(t *testing.T) {
	for _, c := range []struct{ name, value, says string }{
		{"OTEL_TRACES_EXPORTER", "zipkin", `OTEL_TRACES_EXPORTER takes otlp or none, not "zipkin"`},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", `OTEL_EXPORTER_OTLP_PROTOCOL takes http/protobuf or grpc, not "http/json"`},
		{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "carrier pigeon", "OTEL_EXPORTER_OTLP_PROTOCOL takes"},
		{"OTEL_TRACES_SAMPLER", "jaeger_remote", `OTEL_TRACES_SAMPLER: there is no sampler "jaeger_remote"`},
		{"OTEL_TRACES_SAMPLER_ARG", "2", `a ratio is a number from 0 to 1, not "2"`},
		{"OTEL_EXPORTER_OTLP_HEADERS", "authorization Bearer SECRETTOKEN,good=val", "OTEL_EXPORTER_OTLP_HEADERS takes name=value"},
		{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "good=val,x=%zzSECRET2", "OTEL_EXPORTER_OTLP_TRACES_HEADERS takes name=value"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://user:SECRETPW@ho st:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT takes a URL"},
		{"OTEL_TRACES_SAMPLER_ARG", "NaN", `a ratio is a number from 0 to 1, not "NaN"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			overHTTP(t)
			t.Setenv("OTEL_TRACES_SAMPLER", "traceidratio")
			t.Setenv(c.name, c.value)
			got := command(t, "serve", "--listen=127.0.0.1:0", "--data", demoData(t), "--demo-password", password)
			if got.status != 1 || !strings.Contains(got.stderr, c.says) || strings.Contains(got.stderr, "SECRET") || strings.Contains(got.stdout, "answers at") {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestCollectorAway: requests do not wait for a collector that does not answer, and neither, for long, does a stop.
func TestCollectorAway(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+silent.Addr().String())
	p := startDemo(t)
	if a := p.as(support).do(`{ viewer { sid } }`, nil).ok(t); a.took > patience/2 {
		t.Errorf("a request took %s", a.took)
	}
	begun := time.Now()
	if status := p.stop(); status != 0 || time.Since(begun) > flushTime+patience/2 {
		t.Errorf("it ended with status %d after %s", status, time.Since(begun))
	}
	if !strings.Contains(p.stderr.String(), "traces were not sent") {
		t.Errorf("the log does not tell: %s", p.stderr)
	}
}
