package session

import (
	"os"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// BenchmarkLookup looks one session up, one call after another and from many callers at once: in the embedded Redis,
// and in the one that FIELDGATE_TEST_REDIS_URL names.
func BenchmarkLookup(b *testing.B) {
	urls := map[string]string{"redis=embedded": "redis://" + miniredis.RunT(b).Addr()}
	if url := os.Getenv("FIELDGATE_TEST_REDIS_URL"); url != "" {
		urls["redis=real"] = url
	}
	for name, url := range urls {
		client, err := NewClient(url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { client.Close() })
		s := New(client, time.Now, Options{})
		s.prefix = "{fieldgate-bench}:"
		if err := s.Start(b.Context()); err != nil {
			b.Fatal(err)
		}
		made, _, err := s.Create(b.Context(), NewSession{User: "US1", Account: "AC1", Roles: []string{"DEVELOPER"}, Policy: "v1", Client: "bench"})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Lookup(b.Context(), "US1", made.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := s.Lookup(b.Context(), "US1", made.ID); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
