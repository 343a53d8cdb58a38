package cmd

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/bench"
	"github.com/fieldgate/fieldgate/internal/engine"
)

// The workloads. Eight fields, as a table of numbers has them.
const (
	smallQuery  = `{ account { sid friendlyName status } viewer { sid roles } }`
	numbersList = `{ account { phoneNumbers(first: 1000) { edges { node {
		sid phoneNumber friendlyName status voiceUrl smsUrl dateCreated dateUpdated } } } } }`
	// callsList is a list of the same size of which Support is denied the eighth field.
	callsList = `{ account { calls(first: 1000) { edges { node {
		sid to from status direction duration startTime price { amount } } } } } }`
)

// BenchmarkGateway sends requests to the program's own handler, without a network: from the request's bytes to the
// answer's, with the token verified, the session looked up in Redis (FIELDGATE_TEST_REDIS_URL, or the embedded one), the
// operation decided, the rows read from SQLite and the answer written.
func BenchmarkGateway(b *testing.B) {
	for _, row := range []struct {
		name, caller, query, listed string
		denials                     int
	}{
		{"empty", guest, `{ __typename }`, "each", 0},
		{"small", owner, smallQuery, "each", 0},
		{"numbers=1000x8", owner, numbersList, "each", 0},
		{"calls=1000x8", owner, callsList, "each", 0},
		{"calls=1000x8/denied=1of8", support, callsList, "each", 1000},
		{"calls=1000x8/denied=1of8/denials=selection", support, callsList, "selection", 1},
	} {
		b.Run(row.name, func(b *testing.B) {
			h, token := handlerFor(b, demoData(b), row.caller)
			body, err := json.Marshal(map[string]any{"query": row.query, "extensions": vars{"denials": row.listed}})
			if err != nil {
				b.Fatal(err)
			}
			w := &sink{keep: true}
			w.serve(b, h, token, body)
			if got := strings.Count(w.text.String(), `"code":"FORBIDDEN"`); got != row.denials || strings.Contains(w.text.String(), `"data":null`) {
				b.Fatalf("%d denials, want %d: %.300s", got, row.denials, w.text.String())
			}
			w.keep = false
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				w.serve(b, h, token, body)
			}
			stop()
			if w.bytes < 20 {
				b.Fatalf("%d bytes", w.bytes)
			}
			b.ReportMetric(float64(w.bytes), "answer-B")
		})
	}
}

// BenchmarkAround is what a guest's request costs around the engine: ids, addresses, headers, names, origins, routes, and who
// asks, which is nobody. With metrics, it is counted too.
func BenchmarkAround(b *testing.B) {
	for name, metrics := range map[string]string{"plain": "", "metrics": "127.0.0.1:0"} {
		b.Run(name, func(b *testing.B) {
			g, s := gatewayFor(b, demoData(b), metricsFlag{MetricsListen: metrics})
			nothing := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
			h := g.around(nothing, s.hosts(), slog.New(slog.DiscardHandler))
			r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://127.0.0.1:8080/graphql", http.NoBody)
			if err != nil {
				b.Fatal(err)
			}
			r.RemoteAddr = "127.0.0.1:49152"
			w := &sink{header: http.Header{}}
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
			stop()
			if w.status != http.StatusOK || len(w.header) < 7 {
				b.Fatalf("status %d, headers %v", w.status, w.header)
			}
		})
	}
}

// gatewayFor is the program on a folder of data.
func gatewayFor(b *testing.B, data string, metrics metricsFlag) (*gateway, serve) {
	b.Helper()
	s := serve{
		Listen: "127.0.0.1:0", Data: data, RedisURL: os.Getenv("FIELDGATE_TEST_REDIS_URL"),
		Denials: "each", Demo: "auto", DemoPassword: password, Introspection: "role", signInFlags: signInFlags{LocalSignIn: "on"},
		limitFlags: defaultFlags(b).limitFlags, sessionFlags: defaultFlags(b).sessionFlags, metricsFlag: metrics,
	}
	g, err := open(b.Context(), s, engine.DefaultLimits(), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { g.close() })
	return g, s
}

// handlerFor is the program's handler on a folder of data, and the token of a caller, "" for a guest.
func handlerFor(b *testing.B, data, caller string) (http.Handler, string) {
	b.Helper()
	g, s := gatewayFor(b, data, metricsFlag{})
	h := g.handler(s.hosts(), slog.New(slog.DiscardHandler))
	if caller == guest {
		return h, ""
	}
	body, err := json.Marshal(map[string]any{
		"query":     `mutation($email: String!, $password: String!) { signIn(input: {email: $email, password: $password}) { accessToken } }`,
		"variables": vars{"email": caller, "password": password},
	})
	if err != nil {
		b.Fatal(err)
	}
	w := &sink{keep: true}
	w.serve(b, h, "", body)
	var answer struct {
		Data struct{ SignIn struct{ AccessToken string } }
	}
	if err := json.Unmarshal(w.text.Bytes(), &answer); err != nil || answer.Data.SignIn.AccessToken == "" {
		b.Fatalf("%v %s", err, w.text.String())
	}
	return h, answer.Data.SignIn.AccessToken
}

// sink takes an answer and counts its bytes.
type sink struct {
	header http.Header
	status int
	bytes  int
	keep   bool
	text   bytes.Buffer
}

func (w *sink) Header() http.Header    { return w.header }
func (w *sink) WriteHeader(status int) { w.status = status }

func (w *sink) Write(p []byte) (int, error) {
	w.bytes += len(p)
	if w.keep {
		w.text.Write(p)
	}
	return len(p), nil
}

// serve asks once.
func (w *sink) serve(b *testing.B, h http.Handler, token string, body []byte) {
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://127.0.0.1/graphql", io.NopCloser(bytes.NewReader(body)))
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w.header, w.status, w.bytes = http.Header{}, http.StatusOK, 0
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK {
		b.Fatalf("status %d", w.status)
	}
}
