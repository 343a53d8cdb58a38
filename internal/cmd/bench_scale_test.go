package cmd

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fieldgate/fieldgate/bench"
)

// BenchmarkConnections: what a request costs does not depend on how many connections ask at once. The clients are in this
// process, and counted. A session has no more than 50 at once.
func BenchmarkConnections(b *testing.B) {
	h, token := handlerFor(b, demoData(b), owner)
	server := httptest.NewServer(h)
	b.Cleanup(server.Close)
	body, err := json.Marshal(map[string]any{"query": smallQuery})
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 4, 16, 48} {
		b.Run(fmt.Sprintf("connections=%d", n), func(b *testing.B) { bench.Requests(b, n, server.URL+"/graphql", token, body, 100) })
	}
}

// BenchmarkRows: what a row costs does not depend on how many there are.
func BenchmarkRows(b *testing.B) {
	h, token := handlerFor(b, demoData(b), owner)
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("rows=%d", n), func(b *testing.B) {
			w, body := oneAnswer(b, h, token, strings.Replace(numbersList, "1000", fmt.Sprint(n), 1))
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
			h, token := handlerFor(b, demoData(b), row.caller)
			w, body := oneAnswer(b, h, token, row.query)
			for b.Loop() {
				bench.Sites(b, 100, func() { w.serve(b, h, token, body) })
			}
		})
	}
}

// oneAnswer is a request that was answered once.
func oneAnswer(b *testing.B, h http.Handler, token, query string) (*sink, []byte) {
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
