package engine_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/fieldgate/fieldgate/bench"
	"github.com/fieldgate/fieldgate/internal/engine"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest"
	"github.com/fieldgate/fieldgate/internal/engine/enginetest/model"
)

// BenchmarkRequest is the engine's share of a request, from its bytes to those of the answer, on objects in memory.
func BenchmarkRequest(b *testing.B) {
	for _, row := range []struct{ name, body string }{
		{"typename", `{"query":"{ __typename }"}`},
		{"small", `{"query":"{ page { name secret } }"}`},
		{"variables", `{"query":"query Calls($first: Int) { calls(first: $first) { name to } }","operationName":"Calls","variables":{"first":1}}`},
		{"calls=1000", `{"query":"{ calls(first: 1000) { name to secret price } }"}`},
		{"refused", `{"query":"{ nothing }"}`},
	} {
		b.Run(row.name, func(b *testing.B) {
			h, err := engine.NewHandler(enginetest.New(), configOf(b, holding(permissions...)))
			if err != nil {
				b.Fatal(err)
			}
			ctx := context.WithValue(model.WithVisits(b.Context(), &model.Visits{}), signedInKey{}, true)
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/graphql", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.Header.Set("Content-Type", mediaJSON)
			r.ContentLength = int64(len(row.body))
			w, body := &counted{}, bytes.NewReader(nil)
			r.Body = io.NopCloser(body)
			b.ReportAllocs()
			stop := bench.CPU(b)
			for b.Loop() {
				body.Reset([]byte(row.body))
				clear(w.header)
				h.ServeHTTP(w, r)
			}
			stop()
			if w.bytes < b.N*20 {
				b.Errorf("%d bytes in %d answers", w.bytes, b.N)
			}
		})
	}
}

// counted takes answers and counts their bytes.
type counted struct {
	header http.Header
	bytes  int
}

func (w *counted) Header() http.Header {
	if w.header == nil {
		w.header = http.Header{}
	}
	return w.header
}
func (w *counted) WriteHeader(int) {}
func (w *counted) Write(p []byte) (int, error) {
	w.bytes += len(p)
	return len(p), nil
}
