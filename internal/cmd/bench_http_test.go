package cmd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/bench"
)

// BenchmarkHTTP sends requests over connections of this machine to the program's own handler, and as many to one that reads
// what it is sent and says 200: what the two differ in is what the gateway takes. The clients are counted in both.
func BenchmarkHTTP(b *testing.B) {
	program, token := handlerFor(b, owner, func(s *serve) { s.LimitSessionRequests = 64 })
	empty := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
	})
	for _, row := range []struct {
		name    string
		handler http.Handler
		query   string
		least   int64 // bytes of the answer
	}{
		{"nothing", empty, smallQuery, 0},
		{"small", program, smallQuery, 100},
		{"numbers=1000x8", program, numbersList, 100_000},
	} {
		server := httptest.NewServer(row.handler)
		b.Cleanup(server.Close)
		body, err := json.Marshal(map[string]any{"query": row.query})
		if err != nil {
			b.Fatal(err)
		}
		for _, n := range []int{1, 4, 16, 64} {
			b.Run(fmt.Sprintf("%s/connections=%d", row.name, n), func(b *testing.B) {
				bench.Requests(b, n, server.URL+"/graphql", token, body, row.least)
			})
		}
	}
}

// BenchmarkRows: what a row costs does not depend on how many there are.
func BenchmarkRows(b *testing.B) {
	h, token := handlerFor(b, owner)
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			w, body := answered(b, h, token, strings.Replace(numbersList, "1000", fmt.Sprint(n), 1))
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				w.serve(b, h, token, body)
			}
			stop()
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
		})
	}
}

// BenchmarkSites says where requests allocate: go test ./internal/cmd -run '^$' -bench Sites -benchtime 1x -v
func BenchmarkSites(b *testing.B) {
	for _, row := range []struct{ name, caller, query string }{
		{"small", owner, smallQuery},
		{"numbers=1000x8", owner, numbersList},
		{"calls=1000x8/denied=1of8", support, callsList},
	} {
		b.Run(row.name, func(b *testing.B) {
			h, token := handlerFor(b, row.caller)
			w, body := answered(b, h, token, row.query)
			for b.Loop() {
				bench.Sites(b, 100, func() { w.serve(b, h, token, body) })
			}
		})
	}
}

// answered is a request that was answered once.
func answered(b *testing.B, h http.Handler, token, query string) (*sink, []byte) {
	b.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		b.Fatal(err)
	}
	w := &sink{keep: true}
	w.serve(b, h, token, body)
	if w.keep = false; strings.Contains(w.text.String(), `"data":null`) {
		b.Fatalf("%.300s", w.text.String())
	}
	return w, body
}
