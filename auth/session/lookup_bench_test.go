package session

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// benchedRedis are the embedded Redis, and the one that FIELDGATE_TEST_REDIS_URL names.
func benchedRedis(b *testing.B) map[string]string {
	urls := map[string]string{"redis=embedded": "redis://" + miniredis.RunT(b).Addr()}
	if url := os.Getenv("FIELDGATE_TEST_REDIS_URL"); url != "" {
		urls["redis=real"] = url
	}
	return urls
}

// benched is a store to measure, and what counts its commands.
func benched(b *testing.B, url string, lease time.Duration) (*Store, *counted) {
	b.Helper()
	client, err := NewClient(url)
	if err != nil {
		b.Fatal(err)
	}
	commands := &counted{names: map[string]int{}}
	client.AddHook(commands)
	s := New(client, time.Now, Options{Lease: lease})
	s.prefix = "{fieldgate-bench}:"
	b.Cleanup(func() {
		s.Close()
		client.Close()
	})
	if err := s.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s, commands
}

// benchedSession makes one.
func benchedSession(b *testing.B, s *Store, user string) Session {
	b.Helper()
	made, _, err := s.Create(b.Context(), NewSession{User: user, Account: "AC1", Roles: []string{"DEVELOPER"}, Policy: "v1", Client: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	return made
}

// BenchmarkLookup looks one session up, one call after another and from many callers at once, without a lease and with one.
func BenchmarkLookup(b *testing.B) {
	for name, url := range benchedRedis(b) {
		for _, lease := range []time.Duration{0, 100 * time.Millisecond} {
			s, commands := benched(b, url, lease)
			made := benchedSession(b, s, "US1")
			name := fmt.Sprintf("%s/lease=%s", name, lease)
			perSecond := func(b *testing.B) {
				b.ReportMetric(float64(commands.take())/b.Elapsed().Seconds(), "commands/s")
			}
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				commands.take()
				for b.Loop() {
					if _, err := s.Lookup(b.Context(), "US1", made.ID); err != nil {
						b.Fatal(err)
					}
				}
				perSecond(b)
			})
			b.Run(name+"/parallel", func(b *testing.B) {
				b.ReportAllocs()
				commands.take()
				b.SetParallelism(8)
				ctx := b.Context()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := s.Lookup(ctx, "US1", made.ID); err != nil {
							b.Error(err)
							return
						}
					}
				})
				perSecond(b)
			})
		}
	}
}

// BenchmarkEnd ends sessions while so many other gateways have each of them in their caches.
func BenchmarkEnd(b *testing.B) {
	for name, url := range benchedRedis(b) {
		for _, others := range []int{0, 1, 3} {
			b.Run(fmt.Sprintf("%s/others=%d", name, others), func(b *testing.B) {
				s, _ := benched(b, url, 100*time.Millisecond)
				replicas := make([]*Store, others)
				for i := range replicas {
					replicas[i], _ = benched(b, url, 100*time.Millisecond)
				}
				var took []time.Duration
				for range b.N {
					b.StopTimer()
					made := benchedSession(b, s, "US1")
					for _, r := range append(replicas, s) {
						if _, err := r.Lookup(b.Context(), "US1", made.ID); err != nil {
							b.Fatal(err)
						}
					}
					b.StartTimer()
					began := time.Now()
					if _, err := s.End(b.Context(), "US1", made.ID); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				for _, p := range []int{50, 99, 100} {
					b.ReportMetric(float64(took[(len(took)-1)*p/100].Microseconds()), fmt.Sprintf("µs-p%d", p))
				}
			})
		}
	}
}
